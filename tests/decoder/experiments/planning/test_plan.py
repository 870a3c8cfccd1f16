"""The plan, against decoders that were really fitted and against what must be so."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from functools import cached_property
from html import unescape
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotwire.decoder import Decoder, Settings, WordTargets, evaluate
from hotwire.decoder.experiments.planning import run as module
from hotwire.decoder.experiments.planning.noise import Noise
from hotwire.decoder.experiments.planning.report import PlanReport
from hotwire.decoder.experiments.planning.result import Accuracy, MeanOverDraws, PlanResult, ReachPoint, needed
from hotwire.decoder.experiments.planning.run import plan
from hotwire.decoder.experiments.planning.sentences import plan_sentences
from hotwire.decoder.recordings.synthetic import SyntheticBrain, block_design
from hotwire.decoder.report.html import write_page
from hotwire.decoder.targets import StimulusTargets
from hotwire.errors import InputError, UnknownNameError
from hotwire.models import Network

LABELS = ("cat", "face", "house", "shoe")
NOISE = Noise("a test", 30, 0.4, 0.3, 0.5, seconds_per_trial=30.0)
POOL = [f"thing {i}" for i in range(40)]


class Seen(StimulusTargets):
    """Texts in place of pictures: the tiny network takes them."""

    def activations(self, network: Network, layers: Any) -> dict[str, np.ndarray]:
        return network.activations(list(self.stimuli.values()), list(layers))

    @cached_property
    def _seen(self) -> tuple[tuple[str, ...], np.ndarray]:
        best = self._network.outputs(list(self.stimuli.values())).argmax(axis=1)
        answers, truth = np.unique(np.array(LABELS)[best], return_inverse=True)
        return tuple(answers.tolist()), truth


@pytest.fixture(scope="module")
def words() -> WordTargets:
    return WordTargets({label: label for label in LABELS})


@pytest.fixture(scope="module")
def planned(network: Network, words: WordTargets) -> PlanResult:
    return plan(network, words, Settings("first"), noise=NOISE, pool=POOL, trials=[2, 4, 8, 32], n_draws=6)


@pytest.fixture(scope="module")
def pictured(network: Network) -> PlanResult:
    pictures = Seen({f"{i}.png": f"picture {i}" for i in range(80)}, network)
    return plan(network, pictures, Settings("first"), noise=NOISE, levels=[0.4, 100.0])


def test_what_is_planned_is_what_was_asked_for(planned: PlanResult) -> None:
    assert [level for level, _ in planned.levels()] == pytest.approx([0.1, 0.2, 0.4, 0.8])
    assert [point.n_training for _, curve in planned.levels() for point in curve] == [2, 4, 8, 32] * 4
    assert planned.ceiling == (1.0, 1.0)
    assert planned.chance == (0.5, 0.25)
    assert (planned.stimuli, planned.n_stimuli, planned.n_pool) == ("words", 4, 40)


def test_more_trials_and_less_noise_do_better(planned: PlanResult) -> None:
    for _, curve in planned.levels():
        assert curve[-1].pairwise.value > curve[0].pairwise.value
    last = [curve[-1].pairwise.value for _, curve in planned.levels()]
    assert last == sorted(last)
    assert last[-1] > 0.95


def test_four_words_span_three_dimensions_of_each_layer(planned: PlanResult) -> None:
    assert [(one.layer, one.n_units) for one in planned.layers] == [("first", 12), ("second", 8)]
    for one in planned.layers:
        assert 2 < one.dimensions.participation <= 3
        assert one.dimensions.n99 == 3


def test_once_the_training_words_span_the_layer_a_held_out_one_is_read(planned: PlanResult) -> None:
    """Twelve units: thirteen words in general position span all there is; three others of the study far less."""
    by_size = {point.n_training: point for point in planned.spans}
    assert list(by_size) == [2, 3, 4, 8, 16, 32, 43]
    assert by_size[3].explained < 0.6
    assert by_size[3].candidate.value == 0.0
    for size in (16, 43):
        assert by_size[size].explained == pytest.approx(1.0, abs=1e-6)
        assert by_size[size].pairwise.value == by_size[size].candidate.value == 1.0


@pytest.mark.slow
@pytest.mark.parametrize("ratio", [0.1, 0.4])
def test_simulated_decoders_do_as_well_as_those_that_evaluate_fits(
    network: Network, words: WordTargets, ratio: float
) -> None:
    n_runs, n_draws = 7, 40
    found = plan(
        network, words, Settings("first"), noise=NOISE, levels=[ratio], trials=[n_runs - 1], pool=[], n_draws=n_draws
    )
    [table] = words.activations(network, ["first"]).values()
    design = block_design(LABELS, n_runs, rate_hz=1.0, duration_s=1.0)
    decoder = Decoder(network, words, Settings("first"))
    fitted = []
    for seed in range(n_draws):
        brain = SyntheticBrain(NOISE.n_features, 1.0, ratio, "none", seed=1000 + seed)
        recording = brain.record(design, dict(zip(LABELS, table, strict=True)))
        measures = evaluate(decoder, recording, controls=(), n_permutations=10).decoder.measures
        fitted.append([measures[name].value for name in ("pairwise", "candidate")])
    expected = [MeanOverDraws.of(values) for values in zip(*fitted, strict=True)]
    [point] = found.reach
    for ours, theirs in zip((point.pairwise, point.candidate), expected, strict=True):
        assert abs(ours.value - theirs.value) < 3.5 * np.hypot(ours.error, theirs.error)


def test_pictures_are_left_out_alone_and_by_what_is_seen_in_them(pictured: PlanResult) -> None:
    assert pictured.stimuli == "pictures"
    curves = dict(pictured.span_curves())
    assert list(curves) == ["pictures", "categories"]
    assert [point.n_training for point in curves["pictures"]] == [2, 4, 8, 16, 32, 60]
    assert curves["pictures"][-1].explained == pytest.approx(1.0, abs=1e-6)
    assert curves["pictures"][-1].pairwise.value == 1.0
    assert max(point.n_training for point in curves["categories"]) < 80


def test_of_pictures_ever_more_are_trained_on_and_others_decoded(pictured: PlanResult) -> None:
    (_, noisy), (_, clear) = pictured.levels()
    assert [point.n_training for point in clear] == [8, 16, 32, 60]
    assert clear[-1].pairwise.value > 0.95
    assert clear[-1].pairwise.value > noisy[-1].pairwise.value > 0.5


def test_many_pictures_are_drawn_from(network: Network, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_PICTURES", 20)
    monkeypatch.setattr(module, "StimulusTargets", Seen)
    pictures = Seen({f"{i}.png": f"picture {i}" for i in range(50)}, network)
    assert plan(network, pictures, Settings("second"), noise=NOISE, levels=[1.0], n_draws=1).n_stimuli == 20


def test_the_same_seed_gives_the_same_plan(network: Network, words: WordTargets) -> None:
    one, again, other = (
        plan(network, words, Settings("second"), noise=NOISE, levels=[0.2], trials=[3], pool=[], seed=seed)
        for seed in (1, 1, 2)
    )
    assert one == again
    assert one.reach != other.reach


curves = st.lists(
    st.tuples(st.integers(1, 1000), st.floats(0, 1)), min_size=1, max_size=8, unique_by=lambda one: one[0]
)


def curve_of(points: list[tuple[int, float]]) -> list[ReachPoint]:
    return [ReachPoint(1.0, n, MeanOverDraws(value, 0.0), MeanOverDraws(value, 0.0)) for n, value in sorted(points)]


@given(curves, st.floats(0.51, 0.99))
def test_what_is_needed_lies_where_the_curve_crosses_the_target_for_good(
    points: list[tuple[int, float]], target: float
) -> None:
    curve = curve_of(points)
    found = needed(curve, target)
    if curve[-1].pairwise.value < target:
        assert found is None
        return
    assert found is not None
    assert all(point.pairwise.value >= target for point in curve if point.n_training >= found * (1 + 1e-9))
    below = [point.n_training for point in curve if point.pairwise.value < target]
    assert found >= max(below, default=curve[0].n_training) * (1 - 1e-9)


def test_between_two_points_the_logarithm_counts() -> None:
    assert needed(curve_of([(4, 0.8), (16, 1.0)]), 0.9) == pytest.approx(8.0)


def test_the_findings_say_what_is_needed(planned: PlanResult) -> None:
    told = plan_sentences(planned)
    assert told[0].startswith("From the true activations of layer first the readout is right in 100 %")
    assert "no more than 3 dimensions" in told[1]
    assert "by training on the 3 others of the study" in told[2]
    assert "No amount of brain data lifts this" in told[2]
    assert told[3].startswith("With noise like that of a test, about ")
    assert "minutes at its pace" in told[3]
    assert told[4].startswith("With a signal-to-noise ratio of 0.1, 0.25 times that, ")
    assert "is not reached with so few" in told[4]
    assert len(told) == 7


def test_a_readout_that_fails_at_the_true_activations_is_named_first(planned: PlanResult) -> None:
    blind = replace(planned, ceiling=Accuracy(0.6, 0.3))
    assert "another layer, prompt or readout is needed before any scan" in plan_sentences(blind)[0]


def test_durations_count_all_words(planned: PlanResult) -> None:
    """Eight trials of each of four words, half a minute each."""
    exact = [replace(one, n_training=n) for one, n in zip(curve_of([(4, 0.8), (16, 1.0)]), (4, 16), strict=True)]
    told = plan_sentences(replace(planned, reach=tuple(replace(one, signal_to_noise=0.4) for one in exact)))[3]
    assert "about 8 trials of each word" in told
    assert "(16 minutes at its pace)" in told
    assert "90 % are right among all 4 answers" in told


@pytest.mark.parametrize("name", ["planned", "pictured"])
def test_the_report_needs_nothing_else(name: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    found = request.getfixturevalue(name)
    said: dict[str, Any] = {
        "title": "a <plan>",
        "command": "hotwire plan x",
        "seconds": 3.0,
        "studies": {"x.toml": "[x]"},
    }
    path = write_page(PlanReport(found), tmp_path / "plan.html", **said)
    page = path.read_text("utf-8")
    assert "a &lt;plan&gt;" in page
    assert page.count("<svg") == 3
    assert "http://" not in page.replace("http://www.w3.org", "")
    assert "https://" not in page
    text = unescape(page)
    for sentence in plan_sentences(found):
        assert sentence in text
    write_page(PlanReport(found), tmp_path / "again.html", **said)
    assert (tmp_path / "again.html").read_text("utf-8") == page


def test_all_of_it_is_plain_data(planned: PlanResult, pictured: PlanResult) -> None:
    for found in (planned, pictured):
        data = json.loads(json.dumps(PlanReport(found).summary(), allow_nan=False))
        assert data["findings"] == plan_sentences(found)
        assert data["reach"][0]["pairwise"]["value"] == found.reach[0].pairwise.value
        assert data["layers"][0]["dimensions"]["n90"] == found.layers[0].dimensions.n90
        assert data["noise"]["n_features"] == 30
    assert set(PlanReport(pictured).summary()["needed_training"]) == {"pictures", "categories"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"levels": [0.0]}, "levels"),
        ({"levels": []}, "levels"),
        ({"trials": [1]}, "trials of each of 4 words from 2"),
        ({"trials": [100_000]}, "trials of each of 4 words from 2 to 750"),
        ({"target": 0.4}, "target"),
        ({"n_draws": 0}, "n_draws"),
    ],
)
def test_numbers_that_cannot_be_are_named(
    network: Network, words: WordTargets, arguments: dict[str, Any], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        plan(network, words, Settings("first"), **arguments)


def test_stimuli_that_leave_nothing_to_plan_are_named(network: Network, words: WordTargets) -> None:
    with pytest.raises(InputError, match="at least 2"):
        plan(network, WordTargets({"cat": "cat"}), Settings("first"))
    with pytest.raises(InputError, match="at least 16"):
        plan(network, Seen({"a.png": "a"}, network), Settings("first"))
    with pytest.raises(InputError, match="the same answer"):
        plan(network, Seen({f"{i}.png": "a picture" for i in range(16)}, network), Settings("first"))
    with pytest.raises(UnknownNameError, match="layer"):
        plan(network, words, Settings("third"))


@pytest.mark.slow
def test_the_demo_is_foreseen(fetched: Callable[[str], Path]) -> None:
    """Its recording gives the noise, and the plan the accuracy that its decoder reaches with eleven training runs."""
    from hotwire.decoder.cli.demo import DEMO
    from hotwire.decoder.experiments.planning.study import open_plan

    for name in ("haxby2001-slice", "smollm2-135m-instruct"):
        fetched(name)
    found = open_plan(DEMO).plan(like=DEMO, trials=[11])
    assert found.noise.signal_to_noise == pytest.approx(module.DEMO.signal_to_noise, rel=0.05)
    curve = {level: points[0] for level, points in found.levels()}
    point = curve[found.noise.signal_to_noise]
    assert point.pairwise.value == pytest.approx(0.988, abs=0.02)
    assert point.candidate.value == pytest.approx(0.927, abs=0.06)
    by_size = {one.n_training: one.candidate.value for one in found.spans}
    assert by_size[7] < 0.1 < 0.9 < by_size[64]
