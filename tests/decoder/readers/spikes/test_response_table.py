"""Responses in a table, and the sounds that they are to."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from hotwire.decoder.readers import read_responses
from hotwire.decoder.readers.sounds import read_sounds
from hotwire.errors import RecordingError

FILES = ["a.wav", "b.wav", "c.flac"]
ROWS = [["name", "kind", "A1", "belt"], ["c", "song", "5", "6"], ["a", "dog", "1", "2"], ["b.wav", "song", "3", "4.5"]]


def save(folder: Path, rows: list[list[str]] = ROWS, name: str = "table.tsv", separator: str = "\t") -> Path:
    (folder / name).write_text("\n".join(map(separator.join, rows)) + "\n")
    return folder / name


@pytest.mark.parametrize(("name", "separator"), [("table.tsv", "\t"), ("table.csv", ",")])
def test_rows_come_in_the_order_of_the_stimuli(tmp_path: Path, name: str, separator: str) -> None:
    found = read_responses(save(tmp_path, ROWS, name, separator), FILES, stimulus="name", label="kind", unit="a.u.")
    assert found.feature_names == ("A1", "belt")
    assert found.data.tolist() == [[1, 2], [3, 4.5], [5, 6]]
    assert found.events.stimulus is not None
    assert found.events.stimulus.tolist() == FILES
    assert found.events.label.tolist() == ["dog", "song", "song"]


def changed(row: int, column: int, entry: str) -> list[list[str]]:
    rows = [list(one) for one in ROWS]
    rows[row][column] = entry
    return rows


@pytest.mark.parametrize(
    ("rows", "given", "message"),
    [
        (ROWS, {"stimulus": "stimulus"}, r"expected a column 'stimulus', got .* stimulus = 'name'"),
        (ROWS, {"label": "class"}, r"expected a column 'class', got .* label = 'name'"),
        (ROWS, {"label": None}, r"expected numbers in the column 'kind', .* got 'song'; .* write label = 'kind'"),
        (changed(2, 2, "nan"), {}, r"line 3: expected a finite number in the column 'A1', got 'nan'"),
        (changed(2, 2, "n/a"), {}, r"line 3: expected a number in the column 'A1', got 'n/a'"),
        (changed(3, 0, "a"), {}, r"expected each stimulus in one row, got 'a' in lines 3, 4; average"),
        (
            changed(3, 0, "a.wav"),
            {},
            r"'a' is the name of several stimuli; write each with its ending, such as 'a.wav'",
        ),
        (ROWS[:3], {}, r"no row for b.wav \(1 of 3 stimuli\)"),
        ([*ROWS, ["d", "dog", "1", "1"]], {}, r"no stimulus d \(1 of 4 rows\)"),
        ([one[:2] for one in ROWS], {}, "expected a column for each site beside 'name', got none"),
    ],
)
def test_wrong_tables(tmp_path: Path, rows: list[list[str]], given: dict[str, Any], message: str) -> None:
    with pytest.raises(RecordingError, match=message):
        read_responses(save(tmp_path, rows), FILES, **{"stimulus": "name", "label": "kind", **given})


def test_columns_are_named_of_tables_alone() -> None:
    with pytest.raises(RecordingError, match=r"label: expected only beside responses in a table \(.tsv, .csv\)"):
        read_responses(np.ones((2, 3)), FILES, label="kind")


def test_what_was_done_to_sounds_is_said(tmp_path: Path) -> None:
    tone = np.sin(np.arange(4_000) / 5) / 2
    soundfile.write(tmp_path / "b.flac", tone, 16_000)
    soundfile.write(tmp_path / "a.wav", np.stack([tone, tone], axis=1), 8_000)
    (tmp_path / "notes.txt").write_text("no sound")
    with pytest.warns(UserWarning, match=r"of the 2 sounds in .* 1 were resampled from 8,000 Hz and of 1 the channels"):
        found = read_sounds(tmp_path)
    assert {name: len(of) for name, of in found.items()} == {"a.wav": 8_000, "b.flac": 4_000}
    (tmp_path / "c.wav").write_bytes(b"RIFF")
    with pytest.raises(RecordingError, match=r"c\.wav cannot be read"):
        read_sounds(tmp_path)
    with pytest.raises(RecordingError, match="no sounds in"):
        read_sounds(tmp_path / "nowhere")
