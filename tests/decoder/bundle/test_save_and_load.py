"""Saved decoders: they decide as before, and any damage to the file is found."""

from __future__ import annotations

import hashlib
import json
import struct
import zipfile
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
import transformers
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper
from safetensors.numpy import load as unpack
from safetensors.numpy import save as pack
from sklearn.exceptions import NotFittedError
from tokenizers import Tokenizer, decoders, models, pre_tokenizers

from hotwire.adapters.other.banded import BandedAdapter
from hotwire.adapters.other.pls import PLSAdapter
from hotwire.adapters.other.reduced_rank import ReducedRankAdapter
from hotwire.adapters.ridge.ridge import RidgeAdapter
from hotwire.decoder.bundle.compiled import CompiledDecoder
from hotwire.decoder.bundle.load import load
from hotwire.decoder.bundle.save import save
from hotwire.decoder.bundle.sealed import FORMAT, describe
from hotwire.decoder.decision import Decision
from hotwire.decoder.decoder import Decoder
from hotwire.decoder.readouts.discriminant import DiscriminantReadout
from hotwire.decoder.readouts.label import LabelReadout
from hotwire.decoder.readouts.nearest import NearestReadout
from hotwire.decoder.readouts.text import TextReadout
from hotwire.decoder.recordings.events import Events
from hotwire.decoder.recordings.recording import Recording
from hotwire.decoder.settings import Settings
from hotwire.decoder.steps import Lag, RunningZScore, ZScore
from hotwire.decoder.targets import StimulusTargets, WordTargets
from hotwire.decoder.windows import BlockAverage, RunningAverage
from hotwire.errors import BundleError, InputError, UnknownNameError
from hotwire.models.networks.language.language_model import LanguageModel
from hotwire.models.networks.onnx_network import OnnxNetwork
from hotwire.models.networks.opening import open_network

WORDS = {"cat": "cat", "face": "face", "scrambledpix": ("noise", "static")}
PROMPT = "A picture of a {}:"


def language_model(seed: int = 0, prompt: str = PROMPT) -> LanguageModel:
    words = ["picture", "of", "a", "x", "cat", "face", "noise", "static"]
    tokens = ["<end>", "A", ":", "x", *(f"Ġ{word}" for word in words)]
    vocabulary = {token: index for index, token in enumerate(tokens)}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="<end>"))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    config = transformers.GPT2Config(
        vocab_size=16, n_embd=8, n_layer=2, n_head=2, bos_token_id=None, eos_token_id=0, n_positions=32
    )
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = transformers.GPT2LMHeadModel(config)
    tokenizer = transformers.PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token="<end>")
    return LanguageModel(model, tokenizer, prompt=prompt, name="tiny")


def onnx_network(folder: Path, seed: int = 0, labels: str | None = "abcd") -> OnnxNetwork:
    rng = np.random.default_rng(seed)
    weights = [
        numpy_helper.from_array(rng.normal(size=shape).astype(np.float32), name)
        for name, shape in (("w", (6, 5)), ("v", (5, 4)))
    ]
    graph = helper.make_graph(
        [
            helper.make_node("MatMul", ["x", "w"], ["hidden"]),
            helper.make_node("Relu", ["hidden"], ["active"]),
            helper.make_node("MatMul", ["active", "v"], ["y"]),
        ],
        "made by hand",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ("n", 6))],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ("n", 4))],
        weights,
    )
    path = folder / "small.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), path)
    return OnnxNetwork(path, labels=labels)


def recording(labels: list[str], stimuli: list[str] | None = None, n_features: int = 7, seed: int = 0) -> Recording:
    """Three runs of noise in which every event adds its label's own pattern."""
    rng = np.random.default_rng(seed)
    names = sorted(set(labels))
    patterns = dict(zip(names, rng.normal(size=(len(names), n_features)), strict=True))
    n_runs, length = 3, 4
    data, run, onsets, of = [], [], [], []
    for number in range(1, n_runs + 1):
        block = rng.normal(size=(length * len(labels) + 4, n_features)) * 0.5
        for i, label in enumerate(labels):
            block[length * i : length * (i + 1)] += patterns[label]
            onsets.append(2.0 * length * i)
            of.append(label)
        data.append(block)
        run += [number] * len(block)
    events = Events(
        run=np.repeat(np.arange(1, n_runs + 1), len(labels)),
        onset_s=np.array(onsets),
        duration_s=np.full(len(onsets), 2.0 * length),
        label=np.array(of),
        stimulus=None if stimuli is None else np.tile(stimuli, n_runs),
    )
    features = tuple(f"voxel-{i}" for i in range(n_features))
    return Recording(np.concatenate(data), 0.5, features, np.array(run), events, unit="% change")


