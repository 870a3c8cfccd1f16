"""Metamers of small networks, whose layers are known to keep, or to lose, what a picture shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from scipy.stats import spearmanr
from torch import nn

from hotwire.decoder.experiments.synthesis.metamers.approach import answers, approach
from hotwire.decoder.experiments.synthesis.metamers.result import Metamers
from hotwire.decoder.experiments.synthesis.metamers.run import make_metamers
from hotwire.decoder.experiments.synthesis.metamers.section import metamers_of
from hotwire.decoder.experiments.synthesis.metamers.settings import MetamerSettings
from hotwire.decoder.study.study import open_study
from hotwire.errors import InputError, UnknownNameError
from hotwire.models.networks.network import Network
from hotwire.models.networks.outline import Outline
from hotwire.models.networks.torch_network import TorchNetwork
from hotwire.models.networks.vision import VisionNetwork

SIDE = 8
SETTINGS = MetamerSettings(n_pictures=9, n_untrained=2, n_null=10, n_steps=120, step=0.05, n_draws=200)
LABELS = ("dark left", "dark right")


class LeftRight(nn.Module):
    """Says which half is brighter: `kept` has all of the picture, `halves` no more than it takes."""

    def __init__(self, seed: int, side: int) -> None:
        super().__init__()
        torch.manual_seed(seed)
        self.kept = nn.Sequential(nn.Flatten(), nn.Linear(3 * side**2, 4 * side**2), nn.LeakyReLU(0.5))
        self.halves = nn.Linear(4 * side**2, 2)
        pixels, half = torch.randn(300, 3, side, side), torch.zeros(side, dtype=torch.bool)
        half[: side // 2] = True
        means = torch.stack([pixels[..., ~half].mean(dim=(1, 2, 3)), pixels[..., half].mean(dim=(1, 2, 3))], 1)
        with torch.no_grad():
            self.halves.weight[:] = torch.linalg.lstsq(self.kept(pixels), means).solution.T
            self.halves.bias.zero_()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.halves(self.kept(x))


def vision(seed: int, side: int = SIDE, labels: tuple[str, ...] | None = LABELS) -> VisionNetwork:
    module = LeftRight(seed, side)
    return VisionNetwork(module, side, mean=127, scale=64, layers=["kept", "halves"], name=f"net-{seed}", labels=labels)


def rho(one: np.ndarray, other: np.ndarray) -> float:
    found: Any = spearmanr(one, other)
    return found.statistic


def photographs(n: int = 40) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    pictures = rng.integers(40, 160, (n, SIDE, SIDE + 2, 3))
    for picture in pictures:
        half = slice(None, 5) if rng.random() < 0.5 else slice(5, None)
        picture[:, half] += 60
    return {f"{i}.png": picture.astype(np.uint8) for i, picture in enumerate(pictures)}


class Brightness:
    """A model of three sites: one for the mean of each half, and one that it does not know."""

    name = "brightness"
    ingredients = None

    def responses(self, pictures: Sequence[Any]) -> np.ndarray:
        halves = [np.asarray(pictures)[:, :, half].mean(axis=(1, 2, 3)) for half in (slice(4), slice(4, None))]
        return np.stack([*halves, np.full(len(pictures), np.nan)], 1)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Metamers:
    folder = tmp_path_factory.mktemp("states")
    others = {"net-1": vision(1, 12)}
    return make_metamers(
        photographs(), vision(0), ["halves", "kept"], others, SETTINGS, judges=[Brightness()], folder=folder
    )


def test_each_layer_is_matched_and_keeps_the_class(made: Metamers) -> None:
    assert [of.layer for of in made.layers] == ["kept", "halves"]  # in the order of computation
    for of in made.layers:
        assert of.made.shape == made.originals.shape == (9, SIDE, SIDE, 3)
        assert of.made.dtype == np.uint8
        assert of.distance.max() < 0.1
        assert of.success.all() or of.layer == "halves"
        assert of.kept.all()
    kept, halves = made.layers
    difference = [np.abs(of.made.astype(float) - made.originals).mean() for of in (kept, halves)]
    assert difference[0] < 10 < difference[1]  # the whole picture is in the first layer alone


def test_correlations_are_scipys(made: Metamers) -> None:
    network, pictures = vision(0), photographs()
    of = made.layers[0]
    own, theirs = (network.activations(one, ["kept"])["kept"] for one in (made.originals, of.made))
    np.testing.assert_allclose(of.rho, [rho(one, other) for one, other in zip(own, theirs, strict=True)], atol=1e-5)
    rest = [name for name in np.random.default_rng(0).permutation(list(pictures)) if name not in made.pictures][:10]
    null = network.activations([np.ascontiguousarray(pictures[name][:, 1:-1]) for name in rest], ["kept"])["kept"]
    pairs = [rho(null[i], null[j]) for i in range(10) for j in range(i)]
    assert of.null == pytest.approx(np.quantile(pairs, 0.99), abs=1e-5)


def test_others_are_asked_and_all_see_the_originals_alike(made: Metamers) -> None:
    network, other = vision(0), vision(1, 12)
    for one in (network, other):
        assert answers(one, made.originals).tolist() == list(made.classes)
    for of in made.layers:
        right = answers(other, of.made) == np.array(made.classes)
        assert of.recognised["net-1"].tolist() == right.tolist()
        assert made.recognised[of.layer].value == right.mean()
        assert made.recognised[of.layer].low <= right.mean() <= made.recognised[of.layer].high
    assert made.fall.value == pytest.approx(made.recognised["kept"].value - made.recognised["halves"].value)


def test_models_of_sites_are_asked_how_these_would_respond(made: Metamers) -> None:
    judge = Brightness()
    for of in made.layers:
        both = [judge.responses(list(pictures))[:, :2] for pictures in (of.made, made.originals)]
        of_sites = [np.corrcoef(both[0][:, site], both[1][:, site])[0, 1] for site in range(2)]
        found = of.judged["brightness"]
        assert found.value == pytest.approx(np.median(of_sites))
        assert found.low <= found.value <= found.high
    assert made.layers[0].judged["brightness"].value > 0.99  # the first layer has the whole picture
    assert not any(of.judged for of in made.untrained)


def test_metamers_of_the_untrained_network_are_alike_in_that(made: Metamers) -> None:
    assert [len(of.made) for of in made.untrained] == [2, 2]
    random = vision(0).untrained(0)
    of = made.untrained[0]
    own, theirs = (random.activations(one, ["kept"])["kept"] for one in (made.originals[:2], of.made))
    np.testing.assert_allclose(of.rho[0], rho(own[0], theirs[0]), atol=1e-5)


def test_those_that_are_not_near_go_on_where_they_are(tmp_path: Path) -> None:
    """And what one picture gets does not depend on the others."""
    photographs = 0.3 + 0.4 * torch.rand(3, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(0))
    one = replace(SETTINGS, n_steps=25, max_rounds=1)
    first = approach(vision(0), "kept", photographs, one, tmp_path)
    order = np.argsort(first.distance)
    several = replace(one, max_rounds=3, near=float(first.distance[order[:2]].mean()))
    whole = approach(vision(0), "kept", photographs, several, tmp_path)
    near, *far = order.tolist()
    assert whole.n_rounds[near] == 1
    np.testing.assert_array_equal(whole.made[near], first.made[near])
    assert (whole.n_rounds[far] > 1).all()
    assert (whole.distance[far] < first.distance[far]).all()
    again = approach(vision(0), "kept", photographs, several, tmp_path, np.array(["another class"] * 3))
    assert again.n_rounds.tolist() == [3, 3, 3]
    assert again.distance[near] < whole.distance[near]
    alone = approach(vision(0), "kept", photographs[:2], several, tmp_path / "alone")
    np.testing.assert_allclose(alone.made, whole.made[:2], atol=1e-4)


def test_what_was_made_is_not_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    few = replace(SETTINGS, n_pictures=2, n_untrained=0, n_steps=30, near=1.0)
    arguments = photographs(), vision(0), ["halves"], {"net-1": vision(1)}, few
    first = make_metamers(*arguments, folder=tmp_path)
    steps = []
    monkeypatch.setattr(torch.optim.Adam, "step", lambda self, closure=None: steps.append(self))
    again = make_metamers(*arguments, folder=tmp_path)
    np.testing.assert_array_equal(again.layers[0].made, first.layers[0].made)
    assert not steps
    make_metamers(*arguments[:-1], replace(few, seed=1), folder=tmp_path)
    assert len(steps) == few.n_steps


def test_a_study_gives_the_pictures_of_its_recording(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    networks = {"efficientnet-lite0": vision(0), "efficientnet-lite1": vision(1)}
    monkeypatch.setattr("hotwire.decoder.study.networks.open_network", lambda name, **_: networks[name])
    monkeypatch.setenv("HOTWIRE_CACHE", str(tmp_path / "cache"))
    (tmp_path / "pictures").mkdir()
    pictures = photographs(30)
    for name, picture in pictures.items():
        Image.fromarray(picture).save(tmp_path / "pictures" / name)
    np.save(tmp_path / "responses.npy", np.random.default_rng(0).normal(size=(2, 30)))
    (tmp_path / "study.toml").write_text(
        """
        recording = { kind = "responses", responses = "responses.npy", stimuli = "pictures" }
        network = { name = "efficientnet-lite0" }
        targets = { stimuli = "recording" }
        decoder = { layer = "pooled" }
        [metamers]
        others = [{ name = "efficientnet-lite1" }]
        n_pictures = 2
        n_untrained = 0
        n_null = 10
        n_steps = 3
        max_rounds = 2
        """
    )
    monkeypatch.setattr(Outline, "check_layer", lambda self, layer: None)  # of the registry's network
    found = metamers_of(open_study(tmp_path / "study.toml"), ["kept"])
    assert set(found.pictures) < set(pictures)
    assert found.others == ("efficientnet-lite1",)
    assert [of.layer for of in found.layers] == ["kept"]
    assert len(list((tmp_path / "cache" / "metamers").glob("*.npz"))) == 2  # neither is near after a round


@pytest.mark.parametrize(
    ("change", "error", "what"),
    [
        ({"layers": ["kepd"]}, UnknownNameError, "unknown layer 'kepd'; did you mean 'kept'"),
        ({"layers": []}, InputError, "layers: expected one or more"),
        ({"others": {}}, InputError, "others: expected one or more"),
        ({"others": {"net": vision(1, labels=None)}}, InputError, "net-1 does not name its outputs"),
        (
            {"others": {"net": vision(1, labels=("up", "down"))}},
            InputError,
            "at most the 0 of 40 .* net-0, .*; give more pictures: 2",
        ),
        (
            {"settings": replace(SETTINGS, n_null=38)},
            InputError,
            r"n_null: .* at most the 31 .*got 38; write n_null = 31 in",
        ),
        (
            {"settings": replace(SETTINGS, n_pictures=39)},
            InputError,
            r"n_null: .* got 10; write n_pictures = 30 in",
        ),
        ({"network": TorchNetwork(nn.Sequential(nn.Linear(2, 2)), torch.ones(1, 2))}, InputError, "takes no pictures"),
    ],
)
def test_what_cannot_be_made(change: dict, error: type[InputError], what: str, tmp_path: Path) -> None:
    others: dict[str, Network] = {"net-1": vision(1)}
    arguments = {"network": vision(0), "layers": ["kept"], "others": others, "settings": SETTINGS} | change
    with pytest.raises(error, match=what):
        make_metamers(photographs(), **arguments, folder=tmp_path)


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"n_pictures": 1}, "n_pictures: expected 2 or more, got 1"),
        ({"n_untrained": 17}, "n_untrained: expected at most n_pictures, 16, got 17"),
        ({"near": 0.0}, "near: expected a relative distance above 0, such as 0.07, got 0.0"),
        ({"max_rounds": 0}, "max_rounds: expected 1 or more, got 0"),
        ({"n_steps": 0}, "n_steps: expected 1 or more, got 0"),
    ],
)
def test_what_are_no_settings(change: dict, what: str) -> None:
    with pytest.raises(InputError, match=what):
        MetamerSettings(**change)
