"""The process that gives a rig damaged XDF chunks, LSL stream headers, command files and bundles.

python _malformed_rig.py FOLDER SEED FIRST STOP
"""

from __future__ import annotations

import ctypes
import io
import json
import os
import re
import signal
import subprocess
import sys
import time
import traceback
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
from _damage import BYTES, TEXTS, Random, several
from _malformed_process import MOST_S, HangError, hang, limit_memory, where_of
from _processes import say

CONTROL = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\ud800-\udfff]")
"""What must not reach a screen; the ends of lines may."""
ESCAPES = [b"\x1b[2J", b"\xc2\x9b5m", b"\r", b"\x07", "\u202e".encode(), b"\x1b]0;x\x07"]
HEADER = """<?xml version="1.0"?><info><name>amp</name><type>EEG</type><channel_count>8</channel_count>
<channel_format>float32</channel_format><source_id>amp-1</source_id><nominal_srate>100</nominal_srate>
<version>1.1</version><created_at>12.5</created_at><uid>7c2d</uid><session_id>default</session_id>
<hostname>rig</hostname><v4address/><v4data_port>0</v4data_port><v4service_port>0</v4service_port><v6address/>
<v6data_port>0</v6data_port><v6service_port>0</v6service_port><desc><channels>{channels}</channels></desc></info>"""
CHANNEL = "<channel><label>ch{}</label><unit>uV</unit><type>EEG</type></channel>"
COMMANDS = ['{"command": "load", "bundle": "/nowhere/my.hotwire"}', '{"command": "promote"}', '{"command": "rollback"}']


def escape(content: bytes, rng: Random) -> bytes:
    """Put what controls a terminal somewhere."""
    at = int(rng.integers(len(content) + 1))
    return content[:at] + ESCAPES[rng.integers(len(ESCAPES))] + content[at:]


class Rig:
    """One that is given what is damaged. Each way returns the texts that would reach the screen."""

    def __init__(self, folder: Path, bundle: Path) -> None:
        from hotwire.decoder.bundle.compiled import CompiledDecoder
        from hotwire.realtime.outputs.xdf import XdfRecorder
        from hotwire.realtime.sources.source import Chunk, Marker, StreamInfo

        self._folder, self._bundle = folder, bundle.read_bytes()
        self._decoder = CompiledDecoder.load(bundle)
        names = self._decoder.feature_names
        self._info = StreamInfo("amp", "EEG", "amp-1", names, ("uV",) * len(names), 100.0)
        recorder = XdfRecorder(folder / "whole.xdf")
        recorder.open(self._info)
        for first in range(0, 200, 20):
            stamps = 100.0 + np.arange(first, first + 20) / 100
            recorder.write(Chunk(np.ones((20, len(names)), np.float32), stamps, float(stamps[-1])))
            recorder.marker(Marker("face", float(stamps[0]), 0.1, float(stamps[0])))
        recorder.close()
        self._xdf = (folder / "whole.xdf").read_bytes()

    def xdf(self, rng: Random) -> list[str]:
        from hotwire.decoder.readers import read_xdf

        path = self._folder / "a.xdf"
        path.write_bytes(several(self._xdf, rng, [*BYTES, escape]))
        recording = read_xdf(path)
        return [f"{recording.data.shape} {recording.rate_hz}"]

    def header(self, rng: Random) -> list[str]:
        """A stream's description as it comes from the network."""
        import pylsl
        from pylsl.lib import lib
        from rich.console import Console

        from hotwire.errors import StreamError
        from hotwire.realtime.console.calibration.view import PlainCalibration
        from hotwire.realtime.console.doctor import show
        from hotwire.realtime.console.view import PlainView
        from hotwire.realtime.diagnosis import diagnose
        from hotwire.realtime.sources.lsl_link import Link
        from hotwire.realtime.sources.lsl_source import described
        from hotwire.realtime.sources.lsl_survey import HeardStream
        from hotwire.realtime.stream_match import match_stream

        channels = "".join(CHANNEL.format(i) for i in range(8))
        xml = several(HEADER.format(channels=channels).encode(), rng, [*TEXTS, escape])
        lib.lsl_streaminfo_from_xml.restype = ctypes.c_void_p
        handle = lib.lsl_streaminfo_from_xml(ctypes.c_char_p(xml))
        if not handle:
            return []
        found = pylsl.StreamInfo(handle=handle)
        link: Any = Link("stream", {"name": "amp"}, lambda _: "", 60.0)
        link._resolver = SimpleNamespace(results=lambda: [found])
        texts = []
        try:
            link._search(0.0)
        except StreamError as error:
            texts.append(str(error))
        info = described(found)
        screen = io.StringIO()
        console = Console(file=screen, emoji=False)
        PlainView(console).open(info, self._decoder)
        PlainCalibration(console).say(f"found {info.summary()}")
        known = (info.name, info.type, info.source_id, "rig", info.n_channels, info.rate_hz)
        heard = HeardStream(*known, info)
        advice = [one._asdict() for one in diagnose(heard, [heard], None)]
        named = dict(zip(("name", "type", "source_id", "host", "n_channels", "rate_hz"), known, strict=True))
        show(console, {"streams": [{**named, "advice": advice}], "configuration": None})
        texts.append(screen.getvalue())
        match_stream(info, self._decoder, "exact", "exact", "exact")
        return texts

    def command(self, rng: Random) -> list[str]:
        from rich.console import Console

        from hotwire.realtime.clock import VirtualClock
        from hotwire.realtime.console.view import PlainView
        from hotwire.realtime.engine.engine import Engine
        from hotwire.realtime.sources.scripted import ScriptedSource
        from hotwire.realtime.swap import Commands

        screen, clock = io.StringIO(), VirtualClock()
        folder = self._folder / "commands"
        commands = Commands(folder)
        source = ScriptedSource(self._info, [], clock)
        text = COMMANDS[rng.integers(len(COMMANDS))].encode()
        (folder / "1.json").write_bytes(several(text, rng, [*TEXTS, escape]))
        view = PlainView(Console(file=screen, emoji=False))
        with Engine(self._decoder, source, outputs=[view], clock=clock) as engine:
            until_s = time.monotonic() + MOST_S
            while not (answers := list(folder.glob("*.answer"))) and time.monotonic() < until_s:
                commands._looked_at_s = -1.0
                commands.poll(engine)
        json.loads(answers[0].read_text(encoding="utf-8"))
        return [screen.getvalue()]

    def bundle(self, rng: Random) -> list[str]:
        """Damaged as a file; or inside, and sealed again, so that everything behind the seal is reached."""
        from hotwire.decoder.bundle.compiled import CompiledDecoder

        path = self._folder / "a.hotwire"
        path.write_bytes(several(self._bundle, rng, BYTES))
        if rng.random() < 0.8:
            self._seal_again(path, rng)
        return [str(CompiledDecoder.load(path).answers)]

    def _seal_again(self, path: Path, rng: Random) -> None:
        from hotwire.decoder.bundle.sealed import MANIFEST, seal

        with zipfile.ZipFile(io.BytesIO(self._bundle)) as archive:
            parts = {name: archive.read(name) for name in archive.namelist()}
        manifest = parts.pop(MANIFEST)
        names = [MANIFEST, MANIFEST, *parts]
        chosen = names[rng.integers(len(names))]
        if chosen == MANIFEST:
            manifest = several(manifest, rng, [*TEXTS, escape])
        else:
            parts[chosen] = several(parts[chosen], rng, BYTES)
        try:
            described = json.loads(manifest)
            seal(path, described, parts)
        except (ValueError, TypeError):  # no JSON any more: the file as it was damaged is read
            pass


