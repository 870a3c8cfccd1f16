"""Whole maps of small recordings, with a network of a few units."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hotwire.adapters import RidgeAdapter
from hotwire.adapters import plan as plan_module
from hotwire.adapters.plan import FitPlan
from hotwire.decoder import Decoder, LabelReadout, Recording, Settings, WordTargets, evaluate
from hotwire.decoder.evaluation import controls
from hotwire.decoder.evaluation.splits import split_runs
from hotwire.decoder.experiments.kernel.cache import ArrayCache
from hotwire.decoder.experiments.maps import cells
from hotwire.decoder.experiments.maps import session as maps_session
from hotwire.decoder.experiments.maps.cells import entry_of, jobs_of, work_out
from hotwire.decoder.experiments.maps.gather import Gathered
from hotwire.decoder.experiments.maps.result import MapCell, TimeRange
from hotwire.decoder.experiments.maps.run import make_map
from hotwire.decoder.experiments.maps.session import MapSession
from hotwire.decoder.experiments.maps.settings import MapSettings, NetworkSpec
from hotwire.decoder.readouts.entry import Entry
from hotwire.decoder.readouts.readout import Readout
from hotwire.decoder.statistics.measures import pairwise
from hotwire.decoder.steps import Detrend
from hotwire.errors import InputError, RecordingError, UnknownNameError
from hotwire.models import Network

TARGETS = WordTargets({"cat": "cat", "face": "face", "house": "house", "shoe": "shoe"})
SHUFFLED = "shuffled pairing"
DECODER = Settings("first", steps=[Detrend()], whiten="samples")


@pytest.fixture
def store(tmp_path: Path) -> ArrayCache:
    return ArrayCache(tmp_path / "results")


@pytest.fixture
def make_session(network: Network) -> Callable[..., MapSession]:
    def make(
        recording: Recording, name: str = "one", regions=None, layers=None, readout: Readout | None = None, **settings
    ) -> MapSession:
        networks = [NetworkSpec(network, TARGETS, layers or tuple(network.layers), readout or LabelReadout())]
        regions = regions or {"all": np.arange(recording.n_features)}
        return MapSession(name, recording, regions, networks, MapSettings(DECODER, n_permutations=200, **settings))

    return make


def test_a_cell_is_what_evaluate_finds(network, recording, make_session, store):
    """Exchanges and shuffles are drawn with the session's own seed."""
    session = make_session(recording)
    found = make_map([session], cache=store)
    for layer in network.layers:
        decoder = Decoder(network, TARGETS, Settings(layer, steps=[Detrend()], whiten="samples"))
        given: Any = {"n_permutations": 200, "n_shuffles": 1}
        beside = evaluate(decoder, recording, controls=("mean activation", "untrained network"), **given)
        drawn = evaluate(decoder, recording, controls=("shuffled pairing",), seed=session.own_seed, **given)
        cell = found.cells[MapCell("all", "", network.name, layer)]
        assert cell.measures["pairwise"].value == pytest.approx(beside.decoder.measures["pairwise"].value)
        assert cell.measures["candidate"].value == pytest.approx(beside.decoder.measures["candidate"].value)
        assert cell.measures["pairwise"].p_value == pytest.approx(drawn.decoder.measures["pairwise"].p_value)
        assert cell.ceiling["candidate"] == beside.ceiling.measures["candidate"].value
        for control, outcome in (beside.controls | drawn.controls).items():
            assert cell.controls[control]["pairwise"].value == pytest.approx(outcome.measures["pairwise"].value)


@dataclass(frozen=True)
class DotReadout(Readout):
    """Of another package: how far a state goes along each class's target."""

    def scores(self, entry: Entry, states: np.ndarray) -> np.ndarray:
        return (states - entry.mean) @ (entry.targets - entry.mean).T


def test_a_readout_of_another_package(network, recording, make_session):
    session = make_session(recording, layers=("second",), readout=DotReadout(), controls=())
    found = work_out(session, next(job for job in jobs_of(session) if isinstance(job, MapCell)))
    settings = Settings("second", steps=[Detrend()], whiten="samples", readout=DotReadout())
    beside = evaluate(Decoder(network, TARGETS, settings), recording, n_permutations=20, controls=())
    np.testing.assert_allclose(found["decoder"].reshape(beside.decoder.scores.shape), beside.decoder.scores, rtol=1e-4)


