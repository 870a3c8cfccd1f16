"""How the positions of a layer become few: means over squares, over stretches of time, or through receptive fields."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ..adapters.plan import DECOMPOSED, FitPlan, require_memory
from ..errors import InputError
from ..models.networks.network import Network
from .receptive_fields import FIELDS, RECEPTIVE_FIELD, masks

Pool = int | Literal["receptive field"]
"""At most so many positions a side; or through each of `hotwire.decoder.receptive_fields.FIELDS`."""


def is_map(shape: Sequence[int]) -> bool:
    """Whether a layer of this shape has positions in a plane: (channels, height, width)."""
    return len(shape) == 3 and max(shape[1:]) > 1


def check_pool(pool: Pool | None, network: Network, layers: Sequence[str], n_stimuli: int) -> None:
    """Raise `InputError` where fields are wanted of a layer that has no positions in a plane, or of too much for the
    memory.
    """
    if pool != RECEPTIVE_FIELD:
        return
    for layer in layers:
        shape = tuple(network.shape_of(layer))
        if not is_map(shape):
            raise InputError(
                f"pool: {RECEPTIVE_FIELD!r} needs layers of maps (channels, height, width), such as those of a "
                f"convolution, but {layer} of {network.name} is {shape}; leave it out, or write a number: pool = 7"
            )
    n_channels = sum(network.shape_of(layer)[0] for layer in layers)
    operations = DECOMPOSED * len(FIELDS) * min(n_stimuli, n_channels) ** 2 * max(n_stimuli, n_channels)
    # The channels of each layer, those of all together, with nuisance, and those of a fold, standardised.
    plan = FitPlan("primal", operations, 5 * 4 * n_stimuli * len(FIELDS) * n_channels)
    instead = "take fewer layers, or write a number: pool = 7"
    require_memory(plan, what=f"{len(FIELDS)} receptive fields in {n_channels} channels", instead=instead)


def pooled(
    table: NDArray, shape: Sequence[int], pool: Pool | None, n_positions: NDArray[np.intp] | None = None
) -> NDArray:
    """Activations (n_stimuli, n_units) of maps, averaged over squares to at most `pool` x `pool` positions a channel.

    `shape` is the layer's, (channels, height, width). Through receptive fields, it is the mean of each channel weighted
    by each mask, (n_stimuli, n_fields, channels). Of sounds, (positions, units), it is the average over each of `pool`
    stretches in time; each fills `n_positions` (n_stimuli,), and the silence behind it counts for nothing. Other
    layers, smaller maps and a pool of None leave all as it is.

    Examples
    --------
    >>> pooled(np.arange(16.0)[None], (1, 4, 4), 2).tolist()
    [[2.5, 4.5, 10.5, 12.5]]
    >>> pooled(np.arange(8.0)[None], (4, 2), 1, np.array([2])).tolist()
    [[1.0, 2.0]]
    """
    if pool == RECEPTIVE_FIELD:
        return _through_fields(table, shape)
    if pool is not None and n_positions is not None and len(shape) == 2:
        return _over_time(table.reshape(len(table), *shape), pool, n_positions)
    if pool is None or len(shape) != 3 or max(shape[1:]) <= pool:
        return table
    starts, sizes = zip(*(_squares(n, pool) for n in shape[1:]), strict=True)
    size = np.outer(*sizes)
    means = np.empty((len(table), shape[0], *size.shape), np.float32)
    for row, one in zip(means, table, strict=True):
        sums = np.add.reduceat(one.reshape(shape).astype(np.float64), starts[0], axis=1)
        row[:] = np.add.reduceat(sums, starts[1], axis=2) / size
    return means.reshape(len(table), -1)


def _through_fields(table: NDArray, shape: Sequence[int]) -> NDArray[np.float32]:
    """The mean of each channel through each field, (n_stimuli, n_fields, n_channels)."""
    of = masks(*shape[1:]).astype(np.float32)
    means = np.empty((len(table), len(of), shape[0]), np.float32)
    for row, one in zip(means, table, strict=True):
        np.matmul(of, one.reshape(shape[0], -1).T, out=row)
    return means


def _over_time(states: NDArray, side: int, n_positions: NDArray[np.intp]) -> NDArray[np.float32]:
    """The mean over each of `side` stretches of the positions that a sound fills, (n_stimuli, side * n_units)."""
    means = np.empty((len(states), side, states.shape[2]), np.float32)
    for row, one, n in zip(means, states, n_positions.tolist(), strict=True):
        for i, (first, stop) in enumerate(_stretches(n, side)):
            row[i] = one[first:stop].mean(axis=0)
    return means.reshape(len(states), -1)


def unpooled(weights: NDArray, shape: Sequence[int], pool: Pool | None, n_positions: int | None = None) -> NDArray:
    """The weights (n_sites, n_units) of all units that do what these, of pooled ones, do; see `pooled`.

    Examples
    --------
    >>> unpooled(np.array([[4.0, 8.0, 0.0, 0.0]]), (1, 4, 4), 2)[0, :8].tolist()
    [1.0, 1.0, 2.0, 2.0, 1.0, 1.0, 2.0, 2.0]
    >>> unpooled(np.array([[4.0, 8.0]]), (3, 2), 1, 2).tolist()
    [[2.0, 4.0, 2.0, 4.0, 0.0, 0.0]]
    """
    if pool == RECEPTIVE_FIELD:
        of = masks(*shape[1:])
        of_fields = weights.reshape(len(weights), len(of), shape[0])
        return np.tensordot(of_fields, of, axes=(1, 0)).reshape(len(weights), -1)
    if pool is not None and n_positions is not None and len(shape) == 2:
        whole = np.zeros((len(weights), *shape), weights.dtype)
        of_stretches = weights.reshape(len(weights), pool, shape[1])
        for i, (first, stop) in enumerate(_stretches(n_positions, pool)):
            whole[:, first:stop] += of_stretches[:, i, np.newaxis] / (stop - first)
        return whole.reshape(len(weights), -1)
    if pool is None or len(shape) != 3 or max(shape[1:]) <= pool:
        return weights
    rows, columns = (_squares(n, pool)[1] for n in shape[1:])
    means = weights.reshape(len(weights), shape[0], len(rows), len(columns)) / np.outer(rows, columns)
    return means.repeat(rows, axis=2).repeat(columns, axis=3).reshape(len(weights), -1)


def _stretches(n: int, side: int) -> list[tuple[int, int]]:
    """Where each of `side` stretches of n positions begins and stops; of fewer positions each is one of them."""
    return [(i * n // side, max((i + 1) * n // side, i * n // side + 1)) for i in range(side)]


def _squares(n: int, side: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Where the parts begin into which n positions are cut, at most `side` of them, and how long each is."""
    n_parts = min(side, n)
    starts = np.arange(n_parts) * n // n_parts
    return starts, np.diff(starts, append=n)
