"""What is wrong with the streams on a network, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import ceil
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np

from ..errors import StreamMismatchError
from .channel_match import Channels
from .checks import few
from .stream_match import Rate, match_stream

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .live_decoder import LiveDecoder
    from .sources.lsl_survey import HeardStream

RATE_OFF = 0.01
BURST_S = 0.2
"""Decisions are late by a burst; from here on people notice."""
JITTER_S = 0.05
"""Stamps that are off by more may be taken for lost samples."""
AGE_S = 1.0
"""A sample older or newer than this when it comes was stamped by another clock, or waited somewhere."""
FEWEST = 8


class Advice(NamedTuple):
    """One thing that was checked of a stream.

    ``level``: ``"fine"``, ``"warning"`` (decisions suffer) or ``"error"`` (it cannot be decoded like this). ``what`` is
    the case, ``cure`` what to do, ``""`` if nothing.
    """

    level: Literal["fine", "warning", "error"]
    what: str
    cure: str = ""


def diagnose(
    stream: HeardStream,
    others: Sequence[HeardStream] = (),
    decoder: LiveDecoder | None = None,
    channels: Channels | Mapping[str, str] = "exact",
    units: str = "exact",
    rate: Rate = "exact",
) -> list[Advice]:
    """Return what there is to say of a stream, among the others on the network and for a decoder."""
    if stream.problem:
        cure = "its program may hang, or a firewall may block LSL's ports (TCP and UDP 16572 to 16604)"
        return [Advice("error", stream.problem, cure)]
    checks = [*_name(stream, others)]
    if stream.is_samples:
        checks += [*_description(stream), *_timing(stream), *_clock(stream), *_signals(stream)]
        if decoder is not None and stream.info is not None:
            checks.append(_match(stream, decoder, channels, units, rate))
    else:
        checks += _markers(stream)
    return checks


def _name(stream: HeardStream, others: Sequence[HeardStream]) -> Iterator[Advice]:
    if any(other is not stream and other.name == stream.name for other in others):
        yield Advice(
            "warning", "another stream has this name", "stop one of them, or name the stream by --source-id, too"
        )
    if not stream.source_id:
        cure = "have its program set a source_id: without one a lost stream is not taken up again"
        yield Advice("warning", "no source_id", cure)


def _description(stream: HeardStream) -> Iterator[Advice]:
    info = stream.info
    if info is None:
        yield Advice("error", "text at a regular rate", "samples are numbers; markers have no rate")
        return
    if info.channel_names == tuple(f"channel_{i + 1}" for i in range(info.n_channels)):
        yield Advice("warning", "no channel labels", "name them in its program, or use --channels C3=1,Cz=2,...")
    if not any(info.units):
        yield Advice(
            "warning", "no units", "they are taken to be the decoder's; if they are not, use --units V or the like"
        )


def _timing(stream: HeardStream) -> Iterator[Advice]:
    n, stamps = len(stream.stamps), stream.stamps
    if n < FEWEST:
        longer = f"--seconds {ceil((FEWEST + 1) / stream.rate_hz):g}"
        yield Advice("error", f"{n} samples came", f"see whether the device sends, and listen longer ({longer})")
        return
    rate_hz = (n - 1) / (stamps[-1] - stamps[0]) if stamps[-1] > stamps[0] else np.inf
    if abs(rate_hz / stream.rate_hz - 1) > RATE_OFF:
        what = f"says {stream.rate_hz:g} Hz, and sends {rate_hz:.4g} samples per second by its stamps"
        yield Advice("error", what, "samples are lost before LSL, or its program describes another rate")
    pauses = np.diff(stream.received_s)
    if pauses.max() > max(BURST_S, 3 / stream.rate_hz):
        what = f"samples come in bursts, up to {pauses.max():.2f} s apart"
        yield Advice("warning", what, "decisions are late by that; have its program send smaller chunks")
    line = np.polynomial.Polynomial.fit(np.arange(n), stamps, 1)
    off_s = float(np.abs(stamps - line(np.arange(n))).max())
    if off_s > JITTER_S:
        what = f"stamps are off a steady rate by up to {1e3 * off_s:.0f} ms"
        yield Advice("warning", what, "samples may be taken for lost; have its program stamp them evenly")
    else:
        yield Advice("fine", f"{n} samples at {rate_hz:.4g} per second, stamps steady within {1e3 * off_s:.1f} ms")


def _clock(stream: HeardStream) -> Iterator[Advice]:
    if not len(stream.stamps):
        return
    age_s = float(np.median(stream.received_s - stream.stamps))
    if abs(age_s) > AGE_S:
        ago = f"{abs(age_s):.3g} s {'before' if age_s > 0 else 'after'} they come"
        cure = (
            "its program has to stamp by LSL's clock (local_clock), not by the time of day or the device's own; a "
            "replay faster than real time is like this, too"
        )
        yield Advice("error", f"stamped {ago}", cure)
    elif stream.clock_offset_s is None:
        yield Advice("warning", "its machine does not say its clock", "a firewall may block UDP 16572 to 16604")
    else:
        yield Advice("fine", f"{1e3 * age_s:.1f} ms old when they come")


def _signals(stream: HeardStream) -> Iterator[Advice]:
    samples, info = stream.samples, stream.info
    if len(samples) < FEWEST or info is None:
        return
    broken = (~np.isfinite(samples)).any(axis=0)
    flat = np.ptp(samples, axis=0) == 0
    for which, what in ((broken, "NaN or infinity"), (flat, "always the same value")):
        names = [info.channel_names[i] for i in np.flatnonzero(which)]
        if names:
            yield Advice("warning", f"{what} in {few(names)}", "see the cable, the electrode and the gain")


def _match(
    stream: HeardStream, decoder: LiveDecoder, channels: Channels | Mapping[str, str], units: str, rate: Rate
) -> Advice:
    assert stream.info is not None
    try:
        match_stream(stream.info, decoder, channels, units, rate)
    except StreamMismatchError as error:
        return Advice("error", f"not what the decoder takes: {error}")
    return Advice("fine", "it is what the decoder takes")


def _markers(stream: HeardStream) -> Iterator[Advice]:
    if stream.n_channels > 1:
        cure = "markers of hotwire stream come in one channel; send the label alone"
        yield Advice("warning", f"{stream.n_channels} channels without a rate", cure)
    if len(stream.stamps):
        yield from _clock(stream)
    else:
        yield Advice("fine", "no marker came; send one meanwhile to have its clock checked")
