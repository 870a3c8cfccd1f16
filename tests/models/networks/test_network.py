"""What every network does with batches, shapes and wrong numbers, on a network of three lines of numpy."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotwire.errors import InputError, NonFiniteError, ShapeError, UnknownNameError
from hotwire.models.networks.network import Network


class Doubling(Network):
    """stimulus (3,) -> "doubled" (3,) -> "grid" (3, 2) -> output (2,)"""

    def __init__(self, weight: np.ndarray) -> None:
        self.name = "doubling"
        self.layers = {"doubled": (3,), "grid": (3, 2)}
        self.weight = weight
        self.batches: list[int] = []

    def untrained(self, seed: int = 0) -> Doubling:
        return Doubling(np.random.default_rng(seed).normal(size=(3, 2)).astype(np.float32))

    def _record(self, stimuli: Any, layers: tuple[str, ...]) -> list[np.ndarray]:
        self.batches.append(len(stimuli))
        doubled = 2 * np.asarray(stimuli, np.float32)
        known = {"doubled": doubled, "grid": doubled[:, :, None] * self.weight}
        return [known[layer] for layer in layers]

    def _resume(self, layer: str, activations: np.ndarray) -> np.ndarray:
        self.batches.append(len(activations))
        grid = activations[:, :, None] * self.weight if layer == "doubled" else activations
        return grid.sum(axis=1)

    def _forward(self, stimuli: Any) -> np.ndarray:
        return self._resume("grid", self._record(stimuli, ("grid",))[0])

    def _weights(self) -> Iterable[tuple[str, np.ndarray]]:
        return [("weight", self.weight), ("bias", np.zeros(2, np.float32))]


@pytest.fixture
def network() -> Doubling:
    return Doubling(np.arange(6, dtype=np.float32).reshape(3, 2))


@given(count=st.integers(1, 20), batch_size=st.integers(1, 25))
def test_batches_put_together_what_one_pass_gives(count: int, batch_size: int) -> None:
    network = Doubling(np.arange(6, dtype=np.float32).reshape(3, 2))
    stimuli = np.random.default_rng(0).normal(size=(count, 3)).astype(np.float32)
    recorded = network.activations(stimuli, ["grid", "doubled"], batch_size=batch_size)
    assert max(network.batches) <= batch_size
    assert list(recorded) == ["grid", "doubled"]
    np.testing.assert_array_equal(recorded["doubled"], 2 * stimuli)
    np.testing.assert_array_equal(recorded["grid"], 2 * stimuli[:, :, None] * network.weight)
    expected = 2 * stimuli[:, :, None] * network.weight
    np.testing.assert_array_equal(network.outputs(stimuli, batch_size=batch_size), expected.sum(axis=1))
    for layer in network.layers:
        np.testing.assert_array_equal(
            network.resume(layer, recorded[layer], batch_size=batch_size), expected.sum(axis=1)
        )


def test_flat_activations_mean_the_same(network: Doubling) -> None:
    grid = np.random.default_rng(0).normal(size=(4, 3, 2))
    np.testing.assert_array_equal(network.resume("grid", grid.reshape(4, 6)), network.resume("grid", grid))


def test_resume_leaves_the_activations_alone(network: Doubling) -> None:
    grid = np.ones((4, 3, 2), np.float32)
    grid.flags.writeable = False
    network.resume("grid", grid)


def test_an_unknown_layer_lists_the_layers(network: Doubling) -> None:
    for call in (
        lambda: network.activations(np.ones((1, 3)), ["grit"]),
        lambda: network.resume("grit", np.ones((1, 3))),
    ):
        with pytest.raises(UnknownNameError, match=r"unknown layer 'grit'; did you mean 'grid'.*doubled, grid"):
            call()


@pytest.mark.parametrize("shape", [(3, 2), (6,), (4, 2, 3), (4, 5), (4, 3, 2, 1)])
def test_activations_of_another_shape(network: Doubling, shape: tuple[int, ...]) -> None:
    with pytest.raises(ShapeError, match=r"takes \(n_samples, 3, 2\) or \(n_samples, 6\), got"):
        network.resume("grid", np.ones(shape))


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 1e300])
def test_not_finite_activations_are_found_where_they_are(network: Doubling, bad: float) -> None:
    grid = np.ones((7, 3, 2))
    grid[5, 2, 1] = bad
    with np.errstate(over="ignore"), pytest.raises(NonFiniteError, match=r"in sample 5 at position \(2, 1\)"):
        network.resume("grid", grid, batch_size=2)


@pytest.mark.parametrize("stimuli", ["a text", 3, []])
def test_stimuli_are_a_sequence_and_not_empty(network: Doubling, stimuli: Any) -> None:
    with pytest.raises(InputError, match=r"^stimuli: expected"):
        network.outputs(stimuli)


def test_batch_size_is_positive(network: Doubling) -> None:
    with pytest.raises(InputError, match="batch_size: expected at least 1, got 0"):
        network.outputs(np.ones((1, 3)), batch_size=0)


def test_fingerprint_tells_weights_apart(network: Doubling) -> None:
    assert network.fingerprint == Doubling(network.weight.copy()).fingerprint
    assert len(network.fingerprint) == 64
    changed = network.weight.copy()
    changed[2, 1] = np.nextafter(changed[2, 1], np.float32(9))
    others = [
        changed,
        network.weight.reshape(2, 3),
        network.weight.view(np.int32),
        network.untrained().weight,
    ]
    assert len({Doubling(weight).fingerprint for weight in others} | {network.fingerprint}) == 5
