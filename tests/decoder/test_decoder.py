from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.exceptions import NotFittedError

from hotwire.adapters import RidgeAdapter, Whitener
from hotwire.adapters.kinds import KINDS
from hotwire.adapters.other.banded import BandedAdapter
from hotwire.adapters.other.delayed import DelayedAdapter
from hotwire.adapters.other.recursive import RecursiveAdapter
from hotwire.decoder import Decoder, LabelReadout, NearestReadout, Recording, Settings, TextReadout, WordTargets
from hotwire.decoder.decision import Decision
from hotwire.decoder.evaluation.evaluate import evaluate
from hotwire.decoder.linear import BY_REGION, default_adapter
from hotwire.decoder.steps import Detrend, RunningBaseline, open_chain, run_steps
from hotwire.decoder.windows import BlockAverage, RunningAverage, SlidingAverage, Trials, windows
from hotwire.errors import InputError, RecordingError, UnknownNameError
from hotwire.models import Network

TARGETS = WordTargets({"cat": "cat", "face": "face", "house": "house", "shoe": "shoe"})


def right(decoder: Decoder, recording: Recording) -> float:
    decisions = decoder.predict(recording)
    return float(np.mean([decision.answer == recording.events.label[decision.event] for decision in decisions]))


@pytest.mark.parametrize("whiten", ["none", "samples", "effective samples"])
@pytest.mark.parametrize("layer", ["first", "second"])
def test_says_what_was_shown(network: Network, recordings: Callable[..., Recording], whiten, layer: str) -> None:
    decoder = Decoder(network, TARGETS, Settings(layer, steps=[Detrend()], whiten=whiten)).fit(recordings())
    new = recordings(seed=1)
    decisions = decoder.predict(new)
    assert right(decoder, new) > 0.9
    assert [decision.run for decision in decisions] == new.events.run.tolist()
    for decision in decisions:
        assert sum(decision.probabilities.values()) == pytest.approx(1.0)
        assert decision.stop_s - decision.start_s == pytest.approx(6.0)


def test_linear_part_is_whitening_then_ridge(network: Network, recording: Recording) -> None:
    adapter = RidgeAdapter(alphas=3.0, gain="total")
    decoder = Decoder(network, TARGETS, Settings("second", whiten="samples", adapter=adapter)).fit(recording)
    whitener = Whitener().fit(recording.data)
    X = np.stack([recording.data[i : i + 3].mean(axis=0) for i in range(2, len(recording.data), 5)])
    targets = TARGETS.activations(network, ["second"])["second"][
        [TARGETS.keys.index(x) for x in recording.events.label]
    ]
    reference = RidgeAdapter(alphas=3.0, gain="total").fit(whitener.transform(X), targets)
    predicted = decoder.linear_.predict(X)
    np.testing.assert_allclose(predicted, reference.predict(whitener.transform(X)), atol=1e-4)


def test_effective_samples_are_counted_within_runs(network: Network, recording: Recording) -> None:
    decoder = Decoder(network, TARGETS, Settings("second", whiten="effective samples")).fit(recording)
    expected = Whitener("effective samples").fit(recording.data, groups=recording.run)
    found = decoder.linear_.whitener
    assert found is not None
    assert (found.shrinkage_, found.n_effective_) == (expected.shrinkage_, expected.n_effective_)
    assert found.n_effective_ < len(recording.data) / 1.5


def test_it_can_be_fitted_on_other_trials_than_it_decides_on(network: Network, recording: Recording) -> None:
    """Whole blocks of detrended runs go into the adapter, the samples of the causal step into the whitening."""
    adapter = RidgeAdapter(alphas=3.0, gain="total")
    causal, detrended = [RunningBaseline()], [Detrend()]
    live = Settings("second", causal, SlidingAverage(6.0, 2.0), "samples", adapter, fit_steps=detrended)
    decoder = Decoder(network, TARGETS, replace(live, fit_window=BlockAverage())).fit(recording)
    whitener = Whitener().fit(run_steps(causal, recording).data)
    trials = windows(BlockAverage(), run_steps(detrended, recording))
    targets = TARGETS.activations(network, ["second"])["second"][TARGETS.key_of(trials)]
    reference = RidgeAdapter(alphas=3.0, gain="total").fit(whitener.transform(trials.X), targets)
    X = run_steps(causal, recording).data[:3].mean(axis=0, keepdims=True)
    np.testing.assert_allclose(decoder.linear_.predict(X), reference.predict(whitener.transform(X)), atol=1e-4)
    decisions = decoder.predict(recording)
    assert len(decisions) == len(recording.runs) * 18
    assert {decision.event for decision in decisions} == {-1}


