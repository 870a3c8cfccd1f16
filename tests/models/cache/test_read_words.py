"""What a network says of texts, kept on disk: each text is read once, and only what is missing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from hotwire.errors import AssetError, InputError
from hotwire.models.cache import read_words as module
from hotwire.models.cache.read_words import read_words
from hotwire.models.networks.language.language_model import LanguageModel
from hotwire.models.networks.language.reading import read_text
from hotwire.models.networks.language.sliding_pass import SlidingPass

from ...decoder.small_study import save_network

TEXTS = [[[1], [2, 3], [4]], [[5, 6], [7]], [[8]]]


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> LanguageModel:
    folder = tmp_path_factory.mktemp("network")
    save_network(folder)
    return LanguageModel.open(folder)


@pytest.fixture
def texts_read(monkeypatch: pytest.MonkeyPatch) -> list[tuple[list[int], Any]]:
    """The layers and texts of each reading, as they come."""
    noted: list[tuple[list[int], Any]] = []

    def read(sliding: SlidingPass, layers: list[int], text: Any, *progress: Any) -> Any:
        noted.append((layers, text))
        return read_text(sliding, layers, text, *progress)

    monkeypatch.setattr(module, "read_text", read)
    return noted


def test_a_text_is_read_once(network: LanguageModel, tmp_path: Path, texts_read: list) -> None:
    first = read_words(network, ["1", "2"], [TEXTS[0], TEXTS[1], TEXTS[0]], folder=tmp_path)
    assert texts_read[1:] == [([1, 2], TEXTS[0]), ([1, 2], TEXTS[1])]  # the first is the probe
    for found, text in zip(first, [TEXTS[0], TEXTS[1], TEXTS[0]], strict=True):
        expected = read_text(SlidingPass(network, "1"), [1, 2], text)
        for layer in ("1", "2"):
            np.testing.assert_allclose(found.states[layer], expected.states[layer], atol=1e-5)
        np.testing.assert_allclose(found.surprisal, expected.surprisal, atol=1e-5)
    texts_read.clear()
    again = read_words(network, ["2"], [TEXTS[1], TEXTS[2]], folder=tmp_path)
    assert texts_read[1:] == [([2], TEXTS[2])]
    np.testing.assert_array_equal(again[0].states["2"], first[1].states["2"])
    texts_read.clear()
    other = read_words(network, ["2"], [TEXTS[1]], n_tokens=4, folder=tmp_path)
    assert texts_read[1:] == [([2], TEXTS[1])]
    assert len(other[0].surprisal) == 2


def test_what_was_read_by_other_code_is_not_used(
    network: LanguageModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read_words(network, ["1"], TEXTS, folder=tmp_path)

    def log_p(self: SlidingPass, hidden: torch.Tensor) -> torch.Tensor:
        return 1.01 * usual(self, hidden)

    usual = SlidingPass.log_p
    monkeypatch.setattr(SlidingPass, "log_p", log_p)
    with pytest.raises(AssetError, match="its texts were read by other code than this; delete this folder"):
        read_words(network, ["1"], TEXTS, folder=tmp_path)


def test_a_damaged_file_is_read_again(network: LanguageModel, tmp_path: Path) -> None:
    [first] = read_words(network, ["1"], TEXTS[:1], folder=tmp_path)
    expected = np.array(first.states["1"])
    [file] = tmp_path.glob("*/*-layer-1.npy")
    file.write_bytes(file.read_bytes()[:-8])
    with pytest.warns(UserWarning, match="is damaged; it is recorded anew"):
        [again] = read_words(network, ["1"], TEXTS[:1], folder=tmp_path)
    np.testing.assert_allclose(again.states["1"], expected, atol=1e-5)


def test_faults(network: LanguageModel, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="expected words in each, got none in text 2"):
        read_words(network, ["1"], [TEXTS[0], []], folder=tmp_path)
