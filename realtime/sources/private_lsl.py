"""A private LSL session, which no other program sees: for replays and for tests."""

from __future__ import annotations

from pathlib import Path
from uuid import uuid4

CONFIG = """
[ports]
BasePort = {port}
PortRange = 62
MulticastPort = {multicast_port}
IPv6 = disable
[multicast]
ResolveScope = machine
[lab]
KnownPeers = {{127.0.0.1}}
SessionID = {session}
[log]
level = -3
"""


def private_config(folder: Path) -> Path:
    """Write the LSL configuration of a session on this machine only, with its own ports, and return its path.

    A process reads it from the environment variable ``LSLAPICFG`` when it first uses LSL.
    """
    session = uuid4()
    port = 10_000 + session.int % 340 * 64
    path = folder / "lsl_api.cfg"
    path.write_text(CONFIG.format(port=port, multicast_port=port + 63, session=session.hex), encoding="utf-8")
    return path
