"""Draw the README's picture from the demo's own output: ``hotwire demo --json | python docs/pictures/demo.py``."""

import json
import sys
from pathlib import Path

from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

RIGHT, WRONG, INK, QUIET = "#0072b2", "#d55e00", "#1f2933", "#7b8794"


def draw(result: dict) -> Figure:
    figure = Figure(figsize=(10, 6.4), layout="constrained", facecolor="white")
    path, grid = figure.subplots(2, 1, height_ratios=[1, 3.2])
    pipeline(path)
    blocks(grid, result)
    return figure


def pipeline(axes) -> None:
    stages = [
        ("recording", "fMRI, 530 voxels"),
        ("steps", "drift out, average"),
        ("adapter", "linear, fitted"),
        ("layer", "inside SmolLM2"),
        ("the rest of the network", "pretrained, frozen"),
        ("“house”", "in words"),
    ]
    axes.set(xlim=(0, 12), ylim=(0, 2))
    axes.axis("off")
    for i, (name, what) in enumerate(stages):
        ours = name == "adapter"
        box = FancyBboxPatch(
            (2 * i + 0.12, 0.55),
            1.64,
            0.95,
            boxstyle="round,pad=0.02,rounding_size=0.12",
            facecolor="#e6f1f8" if ours else "white",
            edgecolor=RIGHT if ours else QUIET,
        )
        axes.add_patch(box)
        lines = name.replace("the rest of the", "the rest of the\n")
        axes.text(2 * i + 0.94, 1.12, lines, ha="center", va="center", fontsize=10, color=INK, weight="bold")
        axes.text(2 * i + 0.94, 0.7, what, ha="center", va="center", fontsize=8, color=QUIET)
        if i:
            arrow = FancyArrowPatch((2 * i - 0.2, 1.02), (2 * i + 0.08, 1.02), arrowstyle="-|>", mutation_scale=11)
            arrow.set_color(INK)
            axes.add_patch(arrow)


def blocks(axes, result: dict) -> None:
    """Every block of the session: what the network said, run by run."""
    by_run: dict = {}
    for decision in result["decisions"]:
        by_run.setdefault(decision["run"], []).append(decision)
    for row, decisions in enumerate(by_run.values()):
        for column, decision in enumerate(decisions):
            colour = RIGHT if decision["right"] else WRONG
            axes.text(column, row + 0.1, decision["said"], ha="center", va="center", color=colour, fontsize=9.5)
            if not decision["right"]:
                saw = f"saw {decision['saw']}"
                axes.text(column, row + 0.43, saw, ha="center", va="center", color=QUIET, fontsize=6.5)
    axes.set(xlim=(-0.6, 7.6), ylim=(len(by_run) - 0.4, -0.6), xticks=[], yticks=range(len(by_run)))
    axes.set_yticklabels([f"run {int(run) + 1}" for run in by_run], fontsize=8, color=QUIET)
    axes.tick_params(length=0)
    for side in axes.spines.values():
        side.set_visible(False)
    right = sum(decision["right"] for decision in result["decisions"])
    axes.set_title(
        f"What the network says of every block of a held-out run: {right} of {result['n_blocks']} right "
        f"(chance {result['chance']:.3f}), no word offered to choose from",
        fontsize=10,
        color=INK,
        loc="left",
    )


if __name__ == "__main__":
    draw(json.load(sys.stdin)).savefig(Path(__file__).with_name("demo.png"), dpi=160)