def of_words(**changes: Any) -> Decoder:
    chosen = Settings("1", steps=[RunningZScore(min_samples=2)], whiten="samples", readout=TextReadout())
    return Decoder(language_model(), WordTargets(WORDS), replace(chosen, **changes)).fit(recording(list(WORDS)))


def of_stimuli(folder: Path, **changes: Any) -> tuple[Decoder, Recording]:
    network = onnx_network(folder)
    pictures = np.random.default_rng(3).normal(size=(8, 6)).astype(np.float32)
    stimuli = [f"{i}.png" for i in range(8)]
    recorded = recording([str(i) for i in range(8)], stimuli)
    targets = StimulusTargets(dict(zip(stimuli, pictures, strict=True)), network)
    return Decoder(network, targets, Settings("active", **changes)).fit(recorded), recorded


def assert_same(ours: list[Decision], theirs: list[Decision]) -> None:
    """Dataclasses of floats and text: equal means bit for bit."""
    assert len(ours) > 0
    assert ours == theirs


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("saved") / "words.hotwire"
    save(of_words(), path)
    return path


@pytest.fixture(scope="module")
def network() -> LanguageModel:
    return language_model()


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"readout": LabelReadout(prior="remove"), "whiten": "none", "steps": ()},
        {"readout": NearestReadout(temperature=0.3), "window": RunningAverage(max_samples=3)},
        {"steps": (ZScore(), Lag(lag_s=4.0)), "window": BlockAverage(stop_s=6.0), "layer": "2"},
        {"whiten": "effective samples"},
        {"readout": DiscriminantReadout(max_tokens=3), "whiten": "residuals", "probabilities": "network"},
        {"adapter": RidgeAdapter(alpha_per="unit", gain="unit", scale="unit_variance", alphas=(1.0, 1e3))},
        {"fit_steps": [ZScore()], "fit_window": BlockAverage(stop_s=4.0)},
    ],
    ids=["text", "prior", "nearest", "lag", "effective", "discriminant", "per unit", "fitted on"],
)
@pytest.mark.filterwarnings("ignore:strength")
def test_a_loaded_decoder_decides_the_same_bit_for_bit(tmp_path: Path, changes: dict[str, Any]) -> None:
    decoder, new = of_words(**changes), recording(list(WORDS), seed=9)
    save(decoder, tmp_path / "d.hotwire", live="never")
    loaded = load(tmp_path / "d.hotwire", network=language_model())
    assert_same(loaded.predict(new), decoder.predict(new))
    for name in ("layer", "steps", "window", "whiten", "readout", "fit_steps", "fit_window"):
        assert getattr(loaded.settings, name) == getattr(decoder.settings, name)
    assert loaded.targets == decoder.targets
    assert (loaded.feature_names_, loaded.unit_, loaded.rate_hz_) == (new.feature_names, "% change", 0.5)


@pytest.mark.parametrize(
    ("adapter", "fitted"),
    [
        (RidgeAdapter(gain="total"), {"alpha", "gain"}),
        (BandedAdapter("regions", gain="total", n_iter=3), {"alpha", "gain"}),
        (ReducedRankAdapter(ranks=(1, 2), gain="unit", scale="unit_variance"), {"alpha", "rank", "gain"}),
        (PLSAdapter(gain="total"), {"n_components", "gain"}),
    ],
    ids=lambda of: getattr(of, "kind", ""),
)
def test_adapters_of_every_kind_can_be_saved_and_run_live(tmp_path: Path, adapter: Any, fitted: set[str]) -> None:
    settings = Settings("1", whiten="samples", adapter=adapter, readout=LabelReadout())
    recorded = replace(recording(list(WORDS)), regions={"left": np.arange(3), "right": np.array([4, 6])})
    decoder = Decoder(language_model(), WordTargets(WORDS), settings).fit(recorded)
    path, new = tmp_path / "d.hotwire", recording(list(WORDS), seed=9)
    save(decoder, path, precision="float32")
    manifest, decided = describe(path), decoder.predict(new)
    assert manifest["adapter"]["kind"] == adapter.kind
    assert set(manifest["fitted"]) == {*fitted, "shrinkage", "n_effective"}
    loaded = load(path, network=language_model())
    assert type(loaded.linear_.adapter) is type(adapter)
    assert_same(loaded.predict(new), decided)
    assert_same(loaded.fit(recorded).predict(new), decided)
    for ours, theirs in zip(CompiledDecoder.load(path).predict(new), decided, strict=True):
        assert ours.probabilities == pytest.approx(theirs.probabilities, abs=1e-5)


