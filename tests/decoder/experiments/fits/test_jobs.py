"""Adapters and their held-out scores, against fits of each fold on all units."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.base import clone

from hotwire.adapters import RidgeAdapter
from hotwire.adapters.kinds import KINDS, adapter_from_arrays
from hotwire.adapters.whiten import Whitener
from hotwire.decoder.experiments.fits import jobs
from hotwire.decoder.experiments.fits.files import adapter_file, load_fit, score_file, to_arrays
from hotwire.decoder.experiments.fits.jobs import FITS, Score, fit, jobs_of, scores
from hotwire.decoder.experiments.fits.result import measures
from hotwire.decoder.experiments.fits.session import FitCell
from hotwire.decoder.experiments.kernel.cache import save_arrays
from hotwire.decoder.steps import run_steps
from hotwire.errors import BundleError, InputError, UnknownNameError


def in_full(session, cell: FitCell, keys: np.ndarray) -> dict[str, float]:
    """R2 and correlation with the adapter fitted on each fold's training trials and all units."""
    settings = session.settings.decoder
    X = session.trials.X[:, session.regions[cell.region]]
    table = np.asarray(session.table(cell.network, "trained", cell.layer), np.float64)
    prepared = run_steps(settings.steps, session.recording)
    error = error_with_gain = power = inner = predicted_power = 0.0
    for split, out in zip(session.outer, session.held_out, strict=True):
        of = X
        if settings.whiten == "samples":
            samples = prepared.data[~np.isin(prepared.run, out)][:, session.regions[cell.region]]
            of = Whitener().fit(samples).transform(X)
        own = table[keys[split.train]]
        fresh: Any = clone(settings.adapter)
        adapter = fresh.fit(of[split.train], own, groups=session.trials.run[split.train])
        true = table[session.keys(cell.network)[split.test]] - own.mean(axis=0)
        predicted = adapter.predict(of[split.test]) - own.mean(axis=0)
        error += ((true - predicted / adapter.gain_) ** 2).sum()
        error_with_gain += ((true - predicted) ** 2).sum()
        power += (true**2).sum()
        predicted_power += (predicted**2).sum()
        inner += (true * predicted).sum()
    return {
        "r2": 1 - error / power,
        "r2_with_gain": 1 - error_with_gain / power,
        "correlation": inner / np.sqrt(power * predicted_power),
    }


@pytest.mark.parametrize("whiten", ["none", "samples"])
@pytest.mark.parametrize("kind", ["ridge", "reduced_rank", "pls"])
def test_scores_are_those_of_whole_fits(make_session, kind: str, whiten: str) -> None:
    adapter = KINDS[kind](choose_by="error", gain="total")  # type: ignore[call-arg]
    session = make_session(adapter=adapter, whiten=whiten)
    layers = ("first", "second")
    for layer, found in zip(layers, scores(session, Score("front", "tiny", layers)), strict=True):
        cell = FitCell("front", "tiny", layer)
        told = measures(found)
        beside = in_full(session, cell, session.keys("tiny"))
        assert {name: told[name] for name in beside} == pytest.approx(beside, rel=1e-6, abs=1e-8)
        shuffled = [in_full(session, cell, session.keys("tiny")[order]) for order in session.shuffles]
        assert told["r2_shuffled"] == pytest.approx(np.mean([one["r2"] for one in shuffled]), rel=1e-6, abs=1e-8)
        assert told["correlation_shuffled"] == pytest.approx(
            np.mean([one["correlation"] for one in shuffled]), rel=1e-6, abs=1e-8
        )
        assert told["r2"] > 0.5 > told["correlation_shuffled"]


def test_scores_do_not_depend_on_what_else_is_scored(make_session) -> None:
    session = make_session()
    both = scores(session, Score("all", "tiny", ("first", "second")))
    for layer, of_both in zip(("first", "second"), both, strict=True):
        (alone,) = scores(make_session(), Score("all", "tiny", (layer,)))
        assert alone.keys() == of_both.keys()
        for name in alone.keys() - {"seconds"}:
            np.testing.assert_array_equal(alone[name], of_both[name])