def test_only_the_region_and_the_time_with_the_signal_decode(recordings, network, make_session, store):
    recording = recordings(n_runs=8)
    rng = np.random.default_rng(5)
    noise = rng.normal(size=recording.data.shape).astype(np.float32)
    both = Recording(
        np.concatenate([recording.data, noise], axis=1),
        recording.rate_hz,
        tuple(f"v{i}" for i in range(2 * recording.n_features)),
        recording.run,
        recording.events,
    )
    half = recording.n_features
    regions = {"signal": np.arange(half), "noise": np.arange(half, 2 * half)}
    times = [TimeRange("before", -2.0, 0.0), TimeRange("during", 0.0, 4.0)]
    session = make_session(both, regions=regions, times=times)
    found = make_map([session], cache=store)
    for layer in network.layers:
        value = {
            place: found.cells[MapCell(*place, network.name, layer)].measures["pairwise"]
            for place in [("signal", "during"), ("signal", "before"), ("noise", "during")]
        }
        assert value["signal", "during"].value > 0.9
        assert value["signal", "before"].value < 0.7
        assert value["noise", "during"].value < 0.7
    nested = found.nested
    assert {cell.region for cell in nested.chosen["one"]} == {"signal"}
    assert {cell.time for cell in nested.chosen["one"]} == {"during"}
    assert nested.measures["pairwise"].value > 0.9
    assert found.nested_by_region["noise"].measures["pairwise"].p_value > 0.01
    # Each cell's p is that of the greatest of all cells under each exchange, worked out again from the stored scores.
    gathered = Gathered(session, store)
    samples = {cell: gathered.cell(cell)["decoder"]["pairwise"] for cell in found.cells}
    greatest = np.max([one.permuted for one in samples.values()], axis=0)
    for cell, result in found.cells.items():
        expected = (1 + np.count_nonzero(greatest >= samples[cell].value - 1e-12)) / (1 + len(greatest))
        assert result.p_corrected["pairwise"] == pytest.approx(expected)
    assert len({one.p_corrected["pairwise"] for one in found.cells.values()}) > 1


def test_the_choice_never_sees_what_it_is_tested_on(recording, make_session):
    """Inner accuracies of an outer fold do not change with the data of the runs that it holds out."""
    session = make_session(recording, controls=())
    held_out = np.isin(recording.run, session.held_out[2])
    data = recording.data.copy()
    data[held_out] = np.random.default_rng(1).normal(size=data[held_out].shape)
    changed = make_session(
        Recording(data, recording.rate_hz, recording.feature_names, recording.run, recording.events), controls=()
    )
    for job in jobs_of(session):
        if isinstance(job, MapCell):
            ours, theirs = work_out(session, job), work_out(changed, job)
            assert ours["inner"][2] == theirs["inner"][2]
            assert ours["strengths"][2] == theirs["strengths"][2]
            test = session.outer[2].test
            assert not np.array_equal(ours["decoder"][0, test], theirs["decoder"][0, test])


def test_inner_accuracy_by_hand(network, recording, make_session):
    session = make_session(recording, controls=(), inner_folds=3)
    cell = MapCell("all", "", network.name, "first")
    runs = [run for run in recording.runs if run not in session.held_out[0]]
    scores, truth = [], []
    # Without whitening, which goes by all training runs of the outer fold.
    plain = MapSettings(Settings("first", steps=[Detrend()]), controls=(), n_permutations=10, inner_folds=3)
    for split in session.inner[0]:
        test_runs = np.unique(session.trials.run[split.test])
        train = [run for run in runs if run not in test_runs]
        fitted = Decoder(network, TARGETS, Settings("first", steps=[Detrend()])).fit(recording.select(runs=train))
        decisions = fitted.predict(recording.select(runs=list(test_runs)))
        scores += [np.log(list(one.probabilities.values())) for one in decisions]
        truth += session.truth(network.name)[split.test].tolist()
    bare = MapSession("bare", recording, session.regions, list(session.networks.values()), plain)
    assert work_out(bare, cell)["inner"][0] == pytest.approx(np.mean(pairwise(np.array(scores), truth)), abs=1e-6)


