"""The named outputs of `hotwire stream`; other packages add theirs as entry points."""

from __future__ import annotations

from collections.abc import Callable

from ...decoder.registry import Registry
from ..decision import Output
from .osc import osc
from .udp import udp
from .websocket import ws

OUTPUTS: Registry[Callable[..., Output]] = Registry("hotwire.outputs", {"osc": osc, "udp": udp, "ws": ws})