def test_a_layer_that_does_not_vary_has_no_score(make_session, monkeypatch) -> None:
    session = make_session()
    monkeypatch.setattr(session, "gram", lambda *place: np.zeros((4, 4)))
    (found,) = scores(session, Score("all", "tiny", ("first",)))
    assert np.isnan(measures(found)["r2"])


def test_an_adapter_is_that_of_the_decoder_and_comes_back(make_session, tmp_path: Path) -> None:
    session = make_session()
    cell = FitCell("front", "tiny", "second")
    X = session.trials.X[:, session.regions["front"]]
    samples = run_steps(session.settings.decoder.steps, session.recording).data[:, session.regions["front"]]
    whitener = Whitener().fit(samples)
    Y = session.table("tiny", "trained", "second")[session.keys("tiny")]
    fresh: Any = clone(session.settings.decoder.adapter)
    beside = fresh.fit(whitener.transform(X), Y, groups=session.trials.run)
    path = save_arrays(tmp_path / "fit.npz", fit(session, cell))
    linear = load_fit(path)
    np.testing.assert_array_equal(linear.predict(X), beside.predict(whitener.transform(X)))
    assert to_arrays(linear).keys() < fit(session, cell).keys()
    with np.load(path, allow_pickle=False) as arrays:
        alone = adapter_from_arrays(dict(arrays))
    np.testing.assert_array_equal(alone.predict(whitener.transform(X)), linear.predict(X))
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(BundleError, match="not there or damaged"):
        load_fit(path)


def test_wide_layers_are_laid_out_in_a_file(make_session, monkeypatch) -> None:
    cell = FitCell("front", "tiny", "first")
    in_memory = fit(make_session(), cell)
    monkeypatch.setattr(jobs, "MOST_IN_MEMORY", 0)
    in_file = fit(make_session(), cell)
    for name in in_memory.keys() - {"seconds"}:
        np.testing.assert_array_equal(in_file[name], in_memory[name])


def test_jobs_are_what_is_lacking(make_session) -> None:
    session = make_session()
    every = jobs_of(session, lambda _: True)
    assert every == [
        Score("front", "tiny", ("first", "second")),
        Score("all", "tiny", ("first", "second")),
        *session.cells,
    ]
    adapter, score = _files(session, session.cells[1])
    assert jobs_of(session, {adapter}.__contains__) == [session.cells[1]]
    assert jobs_of(session, {score}.__contains__) == [Score("front", "tiny", ("second",))]
    assert jobs_of(session, lambda _: False) == []
    assert [name for name, _ in FITS.make(session, every[0])] == FITS.entries(session, every[0])


def test_other_inputs_have_other_files(make_session, recording, recordings) -> None:
    cell = FitCell("front", "tiny", "first")
    adapter, score = _files(make_session(), cell)
    assert _files(make_session(), cell) == [adapter, score]
    others = [
        make_session(recordings(seed=1)),
        make_session(whiten="none"),
        make_session(steps=[]),
        make_session(adapter=RidgeAdapter(alphas=[1.0, 2.0])),
    ]
    files = [file for session in others for file in _files(session, cell)]
    files += [file for other in make_session().cells[1:] for file in _files(make_session(), other)]
    assert len({adapter, score, *files}) == 2 + len(files)
    # Another shuffle is another control, and the same adapter.
    other_adapter, other_score = _files(make_session(seed=1), cell)
    assert other_adapter == adapter
    assert other_score != score


def test_wrong_names_and_policies(make_session) -> None:
    with pytest.raises(UnknownNameError, match=r"unknown region 'fron'; did you mean 'front'"):
        make_session(regions=["fron"])
    with pytest.raises(UnknownNameError, match=r"unknown layer '9'\. There are: first, second"):
        make_session(layers=["9"])
    with pytest.raises(InputError, match=r"one: adapter.gain: .* expected total or none, got 'unit'"):
        make_session(adapter=RidgeAdapter(gain="unit"))
    assert make_session(regions=["all"], layers=["second"]).cells == [FitCell("all", "tiny", "second")]


def _files(session, cell: FitCell) -> list[str]:
    return [adapter_file(session, cell), score_file(session, cell)]
