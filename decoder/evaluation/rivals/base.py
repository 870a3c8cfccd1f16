"""What a classifier of the field is: pipelines of scikit-learn to choose from within the training runs."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any, ClassVar, Literal

from ....errors import MissingExtraError


@dataclass(frozen=True)
class TrialShape:
    """What the trials hold: so many times, at so many a second, of so many channels; and their classes."""

    n_times: int
    n_channels: int
    times_hz: float
    classes: tuple[str, ...]


class Rival(ABC):
    """A classifier that the decoder is compared with. Subclasses are frozen dataclasses of plain settings.

    Attributes
    ----------
    name : str
        What tables and study files call it.
    takes : {"samples", "features"}
        Trials as (n_trials, n_channels, n_times), or as the very vectors (n_trials, n_features) that the decoder's
        adapter takes.
    description : str
        What it is, for the report.
    """

    name: ClassVar[str]
    takes: ClassVar[Literal["samples", "features"]]
    description: ClassVar[str]

    def before(self, shape: TrialShape) -> Any:
        """A transformer that needs no classes, so that one fit on the training trials serves all choices; or None."""
        return None

    @abstractmethod
    def candidates(self, shape: TrialShape) -> Sequence[Any]:
        """Unfitted classifiers of what `before` gives, in scikit-learn's way; the training runs choose one."""


def from_pyriemann(module: str) -> Any:
    """One of pyriemann's modules; raise MissingExtraError where it is not installed."""
    try:
        return import_module(f"pyriemann.{module}")
    except ImportError as error:
        raise MissingExtraError("classifiers of covariances need pyriemann; install hotwire[all]") from error


def numbers_of_filters(tried: Sequence[int], n_channels: int) -> list[int]:
    """Those that there are channels for; all channels where there are fewer.

    Examples
    --------
    >>> numbers_of_filters((2, 4, 6), 5), numbers_of_filters((2, 4, 6), 1)
    ([2, 4], [1])
    """
    return [n for n in tried if n <= n_channels] or [n_channels]
