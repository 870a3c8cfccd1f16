"""The decoded gist for the terminal and the page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ...gist.gist_decoder import METER_WORDS
from ...gist.meter import DISTINGUISHABLE, NOT_DISTINGUISHABLE
from ...report.data import plain_data
from ...report.drawing import Drawing
from ...report.numbers import count, percent
from ...report.result import Cell, Code, Number, PageSection, Sentence, Table
from .controls import CONTROLS
from .result import DecodedControl, DecodedRun, GistResult
from .run import BEST, DECODER, NO_BRAIN, SURROGATE

LINE = 12


@dataclass(frozen=True)
class GistReport:
    """Implements `hotwire.decoder.report.result.PageResult`."""

    result: GistResult

    def summary(self) -> dict[str, Any]:
        runs = [vars(run) | {"evidence": _evidence(run)} for run in self.result.runs]
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
                    f"Run {run.run}: {verdict}. Its evidence is {z:.1f} standard deviations above that on "
                    f"{result.n_surrogates} surrogates of the run, with random phases ({DISTINGUISHABLE:g} are asked "
                    f"for).{_by_stretches(run)}",
                    run.evidence.distinguishable,
                )
            )
            sayable, proposed = run.coverage
            found.append(
                Sentence(
                    f"Run {run.run}: of its words the decoder may say {percent(sayable)} %, and {percent(proposed)} % "
                    "are among its proposals after the true text."
                )
            )
        if result.controls_left_out:
            found.append(Sentence(f"Controls not run: {', '.join(result.controls_left_out)}."))
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
            own = DecodedControl(run.scores, run.evidence.z)
            for name, text in {DECODER: own, **run.controls}.items():
                cells: list[Cell] = [str(run.run), name, "" if text.z is None else f"{text.z:+.1f}"]
                for score in text.scores.values():
                    cells += [f"{score.value:.3f}", f"{score.z:+.1f}", percent(score.above)]
                rows.append(cells)
            rows.append([])
        names = [part for name in self.result.runs[0].scores for part in (name, "z", "above")]
        caption = (
            "The evidence's z over surrogates, where the text is decoded by the decoder's own model; then means over "
            f"windows, z over {self.result.n_nulls} texts of the same beam without a brain, and per cent of windows "
            "above the 95th percentile of those texts"
        )
        return Table(["run", "text", "evidence z", *names], rows[:-1], caption)

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
        run = result.runs[0]
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
            "evidence": (
                "Nats by which the best text explains the samples better than unknown words; no true word is used. Its "
                f"null are {result.n_surrogates} surrogates: the run’s samples with random phases, the same for all "
                "voxels (Prichard & Theiler 1994, Phys. Rev. Lett. 73, 951). A live meter has the same null, of the "
                "training, and one stretch of words at a time."
            ),
            NO_BRAIN: "The same beam, with noise of the model’s size in place of what the brain leaves unexplained.",
            SURROGATE: "The text of the first surrogate.",
            BEST: (
                "Of the texts that the beam holds in the end, the one with the fewest errors. The truth chooses it, so "
                "it is an upper limit and no result; the texts differ only where words are not final."
            ),
            **{
                name: f"{told[0].upper()}{told[1:]}." for name, (_, told, _) in CONTROLS.items() if name in run.controls
            },
        }


def _by_stretches(run: DecodedRun) -> str:
    """What a live meter says, of one stretch of words at a time."""
    n = len(run.evidence.gains)
    share = percent(run.evidence.stretches) if n else ""
    return f" Of its {n} stretches of {METER_WORDS} words, {share} % are as far above." if n else ""


def _evidence(run: DecodedRun) -> dict[str, Any]:
    of = run.evidence
    return vars(of) | {"z": of.z, "distinguishable": of.distinguishable, "stretches": of.stretches}


def _side_by_side(run: DecodedRun) -> str:
    lines = []
    for start in range(0, len(run.true), LINE):
        true, said = (" ".join(text[start : start + LINE]) for text in (run.true, run.said))
        lines += [f"{run.middle_s[start]:7.1f} s  {true}", f"{'':>9}  {said}"]
    verdict = "" if run.evidence.distinguishable else f" ({NOT_DISTINGUISHABLE})"
    return "\n".join([f"run {run.run}: what was said, and below it what was decoded{verdict}", *lines])
