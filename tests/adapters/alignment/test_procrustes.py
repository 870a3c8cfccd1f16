from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import orthogonal_procrustes
from sklearn.utils.estimator_checks import parametrize_with_checks

from hotwire.adapters.alignment.procrustes import ProcrustesAligner
from hotwire.errors import BundleError, InputError, NonFiniteError, ShapeError, UnknownNameError

seeds = st.integers(0, 2**16)
quick = settings(max_examples=30)


def rotation(rng: np.random.Generator, n: int) -> np.ndarray:
    return np.linalg.qr(rng.normal(size=(n, n)))[0]


# The checks give a target without features, or none at all, and want the argument to be named y.
GIVEN_NO_TABLE = "the target is a table as the source is"
UNMET = {
    "check_fit_score_takes_y": GIVEN_NO_TABLE,
    "check_requires_y_none": GIVEN_NO_TABLE,
    "check_transformer_data_not_an_array": GIVEN_NO_TABLE,
    "check_transformer_general": GIVEN_NO_TABLE,
    "check_transformer_preserve_dtypes": GIVEN_NO_TABLE,
}


@parametrize_with_checks([ProcrustesAligner()], expected_failed_checks=lambda _: UNMET)
def test_scikit_learn_conventions(estimator, check) -> None:
    check(estimator)


