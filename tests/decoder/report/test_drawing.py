"""What all figures share: colours that can be told apart, and labels that fit."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pytest
from matplotlib.figure import Figure

from hotwire.decoder.report.drawing import N_HEAT, PAGE, Colors, Drawing, heat_colors, page_variables


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_heat_changes_evenly_in_lightness(scheme: Literal["light", "dark"]) -> None:
    rgb = np.array([[int(one[i : i + 2], 16) / 255 for i in (1, 3, 5)] for one in heat_colors(scheme)])
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    lightness = 116 * np.cbrt(linear @ [0.2126, 0.7152, 0.0722]) - 16
    steps = np.diff(lightness) * (-1 if scheme == "light" else 1)
    assert steps.min() > 0
    # The colours have 8 bits a channel, which alone makes steps differ.
    assert np.abs(np.convolve(steps, np.ones(8) / 8, "valid") - steps.mean()).max() < 0.3 * steps.mean()


def test_both_schemes_have_every_colour() -> None:
    light, dark = page_variables("light"), page_variables("dark")
    assert list(light) == list(dark)
    assert len(set(light.values())) == len(light) == 5 + len(PAGE.series) + N_HEAT


def test_on_a_page_colours_are_the_pages_and_in_files_they_are_real() -> None:
    def draw(figure: Figure, colors: Colors) -> None:
        figure.subplots().plot([0, 1], color=colors.series[2])

    drawing = Drawing("line", draw, 1.0)
    assert "stroke: var(--series2, " in drawing.svg()
    svg = drawing.file("svg").decode()
    assert f"stroke: {page_variables('light')['series2']}" in svg
    assert "var(--" not in svg
