"""Recordings that leak in one way each, and clean ones that must not be accused."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import permutations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from hotwire.decoder import Events, Recording, Settings, StimulusTargets, WordTargets
from hotwire.decoder.evaluation.audit.leaks import audit, refuse
from hotwire.decoder.evaluation.audit.order import agreement, predicted_by_position, predicted_by_run
from hotwire.decoder.evaluation.audit.samples import centred_over_all, seams
from hotwire.decoder.evaluation.audit.stimuli import looks
from hotwire.decoder.evaluation.splits import split_runs
from hotwire.decoder.finding import Finding
from hotwire.decoder.readers import read_attributes, read_nifti, read_pictures, read_responses
from hotwire.decoder.steps import Detrend, Lag, run_steps
from hotwire.decoder.targets import Targets
from hotwire.decoder.windows import BlockAverage, Trials, windows
from hotwire.errors import InputError, LeakError
from hotwire.models import Network

WORDS = WordTargets({label: label for label in ("cat", "face", "house", "shoe")})
LABELS = np.array(WORDS.answers)
ORDER_CHECKS = ("label by run", "label by position")
RESPONSE = BlockAverage(start_s=4.0, stop_s=10.0)
"""What the blood answers to an event of 6 s."""


def audited(
    recording: Recording,
    targets: Targets = WORDS,
    how: Settings | None = None,
    held_out: Sequence[Sequence[Any]] | None = None,
) -> dict[str, Finding]:
    if how is None:
        in_time = recording.rate_hz <= 2.0 and recording.n_samples > len(recording.runs)
        how = Settings("first", window=RESPONSE) if in_time else Settings("first")
    trials: Trials = windows(how.window, run_steps(how.steps, recording))
    found = audit(recording, trials, targets, held_out or split_runs(recording.runs, "run"), how)
    assert len({one.check for one in found}) == len(found)
    return {one.check: one for one in found}


def suspicious(found: dict[str, Finding]) -> dict[str, str]:
    return {name: one.verdict for name, one in found.items() if one.verdict != "fine"}


def design(
    orders: Sequence[Any], *, soa_s: float = 20.0, stimulus: Callable[[int, int], str] | None = None
) -> Recording:
    """Noise at 0.5 Hz, with an event of 6 s every so often: a run for each order of labels."""
    n_samples = [round(soa_s / 2) * len(order) + 10 for order in orders]
    run = np.repeat(np.arange(len(orders)), [len(order) for order in orders])
    onset_s = np.concatenate([soa_s * np.arange(len(order)) for order in orders]).astype(np.float64)
    named = (
        [stimulus(number, i) for number, order in enumerate(orders) for i in range(len(order))] if stimulus else None
    )
    events = Events(
        run, onset_s, np.full(len(run), 6.0), LABELS[np.concatenate(orders)], None if named is None else np.array(named)
    )
    data = np.random.default_rng(0).normal(size=(sum(n_samples), 12)).astype(np.float32)
    return Recording(
        data, 0.5, tuple(f"voxel_{i}" for i in range(12)), np.repeat(np.arange(len(orders)), n_samples), events
    )


def shuffled_orders(n_runs: int, of: Sequence[int], seed: int = 0) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    return [rng.permutation(of) for _ in range(n_runs)]


def test_a_clean_design_is_not_accused(recordings: Callable[..., Recording]) -> None:
    found = audited(recordings(n_runs=8), how=Settings("first", steps=[Detrend()]))
    assert suspicious(found) == {}
    assert "Detrend(order=1) sees the whole of a run" in found["looking ahead"].reason
    refuse(tuple(found.values()), "refuse")


# Stimuli


def pictures(n: int, seed: int = 0) -> dict[str, Image.Image]:
    rng = np.random.default_rng(seed)
    made = {}
    for i in range(n):
        blobs = Image.fromarray(rng.integers(0, 256, (6, 6, 3), dtype=np.uint8))
        made[f"{i:02}.png"] = blobs.resize((64, 64), Image.Resampling.BICUBIC)
    return made


def shown(network: Network, stimuli: dict[str, Any], names: list[str] | None = None) -> dict[str, Finding]:
    """Every stimulus is a run and a fold of its own."""
    names = names or list(stimuli)
    recording = read_responses(np.random.default_rng(0).normal(size=(4, len(names))).astype(np.float32), names)
    return audited(recording, StimulusTargets(stimuli, network))


def test_different_pictures_are_fine(network: Network) -> None:
    assert suspicious(shown(network, pictures(40))) == {}


def test_the_same_stimulus_by_name(network: Network) -> None:
    found = shown(network, pictures(20), [f"{i % 20:02}.png" for i in range(40)])
    assert suspicious(found) == {"stimuli": "leak"}
    assert "40 of 40 trials (100.0 %)" in found["stimuli"].reason
    assert "name" not in found["stimuli"].reason
    with pytest.raises(LeakError, match=r"stimuli: 40 of 40 trials.*To do: average the trials.*audit = \"warn\""):
        refuse(tuple(found.values()), "refuse")
    with pytest.warns(UserWarning, match="the audit found leaks: stimuli: 40 of 40 trials"):
        refuse(tuple(found.values()), "warn")


def test_the_same_picture_by_content(network: Network) -> None:
    """Whatever it is called, and whether it comes as an image or as an array."""
    stimuli: dict[str, Any] = pictures(20)
    stimuli |= {"copy.png": stimuli["03.png"].copy(), "array.png": np.asarray(stimuli["05.png"])}
    found = shown(network, stimuli)
    assert suspicious(found) == {"stimuli": "leak"}
    assert "4 of 22 trials (18.2 %)" in found["stimuli"].reason
    assert "4 of them under another name (03.png = copy.png)" in found["stimuli"].reason


def test_few_of_many_the_same_are_a_warning(network: Network) -> None:
    stimuli: dict[str, Any] = {f"{i}": f"text {i}" for i in range(400)}
    stimuli["399"] = "text 3"
    found = shown(network, stimuli)
    assert suspicious(found) == {"stimuli": "warning"}
    refuse(tuple(found.values()), "refuse")


def test_the_same_stimulus_within_one_fold_is_fine(network: Network) -> None:
    stimuli: dict[str, Any] = {f"{i}": f"text {i % 10}" for i in range(20)}
    recording = read_responses(np.zeros((2, 20), np.float32), list(stimuli))
    targets = StimulusTargets(stimuli, network)
    found = audited(recording, targets, held_out=[[i, i + 10] for i in range(10)])
    assert suspicious(found) == {}


@pytest.mark.parametrize(("quality", "scale"), [(40, 1.0), (90, 0.5), (75, 2.0)])
def test_pictures_encoded_or_scaled_anew_look_alike(network: Network, quality: int, scale: float) -> None:
    stimuli = pictures(20)
    side = round(64 * scale)
    for name in ("03.png", "07.png"):
        file = io.BytesIO()
        stimuli[name].resize((side, side), Image.Resampling.BICUBIC).save(file, "JPEG", quality=quality)
        stimuli[f"again-{name}"] = Image.open(file)
    found = shown(network, stimuli)
    assert suspicious(found) == {"similar pictures": "warning"}
    assert "2 pairs" in found["similar pictures"].reason
    assert "03.png and again-03.png" in found["similar pictures"].reason


def test_pictures_from_files_are_looked_at(network: Network, tmp_path: Any) -> None:
    stimuli: dict[str, Any] = {}
    for name, picture in pictures(10).items():
        picture.save(tmp_path / name)
        stimuli[name] = tmp_path / name
    Image.open(stimuli["04.png"]).save(tmp_path / "other.bmp")
    stimuli["other.bmp"] = str(tmp_path / "other.bmp")
    found = shown(network, stimuli)
    assert "(04.png = other.bmp)" in found["stimuli"].reason


def test_even_surfaces_are_told_apart_by_their_colour() -> None:
    greys = [np.full((8, 8, 3), level, np.uint8) for level in (100, 101, 140)]
    assert looks(greys).alike() == []
    speck = np.full((64, 64, 3), 100, np.uint8)
    speck[5, 5] = 120
    assert looks([np.full((64, 64, 3), 100, np.uint8), speck]).alike() == [(0, 1)]
    assert looks(["a", "b"]).thumbnails is None


def test_exemplars_of_categories() -> None:
    """Labels repeat by design, exemplars need not."""
    orders = shuffled_orders(6, range(4))
    new = design(orders, stimulus=lambda run, i: f"{run}-{i}.png")
    assert suspicious(audited(new)) == {}
    known = design(orders, stimulus=lambda run, i: f"{LABELS[orders[run][i]]}.png")
    found = audited(known)
    assert suspicious(found) == {"stimuli": "warning"}
    assert "24 of 24 trials" in found["stimuli"].reason
    only_labels = design(orders, stimulus=lambda run, i: str(LABELS[orders[run][i]]))
    assert suspicious(audited(only_labels)) == {}


# Runs and time


def test_a_run_in_two_folds() -> None:
    found = audited(design(shuffled_orders(6, range(4))), held_out=[[0, 1, 2], [2, 3], [4, 5]])
    assert suspicious(found) == {"runs": "leak"}
    assert "1 of 6 runs (2) lie in several folds" in found["runs"].reason


def test_whole_classes_held_out(recordings: Callable[..., Recording]) -> None:
    recording = recordings(n_runs=6)
    how = Settings("first")
    trials = windows(how.window, run_steps(how.steps, recording))
    held_out = split_runs(recording.runs, "run")

    def found(classes: np.ndarray) -> dict[str, Finding]:
        return {one.check: one for one in audit(recording, trials, WORDS, held_out, how, classes=classes)}

    whole = found((WORDS.key_of(trials) >= 2).astype(np.intp))
    assert suspicious(whole) == {}
    assert "Each of 4 classes lies whole in one of 2 folds (2 to 2 classes in each)" in whole["classes"].reason
    split = found(np.arange(len(trials)) % 2)
    assert suspicious(split) == {"classes": "leak"}
    assert "4 of 4 classes (cat, face, house and 1 more) lie in several folds at once" in split["classes"].reason
    with pytest.raises(LeakError, match="To do: hold each class out once, whole"):
        refuse(list(split.values()), "refuse")
    assert "classes" not in audited(recording, how=how)


def test_names_of_runs_that_differ_in_spelling() -> None:
    made = design(shuffled_orders(3, range(4)))
    names = np.array(["01", "1", "b"])
    renamed = replace(made, run=names[made.run], events=replace(made.events, run=names[made.events.run]))
    found = audited(renamed)
    assert suspicious(found) == {"runs": "warning"}
    assert "'01'/'1'" in found["runs"].reason


def slow_runs(n_runs: int, n_samples: int, seed: int) -> np.ndarray:
    """Runs of noise that remembers about ten samples, each with a level of its own."""
    rng = np.random.default_rng(seed)
    runs = rng.normal(size=(n_runs, n_samples, 30))
    for t in range(1, n_samples):
        runs[:, t] = 0.9 * runs[:, t - 1] + np.sqrt(1 - 0.81) * runs[:, t]
    return (runs + rng.normal(size=(n_runs, 1, 30))).astype(np.float32)


def test_one_run_cut_in_two() -> None:
    made = design(shuffled_orders(6, range(4)))
    data = slow_runs(3, 100, seed=0).reshape(-1, 30)
    cut = replace(made, data=data, feature_names=tuple(map(str, range(30))))
    assert cut.run_lengths() == dict.fromkeys(range(6), 50)
    found = audited(cut)
    assert suspicious(found) == {"memory": "warning"}
    assert "At 3 of 5 borders of runs (0 and 1, 2 and 3, 4 and 5)" in found["memory"].reason
    together = audited(cut, held_out=[[0, 1], [2, 3], [4, 5]])
    assert suspicious(together) == {}


def test_separate_runs_have_no_seams() -> None:
    """At most in one of a hundred recordings, whether samples remember or not."""
    accused = 0
    made = design(shuffled_orders(6, range(4)))
    for seed in range(60):
        data = slow_runs(6, 50, seed).reshape(-1, 30)
        if seed % 2:
            data = np.random.default_rng(seed).normal(size=data.shape).astype(np.float32)
        accused += bool(seams(replace(made, data=data, feature_names=tuple(map(str, range(30))))))
    assert accused <= 3


def test_runs_shorter_than_the_haemodynamic_response() -> None:
    found = audited(design([[i % 4] for i in range(12)], soa_s=8.0))
    assert suspicious(found) == {"memory": "warning"}
    assert "Runs last 28 s" in found["memory"].reason


def test_scaled_over_all_runs_at_once() -> None:
    made = design(shuffled_orders(6, range(4)))
    raw = made.data * 3 + 50 + made.run[:, None]
    for over_all, told in (
        (
            (raw - raw.mean(axis=0)) / raw.std(axis=0),
            "100 % of the features have mean 0 and standard deviation 1 over all",
        ),
        ((raw - raw.mean(axis=0)) / raw.std(axis=0, ddof=1), "mean 0 and standard deviation 1 over all runs"),
        (raw - raw.mean(axis=0), "have mean 0 over all runs, but not in each"),
    ):
        found = audited(replace(made, data=over_all))
        assert suspicious(found) == {"scaling": "warning"}
        assert told in found["scaling"].reason
    within = np.concatenate([raw[made.run == run] - raw[made.run == run].mean(axis=0) for run in made.runs])
    for fine in (raw, within, made.data):
        assert centred_over_all(replace(made, data=fine)).mean == 0.0


def test_windows_that_reach_into_the_next_event() -> None:
    made = design(shuffled_orders(6, range(4)), soa_s=8.0)
    assert suspicious(audited(made)) == {}
    late = Settings("first", window=BlockAverage(start_s=4.0, stop_s=18.0, incomplete="partial"))
    found = audited(made, how=late)
    assert suspicious(found) == {"windows": "warning"}
    assert "18 of 24 trials (75.0 %) take in up to 4 s of the next event, with 6 s allowed" in found["windows"].reason
    lagged = Settings("first", steps=[Lag(lag_s=4.0)], window=BlockAverage(stop_s=14.0, incomplete="partial"))
    assert suspicious(audited(made, how=lagged)) == {"windows": "warning"}
    fast = replace(
        made,
        rate_hz=50.0,
        events=replace(made.events, onset_s=made.events.onset_s / 100, duration_s=made.events.duration_s / 100),
    )
    assert suspicious(audited(fast)) == {}
    found = audited(fast, how=Settings("first", window=BlockAverage(stop_s=0.1)))
    assert suspicious(found) == {"windows": "warning"}
    assert "take in up to 0.02 s of the next event." in found["windows"].reason


# The order of trials


def test_the_same_order_in_every_run() -> None:
    found = audited(design([[2, 0, 3, 1]] * 6))
    assert suspicious(found) == {"label by position": "leak"}
    assert (
        "the same label in 100.0 % of the pairs, at any places in 25.0 % (p = 0.001)"
        in found["label by position"].reason
    )


def test_each_run_shows_one_label() -> None:
    found = audited(design([[i % 4] * 5 for i in range(8)]))
    assert found["label by run"].verdict == "leak"
    assert "the same label in 100.0 % of the pairs, of different runs in" in found["label by run"].reason


def test_a_label_that_wanders_over_the_session_is_a_warning() -> None:
    rng = np.random.default_rng(0)
    orders = [rng.permutation([0] * (2 + run) + [1] * (18 - run)) for run in range(0, 17, 2)]
    assert suspicious(audited(design(orders))) == {"label by run": "warning"}


def test_two_orders_in_turn_are_a_warning() -> None:
    found = audited(design([[0, 1, 2, 3] * 2, [3, 2, 1, 0] * 2] * 4))
    assert suspicious(found) == {"label by position": "warning"}


def test_blocks_of_trials_tell_nothing_of_themselves() -> None:
    """Trials of a block agree; it is blocks that have to fall at the same place, run after run."""
    accused = 0
    for seed in range(40):
        orders = [np.repeat(order, 6) for order in shuffled_orders(5, range(4), seed)]
        accused += bool(suspicious(audited(design(orders))))
    assert accused <= 1


def test_runs_of_a_single_trial_have_no_order() -> None:
    made = design([[0]] * 6 + [[1]] * 6, soa_s=40.0)
    found = audited(made)
    assert all(found[name].reason == "Every run is a single trial, without an order." for name in ORDER_CHECKS)


@settings(max_examples=25, derandomize=True)
@given(
    n_runs=st.integers(2, 10),
    composition=st.lists(st.integers(0, 3), min_size=2, max_size=12),
    within=st.booleans(),
    seed=st.integers(0, 2**16),
)
def test_random_designs_do_not_leak(n_runs: int, composition: list[int], within: bool, seed: int) -> None:
    """Shuffled within runs or over all of them."""
    orders = shuffled_orders(n_runs, composition, seed)
    if not within:
        orders = np.split(np.random.default_rng(seed).permutation(np.concatenate(orders)), n_runs)
    found = audited(design(orders))
    assert "leak" not in {found[name].verdict for name in ORDER_CHECKS}


@pytest.mark.parametrize("labels", [(0, 0, 1), (0, 1, 2)])
def test_no_more_false_alarms_than_promised(labels: tuple[int, ...]) -> None:
    """All designs that shuffling within three runs can give: p is at most a in a share of at most a."""
    orders = list(permutations(labels))
    run = np.repeat(np.arange(3), 3)
    p = []
    for a in orders:
        for b in orders:
            told = predicted_by_position(np.array([*labels, *a, *b]), run, run)
            assert told is not None
            p.append(told.p_value)
    for level in (0.02, 0.05, 0.1, 0.2, 0.5):
        assert np.mean(np.array(p) <= level) <= level + 0.02  # of the draws of orders


@settings(max_examples=30)
@given(labels=st.lists(st.integers(0, 2), min_size=2, max_size=9), seed=st.integers(0, 2**16))
def test_agreement_counts_pairs(labels: list[int], seed: int) -> None:
    group, apart = np.random.default_rng(seed).integers(0, 3, (2, len(labels)))
    n = range(len(labels))
    pairs = [(i, j) for i in n for j in n if group[i] == group[j] and apart[i] != apart[j]]
    expected = np.mean([labels[i] == labels[j] for i, j in pairs]) if pairs else np.nan
    np.testing.assert_allclose(agreement(labels, group, apart), expected)


def test_nothing_to_compare() -> None:
    one = np.zeros(4, int)
    assert predicted_by_run(np.arange(4), one) is None
    assert predicted_by_run(one, np.array([0, 0, 1, 1])) is None
    assert predicted_by_position(np.arange(4), np.array([0, 0, 1, 1]), one) is None


# Real recordings


def of_data(path: str) -> Path:
    folder = os.environ.get("HOTWIRE_DATA")
    if not folder or not (Path(folder) / path).exists():
        pytest.skip(f"needs {path} in the folder that HOTWIRE_DATA names")
    return Path(folder) / path


@pytest.mark.slow
def test_the_haxby_session_is_clean() -> None:
    folder = of_data("haxby2001-slice")
    made = read_nifti(folder / "bold.nii.gz", mask=folder / "mask.nii.gz")
    run, events = read_attributes(folder / "attributes_literal.txt", made.tr_s)
    made = replace(made, run=run, events=events)
    words = WordTargets({label: label for label in np.unique(events.label).tolist()})
    assert suspicious(audited(made, words, Settings("first", steps=[Detrend(2)]))) == {}
    cut = replace(made, run=2 * made.run + (np.arange(made.n_samples) % 121 >= 60), events=Events.none())
    found = set(seams(cut))
    assert found <= {(2 * run, 2 * run + 1) for run in range(12)}
    assert len(found) >= 4  # not all, but one is enough for a warning


@pytest.mark.slow
@pytest.mark.parametrize(
    ("session", "verdict", "told"),
    [
        ("190923", {}, "No stimulus is both trained and tested on"),
        ("210621", {"stimuli": "warning"}, "4 of 1200 trials (0.3 %)"),
        ("190925", {"stimuli": "leak"}, "600 of 1200 trials (50.0 %)"),
    ],
)
def test_photographs_of_v4_sessions(network: Network, session: str, verdict: dict[str, str], told: str) -> None:
    """Two sessions show photographs twice, under two names."""
    pictures = read_pictures(of_data(f"v4-natural/images/images_{session}.zip"))
    made = read_responses(np.load(of_data(f"v4-natural/responses/responses_{session}.npy")), list(pictures))
    found = audited(made, StimulusTargets(pictures, network))
    assert suspicious(found) == verdict
    assert told in found["stimuli"].reason


def test_policies() -> None:
    with pytest.raises(InputError, match="audit: expected one of refuse, warn, got 'ignore'"):
        refuse((), "ignore")  # type: ignore[arg-type]
