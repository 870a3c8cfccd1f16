"""Cached activations: recorded in one pass, memory-mapped, and never computed twice.

The activations of a set of stimuli are in a folder named by the key of all that they were computed from, see
`hotwire.models.cache.ingredients`; for the format, see `hotwire.models.cache.array_store`.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import ceil, prod
from pathlib import Path
from typing import Any

import numpy as np
from filelock import Timeout
from numpy.typing import NDArray
from tqdm import tqdm

from ...errors import AssetError, DiskSpaceError, UnknownNameError
from ..cache_folder import cache_folder, lock_of
from ..networks.language.language_model import LanguageModel
from ..networks.network import Network, count_of
from .array_store import MANIFEST, ArrayStore, UnfinishedArrays, read_json
from .ingredients import ingredients_of, key_of

_BATCH_SIZE = 32  # as in Network.activations: other batches may round the last bits differently
_OUTPUTS = "outputs.npy"


@dataclass(frozen=True)
class Recorded:
    """A network's activations and outputs for a set of stimuli.

    Attributes
    ----------
    tables : dict of str to array (n_stimuli, n_units)
        The activations of each layer in `layers`, float32, a read-only memory-mapped file.
    outputs : array (n_stimuli, n_outputs)
        Likewise.
    folder : Path
        Contains the files.
    """

    tables: dict[str, NDArray[np.float32]]
    outputs: NDArray[np.float32]
    folder: Path


@dataclass(frozen=True)
class CachedActivations:
    """The cache of one network and one set of stimuli.

    `key` is its name for `forget`, `layers` are those recorded completely, and `n_bytes` is its size on disk,
    unfinished arrays included.
    """

    key: str
    network: str
    n_stimuli: int
    layers: tuple[str, ...]
    n_bytes: int


def activations_folder() -> Path:
    """The folder of all cached activations."""
    return cache_folder() / "activations"


def record(
    network: Network, stimuli: Sequence[Any] | np.ndarray, layers: Sequence[str], *, folder: Path | None = None
) -> Recorded:
    """Return activations and outputs; those that are not cached yet are computed, in one pass for all layers.

    Their key contains all that they depend on: the network's weights and code, how it prepares stimuli, each stimulus's
    content, and the versions of the packages. Memory is bounded by a batch of 32 stimuli. Where several processes
    record the same, the first computes and the others wait. A pass that was killed continues where it was.

    Parameters
    ----------
    network : Network
    stimuli : sequence of length n_stimuli
        Arrays, PIL images, paths, texts.
    layers : sequence of str
        Names from its layers; empty for the outputs alone.
    folder : Path, optional
        The cache, with a folder for each key; by default `activations_folder`.

    Raises
    ------
    UnknownNameError
        There is no such layer.
    InputError
        The content of a stimulus cannot be read.
    DiskSpaceError
        The disk is too full; the message says how much is needed.
    AssetError
        The folder cannot be used.

    Warns
    -----
    UserWarning
        A file is damaged, and recorded again.
    """
    n_stimuli = count_of(stimuli)
    for layer in layers:
        network.shape_of(layer)
    about = ingredients_of(network, stimuli)
    store = ArrayStore((folder or activations_folder()) / key_of(about), about)
    # In the order of computation, whatever the order of `layers`.
    files = {name: file for name, file in _files(network.layers).items() if name in layers}
    with store.locked():
        missing = store.missing([*files.values(), _OUTPUTS])
        if missing:
            to_do = [name for name, file in files.items() if file in missing]
            with store.writing(missing, n_stimuli) as writing:
                _check_room(network, to_do, n_stimuli - writing.n_done, store.folder)
                _pass(network, stimuli, {name: files[name] for name in to_do}, missing, writing)
        tables = {layer: store.mapped(files[layer]) for layer in layers}
        return Recorded(tables, store.mapped(_OUTPUTS), store.folder)


def stored(folder: Path | None = None) -> list[CachedActivations]:
    """List the contents of the cache, by default that in `activations_folder`."""
    cached = []
    for path in _manifests(folder or activations_folder()):
        manifest = read_json(path)
        if manifest is None:
            continue
        about = manifest["about"]
        layers = tuple(name for name, file in _files(about["layers"]).items() if file in manifest["arrays"])
        n_bytes = sum(file.stat().st_size for file in path.parent.glob("*.npy"))
        cached.append(CachedActivations(path.parent.name, about["network"], about["n_stimuli"], layers, n_bytes))
    return cached


def forget(key: str, *, folder: Path | None = None) -> None:
    """Delete the entry with this key, as listed by `stored`, from the cache.

    Raises
    ------
    UnknownNameError
        There is no such key.
    AssetError
        Another process is recording it.
    """
    root = folder or activations_folder()
    known = [path.parent.name for path in _manifests(root)]
    if key not in known:
        raise UnknownNameError("key of cached activations", key, known)
    try:
        with lock_of(root / key, timeout_s=0):
            shutil.rmtree(root / key)
    except Timeout as error:
        raise AssetError(f"key: {key} is being recorded by another process; forget it once that is done") from error


def _pass(
    network: Network, stimuli: Any, layers: Mapping[str, str], files: Sequence[str], writing: UnfinishedArrays
) -> None:
    """Write the layers to their files, and the outputs if their file is among `files`, batch by batch."""
    starts = range(0, len(stimuli), _BATCH_SIZE)
    first = ceil(writing.n_done / _BATCH_SIZE)
    what = f"{network.name}: recording"
    for start in tqdm(starts[first:], what, initial=first, total=len(starts), delay=1, disable=None):
        batch = stimuli[start : start + _BATCH_SIZE]
        recorded = network.activations(batch, list(layers), batch_size=_BATCH_SIZE) if layers else {}
        rows = {layers[name]: array for name, array in recorded.items()}
        if _OUTPUTS in files:
            rows[_OUTPUTS] = _outputs(network, batch, recorded)
        writing.add(rows)


def _outputs(network: Network, batch: Any, recorded: Mapping[str, np.ndarray]) -> np.ndarray:
    """Outputs for a batch, computed from the deepest recorded layer on."""
    # A language model resumes in its prompt, not in the recorded text.
    if not recorded or isinstance(network, LanguageModel):
        return network.outputs(batch, batch_size=_BATCH_SIZE)
    deepest = list(recorded)[-1]
    return network.resume(deepest, recorded[deepest], batch_size=_BATCH_SIZE)


def _check_room(network: Network, layers: Iterable[str], n_stimuli: int, folder: Path) -> None:
    n_units = sum(prod(network.layers[name]) for name in layers) + len(network.labels or ())
    needed, free = 4 * n_units * n_stimuli, shutil.disk_usage(folder).free
    if needed > free:
        raise DiskSpaceError(
            f"{folder}: the activations of {network.name} for {n_stimuli} stimuli take {needed / 1e6:,.1f} MB, "
            f"{free / 1e6:,.1f} MB are free; make room, record fewer layers, or set HOTWIRE_CACHE to a folder on "
            "another disk"
        )


def _files(layers: Iterable[str]) -> dict[str, str]:
    """The file of each layer; its number separates names that differ only in characters that file names cannot have."""
    return {name: f"layer-{i:03}-{re.sub(r'[^A-Za-z0-9_.-]', '_', name)[:80]}.npy" for i, name in enumerate(layers)}


def _manifests(root: Path) -> list[Path]:
    return sorted(root.glob(f"*/{MANIFEST}"))
