"""The result of a pseudo-online evaluation in sentences."""

from __future__ import annotations

from collections.abc import Iterator

from ...report.numbers import count, interval, p_words, percent
from ...statistics.measures import IN_SENTENCES
from .result import PseudoOnline

ALIKE = 0.95
"""From this share of the offline score on, decisions on a stream count as equally good."""


def pseudo_online_sentences(result: PseudoOnline) -> list[str]:
    """The most important first."""
    return list(_sentences(result))


def _sentences(result: PseudoOnline) -> Iterator[str]:
    covering, events = result.covering, result.events
    if not covering.n_pseudo_online:
        yield "No decision was there when the window of an event was complete."
    else:
        here, offline = covering.pseudo_online[covering.main], covering.offline[covering.main]
        verdict = "as good as" if covering.ratio >= ALIKE else "worse than"
        yield (
            f"When the window just covers that of the event, {covering.latency_s:.2f} s after its onset, decisions on "
            f"the stream are {verdict} those offline: {IN_SENTENCES[covering.main]} {interval(here, ' %')} beside "
            f"{interval(offline, ' %')}, a ratio of {covering.ratio:.3f} (permutation p {p_words(here.p_value)})."
        )
    yield (
        f"{percent(events.right.value)} % of {count(events.n, 'event')} were answered rightly by their first "
        f"activation ({percent(events.right.chance)} % with answers exchanged, p {p_words(events.right.p_value)}), "
        f"{percent(events.wrong)} % wrongly, {percent(events.missed)} % not at all."
    )
    if events.seconds.median == events.seconds.median:
        seconds = events.seconds
        yield (
            f"The first right activation came {seconds.median:.2f} s after the onset (median; quartiles "
            f"{seconds.lower:.2f} and {seconds.upper:.2f} s)."
        )
    if events.false is not None:
        false = events.false
        yield (
            f"While no event held, activations per minute were {false} in {false.minutes:.1f} minutes; "
            f"{false.luck:.2f} with the events moved in time, so that activations know nothing of them."
        )
    elif result.windows == "sliding":
        yield "There is next to no rest between the events, so false activations could not be counted."
    if not any(len(one.activations) for one in result.held_out):
        yield (
            "Nothing ever activated: no threshold gave so few false activations as were asked for. Ask for more of "
            "them, or for a readout whose probabilities tell sure decisions from unsure ones."
        )
    if result.n_abstained:
        yield f"In {count(result.n_abstained, 'window')} the samples were rejected, and nothing was decided."
