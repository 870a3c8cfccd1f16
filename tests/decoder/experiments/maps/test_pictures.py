"""Drawings of what a network sees in activity: like what was shown where there is something to see, else not."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from hotwire.decoder import LabelReadout, Settings, WordTargets
from hotwire.decoder.experiments.maps.pictures import Drawings, draw_trials, likeness, mean_likeness
from hotwire.decoder.experiments.maps.pictures_figure import pictures_figure
from hotwire.decoder.experiments.maps.session import MapSession
from hotwire.decoder.experiments.maps.settings import MapSettings, NetworkSpec
from hotwire.decoder.readers.arrays.named_arrays import read_named_arrays
from hotwire.decoder.readers.arrays.stored_pictures import read_stored_pictures
from hotwire.decoder.targets import StimulusTargets
from hotwire.errors import InputError, ShapeError, UnknownNameError
from hotwire.models.networks.network import Network
from hotwire.models.training.small_training import train_small_vision

pytestmark = pytest.mark.slow  # a network is trained first


def discs(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """A light disc on the left or on the right, anywhere there, (n, 12, 12)."""
    rng = np.random.default_rng(seed)
    right = np.arange(n) % 2
    y, x = rng.uniform(2, 10, n), rng.uniform(1.5, 4.5, n) + 6 * right
    place_y, place_x = np.mgrid[:12, :12]
    distance = np.hypot(place_y - y[:, None, None], place_x - x[:, None, None])
    return (255 * np.exp(-((distance / 2) ** 2))).astype(np.uint8), np.where(right, "right", "left")


@pytest.fixture(scope="module")
def opened(tmp_path_factory) -> Iterator[tuple[MapSession, Network]]:
    folder = tmp_path_factory.mktemp("discs")
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("HOTWIRE_CACHE", str(folder / "cache"))
        pictures, labels = discs(500, seed=0)
        vision = train_small_vision(pictures, labels.tolist())
        shown, label = discs(60, seed=1)
        rng = np.random.default_rng(2)
        seen = shown.reshape(60, -1) @ rng.normal(size=(144, 40)) / 255
        np.savez(folder / "r.npz", Y=np.hstack([seen, rng.normal(size=(60, 40))]), label=label, X=shown)
        recording = read_named_arrays(folder / "r.npz", "Y", "label", stimuli="X")
        targets = StimulusTargets(read_stored_pictures(folder / "r.npz", "X"), vision.names)
        session = MapSession(
            "discs",
            recording,
            {"seeing": np.arange(40), "blind": np.arange(40, 80)},
            [NetworkSpec(vision.names, targets, tuple(vision.names.layers), LabelReadout())],
            MapSettings(Settings("latent"), folds=6, n_shuffles=4, n_permutations=50),
        )
        session.prepare()
        yield session, vision.draws


@pytest.fixture(scope="module")
def drawn(opened) -> Drawings:
    session, drawing = opened
    return draw_trials(session, next(iter(session.networks)), drawing)


def test_what_was_seen_is_drawn_and_what_was_not_is_not(opened, drawn):
    shown, label = discs(60, seed=1)
    np.testing.assert_allclose(drawn.stimulus, shown / 255, atol=1e-6)
    assert drawn.label.tolist() == label.tolist()
    assert drawn.layer == "latent"

    def of(pictures):
        return likeness(pictures, drawn.stimulus, drawn.label)

    assert of(drawn.ceiling).identified > 0.97
    assert of(drawn.ceiling).correlation >= of(drawn.regions["seeing"]).correlation > 0.7
    assert of(drawn.regions["seeing"]).identified_within > 0.9
    assert of(drawn.regions["blind"]).identified < 0.7
    assert drawn.shuffled["seeing"].shape == (4, 60, 12, 12)
    assert mean_likeness(drawn.shuffled["seeing"], drawn.stimulus, drawn.label).identified < 0.7


def test_the_ceiling_is_what_the_network_draws_of_the_pictures(opened, drawn):
    session, drawing = opened
    targets = next(iter(session.networks.values())).targets
    order = [int(name.removeprefix("picture_")) for name in targets.keys]
    expected = drawing.outputs(list(targets.stimuli.values())).reshape(-1, 12, 12)
    np.testing.assert_allclose(drawn.ceiling[order], expected, atol=1e-4)


def test_any_layer_of_the_drawing_network_can_be_entered(opened, drawn):
    session, drawing = opened
    early = draw_trials(session, next(iter(session.networks)), drawing, layer="conv1")
    assert early.layer == "conv1"
    assert likeness(early.regions["seeing"], drawn.stimulus, drawn.label).identified > 0.9
    np.testing.assert_allclose(early.ceiling, drawn.ceiling, atol=1e-4)


def test_a_layer_behind_which_nothing_draws_is_refused(opened):
    session, drawing = opened
    with pytest.raises(UnknownNameError, match=r"'logits'.*conv1, conv2, latent"):
        draw_trials(session, next(iter(session.networks)), drawing, layer="logits")


def test_words_cannot_be_drawn(opened, network, recording):
    words = WordTargets({"cat": "cat", "face": "face", "house": "house", "shoe": "shoe"})
    session = MapSession(
        "words",
        recording,
        {"all": np.arange(recording.n_features)},
        [NetworkSpec(network, words, tuple(network.layers), LabelReadout())],
        MapSettings(Settings("first")),
    )
    with pytest.raises(InputError, match=r"targets of .* are no pictures"):
        draw_trials(session, network.name, opened[1])


def test_likeness_is_counted_one_by_one():
    rng = np.random.default_rng(0)
    shown = rng.random((9, 3, 4))
    drawings = shown + rng.normal(0, 0.6, shown.shape)
    label = np.array(list("aababbbab"))
    r = [[np.corrcoef(one.ravel(), other.ravel())[0, 1] for other in shown] for one in drawings]
    beats = [[r[i][i] > r[i][k] for k in range(9) if k != i] for i in range(9)]
    within = [[r[i][i] > r[i][k] for k in range(9) if k != i and label[k] == label[i]] for i in range(9)]
    found = likeness(drawings, shown, label)
    assert found.correlation == pytest.approx(np.mean([r[i][i] for i in range(9)]))
    assert found.identified == pytest.approx(np.mean(beats))
    assert found.identified_within == pytest.approx(np.mean([float(np.mean(one)) for one in within]))
    both = mean_likeness(np.stack([drawings, shown]), shown, label)
    assert both.identified == pytest.approx((found.identified + 1) / 2)
    with pytest.raises(ShapeError, match="one for each picture"):
        likeness(drawings[1:], shown, label)


def test_the_figure_has_a_row_for_each_region(drawn, tmp_path: Path):
    figure = pictures_figure(drawn, n_of_each=5)
    svg = figure.svg()
    for name in ("shown", "ceiling", "seeing", "blind", "blind, shuffled", "left", "right"):
        assert f">{name}<" in svg
    assert len(re.findall("<image", svg)) == 5 * 2
    one = likeness(drawn.regions["seeing"], drawn.stimulus, drawn.label)
    assert f">{one.correlation:.2f} · {100 * one.identified:.0f} % · {100 * one.identified_within:.0f} %<" in svg
    assert svg == pictures_figure(drawn, n_of_each=5).svg()
    assert figure.file("pdf").startswith(b"%PDF")
