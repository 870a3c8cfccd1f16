"""Backends for products along the wide axis: numpy, or torch on one of its devices.

Arrays of the size of samples or features are always numpy in float64. A backend takes blocks of units and returns
something small, or the finished expansion.

Products of blocks use only numpy: scipy has its own BLAS, whose threads wait in a busy loop and slow down numpy's.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from threading import Lock
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import numpy as np
from numpy.typing import DTypeLike, NDArray

from ..errors import InputError, MissingExtraError

if TYPE_CHECKING:
    import torch

Given = TypeVar("Given")
Result = TypeVar("Result")

Array = Any
"""A block on a backend: a numpy array or a torch tensor."""


class Backend(Protocol):
    """Blocks of units, and the few products of them."""

    def room(self, n_rows: int, n_columns: int, dtype: DTypeLike) -> NDArray | None:
        """An array in which blocks can be computed one after the other, where that is quicker than a new one each."""
        ...

    def block(self, Y: Any, units: slice, dtype: DTypeLike, out: NDArray | None = None) -> tuple[Array, Array]:
        """Deviations of some units from their mean (n_samples, n), and the mean (n,); exactly 0 for a constant unit.

        The deviations are also in `out`, if given, and may share its memory.
        """
        ...

    def put(self, array: NDArray, dtype: DTypeLike) -> Array:
        """Convert a numpy array to this backend."""
        ...

    def get(self, array: Array) -> NDArray:
        """Convert an array of this backend to numpy."""
        ...

    def in_full(self, array: Array) -> Array:
        """Convert to float64."""
        ...

    def squares(self, array: Array) -> Array:
        """Sum of squares of each column."""
        ...


class NumpyBackend:
    """numpy arrays and BLAS."""

    def room(self, n_rows: int, n_columns: int, dtype: DTypeLike) -> NDArray:
        return np.empty((n_rows, n_columns), dtype)  # new memory for each block takes longer than its sums

    def block(self, Y: NDArray, units: slice, dtype: DTypeLike, out: NDArray | None = None) -> tuple[NDArray, NDArray]:
        given = Y[:, units]
        within = None if out is None or out.dtype != dtype else out
        # Subtracting a row keeps the digits of a unit that varies little, far from zero.
        block = np.subtract(given, given[0], out=within, dtype=dtype)
        mean = np.ones(len(block), dtype) @ block / len(block)
        block -= mean
        if out is not None and within is None:
            out[:] = block
        return block, given[0] + mean.astype(np.float64)

    def put(self, array: NDArray, dtype: DTypeLike) -> NDArray:
        return np.ascontiguousarray(array, dtype)

    def get(self, array: NDArray) -> NDArray:
        return array

    def in_full(self, array: NDArray) -> NDArray:
        return array.astype(np.float64, copy=False)

    def squares(self, array: NDArray) -> NDArray:
        return np.einsum("ij,ij->j", array, array)


@dataclass(frozen=True)
class TorchBackend:
    """Tensors on a device, e.g. ``"cpu"``, ``"cuda:1"`` or ``"mps"``; arrays are sent there block by block.

    Raises MissingExtraError if torch is not installed, InputError if it cannot use this device.
    """

    device: str

    def __post_init__(self) -> None:
        try:
            self.put(np.zeros(1), np.float32)
        except (RuntimeError, AssertionError, NotImplementedError) as error:
            raise InputError(
                f"device={self.device!r} cannot be used here ({str(error).splitlines()[0]}): give one that torch has, "
                "e.g. 'cpu', or leave it out"
            ) from error

    @cached_property
    def _torch(self) -> Any:
        try:
            import torch
        except ImportError as error:
            raise MissingExtraError(f"device={self.device!r} needs torch; install hotwire[all]") from error
        return torch

    def room(self, n_rows: int, n_columns: int, dtype: DTypeLike) -> None:
        return None

    def block(
        self, Y: Any, units: slice, dtype: DTypeLike, out: NDArray | None = None
    ) -> tuple[torch.Tensor, torch.Tensor]:
        given = Y[:, units]
        if isinstance(given, np.ndarray):
            given = self._torch.from_numpy(np.ascontiguousarray(given, self._possible(given.dtype)))
        block = given.to(self.device, self._dtype(dtype))
        first = block[0].clone()
        block = block - first
        mean = block.mean(0)
        block -= mean
        if out is not None:
            out[:] = self.get(block)
        return block, first.to(self._dtype(np.float64)) + mean

    def put(self, array: NDArray, dtype: DTypeLike) -> torch.Tensor:
        return self._torch.as_tensor(np.ascontiguousarray(array, np.dtype(dtype)), dtype=self._dtype(dtype)).to(
            self.device
        )

    def get(self, array: torch.Tensor) -> NDArray:
        return array.cpu().numpy()

    def in_full(self, array: torch.Tensor) -> torch.Tensor:
        return array.to(self._dtype(np.float64))

    def squares(self, array: torch.Tensor) -> torch.Tensor:
        return (array * array).sum(0)

    def _dtype(self, dtype: DTypeLike) -> Any:
        # Apple's devices have no float64.
        single = np.dtype(dtype) == np.float32 or self.device.startswith("mps")
        return self._torch.float32 if single else self._torch.float64

    def _possible(self, dtype: np.dtype) -> np.dtype:
        return dtype if dtype in (np.float16, np.float32, np.float64) else np.dtype(np.float64)


class _OneThread:
    """BLAS on one thread while any thread of this process is within.

    Decompositions and inverses of a few hundred rows hardly gain from more, and on busy cores threads that spin while
    they wait for each other take ten to fifty times as long.
    """

    def __init__(self) -> None:
        self._lock, self._n_within, self._limits = Lock(), 0, None

    @cached_property
    def _pools(self) -> Any:
        from threadpoolctl import ThreadpoolController  # a rig, where it is not installed, decomposes nothing

        return ThreadpoolController()

    @property
    def n_threads(self) -> int:
        """The threads that BLAS may take now."""
        return max((pool["num_threads"] for pool in self._pools.info() if pool["user_api"] == "blas"), default=1)

    def __enter__(self) -> None:
        with self._lock:
            if not self._n_within:
                self._limits = self._pools.limit(limits=1, user_api="blas")
            self._n_within += 1

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._n_within -= 1
            if not self._n_within and self._limits is not None:
                self._limits.restore_original_limits()


one_thread = _OneThread()


def each_on_one_thread(function: Callable[[Given], Result], items: Iterable[Given]) -> Iterator[Result]:
    """Yield ``function(item)`` of each item in order, as many at once as BLAS has threads, each on one of them."""
    n_threads = one_thread.n_threads
    with one_thread:
        if n_threads == 1:
            yield from map(function, items)
            return
        with ThreadPoolExecutor(n_threads) as pool:
            begun: deque[Future[Result]] = deque()  # a few ahead, however slowly results are taken
            for item in items:
                begun.append(pool.submit(function, item))
                if len(begun) > n_threads:
                    yield begun.popleft().result()
            while begun:
                yield begun.popleft().result()


def is_tensor(array: Any) -> bool:
    """Whether this is a torch tensor, without importing torch."""
    return type(array).__module__.partition(".")[0] == "torch"


def in_numpy(array: Any) -> Any:
    """Convert a tensor to numpy; return anything else unchanged."""
    return array.detach().cpu().numpy() if is_tensor(array) else array


def backend_for(Y: Any, device: str | None) -> Backend:
    """The backend for targets: torch if a device is given or they are a tensor (on its device), else numpy."""
    if device is not None:
        return TorchBackend(str(device))
    return TorchBackend(str(Y.device)) if is_tensor(Y) else NumpyBackend()
