"""Decisions and states as LSL streams."""

from __future__ import annotations

from math import nan
from socket import gethostname
from typing import TYPE_CHECKING

import pylsl

from ...errors import InputError
from ...errors.printable import json_text
from ..decision import LiveDecision, Output, Status
from ..sources.source import StreamInfo

if TYPE_CHECKING:
    from ...decoder.bundle.compiled import CompiledDecoder


class LslOutlets(Output):
    """Publish decisions and states as four LSL streams.

    ``NAME-decisions`` (markers of text)
        One marker for each decision: the free text if there is one, else the class; ``""`` if the decoder abstained, so
        that this stream has as many entries as the next one.
    ``NAME-probabilities`` (float32, one channel for each class, with its label)
        One sample for each decision; NaN if the decoder abstained.
    ``NAME-details`` (markers of text)
        Each decision as the JSON object that `JsonLines` writes: its marker, window, bundle, latency, or why there is
        none.
    ``NAME-status`` (markers of text)
        Each change of state as a JSON object with ``state``, ``at_s``, ``why``, ``losses`` and ``markers``.

    A decision's stamp is the end of its samples, so that a recording has it in the right place and a receiver knows its
    age. Decisions in the shadow are not published. The source_ids are made from machine, name and bundle (for the
    states, which begin earlier, without bundle). So a receiver connects again when the same decoder is started again,
    but not to another decoder. After a promotion the details name the bundle that decides.

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
        self._details: pylsl.StreamOutlet | None = None

    def open(self, info: StreamInfo, decoder: CompiledDecoder) -> None:
        """Open the streams of decisions, probabilities and details."""
        self._answers = tuple(decoder.answers)
        decisions = self._described("decisions", "Markers", ["decision"], decoder)
        probabilities = self._described("probabilities", "probabilities", list(self._answers), decoder)
        details = self._described("details", "Markers", ["details"], decoder)
        for described in (decisions, probabilities, details):
            described.desc().append_child_value("decoded_stream", info.name)
        self._details = pylsl.StreamOutlet(details)
        self._decisions = pylsl.StreamOutlet(decisions)
        self._probabilities = pylsl.StreamOutlet(probabilities)

    def decision(self, decision: LiveDecision) -> None:
        """Publish a decision, unless it is in the shadow."""
        if decision.shadow or self._decisions is None or self._probabilities is None or self._details is None:
            return
        probabilities = [decision.probabilities.get(answer, nan) for answer in self._answers]
        self._probabilities.push_sample(probabilities, decision.stop_stamp_s)
        self._decisions.push_sample([decision.said], decision.stop_stamp_s)
        self._details.push_sample([json_text(decision.to_dict())], decision.stop_stamp_s)

    def status(self, status: Status) -> None:
        """Publish a state."""
        outlet = self._status = self._status or pylsl.StreamOutlet(self._described("status", "Markers", ["status"]))
        outlet.push_sample([json_text(status.to_dict())], status.at_s)

    def close(self) -> None:
        """Take the streams off the network."""
        self._decisions = self._probabilities = self._details = self._status = None

    def _described(
        self, kind: str, type: str, labels: list[str], decoder: CompiledDecoder | None = None
    ) -> pylsl.StreamInfo:
        text_or_numbers = pylsl.cf_string if type == "Markers" else pylsl.cf_float32
        source_id = f"hotwire:{gethostname()}:{self._name}:{kind}" + (f":{decoder.digest[:16]}" if decoder else "")
        described = pylsl.StreamInfo(
            f"{self._name}-{kind}", type, len(labels), pylsl.IRREGULAR_RATE, text_or_numbers, source_id
        )
        described.set_channel_labels(labels)
        described.set_channel_types(kind)
        described.set_channel_units("probability" if kind == "probabilities" else "")
        described.desc().append_child("acquisition").append_child_value("manufacturer", "hotwire")
        if decoder:
            described.desc().append_child_value("bundle", decoder.digest)
        return described
