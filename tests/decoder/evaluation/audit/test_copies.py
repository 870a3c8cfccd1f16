"""Runs and trials that another fold holds, too: found where they are the same, and never where they are not."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hotwire.decoder import Decoder, Events, Recording, Settings, WordTargets, evaluate
from hotwire.decoder.evaluation.audit.copies import copies_finding, repeats
from hotwire.decoder.evaluation.audit.likeness import likenesses
from hotwire.decoder.evaluation.splits import split_runs
from hotwire.decoder.finding import Finding
from hotwire.decoder.recordings.synthetic import SyntheticBrain, block_design
from hotwire.decoder.steps import Detrend
from hotwire.decoder.study.study import open_study
from hotwire.decoder.windows import BlockAverage, windows
from hotwire.errors import LeakError
from hotwire.models import Network

STUDIES = Path(__file__).parents[4] / "studies"
KEYS = ("cat", "face", "house", "shoe")


def scanner(seed: int = 0, n_features: int = 300) -> Recording:
    """Noise with memory and drifts around a level of each voxel, responses, and a drift that all runs share."""
    rng = np.random.default_rng(seed)
    design = block_design(KEYS, 6, rate_hz=0.5, duration_s=16.0, rest_s=14.0, seed=seed)
    brain = SyntheticBrain(n_features, signal_to_noise=0.3, noise_autocorrelation=0.4, drift=1.0, seed=seed)
    made = brain.record(design, {key: rng.normal(size=12) for key in KEYS})
    length = made.n_samples // 6
    shared = np.tile(np.linspace(-1, 1, length) ** 2, 6)[:, None] * rng.normal(size=n_features)
    return replace(made, data=(made.data + shared + rng.uniform(500, 1500, n_features)).astype(np.float32))


def electrodes(n_features: int = 3, seed: int = 0, rate_hz: float = 100.0) -> Recording:
    """Six runs of half a minute: pink noise, a rhythm and the hum of the mains, with trials of a second."""
    rng = np.random.default_rng(seed)
    n = int(30 * rate_hz)
    time_s = np.arange(6 * n) / rate_hz
    noise = np.cumsum(rng.normal(size=(6 * n, n_features)), axis=0) * 0.2 + rng.normal(size=(6 * n, n_features))
    rhythm = 2 * np.sin(2 * np.pi * 10 * time_s + np.cumsum(rng.normal(size=6 * n)) * 0.05)
    hum = 5 * np.sin(2 * np.pi * 20 * (time_s % 30))
    onset_s = np.tile(np.arange(25) + 2.0, 6).astype(np.float64)
    events = Events(np.repeat(np.arange(6), 25), onset_s, np.ones(150), rng.choice(np.array(KEYS), 150))
    data = noise + (rhythm + hum)[:, None]
    names = tuple(f"ch {i}" for i in range(n_features))
    return Recording(data.astype(np.float32), rate_hz, names, np.repeat(np.arange(6), n), events, unit="uV")


def responses(n_trials: int = 120, n_features: int = 40, seed: int = 0) -> Recording:
    """Every trial a run of one sample, with a level that all features share."""
    rng = np.random.default_rng(seed)
    data = rng.normal(size=(n_trials, n_features)) + 3 * rng.normal(size=(n_trials, 1)) + 10
    run = np.arange(n_trials)
    events = Events(run, np.zeros(n_trials), np.ones(n_trials), np.array([f"{i}.png" for i in range(n_trials)]))
    return Recording(data.astype(np.float32), 1.0, tuple(map(str, range(n_features))), run, events)


@pytest.fixture(scope="module")
def decoder(network: Network) -> Decoder:
    return Decoder(network, WordTargets({key: key for key in KEYS}), Settings("first", steps=[Detrend()]))


def found_in(recording: Recording, folds: int | None = None) -> Finding:
    held_out = split_runs(recording.runs, folds or "run")
    number = {run: i for i, runs in enumerate(held_out) for run in runs}
    return copies_finding(recording, windows(BlockAverage(incomplete="partial"), recording), number)


def with_copy(
    recording: Recording, change: Callable[[np.ndarray], np.ndarray], of: int = 1, into: int = 4, at: int = 0
) -> Recording:
    """One run's samples, changed in some way, in the place of those of another."""
    data = recording.data.copy()
    part = change(data[recording.samples_of(of)].astype(np.float64))
    first = recording.samples_of(into).start + at
    data[first : first + len(part)] = part
    return replace(recording, data=data)


def noisy(part: np.ndarray) -> np.ndarray:
    return part + 0.05 * part.std(axis=0) * np.random.default_rng(9).normal(size=part.shape)


