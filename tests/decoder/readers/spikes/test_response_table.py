"""Responses in a table, and the sounds that they are to."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from hotwire.decoder.readers import read_responses
from hotwire.decoder.readers.sounds import read_sounds
from hotwire.decoder.readers.spikes.responses import read_presentations
from hotwire.errors import RecordingError, UnknownNameError

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
        (changed(2, 2, "nan"), {}, r"line 3: expected a finite .* 'A1', got 'nan'; .* exclude = \['A1'\]"),
        (changed(2, 2, "n/a"), {}, r"line 3: expected a number in the column 'A1', got 'n/a'"),
        ([["", *row] for row in ROWS], {}, r"got one without, as pandas writes .* exclude = \[\"\"\]"),
        (
            changed(3, 0, "a.wav"),
            {},
            r"'a' is the name of several stimuli; write each with its ending, such as 'a.wav'",
        ),
        (ROWS[:3], {}, r"no row for b.wav \(1 of 3 stimuli\)"),
        ([*ROWS, ["d", "dog", "1", "1"]], {}, r"no stimulus d \(1 of 4 names\)"),
        ([one[:2] for one in ROWS], {}, "expected a column for each site beside that of the stimuli, got none"),
    ],
)
def test_wrong_tables(tmp_path: Path, rows: list[list[str]], given: dict[str, Any], message: str) -> None:
    with pytest.raises(RecordingError, match=message):
        read_responses(save(tmp_path, rows), FILES, **{"stimulus": "name", "label": "kind", **given})


REPEATS = [["name", "trial", "A1", "A2"]] + [
    [name, str(trial), str(trial + i), str(2 * i)] for trial in (1, 2, 3, 4) for i, name in enumerate("cab")
]


def test_repeats_are_averaged_or_read_one_by_one(tmp_path: Path) -> None:
    path = save(tmp_path, [[row[0], *row[2:]] for row in REPEATS])
    found = read_responses(path, FILES, stimulus="name")
    assert found.data.tolist() == [[3.5, 2], [4.5, 4], [2.5, 0]]
    single = read_presentations(path, FILES, stimulus="name")
    assert single.events.stimulus is not None
    assert single.events.stimulus.tolist() == [name for name in FILES for _ in range(4)]
    assert single.data[:, 0].tolist() == [2, 3, 4, 5, 3, 4, 5, 6, 1, 2, 3, 4]
    assert len(single.runs) == 12


def test_what_is_no_site_is_told_and_left_out(tmp_path: Path) -> None:
    path = save(tmp_path, REPEATS)
    with pytest.raises(RecordingError, match=r"'trial' numbers the repeats of each stimulus; .* exclude = \['trial'\]"):
        read_responses(path, FILES, stimulus="name")
    for read in (read_responses, read_presentations):
        assert read(path, FILES, stimulus="name", exclude=["trial"]).feature_names == ("A1", "A2")
        assert read(path, FILES, stimulus="name", sites=["A*"], exclude=["*2"]).feature_names == ("A1",)
    with pytest.raises(UnknownNameError, match=r"column of .*table.tsv to exclude 'run'.* There are: trial, A1, A2"):
        read_responses(path, FILES, stimulus="name", exclude=["run"])
    with pytest.raises(RecordingError, match="exclude: all 3 sites are excluded"):
        read_responses(path, FILES, stimulus="name", exclude=["*"])
    assert read_responses(path, FILES, stimulus="name", sites=["A*"]).feature_names == ("A1", "A2")
    with pytest.raises(UnknownNameError, match=r"column of .*table.tsv 'V\*'.* trial, A1, A2"):
        read_responses(path, FILES, stimulus="name", sites=["V*"])
    numbered = [[*row, "order" if i == 0 else str(i + 16)] for i, row in enumerate(REPEATS)]
    with pytest.raises(RecordingError, match="'order' numbers the rows"):
        read_responses(save(tmp_path, [[row[0], *row[2:]] for row in numbered]), FILES, stimulus="name")


def test_rows_that_are_no_repeats(tmp_path: Path) -> None:
    rows = [["name", "kind", "A1", "A2"], *[[name, "x", str(i), "7"] for i, name in enumerate("abc")] * 3]
    with pytest.raises(RecordingError, match=r"expected single responses .* got copies"):
        read_responses(save(tmp_path, rows), FILES, stimulus="name", label="kind")
    with pytest.warns(UserWarning, match=r"1 of the 3 stimuli \(a.wav\) are in several rows"):
        read_responses(save(tmp_path, [*ROWS, ["a", "dog", "8", "9"]]), FILES, stimulus="name", label="kind")
    with pytest.raises(RecordingError, match=r"line 5: expected one class for a.wav, got 'cat' after 'dog' .* 'kind'"):
        read_responses(save(tmp_path, [*ROWS, ["a", "cat", "8", "9"]]), FILES, stimulus="name", label="kind")


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
