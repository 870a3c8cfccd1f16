"""How figures are drawn: in one style, with the same colours in the page and in separate files."""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from ...errors import MissingExtraError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

INK, SOFT, RULE, ACCENT, PAPER = "#1b1d21", "#62666d", "#c9ccd1", "#0b5cad", "#ffffff"
SERIES = ("#5b16a5", "#a3248f", "#cf4a63", "#d9741c", "#a98600")
"""Colours of lines, in this order."""
DASHES = ("-", (0, (5, 2)), (0, (1, 1.5)), (0, (5, 1.5, 1, 1.5)), (0, (8, 2)))
"""Dashes of lines, so that no colour is needed."""
WIDTH_IN = 9.0
LONGEST_LABEL = 18


@dataclass(frozen=True)
class Drawing:
    """A figure that is drawn when it is needed, by `draw` on a bare figure; `name` is that of its file."""

    name: str
    draw: Callable[[Figure], None]
    height_in: float
    width_in: float = WIDTH_IN
    caption: str = ""
    kind = "drawing"

    def svg(self) -> str:
        """An ``<svg>`` element for a page, in the page's font."""
        svg = self.file("svg").decode()
        # A page has several figures: names of groups would be duplicates, and nothing refers to them.
        return re.sub(r'<g id="[^"]*"', "<g", svg[svg.index("<svg") :])

    def file(self, kind: Literal["svg", "pdf"]) -> bytes:
        """A whole file in this style alone, whatever the user's style is; the same drawing gives the same bytes."""
        matplotlib = opened_matplotlib()
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


def short(label: str, longest: int = LONGEST_LABEL) -> str:
    r"""The label on one line, cut where it is too long.

    Examples
    --------
    >>> short("a label of\nmany words")
    'a label of many w…'
    """
    label = " ".join(str(label).split())
    return label if len(label) <= longest else label[: longest - 1] + "…"


STYLE: dict[str, Any] = {
    "svg.fonttype": "none",  # text stays text: it can be searched and copied, and the browser knows all alphabets
    "pdf.fonttype": 42,  # text stays text here, too
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


def opened_matplotlib() -> Any:
    try:
        import matplotlib.figure
        import matplotlib.style
    except ImportError as error:
        raise MissingExtraError("drawing figures needs matplotlib; install hotwire[all]") from error
    return matplotlib
