"""Names on the network: taken on this machine, taken on another."""

from __future__ import annotations

from socket import gethostname
from types import SimpleNamespace
from typing import Any

import pytest

from hotwire.errors import StreamError
from hotwire.realtime.sources import lsl_names
from hotwire.realtime.sources.lsl_names import PublishedName


def stream(name: str, source_id: str, host: str, created_at: float = 1.0) -> Any:
    return SimpleNamespace(
        name=lambda: name,
        source_id=lambda: source_id,
        hostname=lambda: host,
        created_at=lambda: created_at,
        uid=lambda: f"{created_at}",
    )


def found(monkeypatch: pytest.MonkeyPatch, *streams: Any) -> None:
    monkeypatch.setattr(lsl_names, "EVERYONE_ANSWERS_S", 0.01)
    monkeypatch.setattr(lsl_names.pylsl, "ContinuousResolver", lambda: SimpleNamespace(results=lambda: list(streams)))


def test_another_machine_with_the_same_name_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    here = gethostname()
    found(monkeypatch, stream("mind", "b", "rig b"), stream("other", "a", here), stream("mind", "c", here))
    assert PublishedName("mind", "a", "end it").elsewhere == ("rig b",)


def test_the_older_of_two_outlets_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    found(monkeypatch)
    published = PublishedName("mind", "a", "end it")
    published._resolver.results = lambda: [stream("mind", "a", gethostname(), 2.0)]
    published.check(SimpleNamespace(get_info=lambda: stream("mind", "a", gethostname(), 1.0)))  # type: ignore[arg-type]
    with pytest.raises(StreamError, match=r"publishes 'mind' already, for .*: end it"):
        published.check(SimpleNamespace(get_info=lambda: stream("mind", "a", gethostname(), 3.0)))  # type: ignore[arg-type]
