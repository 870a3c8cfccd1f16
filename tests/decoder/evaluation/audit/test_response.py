"""Windows of scanner recordings that end before the blood has answered: told before the fit, with one that would do."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hotwire.decoder import Choice, Decoder, Events, Recording, Settings, WordTargets, evaluate
from hotwire.decoder.cli.demo import DEMO
from hotwire.decoder.evaluation.audit.response import response_finding
from hotwire.decoder.evaluation.audit.samples import memory_finding
from hotwire.decoder.experiments.pseudo_online.run import pseudo_online
from hotwire.decoder.finding import Finding
from hotwire.decoder.readers import write_npz
from hotwire.decoder.readers.arrays.named_arrays import read_named_arrays
from hotwire.decoder.recordings.synthetic import SyntheticBrain, block_design
from hotwire.decoder.steps import Detrend, Lag, Step, run_steps
from hotwire.decoder.study.study import open_study
from hotwire.decoder.windows import (
    BlockAverage,
    Epoch,
    RunningAverage,
    SlidingAverage,
    Window,
    window_from_dict,
    windows,
)
from hotwire.models import Network

from ...small_study import STUDY, save_study

LABELS = ("cat", "face", "house", "shoe")
WORDS = WordTargets({label: label for label in LABELS})


def bold(
    duration_s: float = 8.0, rest_s: float = 12.0, *, strength: float = 2.0, rate_hz: float = 0.5, seed: int = 0
) -> Recording:
    """Blocks whose onsets are those of the stimuli; voxels answer as a person's do."""
    design = block_design(LABELS, 8, rate_hz=rate_hz, duration_s=duration_s, rest_s=rest_s, seed=seed)
    brain = SyntheticBrain(60, rate_hz, strength, noise_autocorrelation=0.3, drift=0.5, seed=seed)
    return brain.record(design, dict(zip(LABELS, np.random.default_rng(seed).normal(size=(4, 12)), strict=True)))


def moved(recording: Recording, by_s: float) -> Recording:
    return replace(recording, events=replace(recording.events, onset_s=recording.events.onset_s + by_s))


def found_in(recording: Recording, window: Window | None = None, steps: tuple[Step, ...] = ()) -> Finding:
    how = Settings("first", steps=steps, window=window or BlockAverage())
    return response_finding(recording, windows(how.window, run_steps(steps, recording)), how)


def offered_in(reason: str) -> Window:
    """The window that a study would have, as the message says it; and the same in Python."""
    told = re.search(r"window = (\{.*?\}) in the study, or (.*?\)) in Python", reason)
    assert told is not None
    window = window_from_dict(tomllib.loads(f"window = {told[1]}")["window"])
    assert repr(window) == told[2]
    return window


def test_the_default_window_is_at_chance_and_the_one_offered_decodes(network: Network) -> None:
    made = bold(4.0, 16.0)
    settings = Settings("first", steps=[Detrend(2)])
    with pytest.warns(UserWarning, match=r"response: The window, 0 to 4 s after the onset, ends before") as told:
        early = evaluate(Decoder(network, WORDS, settings), made, controls=(), n_permutations=200)
    assert early.decoder.measures["candidate"].value < 0.4
    [found] = [one for one in early.findings if one.check == "response"]
    assert found.verdict == "warning"
    assert str(told[0].message) == f"response: {found.reason}"
    assert "In the recording, labels differ there" in found.reason
    window = offered_in(found.reason)
    assert window == BlockAverage(start_s=4.0, stop_s=8.0)
    # Every Python warning is an error here.
    late = evaluate(Decoder(network, WORDS, replace(settings, window=window)), made, controls=(), n_permutations=200)
    assert late.decoder.measures["candidate"].value > 0.95
    assert {one.verdict for one in late.findings if one.check == "response"} == {"fine"}


