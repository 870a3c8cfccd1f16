"""The views of a running decoder: the word, its probability, and the state of the stream."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from statistics import median
from typing import Protocol

from rich.align import Align
from rich.console import Console, Group
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from ...decoder.report.markup import in_markup
from ...errors.printable import printable
from ..decision import LiveDecision, Output, Status
from ..health import MarkerState, State
from ..live_decoder import LiveDecoder
from ..live_feedback import LiveFeedback
from ..live_text import LiveText
from ..sources.source import StreamInfo

Scorer = Callable[[LiveDecision], bool | None]
"""Whether a decision is correct; None if unknown."""

FRAMES_PER_S = 10.0
N_LATENCIES = 100
N_RECENT = 100
FIXED_LINES = 15
COLOURS = {
    State.SEARCHING: "cyan",
    State.LIVE: "green",
    State.GAP: "yellow",
    State.STALE: "dark_orange",
    State.RECOVERED: "blue",
    State.LOST: "red",
}
SILENT = (State.SEARCHING, State.STALE, State.LOST)


class View(Output, Protocol):
    """An output for a person, drawn between two turns of the engine."""

    def draw(self, state: State) -> None:
        """Update the view, if it is due."""


def unscored(decision: LiveDecision) -> bool | None:
    """The scorer without known labels."""
    return None


def on_console(title: str, draws: bool, scorer: Scorer = unscored) -> View:
    """Return a view on standard output: drawn, or plain lines."""
    console = Console(emoji=False)
    return TerminalView(console, title, scorer) if draws else PlainView(console, scorer)


class PlainView(View):
    """One line for each decision and each change of state."""

    def __init__(self, console: Console, scorer: Scorer = unscored) -> None:
        self._console = console
        self._judge = scorer

    def open(self, info: StreamInfo, decoder: LiveDecoder) -> None:
        self._print(f"decoding {info.summary()}")

    def decision(self, decision: LiveDecision) -> None:
        words = [f"{decision.stop_s:10.3f} s", f"{decision.said or '-':<14}"]
        if decision.abstained:
            words.append(f"abstained: {decision.abstained}")
        else:
            words.append(f"{decision.probabilities[decision.answer or '']:5.1%}")
        if decision.label is not None:
            words.append(
                f"shown: {decision.label}{ {True: ', right', False: ', wrong', None: ''}[self._judge(decision)] }"
            )
        words.append(f"{decision.present:.0%} there")
        words.append(f"{1e3 * (decision.latency.queue_s + decision.latency.compute_s):.1f} ms")
        words += ["late"] * decision.late + ["in shadow"] * decision.shadow
        self._print("  ".join(words))

    def text(self, text: LiveText) -> None:
        meter = text.why if text.z is None else f"meter {text.z:+.1f}"
        words = f"{' '.join(text.final)} [draft: {' '.join(text.draft)}]" if text.distinguishable else text.said
        heard = "" if text.passage is None else f"  (heard: {text.passage}, second {text.passage_s:.0f})"
        self._print(f"{text.stop_s:10.1f} s  {meter:>17}  {words}{heard}")

    def feedback(self, feedback: LiveFeedback) -> None:
        self._print(f"{feedback.stop_s:10.3f} s  {in_words(feedback)}")

    def status(self, status: Status) -> None:
        self._print(f"[{status.state}] {status.why}")

    def _print(self, line: str) -> None:
        self._console.print(printable(line), markup=False, highlight=False, soft_wrap=True)


class TerminalView(View):
    """The whole terminal, redrawn a few times a second; ``scorer`` sets the words' colours."""

    def __init__(self, console: Console, title: str = "hotwire", scorer: Scorer = unscored) -> None:
        self._console = console
        self._title = title
        self._judge = scorer
        self._live = Live(console=console, auto_refresh=False, vertical_overflow="crop")
        self._drawn_s = -1.0
        self._state = State.SEARCHING
        self._why = ""
        self._stream = ""
        self._losses: dict[str, int] = {}
        self._markers: MarkerState | None = None
        self._answers: tuple[str, ...] = ()
        self._last: LiveDecision | None = None
        self._shadow = self._region = ""
        self._recent: deque[LiveDecision] = deque(maxlen=N_RECENT)
        self._latencies: deque[LiveDecision] = deque(maxlen=N_LATENCIES)
        self._live.start()

    def open(self, info: StreamInfo, decoder: LiveDecoder) -> None:
        self._stream = printable(f"{info.name}: {info.n_channels} channels at {info.rate_hz:g} Hz")
        self._answers = decoder.answers

    def decision(self, decision: LiveDecision) -> None:
        if decision.shadow:
            self._shadow = f"{decision.bundle[:8]} in shadow says {printable(decision.said) or 'nothing'}"
            return
        self._last = decision
        self._latencies.append(decision)
        # One line while the same decision is repeated on the same event, so that changes are visible.
        if self._recent and _topic(self._recent[-1]) == _topic(decision):
            self._recent.pop()
        self._recent.append(decision)

    def feedback(self, feedback: LiveFeedback) -> None:
        self._region = in_words(feedback)

    def status(self, status: Status) -> None:
        self._state, self._losses, self._markers = status.state, status.losses, status.markers
        self._why = printable(status.why)
        if not self._stream:
            self.draw(status.state)

    def draw(self, state: State) -> None:
        now_s = time.monotonic()
        if now_s - self._drawn_s >= 1 / FRAMES_PER_S or state != self._state:
            self._state, self._drawn_s = state, now_s
            self._live.update(self.frame(), refresh=True)

    def close(self) -> None:
        self._live.update(self.frame(), refresh=True)
        self._live.stop()

    def frame(self) -> Panel:
        """Return the picture, as large as the terminal."""
        width = self._console.width - 4
        n_rows = max(1, min(len(self._answers) or 1, self._console.height - FIXED_LINES - 1, 16))
        tall = self._console.height >= FIXED_LINES + 4
        why = Text(self._why, "dim", no_wrap=True, overflow="ellipsis")
        body = [self._header(), why, *([Text()] if tall else []), *self._word(width, tall)]
        middle = Table.grid(expand=True, padding=(0, 1))
        middle.add_column(ratio=1)
        middle.add_column(ratio=1)
        middle.add_row(self._bars(n_rows, width // 2 - 1), self._newest(n_rows))
        body += [Text(), middle, Text(), *self._footer()]
        return Panel(
            Group(*body),
            title=f"[bold]{in_markup(self._title)}[/]",
            title_align="left",
            border_style=COLOURS[self._state],
        )

    def _header(self) -> Table:
        header = Table.grid(expand=True)
        header.add_column(no_wrap=True, overflow="ellipsis", ratio=1)
        header.add_column(justify="right", no_wrap=True)
        badge = Text(f"\u00a0{self._state}\u00a0", f"bold black on {COLOURS[self._state]}")
        if self._markers not in (None, MarkerState.LIVE):
            badge = Text.assemble((f"\u00a0markers {self._markers}\u00a0", "bold black on red"), " ", badge)
        header.add_row(Text(self._stream or "no stream yet"), badge)
        return header

    def _word(self, width: int, tall: bool) -> list[Align | Text]:
        last = self._last
        right = None if last is None else self._judge(last)
        style = {True: "bold green", False: "bold red", None: "bold bright_white"}[right]
        word, note = "", Text()
        if self._state in SILENT:
            word, style = str(self._state), f"dim {COLOURS[self._state]}"
        elif last is not None and last.abstained:
            word, style, note = "-", "dim", Text(printable(f"abstains: {last.abstained}"), "yellow")
        elif last is not None:
            word = printable(last.said)
            note = Text.assemble(
                f"{last.probabilities[last.answer or '']:.0%} sure",
                f"   {last.start_s:.1f} to {last.stop_s:.1f} s",
                *([] if last.label is None else ["   shown: ", (printable(last.label), "bold")]),
            )
        note.truncate(width, overflow="ellipsis")
        return [Align.center(large(word, width, style, tall)), Align.center(note)]

    def _bars(self, n_rows: int, width: int) -> Table:
        probabilities = {} if self._last is None else self._last.probabilities
        shown = self._answers
        if len(shown) > n_rows:
            shown = sorted(shown, key=lambda answer: -probabilities.get(answer, 0.0))[:n_rows]
        names = max((len(printable(answer)) for answer in shown), default=0)
        names = min(names, width // 2)
        table = Table.grid(padding=(0, 1))
        table.add_column(justify="right", width=names, no_wrap=True, overflow="ellipsis")
        table.add_column(no_wrap=True)
        table.add_column(justify="right", width=4)
        room = max(1, width - names - 7)
        stale = self._state in SILENT
        best = None if self._last is None else self._last.answer
        for answer in shown:
            share = probabilities.get(answer, 0.0)
            style = "dim" if stale else "bold cyan" if answer == best else "cyan"
            table.add_row(
                Text(printable(answer), "bold" if answer == best and not stale else "dim"),
                Text(_bar(share, room, self._console.options.ascii_only), style),
                Text(f"{share:.0%}" if probabilities else "", "dim" if stale or answer != best else "bold"),
            )
        return table

    def _newest(self, n_rows: int) -> Table:
        table = Table.grid(padding=(0, 1))
        table.add_column(justify="right", no_wrap=True)
        table.add_column(width=1)
        table.add_column(no_wrap=True, overflow="ellipsis")
        table.add_column(no_wrap=True, overflow="ellipsis")
        yes, no = ("+", "-") if self._console.options.ascii_only else ("✓", "✗")
        for one in list(self._recent)[-n_rows:][::-1]:
            right = None if one.abstained else self._judge(one)
            mark = {True: Text(yes, "green"), False: Text(no, "red"), None: Text(" ")}[right]
            said = Text("abstains", "yellow") if one.abstained else Text(printable(one.said), "bold")
            shown = "" if one.label is None else printable(f"shown: {one.label}")
            table.add_row(Text(f"{one.stop_s:.1f} s", "dim"), mark, said, Text(shown, "dim"))
        return table

    def _footer(self) -> list[Text]:
        last = self._last
        present = 0.0 if last is None else last.present
        colour = "green" if present == 1 else "yellow" if present else "red"
        line = Text.assemble(
            "window ", (_bar(present, 10, self._console.options.ascii_only), colour), f" {present:.0%} there"
        )
        if self._latencies:
            ages, queues, computes = (
                1e3 * median(getattr(one.latency, f"{part}_s") for one in self._latencies)
                for part in ("age", "queue", "compute")
            )
            age = f"{ages:.1f}" if ages >= 0 else "-"
            line.append(f"   age {age} + queue {queues:.1f} + compute {computes:.1f} ms")
        if self._region:
            line.append(f"   {self._region}", "bold")
        counted = ", ".join(f"{name.replace('_', ' ')} {n}" for name, n in self._losses.items() if n)
        losses = Text(counted or "nothing lost", "yellow" if counted else "dim", no_wrap=True, overflow="ellipsis")
        if self._shadow:
            losses.append(f"   {self._shadow}", "magenta")
        line.no_wrap, line.overflow = True, "ellipsis"
        return [line, losses]


def large(word: str, width: int, style: str, tall: bool) -> Text:
    """A word in large type: with spaced letters, and alone in five lines in a tall terminal."""
    line = " ".join(word) if 2 * len(word) <= width else word[:width]
    return Text("\n".join([" ", " ", line or " ", " ", " "] if tall else [line]), style, no_wrap=True)


def in_words(feedback: LiveFeedback) -> str:
    """A line on a region's signal."""
    return "region " + (feedback.why or "" if feedback.percent is None else f"{feedback.percent:+.2f} %")


def _topic(decision: LiveDecision) -> tuple[object, ...]:
    return decision.event, decision.said, decision.abstained


def _bar(share: float, width: int, ascii_only: bool) -> str:
    """Return a bar for a share of the width.

    >>> _bar(0.5, 8, ascii_only=True)
    '####    '
    """
    eighths = round(share * width * 8)
    if ascii_only:
        return ("#" * round(share * width)).ljust(width)
    return ("█" * (eighths // 8) + " ▏▎▍▌▋▊▉"[eighths % 8].strip()).ljust(width)
