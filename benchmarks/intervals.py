"""Whether intervals and p values hold what they say, on made-up recordings whose truth is known.

    python benchmarks/intervals.py [--quick] [--json]

Each recording is cross-validated over its runs by ridge regression, so that folds share their training as those of an
evaluation do, and gets intervals and p from the functions that evaluations and maps use. The truth that an interval has
to cover is the expected measure of decoders trained on all runs but one of such recordings: the mean over many
recordings of what folds' decoders reach on fresh runs of the same people.

coverage     95 % intervals over 4 to 20 runs, of 2 and 8 classes, equally frequent or 5 : 1, without signal and with.
p            Kolmogorov-Smirnov test that p is even over recordings without signal, by fixed decisions and by refits.
             Refits are few and AUCs of few trials tie, so equal ones are put in a random order for this test.
difference   how often the interval of two equally good decoders' difference misses 0.
map          how often a map of noise, over one session and over three, has a significant cell.
evaluate     the same of `hotwire.decoder.evaluate` itself, with a network of two matrices.

At four runs coverage is printed, without a goal. A goal holds for the worst case, with three standard errors of the
simulation allowed to it. The whole takes about six minutes of one core; ``python studies/tables.py intervals`` runs it
and writes the tables of docs/guides/figures.md.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from itertools import product
from typing import Any

import numpy as np
from _interval_goals import goals, show
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


def cases() -> Iterator[tuple[str, Population]]:
    for n_classes, unequal, signal, n_runs in product((2, 8), (False, True), LEVELS[2], (4, 6, 8, 12, 20)):
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
    """Each measure; between two classes, pairs and the choice are the same."""
    found = {"candidate": hits(scores, truth).mean()}
    if scores.shape[1] == 2:
        return found | {"auc": auc_within(scores, truth, runs)}
    return found | {"pairwise": pairwise(scores, truth).mean()}


def coverage(of: Population, n: int, n_permutations: int, seed: int) -> dict[str, Any]:
    """How many intervals cover the truth, for each measure; and how even p is over recordings without signal."""
    found: dict[str, list] = {}
    truths: dict[str, list] = {}
    run, fresh_run = (np.repeat(np.arange(count), of.n_trials) for count in (of.n_runs, N_FRESH))
    orders = exchanges(run, np.arange(len(run)), n_permutations)
    for scores, truth, runs, fresh, fresh_truth in batches(of, n, seed):
        shuffled = truth[orders[: 1 if of.strength else None]]
        tables = {"candidate": hit_table(scores)}
        if of.n_classes > 2:
            tables["pairwise"] = pairwise_table(scores, truth)
        for name, table in tables.items():
            chance = chance_of(name, truth, of.n_classes)
            one = measure(table, truth, runs, shuffled, chance=chance, counts=counts_of(name, truth))
            found.setdefault(name, []).append(one)
        if of.n_classes == 2:
            found.setdefault("auc", []).append(auc_measure([scores], truth, runs, shuffled))
        # Folds are alike, so that a few give the truth.
        for fold in fresh[:4]:
            for name, value in values(fold.reshape(len(fresh_run), -1), fresh_truth.ravel(), fresh_run).items():
                truths.setdefault(name, []).append(value)
    result = {}
    for name, ones in found.items():
        known = not of.strength and (name == "auc" or not of.unequal)
        expected = ones[0].chance if known else float(np.mean(truths[name]))
        result[name] = {"truth": expected, "covered": float(np.mean([one.low <= expected <= one.high for one in ones]))}
        if not of.strength:
            p = [one.p_value for one in ones]
            result[name] |= {"below_0.05": share_below(p), "ks": evenness(p)}
    return result


def share_below(p: list[float]) -> float:
    return float(np.mean(np.array(p) <= 0.05))


def evenness(p: list[float]) -> float:
    return float(kstest(p, "uniform").pvalue)


def refits(n: int, n_permutations: int) -> dict[str, float]:
    """p of refits to exchanged classes, of recordings without signal."""
    of, rng = Population(6, 2, False, 0.0, n_trials=24, n_features=8), np.random.default_rng(5)
    runs, p, drawn = np.repeat(np.arange(of.n_runs), of.n_trials), [], []
    for _ in range(n):
        one = recordings(of, 1, rng)
        labels = np.repeat(one.truth, n_permutations + 1, axis=0)
        labels[1:] = rng.permuted(labels[1:], axis=2)
        scores, _ = decoded(np.broadcast_to(one.X, (len(labels), *one.X.shape[1:])), labels, 2, of.n_runs)
        each = zip(scores.reshape(len(labels), len(runs), 2), labels[:, : of.n_runs], strict=True)
        reached = np.array([auc_within(score, label.ravel(), runs) for score, label in each])
        p.append(exceedance(reached[0], reached[1:]))
        above = np.count_nonzero(reached[1:] > reached[0] + 1e-12) / len(reached)
        drawn.append(rng.uniform(above, p[-1]))
    return {"below_0.05": share_below(p), "ks": evenness(drawn)}


def differences(of: Population, n: int) -> dict[str, float]:
    """How often the interval of the difference between two equally good decoders misses 0.

    Each decodes half of the features, which have the same signal.
    """
    rng, counts = np.random.default_rng([7, of.n_runs, int(of.strength)]), {"candidate": hits}
    if of.n_classes > 2:
        counts["pairwise"] = pairwise
    missed: dict[str, int] = {name: 0 for name in (*counts, *(["auc"] if of.n_classes == 2 else []))}
    runs, half = np.repeat(np.arange(of.n_runs), of.n_trials), of.n_features // 2
    for _ in range(-(-n // BATCH)):
        X, truth = recordings(of, BATCH, rng)
        halves = (X[..., :half], X[..., half:])
        both = [decoded(one, truth, of.n_classes, of.n_runs)[0].reshape(BATCH, len(runs), -1) for one in halves]
        for one, other, classes in zip(*both, truth[:, : of.n_runs].reshape(BATCH, -1), strict=True):
            for name, counted in counts.items():
                how = {"chance": chance_of(name, classes, of.n_classes).value, "counts": counts_of(name, classes)}
                found = mean_difference(counted(one, classes), counted(other, classes), runs, **how)
                missed[name] += found.verdict != "no difference shown"
            if "auc" in missed:
                missed["auc"] += auc_difference(one, other, classes, runs).verdict != "no difference shown"
    n = -(-n // BATCH) * BATCH
    return {name: count / n for name, count in missed.items()}


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
        | {"below_0.05": share_below([one.p_value for one in ones])}
        for name, ones in found.items()
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a tenth of the recordings, under 50 s")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    given = parser.parse_args()
    n, n_maps, n_evaluated = (100, 200, 0) if given.quick else (1000, 2000, 200)
    each = list(cases())
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


if __name__ == "__main__":
    main()
