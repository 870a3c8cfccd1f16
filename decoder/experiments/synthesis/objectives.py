"""What the responses of sites should be: one high, one high and all others low, or a pattern."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray

from ....errors import InputError, NonFiniteError, UnknownNameError
from ...readers.tables import numbers, read_table
from ...recordings.events import listed
from ...recordings.patterns import matches

Kind = Literal["stretch", "one-hot", "pattern"]
SURE = 1.645
"""A standard normal value is above this with a probability of 5 %."""
ABOUT: dict[str, str] = {
    "stretch": "the site's response, as high as it goes",
    "one-hot": "the logarithm of the site's share of the softmax over all sites: high where others are low",
    "pattern": "minus the mean squared distance of the sites' standardised responses from the pattern",
}


@dataclass(frozen=True)
class SiteObjective:
    """A score of responses that are standardised by those to the natural stimuli.

    `site` is the position of the site; a pattern has the standardised response of each site instead, NaN for any.
    """

    kind: Kind
    name: str
    site: int = -1
    pattern: tuple[float, ...] = ()

    def score(self, responses: torch.Tensor) -> torch.Tensor:
        """The score (...) of standardised responses (..., n_sites); NaN are responses that are not known.

        Examples
        --------
        >>> responses = torch.tensor([[2.0, 0.0], [3.0, 3.0]])
        >>> SiteObjective("stretch", "a", 0).score(responses).tolist()
        [2.0, 3.0]
        >>> SiteObjective("one-hot", "a", 0).score(responses).exp().tolist()
        [0.88..., 0.5]
        """
        if self.kind == "stretch":
            return responses[..., self.site]
        if self.kind == "one-hot":
            known = torch.where(responses.isnan(), -torch.inf, responses)
            return responses[..., self.site] - known.logsumexp(dim=-1)
        pattern = torch.tensor(self.pattern, dtype=responses.dtype)
        asked = ~pattern.isnan()
        return -(responses[..., asked] - pattern[asked]).square().nanmean(dim=-1)


def of_sites(kind: Kind, given: str, sites: Sequence[str]) -> list[SiteObjective]:
    """The objectives of sites, named or by patterns such as ``"neuron_1*"``, with commas between them.

    Examples
    --------
    >>> [one.name for one in of_sites("stretch", "c,a*", ["a1", "a2", "b", "c"])]
    ['a1', 'a2', 'c']
    """
    if kind == "one-hot" and len(sites) < 2:
        raise InputError(
            f"--one-hot: expected two sites or more in the recording, one high and the others low, got {sites[0]} "
            f"alone; take --stretch {sites[0]}"
        )
    chosen = np.zeros(len(sites), bool)
    for pattern in filter(None, (part.strip() for part in given.split(","))):
        fit = matches(pattern, sites)
        if not fit.any():
            raise UnknownNameError("site", pattern, sites)
        chosen |= fit
    if not chosen.any():
        raise InputError(f"--{kind}: expected names of sites, such as {sites[0]}, or '*' for all, got {given!r}")
    return [SiteObjective(kind, sites[i], i) for i in np.flatnonzero(chosen).tolist()]


def not_predicted(objectives: Sequence[SiteObjective], r: NDArray[np.float64], n_stimuli: int) -> list[str]:
    """What to mind of sites whose correlation `r` (n_sites,) over held-out stimuli is not surely above 0.

    By Fisher's transformation, one-sided. Patterns are of many sites, and left out.

    Examples
    --------
    >>> not_predicted(of_sites("stretch", "*", ["a", "b"]), np.array([0.7, 0.1]), 20)
    ['The encoders do not surely predict b (r 0.10): over 20 held-out stimuli r would be above 0.38. ...']
    """
    least = float(np.tanh(SURE / np.sqrt(n_stimuli - 3))) if n_stimuli > 3 else 1.0
    weak = [f"{one.name} (r {r[one.site]:.2f})" for one in objectives if one.site >= 0 and not r[one.site] > least]
    if not weak:
        return []
    return [
        f"The encoders do not surely predict {listed(weak, 10)}: over {n_stimuli} held-out stimuli r would be above "
        f"{least:.2f}. What drives such an encoder says little of the site."
    ]


def read_pattern(path: Path, sites: Sequence[str], responses: NDArray[np.float64]) -> tuple[SiteObjective, list[str]]:
    """A pattern of responses, and what of it is out of reach.

    The file is a table with the columns ``site`` and ``response``, of some or all sites, or a .npy array with a
    response of each site, in the recording's unit; `responses` (n_stimuli, n_sites) are those to natural stimuli.

    Raises
    ------
    InputError, NonFiniteError, UnknownNameError, RecordingError
        The file is another one, or has NaN, another number of sites, or a site that is not there.
    """
    target = np.full(len(sites), np.nan)
    if path.suffix == ".npy":
        try:
            array = np.load(path, allow_pickle=False)
        except (OSError, ValueError, EOFError) as error:
            raise InputError(f"--pattern: {path} cannot be read as a .npy array ({error})") from error
        if array.shape != target.shape or array.dtype.kind not in "iuf":
            raise InputError(
                f"--pattern: expected a number for each of the {len(sites)} sites, ({len(sites)},), got {array.dtype} "
                f"{array.shape} in {path}"
            )
        target[:] = array
        given = np.ones(len(sites), bool)
    else:
        table = read_table(path)
        for column in ("site", "response"):
            if column not in table:
                raise InputError(
                    f"--pattern: expected a table with the columns site and response, got {', '.join(table)} in {path}"
                )
        for name in table["site"]:
            if name not in sites:
                raise UnknownNameError("site", name, sites)
            if table["site"].count(name) > 1:
                raise InputError(f"--pattern: expected each site once, got {name} twice in {path}")
        rows = [list(sites).index(name) for name in table["site"]]
        target[rows] = numbers(path, "response", table["response"])
        given = np.isin(np.arange(len(sites)), rows)
    if not given.any() or not np.isfinite(target[given]).all():
        bad = [sites[int(i)] for i in np.flatnonzero(given & ~np.isfinite(target))[:3]]
        raise NonFiniteError(f"--pattern: expected finite responses, got NaN or infinity for {', '.join(bad) or 'all'}")
    low, high = responses.min(axis=0), responses.max(axis=0)
    beyond = np.flatnonzero(given & ((target < low) | (target > high)))
    notes = [
        f"{sites[i]}: the pattern asks for {target[i]:.3g}, but no natural stimulus gave less than {low[i]:.3g} or "
        f"more than {high[i]:.3g}; it may be out of reach."
        for i in beyond.tolist()
    ]
    standard = (target - responses.mean(axis=0)) / responses.std(axis=0)
    return SiteObjective("pattern", path.stem, pattern=tuple(standard.tolist())), notes
