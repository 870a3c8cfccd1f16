"""Responses averaged over repeats, one column a picture, as electrode laboratories publish them."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING
from zipfile import BadZipFile, ZipFile

import numpy as np
from numpy.typing import NDArray

from ....errors import RecordingError
from ...recordings.events import Events
from ...recordings.recording import Recording

if TYPE_CHECKING:
    from PIL.Image import Image

PICTURES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".webp")


def read_responses(
    responses: str | Path | NDArray, stimuli: list[str], *, unit: str = "spikes", source: str | None = None
) -> Recording:
    """Read the mean response of each neuron to each picture.

    Averages have no order in time, and no run: every response is a run of its own, of a single sample at 1 Hz. That is
    right for averages over repeats in mixed order. Responses to single presentations, one after the other, share noise
    with their neighbours: read them with `read_named_arrays` and give their runs.

    Parameters
    ----------
    responses : path of a .npy file, or array (n_neurons, n_stimuli)
    stimuli : list of str
        The pictures' names in the order of the columns.
    unit : str
        Of the responses.
    source : str, optional

    Raises
    ------
    RecordingError
        The file is no array, or has another number of columns than there are pictures.
    """
    array = responses if isinstance(responses, np.ndarray) else _load(Path(responses))
    if array.ndim != 2 or array.shape[1] != len(stimuli):
        raise RecordingError(
            f"responses: expected (n_neurons, n_stimuli) with a column for each of the {len(stimuli)} pictures, got "
            f"{array.shape}"
        )
    n_neurons, n_stimuli = array.shape
    runs = np.arange(n_stimuli)
    events = Events(runs, np.zeros(n_stimuli), np.ones(n_stimuli), np.array(stimuli), np.array(stimuli))
    return Recording(
        data=np.ascontiguousarray(array.T, dtype=np.float32),
        rate_hz=1.0,
        feature_names=tuple(f"neuron_{i}" for i in range(n_neurons)),
        run=runs,
        events=events,
        unit=unit,
        source=source or ("memory" if isinstance(responses, np.ndarray) else str(responses)),
    )


def load_repeats(path: str | Path, n_stimuli: int) -> NDArray[np.float64]:
    """Load single responses (n_neurons, n_stimuli, n_repeats) as (n_stimuli, n_neurons, n_repeats), NaN if none."""
    array = _load(Path(path))
    if array.ndim != 3 or array.shape[1] != n_stimuli:
        raise RecordingError(
            f"repeats: expected (n_neurons, {n_stimuli}, n_repeats) in {path}, a column for each picture, got "
            f"{array.shape}"
        )
    return array.transpose(1, 0, 2)


def read_pictures(path: str | Path) -> dict[str, Image]:
    """Read all pictures of a folder or a zip file, by name and in the order of their names.

    Raises
    ------
    RecordingError
        There are none, or one cannot be read.
    """
    from PIL import Image as images

    path = Path(path)
    contents = _zipped(path) if path.is_file() else _in_folder(path)
    pictures = {}
    for name in sorted(contents):
        try:
            pictures[name] = images.open(io.BytesIO(contents[name])).convert("RGB")
        except (OSError, ValueError) as error:
            raise RecordingError(f"stimuli: {name} in {path} is no picture that can be read ({error})") from error
    if not pictures:
        raise RecordingError(f"stimuli: no pictures in {path}; expected files ending in {', '.join(PICTURES)}")
    return pictures


def _zipped(path: Path) -> dict[str, bytes]:
    try:
        with ZipFile(path) as archive:
            names = [name for name in archive.namelist() if _is_picture(name) and not name.startswith("__MACOSX")]
            return {Path(name).name: archive.read(name) for name in names}
    except (BadZipFile, OSError) as error:
        raise RecordingError(f"stimuli: {path} cannot be read as a zip file ({error})") from error


def _in_folder(path: Path) -> dict[str, bytes]:
    if not path.is_dir():
        raise RecordingError(f"stimuli: {path} is neither a folder nor a zip file")
    return {file.name: file.read_bytes() for file in path.iterdir() if _is_picture(file.name)}


def _is_picture(name: str) -> bool:
    return Path(name).suffix.lower() in PICTURES


def _load(path: Path) -> NDArray:
    try:
        return np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise RecordingError(f"responses: {path} cannot be read as a numpy array ({error})") from error
