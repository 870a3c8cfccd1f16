"""An engine in a thread of its own, for programs that draw frames and must not wait for a decision."""

from __future__ import annotations

from collections import deque
from threading import Event, Lock, Thread
from typing import Self

from .decision import LiveDecision
from .engine.engine import Engine
from .health import State

TURN_S = 0.05
"""The longest turn: closing takes at most so long."""
MOST_WAITING = 10_000
"""Decisions that nobody took, the oldest are dropped."""


class BackgroundEngine:
    """Runs an engine in its own thread. None of its methods waits for samples or for a decision.

    The network's computations and the wait for samples leave the interpreter free, so a loop that draws at 60 Hz keeps
    its frames also with a decoder that takes longer than one. The engine's outputs are called in its thread.

    Parameters
    ----------
    engine : Engine
        Not opened yet: entering the context opens it, and raises what `Engine.open` raises.

    Examples
    --------
    In an experiment that draws frames::

        with BackgroundEngine(Engine(decoder, LslSource("MyAmplifier", markers="Cues"))) as background:
            while not finished:
                if (decision := background.latest()) is not None:
                    feedback.text = decision.said
                window.flip()
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._lock = Lock()
        self._latest: LiveDecision | None = None
        self._decisions: deque[LiveDecision] = deque(maxlen=MOST_WAITING)
        self._error: BaseException | None = None
        self._stop = Event()
        self._thread = Thread(target=self._run, name="engine", daemon=True)

    @property
    def state(self) -> State:
        return self.engine.state

    @property
    def ended(self) -> bool:
        """Whether no decision will follow; `latest` and `decisions` raise where the engine failed."""
        return not self._thread.is_alive()

    def latest(self) -> LiveDecision | None:
        """Return the newest decision, also if it was returned before; None before the first."""
        with self._lock:
            self._raise()
            return self._latest

    def decisions(self) -> list[LiveDecision]:
        """Return the decisions since the last call."""
        with self._lock:
            self._raise()
            taken = list(self._decisions)
            self._decisions.clear()
        return taken

    def close(self) -> None:
        """Stop the thread and release the stream and the outputs."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()
        self.engine.close()

    def __enter__(self) -> Self:
        self.engine.__enter__()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _run(self) -> None:
        try:
            while not (self._stop.is_set() or self.engine.ended):
                decisions = self.engine.turn(TURN_S)
                if decisions:
                    with self._lock:
                        self._decisions.extend(decisions)
                        self._latest = decisions[-1]
        except BaseException as error:  # noqa: BLE001 - whatever it is, it is raised where the program looks
            with self._lock:
                self._error = error

    def _raise(self) -> None:
        if self._error is not None:
            error, self._error = self._error, None
            raise error
