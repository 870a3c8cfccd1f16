"""Whether intervals and p values hold what they say, on made-up recordings whose truth is known.

    python benchmarks/intervals.py [--quick] [--json]

Each recording is cross-validated over its runs by ridge regression, so that folds share their training as those of an
evaluation do, and gets intervals and p from the functions that evaluations and maps use. The truth that an interval has
to cover is the expected measure of decoders trained on all runs but one of such recordings: the mean over many
recordings of what every fold's decoder reaches on fresh runs of the same people.

coverage     95 % intervals over 4 to 20 runs, of 2 and 8 classes, equally frequent or 5 : 1, without signal and with.
p            Kolmogorov-Smirnov test that p is even over recordings without signal, by fixed decisions and by refits.
difference   how often the interval of two equally good decoders' difference misses 0.
map          how often a map of noise, over one session and over three, has a significant cell.
evaluate     the same of `hotwire.decoder.evaluate` itself, with a network of two matrices.

At four runs coverage is printed, without a goal. A goal holds for the worst case, with three standard errors of the
simulation allowed to it.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from itertools import product
from typing import Any

import numpy as np
from _made_recordings import N_FRESH, Population, decoded, noise_recording, recordings, tiny_decoder
from numpy.typing import NDArray
from scipy.stats import kstest
from tqdm import tqdm

from hotwire.decoder import evaluate
from hotwire.decoder.statistics.auc import auc_difference, auc_measure, auc_within
from hotwire.decoder.statistics.chance import chance_of
from hotwire.decoder.statistics.difference import mean_difference
from hotwire.decoder.statistics.measures import counts_of, hit_table, hits, measure, pairwise, pairwise_table
from hotwire.decoder.statistics.permutation import exceedance, exchanges
from hotwire.decoder.statistics.sampled import Maximum, Sampler, mean_of, tables_by_trial

BATCH = 50
LEVELS = {
    2: {"none": 0.0, "medium": 0.5, "strong": 3.0},
    8: {"none": 0.0, "medium": 2.0, "strong": 9.0},
}
"""Strengths for two and eight classes."""


def cases(quick: bool) -> Iterator[tuple[str, Population]]:
    runs, signals = ((6, 12), ("none", "medium")) if quick else ((4, 6, 8, 12, 20), ("none", "medium", "strong"))
    for n_classes, unequal, signal, n_runs in product((2, 8), (False, True), signals, runs):
        name = f"{n_classes} classes, {'5 : 1' if unequal else 'equal'}, {signal}, {n_runs} runs"
        yield name, Population(n_runs, n_classes, unequal, LEVELS[n_classes][signal])


def batches(of: Population, n: int, seed: int) -> Iterator[tuple[NDArray, NDArray, NDArray, NDArray, NDArray]]:
    """Scores and classes of each recording's trials, their runs, and the scores and classes of fresh trials."""
    rng = np.random.default_rng([seed, *of[:3], int(100 * of.strength)])
    runs = np.repeat(np.arange(of.n_runs), of.n_trials)
    for _ in range(-(-n // BATCH)):
        X, truth = recordings(of, BATCH, rng)
        scores, fresh = decoded(X, truth, of.n_classes, of.n_runs)
        for own, classes, others in zip(scores, truth, fresh, strict=True):
            own_truth = classes[: of.n_runs].ravel()
            yield own.reshape(len(runs), -1), own_truth, runs, others, classes[of.n_runs :]


def values(scores: NDArray, truth: NDArray, runs: NDArray) -> dict[str, float]:
    found = {"candidate": hits(scores, truth).mean(), "pairwise": pairwise(scores, truth).mean()}
    return found | ({"auc": auc_within(scores, truth, runs)} if scores.shape[1] == 2 else {})


def coverage(of: Population, n: int, n_permutations: int, seed: int) -> dict[str, Any]:
    """How many intervals cover the truth, for each measure; and how even p is over recordings without signal."""
    found: dict[str, list] = {}
    truths: dict[str, list] = {}
    run, fresh_run = (np.repeat(np.arange(count), of.n_trials) for count in (of.n_runs, N_FRESH))
    orders = exchanges(run, np.arange(len(run)), n_permutations)
    for scores, truth, runs, fresh, fresh_truth in batches(of, n, seed):
        shuffled = truth[orders[: 1 if of.strength else None]]
        for name, table in (("candidate", hit_table(scores)), ("pairwise", pairwise_table(scores, truth))):
            chance = chance_of(name, truth, of.n_classes)
            one = measure(table, truth, runs, shuffled, chance=chance, counts=counts_of(name, truth))
            found.setdefault(name, []).append(one)
        if of.n_classes == 2:
            found.setdefault("auc", []).append(auc_measure([scores], truth, runs, shuffled))
        for fold in fresh:
            for name, value in values(fold.reshape(len(fresh_run), -1), fresh_truth.ravel(), fresh_run).items():
                truths.setdefault(name, []).append(value)
    result = {}
    for name, ones in found.items():
        known = not of.strength and (name == "auc" or not of.unequal)
        expected = ones[0].chance if known else float(np.mean(truths[name]))
        result[name] = {"truth": expected, "covered": float(np.mean([one.low <= expected <= one.high for one in ones]))}
        if not of.strength:
            result[name] |= evenness([one.p_value for one in ones])
    return result


def evenness(p: list[float]) -> dict[str, float]:
    return {"below_0.05": float(np.mean(np.array(p) <= 0.05)), "ks": float(kstest(p, "uniform").pvalue)}


def refits(n: int, n_permutations: int) -> dict[str, float]:
    """p of refits to exchanged classes, of recordings without signal."""
    of, rng = Population(6, 2, False, 0.0, n_trials=24, n_features=8), np.random.default_rng(5)
    runs, p = np.repeat(np.arange(of.n_runs), of.n_trials), []
    for _ in range(n):
        one = recordings(of, 1, rng)
        labels = np.repeat(one.truth, n_permutations + 1, axis=0)
        labels[1:] = rng.permuted(labels[1:], axis=2)
        scores, _ = decoded(np.broadcast_to(one.X, (len(labels), *one.X.shape[1:])), labels, 2, of.n_runs)
        each = zip(scores.reshape(len(labels), len(runs), 2), labels[:, : of.n_runs], strict=True)
        reached = np.array([auc_within(score, label.ravel(), runs) for score, label in each])
        p.append(exceedance(reached[0], reached[1:]))
    return evenness(p)


def differences(of: Population, n: int) -> dict[str, float]:
    """How often the interval of the difference between two equally good decoders misses 0.

    Each decodes half of the features, which have the same signal.
    """
    rng, missed = np.random.default_rng([7, of.n_runs, int(of.strength)]), {"candidate": 0, "pairwise": 0, "auc": 0}
    runs, half = np.repeat(np.arange(of.n_runs), of.n_trials), of.n_features // 2
    for _ in range(-(-n // BATCH)):
        X, truth = recordings(of, BATCH, rng)
        halves = (X[..., :half], X[..., half:])
        both = [decoded(one, truth, of.n_classes, of.n_runs)[0].reshape(BATCH, len(runs), -1) for one in halves]
        for one, other, classes in zip(*both, truth[:, : of.n_runs].reshape(BATCH, -1), strict=True):
            for name, counted in (("candidate", hits), ("pairwise", pairwise)):
                how = {"chance": chance_of(name, classes, of.n_classes).value, "counts": counts_of(name, classes)}
                found = mean_difference(counted(one, classes), counted(other, classes), runs, **how)
                missed[name] += found.verdict != "no difference shown"
            if of.n_classes == 2:
                missed["auc"] += auc_difference(one, other, classes, runs).verdict != "no difference shown"
    n = -(-n // BATCH) * BATCH
    return {name: count / n for name, count in missed.items() if of.n_classes == 2 or name != "auc"}


def maps(n: int, n_sessions: int, n_permutations: int = 200, n_cells: int = 10) -> float:
    """How often a map of noise has a cell with corrected p of at most 0.05; cells share some of their features."""
    of, rng, found = Population(6, 2, False, 0.0, n_features=40), np.random.default_rng([9, n_sessions]), 0
    runs = np.repeat(np.arange(of.n_runs), of.n_trials)
    for number in range(n):
        made = recordings(of, n_sessions, rng)
        truth = made.truth[:, : of.n_runs].reshape(n_sessions, -1)
        seeds = [number * n_sessions + i for i in range(n_sessions)]
        samplers = [Sampler(runs, exchanges(runs, np.arange(len(runs)), n_permutations, seed=seed)) for seed in seeds]
        greatest, cells = Maximum(), []
        for cell in range(n_cells):
            scores = decoded(made.X[..., 3 * cell : 3 * cell + 12], made.truth, 2, of.n_runs)[0]
            each = []
            for sampler, one, classes in zip(samplers, scores.reshape(n_sessions, len(runs), 2), truth, strict=True):
                table = tables_by_trial(one, classes)["pairwise"]
                each.append(sampler.sampled(table, chance_of("pairwise", classes, 2), counts_of("pairwise", classes)))
            cells.append(mean_of(each))
            greatest.add({"pairwise": cells[-1]})
        found += min(greatest.p("pairwise", cell.measure()) for cell in cells) <= 0.05
    return found / n


def evaluated(n: int) -> dict[str, Any]:
    """The same of `evaluate` on recordings without signal, with a network of two matrices."""
    found: dict[str, list] = {"candidate": [], "pairwise": []}
    for seed in tqdm(range(n), desc="evaluations", delay=1, disable=None):
        measures = evaluate(tiny_decoder(), noise_recording(seed), controls=(), n_permutations=500).decoder.measures
        for name, ones in found.items():
            ones.append(measures[name])
    return {
        name: {"covered": float(np.mean([one.low <= one.chance <= one.high for one in ones]))}
        | evenness([one.p_value for one in ones])
        for name, ones in found.items()
    }


def worst(found: dict[str, float], middle: float) -> tuple[str, float]:
    name = max(found, key=lambda one: abs(found[one] - middle))
    return name, found[name]


def goal(found: dict[str, float], low: float, high: float, n: int) -> dict[str, Any]:
    """The worst case against a range, with three standard errors of the simulation."""
    name, value = worst(found, (low + high) / 2)
    error = 3 * float(np.sqrt(max(value * (1 - value), 0.01) / n))
    met = low - error <= value <= high + error
    return {"value": value, "worst": name, "goal": f"{low:g} to {high:g}, each ± {error:.3f}", "met": bool(met)}


def goals(found: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Verdicts; accuracy of unequal classes, where p and intervals are too careful without signal, has its own."""
    cells = {f"{case}, {name}": one for case, of in found["coverage"].items() for name, one in of.items()}
    enough = {name: one for name, one in cells.items() if ", 4 runs" not in name}
    result = {}
    for kind in ("candidate", "pairwise", "auc"):
        own = {name: one["covered"] for name, one in enough.items() if name.endswith(kind)}
        guessing = {name for name in own if kind != "auc" and "5 : 1, none" in name}
        of = {name: one for name, one in own.items() if name not in guessing}
        result[f"coverage_{kind}"] = goal(of, 0.93, 0.97, found["n"])
        if guessing:
            of = {name: own[name] for name in guessing}
            result[f"coverage_{kind}_unequal_without_signal"] = goal(of, 0.93, 0.97, found["n"])
    ks = {name: one["ks"] for name, one in cells.items() if "ks" in one and ("5 : 1" not in name or "auc" in name)}
    ks |= {"refits": found["refits"]["ks"]}
    least = min(ks, key=lambda one: ks[one])
    # As many tests are made, their least p is held against 0.01 divided by their number.
    result["p_is_even"] = {"value": ks[least], "worst": least, "goal": f"> 0.01 / {len(ks)}"}
    result["p_is_even"]["met"] = ks[least] > 0.01 / len(ks)
    of = {f"{case}, {name}": one for case, names in found["difference"].items() for name, one in names.items()}
    result["equal_decoders_differ"] = goal(of, 0.03, 0.07, found["n"])
    result["family_wise_error"] = goal(found["map"], 0.03, 0.07, found["n_maps"])
    if found["evaluate"]:
        of = {name: one["covered"] for name, one in found["evaluate"].items()}
        result["coverage_of_evaluate"] = goal(of, 0.93, 0.97, found["n_evaluated"])
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="few recordings of a few cases, under 50 s")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    given = parser.parse_args()
    n, n_maps, n_evaluated = (100, 40, 0) if given.quick else (1000, 500, 100)
    each = list(cases(given.quick))
    found: dict[str, Any] = {"n": n, "n_maps": n_maps, "n_evaluated": n_evaluated}
    covered = ((name, coverage(of, n, 200, 1)) for name, of in each)
    found["coverage"] = dict(tqdm(covered, desc="coverage", total=len(each), delay=1, disable=None))
    # Halves of the features have half of the strength.
    found["difference"] = {name: differences(of, n) for name, of in each if not of.unequal and of.n_runs > 4}
    found["refits"] = refits(n, 99)
    found["map"] = {f"{k} sessions": maps(n_maps, k) for k in (1, 3)}
    found["evaluate"] = evaluated(n_evaluated) if n_evaluated else {}
    found["goals"] = goals(found)
    print(json.dumps(found)) if given.json else show(found)


def show(found: dict[str, Any]) -> None:
    """Print tables for people."""
    print(f"{found['n']} recordings for each case; covered: share of 95 % intervals that hold the truth")
    for case, of in found["coverage"].items():
        parts = [
            f"{name} {one['truth']:.3f} covered {one['covered']:.3f}"
            + (f" (p: KS {one['ks']:.2g})" if "ks" in one else "")
            for name, one in of.items()
        ]
        print(f"  {case:36}{'; '.join(parts)}")
    for name in ("difference", "refits", "map", "evaluate"):
        print(f"{name}: {json.dumps(found[name])}")
    for name, one in found["goals"].items():
        met = "met" if one["met"] else "NOT MET"
        print(f"{name:24}{one['value']:.3g}  goal {one['goal']}  {met}, worst: {one['worst']}")


if __name__ == "__main__":
    main()
