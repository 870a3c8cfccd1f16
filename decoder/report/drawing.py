"""How figures are drawn: in the house's style, for a page whose colours they take, or for files of their own."""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from ...errors import MissingExtraError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

N_HEAT = 48
WIDTH_IN = 9.0
LONGEST_LABEL = 18


class Colors(NamedTuple):
    """What a figure is drawn with: `series` tell lines apart, in an order; `heat` grows evenly from low to high."""

    ink: str
    soft: str
    rule: str
    accent: str
    paper: str
    series: tuple[str, ...]
    heat: tuple[str, ...]


# Stand-ins for the page's colours: matplotlib writes them out, `Drawing.svg` puts the page's variables in their place.
PAGE = Colors(
    *("#010101", "#020202", "#030303", "#040404", "#050505"),
    series=tuple(f"#06{i:02x}01" for i in range(5)),
    heat=tuple(f"#07{i:02x}01" for i in range(N_HEAT)),
)

SCHEMES = {
    "light": (
        *("#1b1d21", "#62666d", "#c9ccd1", "#0b5cad", "#fdfdfb"),
        *("#5b16a5", "#a3248f", "#cf4a63", "#d9741c", "#a98600"),
    ),
    "dark": (
        *("#e9eaec", "#a3a8b0", "#474c54", "#79b8ff", "#15171a"),
        *("#a48dff", "#d97fe3", "#f28b9f", "#f5a25d", "#ecd04f"),
    ),
}


def page_variables(scheme: Literal["light", "dark"]) -> dict[str, str]:
    """What the page's variables for colours are in a scheme; the more heat, the further from the paper."""
    return dict(zip(_names(), (*SCHEMES[scheme], *heat_colors(scheme)), strict=True))


def heat_colors(scheme: Literal["light", "dark"]) -> tuple[str, ...]:
    """Colours of a heat map from low to high: matplotlib's magma, whose lightness changes evenly.

    Told apart by lightness alone, they need no colour vision. Low values are near the paper.
    """
    matplotlib = _matplotlib()
    ramp = matplotlib.colormaps["magma"]
    low, high = (0.93, 0.12) if scheme == "light" else (0.2, 0.97)
    return tuple(matplotlib.colors.to_hex(ramp(low + (high - low) * i / (N_HEAT - 1))) for i in range(N_HEAT))


@dataclass(frozen=True)
class Drawing:
    """A figure that is drawn when it is known what for.

    Parameters
    ----------
    name : str
    draw : callable
        Draws on a bare figure, with the colours it is given.
    height_in, width_in : float
    """

    name: str
    draw: Callable[[Figure, Colors], None]
    height_in: float
    width_in: float = WIDTH_IN

    def svg(self) -> str:
        """An ``<svg>`` element that takes its colours and its font from the page it stands in."""
        svg = self._written("svg", PAGE).decode()
        svg = svg[svg.index("<svg") :]
        svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
        # Several figures stand in one page: names of groups, which nothing refers to, would be there twice.
        svg = re.sub(r'<g id="[^"]*"', "<g", svg)
        variables = dict(zip(_stand_ins(PAGE), _names(), strict=True))
        colors = r"(?<=: )#0[1-7][0-9a-f]{2}0[1-5](?=[;\"])"
        return re.sub(colors, lambda found: f"var(--{variables[found[0]]}, {found[0]})", svg)

    def file(self, kind: Literal["svg", "pdf"]) -> bytes:
        """A whole file with colours for white paper."""
        return self._written(kind, _printed())

    def _written(self, kind: str, colors: Colors) -> bytes:
        """Draw with the house's style alone, whatever the user's."""
        matplotlib = _matplotlib()
        out = io.BytesIO()
        unset = {"svg": ("Date", "Creator"), "pdf": ("CreationDate", "Creator", "Producer")}[kind]
        with matplotlib.style.context(["default", _style(colors, self.name)]), warnings.catch_warnings():
            # The reader will draw these letters with other fonts.
            warnings.filterwarnings("ignore", r"Glyph \d+ .*missing from font|Matplotlib currently does not support")
            figure = matplotlib.figure.Figure(figsize=(self.width_in, self.height_in), layout="constrained")
            self.draw(figure, colors)
            figure.savefig(out, format=kind, metadata=dict.fromkeys(unset))
        return out.getvalue()


def chance_line(line: Callable[..., Any], chance: float, colors: Colors) -> None:
    """Draw chance with an axes' ``axhline`` or ``axvline``, in per cent."""
    line(100 * chance, color=colors.soft, linewidth=1, linestyle=(0, (4, 3)), zorder=1)


def short(label: str, longest: int = LONGEST_LABEL) -> str:
    """The label on one line, cut where it is too long.

    Examples
    --------
    >>> short("a label of\\nmany words")
    'a label of many w…'
    """
    label = " ".join(str(label).split())
    return label if len(label) <= longest else label[: longest - 1] + "…"


def _stand_ins(colors: Colors) -> tuple[str, ...]:
    return (*colors[:5], *colors.series, *colors.heat)


def _names() -> tuple[str, ...]:
    heat = (f"heat{i}" for i in range(len(PAGE.heat)))
    return ("ink", "soft", "rule", "accent", "paper", *(f"series{i}" for i in range(len(PAGE.series))), *heat)


def _printed() -> Colors:
    values = list((page_variables("light") | {"paper": "#ffffff"}).values())
    return Colors(*values[:5], series=tuple(values[5:10]), heat=tuple(values[10:]))


def _style(colors: Colors, salt: str) -> dict[str, Any]:
    return {
        "svg.fonttype": "none",  # text stays text: it can be searched and copied, and the browser knows all alphabets
        "svg.hashsalt": salt,
        "pdf.fonttype": 42,  # and so it does in print
        "text.parse_math": False,  # a label may hold dollars
        "font.size": 10,
        "text.color": colors.ink,
        "axes.labelcolor": colors.ink,
        "axes.edgecolor": colors.rule,
        "axes.titlesize": 10,
        "axes.titlelocation": "left",
        "axes.spines.top": False,
        "axes.spines.right": False,
        "xtick.color": colors.rule,
        "ytick.color": colors.rule,
        "xtick.labelcolor": colors.soft,
        "ytick.labelcolor": colors.ink,
        "xtick.major.size": 3,
        "ytick.major.size": 0,
        "savefig.transparent": True,
    }


def _matplotlib() -> Any:
    try:
        import matplotlib.figure
        import matplotlib.style
    except ImportError as error:
        raise MissingExtraError("drawing figures needs matplotlib; install hotwire[all]") from error
    return matplotlib
