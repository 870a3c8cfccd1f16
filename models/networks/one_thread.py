"""How onnxruntime is always run: on the calling thread alone. Rigs import this, so it needs nothing else."""

from __future__ import annotations

import onnxruntime
from onnxruntime.capi import onnxruntime_pybind11_state as ort_errors  # type: ignore[attr-defined]

from ...errors import InputError

# These errors have no base class of their own.
ORT_ERRORS = (
    ort_errors.Fail,
    ort_errors.InvalidArgument,
    ort_errors.InvalidGraph,
    ort_errors.InvalidProtobuf,
    ort_errors.NotImplemented,
    ort_errors.RuntimeException,
)


def one_thread() -> onnxruntime.SessionOptions:
    """Options for a session that computes on one thread, which does not spin while it waits."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.add_session_config_entry("session.inter_op.allow_spinning", "0")
    return options


class Session(onnxruntime.InferenceSession):
    """A session that may read weights outside of its graph, which have to stay in memory as long as it does."""

    weights: bytes | None = None


def open_session(model: bytes, weights: tuple[str, bytes] | None = None) -> Session:
    """Open a graph to run on the calling thread alone; an `InputError` where onnxruntime cannot run it.

    `weights` are the name and the content of the file in which the graph has weights as external data, if it has any.
    Several sessions read the same content, without a copy of their own.
    """
    options = one_thread()
    options.log_severity_level = 3  # errors, which are raised as well
    if weights is not None:
        name, content = weights
        options.add_external_initializers_from_files_in_memory([name], [content], [len(content)])
    try:
        session = Session(model, options, providers=["CPUExecutionProvider"])
        session.weights = None if weights is None else weights[1]
        return session
    except ORT_ERRORS as error:
        raise InputError(f"onnxruntime {onnxruntime.__version__} cannot open the graph: {error}") from error
