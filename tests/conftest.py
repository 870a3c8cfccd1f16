from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from hotwire.errors import DownloadError
from hotwire.models import fetch


@pytest.fixture(scope="session")
def fetched() -> Callable[[str], Path]:
    """The folder of a real asset, fetched if need be; a machine without a network skips, and says why."""

    def folder(name: str) -> Path:
        try:
            return fetch(name)
        except DownloadError as error:
            pytest.skip(f"needs {name}: {error}")

    return folder
