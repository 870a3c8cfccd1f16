"""A decoder on a stream in one call."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence

from ..decoder.bundle.compiled import CompiledDecoder
from .decision import LiveDecision, Output
from .engine.engine import Engine
from .settings import LiveSettings
from .sources.lsl_source import LslSource
from .sources.source import Source


def stream(
    bundle: str | os.PathLike[str],
    source: str | Source,
    *,
    markers: str | None = None,
    settings: LiveSettings | None = None,
    outputs: Sequence[Output] = (),
) -> Iterator[LiveDecision]:
    """Decide on a live stream and yield its decisions.

    The bundle is loaded at once; the stream is opened when the first decision is requested.

    Parameters
    ----------
    bundle : path
        A fitted decoder, as `hotwire fit` saves it.
    source : str or Source
        The name of an LSL stream, or any other source.
    markers : str, optional
        The name of the LSL marker stream, if the source is a name.
    settings : LiveSettings, optional
    outputs : sequence of Output
        Each also receives every decision and every change of state.

    Returns
    -------
    iterator of LiveDecision

    Raises
    ------
    StreamNotFoundError
        There is no such stream; the message lists the existing ones.
    StreamMismatchError
        It is not what the decoder was fitted on.
    BundleError
        The bundle is damaged, or its decoder cannot go live.
    InputError
        The settings' window does not give what the decoder takes.
    """
    given = LslSource(source, markers=markers) if isinstance(source, str) else source
    return _decisions(Engine(CompiledDecoder.load(bundle), given, settings, outputs=outputs))


def _decisions(engine: Engine) -> Iterator[LiveDecision]:
    with engine:
        yield from engine