def test_a_loaded_decoder_can_be_fitted_again(saved: Path, network: LanguageModel) -> None:
    new = recording(list(WORDS), seed=5)
    assert_same(load(saved, network=network).fit(new).predict(new), of_words().fit(new).predict(new))


@pytest.mark.parametrize("readout", [LabelReadout(prior="remove"), NearestReadout()])
def test_an_onnx_network_travels_in_the_bundle(tmp_path: Path, readout: Any) -> None:
    decoder, recorded = of_stimuli(tmp_path, readout=readout)
    path = tmp_path / "d.hotwire"
    save(decoder, path)
    (tmp_path / "small.onnx").unlink()
    loaded = load(path)
    assert_same(loaded.predict(recorded), decoder.predict(recorded))
    assert loaded.network.name == "small"
    assert loaded.network.fingerprint == decoder.network.fingerprint
    with pytest.raises(InputError, match="not the stimuli"):
        loaded.fit(recorded)
    save(loaded, tmp_path / "again.hotwire")
    assert_same(load(tmp_path / "again.hotwire").predict(recorded), decoder.predict(recorded))


def test_what_it_says_of_itself(saved: Path) -> None:
    manifest = describe(saved)
    decoder = of_words()
    assert manifest["format"] == FORMAT
    assert manifest["hotwire"] == version("hotwire")
    assert abs(datetime.now(UTC) - datetime.fromisoformat(manifest["created"])).days < 1
    assert manifest["versions"]["numpy"] == version("numpy")
    assert manifest["network"] == {
        "name": "tiny",
        "reopen": "given",
        "fingerprint": decoder.network.fingerprint,
        "prompt": PROMPT,
        "labels": None,
    }
    assert manifest["steps"] == [RunningZScore(min_samples=2).to_dict()]
    assert manifest["targets"]["words"]["scrambledpix"] == ["noise", "static"]
    assert manifest["adapter"]["gain"] == "total"
    adapter: Any = decoder.linear_.adapter
    assert (manifest["fitted"]["alpha"], manifest["fitted"]["gain"]) == (adapter.alpha_, adapter.gain_)
    assert manifest["feature_names"][:2] == ["voxel-0", "voxel-1"]
    assert manifest["answers"] == ["cat", "face", "noise"]
    data = recording(list(WORDS)).data
    assert (manifest["feature_low"], manifest["feature_high"]) == (data.min(axis=0).tolist(), data.max(axis=0).tolist())
    assert manifest["live"] == {
        "reason": None,
        "precision": "int8",
        "inputs": {"features": [1, 7]},
        "outputs": {"probabilities": [1, 3], "token": [1], "kept": manifest["live"]["outputs"]["kept"]},
        "text": {"end": 0, "max_tokens": 8, "n_tokens": 16},
        "agreement": None,
    }
    with zipfile.ZipFile(saved) as archive:
        names = archive.namelist()
        assert names == ["manifest.json", "arrays.safetensors", "decide.onnx", "speak.onnx", "vocabulary.json"]
        assert manifest["parts"] == {name: hashlib.sha256(archive.read(name)).hexdigest() for name in names[1:]}
    assert manifest["digest"] == saved.read_bytes()[-64:].decode()
    assert saved.read_bytes()[-64:].decode() == hashlib.sha256(saved.read_bytes()[:-64]).hexdigest()


