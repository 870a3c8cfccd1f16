from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from hotwire.decoder.readers import read_attributes, read_events
from hotwire.errors import RecordingError


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_attributes(tmp_path: Path) -> None:
    lines = ["rest 0", "face 0", "face 0", "house 0", "house 1", "rest 1", "house 1", "rest 1"]
    run, events = read_attributes(write(tmp_path / "a.txt", "\n".join(lines) + "\n"), tr_s=2.5)
    assert run.tolist() == [0, 0, 0, 0, 1, 1, 1, 1]
    assert events.run.tolist() == [0, 0, 1, 1]
    assert events.label.tolist() == ["face", "house", "house", "house"]
    np.testing.assert_allclose(events.onset_s, [2.5, 7.5, 0, 5])
    np.testing.assert_allclose(events.duration_s, [5, 2.5, 2.5, 2.5])


def test_attributes_with_named_runs_and_none(tmp_path: Path) -> None:
    run, events = read_attributes(write(tmp_path / "a.txt", "face a\nface b\n"), tr_s=1.0, rest="pause")
    assert run.tolist() == ["a", "b"]
    assert len(events) == 2
    run, events = read_attributes(write(tmp_path / "b.txt", ""), tr_s=1.0)
    assert (len(run), len(events)) == (0, 0)


def test_attributes_of_another_format(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match=r"line 2: expected a label and a run, got 'rest'"):
        read_attributes(write(tmp_path / "a.txt", "rest 0\nrest\n"), tr_s=1.0)
    with pytest.raises(RecordingError, match="no such file"):
        read_attributes(tmp_path / "none.txt", tr_s=1.0)


def test_events_file(tmp_path: Path) -> None:
    text = "onset\tduration\ttrial_type\tkind\tstim_file\n1.5\t2\tface\tA\tf.png\n4\t0\tn/a\tB\tn/a\n"
    events = read_events(write(tmp_path / "e.tsv", "\ufeff" + text), run=3)
    assert events.run.tolist() == [3, 3]
    assert events.onset_s.tolist() == [1.5, 4.0]
    assert events.label.tolist() == ["face", "n/a"]
    assert events.stimulus is not None
    assert events.stimulus.tolist() == ["f.png", ""]
    assert read_events(tmp_path / "e.tsv", run="x", label="kind").label.tolist() == ["A", "B"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "empty file"),
        ("onset\tduration\n1\t2\n", r"'trial_type', got the columns onset, duration"),
        ("onset,duration,trial_type\n1,2,face\n", r"expected tabs between the fields, got commas; .* name it .csv"),
        ("onset\tduration\ttrial_type\n1\t2\n", "line 2: expected 3 fields"),
        ("onset\tduration\ttrial_type\tonset\n1\t2\tface\t3\n", "columns of different names, got 'onset' twice"),
        (
            "onset\tduration\ttrial_type\n1\tn/a\tface\n",
            r"line 2: expected a number in the column 'duration'",
        ),
    ],
)
def test_events_file_with_mistakes(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(RecordingError, match=words):
        read_events(write(tmp_path / "e.tsv", text), run=1)


@pytest.mark.parametrize("encoding", ["latin-1", "utf-16"])
def test_other_encodings_are_refused(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "e.tsv"
    path.write_text("onset\tduration\ttrial_type\n1\t2\tköpfe\n", encoding=encoding)
    with pytest.raises(RecordingError, match=r"e.tsv: expected text in UTF-8, got .* save the file as UTF-8"):
        read_events(path, run=1)
    with pytest.raises(RecordingError, match=r"e.tsv: expected text in UTF-8"):
        read_attributes(path, tr_s=1.0)
