"""Messages to pages: one for all that happened since the last, and one for who comes later."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterable
from typing import Any

from ..decision import LiveDecision, Status
from ..engine.markers import MarkerAt
from ..live_feedback import LiveFeedback
from ..live_text import LiveText
from . import records
from .feed import MOST_CHANNELS, Faults, Heartbeat, Item, Opened, Signals
from .traces import Traces

MOST_KEPT = 1_000_000
"""Characters of the messages that are kept for who comes later: of 50 decisions a second, those of a minute."""


class Frames:
    """Turns items of the feed into messages.

    ``feedback`` is what a participant sees now. ``takes_commands``: whether the session does.
    """

    def __init__(self, takes_commands: bool) -> None:
        self.feedback: dict[str, Any] = {"state": "SEARCHING", "said": "", "answer": None, "p": {}}
        self._hello: dict[str, Any] = {"commands": takes_commands, "most_channels": MOST_CHANNELS}
        self._traces: Traces | None = None
        self._opened: Opened | None = None
        self._past: deque[str] = deque()
        self._n_kept = self._n_decisions = 0
        self._newest: dict[str, Any] = {}

    def message(self, now_s: float, items: Iterable[tuple[float, Item]]) -> str | None:
        """The message about these items; None where there is nothing to say."""
        lasting: dict[str, Any] = {}
        newest: dict[str, Any] = {}
        for t, item in items:
            if isinstance(item, LiveDecision | LiveText | LiveFeedback | MarkerAt | Status):
                self._lasting(lasting, t, item)
            elif isinstance(item, Signals):
                if self._traces is not None:
                    self._traces.add(item)
            else:
                newest |= self._of_now(t, item)
        self._newest |= newest
        kept = self._kept(lasting)
        signals = None if self._traces is None else self._traces.fresh()
        told = newest | ({} if signals is None else {"traces": signals})
        if not told and not lasting:
            return None
        return _joined(kept, _json({"t": records.short(now_s), "n": self._n_decisions} | told))

    def first(self, now_s: float) -> str:
        """The message for who comes now: the session, what happened and what is shown."""
        signals = None if self._traces is None else self._traces.all()
        now = {"t": records.short(now_s), "n": self._n_decisions} | self._newest
        told = {"hello": self._hello, "now": now if signals is None else now | {"traces": signals}}
        return f'{_json(told)[:-1]},"past":[{",".join(self._past)}]}}'

    def _lasting(
        self, told: dict[str, Any], t: float, item: LiveDecision | LiveText | LiveFeedback | MarkerAt | Status
    ) -> None:
        if isinstance(item, LiveDecision):
            told.setdefault("decisions", []).append(records.of_decision(t, item))
            self._n_decisions += not item.shadow
            if not item.shadow:
                self.feedback |= records.of_feedback(item)
        elif isinstance(item, LiveText):
            told.setdefault("texts", []).append(records.of_text(t, item))
            self.feedback |= {"said": item.said}
        elif isinstance(item, LiveFeedback):
            told.setdefault("regions", []).append(records.of_region(t, item))
            self.feedback |= {"percent": None if item.percent is None else records.short(item.percent)}
        elif isinstance(item, Status):
            told.setdefault("states", []).append(records.of_status(t, item))
            self.feedback["state"] = str(item.state)
        elif self._opened is not None:
            told.setdefault("markers", []).append(records.of_marker(t, item, self._opened.info.rate_hz))

    def _of_now(self, t: float, item: Opened | Faults | Heartbeat) -> dict[str, Any]:
        if isinstance(item, Heartbeat):
            return {"beat": records.of_beat(t, item.status)}
        if isinstance(item, Faults):
            assert self._opened is not None
            return {"faults": records.of_faults(item.of, len(self._opened.decoder.feature_names))}
        self._opened = item
        self._traces = Traces(item.info.rate_hz)
        self._hello |= records.of_stream(item) | {"bin_s": self._traces.bin_s, "n_bins": self._traces.n_bins}
        return {"hello": self._hello}

    def _kept(self, lasting: dict[str, Any]) -> str:
        """Keep what happened for who comes later, and return it as JSON."""
        text = _json(lasting)
        if lasting:
            self._past.append(text)
            self._n_kept += len(text)
            while self._n_kept > MOST_KEPT:
                self._n_kept -= len(self._past.popleft())
        return text


def _json(data: Any) -> str:
    return json.dumps(data, separators=(",", ":"), allow_nan=False)


def _joined(one: str, other: str) -> str:
    """Two objects as JSON, as one.

    >>> _joined('{"a":1}', '{"b":2}'), _joined("{}", '{"b":2}')
    ('{"a":1,"b":2}', '{"b":2}')
    """
    return other if one == "{}" else f"{one[:-1]},{other[1:]}"
