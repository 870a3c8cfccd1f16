"""Activations kept on disk: recorded in one pass, memory-mapped, and never computed twice.

What a network makes of a set of stimuli lies in a folder named by the key of all that it was computed from, see
`hotwire.models.cache.ingredients`; how it is written there, see `hotwire.models.cache.array_store`.
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
from ..networks.language.language_model import LanguageModel
from ..networks.network import Network, _count
from .array_store import MANIFEST, ArrayStore, Writing, read_json
from .folder import cache_folder, lock_of
from .ingredients import ingredients_of, key_of

_BATCH_SIZE = 32  # as Network.activations has it: other batches may round the last bits otherwise
_OUTPUTS = "outputs.npy"


@dataclass(frozen=True)
class Recorded:
    """What a network made of a set of stimuli.

    Attributes
    ----------
    tables : dict of str to array (n_stimuli, n_units)
        The activation of each layer asked for, float32, a memory-mapped file that cannot be written to.
    outputs : array (n_stimuli, n_outputs)
        Likewise.
    folder : Path
        Where they are kept.
    """

    tables: dict[str, NDArray[np.float32]]
    outputs: NDArray[np.float32]
    folder: Path


@dataclass(frozen=True)
class Kept:
    """What is kept of one network and one set of stimuli.

    Attributes
    ----------
    key : str
        The name to `forget` it by.
    network : str
    n_stimuli : int
    layers : tuple of str
        Those recorded whole.
    n_bytes : int
        All that it takes on disk, unfinished arrays included.
    """

    key: str
    network: str
    n_stimuli: int
    layers: tuple[str, ...]
    n_bytes: int


def activations_folder() -> Path:
    """Where activations are kept: in the cache of all assets, see `hotwire.models.cache.folder`."""
    return cache_folder() / "activations"


def record(
    network: Network, stimuli: Sequence[Any] | np.ndarray, layers: Sequence[str], *, folder: Path | None = None
) -> Recorded:
    """Give activations and outputs; what is not kept yet is computed, in one pass for all layers, and kept.

    They are kept apart by all that they depend on: the network's weights and what it does with them, how it prepares
    stimuli, each stimulus's content, and the versions of the packages. Memory is bounded by a batch of 32 stimuli.
    Several processes may ask at once: one records, the others wait for it. A pass that was killed goes on where it was.

    Parameters
    ----------
    network : Network
    stimuli : sequence of length n_stimuli
        What the network is shown: arrays, PIL images, paths, texts.
    layers : sequence of str
        Names from its layers; none, where the outputs alone are wanted.
    folder : Path, optional
        Where to keep all that is recorded, each key in its own folder; by default `activations_folder`.

    Raises
    ------
    UnknownNameError
        There is no such layer.
    InputError
        The content of a stimulus cannot be told.
    DiskSpaceError
        There is no room; the message says how much is needed.
    AssetError
        The folder cannot be used.

    Warns
    -----
    UserWarning
        What was kept is damaged, and recorded anew.
    """
    n_stimuli = _count(stimuli)
    for layer in layers:
        network.shape_of(layer)
    about = ingredients_of(network, stimuli)
    store = ArrayStore((folder or activations_folder()) / key_of(about), about)
    # In the order of computation, whatever the order asked for.
    files = {name: file for name, file in _files(network.layers).items() if name in layers}
    with store.alone():
        lacking = store.lacking([*files.values(), _OUTPUTS])
        if lacking:
            to_do = [name for name, file in files.items() if file in lacking]
            with store.writing(lacking, n_stimuli) as writing:
                _check_room(network, to_do, n_stimuli - writing.n_done, store.folder)
                _pass(network, stimuli, {name: files[name] for name in to_do}, lacking, writing)
        tables = {layer: store.mapped(files[layer]) for layer in layers}
        return Recorded(tables, store.mapped(_OUTPUTS), store.folder)


def stored(folder: Path | None = None) -> list[Kept]:
    """List what is kept, by default in `activations_folder`."""
    found = []
    for path in _manifests(folder or activations_folder()):
        manifest = read_json(path)
        if manifest is None:
            continue
        about = manifest["about"]
        layers = tuple(name for name, file in _files(about["layers"]).items() if file in manifest["arrays"])
        n_bytes = sum(file.stat().st_size for file in path.parent.glob("*.npy"))
        found.append(Kept(path.parent.name, about["network"], about["n_stimuli"], layers, n_bytes))
    return found


def forget(key: str, *, folder: Path | None = None) -> None:
    """Delete what is kept under a key that `stored` lists.

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
        raise UnknownNameError("key of kept activations", key, known)
    try:
        with lock_of(root / key, timeout_s=0):
            shutil.rmtree(root / key)
    except Timeout as error:
        raise AssetError(f"key: {key} is being recorded by another process; forget it once that is done") from error


def _pass(network: Network, stimuli: Any, layers: Mapping[str, str], files: Sequence[str], writing: Writing) -> None:
    """Write the layers, given with their files, and the outputs where their file is asked for, batch by batch."""
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
    """Outputs for a batch; what lies before the deepest layer recorded need not be computed again."""
    # A language model resumes in its prompt, not in the text that it was shown.
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
            f"{free / 1e6:,.1f} MB are free; make room, ask for fewer layers, or set HOTWIRE_CACHE to a folder on "
            "another disk"
        )


def _files(layers: Iterable[str]) -> dict[str, str]:
    """The file of each layer; its number keeps names apart that differ only in what a file name cannot hold."""
    return {name: f"layer-{i:03}-{re.sub(r'[^A-Za-z0-9_.-]', '_', name)[:80]}.npy" for i, name in enumerate(layers)}


def _manifests(root: Path) -> list[Path]:
    return sorted(root.glob(f"*/{MANIFEST}"))