@pytest.mark.parametrize("duration_s", [1.0, 2.0, 4.0, 8.0, 10.0])
@pytest.mark.parametrize("rate_hz", [0.4, 0.5, 1.0])
def test_what_is_offered_is_not_warned_of(duration_s: float, rate_hz: float) -> None:
    design = bold(10.0, 10.0, rate_hz=rate_hz)
    made = replace(design, events=replace(design.events, duration_s=np.full(len(design.events), duration_s)))
    found = found_in(made, BlockAverage(stop_s=max(duration_s, 2.5)))
    assert found.verdict == "warning"
    window = offered_in(found.reason)
    assert found_in(made, window).verdict == "fine"


@pytest.mark.parametrize("bin_s", [None, 2.5, 5.0])
def test_a_window_offered_in_bins_can_be_opened(bin_s: float | None) -> None:
    made = bold(10.0, 10.0, rate_hz=0.4)
    found = found_in(made, Epoch(0.0, 5.0, bin_s=bin_s))
    assert found.verdict == "warning"
    offered = offered_in(found.reason)
    assert isinstance(offered, Epoch)
    assert offered.bin_s == bin_s
    assert found_in(made, replace(offered, incomplete="drop")).verdict == "fine"


@pytest.mark.filterwarnings("error")
def test_a_choice_without_windows_on_events_is_passed_over() -> None:
    made = bold()
    settings = [Settings("first", window=window) for window in (BlockAverage(), SlidingAverage(4.0, 2.0))]
    (own, how), other = [(windows(one.window, made), one) for one in settings]
    assert response_finding(made, own, how, [other]).verdict == "warning"


def test_events_that_were_moved_to_the_response_already() -> None:
    made = bold()
    found = found_in(moved(made, 5.0))
    assert found.verdict == "fine"
    assert found.reason.endswith("already: the events follow the blood flow.")


def test_long_blocks_hold_their_own_response() -> None:
    assert found_in(bold(22.0, 12.0)).reason == "The window takes in most of what the blood answers to its event."


def test_noise_does_not_tell_and_is_not_said_to() -> None:
    found = found_in(bold(strength=0.0))
    assert found.verdict == "warning"
    assert "The recording itself does not tell; if its onsets were moved to the response already" in found.reason
    unique = bold()
    names = np.array([f"{i}.png" for i in range(len(unique.events))])
    found = found_in(replace(unique, events=replace(unique.events, label=names)))
    assert "The recording itself does not tell" in found.reason


def test_a_lag_counts() -> None:
    made = bold()
    assert found_in(made, steps=(Lag(lag_s=4.0),)).verdict == "fine"
    found = found_in(made, steps=(Lag(lag_s=2.0),))
    assert offered_in(found.reason) == BlockAverage(start_s=2.0, stop_s=10.0)
    assert found_in(made, BlockAverage(start_s=2.0, stop_s=10.0), (Lag(lag_s=2.0),)).verdict == "fine"


def test_a_window_offered_is_of_the_same_kind_and_clear_of_the_next_event() -> None:
    running = found_in(bold(), RunningAverage(max_samples=3))
    assert offered_in(running.reason) == RunningAverage(start_s=4.0, stop_s=12.0, max_samples=3)
    fast = bold(2.0, 1.0, rate_hz=1.0)
    found = found_in(fast)
    assert "is clear of the response to the next event" in found.reason
    assert offered_in(found.reason) == BlockAverage(start_s=5.0, stop_s=8.0, incomplete="partial")


def test_where_no_blood_is_measured() -> None:
    made = bold()
    assert found_in(replace(made, unit="uV")).verdict == "fine"
    assert found_in(replace(made, rate_hz=50.0, events=_squeezed(made, 100))).verdict == "fine"


