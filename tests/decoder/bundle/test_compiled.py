"""Compiled decoders: they say what the fitted decoder says, take only numpy and onnxruntime, and repeat themselves."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from hotwire.adapters import RidgeAdapter
from hotwire.decoder import Decoder, Recording, Settings, StimulusTargets, WordTargets, load, save
from hotwire.decoder.bundle.agreement import agreement
from hotwire.decoder.bundle.compiled import CompiledDecoder
from hotwire.decoder.bundle.sealed import seal, unseal
from hotwire.decoder.decision import DecisionRule, least_cost
from hotwire.decoder.readouts.discriminant import DiscriminantReadout
from hotwire.decoder.readouts.label import LabelReadout
from hotwire.decoder.readouts.nearest import NearestReadout
from hotwire.decoder.readouts.readout import Readout
from hotwire.decoder.readouts.text import TextReadout
from hotwire.decoder.steps import Lag, RunningBaseline, RunningZScore, ZScore
from hotwire.decoder.windows import BlockAverage, RunningAverage
from hotwire.errors import BundleError, NonFiniteError, RecordingError, ShapeError
from hotwire.models import OnnxNetwork, open_network
from hotwire.models.export import language_graphs
from hotwire.models.export.language_graphs import TextGraphs, text_graphs
from hotwire.models.networks.language.language_model import LanguageModel

from ...models.export.test_language_graphs import assert_scores_equal, states, texts

LABELS = ("cat", "face", "house", "shoe")


@pytest.fixture(scope="module")
def onnx_network(tmp_path_factory: pytest.TempPathFactory) -> OnnxNetwork:
    """Two matrices with a rectifier between; of the five outputs two have the same name."""
    rng = np.random.default_rng(3)
    weights = [
        numpy_helper.from_array(rng.normal(size=shape).astype(np.float32), name)
        for name, shape in (("w", (6, 10)), ("v", (10, 5)))
    ]
    graph = helper.make_graph(
        [
            helper.make_node("MatMul", ["x", "w"], ["hidden"]),
            helper.make_node("Relu", ["hidden"], ["active"]),
            helper.make_node("MatMul", ["active", "v"], ["y"]),
        ],
        "made by hand",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ("n", 6))],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ("n", 5))],
        weights,
    )
    path = tmp_path_factory.mktemp("network") / "small.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), path)
    return OnnxNetwork(path, labels=[*LABELS, "cat"])


def fitted(network: OnnxNetwork, recording: Recording, **changes: Any) -> tuple[Decoder, Recording]:
    """A decoder of one picture for each label; the network sees in it what the label says."""
    stimuli = np.array([f"{label}.png" for label in recording.events.label])
    shown = replace(recording, events=replace(recording.events, stimulus=stimuli))
    rng = np.random.default_rng(165)
    pictures = {name: rng.normal(size=6).astype(np.float32) for name in sorted(set(stimuli.tolist()))}
    targets = StimulusTargets(pictures, network)
    assert targets.answers == LABELS
    chosen = Settings("active", steps=[RunningBaseline()], adapter=RidgeAdapter(alphas=1.0, gain="total"))
    return Decoder(network, targets, replace(chosen, **changes)).fit(shown), shown


@pytest.fixture(scope="module")
def compiled(
    onnx_network: OnnxNetwork, recording: Recording, tmp_path_factory: pytest.TempPathFactory
) -> CompiledDecoder:
    path = tmp_path_factory.mktemp("compiled") / "d.hotwire"
    save(fitted(onnx_network, recording)[0], path)
    return CompiledDecoder.load(path)


def test_it_decides_by_calibrated_probabilities_and_the_rule(
    onnx_network: OnnxNetwork, recording: Recording, tmp_path: Path
) -> None:
    """With the offline decoder's own function and numbers: the graph gives the network's probabilities."""
    rule = DecisionRule("equal", {LABELS[0]: 3.0})
    decoder, shown = fitted(onnx_network, recording, decision=rule)
    save(decoder, tmp_path / "d.hotwire", precision="float32")
    compiled = CompiledDecoder.load(tmp_path / "d.hotwire")
    calibration, decoder.calibration_ = decoder.calibration_, None
    assert calibration is not None
    save(decoder, tmp_path / "own.hotwire", precision="float32")
    own = CompiledDecoder.load(tmp_path / "own.hotwire").predict(shown)
    decoder.calibration_ = calibration
    offline, loaded = decoder.predict(shown), load(tmp_path / "d.hotwire", network=onnx_network).predict(shown)
    assert offline == loaded
    for ours, before, theirs in zip(compiled.predict(shown), own, offline, strict=True):
        probabilities = calibration.probabilities(np.log(list(before.probabilities.values())))
        assert list(ours.probabilities.values()) == probabilities.tolist()
        assert ours.answer == LABELS[int(least_cost(probabilities, rule.costs_of(LABELS)))]
        assert ours.answer == theirs.answer
        assert ours.probabilities == pytest.approx(theirs.probabilities, abs=1e-5)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"calibration": {"temperature": 0.0, "bias": [0.0] * 4}}, "temperature: expected a number above 0, got 0.0"),
        ({"calibration": {"temperature": 1.0, "bias": [0.0]}}, "bias: expected 4 numbers, one for each class, got 1"),
        ({"calibration": {"slope": 1.0}}, "unexpected keyword argument 'slope'"),
        ({"decision": {"costs": {"nobody": 2.0}}}, "unknown class in decision.costs 'nobody'"),
    ],
)
def test_a_calibration_that_is_none_is_refused(
    onnx_network: OnnxNetwork, recording: Recording, tmp_path: Path, change: dict[str, Any], message: str
) -> None:
    """A wrong probability would be worse than none."""
    save(fitted(onnx_network, recording)[0], tmp_path / "d.hotwire")
    manifest, parts, _ = unseal(tmp_path / "d.hotwire")
    del manifest["parts"], manifest["format"]
    seal(tmp_path / "changed.hotwire", manifest | change, parts)
    for opened in (CompiledDecoder.load, load):
        with pytest.raises(BundleError, match=message):
            opened(tmp_path / "changed.hotwire")


@pytest.mark.parametrize("whiten", ["none", "samples", "residuals"])
@pytest.mark.parametrize(
    "readout",
    [LabelReadout(), LabelReadout(prior="remove"), NearestReadout(), DiscriminantReadout()],
    ids=["keep", "remove", "nearest", "discriminant"],
)
def test_says_what_the_decoder_says(
    onnx_network: OnnxNetwork, recordings: Callable[..., Recording], tmp_path: Path, whiten: Any, readout: Readout
) -> None:
    decoder, _ = fitted(onnx_network, recordings(), whiten=whiten, readout=readout)
    save(decoder, tmp_path / "d.hotwire")
    compiled = CompiledDecoder.load(tmp_path / "d.hotwire")
    new = recordings(seed=1)
    ours, theirs = compiled.predict(new), decoder.predict(new)
    assert len(ours) == len(new.events)
    assert {one.answer for one in ours} == set(LABELS)
    for one, other in zip(ours, theirs, strict=True):
        assert (one.answer, one.text, one.run, one.event) == (other.answer, other.text, other.run, other.event)
        assert (one.start_s, one.stop_s) == (other.start_s, other.stop_s)
        assert one.probabilities == pytest.approx(other.probabilities, abs=1e-5)
    found = agreement(decoder, compiled, compiled.trials(new))
    assert found[:3] == (len(new.events), 0, None)
    assert 0 <= found.largest_difference < 1e-5
    assert f"of {len(new.events)} trials 0 answers differ" in str(found)


def test_agreement_counts_what_differs(onnx_network: OnnxNetwork, recording: Recording, tmp_path: Path) -> None:
    decoder, shown = fitted(onnx_network, recording)
    other, _ = fitted(onnx_network, recording, adapter=RidgeAdapter(alphas=1.0, gain="none"))
    other.linear_.adapter.expansion_ *= -1
    save(other, tmp_path / "d.hotwire")
    compiled = CompiledDecoder.load(tmp_path / "d.hotwire")
    trials = compiled.trials(shown)
    found = agreement(decoder, compiled, trials)
    differ = [a.answer != b.answer for a, b in zip(decoder.decide(trials), compiled.predict(shown), strict=True)]
    assert found.n_answers_differ == sum(differ) > 0
    assert found.largest_difference > 0.1


@pytest.mark.parametrize(
    ("steps", "window"),
    [
        ([RunningZScore(min_samples=2), Lag(lag_s=2.0)], BlockAverage(stop_s=4.0)),
        ([], RunningAverage(max_samples=2)),
    ],
    ids=["lag", "running"],
)
def test_steps_and_windows_are_the_decoders(
    onnx_network: OnnxNetwork, recording: Recording, tmp_path: Path, steps: Any, window: Any
) -> None:
    decoder, shown = fitted(onnx_network, recording, steps=steps, window=window, readout=NearestReadout())
    save(decoder, tmp_path / "d.hotwire")
    compiled = CompiledDecoder.load(tmp_path / "d.hotwire")
    assert (compiled.steps, compiled.window) == (tuple(steps), window)
    assert agreement(decoder, compiled, compiled.trials(shown))[1] == 0


def test_knows_what_it_was_fitted_on(compiled: CompiledDecoder, recording: Recording) -> None:
    assert compiled.feature_names == recording.feature_names
    assert (compiled.unit, compiled.rate_hz, compiled.answers) == ("a.u.", 0.5, LABELS)
    np.testing.assert_array_equal(compiled.feature_low, recording.data.min(axis=0))
    np.testing.assert_array_equal(compiled.feature_high, recording.data.max(axis=0))
    assert compiled.digest == compiled.path.read_bytes()[-64:].decode()


def test_one_row_always_gives_the_same_bits(compiled: CompiledDecoder) -> None:
    rows = np.random.default_rng(0).normal(size=(5, 20)).astype(np.float32)
    first = [compiled.decide(row) for row in rows]
    again = CompiledDecoder.load(compiled.path)
    for decoder in (compiled, again):
        for i in (3, 1, 4, 0, 2, 3):
            answer = decoder.decide(rows[i].copy())
            assert answer.answer == first[i].answer
            assert answer.probabilities.tobytes() == first[i].probabilities.tobytes()
    assert first[0].probabilities.dtype == np.float64
    assert all(one.probabilities.sum() == pytest.approx(1.0, abs=1e-12) for one in first)
    assert len({one.probabilities.tobytes() for one in first}) == 5


def test_rows_that_cannot_be_decided_on(compiled: CompiledDecoder) -> None:
    with pytest.raises(ShapeError, match=r"expected 1 x 20 numbers.*, got \(19,\)"):
        compiled.decide(np.zeros(19, np.float32))
    with pytest.raises(ShapeError, match=r"got \(1, 20\)"):
        compiled.decide(np.zeros((1, 20), np.float32))
    row = np.zeros(20, np.float32)
    row[3] = np.nan
    with pytest.raises(NonFiniteError, match="got nan in 'voxel_3'"):
        compiled.decide(row)


def test_another_recording_has_to_agree(compiled: CompiledDecoder, recording: Recording) -> None:
    with pytest.raises(RecordingError, match=r"expected the 20 features .* got 5"):
        compiled.predict(recording.select(features=np.arange(5)))
    with pytest.raises(RecordingError, match=r"rate_hz is 0\.25, but the decoder was fitted on 0\.5"):
        compiled.predict(replace(recording, rate_hz=0.25))
    with pytest.raises(RecordingError, match=r"unit of '.*' is 'V', but the decoder was fitted on 'a\.u\.'"):
        compiled.predict(replace(recording, unit="V"))


def test_a_decoder_that_cannot_run_live_says_why(
    onnx_network: OnnxNetwork, recording: Recording, tmp_path: Path
) -> None:
    decoder, shown = fitted(onnx_network, recording, steps=[ZScore()])
    save(decoder, tmp_path / "d.hotwire")
    with pytest.raises(BundleError, match=r"d\.hotwire: it cannot run live: the step ZScore needs the whole run"):
        CompiledDecoder.load(tmp_path / "d.hotwire")
    assert load(tmp_path / "d.hotwire").predict(shown) == decoder.predict(shown)
    save(fitted(onnx_network, recording)[0], tmp_path / "d.hotwire", live="never")
    with pytest.raises(BundleError, match='it cannot run live: it was saved with live="never"'):
        CompiledDecoder.load(tmp_path / "d.hotwire")


HEAVY = """torch transformers tokenizers sklearn scipy mne nibabel matplotlib click pydantic rich tqdm onnx
safetensors joblib"""


def test_a_rig_needs_numpy_and_onnxruntime_only(compiled: CompiledDecoder, recording: Recording) -> None:
    """Everything else is made impossible to import."""
    code = (
        f"import sys\nsys.modules.update(dict.fromkeys({HEAVY.split()}))\n"
        "import numpy as np\nfrom hotwire.decoder.bundle.compiled import CompiledDecoder\n"
        f"decoder = CompiledDecoder.load({str(compiled.path)!r})\n"
        "print(decoder.decide(np.ones(20, np.float32)).probabilities.tobytes().hex())\n"
        f"print([name for name in {HEAVY.split()} if sys.modules.get(name)])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stderr == ""
    expected = compiled.decide(np.ones(20, np.float32)).probabilities.tobytes().hex()
    assert done.stdout.split("\n") == [expected, "[]", ""]


@pytest.mark.slow
def test_smollm2_answers_freely_without_torch(
    tmp_path: Path,
    fetched: Callable[[str], Path],
    recordings: Callable[..., Recording],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """And its graphs, before their weights become int8, say what the network says."""
    fetched("smollm2-135m-instruct")
    network = open_network("smollm2-135m-instruct", prompt="A picture of a dog: dog\nA picture of a {}:")
    assert isinstance(network, LanguageModel)

    def exported(*given: Any, **more: Any) -> TextGraphs:
        graphs = text_graphs(*given, **more)
        assert_scores_equal(network, graphs.scoring, "8", list(LABELS))
        entered = states(network, "8", 2)
        assert texts(graphs, entered) == network.generate("8", entered)
        checked.append(graphs.max_tokens)
        return graphs

    checked: list[int] = []
    monkeypatch.setattr(language_graphs, "text_graphs", exported)
    settings = Settings("8", steps=[RunningBaseline()], whiten="samples", readout=TextReadout(max_tokens=8))
    decoder = Decoder(network, WordTargets({label: label for label in LABELS}), settings).fit(recordings())
    save(decoder, tmp_path / "d.hotwire", precision="int8")
    assert checked == [8]
    compiled = CompiledDecoder.load(tmp_path / "d.hotwire")
    new = recordings(seed=1, n_runs=2)
    found = agreement(decoder, compiled, compiled.trials(new))
    assert (found.n_trials, found.n_answers_differ, found.n_texts_differ) == (8, 0, 0)
    assert found.largest_difference < 0.01
    assert [one.text for one in compiled.predict(new)] == new.events.label.tolist()


@pytest.mark.parametrize("unit", [1e-13, 1e6])
@pytest.mark.parametrize("whiten", ["none", "samples"])
def test_the_unit_of_a_recording_changes_no_decision(
    onnx_network: OnnxNetwork, recordings: Callable[..., Recording], tmp_path: Path, whiten: Any, unit: float
) -> None:
    """The graph computes in float32, whose range has room for tesla and for counts."""

    def decided(factor: float) -> list[str]:
        decoder, _ = fitted(
            onnx_network,
            replace(recordings(), data=recordings().data * np.float32(factor)),
            whiten=whiten,
            adapter=RidgeAdapter(gain="total"),
        )
        save(decoder, tmp_path / "d.hotwire")
        new = recordings(seed=1, noise=1.0)
        compiled = CompiledDecoder.load(tmp_path / "d.hotwire")
        return [one.answer for one in compiled.predict(replace(new, data=new.data * np.float32(factor)))]

    expected = decided(1.0)
    assert decided(unit) == expected
    assert len(set(expected)) == 4