def test_saving_twice_gives_the_same_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Noon(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> datetime:
            return datetime(2030, 1, 1, 12, tzinfo=tz)

    monkeypatch.setattr("hotwire.decoder.bundle.save.datetime", Noon)
    decoder, _ = of_stimuli(tmp_path)
    for name in "ab":
        save(decoder, tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_a_failed_save_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "d.hotwire"
    path.write_bytes(b"before")

    def full(_: int) -> None:
        raise OSError("no space left on device")

    decoder = of_words()
    with monkeypatch.context() as patched:
        patched.setattr("os.fsync", full)
        with pytest.raises(OSError, match="no space left"):
            save(decoder, path, live="never")
    assert [(file.name, file.read_bytes()) for file in tmp_path.iterdir()] == [("d.hotwire", b"before")]


@settings(max_examples=200)
@given(data=st.data())
def test_a_changed_byte_anywhere_is_found(saved: Path, data: st.DataObject) -> None:
    content = bytearray(saved.read_bytes())
    position = data.draw(st.integers(0, len(content) - 1) | st.integers(len(content) - 200, len(content) - 1))
    content[position] ^= data.draw(st.integers(1, 255))
    damaged = saved.with_name("damaged.hotwire")
    damaged.write_bytes(content)
    for opened in (load, CompiledDecoder.load):
        with pytest.raises(BundleError, match=r"damaged\.hotwire: .*(expected|changed)"):
            opened(damaged)


@settings(max_examples=100)
@given(data=st.data())
def test_a_file_cut_off_anywhere_is_found(saved: Path, data: st.DataObject) -> None:
    content = saved.read_bytes()
    damaged = saved.with_name("short.hotwire")
    damaged.write_bytes(content[: data.draw(st.integers(0, 200) | st.integers(0, len(content) - 1))])
    with pytest.raises(BundleError, match=r"short\.hotwire"):
        describe(damaged)


def parts_of(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def sealed(path: Path, parts: dict[str, bytes], compression: int = zipfile.ZIP_STORED) -> Path:
    """Write a file whose seal is right, whatever is in it."""
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
        archive.comment = b"-" * 64
    return resealed(path, path.read_bytes())


def resealed(path: Path, content: bytes) -> Path:
    path.write_bytes(content[:-64] + hashlib.sha256(content[:-64]).hexdigest().encode())
    return path


def changed(saved: Path, path: Path, change: Callable[[dict[str, Any]], Any]) -> Path:
    """The same bundle with another manifest, rightly sealed."""
    parts = parts_of(saved)
    manifest = json.loads(parts["manifest.json"])
    change(manifest)
    return sealed(path, parts | {"manifest.json": json.dumps(manifest).encode()})


def with_arrays(saved: Path, path: Path, change: Callable[[dict[str, Any]], Any]) -> Path:
    """The same bundle with other arrays, rightly listed and sealed."""
    parts = parts_of(saved)
    arrays = unpack(parts["arrays.safetensors"])
    change(arrays)
    parts["arrays.safetensors"] = pack(arrays)
    manifest = json.loads(parts["manifest.json"])
    manifest["parts"]["arrays.safetensors"] = hashlib.sha256(parts["arrays.safetensors"]).hexdigest()
    return sealed(path, parts | {"manifest.json": json.dumps(manifest).encode()})


def test_the_helper_makes_good_bundles(saved: Path, tmp_path: Path, network: LanguageModel) -> None:
    new = recording(list(WORDS), seed=9)
    expected = load(saved, network=network).predict(new)
    for made in (changed(saved, tmp_path / "a", dict), with_arrays(saved, tmp_path / "b", dict)):
        assert_same(load(made, network=network).predict(new), expected)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda m: m.update(format=FORMAT + 1, hotwire="9.1", steps=3),
            rf"newer hotwire \(9\.1\) in format {FORMAT + 1}.*upgrade hotwire",
        ),
        (lambda m: m.update(format="1"), "expected 'format', a whole number"),
        (lambda m: m.pop("format"), "expected 'format'"),
        (lambda m: m.pop("parts"), "expected the field 'parts'"),
        (lambda m: m.pop("window"), "expected the field 'window'"),
        (lambda m: m["network"].pop("prompt"), "network: expected the field 'prompt'"),
        (lambda m: m.update(steps="none"), "steps: expected list, got 'none'"),
        (lambda m: m["steps"].append({"type": "Exec"}), "unknown step 'Exec'"),
        (lambda m: m["steps"].append(3), "d.hotwire: "),
        (lambda m: m["readout"].update(prior="double"), "prior: expected one of keep, remove"),
        (lambda m: m["adapter"].update(command="rm"), "unexpected keyword argument 'command'"),
        (lambda m: m["targets"].update(words={"cat": 3}), "d.hotwire: "),
        (lambda m: m["targets"]["words"].pop("cat"), r"'targets': expected shape \(2, 8\), got \(3, 8\)"),
        (lambda m: m["feature_names"].pop(), r"'adapter.x_mean': expected shape \(6,\), got \(7,\)"),
        (lambda m: m.update(layer="9"), "unknown layer '9'"),
        (lambda m: m["network"].update(prompt="A {}:"), "fitted with the prompt 'A {}:'"),
        (lambda m: m["network"].update(labels=["a"]), "the labels of 'tiny'"),
        (lambda m: m.pop("live"), "expected the field 'live'"),
        (lambda m: m["live"].pop("reason"), "live: expected the field 'reason'"),
        (lambda m: m.update(answers="cat"), "answers: expected list, got 'cat'"),
        (lambda m: m["feature_low"].pop(), r"feature_low: expected 7 numbers, one a feature, got shape \(6,\)"),
        (lambda m: m.update(feature_high=["a"] * 7), "could not convert string to float: 'a'"),
        (lambda m: m["parts"].update({"decide.onnx": "0" * 64}), r"decide\.onnx was changed"),
        (lambda m: m["parts"].pop("speak.onnx"), r"'speak\.onnx' is not in the manifest"),
        (lambda m: m["parts"].update({"arrays.safetensors": "0" * 64}), "arrays.safetensors was changed"),
        (lambda m: m["parts"].update({"network.onnx": "0" * 64}), "the part 'network.onnx' is missing"),
        (lambda m: m["parts"].clear(), "'arrays.safetensors' is not in the manifest"),
        (lambda m: m["parts"].update({"manifest.json": "0" * 64}), "unknown part 'manifest.json'"),
    ],
)
def test_manifests_that_are_wrong(
    saved: Path, tmp_path: Path, network: LanguageModel, change: Callable[[dict[str, Any]], Any], message: str
) -> None:
    path = changed(saved, tmp_path / "d.hotwire", change)
    with pytest.raises(BundleError, match=message) as caught:
        load(path, network=network)
    assert str(caught.value).startswith(str(path))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda a: a.pop("adapter.gain"), "adapter lacks the arrays gain"),
        (lambda a: a.pop("whitener.matrix"), "whitener lacks the arrays matrix"),
        (lambda a: a.pop("whitener.mean"), r"'whitener.mean': expected shape \(7,\)"),
        (lambda a: a.pop("targets"), "expected an array 'targets'"),
        (lambda a: a.update({"whitener.matrix": np.eye(6)}), r"matrix has shape \(6, 6\), expected \(7, 7\)"),
        (lambda a: a.update({"adapter.gain": np.ones(3)}), r"gain has shape \(3,\)"),
        (lambda a: a.update({"targets": np.ones((3, 9), np.float32)}), r"'targets': expected shape \(3, 8\)"),
    ],
)
def test_arrays_that_do_not_fit(
    saved: Path, tmp_path: Path, network: LanguageModel, change: Callable[[dict[str, Any]], Any], message: str
) -> None:
    path = with_arrays(saved, tmp_path / "d.hotwire", change)
    with pytest.raises(BundleError, match=message) as caught:
        load(path, network=network)
    assert str(caught.value).startswith(str(path))


