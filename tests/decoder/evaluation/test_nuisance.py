from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from hotwire.decoder.evaluation.nuisance import OF_PICTURES, nuisance
from hotwire.decoder.targets import StimulusTargets, Targets, WordTargets
from hotwire.models import Network


def measured(network: Network, *stimuli: Any) -> dict[str, list[float]]:
    """The nuisances of stimuli, next to a plain grey square that makes all of them differ."""
    found = nuisance(StimulusTargets({str(i): stimulus for i, stimulus in enumerate(stimuli)}, network))
    assert found is not None
    names, values = found
    assert values.shape == (len(stimuli), len(names))
    return {name: values[:, i].tolist() for i, name in enumerate(names)}


def plain(red: int, green: int, blue: int) -> np.ndarray:
    return np.full((8, 8, 3), (red, green, blue), np.uint8)


def stripes(width: int) -> np.ndarray:
    """Black and white, so many pixels wide."""
    on = (np.arange(8) // width % 2).astype(np.uint8) * 255
    return np.broadcast_to(on[None, :, None], (8, 8, 3)).copy()


def test_light_contrast_and_fine_detail_of_pictures(network: Network) -> None:
    found = measured(network, plain(0, 0, 0), plain(255, 255, 255), stripes(1), stripes(4))
    assert tuple(found) == ("luminance", "contrast", "fine detail")  # no picture has a colour
    np.testing.assert_allclose(found["luminance"], [0, 1, 0.5, 0.5])
    np.testing.assert_allclose(found["contrast"], [0, 0, 0.5, 0.5], atol=1e-12)
    # Stripes of one pixel have nothing but fine detail; of wide ones the third harmonic and up are left.
    detail = found["fine detail"]
    np.testing.assert_allclose(detail[:3], [0, 0, 0.5], atol=1e-12)
    assert 0 < detail[3] < 0.25


def test_opponent_colours(network: Network) -> None:
    found = measured(network, plain(255, 0, 0), plain(0, 255, 0), plain(0, 0, 255), plain(255, 255, 0))
    assert set(found) < set(OF_PICTURES)
    np.testing.assert_allclose(found["red to green"], [1, -1, 0, 0])
    np.testing.assert_allclose(found["blue to yellow"], [-0.5, -0.5, 1, -1])


def test_the_same_picture_in_every_form(network: Network, tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, size=(6, 7, 3)).astype(np.uint8)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    forms = [pixels, Image.fromarray(pixels), tmp_path / "a.png", str(tmp_path / "a.png"), pixels / 255.0]
    for values in measured(network, plain(0, 0, 0), *forms).values():
        np.testing.assert_allclose(values[1:], values[1])
    grey = pixels[:, :, 0]
    for values in measured(network, plain(0, 0, 0), grey, Image.fromarray(grey)).values():
        np.testing.assert_allclose(values[1:], values[1])


def test_length_of_words(network: Network) -> None:
    names, values = nuisance(WordTargets({"a": "polar bear", "b": ("cat", "kitten"), "c": "x-ray"})) or ((), [])
    assert names == ("letters", "words")
    assert np.asarray(values).tolist() == [[9.0, 2.0], [4.5, 1.0], [4.0, 1.0]]
    assert measured(network, "a cat", "two cats") == {"letters": [4.0, 7.0]}


@pytest.mark.parametrize("stimuli", [[np.zeros(100), np.ones(100)], [{"a": 1}, {"a": 2}], [plain(1, 2, 3)] * 2])
def test_nothing_to_tell(network: Network, stimuli: list[Any]) -> None:
    assert nuisance(StimulusTargets(dict(zip("ab", stimuli, strict=True)), network)) is None


def test_targets_of_another_kind() -> None:
    class Other(WordTargets.__base__):  # type: ignore[misc, name-defined]
        keys = answers = ("a",)

        def key_of(self, trials: Any) -> Any: ...

        def truth(self) -> Any: ...

        def activations(self, network: Any, layers: Any) -> Any: ...

        def to_dict(self) -> Any: ...

    assert issubclass(Other, Targets)
    assert nuisance(Other()) is None
