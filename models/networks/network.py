"""A network opened at its layers: record activations up to a layer, replace them and resume from there."""

from __future__ import annotations

import copy
import hashlib
import math
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from difflib import get_close_matches
from functools import cached_property
from typing import Any, Self

import numpy as np

from ...errors import InputError, NonFiniteError, ShapeError, UnknownNameError


class Network(ABC):
    """A pretrained, frozen network that can be entered at a layer.

    *Everything* that the output depends on has to pass through a layer, so that its activation alone determines the
    output. Re-entering with a layer's own activations gives the network's output bit for bit when the batches are
    composed alike (other batch sizes may round the last bits differently).

    A subclass sets the attributes and fills in the five methods at the end, each for a single batch.

    Attributes
    ----------
    name : str
        The network's name.
    layers : dict of str to tuple of int
        In order of computation: a layer's name and the shape of one stimulus's activation.
    labels : tuple of str or None
        Names of the outputs, where they have names. A name may occur twice.
    hears : bool
        Whether its stimuli are sounds, as `hotwire.models.sounds.samples.samples_of` takes them.
    """

    name: str
    layers: dict[str, tuple[int, ...]]
    labels: tuple[str, ...] | None = None
    hears: bool = False

    def activations(
        self,
        stimuli: Sequence[Any] | np.ndarray,
        layers: Sequence[str],
        *,
        batch_size: int = 32,
    ) -> dict[str, np.ndarray]:
        """Record the activations of several layers in one pass, which ends at the deepest of them.

        Parameters
        ----------
        stimuli : sequence of length n_stimuli
            What the network takes; see its class for the forms.
        layers : sequence of str
            Names from `layers`.
        batch_size : int
            Stimuli to compute at once; bounds the memory.

        Returns
        -------
        dict of str to ndarray
            For each layer its activations, float32 (n_stimuli, ...).

        Raises
        ------
        UnknownNameError
            There is no such layer.
        """
        names = tuple(dict.fromkeys(layers))
        n_stimuli = count_of(stimuli)
        recorded = {name: np.empty((n_stimuli, *self.shape_of(name)), np.float32) for name in names}
        for part in _batches(n_stimuli, batch_size, f"{self.name}: activations"):
            for name, batch in zip(names, self._record(stimuli[part], names), strict=True):
                recorded[name][part] = batch
        return recorded

    def resume(self, layer: str, activations: np.ndarray, *, batch_size: int = 32) -> np.ndarray:
        """Compute what follows a layer, and only that.

        Parameters
        ----------
        layer : str
            A name from `layers`.
        activations : ndarray (n_samples, ...) or (n_samples, n_units)
            What to inject in the layer, in its shape or flattened.
        batch_size : int
            Samples to compute at once.

        Returns
        -------
        ndarray (n_samples, n_outputs)
            The outputs, float32.

        Raises
        ------
        UnknownNameError
            There is no such layer.
        ShapeError
            The activations have another shape than the layer.
        NonFiniteError
            The activations contain NaN or infinity.
        """
        shape = self.shape_of(layer)
        activations = np.asarray(activations)
        if activations.shape[1:] not in (shape, (math.prod(shape),)):
            raise ShapeError(
                f"activations: layer {layer!r} of {self.name} takes (n_samples, "
                f"{', '.join(map(str, shape))}) or (n_samples, {math.prod(shape)}), got {activations.shape}"
            )
        outputs = []
        for part in _batches(count_of(activations), batch_size, f"{self.name}: resume at {layer}"):
            batch = np.array(activations[part], np.float32, order="C").reshape(-1, *shape)
            finite = np.isfinite(batch)
            if not finite.all():
                sample, *position = (int(i) for i in np.argwhere(~finite)[0])
                raise NonFiniteError(
                    f"activations: {batch[sample][tuple(position)]} in sample {part.start + sample} "
                    f"at position {tuple(position)} of layer {layer!r}; expected finite float32 numbers"
                )
            outputs.append(self._resume(layer, batch))
        return np.concatenate(outputs)

    def outputs(self, stimuli: Sequence[Any] | np.ndarray, *, batch_size: int = 32) -> np.ndarray:
        """Pass stimuli through the whole network; returns the outputs, float32 (n_stimuli, n_outputs)."""
        parts = _batches(count_of(stimuli), batch_size, f"{self.name}: outputs")
        return np.concatenate([self._forward(stimuli[part]) for part in parts])

    def log_probabilities(
        self, layer: str, activations: np.ndarray, candidates: Sequence[str], *, batch_size: int = 32
    ) -> np.ndarray:
        """Log probability of each candidate, after activations are injected.

        Parameters
        ----------
        layer : str
            Where to inject.
        activations : ndarray (n_samples, ...) or (n_samples, n_units)
            What to inject, in the layer's shape or flattened.
        candidates : sequence of str
            Names from `labels`. Where several outputs share a name, their probabilities are summed.
        batch_size : int
            Samples to compute at once.

        Returns
        -------
        ndarray (n_samples, n_candidates)
            Natural logarithms, of a softmax over all outputs, float32.

        Raises
        ------
        InputError
            The network does not name its outputs.
        UnknownNameError
            No output has a candidate's name.
        """
        from scipy.special import log_softmax, logsumexp

        columns = self.columns(candidates)
        log_p = log_softmax(self.resume(layer, activations, batch_size=batch_size), axis=1)
        # Most candidates have a single output, and hundreds of calls would take longer than many networks.
        return np.stack([log_p[:, own[0]] if len(own) == 1 else logsumexp(log_p[:, own], axis=1) for own in columns], 1)

    def columns(self, candidates: Sequence[str]) -> list[list[int]]:
        """Return the outputs that have each candidate's name; errors as for `log_probabilities`."""
        if self.labels is None:
            raise InputError(f"candidates: {self.name} does not name its outputs; open it with labels")
        outputs: dict[str, list[int]] = {}
        for index, label in enumerate(self.labels):
            outputs.setdefault(label, []).append(index)
        for candidate in candidates:
            if candidate not in outputs:
                raise UnknownNameError(
                    "candidate", candidate, list(outputs)[:20] + get_close_matches(candidate, outputs)
                )
        return [outputs[candidate] for candidate in candidates]

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name}>"

    def shape_of(self, layer: str) -> tuple[int, ...]:
        """Shape of one stimulus's activation of `layer`; an `UnknownNameError` lists the layers."""
        if layer not in self.layers:
            raise UnknownNameError("layer", layer, self.layers)
        return self.layers[layer]

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 over the weights: names, types, shapes and bytes in the order of the names."""
        digest = hashlib.sha256()
        for name, array in sorted(self._weights(), key=lambda weight: weight[0]):
            digest.update(f"{name} {array.dtype.str} {array.shape}\n".encode())
            digest.update(np.ascontiguousarray(array).reshape(-1).view(np.uint8).data)
        return digest.hexdigest()

    @property
    def n_bytes(self) -> int:
        """Of the weights in memory."""
        return sum(array.nbytes for _, array in self._weights())

    def n_positions(self, stimuli: Sequence[Any] | np.ndarray) -> np.ndarray | None:
        """How many of a layer's first positions each stimulus fills, (n_stimuli,), where silence follows shorter ones;
        None for networks in which no stimulus is shorter than a layer.
        """
        return None

    def settings(self) -> dict[str, Any]:
        """Return what else decides the activations, besides class, weights and layers; part of the key in the cache."""
        return {}

    def to_bytes(self) -> bytes | None:
        """The whole network as one ONNX file, which `OnnxNetwork` opens; None for networks of other kinds."""
        return None

    def _copy_as(self, name: str) -> Self:
        """Return a shallow copy under another name, whose fingerprint is not computed yet."""
        twin = copy.copy(self)
        vars(twin).pop("fingerprint", None)
        twin.name = name
        return twin

    @abstractmethod
    def untrained(self, seed: int = 0) -> Network:
        """Return the same network with random weights, as a control; the same seed gives the same weights."""

    @abstractmethod
    def _record(self, stimuli: Any, layers: tuple[str, ...]) -> Sequence[np.ndarray]:
        """Activations of one batch of stimuli, in the order of `layers`."""

    @abstractmethod
    def _resume(self, layer: str, activations: np.ndarray) -> np.ndarray:
        """Outputs for one batch of activations, float32 (n_samples, ...); may overwrite them."""

    @abstractmethod
    def _forward(self, stimuli: Any) -> np.ndarray:
        """Outputs for one batch of stimuli."""

    @abstractmethod
    def _weights(self) -> Iterable[tuple[str, np.ndarray]]:
        """All weights by name, in any order."""


def count_of(stimuli: Any) -> int:
    """The number of stimuli; raises `InputError` for a single stimulus outside a sequence, or none."""
    if isinstance(stimuli, str) or not hasattr(stimuli, "__len__"):
        raise InputError(
            f"stimuli: expected a list or an array of them, got one {type(stimuli).__name__}; wrap it: [x]"
        )
    if len(stimuli) == 0:
        raise InputError("stimuli: expected at least one, got none")
    return len(stimuli)


def _batches(count: int, batch_size: int, what: str) -> Iterator[slice]:
    from tqdm import tqdm

    if batch_size < 1:
        raise InputError(f"batch_size: expected at least 1, got {batch_size}")
    for start in tqdm(range(0, count, batch_size), desc=what, delay=1, disable=None):
        yield slice(start, min(start + batch_size, count))
