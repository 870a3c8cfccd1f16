"""Continuous recordings cut into runs in the pauses between events."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hotwire.decoder import Events, Recording
from hotwire.decoder.evaluation.audit.samples import memory_finding
from hotwire.decoder.readers import read_npz, write_npz
from hotwire.decoder.recordings.cutting import cut_runs
from hotwire.decoder.recordings.joining import joined
from hotwire.decoder.steps import Lag, RunningBaseline, run_steps
from hotwire.errors import InputError, RecordingError

RATE_HZ = 50.0


def make(onsets: dict[int | str, list[float]], duration_s: float = 0.0, length_s: float = 100.0) -> Recording:
    runs = list(onsets)
    n = int(length_s * RATE_HZ)
    run = np.repeat(np.array(runs), n)
    of_event = np.repeat(np.array(runs), [len(of) for of in onsets.values()])
    when = np.array([onset for of in onsets.values() for onset in of])
    events = Events(of_event, when, np.full(len(when), duration_s), np.array([f"e{i}" for i in range(len(when))], str))
    data = np.arange(n * len(runs), dtype=np.float32)[:, None]
    return Recording(data, RATE_HZ, ("Cz",), run, events, confounds=np.asarray(data, float), confound_names=("x",))


def at_onsets(r: Recording) -> list[float]:
    """The values of the samples at which events begin, which tell when that was."""
    return [
        float(r.data[r.samples_of(run)][round(onset * RATE_HZ), 0])
        for run, onset in zip(r.events.run.tolist(), r.events.onset_s.tolist(), strict=True)
    ]


@settings(max_examples=50)
@given(
    gaps=st.lists(st.sampled_from([1.0, 1.5, 2.0, 7.0]), min_size=2, max_size=12),
    duration_s=st.sampled_from([0.0, 0.5]),
    n_runs=st.integers(1, 4),
    seed=st.integers(0, 3),
)
def test_nothing_is_lost_and_no_window_is_cut(gaps: list[float], duration_s: float, n_runs: int, seed: int) -> None:
    onsets = (2 + np.cumsum([0, *gaps])).tolist()
    whole = make({1: np.random.default_rng(seed).permutation(onsets).tolist()}, duration_s)
    r = cut_runs(whole, n_runs=min(n_runs, len(onsets)), margin_s=(0.1, 0.2))
    np.testing.assert_array_equal(r.data, whole.data)
    np.testing.assert_array_equal(r.confounds, whole.confounds)  # type: ignore[arg-type]
    assert r.events.label.tolist() == whole.events.label.tolist()
    assert at_onsets(r) == at_onsets(whole)
    assert len(r.runs) == min(n_runs, len(onsets))
    assert set(r.events.run) == set(r.runs)
    lengths = r.run_lengths()
    for run, onset in zip(r.events.run.tolist(), r.events.onset_s.tolist(), strict=True):
        assert onset >= 0.1 - 1e-9
        assert onset + duration_s + 0.2 <= lengths[run] / RATE_HZ + 1e-9


def test_runs_have_as_many_events_as_each_other() -> None:
    r = cut_runs(make({1: [2.0 * i for i in range(1, 31)]}), n_runs=6)
    assert [int(np.sum(r.events.run == run)) for run in r.runs] == [5] * 6
    assert r.runs == [f"1 part {i}" for i in range(1, 7)]
    assert r.source.endswith("cut in 5 pauses between its events")


def test_the_most_even_cut_is_found() -> None:
    """Against all ways there are to cut."""
    from itertools import combinations

    rng = np.random.default_rng(0)
    for _ in range(20):
        pauses = rng.choice([1.0, 6.0], size=11)
        r = make({1: (3 + np.cumsum([0, *pauses])).tolist()})
        long_ones = np.flatnonzero(pauses == 6.0) + 1
        if len(long_ones) < 2:
            continue
        sizes = [np.diff([0, *map(int, cuts), 12]) for cuts in combinations(long_ones, 2)]
        cut = cut_runs(r, n_runs=3)
        found = [int(np.sum(cut.events.run == run)) for run in cut.runs]
        assert np.sum(np.square(found)) == min(np.sum(np.square(of)) for of in sizes)


def test_blocks_stay_together() -> None:
    """Letters of ten flashes: five runs of eleven letters are cut between letters, however uneven that is."""
    flashes = [10 * letter + 0.2 * i for letter in range(9) for i in range(1, 11)]
    r = cut_runs(make({1: flashes}), n_runs=4)
    assert sorted(int(np.sum(r.events.run == run)) for run in r.runs) == [20, 20, 20, 30]
    assert [*cut_runs(make({1: flashes}), pause_s=5).run_lengths()] == [f"1 part {i}" for i in range(1, 10)]


def test_the_cut_lies_in_the_middle_of_what_the_margins_leave() -> None:
    r = cut_runs(make({1: [10.0, 20.0]}, duration_s=2.0), n_runs=2, margin_s=(1.0, 3.0))
    assert r.run_lengths() == {"1 part 1": round(17 * RATE_HZ), "1 part 2": round(83 * RATE_HZ)}
    assert r.events.onset_s.tolist() == [10, 3]


def test_an_event_within_another_does_not_open_a_pause() -> None:
    events = Events(
        np.ones(3, int), np.array([10.0, 12.0, 60.0]), np.array([40.0, 0.5, 0.0]), np.array(["a", "b", "c"])
    )
    whole = Recording(np.zeros((5000, 1), np.float32), RATE_HZ, ("Cz",), np.ones(5000, int), events)
    assert cut_runs(whole, pause_s=5).run_lengths() == {"1 part 1": 2750, "1 part 2": 2250}
    with pytest.raises(RecordingError, match=r"for 3 runs, 2 pauses .* but only 1 are longer"):
        cut_runs(whole, n_runs=3)


@pytest.mark.parametrize(("first_s", "cut_at"), [(1.97, 11), (1.98, 11), (3.93, 11)])
def test_blocks_that_follow_each_other_without_a_pause_are_cut_where_they_meet(first_s: float, cut_at: int) -> None:
    """The sample that the border falls into goes with the later block; no onset is before its run."""
    tr_s = 1.97
    onsets = first_s + 10 * tr_s * np.arange(6.0)
    events = Events(np.ones(6, int), onsets, np.full(6, 10 * tr_s), np.array(["rest", "work"] * 3))
    whole = Recording(np.zeros((64, 1), np.float32), 1 / tr_s, ("x",), np.ones(64, int), events)
    cut = cut_runs(whole, n_runs=6)
    assert cut.events.run.tolist() == cut.runs
    assert list(cut.run_lengths().values()) == [cut_at, 10, 10, 10, 10, 64 - 40 - cut_at]
    assert [int(np.sum(cut_runs(whole, n_runs=3).events.run == f"1 part {i}")) for i in (1, 2, 3)] == [2, 2, 2]
    within = first_s - (cut_at - 10) * tr_s
    np.testing.assert_allclose(cut.events.onset_s, [first_s, *[within] * 5], atol=1e-3)


def test_events_at_the_same_time_stay_together() -> None:
    with pytest.raises(RecordingError, match=r"for 3 runs, 2 pauses .* but only 1 are longer"):
        cut_runs(make({1: [10.0, 10.0, 50.0]}), n_runs=3)


def test_runs_there_are_stay_apart() -> None:
    whole = make({"a": [10, 20, 30, 40], "b": [50], "rest": []})
    r = cut_runs(whole, n_runs=3)
    assert r.runs == ["a part 1", "a part 2", "b", "rest"]
    assert r.events.run.tolist() == ["a part 1"] * 2 + ["a part 2"] * 2 + ["b"]
    assert cut_runs(whole, n_runs=2).runs == ["a", "b", "rest"]
    with pytest.raises(InputError, match="n_runs: expected 2 or more"):
        cut_runs(whole, n_runs=1)


def test_wrong_inputs() -> None:
    whole = make({1: [10, 20]})
    for given_ in ({}, {"n_runs": 2, "pause_s": 1.0}):
        with pytest.raises(InputError, match="expected either n_runs or pause_s"):
            cut_runs(whole, **given_)
    with pytest.raises(InputError, match="n_runs: expected 1 or more, got 0"):
        cut_runs(whole, n_runs=0)
    with pytest.raises(InputError, match="pause_s: expected seconds above 0, got -1"):
        cut_runs(whole, pause_s=-1)
    with pytest.raises(InputError, match="margin_s: expected seconds before and behind"):
        cut_runs(whole, n_runs=2, margin_s=(-1, 0))
    with pytest.raises(RecordingError, match=r"only 0 are longer than the margins, 6 s before and 5 s behind"):
        cut_runs(whole, n_runs=2, margin_s=(6, 5))
    with pytest.raises(RecordingError, match="the recording has no events"):
        cut_runs(make({1: []}), pause_s=2.0)


def test_without_events_runs_are_cut_into_equal_parts() -> None:
    two = make({1: [], 2: []})
    n = two.run_lengths()[1]
    assert list(cut_runs(two, n_runs=4).run_lengths().values()) == [n // 2] * 4
    with pytest.raises(InputError, match="n_runs: expected a multiple of 2, the number of runs"):
        cut_runs(two, n_runs=3)


def test_runs_know_that_they_were_cut(tmp_path: Path) -> None:
    cut = cut_runs(make({1: [10.0, 40.0, 70.0], 2: [5.0]}), n_runs=4)
    assert cut.cut_from_last == ("1 part 2", "1 part 3")
    assert joined([cut, cut]).cut_from_last == ()
    write_npz(cut, tmp_path / "cut.npz")
    assert read_npz(tmp_path / "cut.npz").cut_from_last == cut.cut_from_last


@pytest.mark.parametrize(
    ("rate_hz", "verdict", "reason"),
    [
        (
            RATE_HZ,
            "fine",
            "2 runs were cut from the run before them, in pauses of 30 s or more: they share slow drifts",
        ),
        (1.0, "warning", "in pauses of 28 s or more, and the haemodynamic response lasts about 30 s"),
    ],
)
def test_what_the_study_cut_itself_is_no_seam(rate_hz: float, verdict: str, reason: str) -> None:
    made = make({1: [10.0, 40.0, 70.0]}, duration_s=0.0 if verdict == "fine" else 2.0)
    if rate_hz != RATE_HZ:
        made = replace(
            made, rate_hz=rate_hz, data=made.data[:100], run=made.run[:100], confounds=None, confound_names=()
        )
    cut = cut_runs(made, n_runs=3)
    found = memory_finding(cut, {run: i for i, run in enumerate(cut.runs)})
    assert found.verdict == verdict
    assert reason in found.reason


def test_steps_restart_in_each_run_or_go_on_across_the_cuts() -> None:
    events = Events(np.ones(3, int), np.array([2.0, 12.0, 22.0]), np.full(3, 3.0), np.array(["a", "b", "a"]))
    data = np.random.default_rng(0).normal(size=(30, 2)).astype(np.float32)
    recording = Recording(data, 1.0, ("x", "y"), np.ones(30, int), events)
    steps = [Lag(lag_samples=2), RunningBaseline()]
    whole = run_steps(steps, recording).data
    on = cut_runs(recording, 3, steps="go on")
    after = run_steps(steps, on)
    assert np.array_equal(after.data, whole)
    starts = np.flatnonzero(np.r_[True, on.run[1:] != on.run[:-1]])
    assert [after.samples_of(name).start for name in after.runs] == starts.tolist()
    assert after.trimmed_samples == 2
    again = run_steps(steps, cut_runs(recording, 3))
    assert len(again.data) == 30 - 3 * 2
    # What is left of a choice of runs goes on only from a run that is chosen, too.
    some = on.select(runs=["1 part 1", "1 part 3"])
    assert some.goes_on == ()
    last = run_steps(steps, some).data[run_steps(steps, some).samples_of("1 part 3")]
    assert np.array_equal(last, again.data[again.samples_of("1 part 3")])
