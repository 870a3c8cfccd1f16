"""Maps and fits on a real dask cluster of several processes, one of which is killed."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import transformers

from hotwire.decoder.experiments.fits.jobs import FITS
from hotwire.decoder.experiments.fits.run import fit_all
from hotwire.decoder.experiments.fits.subjects import subjects_of
from hotwire.decoder.experiments.kernel import cluster as kernel_cluster
from hotwire.decoder.experiments.kernel.cache import ArrayCache, load_arrays
from hotwire.decoder.experiments.kernel.cluster import Cluster, work_out_anywhere
from hotwire.decoder.experiments.maps.cells import MAPS, jobs_of
from hotwire.decoder.experiments.maps.run import make_map
from hotwire.decoder.experiments.maps.studies import session_of
from hotwire.decoder.study.study import open_study
from hotwire.errors import InputError

from ...local_cluster import LocalCluster
from ...small_study import save_study

SEEN, TRAVELS = "the folder is seen by the workers", "all travels"


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


@pytest.fixture
def killing(request, cluster: LocalCluster, monkeypatch) -> Iterator[Cluster]:
    """A cluster that loses a worker once the first result is there; whether workers see the cache is as named."""
    workers = [cluster.worker() for _ in range(3)]
    killed: list[None] = []
    travelled: list[str] = []
    results, put = kernel_cluster._results, ArrayCache.put

    def watched(*args):
        for result in results(*args):
            if not killed:
                killed.append(os.kill(workers[0].pid, signal.SIGKILL))
            yield result

    def watched_put(self, name, arrays) -> None:
        travelled.append(name)
        put(self, name, arrays)

    if request.param == TRAVELS:
        touch = Path.touch
        monkeypatch.setattr(Path, "touch", lambda self: touch(self.with_name("elsewhere")))
    with monkeypatch.context() as patched:
        patched.setattr(kernel_cluster, "_results", watched)

        def run(experiment, batches, cache) -> None:
            with monkeypatch.context() as counting:
                counting.setattr(ArrayCache, "put", watched_put)
                Cluster(cluster.address)(experiment, batches, cache)

        yield run  # type: ignore[misc]
    assert workers[0].wait(30) == -signal.SIGKILL
    assert bool(travelled) == (request.param == TRAVELS)


def require_same(here: Path, there: Path) -> None:
    """The same files, and in them the same arrays, bit for bit, but for the time that they took."""
    files = sorted(path.relative_to(here) for path in here.rglob("*.npz"))
    assert files == sorted(path.relative_to(there) for path in there.rglob("*.npz"))
    for file in files:
        one, other = load_arrays(here / file), load_arrays(there / file)
        assert one is not None
        assert other is not None
        assert one.keys() == other.keys()
        for name in one.keys() - {"seconds"}:
            assert one[name].dtype == other[name].dtype
            np.testing.assert_array_equal(other[name], one[name])


@pytest.mark.slow
@pytest.mark.parametrize("killing", [SEEN], indirect=True)
def test_a_cluster_of_which_a_worker_is_killed_makes_the_same_fits(study: Path, killing, tmp_path: Path) -> None:
    subjects = subjects_of([study])
    here = fit_all(subjects, tmp_path / "here")
    there = fit_all(subjects, tmp_path / "there", workers=killing)
    require_same(tmp_path / "here", tmp_path / "there")
    assert [one.file for one in there.fitted] == [one.file for one in here.fitted]


@pytest.mark.slow
@pytest.mark.parametrize("killing", [TRAVELS], indirect=True)
def test_a_cluster_of_which_a_worker_is_killed_makes_the_same_map(study: Path, killing, tmp_path: Path) -> None:
    here = make_map([session_of(open_study(study))], cache=ArrayCache(tmp_path / "here"))
    there = make_map([session_of(open_study(study))], cache=ArrayCache(tmp_path / "there"), workers=killing)
    require_same(tmp_path / "here", tmp_path / "there")
    assert there.cells == here.cells
    assert there.nested == here.nested


def test_a_job_anywhere_is_the_job_here(study: Path, tmp_path: Path) -> None:
    (subject,) = subjects_of([study], regions=["part_0"])
    session = subject.open()
    sign = tmp_path / "cache" / "sign"
    cache = ArrayCache(sign.parent)
    for job in FITS.jobs(session, lambda _: True):
        names = tuple(FITS.entries(session, job))
        travelled = work_out_anywhere(FITS, subject, job, names, sign)
        assert not any(name in cache for name in names)
        sign.touch()
        assert work_out_anywhere(FITS, subject, job, names, sign) == []
        sign.unlink()
        for (name, arrays), here in zip(travelled, FITS.work_out(session, job), strict=True):
            assert name in names
            for there in (arrays, cache.get(name)):
                assert here.keys() == there.keys()
                for array in here.keys() - {"seconds"}:
                    np.testing.assert_array_equal(there[array], here[array])


def test_a_worker_that_reads_something_else_says_so(study: Path, tmp_path: Path) -> None:
    session = session_of(open_study(study))
    assert session.source is not None
    with pytest.raises(InputError, match="a worker reads another recording, study or network"):
        work_out_anywhere(MAPS, session.source, jobs_of(session)[-1], ("0.npz",), tmp_path / "sign")


@pytest.mark.slow
def test_no_scheduler_and_no_workers(study: Path, cluster: LocalCluster, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(kernel_cluster, "CONNECT_S", 1.0)
    session = session_of(open_study(study))
    cache = ArrayCache(tmp_path / "there")
    with pytest.raises(InputError, match="has no workers; start some with `dask worker tcp://127"):
        make_map([session], cache=cache, workers=Cluster(cluster.address))
    with pytest.raises(InputError, match=r"no dask scheduler answers at 'tcp://127.0.0.1:9'"):
        make_map([session], cache=cache, workers=Cluster("tcp://127.0.0.1:9"))
    session.source = None
    with pytest.raises(InputError, match="expected a session opened from one"):
        make_map([session], cache=cache, workers=Cluster(cluster.address))