def test_bands_may_be_the_recordings_regions(network: Network, recording: Recording) -> None:
    regions = {"left": np.arange(8), "right": np.arange(7, 15)}
    bands = ["left"] * 7 + ["left and right"] + ["right"] * 7 + ["no region"] * 5
    by_region, by_hand = (
        Settings("second", adapter=BandedAdapter(of, gain="total", n_iter=3)) for of in (BY_REGION, bands)
    )
    recording = replace(recording, regions=regions)
    ours, theirs = (Decoder(network, TARGETS, one).fit(recording) for one in (by_region, by_hand))
    assert ours.predict(recording) == theirs.predict(recording)
    ours, theirs = (evaluate(one, recording, folds=3, controls=(), n_permutations=1) for one in (ours, theirs))
    np.testing.assert_array_equal(ours.decoder.scores, theirs.decoder.scores)
    with pytest.raises(InputError, match="bands = 'regions': expected a recording that brings regions along"):
        Decoder(network, TARGETS, by_region).fit(replace(recording, regions={}))


@settings(max_examples=15)
@given(data=st.data())
def test_chunks_do_not_change_a_single_bit(network: Network, recording: Recording, data: st.DataObject) -> None:
    """A run cut into any chunks, as a stream brings it, is decided as the whole one."""
    causal = Settings("first", steps=[RunningBaseline()], window=RunningAverage(max_samples=2))
    decoder = Decoder(network, TARGETS, causal).fit(recording)
    run = recording.select(runs=[3])
    expected = decoder.predict(run)
    cuts = sorted(data.draw(st.lists(st.integers(0, run.n_samples), max_size=6)))
    chain = open_chain(causal.steps, run.feature_names, run.rate_hz)
    state = causal.window.open(run.n_features, run.rate_hz)
    for event in range(len(run.events)):
        state.announce(event, float(run.events.onset_s[event]), float(run.events.duration_s[event]))
    rows = [row for chunk in np.split(run.data, cuts) for row in state.push(chain.push(chunk))]
    rows += state.push(chain.finish()) + state.finish()
    events = np.array([row.event for row in rows])
    streamed = Trials(
        X=np.stack([row.x for row in rows]),
        label=run.events.label[events],
        run=run.events.run[events],
        event=events,
        start_s=np.array([row.first for row in rows]) / run.rate_hz,
        stop_s=np.array([row.stop for row in rows]) / run.rate_hz,
        stimulus=None,
        left_out=np.empty(0, np.int64),
    )
    assert decoder.decide(streamed) == expected


def test_a_decision_does_not_depend_on_its_neighbours(network: Network, recording: Recording) -> None:
    decoder = Decoder(network, TARGETS, Settings("first")).fit(recording)
    alone = [decision for run in recording.runs for decision in decoder.predict(recording.select(runs=[run]))]
    together = decoder.predict(recording)
    assert [decision.probabilities for decision in alone] == [decision.probabilities for decision in together]


def test_another_recording_has_to_agree(network: Network, recording: Recording) -> None:
    decoder = Decoder(network, TARGETS, Settings("first")).fit(recording)
    names = [*recording.feature_names]
    names[3], names[4] = names[4], names[3]
    with pytest.raises(RecordingError, match=r"number 3: fitted on 'voxel_3', got 'voxel_4'"):
        decoder.predict(recording.select(features=names))
    with pytest.raises(RecordingError, match=r"expected the 20 features .* got 5"):
        decoder.predict(recording.select(features=np.arange(5)))
    other = Recording(recording.data, 0.25, recording.feature_names, recording.run, recording.events)
    with pytest.raises(RecordingError, match=r"rate_hz is 0\.25, but the decoder was fitted on 0\.5"):
        decoder.predict(other)
    volts = Recording(recording.data, 0.5, recording.feature_names, recording.run, recording.events, unit="V")
    with pytest.raises(RecordingError, match=r"unit of '.*' is 'V', but the decoder was fitted on 'a\.u\.'"):
        decoder.predict(volts)
    each = Recording(recording.data, 0.5, recording.feature_names, recording.run, recording.events, unit=("a.u.",) * 20)
    assert decoder.predict(each) == decoder.predict(recording)