WAYS: dict[str, Callable[[Rig, Random], list[str]]] = {
    "XDF chunk": Rig.xdf,
    "LSL header": Rig.header,
    "command": Rig.command,
    "bundle": Rig.bundle,
}


def main() -> None:
    folder, seed, first, stop = Path(sys.argv[1]), *map(int, sys.argv[2:])
    made = [sys.executable, str(Path(__file__).with_name("_bundle.py")), str(folder), "8:100"]
    bundle = json.loads(subprocess.run(made, capture_output=True, check=True, env=os.environ).stdout.splitlines()[-1])
    rig = Rig(folder, Path(bundle["paths"][0]))
    for way in WAYS.values():
        tried(way, rig, np.random.default_rng(0))  # everything is imported
    limit_memory()
    signal.signal(signal.SIGALRM, hang)
    kinds = list(WAYS)
    say({"formats": kinds})
    for i in range(first, stop):
        kind = kinds[i % len(kinds)]
        said = tried(WAYS[kind], rig, np.random.default_rng([seed, i]))
        finds = [] if isinstance(said, int) else [{"command": kind, **said}]
        say({"i": i, "format": kind, "ended": [said if isinstance(said, int) else None], "finds": finds})


def tried(way: Callable[[Rig, Random], list[str]], rig: Rig, rng: Random) -> int | dict[str, str]:
    """Return 0 if it was read, 1 if it was refused, or what went wrong."""
    from hotwire.errors import HotwireError

    code = 0
    signal.alarm(MOST_S)
    try:
        with warnings.catch_warnings(action="ignore"):
            texts = way(rig, rng)
    except HotwireError as error:
        code, texts = 1, [str(error)]
    except (Exception, HangError) as error:  # noqa: BLE001 - this is what is looked for
        return {"problem": repr(error)[:300], "where": where_of(traceback.format_exc())}
    finally:
        signal.alarm(0)
    for text in texts:
        if found := CONTROL.search(text):
            return {"problem": f"{found[0]!r} reaches the screen: {text[:200]!r}", "where": ""}
    return code


if __name__ == "__main__":
    main()
