"""The decoders on one stream: the active one, one in its shadow, and the previous one."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError
from ..clock import Clock
from ..settings import LiveSettings
from .answering import Answered, answered, is_due
from .follower import Follower, Task
from .pipeline import Arrival, Pipeline, ReadyWindow


class FromShadow(NamedTuple):
    """What came of the shadow: its answers, the number of windows that it left out, and why it ended."""

    answers: list[Answered]
    n_skipped: int
    troubles: list[str]


class Decoders:
    """Pipelines that all receive every sample, so that any of them can be published from the next sample on.

    ``active`` is published. The shadow decides without being published, and the previous one only stays ready, each
    in its own thread. They receive what came when `flush` is called, once the active one has decided.

    Parameters
    ----------
    active : Pipeline
    settings : LiveSettings
    clock : Clock
    most_behind : int
        Samples that the others may be behind.
    """

    def __init__(self, active: Pipeline, settings: LiveSettings, clock: Clock, most_behind: int) -> None:
        self.active = active
        self._settings, self._clock, self._most_behind = settings, clock, most_behind
        self._shadow: Follower | None = None
        self._previous: Follower | None = None
        self._ended: list[Follower] = []
        self._ready: list[ReadyWindow] = []
        self._tasks: list[Task] = []

    @property
    def shadow(self) -> Pipeline | None:
        return None if self._shadow is None else self._shadow.pipeline

    @property
    def previous(self) -> Pipeline | None:
        return None if self._previous is None else self._previous.pipeline

    @property
    def are_idle(self) -> bool:
        """Whether shadow and previous decoder have done all there is."""
        return not self._tasks and all(follower.is_idle for follower in self._followers)

    def push(self, samples: NDArray[np.float32], arrival: Arrival) -> None:
        self._ready += self.active.push(samples, arrival)
        if self._followers:
            own = samples.copy()  # the next pull may overwrite them
            self._tasks.append(Task(lambda pipeline: pipeline.push(own, arrival), len(own)))

    def skip(self, n_samples: int, arrival: Arrival) -> None:
        self.feed(lambda pipeline: pipeline.skip(n_samples, arrival))

    def feed(self, windows_of: Callable[[Pipeline], list[ReadyWindow]]) -> None:
        """Call a function with each pipeline, and collect the windows that are then ready."""
        self._ready += windows_of(self.active)
        if self._followers:
            self._tasks.append(Task(windows_of))

    def flush(self) -> None:
        """Pass what came on to the shadow and the previous decoder."""
        tasks, self._tasks = self._tasks, []
        if tasks:
            for follower in self._followers:
                follower.add(tasks)

    @property
    def has_ready(self) -> bool:
        """Whether windows of the active decoder are waiting."""
        return bool(self._ready)

    def take_ready(self) -> list[ReadyWindow]:
        """Return and remove the waiting windows of the active decoder."""
        ready, self._ready = self._ready, []
        return ready

    def collect(self) -> FromShadow:
        """Return what came of the shadow since the last call; one that failed is taken away."""
        came = FromShadow([], 0, [])
        for follower in (*self._followers, *self._ended):
            answers, n_skipped = follower.collect()
            came.answers.extend(answers)
            came = came._replace(n_skipped=came.n_skipped + n_skipped)
        self._ended = [follower for follower in self._ended if follower.is_alive]
        for role in ("shadow", "previous"):
            follower: Follower | None = getattr(self, f"_{role}")
            if follower is not None and follower.trouble is not None:
                setattr(self, f"_{role}", None)
                came.troubles.append(
                    f"bundle {follower.pipeline.decoder.digest[:12]} ({role}) was taken away: {follower.trouble}"
                )
        return came

    def add_shadow(self, pipeline: Pipeline, past: Iterable[Callable[[Pipeline], list[ReadyWindow]]]) -> None:
        """Let a pipeline run in the shadow, first on what is past; its decisions on that are not used."""
        self._end(self._shadow)
        self.flush()
        self._shadow = self._follower(pipeline, decides=True)
        self._shadow.add([Task(do, is_past=True) for do in past])

    def promote(self) -> str:
        """Publish the shadow from the next sample on; return a message."""
        if self._shadow is None:
            raise InputError("promote: there is no bundle in the shadow; load one first")
        self.flush()
        released = self._shadow.release()
        self._ended.append(self._shadow)
        self._end(self._previous)
        self._previous, self.active = self._follower(self.active, decides=False), released
        self._shadow = None
        return f"bundle {self.active.decoder.digest[:12]} took over"

    def roll_back(self) -> str:
        """Remove the shadow, or if there is none, undo the last promotion; return a message."""
        if self._shadow is not None:
            self._end(self._shadow)
            self._shadow = None
            return "the bundle in the shadow was taken away"
        if self._previous is None:
            raise InputError("roll back: there is no earlier bundle to go back to")
        self.flush()
        self.active = self._previous.release()
        self._ended.append(self._previous)
        self._previous = None
        return f"rolled back to bundle {self.active.decoder.digest[:12]}"

    def close(self) -> None:
        """End all threads."""
        self._end(self._shadow)
        self._end(self._previous)
        for follower in self._ended:
            follower.join()
        self._shadow = self._previous = None

    @property
    def _followers(self) -> list[Follower]:
        return [follower for follower in (self._shadow, self._previous) if follower is not None]

    def _end(self, follower: Follower | None) -> None:
        if follower is not None:
            follower.end()
            self._ended.append(follower)

    def _follower(self, pipeline: Pipeline, decides: bool) -> Follower:
        settings, clock = self._settings, self._clock
        return Follower(
            pipeline,
            (lambda one, by: answered(one, by.decoder, settings, clock)) if decides else None,
            lambda one, newest: is_due(one, newest, settings, clock.now()),
            self._most_behind,
        )
