"""How figures are drawn: in one style, in the same colours for the page and for files of their own."""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from ...errors import MissingExtraError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK, SOFT, RULE, ACCENT, PAPER = "#1b1d21", "#62666d", "#c9ccd1", "#0b5cad", "#ffffff"
SERIES = ("#5b16a5", "#a3248f", "#cf4a63", "#d9741c", "#a98600")
"""Tell lines apart, in this order."""
DASHES = ("-", (0, (5, 2)), (0, (1, 1.5)), (0, (5, 1.5, 1, 1.5)), (0, (8, 2)))
"""Tell lines apart without colour."""
N_HEAT = 48
WIDTH_IN = 9.0
LONGEST_LABEL = 18
LETTER_IN, TICK_IN = 0.085, 0.15
"""Room that a letter of a label takes along it, and a label across it."""


@cache
def heat_colors() -> tuple[str, ...]:
    """Colours of a heat map from low to high: matplotlib's magma, whose lightness changes evenly.

    Told apart by lightness alone, they need no colour vision. Low values are near the paper.
    """
    matplotlib = _matplotlib()
    ramp = matplotlib.colormaps["magma"]
    return tuple(matplotlib.colors.to_hex(ramp(0.93 - 0.81 * i / (N_HEAT - 1))) for i in range(N_HEAT))


def heat_color(level: float) -> tuple[str, str]:
    """The colour of a level from 0 to 1, at the ends of the scale what lies beyond; and that of ink upon it."""
    place = int(np.clip(np.nan_to_num(level) * N_HEAT, 0, N_HEAT - 1))
    return heat_colors()[place], "#000000" if place < N_HEAT / 2 else "#ffffff"


@dataclass(frozen=True)
class Drawing:
    """A figure that is drawn when it is needed.

    Parameters
    ----------
    name : str
        That of its file.
    draw : callable
        Draws on a bare figure.
    height_in, width_in : float
    caption : str
    """

    name: str
    draw: Callable[[Figure], None]
    height_in: float
    width_in: float = WIDTH_IN
    caption: str = ""
    kind = "drawing"

    def svg(self) -> str:
        """An ``<svg>`` element for a page, with the page's font."""
        svg = self.file("svg").decode()
        # Several figures stand in one page: names of groups, which nothing refers to, would be there twice.
        return re.sub(r'<g id="[^"]*"', "<g", svg[svg.index("<svg") :])

    def file(self, kind: Literal["svg", "pdf"]) -> bytes:
        """A whole file, drawn in this style alone, whatever the user's; the same drawing gives the same bytes."""
        matplotlib = _matplotlib()
        out = io.BytesIO()
        unset = {"svg": ("Date", "Creator", "Format", "Type"), "pdf": ("CreationDate", "Creator", "Producer")}[kind]
        with matplotlib.style.context(["default", STYLE | {"svg.hashsalt": self.name}]), warnings.catch_warnings():
            # The reader will draw these letters with other fonts.
            warnings.filterwarnings("ignore", r"Glyph \d+ .*missing from font|Matplotlib currently does not support")
            figure = matplotlib.figure.Figure(figsize=(self.width_in, self.height_in), layout="constrained")
            self.draw(figure)
            figure.savefig(out, format=kind, metadata=dict.fromkeys(unset))
        return out.getvalue()


def chance_line(line: Callable[..., Any], chance: float) -> None:
    """Draw chance with an axes' ``axhline`` or ``axvline``, in per cent."""
    line(100 * chance, color=SOFT, linewidth=1, linestyle=(0, (4, 3)), zorder=1)


def heat_bar(ax: Axes, low: float, high: float, title: str) -> None:
    """Draw which heat colour is how much, from low to high, in per cent."""
    edges = np.linspace(100 * low, 100 * high, N_HEAT + 1)
    # Each colour reaches under the next one, so that no seam shows between them.
    ax.bar(edges[:-1], 1, edges[-1] - edges[:-1], align="edge", color=heat_colors(), linewidth=0)
    ax.set_title(title)
    ticks = [edges[0], edges[N_HEAT // 2], edges[-1]]
    ax.set_xticks(ticks, [f"{ticks[0]:.1f}", f"{ticks[1]:.1f}", f"{ticks[2]:.1f} %"])
    ax.set_xlim(edges[0], edges[-1])
    ax.set_yticks([])
    ax.spines[:].set_visible(False)


def layer_ticks(ax: Axes, layers: Sequence[str], column_in: float) -> None:
    """Name the layers below columns that are so wide, as many as there is room for."""
    turned = max(map(len, layers)) * LETTER_IN > max(2 * LETTER_IN, column_in)
    every = max(1, round((TICK_IN if turned else 0.22) / column_in + 0.49))
    ax.set_xticks(np.arange(len(layers))[::every] + 0.5, layers[::every], rotation=90 if turned else 0)


def short(label: str, longest: int = LONGEST_LABEL) -> str:
    """The label on one line, cut where it is too long.

    Examples
    --------
    >>> short("a label of\\nmany words")
    'a label of many w…'
    """
    label = " ".join(str(label).split())
    return label if len(label) <= longest else label[: longest - 1] + "…"


STYLE: dict[str, Any] = {
    "svg.fonttype": "none",  # text stays text: it can be searched and copied, and the browser knows all alphabets
    "pdf.fonttype": 42,  # and so it does in print
    "text.parse_math": False,  # a label may hold dollars
    "font.size": 10,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": RULE,
    "axes.titlecolor": INK,
    "axes.titlesize": 10,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.color": RULE,
    "ytick.color": RULE,
    "xtick.labelcolor": SOFT,
    "ytick.labelcolor": INK,
    "xtick.major.size": 3,
    "ytick.major.size": 0,
    "legend.frameon": False,
    "savefig.transparent": True,
}


def _matplotlib() -> Any:
    try:
        import matplotlib.figure
        import matplotlib.style
    except ImportError as error:
        raise MissingExtraError("drawing figures needs matplotlib; install hotwire[all]") from error
    return matplotlib
