"""Decisions and states as LSL streams."""

from __future__ import annotations

from math import nan
from socket import gethostname

import pylsl

from ...errors import InputError
from ...errors.printable import json_text
from ..decision import LiveDecision, Output, Status
from ..live_decoder import LiveDecoder
from ..live_feedback import LiveFeedback
from ..live_text import LiveText
from ..sources.lsl_names import PublishedName
from ..sources.source import StreamInfo

UNITS = {"probabilities": "probability", "meter": "", "feedback": "%"}
"""Of the streams of numbers."""


class LslOutlets(Output):
    """Publish decisions and states as four LSL streams; of a decoder of gist, texts, its meter, details and states.

    ``NAME-decisions`` (markers of text)
        One marker for each decision: the free text if there is one, else the class; ``""`` if the decoder abstained, so
        that this stream has as many entries as the next one.
    ``NAME-probabilities`` (float32, one channel for each class, with its label)
        One sample for each decision; NaN if the decoder abstained.
    ``NAME-text`` (markers of text), instead of both for a decoder of gist
        One marker for each sample of the stream: the newest final words, and the draft of those after them in brackets;
        or that the text is not distinguishable from the language model.
    ``NAME-meter`` (float32)
        With each of them, the meter in standard deviations; NaN while there are too few words.
    ``NAME-feedback`` (float32), where feedback from a region is asked for
        With each sample of the stream, by how many per cent the region differs from its baseline; NaN if not known.
    ``NAME-status`` (markers of text)
        Each change of state as a JSON object with ``state``, ``at_s``, ``why``, ``losses``, ``markers``, ``number`` and
        ``bundle``. A second after the newest entry it is sent again, with the losses so far, the same ``number`` and
        the seconds since then as ``repeated_after_s``: who joins later knows the state within a second, and where
        nothing comes for longer, the session hangs or is over.
    ``NAME-details`` (markers of text)
        All of it: each decision or text, and each entry of ``NAME-status``, as the JSON object that `JsonLines` writes.
        Its ``type`` says which it is.

    A decision's stamp is the end of its samples, so that a recording has it in the right place and a receiver knows its
    age. Decisions in the shadow are not published. The source_ids are made from machine, name and bundle (for the
    states, which begin earlier, without bundle). So a receiver connects again when the same decoder is started again,
    but not to another decoder. A stream's description cannot change, so it has the bundle of the start; after a
    promotion the states and details name the one that decides.

    Parameters
    ----------
    name : str
        The start of the streams' names.

    Attributes
    ----------
    elsewhere : tuple of str
        Other machines whose streams have the same names, and other source_ids.

    Raises
    ------
    StreamError
        Another session on this machine publishes these names; from `open`, if it began at the same time.
    """

    def __init__(self, name: str = "hotwire") -> None:
        if not name:
            raise InputError("name: expected what the streams' names begin with, got an empty text")
        self.name = name
        cure = "end it, or give this one another name (hotwire stream --publish NAME)"
        self._published: PublishedName | None = PublishedName(f"{name}-status", self._source_id("status"), cure)
        self.elsewhere = self._published.elsewhere
        self._answers: tuple[str, ...] = ()
        self._status: pylsl.StreamOutlet | None = None
        self._outlets: dict[str, pylsl.StreamOutlet] = {}
        self._opened: tuple[StreamInfo, LiveDecoder] | None = None

    def open(self, info: StreamInfo, decoder: LiveDecoder) -> None:
        """Open the streams of decisions, probabilities and details, or of texts, the meter and details."""
        if self._published is not None:
            self._published.check(self._status)
            self._published = None
        self._opened = info, decoder
        self._answers = tuple(decoder.answers)
        kinds = {"details": ["details"]}
        kinds |= {"decisions": ["decision"], "probabilities": list(self._answers)} if self._answers else {}
        kinds |= {} if self._answers else {"text": ["text"], "meter": ["meter"]}
        for kind, labels in kinds.items():
            self._begin(kind, labels)

    def decision(self, decision: LiveDecision) -> None:
        """Publish a decision, unless it is in the shadow."""
        if decision.shadow or not self._outlets:
            return
        probabilities = [decision.probabilities.get(answer, nan) for answer in self._answers]
        self._outlets["probabilities"].push_sample(probabilities, decision.stop_stamp_s)
        self._outlets["decisions"].push_sample([decision.said], decision.stop_stamp_s)
        self._outlets["details"].push_sample([json_text(decision.to_dict())], decision.stop_stamp_s)

    def text(self, text: LiveText) -> None:
        """Publish a text."""
        if not self._outlets:
            return
        draft = f" [{' '.join(text.draft)}]" if text.distinguishable and text.draft else ""
        self._outlets["meter"].push_sample([nan if text.z is None else text.z], text.stop_stamp_s)
        self._outlets["text"].push_sample([text.said + draft], text.stop_stamp_s)
        self._outlets["details"].push_sample([json_text(text.to_dict())], text.stop_stamp_s)

    def feedback(self, feedback: LiveFeedback) -> None:
        """Publish feedback from a region."""
        if not self._outlets:
            return
        if "feedback" not in self._outlets:
            self._begin("feedback", ["region"])
        self._outlets["feedback"].push_sample(
            [nan if feedback.percent is None else feedback.percent], feedback.stop_stamp_s
        )

    def status(self, status: Status) -> None:
        """Publish a state."""
        self._send_status(status, status.at_s)

    def heartbeat(self, status: Status) -> None:
        """Publish the last state again, stamped with now."""
        self._send_status(status, pylsl.local_clock())

    def close(self) -> None:
        """Take the streams off the network."""
        self._outlets, self._status = {}, None

    def _send_status(self, status: Status, stamp_s: float) -> None:
        if self._status is None:
            self._status = pylsl.StreamOutlet(self._described("status", "Markers", ["status"]))
        for outlet in (self._status, self._outlets.get("details")):
            if outlet is not None:
                outlet.push_sample([json_text(status.to_dict())], stamp_s)

    def _begin(self, kind: str, labels: list[str]) -> None:
        """Open a stream of what is decoded."""
        assert self._opened is not None
        info, decoder = self._opened
        described = self._described(kind, kind if kind in UNITS else "Markers", labels, decoder)
        described.desc().append_child_value("decoded_stream", info.name)
        self._outlets[kind] = pylsl.StreamOutlet(described)

    def _source_id(self, kind: str, decoder: LiveDecoder | None = None) -> str:
        return f"hotwire:{gethostname()}:{self.name}:{kind}" + (f":{decoder.digest[:16]}" if decoder else "")

    def _described(
        self, kind: str, type: str, labels: list[str], decoder: LiveDecoder | None = None
    ) -> pylsl.StreamInfo:
        text_or_numbers = pylsl.cf_string if type == "Markers" else pylsl.cf_float32
        names = f"{self.name}-{kind}", type
        described = pylsl.StreamInfo(
            *names, len(labels), pylsl.IRREGULAR_RATE, text_or_numbers, self._source_id(kind, decoder)
        )
        described.set_channel_labels(labels)
        described.set_channel_types(kind)
        described.set_channel_units(UNITS.get(kind, ""))
        described.desc().append_child("acquisition").append_child_value("manufacturer", "hotwire")
        if decoder:
            described.desc().append_child_value("bundle_at_start", decoder.digest)
        return described
