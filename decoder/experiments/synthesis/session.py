"""A session for which pictures or sounds are synthesised: sites, their responses, networks and judges."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ....errors import InputError
from ....models.cache.ingredients import ingredients_of
from ....models.cache.recorded import record
from ....models.networks.network import Network
from ...encoder import check_responses
from ...evaluation.threads import once
from ...pooling import Pool, check_pool, is_map, pooled
from ...receptive_fields import RECEPTIVE_FIELD
from ...recordings.patterns import matches
from ..kernel.keys import digest_of
from ..session.holding_out import whole_groups
from .judges import OnnxJudge
from .maps import with_gradients
from .media import medium_of
from .settings import SynthesizeSettings

N_PARTS = 5
"""One of so many parts of the natural stimuli is held out, to show how well encoders predict."""


@dataclass(frozen=True)
class OpenedNetwork:
    """A network whose layers predict the sites."""

    network: Network
    layers: tuple[str, ...]


class SynthesisSession:
    """What was presented and recorded, the networks that predict it, and who judges what is synthesised.

    Parameters
    ----------
    name : str
    sites : sequence of str
    stimuli : mapping of str to picture or sound
        By name.
    responses : (n_stimuli, n_sites) array
        The mean response of each site to each of them.
    groups : (n_stimuli,) array of int
        Those that look or sound the same have the same number.
    networks, judging : mapping of str to OpenedNetwork
        Whose predictions are the objective; and whose predictions are judges.
    settings : PictureSettings or SoundSettings
        They say which of both the stimuli are.
    judges : sequence of OnnxJudge
    unit : str
        Of the responses.

    Raises
    ------
    InputError
        A site never varies, a response is NaN, a layer has no positions for receptive fields, a network has no
        gradients, a judge is part of the objective, or patterns of synthesised stimuli match none, or nearly all.
    """

    source = None

    def __init__(
        self,
        name: str,
        sites: Sequence[str],
        stimuli: Mapping[str, Any],
        responses: NDArray[np.float64],
        groups: NDArray[np.intp],
        networks: Mapping[str, OpenedNetwork],
        settings: SynthesizeSettings,
        judging: Mapping[str, OpenedNetwork] | None = None,
        judges: Sequence[OnnxJudge] = (),
        unit: str = "",
    ) -> None:
        self.name = name
        self.sites = tuple(sites)
        self.stimuli = dict(stimuli)
        self.medium = medium_of(settings, list(self.stimuli.values()))
        self.responses = responses
        self.groups = groups
        self.networks = dict(networks)
        self.judging = dict(judging or {})
        self.judges = tuple(judges)
        self.unit = unit
        self.settings = settings
        self.network = once(self._open)
        self.tables = once(self._pooled, maxsize=2 * len(settings.pool))
        self.ingredients = once(self._ingredients)
        check_responses(responses[self.natural], self.sites)
        for one in (*self.networks.values(), *self.judging.values()):
            for pool in settings.pool:
                check_pool(pool, one.network, one.layers, len(self.stimuli))
        for one in self.networks.values():
            self.medium.check(with_gradients(one.network))
        for judge in self.judging.values():
            self._check_judge(judge)

    def prepare(self) -> None:
        """Nothing: what jobs need is made when it is needed, and once."""

    def forget(self) -> None:
        """Free memory that is filled again when needed."""
        self.tables = once(self._pooled, maxsize=2 * len(self.settings.pool))

    @cached_property
    def synthesised(self) -> NDArray[np.intp]:
        """Those of the recording that were synthesised."""
        names, found = list(self.stimuli), np.zeros(len(self.stimuli), bool)
        for pattern in self.settings.synthesised:
            fit = matches(pattern, names)
            if not fit.any():
                raise InputError(
                    f"synthesised: the recording has no {self.medium.noun} {pattern!r}; they are "
                    f"{', '.join(names[:3])}, ..."
                )
            found |= fit
        return np.flatnonzero(found)

    @cached_property
    def natural(self) -> NDArray[np.intp]:
        """The other ones, on which encoders are fitted."""
        rows = np.setdiff1d(np.arange(len(self.stimuli)), self.synthesised)
        if len(rows) < 2 * N_PARTS:
            raise InputError(
                f"{self.medium.noun}s: expected {2 * N_PARTS} natural ones or more to fit encoders on, got {len(rows)}"
            )
        return rows

    @cached_property
    def held_out(self) -> NDArray[np.intp]:
        """The natural ones that show how well encoders predict, in a fit without them."""
        return self.natural[whole_groups(self.groups[self.natural], N_PARTS, self.settings.seed)[0].test]

    @cached_property
    def training(self) -> NDArray[np.intp]:
        """The natural ones without `held_out`."""
        return np.setdiff1d(self.natural, self.held_out)

    def layers(self, network: str) -> tuple[str, ...]:
        return self._opened(network).layers

    @cached_property
    def without_fields(self) -> list[str]:
        """The networks whose layers could have receptive fields that the study does not name."""
        if RECEPTIVE_FIELD in self.settings.pool:
            return []
        return [
            name for name, of in self.networks.items() if all(is_map(of.network.shape_of(one)) for one in of.layers)
        ]

    def stimulus(self, row: int) -> Any:
        return list(self.stimuli.values())[row]

    def shares_a_network(self, judge: str) -> bool:
        """Whether a judge is another layer of a network of the objective."""
        return judge in self.judging and self.judging[judge].network.name in [
            one.network.name for one in self.networks.values()
        ]

    def _check_judge(self, judge: OpenedNetwork) -> None:
        for one in self.networks.values():
            both = [layer for layer in judge.layers if layer in one.layers]
            if one.network.name == judge.network.name and both:
                raise InputError(
                    f"judges: {one.network.name} is part of the objective in layer {both[0]}, and cannot judge; take "
                    "another network, or another layer"
                )

    def _opened(self, network: str) -> OpenedNetwork:
        return self.networks[network] if network in self.networks else self.judging[network]

    def _open(self, network: str, untrained: bool = False) -> Network:
        opened = self._opened(network).network
        return opened.untrained(self.settings.seed) if untrained else opened

    def _pooled(self, network: str, untrained: bool, pool: Pool) -> dict[str, NDArray[np.float32]]:
        """The pooled activations (n_stimuli, ...) of all stimuli in each layer."""
        opened, layers = self.network(network, untrained), self.layers(network)
        stimuli = list(self.stimuli.values())
        recorded, filled = record(opened, stimuli, layers).tables, opened.n_positions(stimuli)
        return {layer: pooled(recorded[layer], opened.shape_of(layer), pool, filled) for layer in layers}

    def _ingredients(self, network: str, untrained: bool = False) -> list[Any]:
        """What an encoder depends on."""
        about = ingredients_of(self.network(network, untrained), list(self.stimuli.values()))
        rows = [digest_of(of) for of in (self.responses, self.natural, self.training, self.groups)]
        return [about, self.layers(network), list(self.settings.pool), self.settings.seed, *rows]
