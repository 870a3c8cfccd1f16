"""Decisions and states as UDP datagrams of JSON: for Unity, Unreal, MATLAB, a microcontroller."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Any

from ...errors import InputError
from ...errors.printable import json_text
from ..decision import LiveDecision, Output, Status
from ..live_feedback import LiveFeedback
from ..live_text import LiveText

if TYPE_CHECKING:
    from ..live_decoder import LiveDecoder


def address_of(host: str, port: int | str) -> tuple[str, int]:
    """Check an address; InputError where the port is no number from 0 to 65535."""
    if not (isinstance(port, int) or port.isdecimal()) or not 0 <= int(port) <= 65535:
        raise InputError(f"port: expected a number from 0 to 65535, such as 9000, got {port!r}")
    if not host:
        raise InputError("host: expected a name or address, such as 127.0.0.1, got none")
    return host, int(port)


class Datagrams:
    """Sends datagrams to an address, without waiting; InputError where there is no such host."""

    def __init__(self, host: str, port: int | str) -> None:
        host, port = address_of(host, port)
        try:
            family, kind, protocol, _, self._address = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)[0]
        except socket.gaierror as error:
            raise InputError(f"host: expected one that is known, such as 127.0.0.1, got {host!r}: {error}") from error
        self._socket = socket.socket(family, kind, protocol)
        self._socket.setblocking(False)

    def send(self, data: bytes) -> None:
        self._socket.sendto(data, self._address)

    def close(self) -> None:
        self._socket.close()


class UdpJson(Output):
    """Send every decision, text and state as one datagram: the JSON object that `JsonLines` writes as a line.

    Nobody has to listen. Decisions in the shadow are not sent.

    Parameters
    ----------
    host : str
    port : int

    Raises
    ------
    InputError
        There is no such host, or the port is no number.
    """

    def __init__(self, host: str, port: int | str) -> None:
        self._datagrams = Datagrams(host, port)

    def decision(self, decision: LiveDecision) -> None:
        if not decision.shadow:
            self._send(decision.to_dict())

    def text(self, text: LiveText) -> None:
        self._send(text.to_dict())

    def feedback(self, feedback: LiveFeedback) -> None:
        self._send(feedback.to_dict())

    def status(self, status: Status) -> None:
        self._send(status.to_dict())

    def heartbeat(self, status: Status) -> None:
        self._send(status.to_dict())

    def close(self) -> None:
        self._datagrams.close()

    def _send(self, record: dict[str, Any]) -> None:
        self._datagrams.send(json_text(record).encode())


def udp(decoder: LiveDecoder, *, host: str, port: str) -> UdpJson:
    """``udp://HOST:PORT``"""
    return UdpJson(host, port)
