"""Weights that two graphs share are in a bundle once, and nothing else changes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from hotwire.adapters import RidgeAdapter
from hotwire.decoder import Decoder, Settings, TextReadout, WordTargets, save
from hotwire.decoder.bundle import shared_weights
from hotwire.decoder.bundle.compiled import CompiledDecoder
from hotwire.decoder.bundle.sample_graph.export import export_onnx
from hotwire.decoder.bundle.sealed import DECIDE, SPEAK, WEIGHTS, seal, unseal
from hotwire.decoder.bundle.shared_weights import ALIGNED_BYTES, SMALLEST_BYTES, sharing_weights, whole_graph
from hotwire.decoder.windows import BlockAverage
from hotwire.errors import BundleError
from hotwire.models import open_network
from hotwire.models.networks.one_thread import open_session

from ..small_study import LABELS, made_recording, save_network
from .test_format import read_by_the_page

SIDE = 64
assert SIDE * SIDE * 4 == SMALLEST_BYTES


def product(*names: str) -> onnx.ModelProto:
    """x times one matrix after the other; the matrix of a name is always the same."""
    weights = [
        numpy_helper.from_array(np.random.default_rng(list(name.encode())).normal(size=(SIDE, SIDE)).astype("f4"), name)
        for name in names
    ]
    steps = ["x", *(f"after {name}" for name in names)]
    nodes = [helper.make_node("MatMul", [steps[i], name], [steps[i + 1]]) for i, name in enumerate(names)]
    entry, out = (helper.make_tensor_value_info(one, TensorProto.FLOAT, [1, SIDE]) for one in (steps[0], steps[-1]))
    graph = helper.make_graph(nodes, "product", [entry], [out], weights)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)


def test_what_both_graphs_have_is_outside_once_and_gives_the_same_bits() -> None:
    models = {"a": product("own", "first", "second"), "b": product("second", "other", "first")}
    before = {name: model.SerializeToString() for name, model in models.items()}
    parts = sharing_weights(models)
    assert len(parts[WEIGHTS]) == 2 * SIDE * SIDE * 4
    x = np.random.default_rng(0).normal(size=(1, SIDE)).astype(np.float32)
    for name, model in before.items():
        assert len(model) - len(parts[name]) > 1.9 * SIDE * SIDE * 4
        assert whole_graph(parts, name) == onnx.load_from_string(model)
        outside = open_session(parts[name], (WEIGHTS, parts[WEIGHTS])).run(None, {"x": x})
        np.testing.assert_array_equal(outside[0], open_session(model).run(None, {"x": x})[0])


def test_weights_are_aligned_and_graphs_without_common_ones_stay_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    assert WEIGHTS not in sharing_weights({"a": product("one"), "b": product("two")})
    monkeypatch.setattr(shared_weights, "SMALLEST_BYTES", 3)
    models = {}
    for name in "ab":
        odd = [numpy_helper.from_array(np.arange(n, n + 5, dtype=np.uint8), f"{n}") for n in range(3)]
        models[name] = helper.make_model(helper.make_graph([], "odd", [], [], odd))
    parts = sharing_weights(models)
    starts = [
        int({entry.key: entry.value for entry in tensor.external_data}["offset"])
        for tensor in onnx.load_from_string(parts["a"]).graph.initializer
    ]
    assert starts == [0, ALIGNED_BYTES, 2 * ALIGNED_BYTES]


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A decoder with free words, with shared weights although they are small."""
    folder = tmp_path_factory.mktemp("shared")
    save_network(folder / "network")
    recording, network = made_recording(), open_network(str(folder / "network"))
    settings = Settings(
        layer="1",
        window=BlockAverage(stop_s=1 / recording.rate_hz),
        adapter=RidgeAdapter(alphas=0.1),
        readout=TextReadout(),
    )
    decoder = Decoder(network, WordTargets({label: label for label in LABELS}), settings).fit(recording)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shared_weights, "SMALLEST_BYTES", 64)
        save(decoder, folder / "shared.hotwire", precision="float32")
    return folder / "shared.hotwire"


def resealed(bundle: Path, changed: Path, parts: dict[str, bytes]) -> Path:
    """Seal a bundle's manifest with other parts."""
    manifest = unseal(bundle).manifest
    seal(changed, {name: of for name, of in manifest.items() if name not in ("format", "parts")}, parts)
    return changed


@pytest.mark.slow
def test_a_bundle_decides_and_speaks_as_with_whole_graphs(saved: Path, tmp_path: Path) -> None:
    parts = dict(unseal(saved).parts)
    graphs = {name: whole_graph(parts, name).SerializeToString() for name in (DECIDE, SPEAK)}
    assert sum(map(len, graphs.values())) - len(parts[DECIDE]) - len(parts[SPEAK]) > 1.5 * len(parts.pop(WEIGHTS))
    one, other = CompiledDecoder.load(saved), CompiledDecoder.load(resealed(saved, tmp_path / "w", parts | graphs))
    for a, b in zip(one.predict(made_recording()), other.predict(made_recording()), strict=True):
        assert (a.probabilities, a.text) == (b.probabilities, b.text)
    assert export_onnx(saved, tmp_path / "d.onnx").sameness.n_same == 24


@pytest.mark.slow
def test_the_program_of_the_format_s_page_reads_them_and_says_the_same(saved: Path, tmp_path: Path) -> None:
    decoder = CompiledDecoder.load(saved)
    row = decoder.trials(made_recording()).X[5]
    answer, probabilities, text = decoder.decide(row)
    read = read_by_the_page(saved, row, tmp_path)
    assert read == {"answer": answer, "probabilities": probabilities.tolist(), "text": text}
    assert text


@pytest.mark.slow
def test_weights_that_are_not_there_are_named(saved: Path, tmp_path: Path) -> None:
    parts = dict(unseal(saved).parts)
    for changed in (parts | {WEIGHTS: parts[WEIGHTS][:100]}, {name: parts[name] for name in parts if name != WEIGHTS}):
        broken = resealed(saved, tmp_path / "broken.hotwire", changed)
        with pytest.raises(BundleError, match=rf"{broken}: {DECIDE}: .*cannot open the graph"):
            CompiledDecoder.load(broken)
        with pytest.raises(BundleError, match=WEIGHTS):
            whole_graph(changed, DECIDE)
