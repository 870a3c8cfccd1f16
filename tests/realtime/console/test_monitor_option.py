"""``hotwire stream --monitor`` as it is typed."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from websockets.sync.client import connect

from hotwire.decoder.cli.commands import hotwire
from hotwire.decoder.readers import write_npz
from hotwire.errors import MissingExtraError
from hotwire.realtime.monitor.server import Monitor

from ..bundles import RUNNING, made_recording, save_bundle
from ..conftest import LslWorld
from ..monitor.scene import request
from .test_console import ON_A_RIG, replay, summary, until


@pytest.mark.slow
def test_a_session_on_a_rig_with_a_monitor_is_watched_and_stopped_from_the_page(lsl: LslWorld, tmp_path: Path) -> None:
    bundle, recording = save_bundle(tmp_path / "a.hotwire", RUNNING), tmp_path / "recording.npz"
    write_npz(made_recording(), recording)
    replay(lsl, recording)
    session = lsl.start(
        ON_A_RIG, "stream", str(bundle), "--source", "replay", "--find", "60", "--window", "sliding:0.5/0.2",
        "--publish", "none", "--json", "--monitor",
    )  # fmt: skip
    said = until(session, "decision")
    (monitor,) = [one for one in said if one["type"] == "monitor"]
    found = re.fullmatch(r"(http://127\.0\.0\.1:\d+)/\?token=(\S{20,})", monitor["url"])
    assert found is not None
    base, token = found.groups()
    with connect(f"{base.replace('http', 'ws')}/feed?token={token}") as page:
        assert json.loads(page.recv(20))["hello"]["commands"] is True
        while "traces" not in json.loads(page.recv(20)):
            pass
    assert request(base + "/command", {"command": "stop"}, token) == (200, '{"told":"stopping"}')
    assert summary(session)["ended"] == "told to stop"


def test_without_its_extra_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    with pytest.raises(MissingExtraError, match=r"install hotwire\[monitor\]"):
        Monitor("127.0.0.1", 0)


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--participant-css", "{css}"], 2, "--participant-css goes with --monitor"),
        (["--monitor-host", "0.0.0.0"], 2, "--monitor-host goes with --monitor"),
        (["--monitor", "--participant-css", "{css}"], 1, "own.css: expected text in UTF-8, got the byte 0xff"),
    ],
)
def test_what_the_pages_cannot_use_is_refused(tmp_path, arguments, code, message):
    bundle, css = save_bundle(tmp_path / "a.hotwire", RUNNING), tmp_path / "own.css"
    css.write_bytes(b"#word { color: \xff }")
    options = [of.format(css=css) for of in arguments]
    result = CliRunner().invoke(
        hotwire, ["stream", str(bundle), "--source", "x", "--window", "sliding:0.5/0.2", "--json", *options]
    )
    assert (result.exit_code, message in json.loads(result.stdout)["error"]["message"]) == (code, True), result.output
