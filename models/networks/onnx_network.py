"""Any ONNX file as a network: its layers are the tensors at which its computation can be cut in two."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
from onnx import helper, numpy_helper

from ...errors import InputError, ShapeError, UnknownNameError
from ..files import sha256_of
from .network import Network
from .one_thread import one_thread
from .onnx_graph import head, is_cut, load, shuffled, tail, weights


class OnnxNetwork(Network):
    """An ONNX model opened at its tensors; onnxruntime computes it on one thread.

    Nothing is fused: a model with merged operations would round differently from its halves, and re-entering would no
    longer give the same outputs bit for bit. What follows a layer can be taken out (`tail`) and optimised.

    Parameters
    ----------
    path : path of an .onnx file
        A model with one input and one output. The input's first dimension is the batch (free, or fixed to 1), and its
        other dimensions are fixed.
    name : str, optional
        By default the file's name.
    prepare : callable, optional
        Turns a batch of stimuli into what the model takes. By default stimuli need no preparation.
    labels : sequence of str, optional
        Names of the outputs.

    Raises
    ------
    InputError
        The file is not an ONNX model of this kind.
    """

    def __init__(
        self,
        path: str | PathLike[str],
        *,
        name: str | None = None,
        prepare: Callable[[Any], np.ndarray] | None = None,
        labels: Sequence[str] | None = None,
    ) -> None:
        self.name = name or Path(path).stem
        self.labels = None if labels is None else tuple(labels)
        self._prepare = prepare
        self._open(load(path))

    def _open(self, model: onnx.ModelProto) -> None:
        self._model = model
        self._sessions: dict[tuple[str, ...] | str | None, onnxruntime.InferenceSession] = {}
        self._one_by_one, self._row, self._dtype = _input_of(model)
        self._rows, floats = self._measured()
        if model.graph.output[0].name not in self._rows:
            raise InputError(f"path: output {model.graph.output[0].name!r} of {self.name} has no row per stimulus")
        self.layers = {name: self._rows[name] for name in floats if is_cut(model, name, self._rows)}

    def _measured(self) -> tuple[dict[str, tuple[int, ...]], list[str]]:
        """Run the model with all its tensors as outputs, for the shapes of those with one row per stimulus."""
        names = [name for node in self._model.graph.node for name in node.output if name]
        session = _session(head(self._model, names))
        entry = self._model.graph.input[0].name
        rows, floats = {entry: self._row}, []
        counts = (1,) if self._one_by_one else (1, 2)
        runs = [session.run(None, {entry: np.zeros((count, *self._row), self._dtype)}) for count in counts]
        for name, *arrays in zip(names, *runs, strict=True):
            shapes = {np.shape(array)[1:] for array in arrays if isinstance(array, np.ndarray)}
            per_stimulus = [np.shape(array)[:1] == (count,) for array, count in zip(arrays, counts, strict=True)]
            if len(shapes) == 1 and all(per_stimulus):
                rows[name] = shapes.pop()
                if arrays[0].dtype == np.float32:
                    floats.append(name)
        return rows, floats

    def shape_of(self, layer: str) -> tuple[int, ...]:
        """Shape of one stimulus's activation of `layer`; the error for a tensor that is not a layer says why."""
        if layer in self.layers:
            return self.layers[layer]
        if all(layer not in node.output for node in self._model.graph.node):
            raise UnknownNameError("layer", layer, self.layers)
        raise InputError(
            f"layer: {self.name} cannot be cut at {layer!r}: it is not one float32 tensor, with a row per "
            f"stimulus, from which everything after it can be computed. It can at: {', '.join(self.layers)}"
        )

    def tail(self, layer: str) -> onnx.ModelProto:
        """Return what follows a layer as a model: from ``activation``, float32 (n_samples, ...), to the output."""
        self.shape_of(layer)
        return tail(self._model, layer, self._rows)

    def to_bytes(self) -> bytes:
        """The whole model as one file; how stimuli are prepared is not part of it."""
        return self._model.SerializeToString(deterministic=True)

    def untrained(self, seed: int = 0) -> OnnxNetwork:
        """Return the same network with the numbers of each weight shuffled within it, as a control."""
        network = self._copy_as(f"{self.name}-untrained-{seed}")
        network._open(shuffled(self._model, seed))
        return network

    def settings(self) -> dict[str, Any]:
        """Return the graph, and how stimuli are prepared."""
        return {"graph": sha256_of(self.to_bytes()), "prepare": self._prepare}

    def _record(self, stimuli: Any, layers: tuple[str, ...]) -> list[np.ndarray]:
        if layers not in self._sessions:
            self._sessions[layers] = _session(head(self._model, layers))
        return self._run(self._sessions[layers], self._prepared(stimuli))

    def _resume(self, layer: str, activations: np.ndarray) -> np.ndarray:
        if layer not in self._sessions:
            self._sessions[layer] = _session(self.tail(layer))
        return self._run(self._sessions[layer], activations)[0]

    def _forward(self, stimuli: Any) -> np.ndarray:
        if None not in self._sessions:
            self._sessions[None] = _session(self._model)
        return self._run(self._sessions[None], self._prepared(stimuli))[0]

    def _weights(self) -> Iterator[tuple[str, np.ndarray]]:
        for name, tensor in weights(self._model).items():
            yield name, numpy_helper.to_array(tensor)

    def _run(self, session: onnxruntime.InferenceSession, batch: np.ndarray) -> list[np.ndarray]:
        entry = session.get_inputs()[0].name
        parts: Iterable[np.ndarray] = np.split(batch, len(batch)) if self._one_by_one else [batch]
        return [
            np.concatenate(arrays) for arrays in zip(*(session.run(None, {entry: part}) for part in parts), strict=True)
        ]

    @property
    def stimulus_shape(self) -> tuple[int, ...]:
        """The shape of one stimulus as the model takes it."""
        return self._row

    def _prepared(self, stimuli: Any) -> np.ndarray:
        if self._prepare is not None:
            stimuli = self._prepare(stimuli)
        try:
            batch = np.asarray(stimuli)
        except ValueError as error:  # they make no array
            raise self._misshaped("stimuli of several shapes") from error
        if not np.can_cast(batch.dtype, self._dtype, "same_kind"):
            raise InputError(f"stimuli: {self.name} takes {self._dtype}, got {batch.dtype}")
        if batch.shape[1:] != self._row:
            raise self._misshaped(str(batch.shape))
        return batch.astype(self._dtype)

    def _misshaped(self, got: str) -> ShapeError:
        expected = ", ".join(map(str, self._row))
        pictures = len(self._row) == 3 and self._row[0] == 3 and self._prepare is None
        instead = ""
        if pictures:
            instead = (
                "; if these are pictures, say how it sees pixels, (pixel - mean) / scale of 0 to 255, such as in a "
                "study's [network]: pixels = { mean = 127, scale = 128 }"
            )
        return ShapeError(f"stimuli: {self.name} takes (n_stimuli, {expected}), got {got}{instead}")


def _input_of(model: onnx.ModelProto) -> tuple[bool, tuple[int, ...], np.dtype]:
    """Whether the batch is fixed to one, the shape of one stimulus, and its type."""
    entry = model.graph.input[0]
    tensor = entry.type.tensor_type
    batch, *row = [dim.dim_value or dim.dim_param or "?" for dim in tensor.shape.dim] or ["no dimensions"]
    if (isinstance(batch, int) and batch != 1) or batch == "no dimensions":
        raise InputError(f"path: input {entry.name!r} has a batch of {batch}; export it with a free one, or with 1")
    if any(not isinstance(size, int) for size in row):
        raise InputError(
            f"path: input {entry.name!r} has free dimensions {row} after the batch; export it with fixed ones"
        )
    return (
        batch == 1,
        tuple(int(size) for size in row),
        np.dtype(helper.tensor_dtype_to_np_dtype(tensor.elem_type)),
    )


def _session(model: onnx.ModelProto) -> onnxruntime.InferenceSession:
    options = one_thread()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    return onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
