"""Pretrained networks, opened at a layer: record activations up to it, resume behind it.

Names are imported when they are first used, so that importing the package costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .assets import fetch
    from .compiled_network import compiled
    from .language import LanguageModel
    from .network import Network
    from .onnx_network import OnnxNetwork
    from .opening import open_network
    from .recorded import forget, record, stored
    from .sentence import SentenceEncoder
    from .small_training import train_small_vision
    from .torch_network import TorchNetwork
    from .vision import VisionNetwork
    from .whisper import SpeechRecogniser

_HOMES = {
    "LanguageModel": "language",
    "Network": "network",
    "OnnxNetwork": "onnx_network",
    "SentenceEncoder": "sentence",
    "SpeechRecogniser": "whisper",
    "TorchNetwork": "torch_network",
    "VisionNetwork": "vision",
    "compiled": "compiled_network",
    "fetch": "assets",
    "forget": "recorded",
    "open_network": "opening",
    "record": "recorded",
    "stored": "recorded",
    "train_small_vision": "small_training",
}

__all__ = [
    "LanguageModel",
    "Network",
    "OnnxNetwork",
    "SentenceEncoder",
    "SpeechRecogniser",
    "TorchNetwork",
    "VisionNetwork",
    "compiled",
    "fetch",
    "forget",
    "open_network",
    "record",
    "stored",
    "train_small_vision",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_HOMES[name]}", __name__), name)
