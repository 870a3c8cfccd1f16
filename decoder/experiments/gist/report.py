"""The decoded gist for the terminal and the page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ...report.data import plain_data
from ...report.drawing import Drawing
from ...report.numbers import count, percent
from ...report.result import Cell, Code, Number, PageSection, Sentence, Table
from .result import DISTINGUISHABLE, DecodedRun, GistResult
from .run import NO_BRAIN

LINE = 12
NOT_DISTINGUISHABLE = "not distinguishable from the language model"


@dataclass(frozen=True)
class GistReport:
    """Implements `hotwire.decoder.report.result.PageResult`."""

    result: GistResult

    def summary(self) -> dict[str, Any]:
        runs = [
            vars(run)
            | {
                "identified": run.identified._asdict(),
                "evidence": run.evidence._asdict()
                | {"z": run.evidence.z, "distinguishable": run.evidence.distinguishable},
            }
            for run in self.result.runs
        ]
        return plain_data(vars(self.result) | {"runs": runs})

    def lead(self) -> str:
        result = self.result
        listener = "a synthetic listener" if result.synthetic else result.recording
        runs = count(len(result.runs), "run")
        return (
            f"From {listener}, the words of {runs} that were held out, with {result.network} at layer "
            f"{result.settings.layer}. The words' times are given, their text is not."
        )

    def numbers(self) -> list[Number]:
        runs = self.result.runs
        name = "BLEU-1" if self.result.identified_by not in runs[0].scores else self.result.identified_by
        z = np.mean([run.scores[name].z for run in runs])
        error = np.mean([run.scores["WER"].value for run in runs])
        found = float(np.mean([run.identified.same_story for run in runs]))
        return [
            Number(f"{z:.1f}", f"z of {name} over texts without a brain"),
            Number(percent(found), "% of windows identified, of two"),
            Number(f"{error:.3f}", "word error rate"),
        ]

    def sentences(self) -> list[Sentence]:
        result = self.result
        found = []
        if result.synthetic:
            found.append(
                Sentence("The listener is synthetic: this says what the decoder can do, and nothing of a brain.")
            )
        for run in result.runs:
            z = run.evidence.z
            verdict = "the text is the brain’s" if run.evidence.distinguishable else NOT_DISTINGUISHABLE
            found.append(
                Sentence(
                    f"Run {run.run}: {verdict}. Its evidence is {z:.1f} standard deviations above the brain’s at other "
                    f"times ({DISTINGUISHABLE:g} are asked for).",
                    run.evidence.distinguishable,
                )
            )
            missed = 1 - run.coverage
            if missed > 0.1:
                found.append(Sentence(f"Run {run.run}: {percent(missed)} % of its words the decoder cannot say."))
        return found

    def tables(self) -> list[Table]:
        return [self._scores(), self._identified()]

    def figures(self) -> list[Drawing]:
        return []

    def sections(self) -> list[PageSection]:
        texts = [Code(_side_by_side(run)) for run in self.result.runs]
        return [
            PageSection("Scores", [self._scores(), self._identified()]),
            PageSection("True and decoded, at the same times", texts),
            PageSection("Methods", [self._methods()]),
        ]

    def _scores(self) -> Table:
        rows: list[list[Cell]] = []
        for run in self.result.runs:
            for name, scores in {"decoder": run.scores, **run.controls}.items():
                cells: list[Cell] = [str(run.run), name]
                for score in scores.values():
                    cells += [f"{score.value:.3f}", f"{score.z:+.1f}", percent(score.above)]
                rows.append(cells)
            rows.append([])
        names = [part for name in self.result.runs[0].scores for part in (name, "z", "above")]
        caption = (
            f"Mean over windows; z over {self.result.n_nulls} texts of the same beam without a brain; per cent of "
            "windows above the 95th percentile of those texts"
        )
        return Table(["run", "text", *names], rows[:-1], caption)

    def _identified(self) -> Table:
        rows: list[list[Cell]] = []
        for run in self.result.runs:
            found = run.identified
            others = [percent(found.other_stories), f"{found.story_place} of {found.n_stories}"]
            same = percent(found.same_story)
            rows.append([str(run.run), same, *(others if found.n_stories > 1 else ["", ""])])
        caption = (
            f"By {self.result.identified_by}: how often a decoded window is more like its true window than like "
            "another, in per cent (chance 50), and the place of its story among stories"
        )
        return Table(["run", "others of the same story", "of other stories", "story"], rows, caption)

    def _methods(self) -> dict[str, str]:
        result = self.result
        encoding, beam, r = result.settings.encoding, result.settings.beam, np.array(result.correlations)
        return {
            "words": (
                f"States of layer {result.settings.layer} of {result.network}, which attends to the last "
                f"{result.settings.n_tokens} tokens; {result.settings.n_components} principal components, and rate, "
                "length, duration, surprisal and stop word of each word. Interpolated to samples (Lanczos, "
                f"{count(encoding.lobes, 'lobe')}), with delays of {', '.join(map(str, encoding.delays))} samples."
            ),
            "encoding model": (
                f"Banded ridge for each voxel, on {count(len(result.fitted_runs), 'run')} of "
                f"{result.n_training_words:,} words. Of {len(r):,} voxels kept, prediction and held-out samples "
                f"correlate by {r.mean():.3f} on average (90th percentile {np.percentile(r, 90):.3f}); their "
                f"squares add up to {result.sum_of_squares:.1f}. The noise's autocorrelation is "
                f"{result.autocorrelation:.2f}."
            ),
            "beam": (
                f"{beam.width} hypotheses, words proposed by the language model among the {result.n_vocabulary:,} of "
                "the training (Tang, LeBel, Jain & Huth 2023, Nat. Neurosci. 26, 858)."
            ),
            NO_BRAIN: "The same beam, with noise of the model’s size in place of what the brain leaves unexplained.",
            "evidence": (
                "Nats by which the best text explains the samples better than unknown words; no true word is used."
            ),
        }


def _side_by_side(run: DecodedRun) -> str:
    lines = []
    for start in range(0, len(run.true), LINE):
        true, said = (" ".join(text[start : start + LINE]) for text in (run.true, run.said))
        lines += [f"{run.middle_s[start]:7.1f} s  {true}", f"{'':>9}  {said}"]
    verdict = "" if run.evidence.distinguishable else f" ({NOT_DISTINGUISHABLE})"
    return "\n".join([f"run {run.run}: what was said, and below it what was decoded{verdict}", *lines])
