"""Maps on a real dask cluster of several processes, one of which is killed."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import transformers

from hotwire.decoder.experiments.maps.cells import jobs_of, key_of, work_out
from hotwire.decoder.experiments.maps.cluster import Cluster, work_out_anywhere
from hotwire.decoder.experiments.maps.piece_store import PieceStore
from hotwire.decoder.experiments.maps.run import make_map
from hotwire.decoder.experiments.maps.studies import session_of
from hotwire.decoder.study.study import open_study
from hotwire.errors import InputError

from ...local_cluster import LocalCluster
from ...small_study import save_study

MAP = """
[map]
regions = { front = { first = 0, stop = 5 }, back = { first = 5, stop = 10 } }
times = { lags = [-1, 0, 1] }
"""


@pytest.fixture(scope="module", autouse=True)
def without_bars_of_transformers() -> Iterator[None]:
    transformers.utils.logging.disable_progress_bar()
    yield
    transformers.utils.logging.enable_progress_bar()


@pytest.fixture
def study(tmp_path: Path) -> Path:
    path = save_study(tmp_path)
    path.write_text(path.read_text() + MAP)
    return path


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[LocalCluster]:
    made = LocalCluster(tmp_path)
    yield made
    made.close()


@pytest.mark.slow
def test_a_cluster_of_which_a_worker_is_killed_finds_the_same(study: Path, cluster: LocalCluster, tmp_path: Path):
    here = make_map([session_of(open_study(study))], kept=PieceStore(tmp_path / "here"))
    workers = [cluster.worker() for _ in range(3)]
    session = session_of(open_study(study))

    class Killing(PieceStore):
        """Kills a worker once the first pieces have come back."""

        n_put = 0

        def put(self, key, arrays) -> None:
            super().put(key, arrays)
            self.n_put += 1
            if self.n_put == 3:
                os.kill(workers[0].pid, signal.SIGKILL)

    store = Killing(tmp_path / "there")
    there = make_map([session], kept=store, workers=Cluster(cluster.address, {"study": study}))
    assert workers[0].wait(30) == -signal.SIGKILL
    assert store.n_put == len(jobs_of(session))
    assert there.cells == here.cells
    assert there.nested == here.nested


def test_a_piece_anywhere_is_the_piece_here(study: Path):
    session = session_of(open_study(study))
    job = jobs_of(session)[-1]
    here, there = work_out(session, job), work_out_anywhere(study, job, key_of(session, job))
    assert here.keys() == there.keys()
    for name, array in here.items():
        np.testing.assert_array_equal(there[name], array)
    with pytest.raises(InputError, match="a worker reads another recording, study or network"):
        work_out_anywhere(study, job, "0" * 64)


@pytest.mark.slow
def test_no_scheduler_and_no_workers(study: Path, cluster: LocalCluster, tmp_path: Path, monkeypatch):
    monkeypatch.setattr("hotwire.decoder.experiments.cluster.CONNECT_S", 1.0)
    session = session_of(open_study(study))
    store = PieceStore(tmp_path / "there")
    with pytest.raises(InputError, match="has no workers; start some with `dask worker tcp://127"):
        make_map([session], kept=store, workers=Cluster(cluster.address, {"study": study}))
    with pytest.raises(InputError, match=r"no dask scheduler answers at 'tcp://127.0.0.1:9'"):
        make_map([session], kept=store, workers=Cluster("tcp://127.0.0.1:9", {"study": study}))
