"""What all figures share: colours that can be told apart, and one style whatever the user's."""

from __future__ import annotations

import matplotlib
import numpy as np
from matplotlib.figure import Figure

from hotwire.decoder.report.drawing import SERIES, Drawing
from hotwire.decoder.report.heat import N_HEAT, heat_color, heat_colors


def test_heat_changes_evenly_in_lightness() -> None:
    rgb = np.array([[int(one[i : i + 2], 16) / 255 for i in (1, 3, 5)] for one in heat_colors()])
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    lightness = 116 * np.cbrt(linear @ [0.2126, 0.7152, 0.0722]) - 16
    steps = -np.diff(lightness)
    assert steps.min() > 0
    # The colours have 8 bits a channel, which alone makes steps differ.
    assert np.abs(np.convolve(steps, np.ones(8) / 8, "valid") - steps.mean()).max() < 0.3 * steps.mean()


def test_levels_beyond_the_scale_have_the_colours_of_its_ends() -> None:
    assert [heat_color(level)[0] for level in (-1.0, 0.0, 1.0, 2.0, np.nan)] == [
        heat_colors()[i] for i in (0, 0, N_HEAT - 1, N_HEAT - 1, 0)
    ]


def test_the_users_style_changes_nothing() -> None:
    def draw(figure: Figure) -> None:
        figure.subplots().plot([0, 1], color=SERIES[2], label="a $line$")

    drawing = Drawing("line", draw, 1.0)
    svg = drawing.svg()
    assert svg.startswith("<svg")
    assert f"stroke: {SERIES[2]}" in svg
    assert "<metadata" not in svg
    with matplotlib.rc_context({"font.size": 30, "svg.fonttype": "path", "axes.grid": True}):
        assert drawing.svg() == svg