MANIFEST = "manifest.json"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda parts: {"notes.txt": b"hello"}, r"expected a part manifest\.json, got notes\.txt"),
        (lambda parts: {}, r"a zip of at least 86 bytes"),
        (lambda parts: parts | {"run.py": b"print()"}, r"unknown part 'run\.py'"),
        (lambda parts: {MANIFEST: parts[MANIFEST]}, r"'arrays\.safetensors' is missing"),
        (lambda parts: parts | {"network.onnx": b"more"}, r"'network\.onnx' is not in the manifest"),
        (lambda parts: parts | {MANIFEST: b"{"}, "no readable JSON"),
        (lambda parts: parts | {MANIFEST: b"[" * 100_000}, "no readable JSON"),
        (lambda parts: parts | {MANIFEST: b"\xff\xfe\x00"}, "no readable JSON"),
        (lambda parts: parts | {MANIFEST: b"[1]"}, "expected 'format'"),
    ],
)
def test_zips_of_another_kind(saved: Path, tmp_path: Path, change: Callable[..., Any], message: str) -> None:
    path = sealed(tmp_path / "d.hotwire", change(parts_of(saved)))
    with pytest.raises(BundleError, match=message) as caught:
        describe(path)
    assert str(caught.value).startswith(str(path))


def without(*names: str) -> Callable[[dict[str, bytes]], None]:
    def change(parts: dict[str, bytes]) -> None:
        for name in names:
            del parts[name]

    return change


