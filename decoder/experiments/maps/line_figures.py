"""Lines through a map: along the layers, and along time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ...report.drawing import ACCENT, INK, PAPER, RULE, SERIES, SOFT, Drawing, chance_line, short
from ...report.heat import layer_names
from ...statistics.measures import IN_SENTENCES
from .labels import chance_of, controls_of, example_time, label, most_chosen, nested_in, significant
from .result import CellResult, InjectionMap, MapCell, NetworkSummary

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

DEPTHS = ((0.0, "first layer"), (0.25, "¼ deep"), (0.5, "½ deep"), (0.75, "¾ deep"), (1.0, "last layer"))
MARKERS = "sDv^P"
MOST_TICKS, MOST_COLUMNS = 16, 4
LETTERS = 100
"""The number of letters that fit above a whole figure."""


def layers_figure(result: InjectionMap, measure: str) -> Drawing:
    """Draw how a measure changes along the layers, with ceiling and controls: a row for each region.

    Where the map has several times, each region is drawn at the one that its nested choice selected most often.
    """

    def draw_panel(ax: Axes, region: str, network: NetworkSummary) -> None:
        time = example_time(result, region, network)
        cells = result.along(region, time.name, network)
        x = np.arange(len(cells))
        ax.plot(x, [100 * one.ceiling[measure] for one in cells], color=SOFT, marker="_", label="ceiling")
        for name, color, marker in zip(controls_of(result), SERIES * 2, MARKERS * 2, strict=False):
            values = _values([one.controls.get(name, {}).get(measure) for one in cells])
            if np.isfinite(values).any():
                look: dict[str, Any] = {"linewidth": 1.1, "markersize": 3.2, "markeredgewidth": 0}
                ax.plot(x, values, **look, color=color, marker=marker, label=name)
        _decoder(ax, x, cells, measure, "decoder")
        n_columns = _n_columns(result)
        every = -(-len(cells) // (2 * MOST_TICKS // n_columns))
        names = layer_names(network.layers)[::every]
        ax.set_xticks(x[::every], names, rotation=90 if sum(map(len, names)) > 60 / n_columns else 0)
        ax.set_xlim(-0.5, len(cells) - 0.5)
        _title(ax, result, (region, time.name, network.name))

    values = _ends(result, measure)
    for one in result.cells.values():
        values += [one.ceiling[measure], *(of[measure].value for of in one.controls.values() if measure in of)]
    where = "Each region at the time that its nested choice took most often. " if len(result.times) > 1 else ""
    caption = (
        f"{where}Band: 95 % interval over runs; filled points: significant after correction for all cells; dashed: "
        "chance; ceiling: the same readout from the true activations; other lines: the controls, see Methods."
    )
    return _panels(result, measure, f"layers-{measure}", "layer", caption, values, draw_panel)


def times_figure(result: InjectionMap, measure: str) -> Drawing:
    """Draw how a measure changes in time at five depths of each network and at the layer chosen most often."""
    x, in_seconds = _when(result)

    def draw_panel(ax: Axes, region: str, network: NetworkSummary) -> None:
        names = layer_names(network.layers)
        for at, i in _picked(len(names)):
            word, color = DEPTHS[i][1], SERIES[i]
            layer = network.layers[at]
            cells = [result.cells[MapCell(region, time.name, network.name, layer)] for time in result.times]
            named = f"{word}: {names[at]}" if len(result.networks) == 1 else word
            ax.plot(x, _values([one.measures[measure] for one in cells]), color=color, linewidth=1.2, label=named)
        best, *_ = most_chosen(nested_in(result, region))
        if best.network == network.name:
            cells = [result.cells[best._replace(time=time.name)] for time in result.times]
            _decoder(ax, x, cells, measure, "layer chosen most often")
            own = f"layer {names[network.layers.index(best.layer)]}"
            ax.annotate(own, (1, 1), xycoords="axes fraction", ha="right", va="top", color=ACCENT, fontsize=9)
        if in_seconds:
            ax.axvline(0, color=RULE, linewidth=1, zorder=0)
        else:
            every = -(-len(x) // MOST_TICKS)
            ax.set_xticks(x[::every], [short(time.name) for time in result.times][::every], rotation=90)
        _title(ax, result, (region, None, network.name))

    axis = "seconds from onset" if in_seconds else "time"
    caption = (
        f"Blue, with 95 % interval: the layer chosen most often{' in the region' * (len(result.regions) > 1)}; thin: "
        "layers at even distances. Filled points: significant after correction for all cells; dashed: "
        f"chance.{' Times are drawn at the middle of their windows.' * in_seconds}"
    )
    return _panels(result, measure, f"times-{measure}", axis, caption, _ends(result, measure), draw_panel)


def _panels(
    result: InjectionMap,
    measure: str,
    name: str,
    axis: str,
    caption: str,
    values: Sequence[float],
    draw_panel: Callable[[Axes, str, NetworkSummary], None],
) -> Drawing:
    """A row for each region, or several where networks are many, with the legend of the lines below."""
    chances = {network.name: chance_of(result, measure, network.name) for network in result.networks}
    drawn = [*chances.values(), *values]
    lowest, highest = 100 * np.nanmin(drawn), 100 * np.nanmax(drawn)
    limits = max(-2.0, lowest - 3), min(103.0, highest + 3)
    n_columns = _n_columns(result)
    rows_each = -(-len(result.networks) // n_columns)
    n_rows = len(result.regions) * rows_each
    panel_in = 3.0 if n_rows == 1 else 2.0 if n_rows <= 4 else 1.5

    def draw(figure: Figure) -> None:
        axes = figure.subplots(n_rows, n_columns, squeeze=False)
        for i, region in enumerate(result.regions):
            own = axes[i * rows_each : (i + 1) * rows_each].ravel()
            for ax in own[len(result.networks) :]:
                ax.set_axis_off()
            for ax, network in zip(own, result.networks, strict=False):
                chance_line(ax.axhline, chances[network.name])
                draw_panel(ax, region, network)
                # matplotlib's shared axes do the same, but take many times as long with many panels.
                ax.set_ylim(limits)
                ax.yaxis.set_major_formatter("{x:g} %")
                ax.tick_params(axis="y", labelcolor=SOFT, labelleft=ax in axes[:, 0])
                # Panels of different networks in one column have different layers.
                lowest_of_its = ax in axes[-1] or rows_each > 1
                ax.tick_params(axis="x", labelbottom=lowest_of_its)
                ax.set_xlabel(axis if lowest_of_its else "")
        lines = {line.get_label(): line for ax in axes.flat for line in ax.get_lines()}
        lines = {said: line for said, line in lines.items() if not str(said).startswith("_")}
        # The decoder is drawn last and named first.
        order = sorted(lines.items(), key=lambda item: -item[1].get_zorder())
        figure.legend([line for _, line in order], [said for said, _ in order], loc="outside lower left", ncols=3)
        figure.supylabel(IN_SENTENCES[measure], fontsize=10, color=INK)

    return Drawing(name, draw, 0.5 + panel_in * n_rows + 0.9, caption=caption)


def _n_columns(result: InjectionMap) -> int:
    return len(result.networks) if len(result.networks) <= MOST_COLUMNS else 3


def _decoder(ax: Axes, x: NDArray, cells: Sequence[CellResult], measure: str, said: str) -> None:
    """A line with its interval; points that are not significant after correction are hollow."""
    result = [one.measures[measure] for one in cells]
    low, high = (np.array([100 * getattr(one, end) for one in result]) for end in ("low", "high"))
    ax.fill_between(x, low, high, color=ACCENT, alpha=0.18, linewidth=0)
    if len(x) < 4:
        ax.vlines(x, low, high, color=ACCENT, linewidth=2, alpha=0.6)
    dots: dict[str, Any] = {"color": ACCENT, "marker": "o", "markersize": 5}
    ax.plot(x, _values(result), **dots, linewidth=2, zorder=4, label=said)
    faint = [i for i, one in enumerate(cells) if not significant(one, measure)]
    hollow = _values([result[i] for i in faint])
    ax.plot(x[faint], hollow, **dots, linestyle="none", markerfacecolor=PAPER, zorder=5)


def _title(ax: Axes, result: InjectionMap, place: tuple[str, str | None, str]) -> None:
    """Region, time and network, as much of each as fits."""
    region, time, network = place
    room = LETTERS // _n_columns(result)
    said = label(result, region, time, network)
    if len(said) > room:
        said = label(result, short(region, room // 2 - 6), time, short(network, room // 2 - 6))
    ax.set_title(said)


def _picked(n_layers: int) -> list[tuple[int, int]]:
    """Layers at even distances with their positions in `DEPTHS`, none twice, including the first and the last."""
    at = [round(depth * (n_layers - 1)) for depth, _ in DEPTHS]
    place: dict[int, int] = {}
    for i in (0, 4, 2, 1, 3):
        place.setdefault(at[i], i)
    return sorted(place.items())


def _values(measures: Sequence) -> NDArray[np.float64]:
    return np.array([np.nan if one is None else 100 * one.value for one in measures], np.float64)


def _ends(result: InjectionMap, measure: str) -> list[float]:
    return [end for one in result.cells.values() for end in (one.measures[measure].low, one.measures[measure].high)]


def _when(result: InjectionMap) -> tuple[NDArray[np.float64], bool]:
    """The position of each time, and whether it is in seconds."""
    middles = [np.nan if t.start_s is None or t.stop_s is None else (t.start_s + t.stop_s) / 2 for t in result.times]
    in_seconds = bool(np.isfinite(middles).all())
    return np.array(middles) if in_seconds else np.arange(len(result.times), dtype=np.float64), in_seconds
