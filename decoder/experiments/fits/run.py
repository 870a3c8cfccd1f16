"""Fitting all: do the jobs that are missing, here or on a cluster, subject by subject."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ...evaluation.audit.leaks import refuse
from ..kernel.cache import ArrayCache
from ..kernel.jobs import Workers, fill_cache, work_here
from .files import adapter_file, is_about, open_folder, score_file
from .jobs import AT_EDGE, FITS, SECONDS
from .result import Fits, FittedAdapter, SubjectSummary, measures
from .session import FitSession
from .subjects import Subject


def fit_all(subjects: Sequence[Subject], folder: Path, *, workers: Workers = work_here) -> Fits:
    """Fit an adapter from each region of each subject into each layer, and score it on held-out runs.

    Each adapter and each score is a file in `folder`. A stopped run continues where it was; a complete file from the
    same data, settings and network is not made again. `workers` do the missing jobs: all cores of this machine, or a
    `hotwire.decoder.experiments.kernel.cluster.Cluster`.

    An InputError says that the folder contains something else, or a study cannot be fitted this way; an
    UnknownNameError, that there is no such region or layer; a LeakError, that what would be tested was in the training
    or can be decoded without the brain.
    """
    start = time.perf_counter()
    cache = open_folder(folder)
    summaries: list[SubjectSummary] = []
    files: list[dict[str, Any]] = []

    def sessions() -> Iterator[FitSession]:
        for subject in subjects:
            session = subject.open()
            refuse(session.findings, session.settings.audit)
            layers = {name: spec.layers for name, spec in session.networks.items()}
            summaries.append(SubjectSummary(**session.summary(), regions=tuple(session.regions), layers=layers))
            files.extend(_files(session))
            yield session

    made = fill_cache(FITS, sessions(), cache, workers)
    fitted = tuple(_fitted(cache, **one) for one in files)
    n_made = sum(one["file"] in made for one in files)
    return Fits(tuple(summaries), fitted, n_made, len(fitted) - n_made, time.perf_counter() - start)


def _files(session: FitSession) -> Iterator[dict[str, Any]]:
    """For each cell its two files, and what is known of its adapter before it is fitted."""
    for cell in session.cells:
        yield {
            "file": adapter_file(session, cell),
            "score_file": score_file(session, cell),
            "subject": session.name,
            **cell._asdict(),
            "n_features": len(session.regions[cell.region]),
            "n_units": int(np.prod(session.networks[cell.network].network.shape_of(cell.layer))),
        }


def _fitted(cache: ArrayCache, file: str, score_file: str, **known: Any) -> FittedAdapter:
    about, score = cache.get(file, is_about), cache.get(score_file)
    chosen = [name.removesuffix(AT_EDGE) for name in about if name.endswith(AT_EDGE)]
    known |= measures(score)
    return FittedAdapter(
        **known,
        chosen={name: about[name].tolist() for name in chosen},
        at_edge=any(about[name + AT_EDGE].any() for name in chosen),
        fit_seconds=about[SECONDS].item(),
        score_seconds=score[SECONDS].item(),
        size_bytes=(cache.folder / file).stat().st_size,
        file=file,
    )
