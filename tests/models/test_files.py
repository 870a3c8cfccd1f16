"""A file is there whole or not at all."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest

from hotwire.models.files import sha256_of, sha256_of_file, whole_file, write_whole


def test_what_is_written_replaces_what_was_there(tmp_path: Path) -> None:
    path = write_whole(tmp_path / "a.txt", "old")
    assert write_whole(str(path), "grün\n") == path
    assert path.read_bytes() == "grün\n".encode()
    write_whole(path, b"\0")
    assert path.read_bytes() == b"\0"
    assert list(tmp_path.iterdir()) == [path]


def test_an_error_while_writing_leaves_what_was_there(tmp_path: Path) -> None:
    path = write_whole(tmp_path / "a.txt", "old")

    def fail() -> None:
        with whole_file(path) as file:
            file.write(b"new")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_digests_are_of_all_parts_in_their_order(tmp_path: Path) -> None:
    numbers = np.arange(6.0)
    expected = hashlib.sha256(b"a" + numbers.tobytes()).hexdigest()
    assert sha256_of("a", numbers.tobytes()) == expected != sha256_of(numbers.tobytes(), "a")
    assert sha256_of_file(write_whole(tmp_path / "a", b"a" + numbers.tobytes())) == expected
