"""How a decoder is run on a stream: everything that is chosen, with its defaults."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ..decoder.windows import Window
from ..errors import InputError
from .checks import CHANNELS, Channels

BACKLOG = ("catch-up", "newest", "every")
ON_LATE = ("publish", "withhold")


@dataclass(frozen=True)
class LiveSettings:
    """How a decoder is run on a stream.

    Parameters
    ----------
    window : Window, optional
        Instead of the decoder's own, such as one that slides along and needs no markers. It has to make the same of its
        samples: `SlidingAverage` for a decoder of averages; for one whose window holds samples, what
        `hotwire.decoder.steps.sliding_like` makes of it.
    channels : {"exact", "by name", "by position"}
        See `match_channels`.
    backlog : {"catch-up", "newest", "every"}
        Which of the windows that wait for a decision get one. ``"every"``: all, however late. ``"catch-up"``: those
        that are past the deadline already are skipped, save the newest. ``"newest"``: of those that wait at the same
        time only the newest. Samples are never skipped, and skipped windows are counted.
    deadline_s : float, optional
        A decision that comes later than this after its newest sample is late. None: none is.
    on_late : {"publish", "withhold"}
        What to do with a decision that has become late.
    min_present : float
        Abstain where a smaller share of the window's samples came. An average is one of those that came; a window that
        holds samples bridges those that did not, see `hotwire.decoder.windows.stretch`.
    max_bad : float
        Abstain where a larger share of the features is flat or saturated.
    stale_s : float, optional
        After so long without a sample the stream is stale; by default 2 s, or three samples where that is longer.
    lost_s : float
        After so long without a sample it is lost, and is searched for again; never before twice ``stale_s``.
    settle_s : float
        How long all has to be well until a recovered stream counts as live.
    timeout_s : float or None
        How long to search for the stream at the beginning; None for ever.
    history_s : float
        How long samples are kept for markers that come late.
    buffer_s : float, optional
        How long raw samples are kept, for `Engine.latest` and for bundles that are swapped in; by default 30 s, or 128
        samples where that is longer.
    """

    window: Window | None = None
    channels: Channels = "exact"
    backlog: Literal["catch-up", "newest", "every"] = "catch-up"
    deadline_s: float | None = None
    on_late: Literal["publish", "withhold"] = "publish"
    min_present: float = 0.75
    max_bad: float = 0.05
    stale_s: float | None = None
    lost_s: float = 30.0
    settle_s: float = 2.0
    timeout_s: float | None = 10.0
    history_s: float = 30.0
    buffer_s: float | None = None

    def __post_init__(self) -> None:
        for name, known in (("channels", CHANNELS), ("backlog", BACKLOG), ("on_late", ON_LATE)):
            if getattr(self, name) not in known:
                raise InputError(f"{name}: expected one of {', '.join(known)}, got {getattr(self, name)!r}")
        for name in ("min_present", "max_bad"):
            if not 0 <= getattr(self, name) <= 1:
                raise InputError(f"{name}: expected a share from 0 to 1, got {getattr(self, name)!r}")
        for name in ("deadline_s", "stale_s", "lost_s", "settle_s", "timeout_s", "history_s", "buffer_s"):
            value = getattr(self, name)
            if value is not None and not value > 0:
                raise InputError(f"{name}: expected seconds above 0, got {value!r}")
