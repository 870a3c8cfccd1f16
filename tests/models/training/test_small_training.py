"""A small network for small pictures: it learns, is kept, and never meets what it is to be shown."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from hotwire.errors import InputError, ShapeError
from hotwire.models.training import small_training
from hotwire.models.training.small_training import too_alike, train_small_vision


def bars(n: int, seed: int) -> tuple[np.ndarray, list[str]]:
    """Lying and standing bars at some place, (n, 8, 8), on a little noise."""
    rng = np.random.default_rng(seed)
    pictures = rng.integers(0, 40, (n, 8, 8))
    labels = rng.choice(["lying", "standing"], n)
    for picture, label, place in zip(pictures, labels, rng.integers(1, 7, n), strict=True):
        (picture if label == "lying" else picture.T)[place] += 200
    return pictures.astype(np.uint8), labels.tolist()


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOTWIRE_CACHE", str(tmp_path))
    return tmp_path / "trained"


@pytest.fixture
def never_trains(monkeypatch: pytest.MonkeyPatch):
    def start():
        def trained(*args):
            raise AssertionError("it was trained again")

        monkeypatch.setattr(small_training, "_trained", trained)

    return start


@pytest.mark.slow
def test_it_names_and_draws_pictures_that_it_never_saw(cache):
    vision = train_small_vision(*bars(600, seed=0))
    pictures, labels = bars(100, seed=1)
    assert vision.names.labels == ("lying", "standing")
    named = np.array(vision.names.labels)[vision.names.outputs(pictures).argmax(axis=1)]
    assert np.mean(named == np.array(labels)) > 0.95
    drawn = vision.draws.outputs(pictures)
    assert drawn.min() >= 0
    assert drawn.max() <= 1
    alike = np.corrcoef(drawn, pictures.reshape(100, -1))[:100, 100:]
    place_and_kind = [
        (label, picture.sum(axis=1 if label == "lying" else 0).argmax())
        for picture, label in zip(pictures, labels, strict=True)
    ]
    best = [place_and_kind[i] for i in alike.argmax(axis=1)]
    assert np.mean([one == own for one, own in zip(best, place_and_kind, strict=True)]) > 0.9


def test_what_is_injected_is_named_and_drawn_by_the_same_layers(cache):
    vision = train_small_vision(*bars(60, seed=0))
    pictures, _ = bars(5, seed=1)
    assert list(vision.names.layers) == ["conv1", "conv2", "latent", "logits"]
    assert list(vision.draws.layers) == ["conv1", "conv2", "latent"]
    for layer in vision.draws.layers:
        states = vision.names.activations(pictures, [layer])[layer]
        np.testing.assert_array_equal(states, vision.draws.activations(pictures, [layer])[layer])
        np.testing.assert_array_equal(vision.names.resume(layer, states), vision.names.outputs(pictures))
        np.testing.assert_array_equal(vision.draws.resume(layer, states), vision.draws.outputs(pictures))


def test_pictures_come_as_arrays_images_or_files(cache, tmp_path):
    names = train_small_vision(*bars(60, seed=0)).names
    pictures, _ = bars(3, seed=1)
    Image.fromarray(pictures[0]).save(tmp_path / "one.png")
    given = [tmp_path / "one.png", Image.fromarray(pictures[1]).convert("RGB"), pictures[2]]
    np.testing.assert_array_equal(names.outputs(given), names.outputs(pictures))
    with pytest.raises(ShapeError, match=r"8 x 8 pixels, got \(7, 8\)"):
        names.outputs([pictures[0][1:]])
    with pytest.raises(InputError, match="float64 array"):
        names.outputs([pictures[0] / 255])


def test_it_is_trained_once(cache, never_trains):
    pictures, labels = bars(60, seed=0)
    first = train_small_vision(pictures, labels)
    never_trains()
    again = train_small_vision(pictures, labels, name="another")
    assert again.names.fingerprint == first.names.fingerprint
    assert again.draws.fingerprint == first.draws.fingerprint
    assert again.names.name == "another"
    changed = pictures.copy()
    changed[0, 0, 0] += 1
    for other in ({"pictures": changed}, {"labels": labels[::-1]}, {"seed": 1}):
        with pytest.raises(AssertionError, match="trained again"):
            train_small_vision(**{"pictures": pictures, "labels": labels, **other})


def test_the_seed_alone_decides_and_nothing_else_is_touched(cache, monkeypatch):
    pictures, labels = bars(60, seed=0)
    one = train_small_vision(pictures, labels).names.fingerprint
    other = train_small_vision(pictures, labels, seed=1).names.fingerprint
    monkeypatch.setenv("HOTWIRE_CACHE", str(cache / "empty"))
    torch.manual_seed(123)
    state, n_threads = torch.get_rng_state(), torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        assert train_small_vision(pictures, labels).names.fingerprint == one != other
        assert torch.get_num_threads() == 2
        assert torch.equal(torch.get_rng_state(), state)
    finally:
        torch.set_num_threads(n_threads)


@pytest.mark.parametrize(
    "damage", [lambda b: b[:100], lambda b: b"", lambda b: b[:-1] + bytes([b[-1] ^ 1]), lambda b: b"x" * 500]
)
def test_a_damaged_file_is_told_and_made_anew(cache, damage):
    pictures, labels = bars(60, seed=0)
    first = train_small_vision(pictures, labels)
    [path] = cache.glob("*.safetensors")
    path.write_bytes(damage(path.read_bytes()))
    with pytest.warns(UserWarning, match=r"safetensors is damaged; small-vision is trained anew"):
        again = train_small_vision(pictures, labels)
    assert again.names.fingerprint == first.names.fingerprint
    assert train_small_vision(pictures, labels).draws.fingerprint == first.draws.fingerprint


def test_the_untrained_network_has_other_weights(cache):
    names = train_small_vision(*bars(60, seed=0)).names
    assert names.untrained(0).fingerprint not in (names.fingerprint, names.untrained(1).fingerprint)
    assert names.untrained(0).layers == names.layers


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda p, n: (p / 255, n), "expected uint8"),
        (lambda p, n: (p[:, 1:], n), r"\(n_pictures, side, side\)"),
        (lambda p, n: (p, n[1:]), "one for each of the 12 pictures, got 11"),
        (lambda p, n: (p, ["bar"] * 12), "two kinds or more, got only bar"),
        (lambda p, n: (p[:, 1:7, 1:7], n), "a side that 4 divides.*got 6"),
    ],
)
def test_what_cannot_be_learned_from_is_refused(cache, wrong, message):
    with pytest.raises(InputError, match=message):
        train_small_vision(*wrong(*bars(12, seed=0)))
    assert not list(cache.glob("*.safetensors"))


def test_pictures_that_are_nearly_the_same_are_found():
    rng = np.random.default_rng(1)
    pictures = rng.integers(10, 240, (20, 8, 8)).astype(np.uint8)
    others = np.stack(
        [
            pictures[3],
            (pictures[5] + rng.integers(-9, 10, (8, 8))).astype(np.uint8),  # noisy
            pictures[7] // 2 + 20,  # of less contrast
            np.full((8, 8), 9, np.uint8),
        ]
    )
    assert np.flatnonzero(too_alike(pictures, others)).tolist() == [3, 5, 7]
    assert too_alike(np.zeros((1, 8, 8), np.uint8), others).tolist() == [True]
    assert not too_alike(pictures, others, threshold=1.1).any()
    with pytest.raises(ShapeError, match=r"expected pictures of the size \(8, 8\)"):
        too_alike(pictures, others[:, 1:])


@given(st.integers(0, 2**32 - 1), st.integers(1, 5), st.integers(1, 5))
def test_likeness_is_correlation_and_symmetric(seed, n, n_others):
    rng = np.random.default_rng(seed)
    a, b = rng.integers(0, 256, (n, 2, 2), np.uint8), rng.integers(0, 256, (n_others, 2, 2), np.uint8)
    with np.errstate(all="ignore"):
        expected = np.array([[np.corrcoef(one.ravel(), other.ravel())[0, 1] for other in b] for one in a])
    varies = np.array([np.ptp(one) > 0 for one in a])
    assert (too_alike(a, b) == (expected >= 0.95).any(axis=1))[varies].all()
    assert too_alike(a, a).all()
