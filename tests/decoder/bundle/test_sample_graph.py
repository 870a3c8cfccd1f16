"""A saved decoder as one graph from samples: it decides as the decoder does, however the samples are cut."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from click.testing import CliRunner
from onnx import helper

from hotwire.decoder import Recording
from hotwire.decoder.bundle.compiled import CompiledDecoder
from hotwire.decoder.bundle.sample_graph.export import export_onnx
from hotwire.decoder.bundle.sample_graph.nodes import DOUBLE, Nodes
from hotwire.decoder.bundle.sample_graph.opset import lowered
from hotwire.decoder.bundle.sample_graph.sums import sum_of_columns, sum_of_rows
from hotwire.decoder.cli.export import export
from hotwire.decoder.features import CSP, Features, LogVariance, Spectrum, TangentSpace, XDawn
from hotwire.decoder.steps import (
    BandPass,
    Bipolar,
    ExponentialBaseline,
    FilterBank,
    HighPass,
    Lag,
    LowPass,
    Notch,
    Power,
    Reference,
    Resample,
    RunningBaseline,
    RunningDetrend,
    RunningZScore,
    Smooth,
    SquareRoot,
    Step,
)
from hotwire.decoder.windows import BlockAverage, Epoch, RunningAverage, SlidingAverage, SlidingEpoch, Window
from hotwire.errors import InputError

from .electrode_study import LABELS, NAMES, made_session, saved

PAIR = Bipolar([["C3", "Cz"]])
CHAINS: dict[str, tuple[list[Step], Window, Features | None]] = {
    "oscillations": ([Reference(), Notch(25.0), BandPass(8.0, 30.0)], Epoch(0.2, 1.0), CSP(3)),
    "rejection": (
        [Reference(exclude=["Oz"]), BandPass(8.0, 30.0, start="zero")],
        Epoch(0, 1, most=22.0),
        LogVariance(),
    ),
    "responses": ([LowPass(20.0), Lag(0.1)], Epoch(0.2, 1.0, bin_s=0.1, baseline_s=(-0.2, 0.0)), XDawn(2)),
    "many bands": ([FilterBank(((8.0, 12.0), (12.0, 30.0)), order=2)], SlidingEpoch(0.8, 0.1), CSP(3)),
    "another rate": ([HighPass(1.0), Resample(40.0)], SlidingEpoch(0.5, 0.2, baseline_s=(0.0, 0.1)), None),
    "power": ([Bipolar([["C3", "Cz"], ["C4", "Cz"]]), Power(0.2, output="rms")], SlidingAverage(0.6, 0.25), None),
    "log power": ([BandPass(8.0, 12.0), Power(time_constant_s=0.3, output="log")], BlockAverage(0.1, 0.9), None),
    "rates": ([SquareRoot(), Smooth("exponential", 0.1), RunningZScore(0.5)], BlockAverage(0.1, 0.9), None),
    "counts": ([SquareRoot(), Smooth("half-gaussian", 0.05), RunningZScore()], SlidingAverage(0.3, 0.2), None),
    "volumes": ([ExponentialBaseline(2.0), RunningBaseline(1.0), RunningBaseline()], BlockAverage(0.1, 0.9), None),
    "flicker": ([], Epoch(0.0, 1.0), Spectrum([10.0, 15.0], measure="power")),
    "one channel": ([PAIR, BandPass(1.0, 40.0), RunningZScore(0.5)], SlidingAverage(0.6, 0.05), None),
    "one channel, binned": ([PAIR, BandPass(1.0, 40.0)], Epoch(0.0, 0.8, bin_s=0.2, baseline_s=(0.0, 0.2)), None),
    "one channel, long": ([PAIR], BlockAverage(0.0, 1.5), None),
}


class Running:
    """The graph in onnxruntime, as a program in another language runs it: by its file alone."""

    def __init__(self, path: Path) -> None:
        self.session = onnxruntime.InferenceSession(str(path))
        self.says = self.session.get_modelmeta().custom_metadata_map
        self.state = np.zeros(int(self.says["state_size"]))

    def push(self, samples: np.ndarray) -> tuple[np.ndarray, bool]:
        given = {"samples": samples, "state": self.state}
        (probabilities,), (usable,), self.state = self.session.run(["probabilities", "usable", "next_state"], given)
        return probabilities, bool(usable)


def ends(decoder: CompiledDecoder, recording: Recording) -> list[tuple[int, int]]:
    """How many samples of its run complete each trial, with the trial's number; sorted by run and time."""
    trials, (step,) = decoder.trials(recording), [[one for one in decoder.steps if isinstance(one, Resample)]]
    rate_hz, waits = decoder.rate_after_steps_hz, sum(isinstance(one, Lag) for one in decoder.steps) * 10
    completed = []
    for i in range(len(trials)):
        last = round(trials.stop_s[i] * rate_hz) - 1
        completed.append(((last * 5 + 50) // 2 + 1 if step else last + 1 + waits, i))
    return completed


@pytest.mark.parametrize("chain", CHAINS)
def test_it_decides_as_the_decoder_on_a_recording(chain: str, tmp_path: Path) -> None:
    decoder = saved(tmp_path, *CHAINS[chain])
    made = export_onnx(tmp_path / "d.hotwire", tmp_path / "d.onnx")
    assert (made.sameness.n_same, made.sameness.largest_difference) == (made.sameness.n_windows, 0.0)
    recording = made_session(1, seed=5)
    trials = decoder.trials(recording)
    assert len(trials)
    running, done, rng = Running(tmp_path / "d.onnx"), 0, np.random.default_rng(0)
    for stop, i in ends(decoder, recording):
        while stop - done > 40:
            n = int(rng.integers(1, 40))
            running.push(recording.data[done : done + n])
            done += n
        probabilities, usable = running.push(recording.data[done:stop])
        done = stop
        assert usable
        np.testing.assert_array_equal(probabilities, decoder.decide(trials.X[i]).probabilities)


def test_a_window_that_is_not_full_or_rejected_is_not_usable(tmp_path: Path) -> None:
    saved(tmp_path, [], Epoch(0.0, 0.2, most=50.0), None)
    export_onnx(tmp_path / "d.hotwire", tmp_path / "d.onnx")
    running, quiet = Running(tmp_path / "d.onnx"), np.full((10, 4), 40.0, np.float32)
    jump = quiet + 60.0 * np.eye(10, 4, dtype=np.float32)
    assert [running.push(part)[1] for part in (quiet, quiet, jump, quiet, quiet)] == [False, True, False, False, True]


def test_sliding_averages_are_usable_where_the_decoder_decides(tmp_path: Path) -> None:
    saved(tmp_path, [], SlidingAverage(0.3, 0.2))
    export_onnx(tmp_path / "d.hotwire", tmp_path / "d.onnx")
    running = Running(tmp_path / "d.onnx")
    usable = [n for n in range(1, 80) if running.push(np.ones((1, 4), np.float32))[1]]
    assert usable == [30, 50, 70]


def test_the_file_says_what_it_is_and_has_standard_operators_of_opset_17(tmp_path: Path) -> None:
    decoder = saved(tmp_path, [Reference()], SlidingEpoch(0.5, 0.2))
    result = CliRunner().invoke(
        export, [str(tmp_path / "d.hotwire"), "--onnx", str(tmp_path / "d.onnx")], standalone_mode=False
    )
    model = onnx.load(tmp_path / "d.onnx")
    assert {(one.domain, one.version) for one in model.opset_import} == {("", 17)}
    onnx.checker.check_model(model, full_check=True)
    says = {one.key: one.value for one in model.metadata_props}
    assert json.loads(says["channels"]) == list(NAMES)
    assert json.loads(says["classes"]) == list(LABELS)
    assert (says["unit"], says["rate_hz"], says["first_samples"], says["every_samples"]) == ("uV", "100", "50", "20")
    assert decoder.digest in says["made_by"]
    assert says["compared"] == "24 of 24 windows bit for bit as the decoder"
    assert says.items() <= result.return_value.data.items()


def test_the_file_counts_samples_of_the_stream(tmp_path: Path) -> None:
    """20 samples at 40 Hz need 10 periods of 40 Hz more behind the newest."""
    saved(tmp_path, [Resample(40.0)], SlidingEpoch(0.5, 0.2))
    says = export_onnx(tmp_path / "d.hotwire", tmp_path / "d.onnx").says
    running = Running(tmp_path / "d.onnx")
    first, every = int(says["first_samples"]), int(says["every_samples"])
    assert (first, every) == (73, 20)
    usable = [running.push(np.ones((n, 4), np.float32))[1] for n in (first - 1, 1, every)]
    assert usable == [False, True, True]


def test_calibrated_probabilities_are_the_decoder_s_but_for_the_last_bits(tmp_path: Path) -> None:
    decoder = saved(tmp_path, [BandPass(8.0, 30.0)], Epoch(0.2, 1.0), LogVariance(), probabilities="calibrated")
    made = export_onnx(tmp_path / "d.hotwire", tmp_path / "d.onnx")
    assert made.sameness.n_same == made.sameness.n_windows == 24
    assert made.sameness.calibrated
    assert made.sameness.largest_difference < 1e-14
    recording, running = made_session(1, seed=5), Running(tmp_path / "d.onnx")
    (stop, i), *_ = ends(decoder, recording)
    probabilities, _ = running.push(recording.data[:stop])
    expected = decoder.decide(decoder.trials(recording).X[i]).probabilities
    np.testing.assert_allclose(probabilities, expected, rtol=1e-13)


REFUSED: dict[str, tuple[list[Step], Window, Features | None, str]] = {
    "eigenvalues": (
        [BandPass(8.0, 30.0)],
        Epoch(0.2, 1.0),
        TangentSpace(),
        "TangentSpace: .*fit with CSP, LogVariance",
    ),
    "singular values": ([], Epoch(0.0, 1.0), Spectrum([10.0]), "Spectrum: .*measure = 'power'"),
    "detrend": ([Reference(), RunningDetrend(3.0)], BlockAverage(0, 1), None, r"steps\[1\] RunningDetrend: .*HighPass"),
    "higher rate": ([Resample(200.0)], Epoch(0.0, 1.0), None, r"steps\[0\] Resample: .*from 100 to 200 Hz"),
    "one channel": ([PAIR, Resample(50.0)], Epoch(0.0, 1.0), None, r"steps\[1\] Resample: expected two features"),
    "growing": ([], RunningAverage(0.0, 1.0), None, "RunningAverage: .*BlockAverage with a stop_s"),
    "as long as its event": ([], BlockAverage(), None, "BlockAverage: .*give it a stop_s"),
    "between samples": ([], BlockAverage(0.0, 0.996), None, "BlockAverage: 0.996 s are 99.6 samples .*stop_s = 1"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_written_is_named_with_what_would_work(case: str, tmp_path: Path) -> None:
    steps, window, features, message = REFUSED[case]
    saved(tmp_path, steps, window, features)
    with pytest.raises(InputError, match=message):
        export_onnx(tmp_path / "d.hotwire", tmp_path / "d.onnx")
    assert not (tmp_path / "d.onnx").exists()


def test_weights_in_8_bits_are_refused() -> None:
    node = helper.make_node("MatMulNBits", ["x", "w", "s"], ["y"], domain="com.microsoft", K=32, N=1)
    model = helper.make_model(helper.make_graph([node], "g", [], []))
    with pytest.raises(InputError, match=r"MatMulNBits.*--precision float32"):
        lowered(model)


@pytest.mark.parametrize(("n_rows", "n_columns"), [(1, 1), (7, 1), (9, 3), (128, 1), (136, 2), (300, 1), (1031, 5)])
def test_sums_have_the_bits_of_numpy_s(n_rows: int, n_columns: int) -> None:
    x = np.random.default_rng(0).normal(size=(n_rows, n_columns)) * 1e6

    def computed(write: Callable[[Nodes], str], given: np.ndarray) -> Any:
        g = Nodes()
        output = helper.make_tensor_value_info(write(g), DOUBLE, ["a", "b"])
        entry = helper.make_tensor_value_info("x", DOUBLE, ["n", given.shape[1]])
        graph = helper.make_graph(g.nodes, "sums", [entry], [output], g.constants)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
        return onnxruntime.InferenceSession(model.SerializeToString()).run(None, {"x": given})[0]

    rows = computed(lambda g: sum_of_rows(g, "x", n_rows, n_columns), x)
    np.testing.assert_array_equal(rows[0], x.sum(axis=0))
    turned = np.ascontiguousarray(x.T)
    columns = computed(lambda g: sum_of_columns(g, "x", n_rows), turned)
    np.testing.assert_array_equal(columns[:, 0], turned.sum(axis=1))
