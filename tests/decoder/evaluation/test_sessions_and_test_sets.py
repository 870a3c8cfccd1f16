"""Folds of whole sessions, and runs that a study sets aside to be tested once."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from hotwire.adapters import RidgeAdapter
from hotwire.decoder import Decoder, NearestReadout, Recording, Settings, WordTargets, cut_runs, evaluate
from hotwire.decoder.cli.commands import hotwire
from hotwire.decoder.readers import write_npz
from hotwire.decoder.report.evaluation_report import EvaluationReport
from hotwire.errors import InputError, UnknownNameError
from hotwire.models import Network

from ..conftest import LABELS, make_recording
from ..small_study import STUDY, made_recording, save_network

QUICK: dict[str, Any] = {"controls": ["shuffled pairing"], "n_shuffles": 1, "n_permutations": 20, "audit": "warn"}


@pytest.fixture
def decoder(network: Network) -> Decoder:
    settings = Settings("first", adapter=RidgeAdapter(alphas=1.0), readout=NearestReadout(), probabilities="network")
    return Decoder(network, WordTargets({label: label for label in LABELS}, "A picture of a {}"), settings)


def renamed(recording: Recording, names: list[str]) -> Recording:
    """The recording with other names of runs, in their order."""
    of = dict(zip(recording.runs, names, strict=True))
    run, events = recording.run.tolist(), recording.events.run.tolist()
    table = replace(recording.events, run=np.array([of[one] for one in events]))
    return replace(recording, run=np.array([of[one] for one in run]), events=table)


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_runs_set_aside_are_decided_on_as_by_a_decoder_fitted_on_the_others(decoder: Decoder) -> None:
    recording = make_recording(noise=2.0)
    found = evaluate(decoder, recording, folds={"test": ["1", 4]}, field=["lda"], **QUICK)
    fitted = Decoder(decoder.network, decoder.targets, decoder.settings).fit(recording.select(runs=[0, 2, 3, 5]))
    alone = fitted.predict(recording.select(runs=[1, 4]))
    expected = [[one.probabilities[label] for label in found.answers] for one in alone]
    np.testing.assert_allclose(found.probabilities, expected, rtol=1e-4)
    assert sorted(set(found.trials.run.tolist())) == [1, 4]
    assert [len(one.scores) for _, one in found.rows()] == [8] * 4
    report = EvaluationReport(found)
    assert "the study names the runs that are tested (1, 4)" in str(report.sections())


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_a_copy_between_test_set_and_training_is_found(decoder: Decoder) -> None:
    recording = make_recording()
    data = recording.data.copy()
    data[recording.samples_of(5)] = data[recording.samples_of(0)]
    found = evaluate(decoder, replace(recording, data=data), folds={"test": [5]}, **QUICK)
    assert {one.check: one.verdict for one in found.findings}["copies"] == "leak"


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("names", ["{session} {run}", "{session} part {run}"], ids=["BIDS", "cut"])
def test_a_session_is_held_out_whole(decoder: Decoder, names: str) -> None:
    every = [names.format(session=session, run=run) for session in "abcd" for run in (1, 2)]
    recording = renamed(make_recording(n_runs=8, noise=2.0), every)
    found = evaluate(decoder, recording, folds="session", **QUICK)
    session = np.array([run[0] for run in found.trials.run.tolist()])
    assert [set(session[found.fold == i].tolist()) for i in range(4)] == [{"a"}, {"b"}, {"c"}, {"d"}]
    assert found.held_out == "sessions"
    assert EvaluationReport(found).over == "sessions"
    assert np.isfinite(found.decoder.measures["candidate"].low)
    two = evaluate(decoder, recording.select(runs=every[:4]), folds="session", **QUICK)
    assert np.isnan(two.decoder.measures["candidate"].low)


def test_wrong_sets_and_sessions_are_refused(decoder: Decoder) -> None:
    recording = make_recording()
    with pytest.raises(UnknownNameError, match=r"unknown run in folds.test 9"):
        evaluate(decoder, recording, folds={"test": [9]})
    with pytest.raises(InputError, match="expected a run to be left to fit on, got all 6"):
        evaluate(decoder, recording, folds={"test": list(range(6))})
    with pytest.raises(InputError, match="runs that name their session"):
        evaluate(decoder, recording, folds="session")
    with pytest.raises(InputError, match="two sessions or more, got a"):
        evaluate(decoder, renamed(recording, [f"a {i}" for i in range(6)]), folds="session")


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_two_runs_are_cut_and_held_out_whole(decoder: Decoder) -> None:
    several = replace(decoder.settings, adapter=RidgeAdapter(alphas=[1.0, 10.0]))
    decoder = Decoder(decoder.network, decoder.targets, several)
    with pytest.raises(
        InputError, match=r"decoder.adapter: a fold trains on the run 1 alone, .* cut the runs, such as"
    ):
        evaluate(decoder, make_recording(n_runs=2), **QUICK)
    found = evaluate(decoder, cut_runs(make_recording(n_runs=2), 4), folds="session", **QUICK)
    assert found.trials.run[found.fold == 0].tolist() == ["0 part 1"] * 2 + ["0 part 2"] * 2


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_a_study_says_both(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    save_network(tmp_path / "network")
    write_npz(renamed(made_recording(), ["a 1", "a 2", "b 1", "b 2"]), tmp_path / "recording.npz")
    for folds, n_trials, held_out in (('"session"', 24, "sessions"), ('{ test = ["b 2"] }', 6, "runs")):
        Path("study.toml").write_text(STUDY + f"folds = {folds}\n")
        found = json.loads(CliRunner().invoke(hotwire, ["evaluate", "study.toml", "--json"]).stdout)
        assert (found["n_blocks"], found["held_out"]) == (n_trials, held_out)
    Path("study.toml").write_text(STUDY + "folds = { test = [] }\n")
    told = CliRunner().invoke(hotwire, ["evaluate", "study.toml"]).stderr
    assert "evaluation.folds: expected 'run', 'session', a number of at least 2" in told