def test_a_control_that_is_registered_is_in_the_map(recording, network, make_session, store, monkeypatch):
    monkeypatch.setattr(controls, "REGISTERED", controls.Controls("hotwire.controls", dict(controls.REGISTERED)))
    controls.register(controls.Control("unchanged", "", activations=lambda predicted, mean: predicted))
    controls.register(controls.Control("nothing", "", activations=lambda predicted, mean: 0 * mean))
    found = make_map([make_session(recording, controls=("unchanged", "nothing"))], cache=store)
    for cell in found.cells.values():
        assert list(cell.controls) == ["unchanged", "nothing"]
        assert cell.controls["unchanged"] == cell.measures
        assert cell.controls["nothing"]["candidate"].value == 0.25  # one of four classes, always


@pytest.mark.filterwarnings("ignore:response")
def test_a_control_that_searches_chooses_as_a_map_with_exchanged_labels(recordings, network, make_session, store):
    """The cells, and what is read there, are those of a recording whose labels were exchanged."""
    recording = recordings(noise=1.0)
    times = [TimeRange(str(i), 2.0 * i, 2.0 * i + 2) for i in range(3)]
    options = {"controls": (SHUFFLED,), "n_shuffles": 2, "seed": 1, "inner_folds": 3, "times": times}
    session = make_session(recording, **options, controls_redo="search")
    found = make_map([session], cache=store)
    order = session.pairing(SHUFFLED)
    hits = []
    for one in order:
        label = recording.events.label.copy()
        label[session.trials.event] = session.trials.label[one]
        exchanged = make_session(
            replace(recording, events=replace(recording.events, label=label)), **options | {"controls": ()}
        )
        by_hand = make_map([exchanged], cache=store)
        chosen, truth = by_hand.nested.chosen[exchanged.name], session.truth(network.name)
        assert chosen != found.nested.chosen[session.name]  # else nothing would be tested
        for split, cell in zip(session.outer, chosen, strict=True):
            scores = store.get(entry_of(exchanged, cell))["decoder"][0]
            hits += (scores[split.test].argmax(axis=1) == truth[split.test]).tolist()
    assert found.nested.controls[SHUFFLED]["candidate"].value == pytest.approx(np.mean(hits))
    fitted = make_map([make_session(recording, **options)], cache=store)
    assert fitted.nested.controls[SHUFFLED] != found.nested.controls[SHUFFLED]
    assert fitted.nested.measures == found.nested.measures
    assert {name: of.controls for name, of in fitted.cells.items()} == {
        name: of.controls for name, of in found.cells.items()
    }


def test_a_control_without_predictors_is_left_out_and_said_to_be(recording, make_session, store, monkeypatch):
    monkeypatch.setattr(controls, "REGISTERED", controls.Controls("hotwire.controls", dict(controls.REGISTERED)))
    controls.register(controls.Control("flicker", "", predictors=lambda targets: None, needs="films"))
    found = make_map([make_session(recording, controls=("mean activation", "flicker"))], cache=store)
    assert list(found.nested.controls) == ["mean activation"]
    [reason] = [one["reason"] for one in found.sessions[0].findings if one["check"] == "controls"]
    assert reason.startswith("The control 'flicker' was left out: it needs films")


def test_whitenings_of_all_folds_have_to_fit_into_memory(recording, make_session, store, monkeypatch):
    monkeypatch.setattr(maps_session, "plan_whitening", lambda *_: FitPlan("dual", 1.0, 2e9, 1.9e9))
    monkeypatch.setattr(plan_module, "machine_bytes", lambda: 1e9 + 1.9e9)
    with pytest.raises(InputError, match=r"whitening all in \d folds will take .*, or folds"):
        make_map([make_session(recording)], cache=store)


def test_what_is_done_is_not_done_again(recording, make_session, store, monkeypatch):
    session = make_session(recording)
    first = make_map([session], cache=store)
    done = []
    monkeypatch.setattr(ArrayCache, "put", lambda *entry: done.append(entry))
    again = make_map([make_session(recording)], cache=store)
    assert not done
    assert again.nested == first.nested
    assert again.cells == first.cells


def test_regions_of_the_same_features_are_worked_out_once(recording, make_session, store, monkeypatch):
    """Two threads that write one file at a time would take it away from each other."""
    names: list[str] = []
    put = ArrayCache.put

    def recorded(cache: ArrayCache, name: str, arrays: dict[str, np.ndarray]) -> None:
        names.append(name)
        put(cache, name, arrays)

    monkeypatch.setattr(ArrayCache, "put", recorded)
    everything = np.arange(recording.n_features)
    found = make_map([make_session(recording, regions={"all": everything, "brain": everything})], cache=store)
    assert len(set(names)) == len(names)
    for cell, one in found.cells.items():
        assert one.measures == found.cells[cell._replace(region="brain")].measures


