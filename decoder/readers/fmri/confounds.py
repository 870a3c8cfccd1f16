"""The confounds that fMRIPrep estimates for each run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ....errors import RecordingError, UnknownNameError
from ..tables import MISSING, listing, numbers, read_table
from .bids_files import Bold, entities_of, named

MissingConfounds = Literal["error", "mean"]


def read_confounds(bold: Bold, names: Sequence[str], missing: MissingConfounds, n_samples: int) -> NDArray[np.float64]:
    """Return the named columns of a run's table, (n_samples, n_names)."""
    folder = bold.path.parent
    applying = [
        (len(entities_of(path)), path)
        for kind in ("timeseries", "regressors")
        for path in sorted(folder.glob(f"*_desc-confounds_{kind}.tsv"))
        if named(entities_of(path), ("desc",)).items() <= bold.entities.items()
    ]
    if not applying:
        raise RecordingError(
            f"{folder}: expected *_desc-confounds_timeseries.tsv for {bold.path.name}, found {listing(folder)}"
        )
    path = max(applying, key=lambda one: one[0])[1]
    table = read_table(path)
    columns = []
    for name in names:
        if name not in table:
            raise UnknownNameError(f"confound in {path.name}", name, table)
        gone = np.array([entry == MISSING for entry in table[name]], bool)
        if gone.any() and missing == "error":
            raise RecordingError(
                f"{path}: {int(gone.sum())} of {len(gone)} entries of {name!r} are n/a, the first in line "
                f"{int(np.flatnonzero(gone)[0]) + 2}; choose missing_confounds = 'mean', or leave the column out"
            )
        if gone.all():
            raise RecordingError(f"{path}: {name!r} is n/a throughout; leave the column out")
        column = numbers(path, name, ["0" if no else entry for no, entry in zip(gone, table[name], strict=True)])
        column[gone] = column[~gone].mean()
        columns.append(column)
    if len(columns[0]) != n_samples:
        raise RecordingError(f"{path}: expected one line for each of {n_samples} volumes, got {len(columns[0])}")
    return np.stack(columns, axis=1)