def with_parts(saved: Path, path: Path, change: Callable[[dict[str, bytes]], Any]) -> Path:
    """The same bundle with other parts, rightly listed and sealed."""
    parts = parts_of(saved)
    manifest = json.loads(parts.pop(MANIFEST))
    change(parts)
    manifest["parts"] = {name: hashlib.sha256(content).hexdigest() for name, content in parts.items()}
    return sealed(path, {MANIFEST: json.dumps(manifest).encode()} | parts)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (without("decide.onnx"), r"the part 'decide\.onnx' is missing; there are: speak\.onnx, vocabulary\.json"),
        (without("speak.onnx"), r"the part 'speak\.onnx' is missing"),
        (without("vocabulary.json"), r"the part 'vocabulary\.json' is missing"),
        (
            lambda parts: parts.update({"decide.onnx": b"\x08\x01 no graph"}),
            r"decide\.onnx: onnxruntime .* cannot open",
        ),
        (lambda parts: parts.update({"speak.onnx": b""}), r"speak\.onnx: onnxruntime .* cannot open"),
        (lambda parts: parts.update({"decide.onnx": parts["speak.onnx"]}), r"decide\.onnx: expected the inputs"),
        (lambda parts: parts.update({"speak.onnx": parts["decide.onnx"]}), r"speak\.onnx: expected the inputs"),
        (lambda parts: parts.update({"vocabulary.json": b"["}), r"d\.hotwire: "),
        (lambda parts: parts.update({"vocabulary.json": b"[3]"}), r"d\.hotwire: "),
        (lambda parts: parts.update({"vocabulary.json": b'["one"]'}), "expected 16 tokens"),
    ],
)
def test_parts_to_run_live_that_do_not_fit(
    saved: Path, tmp_path: Path, network: LanguageModel, change: Callable[..., Any], message: str
) -> None:
    """They are of no concern to who loads the decoder for analysis."""
    path = with_parts(saved, tmp_path / "d.hotwire", change)
    with pytest.raises(BundleError, match=message) as caught:
        CompiledDecoder.load(path)
    assert str(caught.value).startswith(str(path))
    new = recording(list(WORDS), seed=9)
    assert_same(load(path, network=network).predict(new), load(saved, network=network).predict(new))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda m: m["answers"].pop(), r"decide\.onnx: expected the outputs"),
        (lambda m: m["feature_names"].pop(), "feature_low: expected a number for each of 6 features"),
        (lambda m: m["steps"].append({"type": "Exec"}), "unknown step 'Exec'"),
        (lambda m: m["window"].update(type="Exec"), "unknown window 'Exec'"),
        (lambda m: m["live"].pop("text"), "d.hotwire: "),
        (lambda m: m["live"]["text"].pop("max_tokens"), "max_tokens"),
        (lambda m: m["live"].update(text=None), r"decide\.onnx: expected the outputs"),
    ],
)
def test_manifests_that_cannot_run_live(
    saved: Path, tmp_path: Path, change: Callable[[dict[str, Any]], Any], message: str
) -> None:
    path = changed(saved, tmp_path / "d.hotwire", change)
    with pytest.raises(BundleError, match=message) as caught:
        CompiledDecoder.load(path)
    assert str(caught.value).startswith(str(path))


def as_format_1(saved: Path, path: Path) -> Path:
    """What hotwire 0.1 saved: no graphs, no range of features."""
    parts = {name: content for name, content in parts_of(saved).items() if name in (MANIFEST, "arrays.safetensors")}
    manifest = json.loads(parts[MANIFEST])
    for name in ("live", "answers", "feature_low", "feature_high", "probabilities", "decision", "calibration"):
        del manifest[name]
    manifest |= {"format": 1, "parts": {"arrays.safetensors": manifest["parts"]["arrays.safetensors"]}}
    return sealed(path, {MANIFEST: json.dumps(manifest).encode(), "arrays.safetensors": parts["arrays.safetensors"]})


def uncalibrated(saved: Path, path: Path) -> Path:
    return changed(saved, path, lambda m: m.update(calibration=None))


def test_a_bundle_of_format_1_still_decides(saved: Path, tmp_path: Path, network: LanguageModel) -> None:
    path, new = as_format_1(saved, tmp_path / "old.hotwire"), recording(list(WORDS), seed=9)
    loaded = load(path, network=network)
    of_today = load(uncalibrated(saved, tmp_path / "own.hotwire"), network=network)
    assert_same(loaded.predict(new), of_today.predict(new))
    assert "without the parts to run live" in describe(path)["live"]["reason"]
    with pytest.raises(BundleError, match=r"old\.hotwire: it cannot run live: .*fit it again"):
        CompiledDecoder.load(path)
    save(loaded, tmp_path / "new.hotwire")
    assert "fit it again" in describe(tmp_path / "new.hotwire")["live"]["reason"]
    np.testing.assert_array_equal(loaded.fit(new).feature_low_, new.data.min(axis=0))


