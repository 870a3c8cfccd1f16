from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from hotwire.decoder.experiments.session.holding_out import alike, groups_in, stretches, whole_groups
from hotwire.decoder.targets import StimulusTargets, WordTargets
from hotwire.errors import InputError

from ...small_encoding import network, pictures


def test_groups_are_never_divided_and_folds_are_even() -> None:
    groups = np.random.default_rng(0).integers(0, 30, 200)
    splits = whole_groups(groups, 7)
    assert sorted(np.concatenate([split.test for split in splits]).tolist()) == list(range(200))
    for train, test in splits:
        assert not set(groups[train]) & set(groups[test])
        assert len(train) + len(test) == 200
    assert np.ptp([len(split.test) for split in splits]) <= np.bincount(groups).max()
    assert [of.tolist() for _, of in whole_groups(groups, 7, seed=1)] != [of.tolist() for _, of in splits]


def test_contiguous_folds_keep_a_gap_on_both_sides() -> None:
    splits = stretches(np.arange(20), 4, gap=2)
    assert [test.tolist() for _, test in splits] == [list(range(start, start + 5)) for start in (0, 5, 10, 15)]
    assert splits[1].train.tolist() == [0, 1, 2, *range(12, 20)]
    for train, test in splits:
        assert np.abs(train[:, None] - test).min() == 3


def test_pictures_that_look_the_same_are_one_group() -> None:
    """The same picture, smaller, a little darker, under other names: one group, also where one links two others."""
    shown = pictures(6)
    again = shown[2].resize((32, 32), Image.Resampling.BICUBIC)
    darker = Image.fromarray((np.asarray(again) * 0.97).astype(np.uint8))
    named = {f"{i}": picture for i, picture in enumerate([*shown, shown[0].copy(), again, darker])}
    found = alike(StimulusTargets(named, network())).tolist()
    assert found[6] == found[0]
    assert found[7] == found[8] == found[2]
    assert len(set(found)) == 6


def test_words_are_alone() -> None:
    assert alike(WordTargets({"a": "a", "b": "b"})).tolist() == [0, 1]


@pytest.mark.parametrize("n_folds", [0, 1, 61])
def test_impossible_numbers_of_folds(n_folds: int) -> None:
    with pytest.raises(InputError, match=f"n_folds: expected 2 to 60, as there are 60 stimuli, got {n_folds}"):
        whole_groups(np.arange(60), n_folds)


def test_too_few_groups_and_too_wide_a_gap() -> None:
    with pytest.raises(InputError, match="expected 2 to 3, as there are 3 groups of stimuli, got 5"):
        whole_groups(np.arange(60) // 20, 5)
    with pytest.raises(InputError, match="expected two stimuli or more, one to fit on and one to predict, got 1"):
        whole_groups(np.arange(1), 10)
    with pytest.raises(InputError, match="gap: expected some stimuli to be left to fit on, but 40 on both sides"):
        stretches(np.arange(60), 5, 40)


def test_a_table_names_every_stimulus() -> None:
    table = {"stimulus": ["a", "b"], "group": ["x", "x"]}
    assert groups_in(table, ["b", "a"]).tolist() == [0, 0]
    with pytest.raises(InputError, match=r"expected a row for each stimulus, got none for c, d \(2 of 3 stimuli\)"):
        groups_in(table, ["a", "c", "d"])
    with pytest.raises(InputError, match="columns stimulus and group, got stimulus, object"):
        groups_in({"stimulus": [], "object": []}, ["a"])