def test_trials_without_a_rate(tmp_path: Path) -> None:
    """Their reader makes them samples at 1 Hz, which says nothing of a scanner, and nothing of how long runs last."""
    rng = np.random.default_rng(0)
    arrays = {"X": rng.normal(size=(160, 20)), "y": rng.choice(np.array(LABELS), 160), "run": np.arange(8).repeat(20)}
    np.savez(tmp_path / "a.npz", **arrays)
    made = read_named_arrays(tmp_path / "a.npz", "X", "y", run="run")
    assert len(made.runs) == 8
    assert found_in(made) == Finding("response", "fine", "Every sample is a trial, without time around it.")
    assert memory_finding(made, {run: run for run in made.runs}).verdict == "fine"


def _squeezed(made: Recording, times: float) -> Events:
    return replace(made.events, onset_s=made.events.onset_s / times, duration_s=made.events.duration_s / times)


def test_one_of_the_windows_to_choose_from_is_enough(network: Network) -> None:
    made, decoder = bold(), Decoder(network, WORDS, Settings("first", steps=[Detrend(2)]))
    choose = [Choice("window", [BlockAverage(), BlockAverage(start_s=4.0, stop_s=12.0)], "nearest")]
    found = evaluate(decoder, made, choose=choose, controls=(), n_permutations=100)
    assert found.decoder.measures["candidate"].value > 0.9
    steps = [Choice("steps", [(Detrend(2),), (Lag(lag_s=4.0), Detrend(2))], "nearest")]
    found = evaluate(decoder, made, choose=steps, controls=(), n_permutations=100)
    assert found.decoder.measures["candidate"].value > 0.9


@pytest.mark.filterwarnings("ignore:lag_s")  # the study's lag is for a TR of 2.5 s
def test_what_init_writes_finds_the_response(network: Network) -> None:
    """Its choices suit events that follow the blood flow, and those that do not."""
    sections = open_study(DEMO).sections
    choose = [one for one in sections.evaluation.choices() if one.setting in ("steps", "window")]
    decoder = Decoder(network, WORDS, Settings("first", steps=[Detrend(2)]))
    for made in (bold(), moved(bold(), 5.0)):
        found = evaluate(decoder, made, choose=choose, controls=(), n_permutations=100)
        assert found.decoder.measures["candidate"].value > 0.9


def test_pseudo_online_says_it_too(network: Network) -> None:
    decoder = Decoder(network, WORDS, Settings("first", window=BlockAverage(stop_s=8.0)))
    with pytest.warns(UserWarning, match="response: The window, 0 to 8 s"):
        found = pseudo_online(decoder, bold(), every_s=2.0, threshold=0.5, n_permutations=50)
    assert {one.check: one.verdict for one in found.findings}["response"] == "warning"


def test_noise_makes_no_false_claims(recordings: Callable[..., Recording]) -> None:
    """That labels differ in the recording is said in one of a hundred recordings of noise at most, or so."""
    claims = sum("labels differ" in found_in(bold(strength=0.0, seed=seed)).reason for seed in range(40))
    follows = sum("follow the blood" in found_in(bold(strength=0.0, seed=seed)).reason for seed in range(40))
    assert claims + follows <= 3
    at_once = recordings(n_runs=8)  # blocks that are there without any delay, as in simulations
    assert found_in(at_once).verdict == "fine"


def test_a_fit_says_it_too(tmp_path: Path) -> None:
    """Nothing is held out there, and so nothing else is audited."""
    path = save_study(tmp_path)
    made = bold(4.0, 16.0)
    words = dict(zip(LABELS, ("cat", "face", "shoe", "cat"), strict=True))
    labels = np.array([words[label] for label in made.events.label.tolist()])
    write_npz(replace(made, events=replace(made.events, label=labels, stimulus=None)), tmp_path / "recording.npz")
    study = open_study(path)
    with pytest.warns(UserWarning, match="response: The window, 0 to 4 s after the onset"):
        study.fit(study.decoder(), study.recording())
    window = 'window = { type = "BlockAverage", start_s = 4.0, stop_s = 8.0 }'
    path.write_text(STUDY.replace("layer = 1", f"layer = 1\n{window}"))
    study = open_study(path)
    study.fit(study.decoder(), study.recording())