def test_a_damaged_piece_is_worked_out_anew(recording, make_session, store):
    session = make_session(recording)
    first = make_map([session], cache=store)
    pieces = sorted(store.folder.iterdir())
    assert len(pieces) == len(jobs_of(session))
    pieces[0].write_bytes(pieces[0].read_bytes()[:100])
    pieces[1].write_bytes(b"")
    assert make_map([make_session(recording)], cache=store).cells == first.cells


def test_other_data_settings_or_regions_are_other_pieces(recording, make_session):
    session = make_session(recording)
    job = jobs_of(session)[-1]
    noisier = Recording(
        recording.data + 1e-3, recording.rate_hz, recording.feature_names, recording.run, recording.events
    )
    others = [
        make_session(noisier),
        make_session(recording, inner_folds=2),
        make_session(recording, seed=1),
        make_session(recording, regions={"all": np.arange(recording.n_features - 1)}),
    ]
    keys = {entry_of(one, job) for one in [session, *others]}
    assert len(keys) == 5
    assert entry_of(make_session(recording), job) == entry_of(session, job)


def test_what_a_control_or_a_readout_does_is_in_the_key(recording, make_session, monkeypatch):
    """Other functions under the same name, as another version of a package has them."""

    def keys(control: controls.Control, readout: Readout | None = None) -> list[str]:
        monkeypatch.setattr(controls, "REGISTERED", controls.Controls("hotwire.controls", {"own": control}))
        session = make_session(recording, controls=("own",), readout=readout)
        return [entry_of(session, jobs_of(session)[0]), entry_of(session, jobs_of(session)[-1])]

    def reversed_order(groups: np.ndarray, events: np.ndarray, n: int, seed: int) -> np.ndarray:
        return np.tile(np.arange(len(events))[::-1], (n, 1))

    @dataclass(frozen=True)
    class Opposite(DotReadout):
        def scores(self, entry: Entry, states: np.ndarray) -> np.ndarray:
            return -super().scores(entry, states)

    Opposite.__qualname__ = DotReadout.__qualname__
    own = controls.Control("own", "")
    n_keys = len(TARGETS.keys)
    others = [
        keys(own, DotReadout()),
        keys(own, Opposite()),
        *map(
            keys,
            [
                own,
                replace(own, activations=lambda predicted, mean: predicted),
                replace(own, activations=lambda predicted, mean: predicted / 2),
                replace(own, pairing=reversed_order),
                replace(own, pairing=lambda groups, events, n, seed: np.tile(np.arange(len(events)), (n, 1))),
                replace(own, predictors=lambda targets: np.eye(n_keys)),
                replace(own, predictors=lambda targets: np.eye(n_keys)[::-1]),
                replace(own, untrained=True),
                replace(own, readout=DotReadout()),
            ],
        ),
    ]
    assert keys(own) == others[2]
    for of_job in zip(*others, strict=True):
        assert len(set(of_job)) == len(others)


