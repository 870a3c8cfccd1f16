"""The decoders on one stream: the active one, one in its shadow, and the previous one."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError
from .pipeline import Arrival, Pipeline, ReadyWindow


class Decoders:
    """Pipelines that all receive every sample, so that any of them can be published from the next sample on.

    ``active`` is published; ``shadow`` decides without being published; ``previous`` only stays ready.
    """

    def __init__(self, active: Pipeline) -> None:
        self.active = active
        self.shadow: Pipeline | None = None
        self.previous: Pipeline | None = None
        self._ready: list[ReadyWindow] = []
        self._ready_in_shadow: list[ReadyWindow] = []

    def push(self, samples: NDArray[np.float32], arrival: Arrival) -> None:
        self.feed(lambda pipeline: pipeline.push(samples, arrival))

    def skip(self, n_samples: int, arrival: Arrival) -> None:
        self.feed(lambda pipeline: pipeline.skip(n_samples, arrival))

    def feed(self, windows_of: Callable[[Pipeline], list[ReadyWindow]]) -> None:
        """Call a function with each pipeline, and collect the windows that are then ready."""
        self._ready += windows_of(self.active)
        if self.shadow is not None:
            self._ready_in_shadow += windows_of(self.shadow)
        if self.previous is not None:
            windows_of(self.previous)

    @property
    def has_ready(self) -> bool:
        """Whether windows of the active decoder are waiting."""
        return bool(self._ready)

    def take_ready(self) -> tuple[list[ReadyWindow], list[ReadyWindow]]:
        """Return and remove the waiting windows of the active decoder and of the shadow."""
        ready, in_shadow = self._ready, self._ready_in_shadow
        self._ready, self._ready_in_shadow = [], []
        return ready, in_shadow

    def watch(self) -> None:
        """Check the channels of the newest samples, while they are still in memory."""
        for pipeline in (self.active, self.shadow, self.previous):
            if pipeline is not None:
                pipeline.watch()

    def add_shadow(self, pipeline: Pipeline) -> None:
        self.shadow, self._ready_in_shadow = pipeline, []

    def promote(self) -> str:
        """Publish the shadow from the next sample on; return a message."""
        if self.shadow is None:
            raise InputError("promote: there is no bundle in the shadow; load one first")
        self.active, self.previous, self.shadow = self.shadow, self.active, None
        self._ready_in_shadow = []
        return f"bundle {self.active.decoder.digest[:12]} took over"

    def roll_back(self) -> str:
        """Remove the shadow, or if there is none, undo the last promotion; return a message."""
        if self.shadow is not None:
            self.shadow, self._ready_in_shadow = None, []
            return "the bundle in the shadow was taken away"
        if self.previous is None:
            raise InputError("roll back: there is no earlier bundle to go back to")
        self.active, self.previous = self.previous, None
        return f"rolled back to bundle {self.active.decoder.digest[:12]}"