def test_a_bundle_of_format_3_still_decides(saved: Path, tmp_path: Path, network: LanguageModel) -> None:
    """Whose whitening always was a matrix."""
    path = changed(saved, tmp_path / "old.hotwire", lambda m: m.update(format=3))
    new = recording(list(WORDS), seed=9)
    own = uncalibrated(saved, tmp_path / "own.hotwire")
    assert_same(load(path, network=network).predict(new), load(own, network=network).predict(new))
    assert_same(CompiledDecoder.load(path).predict(new), CompiledDecoder.load(own).predict(new))


def test_a_bundle_of_format_5_still_decides(saved: Path, tmp_path: Path, network: LanguageModel) -> None:
    path = changed(saved, tmp_path / "old.hotwire", lambda m: m.update(format=5))
    new = recording(list(WORDS), seed=9)
    assert_same(load(path, network=network).predict(new), load(saved, network=network).predict(new))
    assert_same(CompiledDecoder.load(path).predict(new), CompiledDecoder.load(saved).predict(new))


def test_what_the_network_says_stands_beside_the_discriminant(tmp_path: Path, network: LanguageModel) -> None:
    """Live, too: the free text is the network's, the class the discriminant's."""
    said = of_words()
    own, quiet = (of_words(readout=DiscriminantReadout(n), probabilities="network") for n in (8, 0))
    for name, one in (("own", own), ("quiet", quiet)):
        save(one, tmp_path / f"{name}.hotwire", precision="float32")
    assert (tmp_path / "quiet.hotwire").stat().st_size < (tmp_path / "own.hotwire").stat().st_size / 2
    new = recording(list(WORDS), seed=9)
    live = CompiledDecoder.load(tmp_path / "own.hotwire").predict(new)
    small = CompiledDecoder.load(tmp_path / "quiet.hotwire").predict(new)
    for ours, theirs, text, matrix in zip(live, own.predict(new), said.predict(new), small, strict=True):
        assert ours.text == theirs.text == text.text
        assert (ours.answer, matrix.text) == (theirs.answer, None)
        assert ours.probabilities == pytest.approx(theirs.probabilities, abs=1e-5)
        assert matrix.probabilities == pytest.approx(theirs.probabilities, abs=1e-5)


def test_a_discriminant_that_is_missing_or_of_other_classes(tmp_path: Path) -> None:
    decoder = of_words(readout=DiscriminantReadout(), probabilities="network")
    decoder.entry_ = replace(decoder.entry_, discriminant=None)
    save(decoder, tmp_path / "without.hotwire", live="never")
    with pytest.raises(BundleError, match=r"'discriminant.weights': expected shape \(8, 3\), got \(0,\)"):
        load(tmp_path / "without.hotwire", network=language_model())


def test_more_voxels_than_samples(tmp_path: Path, network: LanguageModel) -> None:
    """Whitened in factors: saved, loaded, and the same live, where it is one matrix of voxels by directions."""
    settings = Settings("1", steps=[RunningZScore(min_samples=2)], whiten="samples", readout=LabelReadout())
    decoder = Decoder(network, WordTargets(WORDS), settings).fit(recording(list(WORDS), n_features=1500))
    path, new = tmp_path / "wide.hotwire", recording(list(WORDS), n_features=1500, seed=9)
    save(decoder, path, precision="float32")
    assert path.stat().st_size < 1500 * 1500 * 4
    loaded, decided = load(path, network=language_model()), decoder.predict(new)
    assert loaded.linear_.whitener is not None
    assert loaded.linear_.whitener.matrix_ is None
    assert_same(loaded.predict(new), decided)
    for ours, theirs in zip(CompiledDecoder.load(path).predict(new), decided, strict=True):
        assert ours.probabilities == pytest.approx(theirs.probabilities, abs=1e-5)


def test_a_loaded_decoder_runs_live_when_saved_again(saved: Path, tmp_path: Path, network: LanguageModel) -> None:
    save(load(saved, network=network), tmp_path / "d.hotwire")
    new = recording(list(WORDS), seed=9)
    ours, theirs = (CompiledDecoder.load(path) for path in (saved, tmp_path / "d.hotwire"))
    assert_same(ours.predict(new), theirs.predict(new))
    np.testing.assert_array_equal(ours.feature_low, theirs.feature_low)


def test_policies_that_there_are_not(tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match=r"unknown live 'always'.*where possible, never"):
        save(of_words(), tmp_path / "d.hotwire", live="always")  # type: ignore[arg-type]
    with pytest.raises(UnknownNameError, match=r"unknown precision 'int4'.*float32, float16, int8"):
        save(of_words(), tmp_path / "d.hotwire", precision="int4")  # type: ignore[arg-type]
    assert not list(tmp_path.iterdir())


