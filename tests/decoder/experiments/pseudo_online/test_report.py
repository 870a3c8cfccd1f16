"""The page of a pseudo-online evaluation."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hotwire.decoder import Decoder, Recording
from hotwire.decoder.experiments.pseudo_online.report import PseudoOnlineReport
from hotwire.decoder.experiments.pseudo_online.run import pseudo_online
from hotwire.decoder.report.html import write_page
from hotwire.errors import InputError


@pytest.mark.parametrize("windows", ["sliding", "events"])
def test_the_page_is_the_same_twice(
    windows: Any, streams: Callable[..., Recording], decoders: Callable[..., Decoder], tmp_path: Path
) -> None:
    found = pseudo_online(decoders(), streams(), windows=windows, threshold=0.6, n_permutations=50)
    pages = []
    for name in ("one.html", "two.html"):
        path = write_page(PseudoOnlineReport(found, "a stream"), tmp_path / name, title="<b>title</b>")
        pages.append(path.read_bytes())
    assert pages[0] == pages[1]
    assert b"<b>title</b>" not in pages[0]
    assert (b"activations per minute of rest" in pages[0]) == (windows == "sliding")
    with pytest.raises(InputError, match="folder"):
        write_page(PseudoOnlineReport(found, ""), tmp_path / "none" / "one.html", title="")


def test_a_page_says_where_nothing_activated(
    streams: Callable[..., Recording], decoders: Callable[..., Decoder], tmp_path: Path
) -> None:
    found = pseudo_online(decoders(), streams(), threshold=0.99999, n_permutations=50)
    assert found.events.missed == 1.0
    path = write_page(PseudoOnlineReport(found, "a stream"), tmp_path / "page.html", title="quiet")
    assert "Nothing ever activated" in path.read_text(encoding="utf-8")
