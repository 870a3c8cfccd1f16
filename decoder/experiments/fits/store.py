"""The folder that adapters and their scores are kept in: a file for each, named by what it is and by its content."""

from __future__ import annotations

import json
import re
import secrets
import time
from pathlib import Path
from typing import Literal, NamedTuple

from numpy.typing import NDArray

from ....adapters.factored import ARRAYS
from ....adapters.kinds import adapter_from_arrays
from ....adapters.whiten import Whitener
from ....errors import BundleError, InputError
from ....models.cache.files import UNFINISHED, write_whole
from ...decoder import Linear
from ..kept_arrays import keep_arrays, kept_arrays
from .session import FitCell

MARK = "fits.json"
FORMAT = 1
WHITENER = "whitener."
"""What the names of the whitener's arrays begin with, beside the adapter's."""

LEFT_S = 3600.0
"""A file that is still unfinished, and untouched for so long, was left by a process that was killed."""

KEY_DIGITS = 16
MOST_LETTERS = 48

Arrays = dict[str, NDArray]


class Piece(NamedTuple):
    """A file: what it holds, of which subject and cell, and the key of all that it depends on."""

    what: Literal["adapters", "scores"]
    subject: str
    cell: FitCell
    key: str

    @property
    def path(self) -> Path:
        """Where it lies in the folder."""
        # A network that is no asset is called by its whole path.
        network = Path(self.cell.network).name
        parts = (*map(_plain, (self.cell.region, network, self.cell.layer)), self.key[:KEY_DIGITS])
        return Path(self.what, _plain(self.subject), "--".join(parts) + ".npz")


class FitStore:
    """A folder of fits.

    Parameters
    ----------
    folder : Path
        Is made, if its parent is there.

    Raises
    ------
    InputError
        It holds something else, or there is no such place.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder.resolve()
        if not self.folder.parent.is_dir():
            raise InputError(f"out: there is no folder {folder.parent} to make {folder.name} in; make it first")
        mark = self.folder / MARK
        if not mark.exists():
            if self.folder.exists() and (not self.folder.is_dir() or any(self.folder.iterdir())):
                raise InputError(f"out: {folder} holds something else than fits; give a new or an empty folder")
            self.folder.mkdir(exist_ok=True)
            write_whole(mark, json.dumps({"fits": FORMAT, "id": secrets.token_hex(8)}))
        self.id = _id_in(mark)
        for part in self.folder.rglob(f"*{UNFINISHED}"):
            if time.time() - part.stat().st_mtime > LEFT_S:
                part.unlink(missing_ok=True)

    def get(self, piece: Piece) -> Arrays | None:
        """What a file tells: all but the map itself; None where it is not there whole."""
        is_map = piece.what == "adapters"
        return kept_arrays(
            self.path(piece), lambda name: not (is_map and (name in ARRAYS or name.startswith(WHITENER)))
        )

    def put(self, piece: Piece, arrays: Arrays) -> None:
        """Keep; whole or not at all."""
        path = self.path(piece)
        path.parent.mkdir(parents=True, exist_ok=True)
        keep_arrays(path, arrays)

    def __contains__(self, piece: Piece) -> bool:
        """Whether the file is there, and undamaged: all of it is read."""
        return kept_arrays(self.path(piece), lambda name: False) is not None

    def path(self, piece: Piece) -> Path:
        return self.folder / piece.path


def is_seen_here(folder: Path, store_id: str) -> bool:
    """Whether this process sees the very folder that another one means."""
    try:
        return _id_in(folder / MARK) == store_id
    except InputError:
        return False


def to_arrays(linear: Linear) -> Arrays:
    """An adapter with its whitening, if it has any; `hotwire.adapters.kinds.adapter_from_arrays` reads it, too."""
    whitener = {} if linear.whitener is None else linear.whitener.to_arrays()
    return linear.adapter.to_arrays() | {WHITENER + name: array for name, array in whitener.items()}


def load_fit(path: Path) -> Linear:
    """Read one of the files in ``adapters``.

    Parameters
    ----------
    path : Path

    Returns
    -------
    Linear
        Predicts activations (n_trials, n_units) from a region's activity (n_trials, n_features), behind the steps and
        the window of the study.

    Raises
    ------
    BundleError
        There is no such file, it is damaged, or holds no adapter.
    """
    arrays = kept_arrays(Path(path))
    if arrays is None:
        raise BundleError(f"{path} is not there or damaged; fit it again: files that are whole are not made again")
    own = {name.removeprefix(WHITENER): array for name, array in arrays.items() if name.startswith(WHITENER)}
    adapter = adapter_from_arrays(arrays)
    return Linear(adapter, Whitener.from_arrays(own) if own else None)  # type: ignore[arg-type]


def _id_in(mark: Path) -> str:
    try:
        told = json.loads(mark.read_text(encoding="utf-8"))
        if told["fits"] == FORMAT:
            return told["id"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"out: {mark} cannot be read ({error}); give a new folder") from error
    raise InputError(f"out: {mark} is of format {told['fits']}, this hotwire writes {FORMAT}; give a new folder")


def _plain(name: str) -> str:
    """A name that any file system takes."""
    return re.sub(r"[^A-Za-z0-9_.]+", "-", name).strip("-.")[:MOST_LETTERS] or "-"
