"""An evaluation for the terminal and the page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from ..evaluation.controls import UNTRAINED
from ..evaluation.result import Evaluation
from ..statistics.confusion import confusion
from ..statistics.difference import Difference, in_words
from ..statistics.measures import MEASURES
from .checks import UNIT, finding_checks, result_checks, runs_checks
from .drawing import Drawing
from .evaluation_figures import confusion_figure, groups_figure, ranks_figure
from .evaluation_methods import evaluation_methods
from .evaluation_probabilities import probabilities_section, probabilities_sentences
from .evaluation_summary import evaluation_summary
from .evaluation_trials import accuracy_by_group, answers_of, groups_of, rank_curves, ranks_table, trials_table
from .measures import differences_figure, measures_figure, measures_table
from .numbers import between, count, interval, listed, p_words, percent
from .result import Cell, Number, PageSection, Sentence, Table
from .terminal import decisions_table

MOST_IN_MATRIX = 24
MOST_OTHERS = 12


@dataclass(frozen=True)
class EvaluationReport:
    """Implements `Result`."""

    evaluation: Evaluation

    @cached_property
    def names(self) -> list[str]:
        """Of the measures in tables and figures: between two classes, a pair is the choice between them."""
        measures = self.evaluation.decoder.measures
        return [name for name in MEASURES if name in measures and not (name == "pairwise" and "auc" in measures)]

    @property
    def over(self) -> str:
        return self.evaluation.over

    def summary(self) -> dict[str, Any]:
        return evaluation_summary(self.evaluation)

    def lead(self) -> str:
        evaluation = self.evaluation
        runs = "" if self.over == "trials" else f" ({count(len(np.unique(evaluation.trials.run)), 'run')})"
        said = "chose" if evaluation.decoder.texts is None else "said in its own words"
        network = f"the network {evaluation.network} {said}"
        if evaluation.settings.readout.is_fitted:
            chose = f"a linear discriminant of the predicted activations of the network {evaluation.network} chose"
            network = chose if evaluation.decoder.texts is None else f"{network}, and a linear discriminant chose"
        return (
            f"From {evaluation.recording}, {network}, in each of "
            f"{count(len(evaluation.truth), 'trial')}{runs}, which of {len(evaluation.answers)} answers was the "
            f"right one{listed(evaluation.answers)}."
        )

    def numbers(self) -> list[Number]:
        evaluation = self.evaluation
        measures, main = evaluation.decoder.measures, evaluation.decoder.measures[evaluation.main]
        what = "of two new classes" if evaluation.classes is not None else MEASURES[evaluation.main]
        second = "candidate" if evaluation.main in ("auc", "pairwise") else self._of_pairs
        numbers = [
            Number(f"{percent(main.value)} %", "right, " * (evaluation.main != "auc") + what),
            Number(between(main), f"95 % interval over {self.over}"),
            Number(f"{percent(main.chance)} %", f"chance: {main.chance_reason}" if main.chance_reason else "chance"),
            Number(p_words(main.p_value), "permutation p"),
            Number(
                f"{percent(measures[second].value)} %",
                f"{MEASURES[second]}, chance {percent(measures[second].chance)} %",
            ),
        ]
        if evaluation.bits is not None:
            each, minute = evaluation.bits
            numbers.append(Number(f"{minute:.1f}", f"bits per minute, {each:.2f} per decision"))
        return numbers

    def sentences(self) -> list[Sentence]:
        evaluation = self.evaluation
        controls = {name: one.measures for name, one in evaluation.controls.items()}
        untrained = controls.pop(UNTRAINED, None) if evaluation.settings.readout.is_fitted else None
        checks = result_checks(
            evaluation.decoder.measures, evaluation.ceiling.measures[evaluation.main], controls, self._main_measures()
        )
        if untrained is not None:
            text = (
                f"With an untrained network it is {interval(untrained[evaluation.main], UNIT)}: a discriminant learns "
                "its classes in the activations of any network. What the trained one adds is what it says itself"
            )
            checks.append(Sentence(f"{text}."))
        for name, measure, one in evaluation.reported_differences():
            text = in_words(one, name, MEASURES[measure][:1].upper() + MEASURES[measure][1:])
            checks.append(Sentence(text, one.verdict != "worse"))
        if evaluation.engine == "bundle":
            checks.append(Sentence("The decoder decided as on a rig: by its bundle's graph, with weights of 8 bits."))
        if evaluation.classes is not None:
            checks.append(
                Sentence(
                    "No class was trained on in the fold that tests it; chance is each fold's best constant guess, "
                    "which knows what is missing in the training: look at the two new classes."
                )
            )
        if evaluation.bits is not None:
            each, minute = evaluation.bits
            checks.append(Sentence(f"{each:.2f} bits in a decision, {minute:.1f} bits in a minute."))
        units = {"classes": evaluation.truth, "sessions": evaluation.fold}.get(self.over, evaluation.trials.run)
        checks += runs_checks(len(np.unique(units)), self.over) + probabilities_sentences(evaluation)
        return checks + finding_checks(evaluation.findings)

    def tables(self) -> list[Table]:
        decisions = self.summary()["decisions"]
        n_right = sum(one["right"] for one in decisions)
        caption = f"{self.evaluation.network}: {n_right} of {len(decisions)} right"
        return [replace(decisions_table(decisions), caption=caption), self._measures_table()]

    def figures(self) -> list[Drawing]:
        return [part for section in self.sections() for part in section.parts if isinstance(part, Drawing)]

    def sections(self) -> list[PageSection]:
        evaluation, rows = self.evaluation, [(name, one.measures) for name, one in self.evaluation.rows()]
        sections = [
            PageSection("All measures", [measures_figure(rows, self.names, self.over), self._measures_table()]),
            *([self._field()] if evaluation.field else []),
            self._answers(),
            probabilities_section(evaluation),
            self._groups(),
            *([self._chosen()] if any(evaluation.chosen) else []),
            PageSection("Methods", [evaluation_methods(evaluation)]),
        ]
        if evaluation.findings:
            audit = Table(("check", "verdict", "reason"), [list(vars(one).values()) for one in evaluation.findings])
            sections.append(PageSection("Audit for leaks, before anything was fitted", [audit]))
        return [*sections, PageSection("Trial by trial", [trials_table(evaluation)])]

    def _measures_table(self) -> Table:
        return measures_table([(name, one.measures) for name, one in self.evaluation.rows()], self.names, self.over)

    def _main_measures(self) -> list[str]:
        """The measures to use: the main one and pairs; for unequal classes those or the AUC alone."""
        return list(dict.fromkeys([self.evaluation.main, self._of_pairs]))

    @property
    def _of_pairs(self) -> str:
        return "auc" if "auc" in self.evaluation.decoder.measures else "pairwise"

    def _field(self) -> PageSection:
        evaluation = self.evaluation
        by = evaluation.compared_by
        measures = list(next(iter(evaluation.field.values())).differences)
        columns = ["", *(heading for name in measures for heading in (MEASURES[name], "decoder minus it"))]
        body: list[list[Cell]] = []
        for name, one in evaluation.field.items():
            cells = [(percent(one.outcome.measures[of].value), _points(one.differences[of])) for of in measures]
            body.append([name, *(cell for pair in cells for cell in pair)])
        caption = (
            "In per cent, differences in points. Where no difference is shown, there may be one within the interval."
        )
        rows = [(name, one.differences[by]) for name, one in evaluation.field.items()]
        choices = {name: one.chosen for name, one in evaluation.field.items() if any(one.chosen)}
        return PageSection(
            "Classifiers of the field",
            [
                "Fitted on the very trials that the decoder was fitted on in each fold, and decided on the same "
                "held-out ones; each chose its settings for itself, in the training runs.",
                differences_figure(rows, MEASURES[by], self.over),
                Table(columns, body, caption),
                *(replace(self._choices(chosen), caption=f"{name}: its choices") for name, chosen in choices.items()),
            ],
        )

    def _answers(self) -> PageSection:
        evaluation, n_answers = self.evaluation, len(self.evaluation.answers)
        if n_answers <= MOST_IN_MATRIX:
            counts = confusion(evaluation.truth, answers_of(evaluation.decoder), n_answers)
            drawing = confusion_figure(counts, evaluation.answers, other=evaluation.decoder.said is not None)
            return PageSection("Confusions: what was said for what was shown", [drawing, *self._other_words()])
        groups = groups_of(evaluation)
        curves = rank_curves(evaluation, groups)
        parts = [ranks_figure(curves, n_answers, groups.unit), ranks_table(curves, n_answers), *self._other_words()]
        return PageSection(f"Ranks: where the true answer stands among {n_answers}", parts)

    def _other_words(self) -> list[str]:
        """Free answers that are none of the classes, the most frequent first."""
        outcome = self.evaluation.decoder
        if outcome.texts is None or outcome.said is None:
            return []
        others = Counter(text for text, said in zip(outcome.texts, outcome.said, strict=True) if said < 0)
        ranked = sorted(others.items(), key=lambda item: (-item[1], item[0]))
        if not ranked:
            return []
        more = f", and {len(ranked) - MOST_OTHERS} others" if len(ranked) > MOST_OTHERS else ""
        words = ", ".join(f"“{text}” ({n})" for text, n in ranked[:MOST_OTHERS])
        return [f"Free answers that are none of the words: {words}{more}."]

    def _groups(self) -> PageSection:
        evaluation, groups = self.evaluation, groups_of(self.evaluation)
        title = f"{groups.unit.capitalize()} by {groups.unit}"
        if groups.unit == "trial":
            return PageSection(
                title, ["Runs and folds hold single trials; there is nothing between a trial and the whole."]
            )
        panels, names = {}, []
        for measure in self._main_measures():
            one = evaluation.decoder.measures[measure]
            names, values = accuracy_by_group(evaluation, groups, measure)
            panels[measure] = (values, one.value, one.chance)
        note = ["Some runs hold a single trial, so these are folds."] if groups.unit == "fold" else []
        return PageSection(title, [*note, groups_figure([str(name) for name in names], panels, groups.unit)])

    def _chosen(self) -> PageSection:
        text = (
            "Chosen within the training runs alone, so it may differ from fold to fold. Where folds agree, the "
            "choice does not hang on a few runs. A fold is named by the run that it holds out, or by its number."
        )
        return PageSection("What was chosen in each fold", [text, self._choices(self.evaluation.chosen)])

    def _choices(self, of_folds: Sequence[dict[str, str]]) -> Table:
        """Each combination of chosen settings with the folds that chose it, the most frequent first."""
        by_choice: dict[tuple, list[str]] = {}
        for name, chosen in zip(self.evaluation.fold_names, of_folds, strict=True):
            if chosen:
                by_choice.setdefault(tuple(chosen.items()), []).append(name)
        ranked = sorted(by_choice.items(), key=lambda item: -len(item[1]))
        rows = [[str(len(of)), *(value for _, value in choice), ", ".join(of)] for choice, of in ranked]
        return Table(["folds", *(setting for setting, _ in ranked[0][0]), "which"], rows)


def _points(difference: Difference) -> str:
    low, high = 100 * difference.low, 100 * difference.high
    if np.isnan(low):
        return f"{100 * difference.value:+.1f} no interval"
    return f"{100 * difference.value:+.1f} [{low:+.1f}, {high:+.1f}] {difference.verdict}"
