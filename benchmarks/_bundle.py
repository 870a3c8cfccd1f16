"""The process that makes a small real decoder for each case: fitted on noise, and saved as a bundle.

python _bundle.py FOLDER N_FEATURES:RATE_HZ...
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from _processes import say

N_INPUTS, N_HIDDEN, N_LABELS, N_EVENTS, N_EACH = 16, 256, 8, 24, 4


def graph_beside(bundle: str | Path) -> str:
    """Where the graph of a bundle lies, for those who run it without hotwire."""
    return str(Path(bundle).with_suffix(".onnx"))


def main() -> None:
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    from hotwire.adapters import RidgeAdapter
    from hotwire.decoder import Decoder, Events, Recording, Settings, StimulusTargets, save
    from hotwire.decoder.bundle.sealed import DECIDE, unseal
    from hotwire.decoder.readouts.nearest import NearestReadout
    from hotwire.models import OnnxNetwork

    folder = Path(sys.argv[1])
    rng = np.random.default_rng(0)
    weights = {"w": (N_INPUTS, N_HIDDEN), "v": (N_HIDDEN, N_LABELS)}
    nodes = [("MatMul", ["x", "w"], "hidden"), ("Relu", ["hidden"], "active"), ("MatMul", ["active", "v"], "y")]
    graph = helper.make_graph(
        [helper.make_node(kind, inputs, [output]) for kind, inputs, output in nodes],
        "benchmark",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ("n", N_INPUTS))],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ("n", N_LABELS))],
        [numpy_helper.from_array(rng.normal(size=shape).astype(np.float32), name) for name, shape in weights.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.save(model, folder / "network.onnx")
    network = OnnxNetwork(folder / "network.onnx", labels=[f"word {i}" for i in range(N_LABELS)])
    pictures = {f"{i}.png": rng.normal(size=N_INPUTS).astype(np.float32) for i in range(N_EVENTS)}
    settings = Settings("active", adapter=RidgeAdapter(alphas=1.0, gain="total"), readout=NearestReadout())

    paths = []
    for number, shape in enumerate(sys.argv[2:]):
        n_features, rate_hz = int(shape.split(":")[0]), float(shape.split(":")[1])
        recording = Recording(
            data=rng.normal(size=(N_EACH * N_EVENTS, n_features)).astype(np.float32),
            rate_hz=rate_hz,
            feature_names=tuple(f"ch{i}" for i in range(n_features)),
            run=np.zeros(N_EACH * N_EVENTS, np.int64),
            events=Events(
                run=np.zeros(N_EVENTS, np.int64),
                onset_s=np.arange(N_EVENTS) * N_EACH / rate_hz,
                duration_s=np.full(N_EVENTS, N_EACH / rate_hz),
                label=np.array([*pictures]),
                stimulus=np.array([*pictures]),
            ),
            unit="uV",
        )
        path = folder / f"{number}.hotwire"
        save(Decoder(network, StimulusTargets(pictures, network), settings).fit(recording), path)
        Path(graph_beside(path)).write_bytes(unseal(path, wanted=(DECIDE,)).parts[DECIDE])
        paths.append(str(path))
    say({"paths": paths})


if __name__ == "__main__":
    main()
