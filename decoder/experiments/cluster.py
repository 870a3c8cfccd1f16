"""Calls made by the workers of a dask cluster."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

from tqdm import tqdm

from ...errors import InputError, MissingExtraError

T = TypeVar("T")

CONNECT_S = 20.0
RETRIES = 3
"""How often a call is given to another worker, after the worker that had it is gone."""


def on_cluster(address: str, calls: Mapping[str, Callable[[], T]], what: str) -> Iterator[tuple[str, T]]:
    """Have workers make the calls; show progress; yield each key with its call's result, in the order of completion.

    Parameters
    ----------
    address : str
        Of the scheduler, e.g. ``"tcp://10.0.0.1:8786"``.
    calls : mapping of str to callable
        They travel to workers, which need hotwire. Calls with equal keys are the same call.
    what : str
        For the progress bar.

    Raises
    ------
    InputError
        No scheduler answers, or it has no workers.
    MissingExtraError
        dask's distributed is not installed.
    """
    try:
        from distributed import Client, as_completed
    except ImportError as error:
        raise MissingExtraError("a cluster needs dask's distributed; install hotwire[all]") from error
    try:
        client = Client(address, timeout=CONNECT_S)
    except (OSError, ValueError) as error:
        raise InputError(
            f"scheduler: no dask scheduler answers at {address!r} ({error}); start one with `dask scheduler` "
            "and give the address that it prints"
        ) from error
    with client:
        _wait_for_a_worker(client, address)
        futures = [client.submit(call, key=f"hotwire-{key}", retries=RETRIES) for key, call in calls.items()]
        done: Any = as_completed(futures, with_results=True)
        for future, result in tqdm(done, desc=what, total=len(futures), delay=1, disable=None):
            yield future.key.removeprefix("hotwire-"), result
            future.release()


def _wait_for_a_worker(client: Any, address: str) -> None:
    try:
        client.wait_for_workers(1, timeout=CONNECT_S)
    except TimeoutError as error:
        raise InputError(
            f"scheduler: the one at {address!r} has no workers; start some with `dask worker {address}`"
        ) from error
