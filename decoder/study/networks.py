"""The networks that a study file can name: those of `open_network`, and a small one that is trained for the study."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import AfterValidator, Field, ValidationInfo, model_validator

from ...errors import InputError, UnknownNameError
from ...models.networks.network import Network
from ...models.networks.opening import check_takes_pixels, open_network
from ...models.networks.other_formats import check_format
from ...models.networks.outline import Outline, outline
from ...models.weights.registry import assets
from ..readers.arrays.array_files import load_arrays, order_in
from .section import AnyPath, Section, expanded, path_from

if TYPE_CHECKING:
    from ...models.networks.language.language_model import LanguageModel


class TrainingPictures(NamedTuple):
    """What a small network learns from: pictures (n_pictures, side, side), their labels, and how many were left out.

    Pictures are left out if they are too similar to one that the network is to see later.
    """

    pictures: NDArray[np.uint8]
    labels: list[str]
    n_left_out: int


def _part(given: list[int]) -> tuple[int, int]:
    if len(given) != 2 or not 0 <= given[0] < given[1]:
        raise InputError(f"expected [first, stop], counted from 0, got {given!r}")
    return given[0], given[1]


Part = Annotated[list[int], AfterValidator(_part)]
Positive = Annotated[float, Field(gt=0)]


class TrainSection(Section):
    """A small vision network that is trained on pictures out of a file.

    See `hotwire.models.training.small_training.train_small_vision`.

    The pictures of the recording are never used for training: `held_out` names them, and pictures that are the same or
    nearly so are left out.
    """

    path: AnyPath
    pictures: str
    labels: dict[str, Part] = Field(min_length=2)
    """The label of each picture, in the order of the file."""
    held_out: str
    picture_shape: list[int] | None = Field(None, min_length=2, max_length=2)
    order: Literal["C", "F"] | None = None
    seed: int = Field(0, ge=0)

    @model_validator(mode="after")
    def _has_parts(self) -> TrainSection:
        parts = sorted(self.labels.values())
        for (_, stop), (first, _) in zip([(0, 0), *parts], parts, strict=False):
            if first < stop:
                raise InputError(f"labels: a picture shows one thing, but {first} is in two parts; got {self.labels}")
        return self

    def read(self) -> TrainingPictures:
        """Read the pictures that have a label and are not too similar to any held-out one."""
        from ...models.training.small_training import too_alike

        arrays = load_arrays(self.path, [self.pictures, self.held_out])
        pictures, held_out = (self._laid_out(name, arrays[name]) for name in (self.pictures, self.held_out))
        for label, (_, stop) in self.labels.items():
            if stop > len(pictures):
                raise InputError(f"labels: {label} goes up to {stop}, but {self.pictures} has {len(pictures)} pictures")
        labels = np.concatenate([[label] * (stop - first) for label, (first, stop) in self.labels.items()])
        chosen = np.concatenate([pictures[first:stop] for first, stop in self.labels.values()])
        alike = too_alike(chosen, held_out)
        return TrainingPictures(chosen[~alike], labels[~alike].tolist(), int(alike.sum()))

    def _laid_out(self, name: str, array: NDArray) -> NDArray[np.uint8]:
        if array.dtype != np.uint8:
            raise InputError(f"{name}: expected pictures in uint8, from 0 (black) to 255, got {array.dtype}")
        if self.picture_shape is None:
            return array
        n_pixels = self.picture_shape[0] * self.picture_shape[1]
        if array.ndim != 2 or array.shape[1] != n_pixels:
            raise InputError(f"{name}: expected pictures in rows of {n_pixels} pixels, got shape {array.shape}")
        # Each row separately: order "F" must not reach across pictures.
        order = order_in(Path(self.path), self.order)
        return np.stack([row.reshape(self.picture_shape, order=order) for row in array])


def _network_name(given: str, info: ValidationInfo) -> str:
    """A name of the registry as it is; else the path of a file or folder, relative to the study file."""
    name = expanded(given)
    path = path_from(given, info)
    return str(path) if name not in network_names() and path.exists() else name


def network_names() -> list[str]:
    """The names of the registry's networks."""
    return [known.name for known in assets("network")]


class PixelsSection(Section):
    """What an ONNX file takes: (picture - mean) / scale, with pictures from 0 to 255; of all colours, or R, G, B."""

    mean: float | Annotated[list[float], Field(min_length=3, max_length=3)]
    scale: Positive | Annotated[list[Positive], Field(min_length=3, max_length=3)]


class NetworkSection(Section):
    """See `hotwire.models.open_network`; with `train`, a network of that name is trained first."""

    name: Annotated[str, AfterValidator(_network_name)]
    prompt: str | None = None
    seconds: float | None = Field(None, gt=0)
    """Of sound that a speech recogniser takes."""
    pixels: PixelsSection | None = None
    train: TrainSection | None = None

    @model_validator(mode="after")
    def _is_opened_or_trained(self) -> NetworkSection:
        if self.train is not None and self.prompt is not None:
            raise InputError("expected prompt or train, got both: a network for pictures takes no prompt")
        if self.train is not None and self.seconds is not None:
            raise InputError("expected seconds or train, got both: a network for pictures hears nothing")
        if self.pixels is not None and self.train is not None:
            raise InputError("expected pixels or train, got both: a network that is trained here knows how it sees")
        if self.pixels is not None:
            check_takes_pixels(self.name)
        known = self.outline()
        if known is not None and self.prompt is not None:
            known.check_prompt()
        if known is not None and self.seconds is not None and known.kind != "speech recogniser":
            raise InputError(f"seconds: only speech recognisers take a length of sound, {known.name} is a {known.kind}")
        return self

    def check_there(self) -> None:
        """Raise `UnknownNameError` where the registry has no such network, and there is no such file or folder.

        An InputError says that a file is none from which a network can be opened.
        """
        if self.train is not None or self.name in network_names():
            return
        check_format(self.name)
        if not Path(self.name).exists():
            raise UnknownNameError("network (no such file or folder either)", self.name, network_names())

    def outline(self) -> Outline | None:
        """What is known of the network before it is opened; None of one that is trained, and of ONNX files."""
        return None if self.train is not None else outline(self.name)

    def open(self) -> Network:
        """Open the network; train it first where `train` is given."""
        if self.train is not None:
            return self._trained.names
        pixels = None if self.pixels is None else self.pixels.model_dump()
        return open_network(self.name, prompt=self.prompt, seconds=self.seconds, pixels=pixels)

    def open_language_model(self) -> LanguageModel:
        """Open the network; an InputError where it is no language model."""
        from ...models.networks.language.language_model import LanguageModel

        network = self.open()
        if not isinstance(network, LanguageModel):
            raise InputError(
                f"expected a language model, which reads words, such as smollm2-135m-instruct, got {network.name}"
            )
        return network

    def drawing(self) -> Network | None:
        """Open the network that draws what this one sees, if there is one."""
        return None if self.train is None else self._trained.draws

    @cached_property
    def _trained(self) -> Any:
        from ...models.training.small_training import train_small_vision

        assert self.train is not None
        pictures, labels, _ = self.train.read()
        return train_small_vision(pictures, labels, seed=self.train.seed, name=self.name)
