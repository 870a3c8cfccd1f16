"""The report of a pseudo-online evaluation, for the terminal and the page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ...report.checks import runs_checks
from ...report.data import plain_data
from ...report.drawing import Drawing
from ...report.numbers import count, interval, listed, p_words, percent
from ...report.result import Folded, Number, PageSection, Part, Sentence, Table
from ...statistics.bits import Transfer
from ...statistics.measures import IN_SENTENCES
from .figures import curve_figure, operating_figure, strip_figure
from .methods import pseudo_online_methods
from .result import PseudoOnline
from .sentences import pseudo_online_sentences

LEAST_POINTS = 3
"""Fewer points are not drawn as a curve."""
MOST_POINTS = 16


@dataclass(frozen=True)
class PseudoOnlineReport:
    """Implements `hotwire.decoder.report.result.PageResult`; `recording` describes the recording in a few words."""

    result: PseudoOnline
    recording: str

    def summary(self) -> dict[str, Any]:
        result = self.result
        events, covering = vars(result.events), vars(result.covering)
        names = (
            "windows",
            "every_s",
            "answers",
            "n_decisions",
            "n_abstained",
            "delay_s",
            "group_delay_s",
            "thresholds",
        )
        audit = [one.reason for one in result.findings if one.verdict != "fine"]
        return plain_data(
            {
                **{name: getattr(result, name) for name in names},
                "events": {
                    **{name: events[name] for name in ("n", "right", "wrong", "missed", "transfer")},
                    "right_by_luck": events["moved"],
                    "p_by_luck": events["p_moved"],
                    "seconds_to_right": events["seconds"],
                    "false_per_minute": events["false"],
                },
                "covering": {
                    **{name: covering[name] for name in ("latency_s", "offline", "pseudo_online", "transfer")},
                    "measure": result.covering.main,
                    "ratio": result.covering.ratio,
                },
                "curve": result.curve,
                "operating": result.operating,
                "chosen": result.chosen,
                "network": result.network,
                "fingerprint": result.fingerprint,
                "findings": [*pseudo_online_sentences(result), *audit],
                "activations": [one for run in result.held_out for one in run.activation_data(result.answers)],
            }
        )

    def lead(self) -> str:
        result = self.result
        when = (
            f"every {result.every_s:g} s, whatever the events,"
            if result.slides
            else "on each event as its window ended"
        )
        return (
            f"From {self.recording}, the network {result.network} decided {when} on runs that it was not fitted on, "
            f"sample after sample as they would have come: {count(result.n_decisions, 'decision')} among "
            f"{len(result.answers)} answers{listed(result.answers)}."
        )

    def numbers(self) -> list[Number]:
        events, covering = self.result.events, self.result.covering
        numbers = []
        if covering.n_pseudo_online:
            here, offline = covering.pseudo_online[covering.main], covering.offline[covering.main]
            numbers = [
                Number(f"{covering.ratio:.3f}", f"of the offline {IN_SENTENCES[covering.main]}"),
                Number(f"{percent(here.value)} %", f"on the stream; offline {percent(offline.value)} %"),
            ]
        numbers.append(Number(f"{percent(events.right.value)} %", "of events answered rightly at first"))
        if events.false is not None:
            numbers.append(Number(f"{events.false.value:.2f}", "activations per minute of rest"))
        return [*numbers, Number(f"{events.seconds.median:.2f} s", "to the first right activation")]

    def sentences(self) -> list[Sentence]:
        texts = [Sentence(text) for text in pseudo_online_sentences(self.result)]
        return texts + runs_checks(len(self.result.held_out))

    def tables(self) -> list[Table]:
        step = -(-len(self.result.curve) // MOST_POINTS)
        return [self._curve(step)] if self.result.curve else []

    def figures(self) -> list[Drawing]:
        curve = [curve_figure(self.result)] if len(self.result.curve) >= LEAST_POINTS else []
        return [*curve, strip_figure(self.result), operating_figure(self.result)]

    def sections(self) -> list[PageSection]:
        *curve, strip, operating = self.figures()
        sections = []
        if curve:
            parts: list[Part] = [*curve, Folded("Table", [self._curve()])]
            sections.append(PageSection("Since the onset: how decisions get better as the window fills", parts))
        return [
            *sections,
            PageSection("A run as it went by", [strip]),
            PageSection("Thresholds: what each would have led to", [operating]),
            PageSection("All measures", [self._covering(), self._events()]),
            PageSection("Methods", [pseudo_online_methods(self.result)]),
        ]

    def _curve(self, step: int = 1) -> Table:
        rows = [
            [
                f"{one.latency_s:.2f}",
                str(one.n),
                f"{percent(one.probability)} [{percent(one.probability_low)}, {percent(one.probability_high)}]",
                f"{percent(one.accuracy)} [{percent(one.accuracy_low)}, {percent(one.accuracy_high)}]",
                "" if one.transfer is None else f"{one.transfer.bits_per_minute:.1f}",
            ]
            for one in self.result.curve[::step]
        ]
        columns = (
            "s since onset",
            "decisions",
            "probability of the right answer",
            "right decisions",
            "bits per minute",
        )
        return Table(columns, rows, "In per cent, with 95 % interval over runs.")

    def _covering(self) -> Table:
        covering = self.result.covering
        rows = []
        for name, one in covering.pseudo_online.items():
            offline = covering.offline[name]
            cells = (
                interval(one),
                p_words(one.p_value),
                interval(offline),
                p_words(offline.p_value),
                percent(one.chance),
            )
            rows.append([IN_SENTENCES[name], *cells])
        caption = (
            f"Decisions whose window just covers that of the event, {covering.latency_s:.2f} s after its onset, and "
            "those offline. In per cent, with 95 % interval and permutation p."
        )
        columns = ("", "on the stream", "p", "offline", "p", "chance")
        return Table(columns, rows, caption, list(covering.pseudo_online).index(covering.main))

    def _events(self) -> Table:
        result, events = self.result, self.result.events
        right, seconds, false = events.right, events.seconds, events.false
        note = f"{percent(right.chance)} with answers exchanged within runs, p {p_words(right.p_value)}"
        if false is not None:
            note += f"; {percent(events.moved)} with events moved in time, p {p_words(events.p_moved)}"
        rows = [
            ["first activation right, %", interval(right), note],
            ["first activation wrong, %", percent(events.wrong), ""],
            ["missed, %", percent(events.missed), ""],
            [
                "seconds to the first right one",
                f"{seconds.median:.2f}",
                f"quartiles {seconds.lower:.2f} and {seconds.upper:.2f}",
            ],
        ]
        if false is not None:
            note = f"{false.luck:.2f} with events moved in time; {false.minutes:.1f} minutes of rest"
            rows.append(["activations per minute of rest", str(false), note])
        rows.append(_transfer_row("bits per minute of activations", events.transfer))
        if result.slides:
            rows.append(_transfer_row("bits per minute when the window covers the event’s", result.covering.transfer))
        return Table(("", "value", "to compare"), rows, f"{count(events.n, 'event')} and their activations.", bold=0)


def _transfer_row(name: str, of: Transfer) -> list[str]:
    note = f"{of.bits:.2f} bits every {of.seconds:.2f} s, {percent(of.accuracy)} % right"
    return [name, f"{of.bits_per_minute:.1f}", note]
