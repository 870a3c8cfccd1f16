"""One small language model for all tests of gist."""

from __future__ import annotations

import pytest

from hotwire.models.networks.language.language_model import LanguageModel

from ..small_study import save_network


@pytest.fixture(scope="session")
def network(tmp_path_factory: pytest.TempPathFactory) -> LanguageModel:
    folder = tmp_path_factory.mktemp("network")
    save_network(folder)
    return LanguageModel.open(folder)