@pytest.mark.parametrize("made", [scanner(), electrodes()], ids=["scanner", "electrodes"])
@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda part: part, "the same, number by number"),
        (lambda part: part[len(part) // 3 :], "the same, number by number"),
        (lambda part: 1.7 * part + 20, "the same but for scale, offset or a little noise"),
        (noisy, "the same but for scale, offset or a little noise"),
        (lambda part: noisy(part[len(part) // 4 :]), "the same but for scale, offset or a little noise"),
    ],
    ids=["copy", "part", "scaled", "noisy", "part, noisy"],
)
def test_a_run_that_is_a_copy(made: Recording, change: Callable[[np.ndarray], np.ndarray], told: str) -> None:
    assert found_in(made).verdict == "fine"
    found = found_in(with_copy(made, change))
    assert found.verdict == "leak"
    assert told in found.reason
    assert "(runs " in found.reason
    assert {"1", "4"} <= set(found.reason.partition("(runs ")[2].replace(")", " ").replace(".", " ").split())


def test_a_copy_in_another_order() -> None:
    """Where one volume has enough numbers; parts of an EEG stay longer than a stretch that is compared."""
    mixed = with_copy(scanner(), lambda part: noisy(part)[np.random.default_rng(1).permutation(len(part))])
    assert found_in(mixed).verdict == "leak"
    moved = with_copy(electrodes(), lambda part: noisy(np.roll(part, 700, axis=0)))
    assert found_in(moved).verdict == "leak"


def test_a_run_that_was_saved_twice() -> None:
    made = scanner()
    part = made.samples_of(2)
    n = part.stop - part.start
    mine = made.events.take(made.events.run == 2)
    both = replace(
        made,
        data=np.concatenate([made.data, made.data[part]]),
        run=np.concatenate([made.run, np.full(n, 9)]),
        events=Events.joined([made.events, replace(mine, run=np.full(len(mine), 9))]),
    )
    found = found_in(both)
    assert found.verdict == "leak"
    assert "28.6 % of the trials (runs 2 and 9)" in found.reason  # two of seven runs


def test_a_single_trial_that_another_run_holds_too() -> None:
    made = electrodes()
    of, into = made.samples_of(1).start + 500, made.samples_of(4).start + 1200
    data = made.data.copy()
    data[into : into + 100] = data[of : of + 100]
    found = found_in(replace(made, data=data))
    assert "1.3 % of the trials" in found.reason  # 2 of 150
    assert found.verdict == "leak"
    assert found_in(replace(made, data=data), folds=2).verdict in ("leak", "fine")  # both runs may be in one fold


@pytest.mark.parametrize("noise", [0.0, 0.1])
def test_responses_that_are_there_twice(noise: float) -> None:
    made = responses()
    assert found_in(made).verdict == "fine"
    data = made.data.copy()
    data[60:70] = data[10:20] + noise * np.random.default_rng(3).normal(size=(10, data.shape[1]))
    found = found_in(replace(made, data=data), folds=10)
    assert found.verdict == "leak"


def test_few_copies_among_many_are_a_warning() -> None:
    made = responses(400)
    data = made.data.copy()
    data[60] = data[10]
    found = found_in(replace(made, data=data))
    assert (found.verdict, "0.5 % of the trials (runs 10 and 60)" in found.reason) == ("warning", True)


def test_evaluate_refuses_copies_and_says_what_to_do(decoder: Decoder, recordings: Callable[..., Recording]) -> None:
    made = recordings(n_features=200)
    copied = with_copy(made, lambda part: part)
    with pytest.raises(LeakError, match=r"copies: .*runs 1 and 4.*To do: leave out one of two runs"):
        evaluate(decoder, copied, controls=(), n_permutations=100)
    with pytest.warns(UserWarning, match="copies"):
        found = evaluate(decoder, copied, controls=(), n_permutations=100, audit="warn")
    assert {one.check: one.verdict for one in found.findings}["copies"] == "leak"


# What is no copy


def runs_of(data: np.ndarray, n_runs: int, rate_hz: float = 50.0) -> Recording:
    run = np.repeat(np.arange(n_runs), len(data) // n_runs)
    return Recording(data.astype(np.float32), rate_hz, tuple(map(str, range(data.shape[1]))), run)


def counts(rng: np.random.Generator, rate: float, n_features: int) -> np.ndarray:
    return rng.poisson(rate, size=(2400, n_features)).astype(float)


ALIKE_BY_NATURE: dict[str, Callable[[np.random.Generator], Recording]] = {
    "noise": lambda rng: runs_of(rng.normal(size=(1200, 30)), 6),
    "noise of one channel": lambda rng: runs_of(rng.normal(size=(1200, 1)), 6),
    "short runs": lambda rng: runs_of(rng.normal(size=(60, 12)), 6),
    "constant features": lambda rng: runs_of(np.c_[rng.normal(size=(600, 3)), np.full((600, 20), 7.0)], 6),
    "nothing but constants": lambda rng: runs_of(np.full((600, 4), 7.0), 6),
    "rare spikes": lambda rng: runs_of(counts(rng, 0.05, 40), 6),
    "spikes": lambda rng: runs_of(counts(rng, 1.0, 10), 6),
    "rare spikes, single samples": lambda rng: runs_of(counts(rng, 0.2, 20)[:300], 300),
    "few values": lambda rng: runs_of(np.round(np.cumsum(rng.normal(size=(6000, 3)), axis=0) * 0.3), 6),
    "flicker in one phase": lambda rng: runs_of(
        np.tile(3 * np.sin(np.arange(1000) * 0.42), 6)[:, None] + rng.normal(size=(6000, 2)), 6
    ),
    "a held signal": lambda rng: runs_of(np.repeat(rng.integers(0, 4, 240), 5)[:, None] * np.ones(8), 4),
    "single samples": lambda rng: responses(seed=int(rng.integers(1000))),
    "few neurons": lambda rng: responses(n_features=5, seed=int(rng.integers(1000))),
    "a scanner": lambda rng: scanner(int(rng.integers(1000))),
    "electrodes": lambda rng: electrodes(seed=int(rng.integers(1000))),
}


@pytest.mark.parametrize("kind", ALIKE_BY_NATURE)
def test_what_is_alike_by_nature_is_no_copy(kind: str) -> None:
    for seed in range(8):
        made = ALIKE_BY_NATURE[kind](np.random.default_rng(seed))
        fold = np.unique(made.run, return_inverse=True)[1]
        assert not len(repeats(made, fold).where)
        assert not len(likenesses(made, fold).where)


def test_trials_of_a_label_may_be_as_alike_as_they_like() -> None:
    """A response far above the noise: what is compared is what the label does not explain."""
    rng = np.random.default_rng(0)
    patterns = 30 * rng.normal(size=(4, 60))
    label = np.concatenate([rng.permutation(np.repeat(np.arange(4), 6)) for _ in range(6)])
    data = patterns[np.repeat(label, 4)] + rng.normal(size=(576, 60))
    onset_s = np.tile(np.arange(24) * 8.0, 6).astype(np.float64)
    events = Events(np.repeat(np.arange(6), 24), onset_s, np.full(144, 8.0), np.array(KEYS)[label])
    made = replace(runs_of(data, 6, rate_hz=0.5), events=events)
    assert found_in(made).verdict == "fine"
    assert found_in(with_copy(made, lambda part: part)).verdict == "leak"


def test_a_simulation_without_noise_is_no_copy() -> None:
    rng = np.random.default_rng(0)
    design = block_design(KEYS, 6, rate_hz=0.5, duration_s=12.0, rest_s=20.0)
    brain = SyntheticBrain(40, signal_to_noise=np.inf)
    assert found_in(brain.record(design, {key: rng.normal(size=12) for key in KEYS})).verdict == "fine"


def test_nothing_but_copies_of_one_run() -> None:
    """Labels explain it all then, but so does the place in the run."""
    made = scanner()
    one = made.samples_of(1)
    mine = made.events.take(made.events.run == 1)
    n = one.stop - one.start
    same = replace(
        made,
        data=np.tile(made.data[one], (4, 1)),
        run=np.repeat(np.arange(4), n),
        events=Events.joined([replace(mine, run=np.full(len(mine), run)) for run in range(4)]),
    )
    assert found_in(same).verdict == "leak"


REAL = (
    "haxby-map",
    "haxby-openfmri",
    "haxby-vt-map",
    "it-objects",
    "openbmi-imagery",
    "openbmi-p300",
    "openbmi-ssvep",
    "digits69-map",
    "v4-210621",
    "v4-map-190923",
    "v4-map-210325",
)


@pytest.mark.slow
@pytest.mark.parametrize("name", REAL)
def test_real_recordings_are_not_accused(name: str) -> None:
    if not os.environ.get("HOTWIRE_DATA"):
        pytest.skip("needs the folder that HOTWIRE_DATA names")
    study = open_study(STUDIES / f"{name}.toml")
    made = study.recording()
    section = study.sections.evaluation
    held_out = split_runs(made.runs, section.folds, seed=section.seed)
    number = {run: i for i, runs in enumerate(held_out) for run in runs}
    trials = windows(study.sections.decoder.settings().window, made)
    assert copies_finding(made, trials, number) == Finding(
        "copies", "fine", "No stretch of samples occurs in two folds."
    )
    first, last = made.runs[1], made.runs[-2]
    if number[first] != number[last] and made.run_lengths()[first] > 1:
        data = made.data.copy()
        of, into = made.samples_of(first), made.samples_of(last)
        n = min(of.stop - of.start, into.stop - into.start)
        data[into.start : into.start + n] = data[of.start : of.start + n]
        assert copies_finding(replace(made, data=data), trials, number).verdict != "fine"
