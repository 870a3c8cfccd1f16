"""How many samples per second the steps for electrodes take, on one core, chunk by chunk as they come live.

    python benchmarks/electrodes.py [--quick] [--json]

64, 256 and 1,024 channels at 2 kHz in chunks of 20 ms, through each step and through the whole chain: notch, band pass,
common average, log power, and down to 100 Hz. By turns, in the same process and on one thread, the same by scipy and
by MNE on the whole array at once, as one has it offline. Medians of processor time (`time.thread_time`), so that
whatever else the machine is doing does not count.

exactness  The largest difference of the float64 results from scipy's, beside scipy's largest value. Steps that start
           with the first sample are compared without the offset, as scipy's own rounding of it is larger.
chunk      How long one chunk of 20 ms takes through the whole chain, by the clock.
"""

from __future__ import annotations

import os

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"  # before numpy is imported

import argparse  # noqa: E402
import json  # noqa: E402
import statistics  # noqa: E402
import time  # noqa: E402
from collections.abc import Callable, Iterable  # noqa: E402
from typing import Any, NamedTuple  # noqa: E402

import mne  # noqa: E402
import numpy as np  # noqa: E402
import scipy.signal  # noqa: E402
from numpy.typing import NDArray  # noqa: E402
from rich.console import Console  # noqa: E402
from rich.table import Table  # noqa: E402
from scipy.ndimage import uniform_filter1d  # noqa: E402
from tqdm import tqdm  # noqa: E402

from hotwire.decoder.steps import Step, open_chain  # noqa: E402
from hotwire.decoder.steps.filter_bank import FilterBank  # noqa: E402
from hotwire.decoder.steps.iir import BandPass, FilterState, Notch  # noqa: E402
from hotwire.decoder.steps.numerics.means import ExponentialMean, WindowMean  # noqa: E402
from hotwire.decoder.steps.power import Power  # noqa: E402
from hotwire.decoder.steps.reference import Bipolar, Reference  # noqa: E402
from hotwire.decoder.steps.resample import Resample  # noqa: E402
from hotwire.decoder.steps.smoothing import Smooth  # noqa: E402

RATE_HZ, CHUNK, SIZES = 2000.0, 40, (64, 256, 1024)
OUT_HZ, WINDOW_S, WIDTH_S = 100.0, 0.5, 0.05
N_WINDOW = round(WINDOW_S * RATE_HZ)
BANDS = ((8.0, 12.0), (12.0, 30.0), (30.0, 60.0), (60.0, 90.0))

scipy_signal: Any = scipy.signal  # whose annotations are narrower than what it takes
BAND = scipy_signal.butter(4, (8.0, 30.0), "bandpass", fs=RATE_HZ, output="sos")
BANK = [scipy_signal.butter(4, band, "bandpass", fs=RATE_HZ, output="sos") for band in BANDS]
MAINS = scipy_signal.tf2sos(*scipy_signal.iirnotch(50.0, 30.0, fs=RATE_HZ))


class Size(NamedTuple):
    seconds: int
    """Of signal, each time."""
    rounds: int


FULL, QUICK = Size(5, 7), Size(1, 3)


def by_scipy(sos: NDArray, X: NDArray) -> NDArray:
    """One filter over the whole array, from the state that the first sample settles."""
    zi = scipy_signal.sosfilt_zi(sos)[:, :, None] * X[0]
    return scipy_signal.sosfilt(sos, X, axis=0, zi=zi)[0]


