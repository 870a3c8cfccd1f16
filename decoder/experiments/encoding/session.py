"""A session to be encoded: responses to each stimulus, what predicts them, and which stimuli are held out together."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ....adapters.blending import gram
from ....adapters.unit_blocks import scores_of
from ....errors import InputError, UnknownNameError
from ...encoder import check_responses, size_of
from ...evaluation.threads import once
from ...pooling import check_pool, pooled
from ...receptive_fields import RECEPTIVE_FIELD
from ...statistics.ceilings import noise_ceiling, single_responses
from ...targets import StimulusTargets
from ..session.holding_out import HoldOut, alike, groups_in, stretches, whole_groups
from ..session.responses import Presented, presented
from ..session.session import RegionSession
from ..session.settings import Split
from .controls import OF_STIMULI, values_of
from .predictors import ALL_LAYERS, LABELS, POSITION, WIDTHS, Predictor, layers_of, positions
from .settings import EncodeSettings


class EncodingSession(RegionSession[EncodeSettings]):
    """A `RegionSession` read the other way round; `session_of` makes one from a study.

    Stimuli are those that were presented, in the order of their first presentation; responses to the same stimulus are
    averaged. `groups_table` has the columns ``stimulus`` and ``group``.
    """

    def __init__(self, *args: Any, groups_table: dict[str, list[str]] | None = None, **options: Any) -> None:
        super().__init__(*args, **options)
        self._groups_table = groups_table
        self.responses = once(self._responses)
        self.values = once(self._values)
        self.coordinates = once(self._coordinates, maxsize=4)
        self.holding_out = once(self._holding_out)
        self._activations = once(self._record_one)
        self._n_positions = once(self._filled)
        self.sites = np.unique(np.concatenate(list(self.regions.values())))
        self.forget()

    def prepare(self) -> None:
        for network, draw in dict.fromkeys((one.network, one.draw) for one in self.layers):
            self._activations(network, draw)

    def forget(self) -> None:
        self._kernel = once(self._inner_products)

    def check(self) -> None:
        """Raise `InputError` where sites never vary, or settings do not fit the stimuli; before a network computes."""
        for way in self.settings.hold_out:
            self.holding_out(way)
        for time in self.settings.times:
            self.responses(time.name)
        for spec in self.networks.values():
            check_pool(self.settings.pool, spec.network, spec.layers, len(self.stimuli))
            if self.settings.pool is not None and spec.network.hears and not isinstance(spec.targets, StimulusTargets):
                raise InputError(
                    "pool: expected none where words are heard in several sounds, which need not be of one length; "
                    'leave it out, or make the sounds stimuli of the recording (targets.stimuli = "recording")'
                )
        for region in (one for stage in self.settings.hierarchy or () for one in stage):
            if region not in self.regions:
                raise UnknownNameError("region of the hierarchy", region, self.regions)

    def about(self) -> dict[str, Any]:
        """What results report about the session: recording, stimuli, groups, and what to mind."""
        groups, notes = {}, []
        for way in self.settings.hold_out:
            groups[way] = len(np.unique(self.holding_out(way)[0]))
        n_once = int(np.count_nonzero(self.n_presentations < 2))
        if n_once:
            notes.append(
                f"No ceiling: {n_once} of {len(self.stimuli)} stimuli have a single response, and only repeats tell "
                "noise from signal. The explained share is of all variance."
            )
        if "shuffled" in self.settings.hold_out:
            notes.append(
                "Shuffled folds hold out stimuli at random: stimuli that look like those in the training, or were "
                "presented next to them, are easy to predict there for any features."
            )
        return {
            "name": self.name,
            "recording": self.recording.summary(),
            "n_stimuli": len(self.stimuli),
            "n_presentations": int(self.n_presentations.sum()),
            "n_groups": groups,
            "notes": notes,
        }

    @cached_property
    def layers(self) -> list[Predictor]:
        """The layers of all networks, trained and with random weights."""
        draws = range(-1, self.settings.n_untrained)
        return [one for name, of in self.networks.items() for draw in draws for one in layers_of(name, of.layers, draw)]

    @cached_property
    def controls(self) -> list[Predictor]:
        """What stands beside the layers and can be had of these stimuli."""
        found = [Predictor(kind) for kind in OF_STIMULI if self.values(Predictor(kind)) is not None]
        timed = self.n_presentations.max() == 1 and len(np.unique(self.trials.run)) < len(self.trials)
        return found + [Predictor(POSITION, layer=f"{width:g}") for width in WIDTHS if timed]

    def controls_in(self, way: HoldOut) -> list[Predictor]:
        """The controls in folds that hold out so: labels say nothing of a class that no training stimulus has."""
        return [one for one in self.controls if (one.kind, way) != (LABELS, "class")]

    @cached_property
    def targets(self) -> Any:
        return next(iter(self.networks.values())).targets

    @cached_property
    def _presented(self) -> Presented:
        return presented(self.keys(next(iter(self.networks))))

    @property
    def stimuli(self) -> NDArray[np.intp]:
        """The keys that were presented, in the order of their first presentation."""
        return self._presented.stimuli

    @cached_property
    def n_presentations(self) -> NDArray[np.intp]:
        return self._presented.n_presentations

    def columns(self, region: str) -> NDArray[np.intp]:
        """The positions of a region's sites among all."""
        return np.searchsorted(self.sites, self.regions[region])

    def repeats(self, time: str) -> NDArray[np.float64] | None:
        """Single responses (n_stimuli, n_sites, n_repeats), NaN where there was none; None if some have only one."""
        return single_responses(self.trials_at[time].X[:, self.sites], self._presented.row)

    @cached_property
    def ceilings(self) -> dict[str, NDArray[np.float64] | None]:
        """The reliability of each site's responses at each time; None without repeats."""
        of_times = {time.name: self.repeats(time.name) for time in self.settings.times}
        return {time: None if of is None else noise_ceiling(of) for time, of in of_times.items()}

    def _responses(self, time: str) -> NDArray[np.float64]:
        """The response of each site to each stimulus, (n_stimuli, n_sites), averaged over presentations."""
        found = self._presented.mean(self.trials_at[time].X[:, self.sites])
        check_responses(found, [self.prepared.feature_names[site] for site in self.sites])
        return found

    def _holding_out(self, way: HoldOut) -> tuple[NDArray[np.intp], list[Split]]:
        """The group of each stimulus that is never divided, and the folds."""
        settings, n = self.settings, len(self.stimuli)
        if way == "contiguous":
            return np.arange(n), stretches(np.arange(n), settings.n_folds, settings.gap)
        groups = np.arange(n)
        if way == "stimulus":
            groups = alike(self.targets)[self.stimuli]
        elif way == "class":
            groups = self.targets.truth()[self.stimuli]
        elif way == "group":
            if self._groups_table is None:
                raise InputError('groups: expected a table with the columns stimulus and group for hold_out = "group"')
            groups = groups_in(self._groups_table, [self.targets.keys[key] for key in self.stimuli])
        return groups, whole_groups(groups, settings.n_folds, settings.seed)

    @cached_property
    def orders(self) -> NDArray[np.intp]:
        """For the control of shuffled stimuli, whose responses each stimulus gets, (n_shuffles, n_stimuli)."""
        rng = np.random.default_rng(self.own_seed)
        return np.array([rng.permutation(len(self.stimuli)) for _ in range(self.settings.n_shuffles)])

    def _pooled(self, predictor: Predictor) -> NDArray:
        """A layer's activations, pooled, of each stimulus."""
        table = self._activations(predictor.network, predictor.draw)[predictor.layer]
        shape = self.networks[predictor.network].network.shape_of(predictor.layer)
        table = pooled(table, shape, self.settings.pool, self._n_positions(predictor.network))
        whole = len(self.stimuli) == len(table) and (self.stimuli == np.arange(len(table))).all()
        return table if whole else table[self.stimuli]

    def _inner_products(self, predictor: Predictor) -> NDArray[np.float64]:
        """The kernel (n_stimuli, n_stimuli) of a layer: inner products of activations without their mean."""
        return gram(self._pooled(predictor))

    def _filled(self, network: str) -> NDArray[np.intp] | None:
        """How many positions of a layer each of the targets' stimuli fills, see `Network.n_positions`."""
        spec = self.networks[network]
        if not isinstance(spec.targets, StimulusTargets):
            return None
        return spec.network.n_positions(list(spec.targets.stimuli.values()))

    def _record_one(self, network: str, draw: int) -> Mapping[str, NDArray[np.float32]]:
        spec = self.networks[network]
        opened = spec.network if draw < 0 else spec.network.untrained(self.settings.seed + draw)
        return spec.targets.activations(opened, spec.layers)

    def _values(self, predictor: Predictor) -> NDArray[np.float64] | None:
        """The values (n_stimuli, n) of a control; None where these stimuli have none."""
        if predictor.kind == POSITION:
            return positions(self.trials.run, float(predictor.layer))
        known = values_of(predictor.kind, self.targets)
        return None if known is None else known[self.stimuli]

    def _coordinates(self, predictor: Predictor) -> NDArray:
        """Numbers (n_stimuli, n) with the inner products of a predictor, or those of the predictor itself. Of layers
        through receptive fields, their channels (n_stimuli, n_fields, n_channels).
        """
        several = predictor.layer == ALL_LAYERS
        layers = self.networks[predictor.network].layers if several else (predictor.layer,)
        if predictor.network and self.settings.pool == RECEPTIVE_FIELD:
            channels = (self._pooled(predictor._replace(layer=one)) for one in layers)
            return np.concatenate([of / size_of(of) for of in channels], axis=2)
        if several:
            each = [self._kernel(predictor._replace(layer=one)) for one in layers]
            return scores_of(np.sum([one / (np.trace(one) or 1.0) for one in each], axis=0))
        values = self.values(predictor) if not predictor.network else scores_of(self._kernel(predictor))
        assert values is not None
        return values
