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
from ...report.result import Code, Number, PageSection, Sentence, Table
from .ceilings import Ceilings
from .methods import methods_of
from .result import DecodedRun, GistResult
from .retrieval import retrieval_sentence, retrieval_table
from .tables import identified_table, scores_table, short_scores_table

LINE = 12
LEAST_SAYABLE = 0.5
"""Of the true words: below, the runs are of another language, or of other topics."""
TIMES = {
    "brain": "Neither what was said is given to the decoder nor when: the words’ times are the brain’s, too.",
    "true": "When each word was said is given to the decoder, what was said is not. A live session knows these times "
    "only where somebody marks them; without, its scores are lower.",
}


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
            f"{result.settings.layer}. {TIMES[result.word_times]}"
        )

    @property
    def _measure(self) -> str:
        """The score that is told first."""
        by = self.result.identified_by
        return by if by in self.result.runs[0].scores else "BLEU-1"

    def numbers(self) -> list[Number]:
        runs, name = self.result.runs, self._measure
        z = np.mean([run.scores[name].z for run in runs])
        error = np.mean([run.scores["WER"].value for run in runs])
        found = float(np.mean([run.identified.same_story for run in runs]))
        retrieved = float(np.mean([run.retrieved.same_passage for run in runs]))
        short = any(np.isnan(run.retrieved.z) for run in runs)
        return [
            Number(f"{z:.1f}", f"z of {name} over texts of surrogates, which heard nothing"),
            Number(percent(found), "% of windows identified by their texts, of two"),
            Number(percent(retrieved), f"% by the brain, without a text{'; too short a run for a z' * short}"),
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
            side = "above" if z >= 0 else "below"
            verdict = "the text is the brain’s" if run.evidence.distinguishable else NOT_DISTINGUISHABLE
            found.append(
                Sentence(
                    f"Run {run.run}: {verdict}. Its evidence is {abs(z):.1f} standard deviations {side} that on "
                    f"{result.n_nulls} surrogates of the run, with random phases ({DISTINGUISHABLE:g} above are "
                    f"asked for).{_by_stretches(run)}{_too_strong(run)}",
                    run.evidence.distinguishable,
                )
            )
            found.append(Sentence(f"Run {run.run}: {_rate(run, result.word_times)}"))
            found.append(retrieval_sentence(run))
            sayable, proposed = run.coverage
            found.append(
                Sentence(
                    f"Run {run.run}: of its words the decoder may say {percent(sayable)} %, and {percent(proposed)} % "
                    "are among its proposals after the true text.",
                    None if sayable > LEAST_SAYABLE else False,
                )
            )
        if result.ceilings is not None:
            found.append(Sentence(_ceilings(result, result.ceilings)))
        if result.controls_left_out:
            found.append(Sentence(f"Controls not run: {', '.join(result.controls_left_out)}."))
        return found

    def tables(self) -> list[Table]:
        return [short_scores_table(self.result), identified_table(self.result), retrieval_table(self.result)]

    def figures(self) -> list[Drawing]:
        return []

    def sections(self) -> list[PageSection]:
        texts = [Code(_side_by_side(run)) for run in self.result.runs]
        return [
            PageSection("Scores of texts", [scores_table(self.result), identified_table(self.result)]),
            PageSection("Retrieval, without any text", [retrieval_table(self.result)]),
            PageSection("True and decoded, at the same times", texts),
            PageSection("Methods", [methods_of(self.result)]),
        ]


def _by_stretches(run: DecodedRun) -> str:
    """What a live meter says, of one stretch of words at a time."""
    n = len(run.evidence.gains)
    share = percent(run.evidence.stretches) if n else ""
    return f" Of its {n} stretches of {METER_WORDS} words, {share} % are as far above." if n else ""


def _rate(run: DecodedRun, word_times: str) -> str:
    """How well the brain tells how fast is spoken, and what that was used for."""
    r, z, n_true, n_timed = run.rate
    z = "" if np.isnan(z) else f" (z {z:.1f} over all shifts of the one against the other)"
    use = "which this decoding used" if word_times == "brain" else "which this decoding did not use"
    return (
        f"how many words are said in each sample, as the brain tells it, correlates by {r:.2f} with the truth{z}; that "
        f"makes {n_timed} words of {n_true}, {use}."
    )


def _ceilings(result: GistResult, of: Ceilings) -> str:
    """What the listeners allow, beside what was reached."""
    r = np.mean(result.correlations)
    told = (
        f"Ceilings from the {of.n_listeners} listeners themselves: no prediction could correlate with their mean by "
        f"more than {of.r:.2f}, on average over features; that from the words does by {r:.2f}."
    )
    for run in result.runs:
        share, known = of.same_passage[run.run], run.retrieved.same_passage
        if not np.isnan(share):
            told += (
                f" In run {run.run} the true stretch wins against {percent(share)} % of the others where one half of "
                f"the listeners is compared with the other, and against {percent(known)} % where all are compared "
                "with the words."
            )
    return told


def _too_strong(run: DecodedRun) -> str:
    times = run.evidence.times_too_strong
    if times is None:
        return ""
    return (
        f" At times its samples are {times:.1f} times as strong as those of surrogates, after whitening: a text "
        "explains more of whatever is larger, so this may be an artefact."
    )


def _evidence(run: DecodedRun) -> dict[str, Any]:
    of = run.evidence
    return vars(of) | {"z": of.z, "distinguishable": of.distinguishable, "stretches": of.stretches}


def _side_by_side(run: DecodedRun) -> str:
    lines = []
    starts = range(0, len(run.true), LINE)
    cuts = [0, *np.searchsorted(run.said_s, [run.middle_s[start] for start in starts[1:]]).tolist(), len(run.said)]
    for start, first, stop in zip(starts, cuts, cuts[1:], strict=False):
        true, said = " ".join(run.true[start : start + LINE]), " ".join(run.said[first:stop])
        lines += [f"{run.middle_s[start]:7.1f} s  {true}", f"{'':>9}  {said}"]
    verdict = "" if run.evidence.distinguishable else f" ({NOT_DISTINGUISHABLE})"
    return "\n".join([f"run {run.run}: what was said, and below it what was decoded{verdict}", *lines])
