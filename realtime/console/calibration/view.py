"""The views of a calibration: the current task, and the decoder's scores."""

from __future__ import annotations

import time
from collections import deque
from typing import TYPE_CHECKING, Protocol

from rich.align import Align
from rich.console import Console, Group
from rich.live import Live
from rich.panel import Panel
from rich.text import Text

from ....errors.printable import printable
from ...decision import Status
from ..view import large

if TYPE_CHECKING:
    from ....decoder.experiments.calibration import Progress
    from .trial import Trial

FRAMES_PER_S = 20.0
N_LINES = 4
N_TRIALS = 60
TALL = 20
"""A terminal with this many lines has room for large letters."""
ROUTINE = ("looking for the stream", "the first samples came")


class CalibrationView(Protocol):
    """Shows a session."""

    def say(self, line: str) -> None:
        """Show a message."""

    def phase(self, name: str, word: str, seconds: float) -> None:
        """Begin a phase, with its task, the cue's word (or ``""``), and its duration."""

    def status(self, status: Status) -> None:
        """Show a change of the stream's state."""

    def trial(self, trial: Trial) -> None:
        """Show a finished trial."""

    def progress(self, progress: Progress) -> None:
        """Show the decoder's scores."""

    def draw(self) -> None:
        """Update the time, if it is due."""

    def close(self) -> None:
        """End."""


def on_console(draws: bool) -> CalibrationView:
    """Return a view on standard output: drawn, or plain lines."""
    return DrawnCalibration(Console(emoji=False)) if draws else PlainCalibration(Console(emoji=False))


def outcome_of(trial: Trial) -> str:
    """The result of a trial, in words."""
    if trial.lost is not None:
        return f"{trial.label}: lost, {trial.lost}"
    if trial.said is None:
        return f"{trial.label}: learned from"
    right = "right" if trial.said == trial.label else "wrong"
    return f"{trial.label}: decided {trial.said} ({trial.probabilities[trial.said]:.0%}), {right}"


def is_worth_saying(status: Status) -> bool:
    """Whether a status reports a problem or its end; not the states at the start of every block."""
    return status.why not in ROUTINE


class PlainCalibration(CalibrationView):
    """One line for each event."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def say(self, line: str) -> None:
        self._console.print(printable(line), markup=False, highlight=False, soft_wrap=True)

    def phase(self, name: str, word: str, seconds: float) -> None:
        if word:
            self.say(f"{name}: {word.upper()}")
        elif name != "rest" and seconds:
            self.say(f"{name}, {seconds:g} s")

    def status(self, status: Status) -> None:
        if is_worth_saying(status):
            self.say(f"[{status.state}] {status.why}")

    def trial(self, trial: Trial) -> None:
        self.say(f"  {outcome_of(trial)}")

    def progress(self, progress: Progress) -> None:
        self.say(f"  {progress.message}")


class DrawnCalibration(CalibrationView):
    """The whole terminal: the cue in large letters, a bar of time, and the decoder's progress."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._live = Live(console=console, auto_refresh=False, vertical_overflow="crop")
        self._name, self._word, self._seconds, self._begun_s = "", "", 0.0, 0.0
        self._progress = "No trial has been decided on yet."
        self._lines: deque[str] = deque(maxlen=N_LINES)
        self._trials: deque[Trial] = deque(maxlen=N_TRIALS)
        self._drawn_s = -1.0
        self._live.start()

    def say(self, line: str) -> None:
        self._lines.append(printable(line))
        self._update()

    def phase(self, name: str, word: str, seconds: float) -> None:
        self._name, self._word = printable(name), printable(word)
        self._seconds, self._begun_s = seconds, time.monotonic()
        self._update()

    def status(self, status: Status) -> None:
        if is_worth_saying(status):
            self.say(f"{status.state}: {status.why}")

    def trial(self, trial: Trial) -> None:
        self._trials.append(trial)
        self._update()

    def progress(self, progress: Progress) -> None:
        self._progress = printable(progress.message)
        self._update()

    def draw(self) -> None:
        if time.monotonic() - self._drawn_s >= 1 / FRAMES_PER_S:
            self._update()

    def close(self) -> None:
        self._update()
        self._live.stop()

    def frame(self) -> Panel:
        """Return the picture."""
        width = self._console.width - 4
        plain = self._console.options.ascii_only
        word = self._word or ("" if self._name == "rest" else self._name)
        style = "bold bright_white" if self._word else "cyan"
        return Panel(
            Group(
                Text(self._name, "dim", no_wrap=True),
                Text(),
                Align.center(large(word, width, style, self._console.height >= TALL)),
                Text(),
                Text(self._bar(width, plain), "green" if self._word else "dim", no_wrap=True),
                self._marks(width, plain),
                Text(),
                Text(self._progress),
                Text("\n".join(line[:width] for line in self._lines), "yellow"),
            ),
            title="[bold]hotwire calibrate[/]",
            title_align="left",
        )

    def _bar(self, width: int, plain: bool) -> str:
        """The rest of the phase."""
        if not self._seconds:
            return ""
        gone = (time.monotonic() - self._begun_s) / self._seconds
        return ("#" if plain else "━") * round(width * min(1.0, max(0.0, 1 - gone)))

    def _marks(self, width: int, plain: bool) -> Text:
        """The newest trials, one sign each."""
        signs = {"right": "+", "wrong": "-", "lost": "x", "learned": "."}
        if not plain:
            signs = {"right": "✓", "wrong": "✗", "lost": "!", "learned": "·"}
        colours = {"right": "green", "wrong": "red", "lost": "yellow", "learned": "dim"}
        line = Text(no_wrap=True)
        for trial in list(self._trials)[-width:]:
            if trial.lost is not None:
                kind = "lost"
            elif trial.said is None:
                kind = "learned"
            else:
                kind = "right" if trial.said == trial.label else "wrong"
            line.append(signs[kind], colours[kind])
        return line

    def _update(self) -> None:
        self._drawn_s = time.monotonic()
        self._live.update(self.frame(), refresh=True)