@quick
@given(n_features=st.integers(1, 12), more=st.integers(1, 30), seed=seeds)
def test_the_rotation_of_scipy(n_features: int, more: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    source, target = rng.normal(size=(2, n_features + more, n_features))
    reference, total = orthogonal_procrustes(source - source.mean(axis=0), target - target.mean(axis=0))
    aligner = ProcrustesAligner().fit(source, target)
    made = aligner.inward_ @ aligner.outward_
    np.testing.assert_allclose(made, reference, atol=1e-6)
    np.testing.assert_allclose(made @ made.T, np.eye(n_features), atol=1e-12)
    np.testing.assert_allclose(aligner.transform(source).mean(axis=0), target.mean(axis=0), atol=1e-10)
    shrunk = ProcrustesAligner("least_squares").fit(source, target)
    assert shrunk.scale_ == pytest.approx(total / np.square(source - source.mean(axis=0)).sum())


@quick
@given(n_features=st.integers(1, 20), more=st.integers(1, 20), size=st.floats(1e-3, 1e3), seed=seeds)
def test_a_rotation_is_recovered(n_features: int, more: int, size: float, seed: int) -> None:
    """From n + 1 stimuli on, of n features; also with another origin and another unit."""
    rng = np.random.default_rng(seed)
    target, new = rng.normal(size=(n_features + more, n_features)), rng.normal(size=(7, n_features))
    turned, offset = rotation(rng, n_features), rng.normal(size=n_features)
    aligner = ProcrustesAligner("variance").fit((target @ turned) * size + offset, target)
    np.testing.assert_allclose(aligner.transform((new @ turned) * size + offset), new, atol=1e-6)
    np.testing.assert_allclose(aligner.inverse_transform(new), (new @ turned) * size + offset, atol=1e-6 * size)


@quick
@given(
    n_stimuli=st.integers(2, 15),
    n_source=st.integers(1, 30),
    n_target=st.integers(1, 30),
    scale=st.sampled_from(["none", "least_squares", "variance"]),
    seed=seeds,
)
def test_any_widths(n_stimuli: int, n_source: int, n_target: int, scale: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    source, target = rng.normal(size=(n_stimuli, n_source)), rng.normal(size=(n_stimuli, n_target))
    aligner = ProcrustesAligner(scale).fit(source, target)
    rank = min(n_stimuli - 1, n_source, n_target)
    assert (aligner.inward_.shape, aligner.outward_.shape) == ((n_source, rank), (rank, n_target))
    np.testing.assert_allclose(aligner.inward_.T @ aligner.inward_, np.eye(rank), atol=1e-10)
    np.testing.assert_allclose(aligner.outward_ @ aligner.outward_.T, np.eye(rank), atol=1e-10)
    # The nuclear norm of the cross-covariance is the most that any such map reaches.
    centred, wanted = source - source.mean(axis=0), target - target.mean(axis=0)
    aligned = aligner.transform(source) - target.mean(axis=0)
    best = np.linalg.norm(centred.T @ wanted, "nuc")
    assert (aligned / aligner.scale_ * wanted).sum() == pytest.approx(best)
    if scale == "variance":
        assert np.square(aligned).sum() == pytest.approx(np.square(wanted).sum())
    if scale == "least_squares":
        assert (aligned * (wanted - aligned)).sum() == pytest.approx(0.0, abs=1e-9)
    # There and back again, for what was reached at all.
    again = aligner.transform(aligner.inverse_transform(aligner.transform(source)))
    np.testing.assert_allclose(again, aligner.transform(source), atol=1e-8)
    weights = rng.normal(size=(n_target, 3))
    pulled = (source - aligner.source_mean_) @ aligner.pulled_back(weights) + aligner.target_mean_ @ weights
    np.testing.assert_allclose(pulled, aligner.transform(source) @ weights, atol=1e-8)


@quick
@given(seed=seeds)
def test_turning_the_source_changes_nothing(seed: int) -> None:
    rng = np.random.default_rng(seed)
    source, target = rng.normal(size=(20, 6)), rng.normal(size=(20, 4))
    turned = source @ rotation(rng, 6) + rng.normal(size=6)
    plain, other = ProcrustesAligner().fit(source, target), ProcrustesAligner().fit(turned, target)
    np.testing.assert_allclose(other.transform(turned), plain.transform(source), atol=1e-9)


def test_constant_and_duplicated_features() -> None:
    rng = np.random.default_rng(0)
    source, target = rng.normal(size=(2, 20, 4))
    source[:, 1] = 7.0
    source[:, 3] = source[:, 0]
    aligner = ProcrustesAligner().fit(source, target)
    np.testing.assert_allclose(aligner.inward_[1], 0.0, atol=1e-12)
    np.testing.assert_allclose(aligner.inward_[3], aligner.inward_[0], atol=1e-12)
    assert aligner.inward_.shape == (4, 2)


def test_many_features_take_little_memory() -> None:
    rng = np.random.default_rng(0)
    source, target = rng.normal(size=(30, 8000)), rng.normal(size=(30, 7000))
    tracemalloc.start()
    ProcrustesAligner().fit(source, target)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 6 * (source.nbytes + target.nbytes) < 8000 * 7000 * 8 / 10


def test_what_cannot_be_aligned() -> None:
    rng = np.random.default_rng(0)
    table = rng.normal(size=(5, 3))
    with pytest.raises(InputError, match="1 shared stimulus, a minimum of 2"):
        ProcrustesAligner().fit(table[:1], table[:1])
    with pytest.raises(ShapeError, match="X_target has 4 rows and X_source has 5"):
        ProcrustesAligner().fit(table, table[:4])
    with pytest.raises(InputError, match="nothing that varies over the shared stimuli"):
        ProcrustesAligner().fit(np.ones((5, 3)), table)
    with pytest.raises(UnknownNameError, match="There are: none, least_squares, variance"):
        ProcrustesAligner("unit").fit(table, table)
    bad = table.copy()
    bad[3, 1] = np.nan
    with pytest.raises(NonFiniteError, match="X_target holds NaN at sample 3, feature 1"):
        ProcrustesAligner().fit(table, bad)
    with pytest.raises(NonFiniteError, match="X_source holds NaN at sample 3, feature 1"):
        ProcrustesAligner().fit(bad, table)
    aligner = ProcrustesAligner().fit(table, table[:, :2])
    with pytest.raises(ShapeError, match="X has 2 features, but ProcrustesAligner is expecting 3"):
        aligner.transform(table[:, :2])
    with pytest.raises(ShapeError, match="X has 3 features, but ProcrustesAligner is expecting 2"):
        aligner.inverse_transform(table)


def test_saved_state_aligns_alike() -> None:
    rng = np.random.default_rng(0)
    source, target = rng.normal(size=(10, 4)), rng.normal(size=(10, 3))
    aligner = ProcrustesAligner("variance").fit(source, target)
    arrays = aligner.to_arrays()
    again = ProcrustesAligner.from_arrays(arrays)
    assert again.get_params() == aligner.get_params()
    np.testing.assert_array_equal(again.transform(source), aligner.transform(source))
    with pytest.raises(BundleError, match="lacks the arrays inward"):
        ProcrustesAligner.from_arrays({name: array for name, array in arrays.items() if name != "inward"})
    with pytest.raises(BundleError, match=r"array outward has shape \(3, 2\), expected \(3, 3\)"):
        ProcrustesAligner.from_arrays(arrays | {"outward": np.zeros((3, 2))})
    with pytest.raises(BundleError, match=r"array source_mean has shape \(4, 1\)"):
        ProcrustesAligner.from_arrays(arrays | {"source_mean": np.zeros((4, 1))})
