"""What ``intervals.py`` found against its goals, and in tables for people."""

from __future__ import annotations

import json
from typing import Any

import numpy as np


def goal(found: dict[str, float], low: float, high: float, n: int) -> dict[str, Any]:
    """The least and the most of all cases against a range, with three standard errors of the simulation."""
    least, most = min(found, key=lambda one: found[one]), max(found, key=lambda one: found[one])
    error = {name: 3 * float(np.sqrt(max(found[name] * (1 - found[name]), 0.01) / n)) for name in (least, most)}
    met = found[least] >= low - error[least] and found[most] <= high + error[most]
    ends = {"least": found[least], "least_of": least, "most": found[most], "most_of": most}
    return {"n_cases": len(found), **ends, "goal": [low, high], "met": bool(met)}


def goals(found: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Verdicts; accuracies of unequal classes without signal, which take few values, have their own."""
    cells = {f"{case}, {name}": one for case, of in found["coverage"].items() for name, one in of.items()}
    few = {name for name in cells if "5 : 1, none" in name and not name.endswith("auc")}
    covered = {name: one["covered"] for name, one in cells.items() if ", 4 runs" not in name}
    result = {}
    for kind in ("candidate", "pairwise", "auc"):
        of = {name: one for name, one in covered.items() if name.endswith(kind) and name not in few}
        result[f"coverage_{kind}"] = goal(of, 0.93, 0.97, found["n"])
    of = {name: one for name, one in covered.items() if name in few}
    result["coverage_unequal_without_signal"] = goal(of, 0.93, 0.97, found["n"])
    even = {name: one for name, one in cells.items() if "ks" in one and name not in few} | {"refits": found["refits"]}
    least = min(even, key=lambda one: even[one]["ks"])
    # As many tests are made, their least p is held against 0.01 divided by their number.
    ends = {"least": even[least]["ks"], "least_of": least, "most": None, "most_of": None}
    result["p_is_even"] = {"n_cases": len(even), **ends, "goal": [0.01 / len(even), 1.0]}
    result["p_is_even"]["met"] = even[least]["ks"] > 0.01 / len(even)
    result["p_below_0.05"] = goal({name: one["below_0.05"] for name, one in even.items()}, 0.03, 0.07, found["n"])
    of = {f"{case}, {name}": one for case, names in found["difference"].items() for name, one in names.items()}
    result["equal_decoders_differ"] = goal(of, 0.03, 0.07, found["n"])
    result["family_wise_error"] = goal(found["map"], 0.03, 0.07, found["n_maps"])
    if found["evaluate"]:
        of = {name: one["covered"] for name, one in found["evaluate"].items()}
        result["coverage_of_evaluate"] = goal(of, 0.93, 0.97, found["n_evaluated"])
    return result


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
        low, high = one["goal"]
        most = "" if one["most"] is None else f"to {one['most']:.3f} ({one['most_of']}) "
        met = "met" if one["met"] else "NOT MET"
        print(f"{name:32}{one['least']:.3g} ({one['least_of']}) {most}goal {low:.2g} to {high:.2g}  {met}")
