"""Whole pseudo-online evaluations of recordings whose answers are known."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from hotwire.adapters import plan as plan_module
from hotwire.adapters.plan import FitPlan
from hotwire.decoder import Choice, Decoder, Events, Recording, evaluate
from hotwire.decoder.evaluation import choices
from hotwire.decoder.experiments.pseudo_online.policy import Policy
from hotwire.decoder.experiments.pseudo_online.run import pseudo_online
from hotwire.decoder.steps import Detrend, ExponentialBaseline, Lag
from hotwire.decoder.windows import BlockAverage, Epoch
from hotwire.errors import InputError, LeakError, RecordingError, UnknownNameError

Streams = Callable[..., Recording]
Decoders = Callable[..., Decoder]
QUICK: dict[str, Any] = {"n_permutations": 200, "every_s": 0.25}


@pytest.fixture(scope="module")
def found(streams: Streams, decoders: Decoders) -> Any:
    return pseudo_online(decoders(), streams(), **QUICK)


def test_on_an_aligned_grid_decisions_are_the_offline_ones(found: Any, streams: Streams, decoders: Decoders) -> None:
    offline = evaluate(decoders(), streams(), controls=(), n_permutations=200)
    assert found.covering.offline["candidate"] == offline.decoder.measures["candidate"]
    assert found.covering.pseudo_online["candidate"].value == offline.decoder.measures["candidate"].value == 1.0
    assert found.covering.ratio == 1.0
    assert found.covering.n_pseudo_online == found.covering.n_offline == 32
    assert found.covering.latency_s == pytest.approx(0.95)


def test_a_clear_signal_is_found_soon_and_rest_stays_quiet(found: Any) -> None:
    events = found.events
    assert events.right.value > 0.9
    assert events.right.p_value == pytest.approx(1 / 201)
    assert events.right.value + events.wrong + events.missed == pytest.approx(1)
    assert 0 < events.seconds.lower <= events.seconds.median < 1.0
    assert events.false.value <= 1.5
    assert events.false.luck > events.false.value
    assert events.p_moved == pytest.approx(1 / 201)
    assert events.moved < 0.5
    # Four runs of 43 s; the first decision after one; eight events that hold for two seconds and half a window.
    assert events.false.minutes == pytest.approx(4 * (43 - 0.95 - 8 * 2.5) / 60)


def test_accuracy_grows_as_the_window_fills(found: Any) -> None:
    latencies = np.array([point.latency_s for point in found.curve])
    accuracy = np.array([point.accuracy for point in found.curve])
    assert np.allclose(np.diff(latencies), 0.25)
    assert np.isclose(latencies, 0.95).any()
    assert accuracy[latencies < -0.1].mean() < 0.6
    assert (accuracy[latencies > 0.9] == 1).all()
    best = found.curve[int(np.flatnonzero(np.isclose(latencies, 0.95))[0])]
    assert best.transfer.bits_per_minute == pytest.approx(2 * 60 / 0.95)


def test_every_run_is_decided_by_decoders_fitted_without_it(found: Any, streams: Streams, decoders: Decoders) -> None:
    recording = streams()
    assert [one.decisions.run for one in found.held_out] == recording.runs
    assert [one.fold for one in found.held_out] == [0, 1, 2, 3]
    assert found.n_decisions == 4 * (1 + (43 * 20 - 20) // 5)
    # What a run holds cannot change the threshold it is judged by.
    data = recording.data.copy()
    data[recording.samples_of(2)] = np.random.default_rng(5).normal(size=data[recording.samples_of(2)].shape)
    again = pseudo_online(decoders(), replace(recording, data=data), **QUICK)
    assert again[2].threshold == found[2].threshold
    assert again[1].threshold != found[1].threshold


def test_nothing_but_noise_stays_at_chance(streams: Streams, decoders: Decoders) -> None:
    recording = streams(noise=1.0, seed=3)
    noise = replace(recording, data=np.random.default_rng(1).normal(size=recording.data.shape).astype(np.float32))
    found = pseudo_online(decoders(), noise, false_per_minute=10.0, **QUICK)
    assert found.events.right.p_value > 0.01
    assert found.events.p_moved > 0.01
    assert abs(found.events.right.value - found.events.right.chance) < 0.2
    assert found.events.false is not None
    # Activations know nothing of the events, so luck has as many of them at rest.
    assert found.events.false.value == pytest.approx(found.events.false.luck, rel=0.35)


def test_a_given_threshold_is_taken_as_it_is(streams: Streams, decoders: Decoders) -> None:
    found = pseudo_online(decoders(), streams(), threshold=0.6, policy=Policy(2, 0.5), **QUICK)
    assert found.thresholds == [0.6] * 4
    assert not found.is_chosen
    later = pseudo_online(decoders(), streams(), threshold=0.6, policy=Policy(3, 0.5), **QUICK)
    assert later.events.seconds.median > found.events.seconds.median


def test_delays_of_steps_count(streams: Streams, decoders: Decoders) -> None:
    recording = streams()
    found = pseudo_online(decoders(steps=(Lag(0.5),)), recording, threshold=0.6, **QUICK)
    # The lag moves samples to where their event is, so that windows half a second later see what the event brings.
    assert found.delay_s == pytest.approx(0.5)
    assert found.covering.latency_s == pytest.approx(0.95 + 0.5)
    assert min(one.decisions.available_s[0] for one in found.held_out) == pytest.approx(0.95 + 0.5)


def test_events_that_follow_each_other_fast_are_decided_on_as_they_complete(
    streams: Streams, decoders: Decoders
) -> None:
    recording = streams(rest_s=0.0, n_events=12)
    recording = recording.select(labels=["cat", "face"])
    onset_s = recording.events.onset_s
    assert np.diff(np.unique(onset_s)).min() >= 2.0
    decoder = decoders(Epoch(-0.2, 1.9, incomplete="drop", baseline_s=(-0.2, 0.0)))
    found = pseudo_online(decoder, recording, windows="events", n_permutations=200)
    offline = evaluate(decoder, recording, controls=(), n_permutations=200).decoder.measures["candidate"]
    assert found.covering.ratio == 1.0
    assert found.covering.pseudo_online["candidate"].value == offline.value
    assert found.events.false is None
    assert found.n_decisions == found.covering.n_offline
    assert found.covering.latency_s == pytest.approx(1.85)
    assert found.events.transfer.seconds < 2.6


def test_answers_of_which_one_is_rare_are_compared_by_the_auc(streams: Streams, decoders: Decoders) -> None:
    recording = streams(n_events=12)
    frequent = recording.events.label != "shoe"
    label = np.where(frequent, "cat", "shoe")
    rare = replace(recording, events=replace(recording.events, label=label))
    found = pseudo_online(decoders(labels=("cat", "shoe")), rare, threshold=0.6, **QUICK)
    assert found.covering.main == "auc"
    assert found.covering.ratio == found.covering.pseudo_online["auc"].value / found.covering.offline["auc"].value


def test_choices_are_made_inside_the_training_runs(streams: Streams, decoders: Decoders) -> None:
    choice = Choice("window", [BlockAverage(2.2, 3.7, "drop"), BlockAverage(0.0, 1.5, "drop")])
    found = pseudo_online(decoders(), streams(noise=0.6), threshold=0.5, choose=[choice], **QUICK)
    assert {one["window"] for one in found.chosen} == {str(choice.values[1])}
    assert found.covering.latency_s == pytest.approx(1.45)


def test_without_rest_the_threshold_goes_by_right_events_alone(streams: Streams, decoders: Decoders) -> None:
    found = pseudo_online(decoders(), streams(rest_s=0.0), **QUICK)
    assert found.limit is None
    assert found.events.false is None
    assert found.events.right.value > 0.6


def test_rejected_windows_are_not_decided_on(streams: Streams, decoders: Decoders) -> None:
    recording = streams()
    data = recording.data.copy()
    at = recording.samples_of(1).start + 100
    data[at] += 1e3
    found = pseudo_online(
        decoders(Epoch(0.0, 1.0, most=100.0)), replace(recording, data=data), threshold=0.6, **QUICK
    )  # fmt: skip
    assert found.n_abstained == 4
    assert np.isnan(found[1].decisions.probabilities).any(axis=1).sum() == 4


def test_what_is_wrong_is_named(streams: Streams, decoders: Decoders) -> None:
    recording = streams(n_runs=3, n_events=4)
    without = replace(recording, events=Events.none())
    wrong: list[tuple[type[Exception], str, Decoder, Recording, dict[str, Any]]] = [
        (RecordingError, "got none", decoders(), without, {}),
        (InputError, "every_s", decoders(), recording, {"every_s": 1.5}),
        (InputError, "stop_s", decoders(BlockAverage()), recording, {}),
        (InputError, "Detrend", decoders(steps=(Detrend(1),)), recording, {}),
        (InputError, "threshold", decoders(), recording, {"threshold": 1.2}),
        (InputError, "either", decoders(), recording, {"threshold": 0.5, "false_per_minute": 1.0}),
        (InputError, "false_per_minute", decoders(), recording, {"false_per_minute": -1.0}),
        (InputError, "events alone", decoders(), recording, {"windows": "events", "false_per_minute": 1.0}),
        (InputError, "from_s", decoders(), recording, {"from_s": float("nan")}),
        (UnknownNameError, "sliding", decoders(), recording, {"windows": "slide"}),
        (RecordingError, "rest", decoders(), streams(n_runs=3, rest_s=0.0), {"false_per_minute": 1.0}),
        (InputError, "single training run", decoders(), streams(n_runs=2), {}),
    ]
    for kind, told, decoder, of, arguments in wrong:
        with pytest.raises(kind, match=told):
            pseudo_online(decoder, of, **arguments)
    choice = Choice("steps", [(ExponentialBaseline(5.0),), (Detrend(1),)])
    with pytest.raises(InputError, match="Detrend"):
        pseudo_online(decoders(), recording, choose=[choice])


def test_whitenings_of_all_folds_have_to_fit_into_memory(
    streams: Streams, decoders: Decoders, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each fold's is there to the end."""
    recording = streams()
    monkeypatch.setattr(choices, "plan_whitening", lambda *_: FitPlan("dual", 1.0, 2e9, 1.9e9))
    monkeypatch.setattr(plan_module, "machine_bytes", lambda: 7e9)
    with pytest.raises(InputError, match=r"whitening in 4 folds will take .*, or folds"):
        pseudo_online(decoders(whiten="samples"), recording, threshold=0.5)
    pseudo_online(decoders(whiten="samples"), recording, threshold=0.5, folds=3, n_permutations=10)


def test_leaks_are_refused(streams: Streams, decoders: Decoders) -> None:
    recording = streams()
    events = recording.events
    alike = np.tile(events.label[events.run == 0], len(recording.runs))  # every run tells the order of the others
    with pytest.raises(LeakError):
        pseudo_online(decoders(), replace(recording, events=replace(events, label=alike)), **QUICK)
