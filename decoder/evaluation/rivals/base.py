"""What a classifier of the field is: scikit-learn pipelines, one of which is chosen within the training runs."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any, ClassVar, Literal

from ....errors import MissingExtraError


@dataclass(frozen=True)
class TrialShape:
    """The shape of the trials: times, samples per second, channels; and the classes."""

    n_times: int
    n_channels: int
    times_hz: float
    classes: tuple[str, ...]


class Rival(ABC):
    """A classifier that the decoder is compared with. Subclasses are frozen dataclasses of plain settings.

    `name` is its name in tables and study files, `description` what it is, for the report. It `takes` trials as
    "samples" (n_trials, n_channels, n_times), or as "features" (n_trials, n_features), which the adapter takes, too.
    Another package adds one by an entry point of the group ``"hotwire.classifiers"`` under its `name`.
    """

    name: ClassVar[str]
    takes: ClassVar[Literal["samples", "features"]]
    description: ClassVar[str]

    def before(self, shape: TrialShape) -> Any:
        """A transformer that needs no classes, so that one fit on the training trials serves all choices; or None."""
        return None

    def in_each_fit(self, shape: TrialShape) -> Any:
        """A transformer after `before` that needs no classes; each fit, also of inner folds, fits it once on its own
        trials for all candidates; or None.
        """
        return None

    @abstractmethod
    def candidates(self, shape: TrialShape) -> Sequence[Any]:
        """Unfitted scikit-learn classifiers of what the transformers give; the training runs choose one."""


def from_pyriemann(module: str) -> Any:
    """Import a module of pyriemann; raise MissingExtraError where it is not installed."""
    try:
        return import_module(f"pyriemann.{module}")
    except ImportError as error:
        raise MissingExtraError("classifiers of covariances need pyriemann; install hotwire[all]") from error


def numbers_of_filters(tried: Sequence[int], n_channels: int) -> list[int]:
    """The numbers for which there are enough channels; the number of channels where there are fewer.

    Examples
    --------
    >>> numbers_of_filters((2, 4, 6), 5), numbers_of_filters((2, 4, 6), 1)
    ([2, 4], [1])
    """
    return [n for n in tried if n <= n_channels] or [n_channels]
