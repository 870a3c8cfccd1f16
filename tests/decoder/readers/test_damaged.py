"""What other packages raise becomes an error that names the file."""

from __future__ import annotations

from pathlib import Path

import pytest

from hotwire.decoder.readers.damaged import SMALL_BYTES, reading
from hotwire.errors import InputError, RecordingError


@pytest.mark.parametrize(
    ("raised", "said"),
    [(Exception("plain"), "plain"), (KeyError("n1"), "KeyError: 'n1'"), (AssertionError(), "AssertionError")],
)
def test_it_is_named(raised: Exception, said: str) -> None:
    with pytest.raises(RecordingError) as caught, reading(Path("a.nii"), "cannot be read"):
        raise raised
    assert str(caught.value) == f"a.nii: cannot be read: {said}"
    assert caught.value.__cause__ is raised


def test_what_stays_as_it_is() -> None:
    with pytest.raises(InputError, match="ours"), reading(Path("a.nii"), "cannot be read"):
        raise InputError("ours")
    with pytest.raises(KeyboardInterrupt), reading(Path("a.nii"), "cannot be read"):
        raise KeyboardInterrupt


@pytest.mark.parametrize(("size", "error"), [(100, RecordingError), (SMALL_BYTES, MemoryError)])
def test_small_files_fill_no_memory(tmp_path: Path, size: int, error: type[Exception]) -> None:
    (tmp_path / "a.fif").write_bytes(bytes(size))
    with pytest.raises(error), reading(tmp_path / "a.fif", "cannot be read"):
        raise MemoryError