def mean_squares(X: NDArray) -> NDArray:
    return uniform_filter1d(X * X, N_WINDOW, axis=0, mode="constant", origin=(N_WINDOW - 1) // 2)


def smoothed(X: NDArray) -> NDArray:
    keep = np.exp(-1 / (WIDTH_S * RATE_HZ))
    return scipy_signal.lfilter([1 - keep], [1, -keep], X, axis=0)


def down(X: NDArray) -> NDArray:
    return scipy_signal.resample_poly(X, 1, round(RATE_HZ / OUT_HZ), axis=0)


def chain_by_scipy(X: NDArray) -> NDArray:
    X = by_scipy(BAND, by_scipy(MAINS, X))
    return down(np.log(mean_squares(X - X.mean(axis=1, keepdims=True)) + 1e-30))


def chain_by_mne(X: NDArray) -> NDArray:
    """MNE has no causal mean of squares: that is as by scipy."""
    info = mne.create_info(X.shape[1], RATE_HZ, "eeg")
    raw: Any = mne.io.RawArray(np.ascontiguousarray(X.T), info, verbose=False)
    settings = {"method": "iir", "phase": "forward", "verbose": False}
    raw.notch_filter(50.0, iir_params={"order": 1, "ftype": "butter", "output": "sos"}, **settings)
    raw.filter(8.0, 30.0, iir_params={"order": 4, "ftype": "butter", "output": "sos"}, **settings)
    raw.set_eeg_reference("average", verbose=False)
    raw.apply_function(lambda rows: np.log(mean_squares(rows.T) + 1e-30).T, channel_wise=False, verbose=False)
    return raw.resample(OUT_HZ, method="polyphase", verbose=False).get_data().T


def pairs(n: int) -> list[list[str]]:
    return [[f"E{i}", f"E{i + 1}"] for i in range(n - 1)]


def ways(n_channels: int) -> dict[str, tuple[list[Step], dict[str, Callable[[NDArray], Any]]]]:
    """Each step, and what does the same on the whole array."""
    chain: list[Step] = [
        Notch(50.0),
        BandPass(8.0, 30.0),
        Reference(),
        Power(WINDOW_S, output="log"),
        Resample(OUT_HZ),
    ]
    return {
        "Notch": ([chain[0]], {"scipy": lambda X: by_scipy(MAINS, X)}),
        "BandPass": ([chain[1]], {"scipy": lambda X: by_scipy(BAND, X)}),
        "FilterBank, 4 bands": ([FilterBank(BANDS)], {"scipy": lambda X: [by_scipy(sos, X) for sos in BANK]}),
        "Reference": ([chain[2]], {"numpy": lambda X: X - X.mean(axis=1, keepdims=True)}),
        "Bipolar": ([Bipolar(pairs(n_channels))], {"numpy": lambda X: X[:, :-1] - X[:, 1:]}),
        "Power, 0.5 s": ([Power(WINDOW_S)], {"scipy": mean_squares}),
        "Smooth, exponential": ([Smooth("exponential", WIDTH_S)], {"scipy": smoothed}),
        "Resample, to 100 Hz": ([chain[4]], {"scipy": down}),
        "the whole chain": (chain, {"scipy": chain_by_scipy, "mne": chain_by_mne}),
    }


def recorded(n_channels: int, seconds: int) -> NDArray[np.float32]:
    """Noise of 10 microvolts on electrodes' offsets of up to 50 millivolts."""
    rng = np.random.default_rng(0)
    X = 1e-5 * rng.normal(size=(round(seconds * RATE_HZ), n_channels)) + rng.uniform(-0.05, 0.05, n_channels)
    return X.astype(np.float32)


def speed(size: Size) -> dict[str, Any]:
    """Samples per second of processor time; all ways by turns."""
    found: dict[str, Any] = {}
    for n_channels in tqdm(SIZES, desc="speed", delay=1, disable=None):
        X = recorded(n_channels, size.seconds)
        x, names = X.astype(np.float64), [f"E{i}" for i in range(n_channels)]
        spent: dict[tuple[str, str], list[float]] = {}
        chunk_ms: list[float] = []
        for _ in range(size.rounds):
            for what, (steps, others) in ways(n_channels).items():
                mine = _seconds(lambda steps=steps, names=names, X=X: chunk_by_chunk(steps, names, X))
                spent.setdefault((what, "hotwire"), []).append(mine)
                for who, whole in others.items():
                    spent.setdefault((what, who), []).append(_seconds(lambda whole=whole, x=x: whole(x)))
            whole_chain, _ = ways(n_channels)["the whole chain"]
            chunk_ms += [1e3 * s for s in chunk_by_chunk(whole_chain, names, X)[1:]]
        rates: dict[str, dict[str, float]] = {}
        for (what, who), of in spent.items():
            rates.setdefault(what, {})[who] = len(X) / statistics.median(of)
        p50, p99 = np.percentile(chunk_ms, [50, 99]).tolist()
        found[str(n_channels)] = {"samples_per_second": rates, "chunk_ms": {"p50": p50, "p99": p99}}
    return found


def chunk_by_chunk(steps: list[Step], names: list[str], X: NDArray[np.float32]) -> list[float]:
    """Push all chunks; return how long each took, by the clock."""
    chain, took = open_chain(steps, names, RATE_HZ), []
    for first in range(0, len(X), CHUNK):
        start = time.perf_counter()
        chain.push(X[first : first + CHUNK])
        took.append(time.perf_counter() - start)
    return took


def exactness() -> dict[str, float]:
    """The largest difference from scipy beside scipy's largest value, pushed in chunks."""
    X = recorded(64, 4)
    moved = X.astype(np.float64) - X[0].astype(np.float64)
    quiet = moved.astype(np.float32)  # what has no offset
    squares = quiet.astype(np.float64) ** 2
    notch, band, bank = Notch(50.0), BandPass(8.0, 30.0), FilterBank(BANDS)
    resampler: Any = Resample(OUT_HZ).open(64, RATE_HZ)
    found: dict[str, tuple[NDArray, NDArray]] = {}
    for name, step, filters in (("Notch", notch, [MAINS]), ("BandPass", band, [BAND]), ("FilterBank", bank, BANK)):
        state = step.open(64, RATE_HZ)
        assert isinstance(state, FilterState)
        expected = np.concatenate([scipy_signal.sosfilt(sos, moved, axis=0) for sos in filters], axis=1)
        found[name] = (_chunked(state.filter, X) - step_offset(step, X), expected)
    out = _chunked(resampler.resample, X) - X[0].astype(np.float64)
    found["Resample"] = (out, down(moved)[: len(out)])
    weights = np.minimum(np.arange(len(X)) + 1, N_WINDOW)[:, None] / N_WINDOW
    found["Power"] = (_chunked(WindowMean(64, N_WINDOW).push, squares), mean_squares(quiet.astype(float)) / weights)
    mean = ExponentialMean(64, WIDTH_S * RATE_HZ)
    found["Smooth"] = (_chunked(mean.push, quiet), smoothed(quiet.astype(float)) / smoothed(np.ones((len(X), 1))))
    return {name: float(np.abs(a - b).max() / np.abs(b).max()) for name, (a, b) in found.items()}


def step_offset(step: Step, X: NDArray[np.float32]) -> NDArray[np.float64]:
    """What of the first sample a filter passes on."""
    return X[0].astype(np.float64) if isinstance(step, Notch) else np.zeros(1)


def _chunked(push: Callable[[NDArray], NDArray], X: NDArray) -> NDArray:
    return np.concatenate([push(X[first : first + CHUNK]) for first in range(0, len(X), CHUNK)])


def _seconds(call: Callable[[], Any]) -> float:
    start = time.thread_time()
    call()
    return time.thread_time() - start


def show(found: dict[str, Any], console: Console) -> None:
    """Print tables for people."""
    table = Table(title="thousands of samples per second of one core (beside the whole array at once)")
    table.add_column("")
    for n_channels in SIZES:
        table.add_column(f"{n_channels:,} channels", justify="right")
    for what in found["speed"][str(SIZES[0])]["samples_per_second"]:
        cells = (_cell(found["speed"][str(size)]["samples_per_second"][what]) for size in SIZES)
        table.add_row(what, *cells)
    chunks = (found["speed"][str(size)]["chunk_ms"] for size in SIZES)
    table.add_row("ms for a chunk, p50 / p99", *(f"{ms['p50']:.2f} / {ms['p99']:.2f}" for ms in chunks))
    console.print(table)
    for name, off in found["off_scipy"].items():
        console.print(f"{name:12} off scipy by {off:.1e}")
    for name, goal in found["goals"].items():
        console.print(f"{name:32} {goal['value']:.3g}  goal {goal['goal']:9} {'met' if goal['met'] else 'NOT MET'}")


def _cell(rates: dict[str, float]) -> str:
    others: Iterable[str] = (f"{who} {rate / 1e3:,.0f}" for who, rate in rates.items() if who != "hotwire")
    return f"{rates['hotwire'] / 1e3:,.1f} ({', '.join(others)})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="less signal and fewer rounds, under 50 s")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    arguments = parser.parse_args()
    size = QUICK if arguments.quick else FULL
    off, found = exactness(), speed(size)
    signal_s = found["1024"]["samples_per_second"]["the whole chain"]["hotwire"] / RATE_HZ
    goals = {
        "signal_s_per_processor_s_1024": {"value": signal_s, "goal": ">= 1", "met": signal_s >= 1},
        "off_scipy": {"value": max(off.values()), "goal": "<= 1e-10", "met": max(off.values()) <= 1e-10},
    }
    machine = {"cores": os.cpu_count(), "load": os.getloadavg()[0], "threads": 1}
    everything = {"speed": found, "off_scipy": off, "size": size._asdict(), "machine": machine, "goals": goals}
    if arguments.json:
        print(json.dumps(everything))
    else:
        show(everything, Console())


if __name__ == "__main__":
    main()
