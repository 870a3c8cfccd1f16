"""The map itself: colour is accuracy, size is significance."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ...report.drawing import ACCENT, PAPER, WIDTH_IN, Drawing, short
from ...report.heat import LETTER_IN, TICK_IN, heat_bar, heat_color, heat_colors, layer_names, layer_ticks
from ...statistics.measures import IN_SENTENCES
from .labels import SIGNIFICANT, chance_of, highest, most_chosen, significant
from .result import InjectionMap, NetworkSummary

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FULL, SMALL = 0.92, 0.42
"""The part of its area that a cell fills, if significant and if not."""
KEY_IN, HEADING_IN, ABOUT_IN = 0.75, 0.26, 0.95
MOST_WIDE = 100


def heat_figure(result: InjectionMap, measure: str) -> Drawing:
    """Draw a measure of all cells: regions and times downwards, layers to the right, a panel for each network.

    Colour grows evenly from chance (the lowest, where networks have different classes) to the highest value. Cells that
    are not significant after correction for all cells are small. A frame marks the cell that the nested choice selected
    most often.
    """
    lines = list(_lines(result.networks))
    n_rows, n_columns = len(result.regions) * len(result.times), max(map(_n_columns, lines))
    row_in = float(np.clip(9.0 / n_rows, 0.075, 0.25))
    column_in = float(np.clip(7.2 / n_columns, 0.05, 0.32))
    headed = len(result.regions) > 1 and len(result.times) > 1
    rows = _rows(result, HEADING_IN / row_in if headed else 0.0)
    labels_in = 0.4 + LETTER_IN * max(len(short(name)) for _, name in rows.values())
    panels_in = row_in * (max(rows.values())[0] + 1)
    chance = min(chance_of(result, measure, network.name) for network in result.networks)
    top = highest(result, measure, chance)

    def draw(figure: Figure) -> None:
        heights = [KEY_IN, len(lines) * (panels_in + ABOUT_IN)]
        key, body = figure.subfigures(2, 1, height_ratios=heights, squeeze=False)[:, 0]
        _key(key, result, measure, chance, top)
        grid = body.add_gridspec(len(lines), 1)
        for i, networks in enumerate(lines):
            spare = n_columns - _n_columns(networks)
            widths = [len(network.layers) for network in networks] + [spare] * (spare > 0)
            panels = grid[i].subgridspec(1, len(widths), width_ratios=widths)
            for k, network in enumerate(networks):
                ax = body.add_subplot(panels[k])
                _panel(ax, result, network, measure, rows, chance, top)
                every = max(1, round(TICK_IN / row_in + 0.49))
                named = [row for j, row in enumerate(rows.values()) if j % len(result.times) % every == 0]
                ax.set_yticks([y + 0.5 for y, _ in named], [short(name) for _, name in named] if k == 0 else [])
                layer_ticks(ax, layer_names(network.layers), column_in)
                fitting = int(len(network.layers) * column_in / LETTER_IN)
                ax.set_title(short(network.name, max(12, fitting)))
                if headed and k == 0:
                    for region in result.regions:
                        y = rows[region, result.times[0].name][0]
                        ax.text(0, y - 0.05 / row_in, short(region, 60), fontweight="bold", va="bottom")

    width_in = float(np.clip(labels_in + n_columns * column_in + 0.15 * len(lines[0]), 6.4, WIDTH_IN))
    caption = (
        f"Colour: {'mean over sessions of the ' * (len(result.sessions) > 1)}accuracy on trials held out, from chance "
        f"(at and below it: the lightest). Full squares: p below {SIGNIFICANT:g} by the greatest value of all cells "
        f"under {result.n_permutations:,} permutations. Frame: the cell that the nested choice took most often."
    )
    return Drawing(f"map-{measure}", draw, KEY_IN + len(lines) * (panels_in + ABOUT_IN), width_in, caption)


def _panel(
    ax: Axes,
    result: InjectionMap,
    network: NetworkSummary,
    measure: str,
    rows: dict[tuple[str, str], tuple[float, str]],
    chance: float,
    top: float,
) -> None:
    from matplotlib.collections import PolyCollection
    from matplotlib.patches import Rectangle

    squares, fills = [], []
    best, *_ = most_chosen(result.nested)
    for (region, time), (y, _) in rows.items():
        for x, one in enumerate(result.along(region, time, network)):
            value = one.measures[measure].value
            if np.isfinite(value):
                half = (FULL if significant(one, measure) else SMALL) / 2
                middle = np.array([x + 0.5, y + 0.5])
                squares.append(middle + half * np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]))
                fills.append(heat_color((value - chance) / (top - chance))[0])
            if one.cell == best:
                # An edge in the background colour separates the frame from any colour.
                for color, linewidth in ((PAPER, 4.5), (ACCENT, 2)):
                    frame = Rectangle((x, y), 1, 1, fill=False, edgecolor=color, linewidth=linewidth, clip_on=False)
                    ax.add_patch(frame).set_zorder(3)
    ax.add_collection(PolyCollection(squares, facecolors=fills, edgecolors="none", linewidths=0))
    ax.set_xlim(0, len(network.layers))
    ax.set_ylim(max(rows.values())[0] + 1, 0)
    ax.spines[:].set_visible(False)
    ax.tick_params(bottom=False, pad=1)
    ax.set_xlabel("layer")


def _key(figure: Figure, result: InjectionMap, measure: str, chance: float, top: float) -> None:
    """The colour scale, and what sizes and the frame mean."""
    from matplotlib.lines import Line2D

    bar, legend = figure.subplots(1, 2, width_ratios=[1, 1.5])
    heat_bar(bar, chance, top, f"{IN_SENTENCES[measure]}, from chance")
    _, n, of = most_chosen(result.nested)
    square: dict[str, Any] = {"marker": "s", "linestyle": "none"}
    fill: dict[str, Any] = square | {"markeredgecolor": "none", "color": heat_colors()[36]}
    frame: dict[str, Any] = square | {"markeredgecolor": ACCENT, "color": "none", "markeredgewidth": 2}
    legend.legend(
        handles=[
            Line2D([], [], **fill, markersize=9, label=f"p < {SIGNIFICANT:g}, corrected for all cells"),
            Line2D([], [], **fill, markersize=9 * SMALL / FULL, label="not significant"),
            Line2D([], [], **frame, markersize=9, label=f"chosen within {n} of {of} training sets"),
        ],
        loc="center left",
        frameon=False,
    )
    legend.set_axis_off()


def _rows(result: InjectionMap, heading: float) -> dict[tuple[str, str], tuple[float, str]]:
    """The vertical position of each row, from above, and its name."""
    rows, y = {}, 0.0
    for region in result.regions:
        y += heading
        for time in result.times:
            rows[region, time.name] = (y, time.name if len(result.times) > 1 else region)
            y += 1
    return rows


def _lines(networks: Sequence[NetworkSummary]) -> Iterator[list[NetworkSummary]]:
    """Networks in one line as long as their layers are wide enough to be seen."""
    line: list[NetworkSummary] = []
    for network in networks:
        if line and _n_columns([*line, network]) > MOST_WIDE:
            yield line
            line = []
        line.append(network)
    yield line


def _n_columns(networks: Sequence[NetworkSummary]) -> int:
    return sum(len(network.layers) for network in networks)
