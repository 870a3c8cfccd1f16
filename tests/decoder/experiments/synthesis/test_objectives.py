"""Objectives of sites: scores against NumPy, and files of patterns."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from hotwire.decoder.experiments.synthesis.objectives import SiteObjective, not_predicted, of_sites, read_pattern
from hotwire.errors import HotwireError, InputError, NonFiniteError, RecordingError, UnknownNameError

SITES = ("a1", "a2", "b")
RESPONSES = np.array([[0.0, 1.0, 5.0], [2.0, 3.0, 7.0]])


def test_scores() -> None:
    responses = np.random.default_rng(0).normal(size=(4, 3))
    share = np.exp(responses) / np.exp(responses).sum(axis=1, keepdims=True)
    tensor = torch.from_numpy(responses)
    np.testing.assert_allclose(SiteObjective("stretch", "b", 2).score(tensor), responses[:, 2])
    np.testing.assert_allclose(SiteObjective("one-hot", "b", 2).score(tensor), np.log(share[:, 2]))
    pattern = SiteObjective("pattern", "p", pattern=(1.0, float("nan"), -1.0))
    expected = -((responses[:, [0, 2]] - [1, -1]) ** 2).mean(axis=1)
    np.testing.assert_allclose(pattern.score(tensor), expected)


def test_what_a_judge_does_not_know_is_left_out() -> None:
    responses = torch.tensor([[1.0, float("nan"), 2.0]])
    assert SiteObjective("one-hot", "b", 2).score(responses).exp().item() == pytest.approx(1 / (1 + np.exp(-1)))
    assert SiteObjective("stretch", "a2", 1).score(responses).isnan().all()


def test_sites_by_name_and_pattern() -> None:
    assert [one.site for one in of_sites("stretch", "b, a1", SITES)] == [0, 2]
    assert [one.name for one in of_sites("one-hot", "*", SITES)] == list(SITES)
    with pytest.raises(UnknownNameError, match=r"unknown site 'c'.*a1, a2, b"):
        of_sites("stretch", "a1,c", SITES)
    with pytest.raises(InputError, match=r"--stretch: expected names of sites, such as a1"):
        of_sites("stretch", " , ", SITES)
    with pytest.raises(InputError, match=r"--one-hot: expected two sites or more .* got b alone; take --stretch b"):
        of_sites("one-hot", "b", ["b"])


def test_sites_that_are_not_predicted() -> None:
    r = np.array([0.7, np.nan, 0.1])
    [said] = not_predicted(of_sites("stretch", "*", SITES), r, 20)
    assert "do not surely predict a2 (r nan), b (r 0.10)" in said
    assert not_predicted(of_sites("one-hot", "a1", SITES), r, 20) == []
    assert "predict a1 (r 0.70)" in not_predicted(of_sites("stretch", "a1", SITES), r, 5)[0]
    assert not_predicted([SiteObjective("pattern", "p", pattern=(0.0, 0.0, 1.0))], r, 20) == []


def test_a_pattern_in_the_recordings_unit(tmp_path: Path) -> None:
    (tmp_path / "p.tsv").write_text("site\tresponse\nb\t6\na1\t9\n")
    objective, notes = read_pattern(tmp_path / "p.tsv", SITES, RESPONSES)
    np.testing.assert_allclose(objective.pattern, [8.0, np.nan, 0.0])
    assert notes == [
        "a1: the pattern asks for 9, but no natural stimulus gave less than 0 or more than 2; it may be out of reach."
    ]
    np.save(tmp_path / "p.npy", [1.0, 2.0, 6.0])
    assert read_pattern(tmp_path / "p.npy", SITES, RESPONSES)[0].pattern == (0.0, 0.0, 0.0)


@pytest.mark.parametrize(
    ("content", "kind", "said"),
    [
        (np.zeros(2), InputError, r"a number for each of the 3 sites, \(3,\), got float64 \(2,\)"),
        (np.array([1, np.nan, 1]), NonFiniteError, "expected finite responses, got NaN or infinity for a2"),
        (np.array(["a", "b", "c"]), InputError, "a number for each of the 3 sites"),
        ("site\tresponse\nc\t1\n", UnknownNameError, "unknown site 'c'"),
        ("site\tresponse\nb\t1\nb\t2\n", InputError, "each site once, got b twice"),
        ("site\tresponse\nb\tnan\n", NonFiniteError, "NaN or infinity for b"),
        ("site\tresponse\nb\tmuch\n", RecordingError, "expected a number in the column 'response', got 'much'"),
        ("site\tresponse\n", NonFiniteError, "for all"),
        ("name\tvalue\nb\t1\n", InputError, "the columns site and response, got name, value"),
        (None, RecordingError, "there is no such file"),
    ],
)
def test_wrong_patterns(tmp_path: Path, content: str | np.ndarray | None, kind: type[HotwireError], said: str) -> None:
    path = tmp_path / ("p.npy" if isinstance(content, np.ndarray) else "p.tsv")
    if isinstance(content, np.ndarray):
        np.save(path, content)
    elif content is not None:
        path.write_text(content)
    with pytest.raises(kind, match=said):
        read_pattern(path, SITES, RESPONSES)


def test_a_file_that_is_no_array(tmp_path: Path) -> None:
    (tmp_path / "p.npy").write_text("1 2 3")
    with pytest.raises(InputError, match=r"cannot be read as a \.npy array"):
        read_pattern(tmp_path / "p.npy", SITES, RESPONSES)
