"""The table of continuous language: the text that was decoded, and which stretch was heard without a text."""

from __future__ import annotations

from typing import Any

from .outputs import number, output, table

GIST = {
    "gist-alice": "18 listeners, six language regions, four minutes of Alice in Wonderland",
    "gist-pieman": "24 listeners, 100 hubs, 200 seconds of Pie Man",
}
CONTROLS = ("phase-randomised brain", "Gaussian noise at test")


def part_of(whole: dict[str, Any]) -> dict[str, Any]:
    """An output without its words."""
    kept = ("run", "scores", "identified", "retrieved", "evidence", "rate", "controls")
    return {
        "n_nulls": whole["n_nulls"],
        "word_times": whole["word_times"],
        "ceilings": whole["ceilings"],
        "runs": [{name: run[name] for name in kept} for run in whole["runs"]],
    }


def gist() -> str:
    """How near the text comes, in standard deviations of nulls, and how often the stretch that was heard wins."""
    lines = []
    for name, recording in GIST.items():
        for run in output(name)["runs"]:
            text, evidence, heard = run["scores"]["all-minilm-l6-v2 similarity"], run["evidence"], run["retrieved"]
            lines.append(
                [
                    f"`{name}`: {recording}",
                    f"{number(text['value'])} against {number(text['null'])} (z {text['z']:+.1f})",
                    f"{evidence['z']:+.1f}: {'' if evidence['distinguishable'] else 'not '}distinguishable",
                    f"**{heard['same_passage']:.3f}** ({z_of(heard)})",
                    *(
                        f"{run['controls'][control]['retrieved']['same_passage']:.3f} "
                        f"({z_of(run['controls'][control]['retrieved'])})"
                        for control in CONTROLS
                    ),
                ]
            )
    head = ["study", "text: similarity, against nulls", "evidence in the brain, z", "stretch, without a text"]
    return table([*head, *(f"the same, {control}" for control in CONTROLS)], lines)


def z_of(found: dict[str, Any]) -> str:
    return "too short for a z" if found["z"] is None else f"z {found['z']:+.1f}"
