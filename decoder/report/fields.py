"""A picture of where receptive fields lie."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from .drawing import SOFT, Drawing
from .heat import heat_color

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def fields_figure(name: str, fields: NDArray[np.float64], r: NDArray[np.float64]) -> Drawing:
    """A circle for each site's field, (3, n_sites): the centre from the top and from the left, and the radius, in parts
    of the picture; coloured by the site's correlation r (n_sites,).
    """
    top = max(float(np.nanmax(r, initial=0.0)), 0.01)

    def draw(figure: Figure) -> None:
        from matplotlib.patches import Circle

        ax = figure.subplots()
        for i in np.argsort(np.nan_to_num(r)).tolist():  # those that are predicted best on top
            y, x, width = fields[:, i]
            color, _ = heat_color(float(r[i]) / top)
            ax.add_patch(Circle((x, y), width, fill=False, edgecolor=color, linewidth=1.4))
            ax.plot([x], [y], ".", color=color, markersize=5)
        ax.set_xlim(0, 1)
        ax.set_ylim(1, 0)
        ax.set_aspect("equal")
        ax.set_xticks([0, 0.5, 1])
        ax.set_yticks([0, 0.5, 1])
        ax.spines[:].set_visible(True)
        ax.spines[:].set_color(SOFT)

    caption = (
        f"{name}: the frame is the picture. Each circle is the receptive field of a site, through which it sees the "
        f"network's maps: one standard deviation of a Gaussian. Darker: predicted better (r up to {top:.2f})."
    )
    return Drawing(f"fields-{name.replace(' ', '-')}", draw, 5.0, 5.2, caption=caption)


def fields_figures(each: Mapping[str, NDArray[np.float64]], r: NDArray[np.float64]) -> list[Drawing]:
    """A picture for each network that has fields, by name."""
    return [fields_figure(name, fields, r) for name, fields in each.items()]
