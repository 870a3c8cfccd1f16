from __future__ import annotations

import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest
import torch
from threadpoolctl import threadpool_info

from hotwire.decoder.evaluation.threads import in_parallel


def test_results_come_in_order() -> None:
    waited = threading.Event()

    def first() -> str:
        # Only passes if the second call runs beside it, or the calls come one after the other.
        waited.wait(timeout=0.2)
        return "first"

    def second() -> str:
        waited.set()
        return "second"

    assert in_parallel([first, second], "two") == ["first", "second"]


@pytest.mark.parametrize("at_once", [1, 2])
def test_no_more_run_together_than_memory_has_room_for(at_once: int) -> None:
    running: list[int] = []
    lock, n_now = threading.Lock(), 0

    def call() -> None:
        nonlocal n_now
        with lock:
            n_now += 1
            running.append(n_now)
        time.sleep(0.01)
        with lock:
            n_now -= 1

    in_parallel([call] * 8, "few", at_once)
    assert max(running) <= at_once


def test_pools_have_one_thread_within_and_their_own_again_after() -> None:
    _ = np.ones((2, 2)) @ np.ones((2, 2))
    before = torch.get_num_threads(), [pool["num_threads"] for pool in threadpool_info()]
    looks: list[Callable[[], Any]] = [torch.get_num_threads, threadpool_info]
    within = in_parallel(looks, "looking")
    assert within[0] == 1
    assert all(pool["num_threads"] == 1 for pool in within[1] if pool["user_api"] == "blas")
    assert (torch.get_num_threads(), [pool["num_threads"] for pool in threadpool_info()]) == before


def test_an_error_is_raised_and_the_pools_are_let_go() -> None:
    before = torch.get_num_threads()
    with pytest.raises(ZeroDivisionError):
        in_parallel([partial(divmod, 1, 0)], "failing")
    assert torch.get_num_threads() == before
