"""Judges: whatever says how the sites would respond to pictures, and had no part in making them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ....errors import InputError, UnknownNameError
from ....models.files import sha256_of_file
from ....models.networks.one_thread import ORT_ERRORS, Session, open_session
from ....models.networks.onnx_graph import load
from ....models.networks.vision import prepare_pictures
from ...evaluation.threads import progress

BATCH = 16


class Judge(Protocol):
    """Says how each site would respond to pictures."""

    @property
    def name(self) -> str: ...

    @property
    def ingredients(self) -> Any:
        """All that its responses depend on besides the pictures, as JSON data."""
        ...

    def responses(self, pictures: Sequence[Any]) -> NDArray[np.float64]:
        """Responses (n_pictures, n_sites); NaN for sites that it does not know."""
        ...


@dataclass(frozen=True)
class OnnxJudge:
    """A model of the sites in an ONNX file, such as others trained on the same neurons.

    Parameters
    ----------
    path : Path
        It takes float pictures (n, 3, height, width), red, green and blue, height equal to width, and gives responses
        (n, n_outputs).
    sites : sequence of str
        The recording's.
    outputs : sequence of str, optional
        The site of each of its outputs; by default the recording's sites, in order.
    mean, scale : float
        It takes (picture - mean) / scale, with pictures from 0 to 255.

    Raises
    ------
    InputError
        There is no such file, it is no such model, or it has another number of outputs than there are sites.
    UnknownNameError
        The recording has no such site.
    """

    path: Path
    sites: Sequence[str]
    outputs: Sequence[str] | None = None
    mean: float = 0.0
    scale: float = 1.0

    def __post_init__(self) -> None:
        names = self.sites if self.outputs is None else self.outputs
        for name in names:
            if name not in self.sites:
                raise UnknownNameError("site", name, self.sites)
        if len(set(names)) < len(names):
            raise InputError(f"outputs: expected each site once, got {', '.join(names)}")
        out = self._run(np.zeros((1, 3, self.side, self.side), np.float32))
        if out.shape != (1, len(names)):
            raise InputError(
                f"{self.path.name}: expected an output for each of the {len(names)} sites, (1, {len(names)}) for one "
                f'picture, got {out.shape}; if it knows some of them, name each output: outputs = ["...", ...]'
            )

    @property
    def name(self) -> str:
        return self.path.stem

    @cached_property
    def ingredients(self) -> Any:
        return [sha256_of_file(self.path), list(self.outputs or ()), self.mean, self.scale]

    def responses(self, pictures: Sequence[Any]) -> NDArray[np.float64]:
        found = []
        for start in progress(range(0, len(pictures), BATCH), f"{self.name} judges", -(-len(pictures) // BATCH)):
            some = pictures[start : start + BATCH]
            prepared = prepare_pictures(some, image_size=self.side, mean=self.mean, scale=self.scale)
            found.append(self._run(prepared.contiguous().numpy()).astype(np.float64))
        judged = np.concatenate(found)
        if not np.isfinite(judged).all():
            raise InputError(f"{self.path.name}: expected finite responses, got NaN or infinity")
        if self.outputs is None:
            return judged
        of_sites = np.full((len(pictures), len(self.sites)), np.nan)
        of_sites[:, [list(self.sites).index(name) for name in self.outputs]] = judged
        return of_sites

    @cached_property
    def side(self) -> int:
        """Of the pictures that it takes, in pixels."""
        shape = self._session.get_inputs()[0].shape
        if len(shape) != 4 or shape[1] != 3 or shape[2] != shape[3] or not isinstance(shape[2], int):
            raise InputError(
                f"{self.path.name}: expected a model that takes pictures (n, 3, side, side) of a fixed side, got one "
                f"that takes {tuple(shape)}"
            )
        return shape[2]

    @cached_property
    def _session(self) -> Session:
        if not self.path.is_file():
            raise InputError(f"path: there is no file {self.path}; expected an ONNX model of the sites")
        return open_session(load(self.path).SerializeToString())

    def _run(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        try:
            return np.asarray(self._session.run(None, {self._session.get_inputs()[0].name: batch})[0])
        except ORT_ERRORS as error:
            raise InputError(f"{self.path.name}: expected a model of float32 pictures; onnxruntime: {error}") from error
