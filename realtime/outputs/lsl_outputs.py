"""Decisions and states as LSL streams."""

from __future__ import annotations

from math import nan
from typing import TYPE_CHECKING

import pylsl

from ...errors import InputError
from ...errors.printable import json_text
from ..decision import LiveDecision, Output, Status
from ..sources.source import StreamInfo

if TYPE_CHECKING:
    from ...decoder.bundle.compiled import CompiledDecoder


class LslOutlets(Output):
    """Publish decisions and states as three LSL streams.

    ``NAME-decisions`` (markers of text)
        One marker for each decision: the free text if there is one, else the class; ``""`` if the decoder abstained, so
        that this stream has as many entries as the next one.
    ``NAME-probabilities`` (float32, one channel for each class, with its label)
        One sample for each decision; NaN if the decoder abstained.
    ``NAME-status`` (markers of text)
        Each change of state as a JSON object with ``state``, ``at_s``, ``why``, ``losses`` and ``markers``.

    A decision's stamp is the end of its samples, so that a recording has it in the right place and a receiver knows its
    age. Decisions in the shadow are not published. The source_ids are made from name and bundle (for the states, which
    begin earlier, from the name only). So a receiver connects again when the same decoder is started again, but not to
    another decoder.

    Parameters
    ----------
    name : str
        The start of the streams' names.
    """

    def __init__(self, name: str = "hotwire") -> None:
        if not name:
            raise InputError("name: expected what the streams' names begin with, got an empty text")
        self._name = name
        self._answers: tuple[str, ...] = ()
        self._status: pylsl.StreamOutlet | None = None
        self._decisions: pylsl.StreamOutlet | None = None
        self._probabilities: pylsl.StreamOutlet | None = None

    def open(self, info: StreamInfo, decoder: CompiledDecoder) -> None:
        """Open the streams of decisions and probabilities."""
        self._answers = tuple(decoder.answers)
        decisions = self._described("decisions", "Markers", ["decision"], decoder)
        probabilities = self._described("probabilities", "probabilities", list(self._answers), decoder)
        for described in (decisions, probabilities):
            described.desc().append_child_value("decoded_stream", info.name)
        self._decisions = pylsl.StreamOutlet(decisions)
        self._probabilities = pylsl.StreamOutlet(probabilities)

    def decision(self, decision: LiveDecision) -> None:
        """Publish a decision, unless it is in the shadow."""
        if decision.shadow or self._decisions is None or self._probabilities is None:
            return
        probabilities = [decision.probabilities.get(answer, nan) for answer in self._answers]
        self._probabilities.push_sample(probabilities, decision.stop_stamp_s)
        self._decisions.push_sample([decision.said], decision.stop_stamp_s)

    def status(self, status: Status) -> None:
        """Publish a state."""
        outlet = self._status = self._status or pylsl.StreamOutlet(self._described("status", "Markers", ["status"]))
        outlet.push_sample([json_text(status.to_dict())], status.at_s)

    def close(self) -> None:
        """Take the streams off the network."""
        self._decisions = self._probabilities = self._status = None

    def _described(
        self, kind: str, type: str, labels: list[str], decoder: CompiledDecoder | None = None
    ) -> pylsl.StreamInfo:
        text_or_numbers = pylsl.cf_string if type == "Markers" else pylsl.cf_float32
        source_id = f"hotwire:{self._name}:{kind}" + (f":{decoder.digest[:16]}" if decoder else "")
        described = pylsl.StreamInfo(
            f"{self._name}-{kind}", type, len(labels), pylsl.IRREGULAR_RATE, text_or_numbers, source_id
        )
        described.set_channel_labels(labels)
        if decoder:
            described.desc().append_child_value("bundle", decoder.digest)
        return described
