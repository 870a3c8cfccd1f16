"""How onnxruntime is run throughout: on the calling thread alone. Rigs import this, so it needs nothing else."""

from __future__ import annotations

import onnxruntime


def one_thread() -> onnxruntime.SessionOptions:
    """Options of a session that computes on one thread, which does not spin while it waits."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.add_session_config_entry("session.inter_op.allow_spinning", "0")
    return options
