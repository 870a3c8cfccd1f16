"""Tables of simulated recordings: how often intervals and p hold."""

from __future__ import annotations

from .outputs import number, output, table

SIMULATED = "intervals"
"""The output of ``benchmarks/intervals.py --json``."""
MEASURED = {"candidate": "accuracy", "pairwise": "pairs", "auc": "AUC"}
SIMULATED_PARTS = ("n", "n_maps", "coverage", "difference", "refits", "map", "evaluate", "goals")
GOALS = {
    "coverage_candidate": "coverage of accuracy, 6 runs and more",
    "coverage_pairwise": "coverage of pairs, 6 runs and more",
    "coverage_auc": "coverage of the AUC, 6 runs and more",
    "coverage_unequal_without_signal": "the same of accuracy and pairs, 5 : 1, without signal",
    "p_is_even": "Kolmogorov-Smirnov test that p is even",
    "p_below_0.05": "p at most 0.05 without signal",
    "equal_decoders_differ": "intervals of equal decoders' difference that miss 0",
    "family_wise_error": "maps of noise with a significant cell",
    "coverage_of_evaluate": "coverage of `evaluate` on noise",
}


def coverage() -> str:
    """For each kind of recording and measure, how many intervals cover the truth; a column for each number of runs."""
    cells: dict[tuple[str, str], dict[str, dict[str, float]]] = {}
    for case, of in output(SIMULATED)["coverage"].items():
        kind, runs = case.rsplit(", ", 1)
        for name, one in of.items():
            cells.setdefault((kind, name), {})[runs] = one
    lines = []
    for (kind, name), by_runs in cells.items():
        truths = [one["truth"] for one in by_runs.values()]
        span = dict.fromkeys(f"{end:.2f}" for end in (min(truths), max(truths)))
        lines.append([kind, MEASURED[name], "–".join(span), *(number(one["covered"]) for one in by_runs.values())])
    whole = table(["classes, how frequent, signal", "measure", "truth", *next(iter(cells.values()))], lines)
    n = output(SIMULATED)["n"]
    off = 1.96 * (0.95 * 0.05 / n) ** 0.5
    return f"{whole}\n\n{n:,} recordings in each cell: 0.950 may be off by {off:.3f} either way."


def simulations() -> str:
    """The goals of the simulations: over all cases the least and the most, and which case that is."""
    lines = []
    for name, one in output(SIMULATED)["goals"].items():
        low, high = one["goal"]
        ends = [
            "" if one[end] is None else f"{one[end]:.3f} ({in_words(one[f'{end}_of'])})" for end in ("least", "most")
        ]
        goal = f"over {low:.2g}" if one["most"] is None else f"{low:.2f} to {high:.2f}"
        lines.append([GOALS[name], str(one["n_cases"]), *ends, goal, "yes" if one["met"] else "**no**"])
    return table(["simulated", "cases", "least", "most", "goal", "met"], lines)


def in_words(case: str) -> str:
    """A case of the simulations, its measure by the name that tables use."""
    head, comma, name = case.rpartition(", ")
    return head + comma + MEASURED.get(name, name)