def test_compressed_parts_are_refused_unread(saved: Path, tmp_path: Path) -> None:
    for part in ("network.onnx", "decide.onnx"):
        bomb = parts_of(saved) | {part: b"\0" * 50_000_000}
        path = sealed(tmp_path / "d.hotwire", bomb, zipfile.ZIP_DEFLATED)
        for opened in (describe, CompiledDecoder.load):
            with pytest.raises(BundleError, match="expected parts that are stored as they are"):
                opened(path)


def test_a_part_that_claims_more_than_the_file_holds(saved: Path, tmp_path: Path) -> None:
    content = bytearray(saved.read_bytes())
    entry = content.index(b"PK\x01\x02")  # the manifest's in the central directory
    for size, message in ((2**31, "its parts claim"), (2**32 - 2, "its parts claim"), (3, "manifest")):
        content[entry + 20 : entry + 28] = struct.pack("<II", size, size)
        with pytest.raises(BundleError, match=message):
            describe(resealed(tmp_path / "d.hotwire", bytes(content)))


def test_a_part_larger_than_the_limit(saved: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hotwire.decoder.bundle.sealed.LARGEST_PART_BYTES", 100)
    with pytest.raises(BundleError, match="expected at most 100 for a part"):
        describe(saved)
    with pytest.raises(BundleError, match=r"arrays\.safetensors has \d+ bytes, expected at most 100"):
        save(of_words(), tmp_path / "d.hotwire", live="never")
    assert not list(tmp_path.iterdir())


def test_arrays_that_are_no_safetensors(saved: Path, tmp_path: Path) -> None:
    parts = parts_of(saved) | {"arrays.safetensors": b"\x80\x04K\x01."}
    manifest = json.loads(parts[MANIFEST])
    manifest["parts"]["arrays.safetensors"] = hashlib.sha256(parts["arrays.safetensors"]).hexdigest()
    path = sealed(tmp_path / "d.hotwire", parts | {MANIFEST: json.dumps(manifest).encode()})
    with pytest.raises(BundleError, match=r"arrays\.safetensors cannot be read"):
        load(path, network=language_model())


def test_the_network_must_be_the_same(saved: Path, tmp_path: Path) -> None:
    ours, other = language_model(), language_model(seed=1)
    with pytest.raises(BundleError, match="neither of the registry nor in the bundle") as caught:
        load(saved)
    assert str(saved) in str(caught.value)
    with pytest.raises(BundleError, match=f"{ours.fingerprint}, but 'tiny' has {other.fingerprint}"):
        load(saved, network=other)
    with pytest.raises(BundleError, match="use with_prompt"):
        load(saved, network=language_model(prompt="A cat of a {}:"))
    decoder, _ = of_stimuli(tmp_path)
    save(decoder, tmp_path / "d.hotwire")
    with pytest.raises(BundleError, match="the labels of 'small'"):
        load(tmp_path / "d.hotwire", network=onnx_network(tmp_path, labels="abdc"))


class OwnLag(Lag):
    """A step that is on no list."""


def test_what_could_not_be_had_back_is_not_saved(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="cannot be saved: unknown step 'OwnLag'"):
        save(of_words(steps=(OwnLag(lag_s=2.0),)), tmp_path / "d.hotwire")
    with pytest.raises(NotFittedError):
        save(Decoder(language_model(), WordTargets(WORDS), Settings("1")), tmp_path / "d.hotwire")
    assert not list(tmp_path.iterdir())


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match=r"nowhere\.hotwire: there is no such file; `hotwire fit STUDY` writes"):
        load(tmp_path / "nowhere.hotwire")


@pytest.mark.slow
def test_smollm2_is_opened_again_by_its_name(tmp_path: Path) -> None:
    prompt = "A picture of a dog: dog\nA picture of a {}:"
    words = {"cat": "cat", "house": "house", "shoe": "shoe"}
    recorded = recording(list(words), n_features=20)
    network = open_network("smollm2-135m-instruct", prompt=prompt)
    decoder = Decoder(network, WordTargets(words), Settings("8", readout=TextReadout())).fit(recorded)
    save(decoder, tmp_path / "d.hotwire", live="never")
    assert describe(tmp_path / "d.hotwire")["network"]["reopen"] == "registry"
    decided = load(tmp_path / "d.hotwire").predict(recorded)
    assert_same(decided, decoder.predict(recorded))
    assert [one.answer for one in decided] == recorded.events.label.tolist()
    assert [one.text for one in decided] == recorded.events.label.tolist()
