"""A page on a phone, in a real browser: nothing is cut off but what scrolls."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from matplotlib.figure import Figure

from hotwire.decoder.report.drawing import Drawing
from hotwire.decoder.report.html import write_page
from hotwire.decoder.report.result import Number, PageSection, Sentence, Table

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
WIDTH = 390
PATH = "/home/somebody/a/very/long/path/without/a/space/to/the/responses/of/all/neurons.tsv"
WORDS = "what the columns are, in a sentence that is far wider than a phone " * 3

playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine (Debian: apt install chromium)"),
]


class Wide:
    """A result with all that may be too wide."""

    def lead(self) -> str:
        return PATH

    def numbers(self) -> list[Number]:
        return [Number("0.5", WORDS)]

    def sentences(self) -> list[Sentence]:
        return [Sentence(PATH)]

    def summary(self) -> dict[str, Any]:
        return {}

    def tables(self) -> list[Table]:
        return []

    def figures(self) -> list[Drawing]:
        return []

    def sections(self) -> list[PageSection]:
        table = Table([f"column {i}" for i in range(12)], [["1.00 [0.50, 1.50]"] * 12], WORDS)
        drawing = Drawing("wide", draw, 2.0, caption=WORDS)
        return [PageSection("All", [PATH, {"where": PATH, "what": WORDS}, table, drawing])]


def draw(figure: Figure) -> None:
    figure.subplots().plot([0, 1])


@pytest.fixture
def page(tmp_path: Path) -> Iterator[Any]:
    path = write_page(Wide(), tmp_path / "wide.html", title=PATH, command=PATH, studies={"study.toml": PATH})
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        one = browser.new_page(viewport={"width": WIDTH, "height": 844})
        one.goto(path.as_uri())
        yield one
        browser.close()


def test_only_tables_and_drawings_scroll(page: Any) -> None:
    cut = page.evaluate(
        """() => [...document.querySelectorAll("body *")]
            .filter((one) => !one.closest(".scroll") && one.getBoundingClientRect().right > innerWidth + 1)
            .map((one) => `${one.tagName}: ${one.textContent.trim().slice(0, 50)}`)"""
    )
    assert cut == []
    assert page.evaluate("document.documentElement.scrollWidth") == WIDTH
    widths = page.evaluate("[...document.querySelectorAll('.scroll')].map((one) => one.scrollWidth)")
    assert len(widths) == 2
    assert min(widths) > WIDTH  # a drawing that shrank to the screen could not be read
