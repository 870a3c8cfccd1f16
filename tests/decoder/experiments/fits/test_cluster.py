"""Fits on a real dask cluster of several processes, one of which is killed."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import transformers

from hotwire.decoder.experiments.fits.cluster import FitCluster, work_out_anywhere
from hotwire.decoder.experiments.fits.job import jobs_of, pieces_of
from hotwire.decoder.experiments.fits.run import fit_all
from hotwire.decoder.experiments.fits.session import open_subject, subjects_of
from hotwire.decoder.experiments.fits.store import FitStore, Piece
from hotwire.decoder.experiments.kept_arrays import kept_arrays
from hotwire.errors import InputError

from ...local_cluster import LocalCluster
from ...small_study import save_study


@pytest.fixture(scope="module", autouse=True)
def without_bars_of_transformers() -> Iterator[None]:
    transformers.utils.logging.disable_progress_bar()
    yield
    transformers.utils.logging.enable_progress_bar()


@pytest.fixture
def study(tmp_path: Path) -> Path:
    path = save_study(tmp_path)
    regions = ", ".join(f"part_{i} = {{ first = {i}, stop = {i + 3} }}" for i in range(8))
    path.write_text(f"{path.read_text()}[map]\nregions = {{ {regions} }}\n")
    return path


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[LocalCluster]:
    made = LocalCluster(tmp_path)
    yield made
    made.close()


def require_same(here: Path, there: Path) -> None:
    """The same files, and in them the same arrays, bit for bit, but for the time that they took."""
    files = sorted(path.relative_to(here) for path in here.rglob("*.npz"))
    assert files == sorted(path.relative_to(there) for path in there.rglob("*.npz"))
    for file in files:
        one, other = kept_arrays(here / file), kept_arrays(there / file)
        assert one is not None
        assert other is not None
        assert one.keys() == other.keys()
        for name in one.keys() - {"seconds"}:
            assert one[name].dtype == other[name].dtype
            np.testing.assert_array_equal(other[name], one[name])


@pytest.mark.slow
@pytest.mark.parametrize("seen", ["the folder is seen by the workers", "all travels"])
def test_a_cluster_of_which_a_worker_is_killed_makes_the_same(
    study: Path, cluster: LocalCluster, tmp_path: Path, seen: str, monkeypatch
) -> None:
    subjects = subjects_of([study])
    here = fit_all(subjects, tmp_path / "here")
    workers = [cluster.worker() for _ in range(3)]
    travelled: list[Piece] = []
    usual = FitStore.put

    def put(self, piece, arrays) -> None:
        travelled.append(piece)
        usual(self, piece, arrays)

    monkeypatch.setattr(FitStore, "put", put)
    if seen == "all travels":
        # As if the workers saw another folder under that path.
        monkeypatch.setattr("hotwire.decoder.experiments.fits.store._id_in", lambda mark: "another")
    killed = []

    def killing(todo, store) -> None:
        from hotwire.decoder.experiments import cluster as of_any

        real = of_any.on_cluster

        def watched(*args):
            for done in real(*args):
                if not killed:
                    killed.append(os.kill(workers[0].pid, signal.SIGKILL))
                yield done

        monkeypatch.setattr("hotwire.decoder.experiments.fits.cluster.on_cluster", watched)
        FitCluster(cluster.address)(todo, store)

    there = fit_all(subjects, tmp_path / "there", workers=killing)
    assert workers[0].wait(30) == -signal.SIGKILL
    assert bool(travelled) == (seen == "all travels")
    require_same(tmp_path / "here", tmp_path / "there")
    assert [one.file for one in there.fitted] == [one.file for one in here.fitted]


def test_a_job_anywhere_is_the_job_here(study: Path, tmp_path: Path) -> None:
    (subject,) = subjects_of([study], regions=["part_0"])
    fit_all([subject], tmp_path / "here")
    session = open_subject(subject)
    store = FitStore(tmp_path / "there")
    todo = jobs_of(session, {piece for cell in session.cells for piece in pieces_of(session, cell)})
    for job in todo:
        pieces = tuple(pieces_of(session, job))
        assert work_out_anywhere(subject, job, pieces, store.folder, store.id) == []
        ((piece, arrays),) = work_out_anywhere(subject, job, pieces, store.folder, "another")
        assert (piece,) == pieces
        assert arrays.keys() == (kept_arrays(store.path(piece)) or {}).keys()
        for name in arrays.keys() - {"seconds"}:
            np.testing.assert_array_equal(arrays[name], (kept_arrays(tmp_path / "here" / piece.path) or {})[name])
    wrong = tuple(piece._replace(key="0" * 64) for piece in pieces_of(session, todo[-1]))
    with pytest.raises(InputError, match="a worker reads another recording, study or network"):
        work_out_anywhere(subject, todo[-1], wrong, store.folder, store.id)


@pytest.mark.slow
def test_no_scheduler(study: Path, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr("hotwire.decoder.experiments.cluster.CONNECT_S", 1.0)
    with pytest.raises(InputError, match=r"no dask scheduler answers at 'tcp://127.0.0.1:9'"):
        fit_all(subjects_of([study]), tmp_path / "there", workers=FitCluster("tcp://127.0.0.1:9"))
