from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from hotwire.decoder.readers.listeners import read_listeners
from hotwire.errors import RecordingError


def write(folder: Path, name: str, samples: np.ndarray) -> None:
    np.savetxt(folder / name, samples)


def test_tables_and_arrays_give_a_run_for_each_listener(tmp_path: Path) -> None:
    made = np.random.default_rng(0).normal(size=(3, 6, 2))
    for i, of in enumerate(made):
        write(tmp_path, f"s{i}-roi.txt", of)
    np.savez(tmp_path / "all.npz", **{f"s{i}-roi": of for i, of in enumerate(made)})
    for path in (tmp_path / "s*.txt", tmp_path / "all.npz"):
        found = read_listeners(path, 2.0)
        assert found.runs == ["s0-roi", "s1-roi", "s2-roi"]
        assert found.tr_s == 2.0
        np.testing.assert_allclose(found.data.reshape(3, 6, 2), made, rtol=1e-6)


def test_what_is_wrong_is_named(tmp_path: Path) -> None:
    write(tmp_path, "a.txt", np.ones((4, 2)))
    write(tmp_path, "b.txt", np.ones((5, 2)))
    with pytest.raises(RecordingError, match=r"as many samples and features as a, \(4, 2\), got \(5, 2\) of b"):
        read_listeners(tmp_path / "*.txt", 2.0)
    with pytest.raises(RecordingError, match="two listeners or more, got 1"):
        read_listeners(tmp_path / "a.txt", 2.0)
    with pytest.raises(RecordingError, match="no such file"):
        read_listeners(tmp_path / "c*.txt", 2.0)
    (tmp_path / "words.txt").write_text("one 2\n3 4\n")
    with pytest.raises(RecordingError, match=r"words.txt: expected numbers apart by blanks"):
        read_listeners([tmp_path / "words.txt", tmp_path / "a.txt"], 2.0)
    (tmp_path / "uneven.txt").write_text("1 2\n3\n")
    with pytest.raises(RecordingError, match=r"equally many numbers, got \[1, 2\]"):
        read_listeners([tmp_path / "uneven.txt", tmp_path / "a.txt"], 2.0)
