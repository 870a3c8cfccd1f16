"""Columns of tables of responses, found without being told."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotwire.decoder.readers.spikes.response_columns import response_columns
from hotwire.errors import RecordingError

FILES = [f"scene {i}.jpg" for i in range(1, 13)]
N_REPEATS = 3


def table(**more: list[object]) -> dict[str, list[object]]:
    """Two sites, three rows for each of twelve pictures, in random order."""
    rng = np.random.default_rng(0)
    order = rng.permutation(np.repeat(np.arange(12), N_REPEATS))
    return {
        "bild": [f"scene {i + 1}" for i in order],
        "u1": rng.normal(size=36).round(3).tolist(),
        "u2": rng.poisson(5, 36).tolist(),
        "order of rows": (rng.permutation(36) + 7).tolist(),
        "monkey": ["A"] * 36,
        "brightness": (order * 1.5).tolist(),
        "silent": [0] * 36,
        "torn": ["", *range(35)],
        "session": rng.integers(1, 4, 36).tolist(),
        "what": [("face", "house", "tool")[i % 3] for i in order],
        **more,
    }


def save(folder: Path, columns: dict[str, list[object]]) -> Path:
    lines = [columns, *zip(*columns.values(), strict=True)]
    (folder / "mine.tsv").write_text("\n".join("\t".join(map(str, line)) for line in lines) + "\n")
    return folder / "mine.tsv"


def test_each_column_is_told(tmp_path: Path) -> None:
    found = response_columns(save(tmp_path, table()), FILES)
    assert (found.stimulus, found.label, found.sites) == ("bild", "what", ["u1", "u2"])
    assert found.left_out == {
        "order of rows": "numbers the rows",
        "monkey": "holds text",
        "brightness": "is the same in all repeats of each stimulus",
        "silent": "never varies",
        "torn": "is no finite number in 1 of 36 rows, such as '' in line 2",
        "session": "is no response, by its name",
    }


def test_a_class_is_named_so_first_also_by_numbers(tmp_path: Path) -> None:
    of: list[object] = [int(name.split()[1]) % 4 for name in map(str, table()["bild"])]
    found = response_columns(save(tmp_path, table(Category=of)), FILES)
    assert found.label == "Category"
    assert found.left_out["what"] == "holds text"


def test_single_rows_have_no_repeats_to_tell_from(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    columns = {
        "file": FILES,
        "brightness": rng.normal(size=12).tolist(),
        "u1": rng.normal(size=12).tolist(),
        "": list(range(12)),
    }
    found = response_columns(save(tmp_path, columns), FILES)
    assert (found.stimulus, found.label, found.sites) == ("file", None, ["brightness", "u1"])
    assert found.left_out == {"": "has no name, as pandas writes for its row numbers"}


def test_of_columns_that_name_the_stimuli_as_often_the_one_called_so(tmp_path: Path) -> None:
    numbered = [f"{i}.png" for i in range(1, 13)]
    rng = np.random.default_rng(0)
    columns = {"trial": rng.permutation(12) + 1, "picture": rng.permutation(12) + 1, "u1": rng.normal(size=12)}
    path = save(tmp_path, {name: of.tolist() for name, of in columns.items()})
    assert response_columns(path, numbered).stimulus == "picture"


def test_a_row_for_each_site(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    columns = {
        "picture": [name for name in FILES for _ in range(4)],
        "neuron_id": [*range(4)] * 12,
        "rate": rng.normal(size=48).tolist(),
    }
    with pytest.raises(RecordingError, match=r"a row for each, as 'neuron_id' tells; .* columns=\"neuron_id\", values"):
        response_columns(save(tmp_path, columns), FILES)
    one_site = {"picture": columns["picture"], "neuron": columns["rate"]}
    assert response_columns(save(tmp_path, one_site), FILES).sites == ["neuron"]


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"u1": ["1"], "what": ["cat"]}, r"names the files of stimuli, such as 'scene 1.jpg' or 'scene 1', got 'u1'"),
        ({"a": ["scene 1"], "u1": [3]}, r"no row for scene 2.jpg, .* \(11 of 12 stimuli\)"),
        ({"a": FILES, "what": [*"abcdefghijkl"]}, "a column of numbers for each site, got none: 'what' holds text"),
        ({"a": FILES}, "got none: no other"),
    ],
)
def test_wrong_tables(tmp_path: Path, columns: dict[str, list[object]], message: str) -> None:
    with pytest.raises(RecordingError, match=message):
        response_columns(save(tmp_path, columns), FILES)


@given(first=st.integers(-1000, 1000), seed=st.integers(0, 100))
def test_counts_are_told_wherever_they_begin(tmp_path_factory: pytest.TempPathFactory, first: int, seed: int) -> None:
    order = np.random.default_rng(seed).permutation(36)
    path = save(tmp_path_factory.mktemp("counts"), table(n=(first + order).tolist()))
    assert response_columns(path, FILES).left_out["n"] == "numbers the rows"
