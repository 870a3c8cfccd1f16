"""How well movement is decoded, and whether p and intervals hold, on made-up populations whose truth is known.

    python benchmarks/kinematics.py [--quick] [--json]

No recording is used: neurons are tuned to the velocity of a hand (cosine); their counts in bins of 50 ms are Poisson,
and come two bins before the movement.

decoding   R2 of the decoder, and of the Wiener and Kalman filters, with few and with many neurons and samples.
p          Without signal: in which share of recordings p is 0.05 or less.
coverage   In which share of recordings the 95 % interval of R2 holds the mean over all of them, at 5 and 10 runs.
"""

from __future__ import annotations

import argparse
import json
from typing import Any

import numpy as np
from scipy.signal import lfilter
from tqdm import tqdm

from hotwire.decoder import Recording
from hotwire.decoder.experiments.kinematics.run import evaluate_kinematics
from hotwire.decoder.experiments.kinematics.targets import Kinematics

RATE_HZ, LAG = 20.0, 2
SIZES = {"few samples": (6, 100, 40), "many samples": (6, 1000, 40), "few neurons": (6, 1000, 8)}
"""Runs, samples in each and neurons."""


def population(
    n_runs: int, n_samples: int, n_units: int, *, depth: float = 0.3, seed: int = 0
) -> tuple[Recording, Kinematics]:
    """Runs of smooth movement; the depth of tuning is that of the logarithm of a neuron's rate."""
    rng, tuning = np.random.default_rng(seed), np.random.default_rng(1)
    angle, base = tuning.uniform(0, 2 * np.pi, n_units), tuning.uniform(0.3, 1.5, n_units)
    velocity, counts = [], []
    for _ in range(n_runs):
        whole: Any = lfilter([1.0], [1.0, -1.6, 0.68], rng.normal(size=(n_samples + LAG + 100, 2)), axis=0)[100:]
        whole = whole / whole.std()
        tuned = whole[LAG:] @ np.stack([np.cos(angle), np.sin(angle)])
        counts.append(rng.poisson(base * np.exp(depth * tuned)))
        velocity.append(whole[:n_samples])
    run, time_s = np.repeat(np.arange(n_runs), n_samples), np.tile(np.arange(n_samples) / RATE_HZ, n_runs)
    names = tuple(f"unit_{i}" for i in range(n_units))
    targets = Kinematics(np.concatenate(velocity), time_s, run, ("x", "y"))
    return Recording(np.concatenate(counts).astype(float), RATE_HZ, names, run, unit="spikes"), targets


def decoding() -> dict[str, dict[str, float]]:
    found = {}
    for name, size in tqdm(SIZES.items(), "decoding", disable=None):
        one = evaluate_kinematics(*population(*size), lags=range(8), n_permutations=1, n_shuffles=1)
        found[name] = {row: of.measures["r2"].value for row, of in one.rows().items()}
    return found


def held(n_recordings: int) -> dict[str, dict[str, float]]:
    found = {}
    for n_runs, depth in ((5, 0.0), (5, 0.15), (10, 0.15)):
        measures = [
            evaluate_kinematics(
                *population(n_runs, 150, 8, depth=depth, seed=seed),
                lags=(1, 2),
                n_permutations=39 if depth == 0 else 1,
                n_shuffles=1,
                field=(),
            ).decoder.measures["r2"]
            for seed in tqdm(range(n_recordings), f"{n_runs} runs, depth {depth:g}", disable=None)
        ]
        mean = float(np.mean([one.value for one in measures]))
        row = {"R2": mean, "covered": float(np.mean([one.low <= mean <= one.high for one in measures]))}
        if depth == 0:
            row["p <= 0.05"] = float(np.mean([one.p_value <= 0.05 for one in measures]))
        found[f"{n_runs} runs, depth {depth:g}"] = row
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="Fewer recordings.")
    parser.add_argument("--json", action="store_true", help="Print one JSON object.")
    options = parser.parse_args()
    found = {"decoding": decoding(), "p and coverage": held(60 if options.quick else 400)}
    if options.json:
        print(json.dumps(found))
        return
    for part, rows in found.items():
        print(f"\n{part}")
        for name, row in rows.items():
            print(f"  {name:<22}" + "  ".join(f"{what} {value:.3f}" for what, value in row.items()))


if __name__ == "__main__":
    main()
