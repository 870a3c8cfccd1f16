from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning, NotFittedError

from hotwire.adapters.alignment.hyperalignment import Hyperalignment
from hotwire.adapters.alignment.procrustes import ProcrustesAligner
from hotwire.errors import BundleError, InputError, NonFiniteError, ShapeError, UnknownNameError

seeds = st.integers(0, 2**16)
quick = settings(max_examples=25)


def people_of(rng: np.random.Generator, story: np.ndarray, widths: list[int], noise: float = 0.0) -> list[np.ndarray]:
    """What each of some people responds to the same story: in his own features, at his own size and level."""
    people = []
    for width in widths:
        own = np.linalg.qr(rng.normal(size=(max(width, story.shape[1]), story.shape[1])))[0][:width].T
        response = story @ own * rng.uniform(0.1, 10) + 5 * rng.normal(size=width)
        people.append(response + noise * rng.normal(size=response.shape))
    return people


@quick
@given(n=st.integers(3, 40), k=st.integers(1, 6), more=st.lists(st.integers(0, 30), min_size=2, max_size=5), seed=seeds)
def test_people_who_agree_are_brought_together(n: int, k: int, more: list[int], seed: int) -> None:
    """Exactly, also for stimuli that it was not fitted on, if those it was fitted on speak of all dimensions."""
    rng = np.random.default_rng(seed)
    story = rng.normal(size=(n + k + 9, k))
    people = people_of(rng, story, [k + extra for extra in more])
    common = Hyperalignment().fit([responses[:-9] for responses in people])
    assert common.agreement_ == pytest.approx(1.0)
    assert common.template_.shape == (n + k, k)
    aligned = [common.transform(responses, i) for i, responses in enumerate(people)]
    for one in aligned[1:]:
        np.testing.assert_allclose(one, aligned[0], atol=1e-7)
    np.testing.assert_allclose(aligned[0][:-9], common.template_, atol=1e-7)
    np.testing.assert_allclose(common.inverse_transform(aligned[1], 0), people[0], atol=1e-6)


@quick
@given(seed=seeds, order=st.permutations(range(4)))
def test_the_order_of_people_does_not_matter(seed: int, order: list[int]) -> None:
    rng = np.random.default_rng(seed)
    people = people_of(rng, rng.normal(size=(40, 4)) * [4.0, 3.0, 2.0, 1.0], [4, 6, 5, 9], noise=0.02)
    one = Hyperalignment(tol=1e-12).fit(people)
    other = Hyperalignment(tol=1e-12).fit([people[i] for i in order])
    assert other.agreement_ == pytest.approx(one.agreement_, abs=1e-9)
    signs = np.sign((one.template_ * other.template_).sum(axis=0))
    np.testing.assert_allclose(other.template_ * signs, one.template_, atol=1e-4 * np.abs(one.template_).max())


@quick
@given(seed=seeds)
def test_no_rotation_of_one_person_agrees_better(seed: int) -> None:
    """Onto the sum of the others, the nuclear norm is the most that he can reach; he is within the tolerance of it."""
    rng = np.random.default_rng(seed)
    people = [rng.normal(size=(15, width)) for width in (5, 5, 5)]
    common = Hyperalignment(scale="none", tol=1e-12, max_iter=5000).fit(people)
    aligned = [common.transform(person, i) for i, person in enumerate(people)]
    for i, person in enumerate(people):
        others = sum(one for j, one in enumerate(aligned) if j != i)
        reached = float((aligned[i] * others).sum())
        centred = person - person.mean(axis=0)
        assert reached == pytest.approx(float(np.linalg.norm(centred.T @ others, "nuc")), rel=1e-3)


def test_agreement_is_what_is_left_of_it_after_rounds() -> None:
    rng = np.random.default_rng(0)
    people = [rng.normal(size=(15, width)) for width in (5, 7, 6)]
    found = []
    for rounds in (1, 2, 4, 8):
        with pytest.warns(ConvergenceWarning, match=f"after {rounds} rounds"):
            found.append(Hyperalignment(tol=0.0, max_iter=rounds).fit(people).agreement_)
    assert found == sorted(found)
    assert found[0] < found[-1] < 1.0


def test_the_loud_do_not_drown_the_others() -> None:
    rng = np.random.default_rng(0)
    people = people_of(rng, rng.normal(size=(30, 3)), [4, 4, 4], noise=0.3)
    people[1] = people[1] * 1e4
    common = Hyperalignment().fit(people)
    powers = [np.square(common.transform(person, i)).sum() for i, person in enumerate(people)]
    np.testing.assert_allclose(powers, np.square(common.template_).sum())
    people[1] = people[1] / 1e6
    np.testing.assert_allclose(Hyperalignment().fit(people).template_, common.template_, atol=1e-9)


def test_a_new_person_joins() -> None:
    rng = np.random.default_rng(0)
    people = people_of(rng, rng.normal(size=(50, 3)), [5, 6, 7, 20])
    common = Hyperalignment().fit([person[:30] for person in people[:3]])
    before = common.transform(people[0], 0)
    assert common.add(people[3][:30]) == 3
    np.testing.assert_allclose(common.transform(people[3], 3), before, atol=1e-8)
    np.testing.assert_array_equal(common.transform(people[0], 0), before)
    reference = ProcrustesAligner("variance").fit(people[3][:30], common.template_)
    np.testing.assert_array_equal(common.transform(people[3], 3), reference.transform(people[3]))
    with pytest.raises(ShapeError, match=r"X_target has 30 rows and X_source has 29"):
        common.add(people[3][:29])
    assert len(common.aligners_) == 4


