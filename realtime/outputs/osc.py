"""Decisions and states as Open Sound Control: for Max, Pure Data, TouchDesigner, SuperCollider."""

from __future__ import annotations

from math import nan
from typing import TYPE_CHECKING, Any

from ...errors import InputError, MissingExtraError
from ..decision import LiveDecision, Output, Status
from ..live_feedback import LiveFeedback
from ..live_text import LiveText
from .udp import Datagrams

if TYPE_CHECKING:
    from ..live_decoder import LiveDecoder


class OscMessages(Output):
    """Send OSC messages by UDP. Decisions in the shadow are not sent.

    ========================  ======================================================================================
    ``/hotwire/decision``     what is said ("" where the decoder abstained), its probability (NaN), the window's number
    ``/hotwire/probability``  class, probability, class, probability, ...
    ``/hotwire/abstained``    why there is no decision
    ``/hotwire/text``         of a decoder of gist: the newest final words, the draft, the meter (NaN at first)
    ``/hotwire/feedback``     of a region: by how many per cent it differs from its baseline (NaN: not known)
    ``/hotwire/state``        the new state of the stream, and why
    ``/hotwire/heartbeat``    once a second while nothing changes: the state, why, and how many seconds ago it came
    ========================  ======================================================================================

    Parameters
    ----------
    host : str
    port : int
    address : str
        What replaces ``/hotwire``.

    Raises
    ------
    InputError
        There is no such host, the port is no number, or the address is none.
    MissingExtraError
        python-osc is not installed.
    """

    def __init__(self, host: str, port: int | str, address: str = "/hotwire") -> None:
        try:
            from pythonosc.osc_message_builder import OscMessageBuilder
        except ImportError as error:
            raise MissingExtraError("OSC needs python-osc; install hotwire[outputs]") from error
        if not address.startswith("/") or any(sign in address for sign in " #*,?[]{}"):
            raise InputError(f"address: expected an OSC address such as /hotwire, got {address!r}")
        self._address, self._message = address.rstrip("/"), OscMessageBuilder
        self._datagrams = Datagrams(host, port)

    def decision(self, decision: LiveDecision) -> None:
        if decision.shadow:
            return
        probability = decision.probabilities.get(decision.answer or "", nan)
        self._send("decision", [decision.said, probability, decision.number])
        if decision.abstained is None:
            self._send("probability", [part for pair in decision.probabilities.items() for part in pair])
        else:
            self._send("abstained", [decision.abstained])

    def text(self, text: LiveText) -> None:
        self._send("text", [text.said, " ".join(text.draft), nan if text.z is None else text.z])

    def feedback(self, feedback: LiveFeedback) -> None:
        self._send("feedback", [nan if feedback.percent is None else feedback.percent])

    def status(self, status: Status) -> None:
        self._send("state", [str(status.state), status.why])

    def heartbeat(self, status: Status) -> None:
        self._send("heartbeat", [str(status.state), status.why, status.repeated_after_s])

    def close(self) -> None:
        self._datagrams.close()

    def _send(self, what: str, values: list[Any]) -> None:
        message = self._message(f"{self._address}/{what}")
        for value in values:
            message.add_arg(value)
        self._datagrams.send(message.build().dgram)


def osc(decoder: LiveDecoder, *, host: str, port: str, path: str = "/hotwire") -> OscMessages:
    """``osc://HOST:PORT/ADDRESS``"""
    return OscMessages(host, port, path)
