"""A saved decoder as a unit of ezmsg: `AxisArray` messages in, decisions out. Needs the extra ``inputs``.

::

    import ezmsg.core as ez
    from hotwire.realtime.ezmsg import Decode, DecodeSettings

    decode = Decode(DecodeSettings("decoder.hotwire", channels=("C3", "Cz", "C4"), units="uV"))
    ez.run(AMP=amplifier, DECODE=decode, connections=[(amplifier.OUTPUT_SIGNAL, decode.INPUT_SIGNAL)])
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from os import PathLike
from typing import Any

import numpy as np

from ..decoder.bundle.compiled import CompiledDecoder
from ..errors import MissingExtraError, StreamMismatchError
from .background import BackgroundEngine
from .decision import LiveDecision
from .engine.engine import Engine
from .settings import LiveSettings
from .sources.push_source import PushSource
from .sources.source import StreamInfo

try:
    import ezmsg.core as ez
    from ezmsg.util.messages.axisarray import AxisArray
except ImportError as error:
    raise MissingExtraError("hotwire.realtime.ezmsg needs ezmsg; install hotwire[inputs]") from error

POLL_S = 0.002


class DecodeSettings(ez.Settings):
    """Settings of `Decode`.

    Attributes
    ----------
    bundle : path
        A fitted decoder.
    channels : tuple of str, optional
        The names of the channels; by default those on the messages' axis of channels.
    units : str
        Of all channels; "" where it is not known.
    time, channel : str
        The names of the messages' dimensions.
    live : LiveSettings, optional
    """

    bundle: str | PathLike[str]
    channels: tuple[str, ...] | None = None
    units: str = ""
    time: str = "time"
    channel: str = "ch"
    live: LiveSettings | None = None


class DecodeState(ez.State):
    """What `Decode` holds while it runs: where samples are pushed, and the engine, from the first message on."""

    source: PushSource | None = None
    engine: BackgroundEngine | None = None


class Decode(ez.Unit):
    """Decides on a signal, in a thread of its own.

    Samples are stamped by when their messages come, as those of a `PushSource` without stamps. The first message says
    which stream it is: its rate, channels and key; the unit ends with the error where the decoder does not fit it.
    """

    SETTINGS = DecodeSettings
    STATE = DecodeState
    INPUT_SIGNAL = ez.InputStream(AxisArray)
    INPUT_MARKER = ez.InputStream(str)
    """The label of an event of now."""
    OUTPUT_DECISION = ez.OutputStream(LiveDecision)

    @ez.subscriber(INPUT_SIGNAL)
    async def on_signal(self, message: AxisArray) -> None:
        """Take samples."""
        settings: Any = self.SETTINGS
        if self.STATE.source is None:
            source = PushSource(described(message, settings))
            engine = BackgroundEngine(Engine(CompiledDecoder.load(settings.bundle), source, settings.live))
            self.STATE.source, self.STATE.engine = source, engine.__enter__()
        self.STATE.source.push(rows_of(message, settings))

    @ez.subscriber(INPUT_MARKER)
    async def on_marker(self, label: str) -> None:
        """Take an event; those before the first samples are dropped."""
        if self.STATE.source is not None:
            self.STATE.source.mark(label)

    @ez.publisher(OUTPUT_DECISION)
    async def decide(self) -> AsyncGenerator[Any, None]:
        """Publish decisions as they are made."""
        while self.STATE.engine is None or not self.STATE.engine.ended:
            for decision in [] if self.STATE.engine is None else self.STATE.engine.decisions():
                yield self.OUTPUT_DECISION, decision
            await asyncio.sleep(POLL_S)

    async def shutdown(self) -> None:
        """Stop the engine."""
        if self.STATE.engine is not None:
            self.STATE.engine.close()


def described(message: AxisArray, settings: DecodeSettings) -> StreamInfo:
    """Return the stream that a message is of; StreamMismatchError where it does not tell its rate or channels."""
    for name in (settings.time, settings.channel):
        if name not in message.dims:
            raise StreamMismatchError(f"dims: expected a dimension {name!r}, the message has {', '.join(message.dims)}")
    gain = getattr(message.axes.get(settings.time), "gain", None)
    if not gain:
        raise StreamMismatchError(f"axes: expected a linear axis {settings.time!r}, which tells the rate, got none")
    on_axis = getattr(message.axes.get(settings.channel), "data", None)
    named = settings.channels or (None if on_axis is None else tuple(map(str, on_axis)))
    n = message.data.shape[message.dims.index(settings.channel)]
    names = named or tuple(f"channel_{number}" for number in range(1, n + 1))
    if len(names) != n:
        raise StreamMismatchError(f"channels: expected {n} names, one for each channel, got {len(names)}")
    return StreamInfo(message.key or "ezmsg", "EEG", "ezmsg", names, (settings.units,) * n, 1.0 / gain)


def rows_of(message: AxisArray, settings: DecodeSettings) -> np.ndarray:
    """Return the samples of a message, (n_samples, n_channels)."""
    axes = message.dims.index(settings.time), message.dims.index(settings.channel)
    if message.data.ndim != 2:
        raise StreamMismatchError(f"dims: expected only time and channels, the message has {', '.join(message.dims)}")
    return message.data.transpose(axes)
