"""Folds never divide a group."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.model_selection import KFold, PredefinedSplit

from hotwire.adapters.folds import encode_groups, split_samples
from hotwire.errors import InputError, NonFiniteError, ShapeError


@given(st.lists(st.integers(0, 40), min_size=2, max_size=80), st.integers(2, 6) | st.none())
def test_every_sample_is_held_out_once_with_its_whole_group(labels: list[int], cv: int | None) -> None:
    groups = encode_groups(labels, len(labels))
    n_groups = len(set(labels))
    if n_groups < max(2, cv or 0):
        with pytest.raises(InputError):
            split_samples(len(labels), groups, cv)
        return
    folds = split_samples(len(labels), groups, cv)
    assert len(folds) == (cv or (n_groups if n_groups <= 20 else 10))
    held_out = np.concatenate([fold[1] for fold in folds])
    np.testing.assert_array_equal(np.sort(held_out), np.arange(len(labels)))
    for train, test in folds:
        assert set(groups[train]).isdisjoint(groups[test])
        assert len(train) + len(test) == len(labels)


@pytest.mark.parametrize(("n_samples", "n_folds"), [(2, 2), (4, 4), (23, 5)])
def test_without_groups_neighbours_are_held_out_together(n_samples: int, n_folds: int) -> None:
    folds = split_samples(n_samples)
    assert len(folds) == n_folds
    assert all((np.diff(held_out) == 1).all() for _, held_out in folds)


@pytest.mark.parametrize("cv", [1, 0, -3, 11, True])
def test_impossible_numbers_of_folds(cv: int) -> None:
    with pytest.raises(InputError, match="expected between 2 and 10 folds, as there are 10 samples"):
        split_samples(10, cv=cv)


def test_not_a_splitter() -> None:
    with pytest.raises(InputError, match="a method split"):
        split_samples(10, cv="leave one out")  # pyright: ignore[reportArgumentType]


@pytest.mark.filterwarnings("ignore:The groups parameter is ignored")
def test_a_splitter_that_divides_groups_is_refused() -> None:
    groups = encode_groups([0, 0, 0, 1, 1, 1], 6)
    assert len(split_samples(6, groups, KFold(2))) == 2
    with pytest.raises(InputError, match="divides a group"):
        split_samples(6, groups, KFold(3))


def test_a_fold_without_training_samples_is_refused() -> None:
    with pytest.raises(InputError, match="empty side"):
        split_samples(4, cv=PredefinedSplit([0, 0, 0, 0]))


def test_labels_must_be_one_for_each_sample() -> None:
    with pytest.raises(ShapeError, match=r"groups has shape \(2, 1\), expected \(2,\)"):
        encode_groups([[1], [2]], 2)
    with pytest.raises(NonFiniteError, match="NaN at sample 1"):
        encode_groups([1.0, np.nan], 2)