def test_wrong_settings(network: Network, recording: Recording) -> None:
    with pytest.raises(UnknownNameError, match="There are: first, second"):
        Decoder(network, TARGETS, Settings("third"))
    with pytest.raises(InputError, match="prompt: only language models take one"):
        Decoder(network, TARGETS, Settings("first", prompt="A {}:"))
    with pytest.raises(InputError, match="only a language model answers freely"):
        Decoder(network, TARGETS, Settings("first", readout=TextReadout()))
    with pytest.raises(InputError, match="whiten: expected one of none, samples, effective samples, residuals, got"):
        Settings("first", whiten="yes")  # type: ignore[arg-type]
    with pytest.raises(NotFittedError, match="call fit"):
        Decoder(network, TARGETS, Settings("first")).predict(recording)
    late = Settings("first", window=BlockAverage(start_s=1000.0, stop_s=1010.0, incomplete="drop"))
    with pytest.raises(RecordingError, match="no trials; of its events"):
        Decoder(network, TARGETS, late).fit(recording)


def test_an_adapter_of_samples_in_time_is_refused() -> None:
    with pytest.raises(InputError, match="adapter: expected one that takes trials, got a DelayedAdapter"):
        Settings("8", adapter=DelayedAdapter())


@pytest.mark.parametrize("whiten", ["none", "samples"])
@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != DelayedAdapter.kind])
def test_the_unit_of_a_recording_changes_nothing(network: Network, recordings, kind: str, whiten) -> None:
    """As MNE reads volts and tesla; each kind of adapter with its default settings, and with those of a decoder."""
    for adapter in (KINDS[kind](), default_adapter(kind)):
        if kind == BandedAdapter.kind:
            adapter.set_params(bands=["left"] * 8 + ["right"] * 12)
        settings = Settings("first", [Detrend()], whiten=whiten, adapter=adapter)
        expected = decided(network, recordings, 1.0, settings)
        assert len({one.answer for one in expected}) == 4
        for unit in (1e-13, 1e-6, 1e6):
            for one, other in zip(expected, decided(network, recordings, unit, settings), strict=True):
                assert (unit, one.answer) == (unit, other.answer)
                wanted = list(one.probabilities.values())
                # Each sample is rounded anew to float32, to which the recursive adapter's weak default strength is
                # sensitive.
                tolerance = 2e-6 if kind == RecursiveAdapter.kind else 1e-6
                assert list(other.probabilities.values()) == pytest.approx(wanted, abs=tolerance)


def decided(network: Network, recordings, factor: float, settings: Settings) -> list[Decision]:
    fitted_on, new = (
        replace(of, data=of.data * np.float32(factor)) for of in (recordings(), recordings(seed=1, noise=2.0))
    )
    return Decoder(network, TARGETS, settings).fit(fitted_on).predict(new)


def test_a_fit_warns_of_mixed_units_and_of_strengths_at_the_end(network: Network, recording: Recording) -> None:
    mixed = replace(recording, data=recording.data * np.where(np.arange(20) < 10, 1e-7, 1).astype(np.float32))
    with pytest.warns(UserWarning, match=r"sizes: 10 of 20 features \(voxel_0, .* are units mixed") as caught:
        Decoder(network, TARGETS, Settings("second")).fit(mixed)
    assert [one.filename for one in caught] == [__file__]
    named = Settings("second", adapter=RidgeAdapter([1e-9, 1e-8], gain="total"))
    with pytest.warns(UserWarning, match="strength: 100 % .* are the strongest of those tried"):
        Decoder(network, TARGETS, named).fit(recording)
    scaled = Settings("second", adapter=RidgeAdapter(gain="total", scale="unit_variance"))
    Decoder(network, TARGETS, scaled).fit(mixed)  # warnings are errors here


@pytest.mark.parametrize("readout", [LabelReadout("remove"), NearestReadout()])
def test_a_decision_does_not_depend_on_what_others_are_made(network: Network, recordings, readout) -> None:
    decoder = Decoder(network, TARGETS, Settings("first", steps=[Detrend()], whiten="samples", readout=readout))
    decoder.fit(recordings())
    trials = windows(BlockAverage(), run_steps([Detrend()], recordings(seed=1, noise=1.0)))
    together = decoder.decide(trials)
    for some in (slice(3, 4), slice(5, 16), slice(None, None, -1), slice(0, 0)):
        assert decoder.decide(part(trials, some)) == together[some]


def part(trials: Trials, some: slice) -> Trials:
    fields = {name: of[some] for name, of in vars(trials).items() if isinstance(of, np.ndarray)}
    return replace(trials, **fields)