def test_the_runs_that_strengths_are_chosen_over_are_in_the_key_of_a_layer(recordings, make_session):
    """Two runs that are one, of the same trials, in the same folds, without activity: as for the nuisance control."""
    four = recordings(n_runs=4)
    events = four.events.take(np.arange(1, len(four.events)))  # unequal shares, so that targets are shuffled over runs
    seed = next(seed for seed in range(99) if split_runs(range(4), 2, seed=seed) == [[0, 1], [2, 3]])
    length_s = four.n_samples / 4 / four.rate_hz
    joined = replace(events, run=events.run // 2, onset_s=events.onset_s + length_s * (events.run % 2))
    sessions = [
        make_session(Recording(four.data, four.rate_hz, four.feature_names, run, of), folds=folds, seed=seed)
        for run, of, folds in ((four.run, events, 2), (four.run // 2, joined, "run"))
    ]
    layer = jobs_of(sessions[0])[0]
    assert sessions[0].fold_ingredients == sessions[1].fold_ingredients
    assert entry_of(sessions[0], layer) != entry_of(sessions[1], layer)


def test_several_sessions_are_averaged(recordings, make_session, store):
    pair = [make_session(recordings(seed=seed), name) for seed, name in ((0, "a"), (1, "b"))]
    single = [make_map([session], cache=store) for session in pair]
    both = make_map(pair, cache=store)
    for cell, result in both.cells.items():
        values = [one.cells[cell].measures["pairwise"].value for one in single]
        assert result.measures["pairwise"].value == pytest.approx(np.mean(values))
        assert list(result.by_session) == ["a", "b"]
        assert [of["pairwise"] for of in result.by_session.values()] == pytest.approx(values)
    assert list(both.nested.chosen) == ["a", "b"]


def test_states_come_in_parts(recording, make_session, monkeypatch):
    session = make_session(recording)
    job = jobs_of(session)[-1]
    whole = work_out(session, job)
    monkeypatch.setattr(cells, "MOST_ELEMENTS", 7)
    parts = work_out(session, job)
    for name, array in whole.items():
        np.testing.assert_allclose(parts[name], array, rtol=1e-5, atol=1e-6, err_msg=name)


def test_events_that_miss_a_time_are_left_out_everywhere(recording, make_session):
    session = make_session(recording, times=[TimeRange("0", 0.0, 4.0), TimeRange("late", 0.0, 1e3)])
    with pytest.raises(RecordingError, match="no event has samples at every time"):
        len(session.trials)


def test_wrong_inputs(recording, make_session, network):
    with pytest.raises(InputError, match="regions: 'V1' has no features"):
        make_session(recording, regions={"V1": np.array([], int)})
    with pytest.raises(UnknownNameError, match="layer"):
        make_session(recording, layers=("third",))
    with pytest.raises(UnknownNameError, match="control"):
        make_session(recording, controls=("placebo",))
    with pytest.raises(InputError, match="times: expected one or more, each with a name of its own"):
        make_session(recording, times=[TimeRange("a", 0.0, 1.0), TimeRange("a", 1.0, 2.0)])
    with pytest.raises(InputError, match="differ in their regions"):
        make_map([make_session(recording), make_session(recording, "two", regions={"V1": np.arange(3)})])
    with pytest.raises(InputError, match="each with a name of its own"):
        make_map([make_session(recording), make_session(recording)])
    with pytest.raises(InputError, match="at least one"):
        make_map([])


@pytest.mark.filterwarnings("ignore:response")
def test_cells_are_chosen_over_two_training_runs_at_least(recordings, make_session, store):
    with pytest.raises(InputError, match="map: expected at least two training runs in every fold"):
        make_map([make_session(recordings(n_runs=2))], cache=store)


def test_cells_of_other_strengths_are_not_taken_for_these(network: Network, recording: Recording) -> None:
    """Nor where what differs is left out when an adapter is printed, as what is so by default is."""

    def entry(adapter: RidgeAdapter) -> str:
        networks = [NetworkSpec(network, TARGETS, ("first",), LabelReadout())]
        settings = MapSettings(replace(DECODER, adapter=adapter), n_permutations=200)
        session = MapSession("one", recording, {"all": np.arange(recording.n_features)}, networks, settings)
        return entry_of(session, jobs_of(session)[-1])

    by_default = RidgeAdapter(choose_by="direction", gain="total")
    named = RidgeAdapter([1.0, 10.0], choose_by="direction", gain="total")
    assert entry(by_default) == entry(RidgeAdapter(choose_by="direction", gain="total"))
    assert entry(by_default) != entry(named)

    class Silent(RidgeAdapter):
        def __repr__(self, N_CHAR_MAX: int = 700) -> str:
            return repr(by_default)

    silent = Silent([1.0, 10.0], choose_by="direction", gain="total")
    assert entry(silent) != entry(Silent(choose_by="direction", gain="total"))
    assert entry(silent) != entry(named)  # a class of another package does what its code says


def test_sessions_of_the_same_design_draw_on_their_own(recording, make_session):
    """Else their means would vary together, and the mean of the sessions more than its interval says."""
    one, other = make_session(recording), make_session(recording, "other")
    assert not np.array_equal(one.orders, other.orders)
    assert not np.array_equal(one.pairing("shuffled pairing"), other.pairing("shuffled pairing"))
    np.testing.assert_array_equal(one.orders, make_session(recording).orders)
