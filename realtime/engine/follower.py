"""A decoder that follows the stream in a thread of its own, so that the active one never waits for it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from threading import Condition, Thread
from typing import NamedTuple

from ...errors import InputError
from .answering import Answered
from .pipeline import Pipeline, ReadyWindow

MOST_WAITING = 8
"""Windows that wait for a decision; the oldest are skipped."""
CATCH_UP_S = 2.0
"""How long a promotion waits for the thread."""
END_S = 5.0
"""How long the end of a session waits for a decision at work."""


class Task(NamedTuple):
    """Something that happened on the stream: what to do with the pipeline, and the samples that it holds in memory.

    Windows that end in the past, before the decoder was there, get no decision.
    """

    do: Callable[[Pipeline], list[ReadyWindow]]
    n_samples: int = 0
    is_past: bool = False


class Follower:
    """Runs a pipeline in its own thread; onnxruntime and numpy leave the others free meanwhile.

    First it takes all that has come, and then it decides. Where decisions take longer than windows come, the oldest
    windows are skipped and counted. Where it is ``most_behind`` samples behind, or anything goes wrong in it, it
    ends, and ``trouble`` says why.

    Parameters
    ----------
    pipeline : Pipeline
    answer : function or None
        Decides on a window. None: it only stays ready.
    is_due : function
        Whether a window, with the newest that waits, is to be decided on.
    most_behind : int
    """

    def __init__(
        self,
        pipeline: Pipeline,
        answer: Callable[[ReadyWindow, Pipeline], Answered] | None,
        is_due: Callable[[ReadyWindow, ReadyWindow], bool],
        most_behind: int,
    ) -> None:
        self.pipeline = pipeline
        self.trouble: str | None = None
        self._answer, self._is_due, self._most_behind = answer, is_due, most_behind
        self._changed = Condition()
        self._tasks: deque[Task] = deque()
        self._waiting: deque[ReadyWindow] = deque()
        self._answers: list[Answered] = []
        self._n_behind = self._n_skipped = 0
        self._is_busy = self._is_held = self._has_ended = False
        self._thread = Thread(target=self._run, name=f"decoder {pipeline.decoder.digest[:12]}", daemon=True)
        self._thread.start()

    @property
    def is_idle(self) -> bool:
        """Whether it has done all there is."""
        with self._changed:
            return self.trouble is not None or not (self._tasks or self._waiting or self._is_busy)

    @property
    def is_alive(self) -> bool:
        return self._thread.is_alive()

    def add(self, tasks: Sequence[Task]) -> None:
        """Let it do what happened, in this order. Never waits."""
        with self._changed:
            self._tasks += tasks
            self._n_behind += sum(task.n_samples for task in tasks if not task.is_past)
            if self._n_behind > self._most_behind:
                self._fail(f"it is more than {self._most_behind} samples behind")
            self._changed.notify_all()

    def collect(self) -> tuple[list[Answered], int]:
        """Return the answers since the last call, and how many windows were skipped."""
        with self._changed:
            answers, self._answers = self._answers, []
            n_skipped, self._n_skipped = self._n_skipped, 0
        return answers, n_skipped

    def release(self) -> Pipeline:
        """End the thread and return the pipeline, where it is with the stream; InputError if it is too far behind."""
        with self._changed:
            self._is_held = True
            is_with_it = self._changed.wait_for(
                lambda: self.trouble is not None or not (self._tasks or self._is_busy), CATCH_UP_S
            )
            if self.trouble is not None or not is_with_it:
                self._is_held = False
                self._changed.notify_all()
                why = self.trouble or f"it is still at work after {CATCH_UP_S:g} s; try again"
                raise InputError(f"bundle {self.pipeline.decoder.digest[:12]} cannot take over: {why}")
        self.end()
        return self.pipeline

    def end(self) -> None:
        """Let the thread end, whatever waits."""
        with self._changed:
            self._has_ended = True
            self._waiting.clear()
            self._tasks.clear()
            self._changed.notify_all()

    def join(self) -> None:
        """Wait for the end of the thread, but not for ever."""
        self._thread.join(END_S)

    def _run(self) -> None:
        try:
            while self._turn():
                pass
        except Exception as error:  # noqa: BLE001 - whatever ails it is said, and must not reach the active decoder
            with self._changed:
                self._fail(f"{type(error).__name__}: {error}")

    def _turn(self) -> bool:
        """Do the next thing; return whether to go on."""
        with self._changed:
            self._changed.wait_for(lambda: self._has_ended or self._tasks or (self._waiting and not self._is_held))
            if self._has_ended:
                return False
            task = self._tasks.popleft() if self._tasks else None
            window = None if task is not None else self._next_window()
            self._is_busy = True
        ready = [] if task is None else task.do(self.pipeline)
        said = None if window is None or self._answer is None else self._answer(window, self.pipeline)
        with self._changed:
            self._is_busy = False
            if task is not None and not task.is_past:
                self._n_behind -= task.n_samples
                self._waiting += ready if self._answer is not None else []
            while len(self._waiting) > MOST_WAITING:
                self._skip()
            if said is not None and not self._has_ended:
                self._answers.append(said)
            self._changed.notify_all()
        return True

    def _next_window(self) -> ReadyWindow:
        while not self._is_due(self._waiting[0], self._waiting[-1]):
            self._skip()
        return self._waiting.popleft()

    def _skip(self) -> None:
        self._waiting.popleft()
        self._n_skipped += 1

    def _fail(self, why: str) -> None:
        self.trouble = why
        self._has_ended = True
        self._tasks.clear()
        self._waiting.clear()
        self._changed.notify_all()
