from __future__ import annotations

import json
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotwire.errors import InputError
from hotwire.errors.printable import printable
from hotwire.realtime.decision import Latency, LiveDecision, Status
from hotwire.realtime.health import State
from hotwire.realtime.outputs.json_lines import Callback, JsonLines, read_decisions
from hotwire.realtime.sources.source import StreamInfo

INFO = StreamInfo("amp", "EEG", "serial-7", ("Cz", "Pz"), ("µV", "µV"), 250.0)
DECODER = cast(Any, SimpleNamespace(digest="abc123", path=Path("face.hotwire")))
DECISION = LiveDecision(
    number=3,
    answer="häuser",
    probabilities={"häuser": 0.75, "face": 0.25},
    text=None,
    label="trial",
    event=1,
    start_s=1.5,
    stop_s=2.5,
    start_stamp_s=101.5,
    stop_stamp_s=102.5,
    present=1.0,
    abstained=None,
    late=False,
    shadow=False,
    bundle="abc123",
    latency=Latency(0.01, 0.002, 0.003),
)
STATUS = Status(State.GAP, 104.0, "5 samples are missing", {"lost": 5})


def test_every_line_is_an_object(tmp_path: Path) -> None:
    path = tmp_path / "live.jsonl"
    output = JsonLines(path, settings={"window_s": 1.0})
    output.status(STATUS)
    output.open(INFO, DECODER)
    output.decision(DECISION)
    output.close()
    lines = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    assert lines[0] == {
        "type": "status",
        "state": str(State.GAP),
        "at_s": 104.0,
        "why": "5 samples are missing",
        "losses": {"lost": 5},
        "markers": None,
        "number": 0,
        "bundle": "",
        "repeated_after_s": 0.0,
    }
    start = lines[1]
    assert (start["type"], start["bundle"], start["bundle_path"]) == ("start", "abc123", "face.hotwire")
    assert start["stream"]["channel_names"] == ["Cz", "Pz"]
    assert start["settings"] == {"window_s": 1.0}
    assert {"Python", "hotwire", "numpy", "onnxruntime", "pylsl"} == set(start["versions"])
    assert lines[2] == json.loads(json.dumps(DECISION.to_dict()))
    assert read_decisions(path) == (lines, [])


def test_a_second_session_goes_on_behind_the_first(tmp_path: Path) -> None:
    path = tmp_path / "live.jsonl"
    for _ in range(2):
        output = JsonLines(path)
        output.open(INFO, DECODER)
        output.decision(DECISION)
        output.close()
    assert [record["type"] for record in read_decisions(path).records] == ["start", "decision"] * 2


@given(st.data())
def test_a_torn_line_is_named_and_the_next_session_does_not_stick_to_it(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    path = tmp_path_factory.mktemp("torn") / "live.jsonl"
    output = JsonLines(path)
    for number in range(3):
        output.decision(replace(DECISION, number=number))
    output.close()
    content = path.read_bytes()
    cut = data.draw(st.integers(0, len(content)))
    path.write_bytes(content[:cut])
    n_whole = content[: cut + 1].count(b"}}\n") if content[cut : cut + 1] == b"\n" else content[:cut].count(b"}}\n")
    is_torn = cut > 0 and content[cut - 1 : cut] != b"\n" and content[cut : cut + 1] != b"\n"
    records, torn = read_decisions(path)
    assert [record["number"] for record in records] == list(range(n_whole))
    assert torn == ([n_whole + 1] if is_torn else [])
    output = JsonLines(path)
    output.decision(replace(DECISION, number=99))
    output.close()
    records, torn = read_decisions(path)
    assert [record["number"] for record in records] == [*range(n_whole), 99]
    assert torn == ([n_whole + 1] if is_torn else [])


def test_where_it_cannot_write(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="expected a file in a folder that exists"):
        JsonLines(tmp_path / "nowhere" / "live.jsonl")
    with pytest.raises(InputError, match="expected a file in a folder that exists"):
        JsonLines(tmp_path)
    with pytest.raises(InputError, match="there is no such file"):
        read_decisions(tmp_path / "live.jsonl")


KILL = """
import sys
from hotwire.realtime.decision import Latency, LiveDecision
from hotwire.realtime.outputs.json_lines import JsonLines

output = JsonLines(sys.argv[1])
number = 0
while True:
    output.decision(LiveDecision(number, "a", {str(i): 1 / 50 for i in range(50)}, None, None, -1, 0.0, 1.0, 0.0, 1.0,
                                 1.0, None, False, False, "digest", Latency(0.0, 0.0, 0.0)))
    print(number, flush=True)
    number += 1
"""


def test_kill_9_loses_at_most_the_line_being_written(tmp_path: Path) -> None:
    path = tmp_path / "live.jsonl"
    process = subprocess.Popen([sys.executable, "-c", KILL, str(path)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    told = [int(process.stdout.readline()) for _ in range(500)]
    process.send_signal(signal.SIGKILL)
    told += [int(line) for line in process.stdout.read().split("\n")[:-1]]
    process.wait()
    process.stdout.close()
    records, torn = read_decisions(path)
    assert [record["number"] for record in records] == list(range(len(records)))
    assert len(records) > told[-1]
    assert torn in ([], [len(records) + 1])


def test_a_callback_gets_what_is_published() -> None:
    got: list[LiveDecision] = []
    output = Callback(got.append)
    output.open(INFO, DECODER)
    output.status(STATUS)
    output.decision(DECISION)
    output.decision(replace(DECISION, shadow=True))
    output.close()
    assert got == [DECISION]


def test_a_log_shown_in_a_terminal_controls_nothing(tmp_path: Path) -> None:
    nasty = "\x1b[2J\n\r\x07\x7f\x9b5m[bold]\u202e\ud83d"
    output = JsonLines(tmp_path / "live.jsonl")
    output.decision(replace(DECISION, label=nasty, text=nasty))
    output.status(replace(STATUS, why=nasty))
    output.close()
    text = (tmp_path / "live.jsonl").read_text("utf-8")
    assert printable(text.replace("\n", "")) == text.replace("\n", "")
    decision, status = read_decisions(tmp_path / "live.jsonl").records
    assert (decision["label"], decision["text"], status["why"]) == (nasty, nasty, nasty)
