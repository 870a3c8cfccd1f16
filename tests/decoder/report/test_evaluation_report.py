"""Reports: everything in one file, the numbers as they are, and nothing from a label taken for markup."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from hotwire.decoder import Settings
from hotwire.decoder.evaluation.choices import Choice
from hotwire.decoder.evaluation.result import Evaluation, Outcome, RivalComparison
from hotwire.decoder.evaluation.rivals.catalogue import rival_named
from hotwire.decoder.finding import Finding
from hotwire.decoder.report.evaluation_figures import confusion_figure
from hotwire.decoder.report.evaluation_report import EvaluationReport
from hotwire.decoder.report.evaluation_trials import MOST_TRIALS, answer_ranks
from hotwire.decoder.report.html import write_page
from hotwire.decoder.report.measures import differences_figure
from hotwire.decoder.statistics.calibration import ScoreCalibration, softmax
from hotwire.decoder.statistics.difference import Difference
from hotwire.decoder.statistics.measures import Measure
from hotwire.decoder.statistics.reliability import calibration_error
from hotwire.decoder.steps import Detrend
from hotwire.decoder.windows import Trials
from hotwire.errors import InputError

from .pages import Elements, check_alone, text_of

NASTY = "<script>alert('$x$ & y')</script>"


def outcome(
    scores: np.ndarray, value: float, *, said: list[int] | None = None, texts: list[str] | None = None
) -> Outcome:
    one = Measure(value=value, chance=0.25, low=value - 0.0311, high=value + 0.0222, p_value=0.0123)
    measures = {"candidate": one, "pairwise": replace(one, chance=0.5, p_value=0.456)}
    if said is not None:
        measures["free"] = replace(one, value=value + 0.01)
    return Outcome(scores, texts, None if said is None else np.array(said, np.intp), measures)


def make(answers: tuple[str, ...], n_trials: int, n_runs: int, *, free: bool = True, seed: int = 0) -> Evaluation:
    """A made-up evaluation whose free answers are right but for every fifth, which is none of the words."""
    rng = np.random.default_rng(seed)
    truth = np.arange(n_trials) % len(answers)
    run = np.arange(n_trials) * n_runs // n_trials
    scores = rng.normal(size=(n_trials, len(answers))).astype(np.float32)
    said = [-1 if i % 5 == 4 else int(c) for i, c in enumerate(truth)]
    texts = ["a muddle" if c < 0 else answers[c] for c in said]
    trials = Trials(
        X=np.zeros((n_trials, 2), np.float32),
        label=np.array([answers[c] for c in truth]),
        run=run,
        event=np.arange(n_trials),
        start_s=np.arange(n_trials, dtype=np.float64),
        stop_s=np.arange(n_trials, dtype=np.float64) + 0.5,
        stimulus=None,
        left_out=np.array([7, 9]),
    )
    words = {"said": said, "texts": texts} if free else {}
    n_folds = min(n_runs, 5)
    return Evaluation(
        answers=answers,
        truth=truth,
        trials=trials,
        fold=run % n_folds,
        probabilities=softmax(scores),
        calibrations=(ScoreCalibration(1.0, (0.0,) * len(answers)),) * n_folds,
        chosen=[{"layer": "4" if i else "8"} for i in range(n_folds)],
        decoder=outcome(scores, 0.6543, **words),
        ceiling=outcome(scores, 0.9, **words),
        controls={"shuffled pairing": outcome(scores, 0.2471, **words)},
        network="tiny",
        fingerprint="0123abcd" * 8,
        settings=Settings("8", steps=[Detrend(2)], whiten="samples"),
        inner_folds=4,
        n_shuffles=5,
        n_permutations=1000,
        recording="a recording",
        choose=(Choice("layer", ("4", "8")),),
        control_names=("shuffled pairing",),
    )


def written(evaluation: Evaluation, folder: Path, **more: Any) -> str:
    result = EvaluationReport(replace(evaluation, recording=more.pop("recording", "a recording")))
    more = {"title": "A title", **more}
    return write_page(result, folder / "report.html", **more).read_text("utf-8")


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> str:
    return written(make(("dog", "cat", "cup", "car"), 40, 4), tmp_path_factory.mktemp("report"))


def test_says_what_the_evaluation_found(tmp_path: Path) -> None:
    text = text_of(
        written(
            make(("dog", "cat", "cup", "car"), 40, 4),
            tmp_path,
            studies={"it.toml": "[study]\nlayer = 4"},
            command="hotwire evaluate it.toml",
            seconds=61.4,
        )
    )
    assert "66.4 % right, free answer" in text
    assert "decoder 66.4 [62.3, 67.7] 0.012 65.4 [62.3, 67.7] 0.012 65.4 [62.3, 67.7] 0.46" in text
    assert "shuffled pairing 25.7 [21.6, 26.9]" in text
    assert "No control is above chance: shuffled pairing." in text
    assert "40 trials of 40 events in 4 runs. 2 events gave no trial" in text
    assert "4 folds; each leaves one run out, and no run is ever split" in text
    assert "3 4 1, 2, 3 1 8 0" in text  # the most frequent choice comes first
    assert "32 of 40 trials right" in text
    assert "“a muddle” (8)" in text
    assert "0123abcd" * 8 in text
    assert "hotwire evaluate it.toml" in text
    assert "[study] layer = 4" in text
    assert "61 s" in text
    assert "are left out" not in text


def test_the_terminal_says_how_many_trials_were_right() -> None:
    evaluation = make(("dog", "cat", "cup", "car"), 40, 4)
    decisions, _ = EvaluationReport(evaluation).tables()
    assert decisions.caption == f"{evaluation.network}: 32 of 40 right"


def test_is_one_file_that_refers_to_itself_alone(page: str) -> None:
    assert check_alone(page).tags.count("svg") == 4


def test_takes_nothing_from_outside_for_markup(tmp_path: Path) -> None:
    evaluation = make((NASTY, "cat", '"><img src=x>', "{{ 7 * 7 }}"), 40, 4)
    evaluation = replace(
        evaluation,
        network=NASTY,
        chosen=[{"layer": NASTY}] * 4,
        trials=replace(
            evaluation.trials,
            run=np.array(["<b>", "<i>", "$r$", "&amp;"])[evaluation.trials.run],
            stimulus=np.array([NASTY] * 40),
        ),
    )
    page = written(evaluation, tmp_path, title=NASTY, recording=NASTY, studies={NASTY: NASTY}, command=NASTY)
    found = Elements(page)
    assert not {"script", "img"} & set(found.tags)
    assert "{{ 7 * 7 }}" in page
    assert "&lt;script&gt;alert(&#39;$x$ &amp; y&#39;)&lt;/script&gt;" in page
    assert "&lt;script&gt;alert('$x…</text>" in page  # in the confusion matrix, shortened
    assert "&amp;amp;" in page


def test_same_evaluation_gives_same_bytes(tmp_path: Path, page: str) -> None:
    with matplotlib.rc_context({"font.size": 30, "svg.fonttype": "path", "axes.grid": True}):
        again = written(make(("dog", "cat", "cup", "car"), 40, 4), tmp_path)
    assert again == page
    assert page != written(make(("dog", "cat", "cup", "car"), 40, 4, seed=1), tmp_path)


def test_many_answers_are_ranked_not_crossed(tmp_path: Path) -> None:
    evaluation = make(tuple(f"thing {i}" for i in range(60)), 600, 600, free=False)
    evaluation = replace(evaluation, fold=np.arange(600) % 5)
    page = written(evaluation, tmp_path)
    text = text_of(page)
    assert "Confusion" not in page
    truth, scores = evaluation.truth, evaluation.decoder.scores
    place = (scores > scores[np.arange(600), truth][:, None]).sum(axis=1) + 1
    within = [f"{100 * np.mean(place <= k):.1f}" for k in (1, 5, 10, 50)]
    assert f"decoder {np.sort(place)[299]} {' '.join(within)} ceiling" in text
    assert f"Below are {MOST_TRIALS}, drawn at random; {600 - MOST_TRIALS} are left out" in text
    rows = re.findall(
        r"<tr[^>]*>(?:(?!</tr>).)*</tr>",
        page.partition("Bars: probability")[2].partition("</table>")[0],
        flags=re.DOTALL,
    )
    assert len(rows) == 1 + MOST_TRIALS
    assert all('class="bar true"' in row for row in rows[1:])  # the true answer is never left out
    assert "Fold by fold" in text
    assert "95 % interval over trials" in text
    assert "each leaves several whole runs out" in text


def test_single_trials_everywhere(tmp_path: Path) -> None:
    evaluation = make(("dog", "cat"), 6, 6, free=False)
    evaluation = replace(evaluation, fold=np.arange(6), chosen=[{}] * 6, controls={}, choose=(), control_names=())
    text = text_of(written(evaluation, tmp_path))
    assert "Runs and folds hold single trials" in text
    assert "No control was computed" in text
    assert "What was chosen" not in text
    assert "shuffled pairing" not in text


@pytest.mark.parametrize(
    ("part", "value", "expected"),
    [
        ("controls", {"p_value": 0.001, "low": 0.3}, "Above chance without what should matter: shuffled pairing"),
        ("controls", {"high": 0.7}, "shuffled pairing reaches into its interval: free answer"),
        ("ceiling", {"low": 0.2}, "not even there does the network give the answers"),
        ("decoder", {"p_value": 0.2}, "The decoder cannot be told from chance: free answer"),
        ("decoder", {"low": 0.2}, "The decoder depends on what was shown, but is no better than the best constant"),
    ],
)
def test_warns(tmp_path: Path, page: str, part: str, value: dict[str, float], expected: str) -> None:
    evaluation = make(("dog", "cat", "cup", "car"), 40, 4)

    def worse(one: Outcome) -> Outcome:
        return replace(one, measures=one.measures | {"free": replace(one.measures["free"], **value)})

    old = getattr(evaluation, part)
    new = {name: worse(one) for name, one in old.items()} if part == "controls" else worse(old)
    assert expected not in text_of(page)
    assert expected in text_of(written(replace(evaluation, **{part: new}), tmp_path))


def test_shows_what_the_audit_found(tmp_path: Path, page: str) -> None:
    fine = Finding("runs", "fine", "Each of 4 runs lies whole in one fold.")
    leak = Finding("stimuli", "leak", f"40 of 40 trials show {NASTY} twice.")
    evaluation = make(("dog", "cat", "cup", "car"), 40, 4)
    assert "audit" not in text_of(page).lower()
    text = text_of(written(replace(evaluation, findings=(fine,)), tmp_path))
    assert "✓ The audit before the fit found no leak." in text
    assert "runs fine Each of 4 runs lies whole in one fold." in text
    page = written(replace(evaluation, findings=(fine, leak)), tmp_path)
    assert "script" not in Elements(page).tags
    assert f"✗ Leak, stimuli: 40 of 40 trials show {NASTY} twice." in text_of(page)
    assert "found no leak" not in page


def test_trials_of_one_event_are_named(tmp_path: Path, page: str) -> None:
    evaluation = make(("dog", "cat", "cup", "car"), 40, 4)
    shared = replace(evaluation, trials=replace(evaluation.trials, event=np.arange(40) // 2))
    text = text_of(written(shared, tmp_path))
    assert "Trials of the same event share samples" not in text_of(page)
    assert "40 trials of 20 events in 4 runs. Trials of the same event share samples" in text


def test_methods_name_the_settings(page: str) -> None:
    text = text_of(page)
    assert "recording a recording. steps Detrend(order=2), run by run. window BlockAverage(" in text
    assert "features The window’s output itself. whitening from all samples of the training runs, Ledoit–Wolf" in text
    assert "the network (chosen in each fold from 4, 8)" in text
    assert "over 4 inner folds" in text
    assert "exchanged within runs, 1,000 times" in text
    assert "mean of 5 shuffles" in text


def test_labels_of_any_alphabet(tmp_path: Path) -> None:
    page = written(make(("犬", "القط", "tasse\n$a_b", "x" * 200), 40, 4), tmp_path)
    svg = "".join(re.findall(r"<svg.*?</svg>", page, flags=re.DOTALL))
    assert "犬" in svg
    assert "tasse $a_b" in svg
    assert "x" * 17 + "…" in svg


def test_needs_a_folder_and_a_name(tmp_path: Path) -> None:
    evaluation = make(("dog", "cat"), 8, 2)
    with pytest.raises(InputError, match=r"path: expected a file in a folder that is there.*make .*nowhere first"):
        written(evaluation, tmp_path / "nowhere")
    with pytest.raises(InputError, match="expected the name of a file, got the folder"):
        write_page(EvaluationReport(evaluation), tmp_path, title="t")


def test_confusion_figure_has_every_count() -> None:
    counts = np.arange(12).reshape(3, 4) + 100
    with_other = confusion_figure(counts, ["a", "b", "c"], other=True).svg()
    assert re.findall(r">(1\d\d)</text>", with_other) == [str(n) for column in counts.T for n in column]
    without = confusion_figure(counts, ["a", "b", "c"], other=False).svg()
    assert sorted(re.findall(r">(1\d\d)</text>", without)) == sorted(map(str, counts[:, :3].ravel()))
    assert "other" not in without


@settings(max_examples=50)
@given(arrays(np.int8, (4, 6), elements=st.integers(-3, 3)))
def test_ranks_count_who_is_better(scores: np.ndarray) -> None:
    better = (scores[:, None, :] > scores[:, :, None]).sum(axis=2)
    equal = (scores[:, None, :] == scores[:, :, None]).sum(axis=2)
    np.testing.assert_array_equal(answer_ranks(scores), better + (equal + 1) / 2)


def test_says_what_controls_did_again(tmp_path: Path, page: str) -> None:
    evaluation = make(("dog", "cat"), 40, 4)
    assert "the trained network: shuffled pairing. They test the fit, not the search" in text_of(page)
    again = replace(evaluation, controls_redo="search")
    assert "made anew in the inner folds, by their own pairing or network: shuffled pairing" in text_of(
        written(again, tmp_path)
    )
    assert EvaluationReport(again).summary()["controls_redo"] == "search"
    without = replace(evaluation, chosen=[{} for _ in evaluation.chosen], choose=())
    assert "the search" not in text_of(written(without, tmp_path))


def compared(evaluation: Evaluation, *, low: float) -> Evaluation:
    """With a classifier that gives no free answers."""
    measures = {name: one for name, one in evaluation.decoder.measures.items() if name != "free"}
    difference = Difference(low + 0.021, low, low + 0.0432)
    outcome, differences = replace(evaluation.decoder, measures=measures), dict.fromkeys(measures, difference)
    chosen = [{"window": "Epoch(0.0, 1.0)"}, *[{"window": "Epoch(0.0, 0.5)"}] * (len(evaluation.chosen) - 1)]
    other = RivalComparison(NASTY, outcome, differences, chosen)
    return replace(evaluation, field={"csp+lda": other}, rivals=(rival_named("csp+lda"),))


def test_compares_with_the_classifiers_of_the_field(tmp_path: Path, page: str) -> None:
    evaluation = make(("dog", "cat", "cup", "car"), 40, 4)
    assert "of the field" not in text_of(page)
    page = written(compared(evaluation, low=-0.0123), tmp_path)
    text = text_of(page)
    assert (
        "✓ Among the candidates, decoder minus csp+lda: +0.9 points [-1.2, +3.1]. No difference shown; a loss of"
        in text
    )
    assert "csp+lda 65.4 +0.9 [-1.2, +3.1] no difference shown 65.4 +0.9 [-1.2, +3.1] no difference shown" in text
    assert "✓ Pairwise, decoder" not in text
    n_folds = len(evaluation.chosen)
    assert f"It chose window Epoch(0.0, 0.5) in {n_folds - 1} of {n_folds} folds." in text
    assert f"csp+lda: its choices folds window which {n_folds - 1} Epoch(0.0, 0.5)" in text
    assert "csp+lda – – 65.4 [62.3, 67.7]" in text  # in the table of all measures, without a free answer
    assert "script" not in Elements(page).tags
    worse = text_of(written(compared(evaluation, low=-0.05), tmp_path))
    assert "✗ Among the candidates, decoder minus csp+lda: -2.9 points [-5.0, -0.7]. The decoder is worse." in worse
    assert "✗ Pairwise, decoder minus csp+lda: -2.9 points [-5.0, -0.7]. The decoder is worse." in worse


def test_unequal_answers_are_summed_up_by_the_auc(tmp_path: Path) -> None:
    evaluation = make(("rare", "frequent"), 60, 4, free=False)
    truth = (np.arange(60) % 6 > 0).astype(int)

    def with_auc(one: Outcome) -> Outcome:
        return replace(one, measures=one.measures | {"auc": Measure(0.876, 0.5, 0.85, 0.91, 0.001)})

    evaluation = replace(
        evaluation,
        truth=truth,
        decoder=with_auc(evaluation.decoder),
        ceiling=with_auc(evaluation.ceiling),
        controls={name: with_auc(one) for name, one in evaluation.controls.items()},
        seconds_per_trial=2.0,
    )
    text = text_of(written(evaluation, tmp_path))
    assert "87.6 % AUC 85.0 – 91.0 %" in text
    assert "65.4 % among the candidates, chance 25.0 %" in text
    assert "main measure The AUC, because" in text
    assert "bits per minute" not in text


def test_bits_per_minute(tmp_path: Path) -> None:
    evaluation = replace(make(("dog", "cat", "cup", "car"), 40, 4, free=False), seconds_per_trial=3.0)
    assert evaluation.bits is not None
    text = text_of(written(evaluation, tmp_path))
    assert f"{20 * evaluation.bits[0]:.1f} bits per minute, {evaluation.bits[0]:.2f} per decision" in text
    assert "one decision every 3 s" in text


def test_differences_are_drawn_around_zero() -> None:
    svg = differences_figure(
        [("lda", Difference(-0.01, -0.03, 0.01)), ("cca", Difference(0, 0, 0))], "AUC", "runs"
    ).svg()
    assert "-1.0</text>" in svg.replace("\N{MINUS SIGN}", "-")
    assert "+0.0</text>" in svg


def test_says_how_far_probabilities_can_be_believed(tmp_path: Path) -> None:
    """As held-out decisions are right; beside it what so few trials would give by luck, and what was there before."""
    evaluation = make(("dog", "cat", "cup", "car"), 40, 4)
    found = EvaluationReport(evaluation).summary()
    for row, probabilities in (("decoder", evaluation.probabilities), ("network", softmax(evaluation.decoder.scores))):
        assert found["probabilities"][row]["calibration_error"] == calibration_error(probabilities, evaluation.truth)
    assert found["probabilities"]["calibrations"][0] == {"temperature": 1.0, "bias": [0.0] * 4}
    shares = list(found["decisions"][0]["probabilities"].values())
    assert shares == evaluation.probabilities[0].tolist()
    assert "Probabilities are calibrated within the training runs" in text_of(written(evaluation, tmp_path))
    own = replace(evaluation, calibrations=(None,) * len(evaluation.calibrations))
    assert "Probabilities are the network’s own, not calibrated" in text_of(written(own, tmp_path))
