"""The recursive adapter against ridge fitted on all samples, and against dense weighted formulas."""

from __future__ import annotations

import copy
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sklearn.utils.estimator_checks import parametrize_with_checks

from hotwire.adapters.kinds import KINDS
from hotwire.adapters.other.recursive import MOST_STRONG, RecursiveAdapter, forgetting_for
from hotwire.adapters.other.updates import renewed
from hotwire.adapters.ridge.ridge import RidgeAdapter
from hotwire.errors import InputError, NonFiniteError, ShapeError, UnknownNameError


@parametrize_with_checks([RecursiveAdapter(), RecursiveAdapter(forgetting=0.99, gain="unit")])
def test_scikit_learns_own_checks(estimator, check) -> None:
    check(estimator)


def session(seed: int, n_samples: int, n_features: int, n_units: int, offset: float = 3.0):
    """Features, some of them constant or twice there, and targets that follow them in part; means far from zero."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n_samples, n_features)) + offset * rng.normal(size=n_features)
    Y = X @ rng.normal(size=(n_features, n_units)) + 3 * rng.normal(size=(n_samples, n_units)) + 5
    if n_features > 3:
        X[:, 0], X[:, 1] = 0.1, X[:, 2]
    return X, Y


def fed(adapter: RecursiveAdapter, X, Y, cuts=()) -> RecursiveAdapter:
    """The adapter after samples in chunks that end at `cuts`; one by one without any."""
    edges = [0, *sorted(cuts), len(X)] if cuts else range(len(X) + 1)
    for start, stop in pairwise(edges):
        if stop > start:
            adapter.partial_fit(X[start:stop], Y[start:stop])
    return adapter


def weighted_ridge(X, Y, forgetting: float, prior):
    """Weights, means of X and Y of the dense ridge fit with exponential weights and a strength for each feature."""
    w = forgetting ** np.arange(len(X) - 1, -1, -1.0)
    x_mean, y_mean = np.average(X, 0, w), np.average(Y, 0, w)
    Xc, Yc = X - x_mean, Y - y_mean
    return np.linalg.solve((Xc.T * w) @ Xc + np.diag(prior), (Xc.T * w) @ Yc), x_mean, y_mean


@settings(max_examples=60)
@given(
    st.integers(0, 2**32 - 1),
    st.integers(2, 90),
    st.integers(1, 40),
    st.integers(1, 30),
    st.sampled_from([1e-3, 1.0, 300.0]),
    st.sampled_from(["none", "total", "unit"]),
)
def test_without_forgetting_it_is_the_ridge_fit_on_all_samples_so_far(
    seed: int, n_samples: int, n_features: int, n_units: int, alpha: float, gain: str
) -> None:
    X, Y = session(seed, n_samples, n_features, n_units)
    # Beside a far larger strength no gain brings predictions back, and it says so.
    assume(gain == "none" or alpha <= MOST_STRONG * np.linalg.norm(X - X.mean(axis=0), 2) ** 2)
    batch = RidgeAdapter(alpha, gain=gain).fit(X, Y)
    for adapter in (fed(RecursiveAdapter(alpha, gain=gain), X, Y), RecursiveAdapter(alpha, gain=gain).fit(X, Y)):
        # A gain has fewer digits where it is large, which is where predictions are faint.
        np.testing.assert_allclose(adapter.gain_, batch.gain_, rtol=1e-13 * np.max(batch.gain_) ** 2 + 1e-9)
        adapter.gain_ = batch.gain_
        scale = np.abs(batch.predict(X)).max()
        np.testing.assert_allclose(adapter.predict(X), batch.predict(X), rtol=0, atol=1e-9 * scale)
        np.testing.assert_allclose(adapter.intercept_, batch.intercept_, rtol=0, atol=1e-8 * scale)


def test_at_every_sample_it_is_the_fit_on_those_before() -> None:
    X, Y = session(1, 30, 8, 5)
    adapter = RecursiveAdapter(2.0)
    for n in range(1, 30):
        adapter.partial_fit(X[n - 1 : n], Y[n - 1 : n])
        if n > 1:
            expected = RidgeAdapter(2.0).fit(X[:n], Y[:n]).predict(X[n:])
            np.testing.assert_allclose(adapter.predict(X[n:]), expected, rtol=1e-9, atol=1e-9)


def test_after_one_sample_its_target_is_predicted() -> None:
    adapter = RecursiveAdapter(1.0, gain="unit").partial_fit([[1.0, 2.0]], [[3.0, 4.0]])
    np.testing.assert_array_equal(adapter.predict([[7.0, 7.0]]), [[3.0, 4.0]])


@settings(max_examples=60)
@given(
    st.integers(0, 2**32 - 1),
    st.integers(2, 150),
    st.integers(1, 20),
    st.floats(0.3, 0.9999),
    st.lists(st.integers(1, 149), max_size=4),
)
def test_with_forgetting_it_is_the_weighted_ridge_however_samples_come(
    seed: int, n_samples: int, n_features: int, forgetting: float, cuts: list[int]
) -> None:
    X, Y = session(seed, n_samples, n_features, 3)
    alone = fed(RecursiveAdapter(2.0, forgetting=forgetting), X, Y)
    weights, x_mean, y_mean = weighted_ridge(X, Y, forgetting, alone.prior_)
    scale = np.abs(weights).max()
    np.testing.assert_allclose(alone.expansion_, weights, rtol=0, atol=1e-8 * scale)
    np.testing.assert_allclose(alone.x_mean_, x_mean)
    np.testing.assert_allclose(alone.y_mean_, y_mean)

    cuts = sorted({cut for cut in cuts if cut < n_samples}) or [n_samples]
    together = fed(RecursiveAdapter(2.0, forgetting=forgetting), X, Y, cuts)
    np.testing.assert_allclose(together.expansion_, alone.expansion_, rtol=0, atol=1e-9 * scale)
    np.testing.assert_allclose(together.prior_, alone.prior_)
    np.testing.assert_allclose(together.residual_, alone.residual_, rtol=1e-8)


@pytest.mark.parametrize(("forgetting", "least"), [(1.0, 1.0), (0.999, 0.98), (0.95, 0.5), (0.3, 1.0)])
def test_prior_stays_within_a_factor_of_two(forgetting: float, least: float) -> None:
    X, Y = session(2, 200, 20, 2)
    adapter = RecursiveAdapter(3.0, forgetting=forgetting)
    for n in range(200):
        adapter.partial_fit(X[n : n + 1], Y[n : n + 1])
        assert 3.0 * least * (1 - 1e-12) <= adapter.prior_.min()
        assert adapter.prior_.max() <= 3.0 * (1 + 1e-12)


def test_gain_goes_by_the_samples_as_they_are_weighted() -> None:
    X, Y = session(3, 80, 6, 4)
    adapter = fed(RecursiveAdapter(50.0, forgetting=0.95, gain="unit"), X, Y)
    w = 0.95 ** np.arange(79, -1, -1.0)
    predicted = adapter.predict(X) - adapter.y_mean_
    np.testing.assert_allclose(w @ predicted**2, w @ (Y - adapter.y_mean_) ** 2)


def test_gain_is_one_where_features_say_nothing() -> None:
    rng = np.random.default_rng(0)
    adapter = fed(RecursiveAdapter(1.0, gain="unit"), np.full((40, 3), 0.7), rng.normal(size=(40, 2)))
    np.testing.assert_array_equal(adapter.gain_, 1.0)


@pytest.mark.parametrize("forgetting", [1.0, 0.99])
def test_it_stays_stable_where_features_fall_silent(forgetting: float) -> None:
    rng = np.random.default_rng(4)
    X, Y = rng.normal(size=(20_000, 6)) + 100, rng.normal(size=(20_000, 2))
    X[2_000:, :2] = 100.0  # silent from here on
    X[10_000:] = 100.0  # nothing comes at all
    adapter = RecursiveAdapter(1.0, forgetting=forgetting)
    for start in range(0, 20_000, 10):
        adapter.partial_fit(X[start : start + 10], Y[start : start + 10])
    weights, _, _ = weighted_ridge(X, Y, forgetting, adapter.prior_)
    np.testing.assert_allclose(adapter.expansion_, weights, rtol=0, atol=1e-9)
    # The triangle is what it stands for: neither blown up nor faded.
    information = adapter.factor_ @ adapter.factor_.T
    assert np.linalg.eigvalsh(information)[0] >= 0.5
    if forgetting < 1:
        np.testing.assert_allclose(information, np.diag(adapter.prior_), atol=1e-9)


@pytest.mark.slow
def test_after_a_hundred_thousand_samples_it_is_the_weighted_fit() -> None:
    rng = np.random.default_rng(5)
    forgetting = forgetting_for(300)
    adapter = RecursiveAdapter(0.01, forgetting=forgetting)
    X = rng.normal(size=(100_000, 8)) * (np.arange(8) < 5) + 50
    Y = rng.normal(size=(100_000, 3))
    for start in range(0, len(X), 5):
        adapter.partial_fit(X[start : start + 5], Y[start : start + 5])
    weights, _, _ = weighted_ridge(X[-20_000:], Y[-20_000:], forgetting, adapter.prior_)
    np.testing.assert_allclose(adapter.expansion_, weights, rtol=0, atol=1e-10)


def test_it_learns_on_after_saving_as_if_never_saved() -> None:
    X, Y = session(6, 60, 9, 4)
    adapter = fed(RecursiveAdapter(2.0, forgetting=0.97, gain="total"), X[:40], Y[:40])
    assert KINDS["recursive"] is RecursiveAdapter
    again = RecursiveAdapter.from_arrays(adapter.to_arrays())
    np.testing.assert_array_equal(again.predict(X), adapter.predict(X))
    fed(adapter, X[40:], Y[40:])
    fed(again, X[40:], Y[40:])
    np.testing.assert_array_equal(again.predict(X), adapter.predict(X))
    assert again.n_samples_seen_ == 60


def test_a_copy_is_not_touched_by_what_is_learned_later() -> None:
    X, Y = session(7, 40, 5, 3)
    adapter = RecursiveAdapter(gain="unit").fit(X[:20], Y[:20])
    kept = copy.copy(adapter)
    before = adapter.predict(X)
    adapter.partial_fit(X[20:], Y[20:])
    np.testing.assert_array_equal(kept.predict(X), before)
    assert not np.allclose(adapter.predict(X), before)


def test_fit_forgets_the_names_of_columns() -> None:
    X, Y = session(8, 40, 5, 3)
    adapter = RecursiveAdapter().fit(X, Y)
    vars(adapter)["feature_names_in_"] = np.array(list("abcde"), dtype=object)  # what a table leaves
    assert not hasattr(adapter.fit(X, Y), "feature_names_in_")


def test_fit_begins_anew() -> None:
    X, Y = session(8, 40, 5, 3)
    adapter = RecursiveAdapter().fit(X[:, :2], Y[:, 0])
    np.testing.assert_array_equal(adapter.fit(X, Y).predict(X), RecursiveAdapter().fit(X, Y).predict(X))


@pytest.mark.parametrize("where", ["X", "Y"])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_after_a_refused_update_nothing_has_changed(where: str, value: float) -> None:
    X, Y = session(9, 100, 5, 3)
    adapter = RecursiveAdapter(forgetting=0.9).fit(X[:20], Y[:20])
    before = adapter.to_arrays()
    X[90, 2] = value if where == "X" else X[90, 2]
    Y[90, 1] = value if where == "Y" else Y[90, 1]
    with pytest.raises(NonFiniteError, match=f"^{where} holds .* sample 70"):
        adapter.partial_fit(X[20:], Y[20:])
    with pytest.raises(NonFiniteError):
        adapter.fit(X, Y)
    after = adapter.to_arrays()
    for name, array in before.items():
        np.testing.assert_array_equal(after[name], array)


def test_shapes_that_do_not_fit_are_refused() -> None:
    X, Y = session(10, 20, 5, 3)
    adapter = RecursiveAdapter().fit(X, Y)
    for x, y in [(X[:, :4], Y), (X, Y[:, :2]), (X, Y[:, 0]), (X, Y[:10]), (X, Y[:, :, None])]:
        with pytest.raises(ShapeError):
            adapter.partial_fit(x, y)
    assert adapter.n_samples_seen_ == 20


@pytest.mark.parametrize("wrong", [{"alpha": 0.0}, {"alpha": np.inf}, {"forgetting": 0.0}, {"forgetting": 1.1}])
def test_parameters_out_of_range_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(InputError, match=next(iter(wrong))):
        RecursiveAdapter().set_params(**wrong).fit([[1.0]], [1.0])


def test_unknown_gain_is_refused() -> None:
    with pytest.raises(UnknownNameError):
        RecursiveAdapter(gain="all").fit([[1.0]], [1.0])


def test_half_life() -> None:
    assert RecursiveAdapter(forgetting=forgetting_for(250)).half_life_samples == pytest.approx(250)
    assert RecursiveAdapter().half_life_samples == np.inf
    assert forgetting_for(np.inf) == 1.0
    with pytest.raises(InputError):
        forgetting_for(0)


@given(st.integers(1, 40), st.floats(0.1, 60.0))
def test_every_prior_is_renewed_within_a_half_life(n_features: int, half_life: float) -> None:
    last = max(1, int(half_life))
    for n_samples in (last, 100, 1001):
        features, age = renewed(n_samples, last, half_life, n_features)
        np.testing.assert_array_equal(features, np.arange(n_features))
        assert age.max() < max(1.0, half_life)
