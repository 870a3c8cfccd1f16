from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from hotwire.errors import DownloadError
from hotwire.models import fetch

# How long an example takes says how busy the machine is, not whether the code is right.
settings.register_profile("no time limits", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("no time limits")


@pytest.fixture(scope="session")
def fetched() -> Callable[[str], Path]:
    """The folder of a real asset, fetched if need be; a machine without a network skips, and says why."""

    def folder(name: str) -> Path:
        try:
            return fetch(name)
        except DownloadError as error:
            pytest.skip(f"needs {name}: {error}")

    return folder


@pytest.fixture(scope="session", autouse=True)
def nothing_is_kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[], Path]]:
    """Activations, texts and results of maps from tests do not fill the user's cache; gives what said where it is."""
    from hotwire.decoder.experiments.encoding import run as encoding
    from hotwire.decoder.experiments.maps import run
    from hotwire.models.cache import read_words, recorded

    folder, usual = tmp_path_factory.mktemp("kept"), recorded.activations_folder
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(recorded, "activations_folder", lambda: folder / "activations")
        patch.setattr(read_words, "texts_folder", lambda: folder / "texts")
        patch.setattr(run, "results_folder", lambda: folder / "maps")
        patch.setattr(encoding, "results_folder", lambda: folder / "encodings")
        yield usual
