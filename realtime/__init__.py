"""A saved decoder on a live stream: sources, clocks and gaps, the engine, its outputs.

All of it runs on numpy, onnxruntime and pylsl alone, but for `hotwire.realtime.console` (what a person sees and types)
and `hotwire.realtime.volumes` (NIfTI files as a scanner exports them). Names are imported when they are first used.

Examples
--------
Decide on a stream for as long as it goes on::

    from hotwire.realtime import stream

    for decision in stream("decoder.hotwire", "MyAmplifier", markers="Cues"):
        print(decision.said, decision.probabilities, decision.present)
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .clock import SystemClock, VirtualClock
    from .decision import Latency, LiveDecision, Output, Status
    from .engine import Engine
    from .health import MarkerState, State
    from .lsl_outputs import LslOutlets
    from .lsl_source import LslSource
    from .outputs import Callback, JsonLines, read_decisions
    from .recording_source import RecordingSource
    from .scripted import ScriptedSource
    from .settings import LiveSettings
    from .source import Chunk, Marker, MarkersChange, Source, StreamInfo
    from .streaming import stream
    from .swap import Commands, send
    from .volumes import VolumeFolder
    from .xdf import XdfRecorder

_HOMES = {
    "Callback": "outputs",
    "Chunk": "source",
    "Commands": "swap",
    "Engine": "engine",
    "JsonLines": "outputs",
    "Latency": "decision",
    "LiveDecision": "decision",
    "LiveSettings": "settings",
    "LslOutlets": "lsl_outputs",
    "LslSource": "lsl_source",
    "Marker": "source",
    "MarkerState": "health",
    "MarkersChange": "source",
    "Output": "decision",
    "RecordingSource": "recording_source",
    "ScriptedSource": "scripted",
    "Source": "source",
    "State": "health",
    "Status": "decision",
    "StreamInfo": "source",
    "SystemClock": "clock",
    "VirtualClock": "clock",
    "VolumeFolder": "volumes",
    "XdfRecorder": "xdf",
    "read_decisions": "outputs",
    "send": "swap",
    "stream": "streaming",
}

__all__ = [
    "Callback",
    "Chunk",
    "Commands",
    "Engine",
    "JsonLines",
    "Latency",
    "LiveDecision",
    "LiveSettings",
    "LslOutlets",
    "LslSource",
    "Marker",
    "MarkerState",
    "MarkersChange",
    "Output",
    "RecordingSource",
    "ScriptedSource",
    "Source",
    "State",
    "Status",
    "StreamInfo",
    "SystemClock",
    "VirtualClock",
    "VolumeFolder",
    "XdfRecorder",
    "read_decisions",
    "send",
    "stream",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_HOMES[name]}", __name__), name)
