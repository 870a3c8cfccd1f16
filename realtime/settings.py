"""The settings of a decoder on a live stream, with their defaults."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from ..decoder.region_feedback import Baseline
from ..decoder.windows import Window
from ..errors import InputError
from .channel_match import CHANNELS, Channels
from .stream_match import RATES, Rate

BACKLOG = ("catch-up", "newest", "every")
ON_LATE = ("publish", "withhold")


@dataclass(frozen=True)
class LiveSettings:
    """The settings of a decoder on a live stream.

    Parameters
    ----------
    window : Window, optional
        Replaces the decoder's own window, e.g. by a sliding one, which needs no markers. It has to give the same:
        `SlidingAverage` for a decoder of averages; for one whose window has samples, the result of
        `hotwire.decoder.windows.sliding_like`.
    channels : {"exact", "by name", "by position"} or mapping of str to str
        How the stream's channels have to match the decoder's, see `match_channels`. A mapping names for each of the
        decoder's channels that of the stream, by name or number: ``{"C3": "1", "Cz": "2", "C4": "4"}``.
    units : {"exact", "convert"} or str
        ``"exact"``: the stream has to carry the decoder's units; one that tells none is taken to. ``"convert"``: other
        units of the same thing are converted, e.g. volts to microvolts. A unit, e.g. ``"V"``: what the stream sends,
        whatever it says itself; it is converted.
    rate : {"exact", "resample"}
        ``"resample"``: a stream of another rate is brought to the decoder's, see `hotwire.decoder.steps.Resample`. Its
        low-pass needs some samples more, so decisions are later by that.
    backlog : {"catch-up", "newest", "every"}
        Which of the waiting windows get a decision. ``"every"``: all, however late. ``"catch-up"``: not those past the
        deadline, except the newest. ``"newest"``: only the newest. Samples are never skipped, and skipped windows are
        counted.
    deadline_s : float, optional
        A decision later than this after its newest sample is late. None: no deadline.
    on_late : {"publish", "withhold"}
        What to do with a late decision.
    min_present : float
        Abstain if a smaller share of the window's samples was received. An average uses only these; a window of samples
        bridges the missing ones, see `hotwire.decoder.windows.stretch`.
    max_bad : float
        Abstain if a larger share of the features is flat or saturated. Up to this share of the features may be NaN or
        infinite: they are filled with the middle of their calibrated range. Samples with more are missing.
    stale_s : float, optional
        The stream is stale after this time without a sample; by default 2 s, or three samples if that is longer.
    lost_s : float
        The stream is lost, and searched for again, after this time without a sample; at least twice ``stale_s``.
    settle_s : float
        The time without a problem until a recovered stream is live.
    timeout_s : float or None
        How long to search for the stream at the start; None for ever.
    history_s : float
        How long samples are stored for late markers.
    buffer_s : float, optional
        How long raw samples are stored, for `Engine.latest` and for new bundles; by default 30 s, or 128 samples if
        that is longer.
    feedback : Baseline, optional
        Also say, after every sample, by how many per cent the mean of a region differs from this baseline. The region
        is that of the source, see `DicomFolder`, else the decoder's own voxels.
    """

    window: Window | None = None
    channels: Channels | Mapping[str, str] = "exact"
    units: str = "exact"
    rate: Rate = "exact"
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
    feedback: Baseline | None = None

    def __post_init__(self) -> None:
        for name, known in (("channels", CHANNELS), ("rate", RATES), ("backlog", BACKLOG), ("on_late", ON_LATE)):
            if not isinstance(getattr(self, name), Mapping) and getattr(self, name) not in known:
                raise InputError(f"{name}: expected one of {', '.join(known)}, got {getattr(self, name)!r}")
        for name in ("min_present", "max_bad"):
            if not 0 <= getattr(self, name) <= 1:
                raise InputError(f"{name}: expected a share from 0 to 1, got {getattr(self, name)!r}")
        for name in ("deadline_s", "stale_s", "lost_s", "settle_s", "timeout_s", "history_s", "buffer_s"):
            value = getattr(self, name)
            if value is not None and not value > 0:
                raise InputError(f"{name}: expected seconds above 0, got {value!r}")