def test_fewer_dimensions_keep_what_is_shared() -> None:
    rng = np.random.default_rng(0)
    people = people_of(rng, rng.normal(size=(200, 2)), [30, 40, 50], noise=0.01)
    common = Hyperalignment(n_components=2).fit([person[:100] for person in people])
    first, second = (common.transform(people[i][100:], i) for i in (0, 1))
    assert np.corrcoef(first.ravel(), second.ravel())[0, 1] > 0.95


def test_what_cannot_be_aligned() -> None:
    rng = np.random.default_rng(0)
    people = [rng.normal(size=(9, width)) for width in (4, 3)]
    with pytest.raises(InputError, match="two people or more, got 1"):
        Hyperalignment().fit(people[:1])
    with pytest.raises(InputError, match="1 shared stimulus"):
        Hyperalignment().fit([person[:1] for person in people])
    with pytest.raises(ShapeError, match=r"X\[1\] has 8 rows and X\[0\] has 9"):
        Hyperalignment().fit([people[0], people[1][:8]])
    with pytest.raises(InputError, match=r"expected 1 to 3, the rank of X\[1\]"):
        Hyperalignment(n_components=4).fit(people)
    with pytest.raises(InputError, match=r"X\[1\] does not vary"):
        Hyperalignment().fit([people[0], np.ones((9, 2))])
    with pytest.raises(UnknownNameError, match="There are: none, variance"):
        Hyperalignment(scale="unit").fit(people)
    bad = people[1].copy()
    bad[5, 2] = np.nan
    with pytest.raises(NonFiniteError, match=r"X\[1\] holds NaN at sample 5, feature 2"):
        Hyperalignment().fit([people[0], bad])
    common = Hyperalignment().fit(people)
    for subject in (2, -1):
        with pytest.raises(UnknownNameError, match=rf"unknown subject {subject}\b.* There are: 0, 1"):
            common.transform(people[0], subject)
    fresh: Any = clone(common)
    with pytest.raises(NotFittedError):
        fresh.add(people[0])


def test_saved_state_aligns_alike() -> None:
    rng = np.random.default_rng(0)
    people = [rng.normal(size=(9, 4)) for _ in range(12)]
    common = Hyperalignment(n_components=2).fit(people)
    arrays = common.to_arrays()
    again = Hyperalignment.from_arrays(arrays)
    assert again.get_params() == common.get_params()
    assert (again.agreement_, again.n_iter_, len(again.aligners_)) == (common.agreement_, common.n_iter_, 12)
    for subject in (0, 11):
        np.testing.assert_array_equal(
            again.transform(people[subject], subject), common.transform(people[subject], subject)
        )
    assert again.add(people[3]) == 12
    with pytest.raises(BundleError, match="lacks the arrays template"):
        Hyperalignment.from_arrays({name: array for name, array in arrays.items() if name != "template"})
    with pytest.raises(BundleError, match=r"map of subject 0 leads into 2 dimensions"):
        Hyperalignment.from_arrays(arrays | {"template": np.zeros((9, 3))})


@pytest.mark.slow
def test_listeners_of_a_story_are_found_again_whatever_their_coordinates() -> None:
    """The second half of the story, by what the first half told; as they are, unlike coordinates share nothing."""
    folder = Path(os.environ.get("HOTWIRE_DATA", "")) / "alice" / "6mm"
    if not folder.is_dir():
        pytest.skip("needs alice/6mm in the folder that HOTWIRE_DATA names")
    people = np.stack([np.loadtxt(path) for path in sorted(folder.glob("*.txt"))])
    halves = [_standardised(people[:, :176]), _standardised(people[:, 186:])]
    rng = np.random.default_rng(0)
    turns = [np.linalg.qr(rng.normal(size=(6, 6)))[0] for _ in people]
    first, second = ([one @ turn for one, turn in zip(half, turns, strict=True)] for half in halves)
    common = Hyperalignment().fit(first)
    aligned = np.stack([common.transform(one, i) for i, one in enumerate(second)])
    shifts = rng.integers(20, 156, (99, len(people)))
    chance = [
        _found_again(np.stack([np.roll(one, by, axis=0) for one, by in zip(aligned, row, strict=True)]))
        for row in shifts
    ]
    assert _found_again(aligned) > max(0.65, *chance)
    assert _found_again(np.stack(second)) < 0.6
    # Of what the same regions share without any alignment, nothing is lost.
    assert _found_again(aligned) > _found_again(halves[1]) - 0.02


def _standardised(half: np.ndarray) -> np.ndarray:
    """Of each person and region, without slow drift."""
    time = np.linspace(-1, 1, half.shape[1])
    trend = np.stack([time**0, time, time**2], axis=1)
    left = half - np.einsum("ij,sjf->sif", trend @ np.linalg.pinv(trend), half)
    return left / left.std(axis=1, keepdims=True)


def _found_again(people: np.ndarray, n_volumes: int = 10) -> float:
    """How often a segment of one is more like the others' mean at that time than at another that it does not touch."""
    total, found = people.sum(axis=0), []
    for person in people:
        own, others = (_segments(X, n_volumes) for X in (person, total - person))
        likeness = own @ others.T
        apart = np.abs(np.subtract.outer(*[np.arange(len(own))] * 2)) >= n_volumes
        found.append((np.diag(likeness)[:, np.newaxis] > likeness)[apart].mean())
    return float(np.mean(found))


def _segments(X: np.ndarray, n_volumes: int) -> np.ndarray:
    cut = np.lib.stride_tricks.sliding_window_view(X, n_volumes, axis=0).reshape(len(X) - n_volumes + 1, -1)
    cut = cut - cut.mean(axis=1, keepdims=True)
    return cut / np.linalg.norm(cut, axis=1, keepdims=True)
