"""Files of arrays: whole or not at all, and any damage is noticed."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotwire.decoder.experiments.kernel.cache import ArrayCache, load_arrays, save_arrays
from hotwire.errors import AssetError

ARRAYS = {"wide": np.arange(300, dtype=np.float32).reshape(3, 100), "name": np.array("a"), "number": np.array(2.5)}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_arrays(tmp_path_factory.mktemp("cache") / "whole.npz", ARRAYS)


def same(found: dict[str, np.ndarray] | None) -> bool:
    return (
        found is not None
        and found.keys() == ARRAYS.keys()
        and all(found[name].dtype == ARRAYS[name].dtype and np.array_equal(found[name], ARRAYS[name]) for name in found)
    )


def test_comes_back(whole: Path) -> None:
    assert same(load_arrays(whole))
    assert list(load_arrays(whole, lambda name: name != "wide") or ()) == ["name", "number"]
    assert load_arrays(whole.with_name("lost.npz")) is None
    assert list(whole.parent.iterdir()) == [whole]


@given(st.data())
def test_damage_is_noticed(whole: Path, data: st.DataObject) -> None:
    content = bytearray(whole.read_bytes())
    position = data.draw(st.integers(0, len(content) - 1))
    content[position] ^= data.draw(st.integers(1, 255))
    other = whole.with_name("other.npz")
    other.write_bytes(content)
    found = load_arrays(other)
    other.unlink()
    # Some bytes of a zip file, such as dates, mean nothing.
    assert found is None or same(found)


def test_a_member_hidden_in_the_comment_of_another_is_missed(whole: Path, tmp_path: Path) -> None:
    content = bytearray(whole.read_bytes())
    content[content.index(b"PK\x01\x02") + 33] = 1
    (tmp_path / "hidden.npz").write_bytes(content)
    with np.load(tmp_path / "hidden.npz") as arrays:
        assert len(arrays) < len(ARRAYS)
    assert load_arrays(tmp_path / "hidden.npz") is None


@given(st.floats(0, 1, exclude_max=True))
def test_a_part_is_noticed(whole: Path, share: float) -> None:
    content = whole.read_bytes()
    other = whole.with_name("part.npz")
    other.write_bytes(content[: int(share * len(content))])
    assert load_arrays(other) is None
    other.unlink()


def test_what_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    path = save_arrays(tmp_path / "one.npz", ARRAYS)
    with pytest.raises(ValueError, match="inhomogeneous"):
        save_arrays(path, {"odd": [[1], [2, 3]]})  # type: ignore[dict-item]
    assert list(tmp_path.iterdir()) == [path]
    assert same(load_arrays(path))


def test_entries_are_there_whole_or_made_anew(tmp_path: Path) -> None:
    cache = ArrayCache(tmp_path / "a" / "b")
    assert "c/one.npz" not in cache
    cache.put("c/one.npz", ARRAYS)
    assert "c/one.npz" in cache
    assert same(cache.get("c/one.npz"))
    path = cache.folder / "c" / "one.npz"
    path.write_bytes(path.read_bytes()[:-10])
    assert "c/one.npz" not in cache
    with pytest.raises(AssetError, match="was removed or damaged meanwhile; run it again"):
        cache.get("c/one.npz")


def test_what_killed_processes_left_is_removed(tmp_path: Path) -> None:
    left, under_way = tmp_path / "a.npz.1.part", tmp_path / "b.npz.2.part"
    for path in (left, under_way):
        path.touch()
    os.utime(left, (0, 0))
    ArrayCache(tmp_path)
    assert list(tmp_path.iterdir()) == [under_way]


def test_what_another_process_finishes_meanwhile_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "a.npz.1.part").symlink_to(tmp_path / "gone")  # is listed, and then not there
    cache = ArrayCache(tmp_path)
    cache.put("one.npz", ARRAYS)
    assert same(cache.get("one.npz"))
