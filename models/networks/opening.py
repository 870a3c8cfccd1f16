"""Open a network by its name or from a path.

To add a network that can be fetched: an entry in ``weights/assets.toml``, and its name in the tuple of its kind here. A
causal language model in a folder of its own needs neither: `open_network` takes the folder, and so does a study.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ...errors import InputError, UnknownNameError
from ..weights.assets import fetch
from ..weights.registry import assets
from .network import Network
from .other_formats import check_format

LANGUAGE_MODELS = ("smollm2-135m-instruct",)
VISION = ("efficientnet-lite0", "efficientnet-lite1", "efficientnet-lite2")
SENTENCE_ENCODERS = ("all-minilm-l6-v2",)
SPEECH_RECOGNISERS = ("whisper-tiny.en",)
ONNX = ".onnx"
LEAST_SIZE = 32
"""Of pictures that vision networks are opened for: they are halved five times."""


def open_network(
    name: str | Path,
    *,
    prompt: str | None = None,
    seconds: float | None = None,
    image_size: int | None = None,
    pixels: dict[str, Any] | None = None,
) -> Network:
    """Open a network; one of the registry is downloaded first if it is not on this machine yet.

    Parameters
    ----------
    name : str or Path
        A name of the registry (``hotwire models`` lists them), the path of an ONNX file, or a folder with a causal
        language model in the form that transformers saves.
    prompt : str, optional
        For language models: a text with one ``{}``.
    seconds : float, optional
        For speech recognisers: the longest sound, by default 2 s.
    image_size : int, optional
        For vision networks: the side in pixels to which pictures are scaled, by default that of the training, which
        makes it a network of another name. Half of it costs a quarter of the time.
    pixels : dict of "mean" and "scale", optional
        For ONNX files that are to see pictures: they take (picture - mean) / scale, with pictures from 0 to 255; a
        number, or three for R, G, B, such as ``{"mean": 127, "scale": 128}``.

    Raises
    ------
    UnknownNameError
        There is no such name and no such file.
    InputError
        The network takes no prompt, seconds, image_size or pixels, or a speech recogniser takes no sound so long; or a
        file holds weights alone.
    """
    if image_size is not None and image_size < LEAST_SIZE:
        raise InputError(f"image_size: expected {LEAST_SIZE} pixels or more, got {image_size}")
    if pixels is not None:
        check_takes_pixels(name)
    if image_size is not None and name not in VISION:
        raise InputError(
            f"image_size: only {', '.join(VISION)} are opened for pictures of a size, leave it out for {name}"
        )
    if name in SPEECH_RECOGNISERS and prompt is None:
        from .whisper.recogniser import SECONDS, SpeechRecogniser

        return SpeechRecogniser.open(fetch(str(name)), seconds=SECONDS if seconds is None else seconds, name=str(name))
    if seconds is not None:
        raise InputError(f"seconds: only speech recognisers are opened for a length of sound, leave it out for {name}")
    if str(name) in LANGUAGE_MODELS or (Path(name) / "config.json").is_file():
        from .language.language_model import PROMPT, LanguageModel

        folder = fetch(str(name)) if str(name) in LANGUAGE_MODELS else Path(name)
        return LanguageModel.open(folder, prompt=prompt or PROMPT, name=str(name))
    if prompt is not None:
        raise InputError(f"prompt: only language models take one, leave it out for {name}")
    if name in VISION:
        from .vision import open_efficientnet_lite

        classes = fetch("imagenet-classes") / "classes.json"
        variant, weights = str(name).rpartition("-")[2], fetch(str(name)) / "model.safetensors"
        return open_efficientnet_lite(variant, weights, classes, image_size)
    if name in SENTENCE_ENCODERS:
        from .sentence import SentenceEncoder

        return SentenceEncoder(fetch(str(name)), name=str(name))
    if Path(name).suffix == ONNX and Path(name).is_file():
        if pixels is not None:
            from .vision import open_onnx_vision

            return open_onnx_vision(Path(name), **pixels)
        from .onnx_network import OnnxNetwork

        return OnnxNetwork(Path(name))
    check_format(name)
    known = [asset.name for asset in assets("network")]
    raise UnknownNameError("network (no ONNX file and no folder with a config.json either)", str(name), known)


def check_takes_pixels(name: str | Path) -> None:
    """Raise InputError unless a network of this name is told how it sees pictures."""
    if Path(name).suffix != ONNX or Path(name).is_dir():
        raise InputError(f"pixels: only ONNX files are told how they see pictures, leave it out for {name}")
