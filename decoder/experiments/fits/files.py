"""The folder of adapters and their scores: a file for each, named by what it is and by what it depends on."""

from __future__ import annotations

import json
import re
from pathlib import Path

from ....adapters.factored import ARRAYS
from ....adapters.kinds import adapter_from_arrays
from ....adapters.whiten import Whitener
from ....errors import BundleError, InputError
from ....models.files import write_whole
from ...linear import Linear
from ..kernel.cache import ArrayCache, Arrays, load_arrays
from .session import FitCell, FitSession

MARK = "fits.json"
FORMAT = 1
WHITENER = "whitener."
"""The prefix of the whitener's arrays, which are in the same file as the adapter's."""

KEY_DIGITS = 16
MOST_LETTERS = 48


def adapter_file(session: FitSession, cell: FitCell) -> str:
    return _file("adapters", session.name, cell, session.adapter_key(cell))


def score_file(session: FitSession, cell: FitCell) -> str:
    return _file("scores", session.name, cell, session.score_key(cell))


def _file(kind: str, subject: str, cell: FitCell, key: str) -> str:
    # The name of a network that is not an asset is its whole path.
    names = (cell.region, Path(cell.network).name, cell.layer)
    return f"{kind}/{_plain(subject)}/{'--'.join([*map(_plain, names), key[:KEY_DIGITS]])}.npz"


def _plain(name: str) -> str:
    """A name that any file system accepts."""
    return re.sub(r"[^A-Za-z0-9_.]+", "-", name).strip("-.")[:MOST_LETTERS] or "-"


def open_folder(folder: Path) -> ArrayCache:
    """Open a folder of fits, or create it if its parent exists.

    It is an InputError if it contains something else, or the parent does not exist.
    """
    folder = folder.resolve()
    if not folder.parent.is_dir():
        raise InputError(f"out: there is no folder {folder.parent} to make {folder.name} in; make it first")
    mark = folder / MARK
    if not mark.exists():
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise InputError(f"out: {folder} holds something else than fits; give a new or an empty folder")
        folder.mkdir(exist_ok=True)
        write_whole(mark, json.dumps({"fits": FORMAT}))
    try:
        number = json.loads(mark.read_text(encoding="utf-8"))["fits"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"out: {mark} cannot be read ({error}); give a new folder") from error
    if number != FORMAT:
        raise InputError(f"out: {mark} is of format {number}, this hotwire writes {FORMAT}; give a new folder")
    return ArrayCache(folder)


def to_arrays(linear: Linear) -> Arrays:
    """An adapter with its whitening, if any; `hotwire.adapters.kinds.adapter_from_arrays` reads it, too."""
    whitener = {} if linear.whitener is None else linear.whitener.to_arrays()
    return linear.adapter.to_arrays() | {WHITENER + name: array for name, array in whitener.items()}


def is_about(name: str) -> bool:
    """Whether an array of an adapter's file records a choice, and is not part of the map itself."""
    return name not in ARRAYS and not name.startswith(WHITENER)


def load_fit(path: Path) -> Linear:
    """Read one of the files in ``adapters``.

    The result predicts activations (n_trials, n_units) from a region's activity (n_trials, n_features), after the steps
    and the window of the study. A BundleError says that the file is missing or damaged, or contains no adapter.
    """
    arrays = load_arrays(Path(path))
    if arrays is None:
        raise BundleError(f"{path} is not there or damaged; fit it again: files that are whole are not made again")
    own = {name.removeprefix(WHITENER): array for name, array in arrays.items() if name.startswith(WHITENER)}
    adapter = adapter_from_arrays(arrays)
    return Linear(adapter, Whitener.from_arrays(own) if own else None)  # type: ignore[arg-type]
