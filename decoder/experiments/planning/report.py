"""The report of a plan, for the terminal and the page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ...report.data import plain_data
from ...report.drawing import Drawing
from ...report.numbers import count, listed, percent
from ...report.result import Cell, Folded, Number, PageSection, Part, Sentence, Table
from .figures import layers_figure, reach_figure, spans_figure
from .result import PlanResult, needed
from .sentences import plan_sentences

LEFT_OUT = {"categories": "categories not trained on", "pictures": "pictures not trained on"}
MOST_LAYERS = 12


@dataclass(frozen=True)
class PlanReport:
    """Implements `hotwire.decoder.report.result.PageResult`."""

    plan: PlanResult

    def summary(self) -> dict[str, Any]:
        plan = self.plan
        trials = [{"signal_to_noise": level, "trials": needed(curve, plan.target)} for level, curve in plan.levels()]
        return plain_data(
            vars(plan)
            | {
                "findings": plan_sentences(plan),
                "needed_training": {left_out: needed(curve, plan.target) for left_out, curve in plan.span_curves()},
                "needed_trials": trials,
            }
        )

    def lead(self) -> str:
        plan = self.plan
        return (
            f"What can be said before any scan, from {plan.n_stimuli} {plan.stimuli} and the network {plan.network}, "
            f"entered at layer {plan.layer}, with {len(plan.answers)} answers{listed(plan.answers)}."
        )

    def numbers(self) -> list[Number]:
        return []

    def sentences(self) -> list[Sentence]:
        return [Sentence(text) for text in plan_sentences(self.plan)]

    def tables(self) -> list[Table]:
        step = -(-len(self.plan.layers) // MOST_LAYERS)
        return [self._layers(step), self._spans(), self._reach()]

    def figures(self) -> list[Drawing]:
        return [layers_figure(self.plan), spans_figure(self.plan), reach_figure(self.plan)]

    def sections(self) -> list[PageSection]:
        plan, noise = self.plan, self.plan.noise
        unit = "categories" if plan.stimuli == "words" else "pictures and categories"
        noise_text = (
            f"The noise gone by is that of {noise.name}: {count(noise.n_features, 'feature')}, signal-to-noise ratio "
            f"{noise.signal_to_noise:.2g}{noise.between} in one trial, "
            f"{noise.seconds_per_trial:.0f} s of recording for each. A recording of your own tells more: --like "
            "STUDY.toml."
        )
        titles = (
            "How many trials: what decoders of given noise reach",
            f"How many {unit}: the ceiling that no amount of brain data lifts",
            "What the stimuli span, layer by layer",
            "Methods",
        )
        parts: tuple[list[Part], ...] = (
            [reach_figure(plan), self._reach(), noise_text],
            [spans_figure(plan), self._spans()],
            [layers_figure(plan), Folded("Table", [self._layers()])],
            [_methods(plan)],
        )
        return [PageSection(*of) for of in zip(titles, parts, strict=True)]

    def _layers(self, step: int = 1) -> Table:
        chosen = [one for i, one in enumerate(self.plan.layers) if i % step == 0 or one.layer == self.plan.layer]
        rows = []
        for one in chosen:
            d = one.dimensions
            counts = (f"{one.n_units:,}", f"{d.participation:.1f}", str(d.n90), str(d.n95), str(d.n99))
            rows.append([one.layer, *counts, percent(one.explained)])
        bold = [one.layer for one in chosen].index(self.plan.layer)
        columns = ("layer", "units", "dimensions", "for 90 %", "95 %", "99 %", "held-out explained, %")
        return Table(columns, rows, "What the stimuli span, and of a stimulus left out the others", bold)

    def _spans(self) -> Table:
        rows: list[list[Cell]] = []
        for left_out, curve in self.plan.span_curves():
            for one in curve:
                shares = (one.explained, one.pairwise.value, one.candidate.value)
                rows.append([LEFT_OUT[left_out], str(one.n_training), *map(percent, shares)])
            rows.append([])
        n_pool = self.plan.n_pool
        note = f"; {n_pool} words are not the study's, but from a list of everyday nouns" if n_pool else ""
        columns = ("left out", f"training {self.plan.stimuli}", "explained", "of two", "among all")
        return Table(columns, rows[:-1], f"Without noise: the ceiling, in per cent{note}")

    def _reach(self) -> Table:
        plan, curves = self.plan, list(self.plan.levels())
        rows = [
            [str(row[0].n_training), *(f"{one.pairwise}; {one.candidate}" for one in row)]
            for row in zip(*(curve for _, curve in curves), strict=True)
        ]
        caption = (
            "Simulated decoders: per cent right of two, and among all, ± standard error (chance "
            f"{percent(plan.chance.pairwise)} and {percent(plan.chance.candidate)}). S/N: signal-to-noise ratio; "
            f"that of {plan.noise.name} is {plan.noise.signal_to_noise:.2g}"
        )
        unit = "trials of each word" if plan.stimuli == "words" else "training pictures"
        return Table([unit, *(f"S/N {level:.2g}" for level, _ in curves)], rows, caption)


def _methods(plan: PlanResult) -> dict[str, str]:
    return {
        "measured": (
            "Nothing was measured on a brain but the signal-to-noise ratio gone by. The network was shown the "
            f"{plan.stimuli}, and its activations were recorded in every layer. The dimensions they fill are counted "
            "by the participation ratio of the variances along principal components (Gao et al. 2017)."
        ),
        "ceiling": (
            "A ridge prediction is a mean of the activations of the training stimuli with weights that sum to 1, so "
            "it cannot leave their affine span, whatever the brain data (output dimension collapse: Shirakawa et "
            "al. 2024). The ceiling takes of each held-out activation the nearest point of that span (Otsuka et al. "
            f"2025) and lets the network read it: {plan.readout}."
        ),
        "simulations": (
            f"A synthetic brain weighs the units of layer {plan.layer} at random in each of "
            f"{count(plan.noise.n_features, 'feature')} and adds independent noise. The signal-to-noise ratio is the "
            f"variance of a feature's response over {plan.stimuli} by that of its noise in one trial. The study's "
            "adapter is fitted, its strength chosen by cross-validation within the training trials, and the network "
            "reads its predictions for trials that it was not fitted on. Features that share noise are meant as "
            "they are after whitening. A real brain may keep less of the layer than a linear map does: take the "
            "curves for what is possible at that noise, not for a promise."
        ),
        "signal-to-noise ratio": (
            "That of a recording is that of a brain with equal, independent features whose trials lie as far, by "
            "d-prime, on the right side between the class means of other runs; no network takes part in it. Its "
            "interval is from leaving one run out at a time (jackknife)."
        ),
        "network": f"{plan.network}, SHA-256 {plan.fingerprint}.",
        "random seed": str(plan.seed),
    }
