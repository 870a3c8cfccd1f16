"""The table of continuous language: the text that was decoded, and which stretch was heard without a text."""

from __future__ import annotations

from typing import Any

from .outputs import number, output, table

HEARD = {
    "gist-alice": "18 listeners, six language regions, four minutes of Alice in Wonderland",
    "gist-pieman": "24 listeners, 100 hubs, 200 seconds of Pie Man",
}
SYNTHETIC = {"gist-synthetic": "0.2"}
GIST = (*HEARD, *SYNTHETIC)
SIMILARITY = "all-minilm-l6-v2 similarity"
CONTROLS = ("phase-randomised brain", "Gaussian noise at test")


def part_of(whole: dict[str, Any]) -> dict[str, Any]:
    """An output without its words."""
    kept = ("run", "scores", "identified", "retrieved", "evidence", "rate", "controls", "n_drafted")
    return {
        "n_fitted_runs": len(whole["fitted_runs"]),
        "n_directions": whole["n_directions"],
        "n_nulls": whole["n_nulls"],
        "word_times": whole["word_times"],
        "ceilings": whole["ceilings"],
        "runs": [{name: run[name] for name in kept} for run in whole["runs"]],
    }


def gist() -> str:
    """How near the text comes, in standard deviations of nulls, and how often the stretch that was heard wins."""
    lines = []
    for name, recording in HEARD.items():
        for run in output(name)["runs"]:
            text, evidence, heard = run["scores"][SIMILARITY], run["evidence"], run["retrieved"]
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


def synthetic() -> str:
    """What is decoded of a listener that is made up."""
    lines = []
    for name, r in SYNTHETIC.items():
        whole = output(name)
        for run in whole["runs"]:
            evidence = run["evidence"]
            similar, bleu, found = run["scores"][SIMILARITY], run["scores"]["BLEU-1"], run["identified"]
            alone = run["controls"]["language model alone"]["scores"][SIMILARITY]
            lines.append(
                [
                    f"`{name}`, {r}",
                    f"{number(similar['value'])} against {number(similar['null'])} of {whole['n_nulls']} nulls "
                    f"(z {similar['z']:+.1f})",
                    number(alone["value"]),
                    f"{number(bleu['value'])} against {number(bleu['null'])} (z {bleu['z']:+.1f})",
                    f"{100 * similar['above']:.0f} %",
                    number(found["same_story"]),
                    f"{found['story_place']} of {found['n_stories']}",
                    f"{evidence['z']:+.1f}: {'' if evidence['distinguishable'] else 'not '}distinguishable",
                ]
            )
    head = [
        "study, mean r of voxels",
        "similarity, against nulls",
        "that of the language model alone",
        "BLEU-1",
        "windows above 95 % of nulls",
        "window told from another, by its text",
        "story's place",
        "evidence, z",
    ]
    return table(head, lines)


def z_of(found: dict[str, Any]) -> str:
    return "too short for a z" if found["z"] is None else f"z {found['z']:+.1f}"
