"""How a pseudo-online evaluation was made, in words."""

from __future__ import annotations

from ...report.numbers import count
from ...statistics.intervals import LEAST_RUNS
from .result import PseudoOnline
from .scores import N_MOVES


def pseudo_online_methods(result: PseudoOnline) -> dict[str, str]:
    """Methods by their headings."""
    return {
        "stream": _stream(result),
        "activations": _activations(result),
        "statistics": (
            "Intervals: 95 %, Student’s t over runs, as in an evaluation; none for fewer than "
            f"{LEAST_RUNS} runs. p: right answers of whole events exchanged within runs, decisions unchanged, the "
            "spread over exchanges widened by what folds share. Luck: the activations of each run moved in time all "
            f"together, what leaves at its end coming in at its beginning, {N_MOVES} times. Bits per minute: Wolpaw "
            "et al. (2000), for equally frequent answers, so the accuracy is the mean over answers; seconds from "
            "the onset until the activation was there, or until the event was over without one, and without the "
            "pauses between events."
        ),
        "network": f"{result.network}, SHA-256 {result.fingerprint}.",
    }


def _stream(result: PseudoOnline) -> str:
    steps = ", ".join(map(repr, result.settings.steps)) or "none"
    window = repr(result.settings.window)
    decided = (
        f"Every {result.every_s:g} s a window as long as that of an event, {window}, was decided on."
        if result.slides
        else f"Each window of an event, {window}, was decided on when it was complete."
    )
    delay = f", and {result.delay_s:g} s more that steps wait for samples that follow" if result.delay_s else ""
    lag = f" What comes out of the filters lags by another {result.group_delay_s:.3f} s, which is in all numbers."
    return (
        f"{count(len(result.thresholds), 'fold')} of {count(len(result.held_out), 'run')}; in each, a decoder was "
        "fitted on the windows of events of the other runs, all choices made inside these. Steps carried their "
        f"state along the held-out runs: {steps}. {decided} A decision counts from the moment when the newest sample "
        f"of its window was there{delay}; what computing takes is not in it.{lag * (result.group_delay_s > 0.001)}"
    )


def _activations(result: PseudoOnline) -> str:
    policy = result.policy
    text = (
        "The most probable answer activates where its probability reaches the threshold in "
        f"{count(policy.dwell, 'decision')} in a row, and then not again for {policy.refractory_s:g} s"
        f"{'' if result.slides else ', for each event by itself'}."
    )
    if result.is_chosen:
        limit = "" if result.limit is None else f" with at most {result.limit:g} activations per minute of rest there"
        text += (
            " The threshold of each fold was chosen in its training runs, by decoders fitted on parts of these and "
            f"tried on the rest, so that most events are answered rightly at first{limit}."
        )
    if result.slides:
        text += (
            f" An event holds from {result.from_s:g} s after its onset until {result.to_s:g} s after its end (or "
            "after its own window has been decided on, where that is later), and at most until the next begins; all "
            "else is rest."
        )
    return text
