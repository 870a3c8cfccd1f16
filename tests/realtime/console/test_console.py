"""The commands for live streams, in processes of their own; and what they show."""

from __future__ import annotations

import io
import json
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest
from click.testing import CliRunner
from rich.console import Console

from hotwire.decoder.bundle.compiled import CompiledDecoder
from hotwire.decoder.cli.commands import hotwire
from hotwire.decoder.readers import read_npz, read_xdf, write_npz
from hotwire.decoder.targets import WordTargets
from hotwire.decoder.windows import Epoch
from hotwire.errors import InputError, UnknownNameError
from hotwire.realtime.console.demo import blocks, prepare
from hotwire.realtime.console.recordings import named_runs, open_recording
from hotwire.realtime.console.session import JsonStream, Tally
from hotwire.realtime.console.stream_classes import summary_of_classes
from hotwire.realtime.console.view import PlainView, TerminalView
from hotwire.realtime.decision import Latency, LiveDecision, Status
from hotwire.realtime.health import MarkerState, State
from hotwire.realtime.outputs.json_lines import read_decisions
from hotwire.realtime.sources.source import StreamInfo
from hotwire.realtime.verify import verify

from .. import scanner_files
from ..bundles import LABELS, RUNNING, made_recording, save_bundle
from ..conftest import Child, LslWorld

HOTWIRE = """
import json, sys
from hotwire.decoder.cli.group import main
sys.argv = ["hotwire", *json.loads(sys.argv[1])]
main()
"""
# What an install of hotwire[cli] does not bring.
ON_A_RIG = (
    """
import sys
from importlib.abc import MetaPathFinder

class Missing(MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name.split(".")[0] in {
            "filelock", "jinja2", "joblib", "matplotlib", "mne", "nibabel", "onnx", "onnxscript", "pandas",
            "platformdirs", "pydantic", "pyxdf", "requests", "safetensors", "scipy", "sklearn", "threadpoolctl",
            "tokenizers", "torch", "tqdm", "transformers",
        }:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Missing())
"""
    + HOTWIRE
)


@pytest.fixture(scope="module")
def bundles(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("bundles")
    return save_bundle(folder / "a.hotwire", RUNNING), save_bundle(folder / "b.hotwire", RUNNING, alpha=50.0)


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("recording") / "recording.npz"
    write_npz(made_recording(), path)
    return path


def run(*args: Any, code: int = 0) -> dict[str, Any]:
    """Run a command in this process, with --json."""
    result = CliRunner().invoke(hotwire, [*map(str, args), "--json"])
    assert result.exit_code == code, result.output
    return json.loads(result.stdout.splitlines()[-1])


def replay(lsl: LslWorld, recording: Path, *more: Any, program: str = HOTWIRE) -> Child:
    return lsl.start(program, "replay", str(recording), "--json", *map(str, more))


def until(child: Child, wanted: str, n: int = 1) -> list[dict[str, Any]]:
    """Read what a session says until it made so many decisions, or said so many other things."""
    said = []
    while sum(one["type"] == wanted for one in said) < n:
        said.append(child.says())
    return said


def summary(child: Child, code: int = 0) -> dict[str, Any]:
    """Wait for the end of a session and return the last thing it said."""
    child.process.wait(120)
    assert child.process.returncode == code
    lines = []
    while True:
        try:
            lines.append(child.says())
        except pytest.fail.Exception:
            return lines[-1]


@pytest.mark.slow
def test_a_session_on_a_rig_decides_as_offline(
    lsl: LslWorld, bundles: tuple[Path, Path], recording: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    replay(lsl, recording, "--run", "1", "--speed", "2", program=ON_A_RIG)
    session = lsl.start(
        ON_A_RIG, "stream", str(bundles[0]), "--source", "replay", "--markers", "replay-markers", "--find", "60",
        "--backlog", "every", "--out", str(out), "--record", "--publish", "none", "--json",
    )  # fmt: skip
    one_run = read_npz(recording).select(runs=[1])
    offline = CompiledDecoder.load(bundles[0]).predict(one_run)
    said = until(session, "decision", len(offline))
    told = lsl.run(HOTWIRE, "swap", str(out), "--stop", "--json")
    end = summary(session)

    live = [one for one in said if one["type"] == "decision"]
    assert [(one["answer"], one["probabilities"]) for one in live] == [(o.answer, o.probabilities) for o in offline]
    assert told == {"command": "stop", "told": "stopping"}
    assert (end["type"], end["ended"], end["n_decisions"]) == ("summary", "told to stop", len(offline))
    assert {one["state"] for one in said if one["type"] == "status"} >= {"SEARCHING", "LIVE"}
    written = read_decisions(out / "decisions.jsonl").records
    assert [one["number"] for one in written if one["type"] == "decision"] == list(range(len(offline)))
    assert written[0]["type"] in ("start", "status")
    recorded = read_xdf(out / "raw.xdf")
    assert recorded.data.tobytes() == one_run.data.tobytes()
    assert recorded.events.label.tolist() == one_run.events.label.tolist()


@pytest.mark.slow
def test_swaps_in_shadow_and_back(lsl: LslWorld, bundles: tuple[Path, Path], recording: Path, tmp_path: Path) -> None:
    first, second = (CompiledDecoder.load(path).digest for path in bundles)
    replay(lsl, recording)
    session = lsl.start(
        HOTWIRE, "stream", str(bundles[0]), "--source", "replay", "--find", "60", "--window", "sliding:0.5/0.2",
        "--publish", "none", "--out", str(tmp_path), "--json",
    )  # fmt: skip
    until(session, "decision")
    assert lsl.run(HOTWIRE, "swap", str(tmp_path), str(bundles[1]), "--json") == {"command": "load", "told": "done"}
    lsl.run(HOTWIRE, "swap", str(tmp_path), "--promote", "--json")
    lsl.run(HOTWIRE, "swap", str(tmp_path), "--rollback", "--json")
    session.send(signal.SIGTERM)
    assert summary(session)["bundle"] == first
    records = read_decisions(tmp_path / "decisions.jsonl").records
    told = [one["why"] for one in records if one["type"] == "status"]
    for what in (
        f"{second[:12]} runs in the shadow",
        f"{second[:12]} took over",
        f"rolled back to bundle {first[:12]}",
    ):
        assert any(what in why for why in told)
    assert {one["bundle"] for one in records if one["type"] == "decision" and one["shadow"]} <= {second}


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_a_session_with_its_summary(
    lsl: LslWorld, bundles: tuple[Path, Path], recording: Path, number: signal.Signals
) -> None:
    replay(lsl, recording)
    session = lsl.start(
        HOTWIRE,
        "stream",
        str(bundles[0]),
        "--source",
        "replay",
        "--find",
        "60",
        "--window",
        "sliding:0.5/0.1",
        "--json",
    )
    until(session, "decision", 3)
    session.send(number)
    end = summary(session)
    assert end["ended"] == "interrupted"
    assert end["n_decisions"] >= 3


@pytest.mark.slow
def test_ctrl_c_while_searching_is_an_interruption(lsl: LslWorld, bundles: tuple[Path, Path]) -> None:
    session = lsl.start(
        HOTWIRE, "stream", str(bundles[0]), "--source", "nobody", "--window", "sliding:1/1", "--find", "600", "--json"
    )
    until(session, "status")
    session.send(signal.SIGINT)
    assert summary(session, code=130)["error"]["type"] == "Interrupted"


@pytest.mark.slow
def test_names_the_streams_there_are(lsl: LslWorld, bundles: tuple[Path, Path], recording: Path) -> None:
    replay(lsl, recording, "--name", "amp")
    session = lsl.start(
        HOTWIRE, "stream", str(bundles[0]), "--source", "app", "--window", "sliding:1/1", "--find", "3", "--json"
    )
    error = summary(session, code=1)["error"]
    assert error["type"] == "StreamNotFoundError"
    assert "'amp'" in error["message"]


@pytest.mark.slow
def test_volumes_in_a_folder(lsl: LslWorld, tmp_path: Path) -> None:
    voxels = [f"voxel_{i}_{j}_{k}" for i in range(2) for j in range(2) for k in range(2)]
    bundle = save_bundle(tmp_path / "a.hotwire", RUNNING, names=voxels, unit="a.u.")
    scans = tmp_path / "scans"
    scans.mkdir()
    samples = made_recording().data[:20]
    for number, sample in enumerate(samples):
        image = nibabel.Nifti1Image(sample.reshape(2, 2, 2), np.eye(4))
        nibabel.save(image, scans / f"volume_{number:03}.nii")
    mask, events = tmp_path / "mask.nii", tmp_path / "events.tsv"
    nibabel.save(nibabel.Nifti1Image(np.array([1, 0, 0, 1, 0, 0, 0, 0], np.uint8).reshape(2, 2, 2), np.eye(4)), mask)
    events.write_text("onset\tduration\ttrial_type\n0.0\t0.5\trest\n0.5\t1.5\twork\n")
    out = tmp_path / "out"
    end = lsl.run(
        HOTWIRE, "stream", str(bundle), "--volumes", str(scans), "--window", "sliding:0.5/0.5", "--seconds", "4",
        "--backlog", "every", "--publish", "none", "--json", "--out", str(out),
        "--events", str(events), "--feedback", str(mask), "--baseline", "work,rest",
    )  # fmt: skip
    assert (end["ended"], end["n_decisions"]) == ("the time was over", len(samples) // 5)
    records = read_decisions(out / "decisions.jsonl").records
    (start,) = [one for one in records if one["type"] == "start"]
    assert start["settings"]["baseline"] == {"window_s": None, "labels": ["work", "rest"], "skipped_s": 6.0}
    feedback = [one for one in records if one["type"] == "feedback"]
    assert [one["signal"] for one in feedback] == [samples[k, [0, 3]].astype(float).mean() for k in range(20)]
    assert {one["why"] for one in feedback} == {"no block of the baseline is over yet"}  # all shorter than 6 s


@pytest.mark.slow
def test_the_demo_goes_live_over_lsl_and_from_scanner_files(
    lsl: LslWorld, fetched: Callable[[str], Path], tmp_path: Path
) -> None:
    bold = fetched("haxby2001-slice") / "bold.nii.gz"
    fetched("smollm2-135m-instruct")
    prepared = prepare()
    found = lsl.run(HOTWIRE, "demo", "--live", "--speed", "100", "--json")
    assert found["bundle"] == str(prepared.bundle)
    assert found["ended"] == "the stream ended"
    assert found["n_decisions"] == 72
    assert [one["n_decisions"] for one in found["blocks"]] == [9] * 8
    assert {one["shown"] for one in found["blocks"]} == {
        "bottle", "cat", "chair", "face", "house", "scissors", "noise", "shoe"
    }  # fmt: skip
    assert found["candidate"] > 3 * found["chance"]
    assert found["pairwise"] > 0.7
    assert not any(found["losses"].values())
    decoder, run = CompiledDecoder.load(prepared.bundle), read_npz(prepared.run)
    decisions = scanner_files.decided(decoder, run, bold, tmp_path)
    targets = WordTargets(**decoder.manifest["targets"])
    assert blocks(decisions, targets) == found["blocks"]
    offline = decoder.predict(run)
    assert [one.probabilities for one in decisions] == [one.probabilities for one in offline]
    assert np.array_equal(scanner_files.samples_by_dicom(decoder, run, bold, tmp_path), run.data)


@pytest.mark.parametrize(
    ("args", "code", "message"),
    [
        (["stream", "{bundle}"], 2, "expected --source, --type or --source-id"),
        (["stream", "{bundle}", "--source", "a", "--volumes", "."], 2, "not both"),
        (["stream", "{bundle}", "--brainflow", "synthetic", "--markers", "m"], 2, "not both"),
        (["stream", "{bundle}", "--source", "a", "--tr", "2"], 2, "--tr goes with --volumes"),
        (["stream", "{bundle}", "--source", "a", "--require-signature", "no.pub"], 1, "hotwire keys KEY"),
        (["stream", "{bundle}", "--source", "a", "--pattern", "*"], 2, "--pattern goes with --volumes"),
        (["stream", "{bundle}", "--source", "a", "--record"], 2, "--record needs --out"),
        (["stream", "{bundle}", "--source", "a", "--feedback", "own"], 2, "--feedback together with --baseline"),
        (
            ["stream", "{bundle}", "--source", "a", "--feedback", "own", "--baseline", "sliding:"],
            2,
            "such as sliding:60",
        ),
        (
            ["stream", "{bundle}", "--source", "a", "--feedback", "m.nii", "--baseline", "sliding:9"],
            2,
            "--feedback MASK goes with --volumes or --dicom",
        ),
        (
            ["stream", "{bundle}", "--source", "a", "--feedback", "own", "--baseline", "rest"],
            2,
            "--baseline LABEL needs --events or --markers",
        ),
        (
            ["stream", "{bundle}", "--volumes", ".", "--events", "e.tsv", "--markers", "m"],
            2,
            "expected --events or --markers",
        ),
        (["stream", "{bundle}", "--volumes", ".", "--events", "none.tsv"], 1, "none.tsv: expected at least one event"),
        (["stream", "{bundle}", "--volumes", ".", "--delay", "1"], 2, "--delay goes with --markers"),
        (["stream", "{bundle}", "--source", "a", "--delay", "1"], 2, "--delay goes with --volumes or --dicom"),
        (["stream", "{bundle}", "--source", "a"], 2, "windows follow events: expected --markers"),
        (["stream", "{bundle}", "--source", "a", "--window", "sliding:1"], 2, "sliding:LENGTH/EVERY"),
        (["stream", "{bundle}", "--source", "a", "--window", "sliding:1/0"], 2, "every_s"),
        (["stream", "{bundle}", "--source", "a", "--channels", "any"], 2, "by-position"),
        (["stream", "{bundle}", "--source", "a", "--seconds", "-5"], 2, "-5.0 is not in the range x>0"),
        (["stream", "{bundle}", "--source", "a", "--seconds", "nan"], 2, "expected a number of seconds"),
        (["stream", "{bundle}", "--source", "a", "--find", "0"], 2, "0.0 is not in the range x>0"),
        (["calibrate", "a.toml", "--out", "o", "--stream", "a", "--find", "-1"], 2, "is not in the range x>0"),
        (["replay", "demo", "--linger", "-1"], 2, "is not in the range x>=0"),
        (["stream", "{bundle}", "--source", "a", "--deadline", "-1"], 1, "deadline_s: expected seconds above 0"),
        (["stream", "missing.hotwire", "--source", "a"], 1, "missing.hotwire"),
        (["stream", "{bundle}", "--volumes", ".", "--publish", "none", "--window", "sliding:1/1"], 1, "ch0"),
        (["stream", "{bundle}", "--source", "a", "--from", "volumes:folder=."], 2, "not both"),
        (
            ["stream", "{bundle}", "--from", "nobody", "--window", "sliding:1/1"],
            1,
            "There are: brainflow, dicom, lsl, volumes",
        ),
        (["stream", "{bundle}", "--source", "a", "--output", "nobody", "--window", "sliding:1/1"], 1, "nobody"),
        (["swap", "nowhere"], 2, "either a BUNDLE or one of"),
        (["swap", "nowhere", "b.hotwire", "--stop"], 2, "either a BUNDLE or one of"),
        (["swap", "nowhere", "--stop"], 1, "no session takes commands in nowhere"),
        (["replay", "recording.xyz"], 1, "a study (.toml)"),
        (["replay", "missing.npz"], 1, "missing.npz"),
        (["replay", "{recording}", "--run", "9"], 1, "There are: 0, 1"),
        (["replay", "{recording}", "--speed", "0"], 1, "speed: expected a finite number above 0"),
        (["replay", "{recording}", "--fault", "lost"], 1, "lost@AT_S:FOR_S"),
        (["replay", "{recording}", "--begin", "now"], 2, "when-heard"),
        (["verify", "{bundle}", "{recording}", "--run", "9"], 1, "There are: 0, 1"),
        (["verify", "{bundle}", "{recording}", "--out", "nowhere/c.json"], 1, "there is no folder nowhere"),
        (["demo", "--speed", "3"], 2, "--speed goes with --live or --gist"),
        (["demo", "--live", "--speed", "0"], 1, "speed: expected"),
    ],
)
def test_wrong_arguments(
    bundles: tuple[Path, Path],
    recording: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    args: list[str],
    code: int,
    message: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("none.tsv").write_text("onset\tduration\ttrial_type\n")
    error = run(*(arg.format(bundle=bundles[0], recording=recording) for arg in args), code=code)["error"]
    assert message in error["message"]


@pytest.fixture(scope="module")
def of_epochs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    window = Epoch(0.0, 0.6, incomplete="drop", bin_s=0.2)
    return save_bundle(tmp_path_factory.mktemp("epochs") / "epochs.hotwire", window)


@pytest.mark.parametrize(
    ("bundle", "window", "message"),
    [
        ("epochs", "3/0.5", "holds 6 samples at 10 Hz .*got 3 s, 30 samples; use --window sliding:0.6/0.5$"),
        ("epochs", "0.5/0.5", "expected a LENGTH of 0.6 s.*got 0.5 s, 5 samples; use --window sliding:0.6/0.5$"),
        ("epochs", "0.6/0.01", r"every_s: expected at least one sample .*\(sliding:0.6/0.01\)$"),
        ("averages", "0.01/0.5", r"length_s: expected at least one sample .*\(sliding:0.01/0.5\)$"),
    ],
)
def test_a_window_that_does_not_fit_is_refused_before_anything_is_opened(
    bundles: tuple[Path, Path], of_epochs: Path, tmp_path: Path, bundle: str, window: str, message: str
) -> None:
    path, out = of_epochs if bundle == "epochs" else bundles[0], tmp_path / "out"
    args = ["stream", path, "--source", "a", "--window", f"sliding:{window}", "--out", out]
    error = run(*args, code=2)["error"]
    told = error["message"].removesuffix("; `hotwire stream --help` tells how to use it")
    assert re.search(f"^Invalid value for --window: .*{message}", told), told
    assert not out.exists()


@pytest.mark.slow
def test_a_decoder_of_epochs_slides_along_too(lsl: LslWorld, of_epochs: Path, recording: Path, tmp_path: Path) -> None:
    replay(lsl, recording, "--run", "1", "--speed", "2")
    session = lsl.start(
        HOTWIRE, "stream", str(of_epochs), "--source", "replay", "--find", "60", "--window", "sliding:0.6/0.2",
        "--out", str(tmp_path), "--publish", "none", "--json",
    )  # fmt: skip
    live = [one for one in until(session, "decision", 10) if one["type"] == "decision"]
    session.send(signal.SIGINT)
    summary(session)
    assert all(one["answer"] in LABELS for one in live)
    assert [round(one["stop_s"] - one["start_s"], 6) for one in live] == [0.6] * 10
    start = read_decisions(tmp_path / "decisions.jsonl").records[1]
    assert (start["type"], start["settings"]["window"]["type"]) == ("start", "SlidingEpoch")


def test_verify_writes_the_certificate(bundles: tuple[Path, Path], recording: Path, tmp_path: Path) -> None:
    path = tmp_path / "certificate.json"
    args = ["verify", bundles[0], recording, "--cuttings", "2", "--lsl", "never", "--run", "1", "--out", path]
    found = run(*args)
    assert found["result"] == "PASS"
    assert json.loads(path.read_text()) == found
    readable = CliRunner().invoke(hotwire, [str(arg) for arg in args])
    assert readable.output.startswith(f"PASS: {found['n_decisions']} decisions")
    assert found["bundle"]["sha256"] in readable.output
    assert "part of the fit" not in readable.output
    write_npz(made_recording(6, seed=1), tmp_path / "fitted_on.npz")
    args[2] = tmp_path / "fitted_on.npz"
    readable = CliRunner().invoke(hotwire, [str(arg) for arg in args])
    assert "Run 1 was part of the fit: decisions on it say nothing about new data." in readable.output


def test_verify_fails_with_exit_code_1(
    bundles: tuple[Path, Path], recording: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lacking = (lambda decide: lambda *args: (decide(*args)[0][1:], {}))(verify.decided_live)
    monkeypatch.setattr(verify, "decided_live", lacking)
    args = ["verify", bundles[0], recording, "--cuttings", "2", "--lsl", "never", "--run", "1"]
    found = run(*args, code=1)
    assert found["result"] == "FAIL"
    assert found["cuttings"]["n_unequal"] == 2
    assert "only offline" in CliRunner().invoke(hotwire, [str(arg) for arg in args]).output


def test_the_commands_are_found_and_listed_without_what_they_run() -> None:
    code = "import sys\nfrom hotwire.decoder.cli.group import main\nsys.argv = ['hotwire', '--help']\nmain()\n"
    ends = "import atexit\natexit.register(lambda: print(*sys.modules))\n"

    told = subprocess.run(
        [sys.executable, "-c", "import sys\n" + ends + code], capture_output=True, text=True, check=True
    )
    *shown, modules = told.stdout.splitlines()
    listed = [line.split()[0] for line in shown if line.startswith("  ")]
    assert {"replay", "stream", "swap", "verify", "demo"} <= set(listed)
    assert "demo-live" not in listed
    assert not {"numpy", "rich", "pylsl", "onnxruntime", "torch"} & set(modules.split())


def test_recordings_by_name(recording: Path) -> None:
    opened = open_recording(str(recording))
    assert named_runs(opened, []) is None
    assert named_runs(opened, ["1", "0"]) == [1, 0]
    with pytest.raises(UnknownNameError, match="There are: 0, 1"):
        named_runs(opened, ["2"])
    with pytest.raises(InputError, match="or the word demo"):
        open_recording("recording.csv")


def decision(number: int = 0, **changes: Any) -> LiveDecision:
    told = {
        "number": number,
        "answer": "face",
        "probabilities": dict(zip(LABELS, (0.1, 0.6, 0.2, 0.1), strict=True)),
        "text": None,
        "label": "face",
        "event": number,
        "start_s": 1.0 * number,
        "stop_s": 1.0 * number + 2,
        "start_stamp_s": 0.0,
        "stop_stamp_s": 0.0,
        "present": 1.0,
        "abstained": None,
        "late": False,
        "shadow": False,
        "bundle": "ab" * 32,
        "latency": Latency(0.0012, 0.0001, 0.0243),
    }
    return LiveDecision(**(told | changes))


@pytest.mark.parametrize(
    ("why", "said"),
    [(None, "Decisions are in out/decisions.jsonl."), ("No space left", "lacks later decisions: No space left.")],
)
def test_the_summary_says_where_decisions_are_and_where_they_are_not(why: str | None, said: str) -> None:
    counted = {"n_decisions": 3, "n_abstained": 0, "n_late": 0, "n_in_shadow": 0, "latency_ms": {}, "losses": {}}
    told = summary_of_classes({"ended": "told to stop", "markers": None, "out": "out", "out_stopped": why, **counted})
    assert told.splitlines()[-1].endswith(said)
    assert ("Decisions are in" in told) == (why is None)


INFO = StreamInfo("amp", "EEG", "amp-1", ("Cz", "Pz"), ("uV", "uV"), 250.0)


class Answering:
    answers = LABELS


def shown(width: int, height: int, *decisions: LiveDecision, state: Status | None = None) -> list[str]:
    """What a terminal of that size shows."""
    console = Console(file=io.StringIO(), force_terminal=True, width=width, height=height)
    decoder: Any = Answering()
    view = TerminalView(console, scorer=lambda one: None if one.label is None else one.label == one.said)
    view.open(INFO, decoder)
    view.status(Status(State.LIVE, 0.0, "the stream was found", {"lost": 0}))
    for one in decisions:
        view.decision(one)
    if state is not None:
        view.status(state)
    picture = view.frame()
    view.close()
    paper = Console(file=io.StringIO(), width=width, height=height, record=True)
    paper.print(picture)
    return paper.export_text().splitlines()


@pytest.mark.parametrize(("width", "height"), [(80, 24), (200, 60), (60, 16), (40, 12)])
def test_the_view_fits(width: int, height: int) -> None:
    lines = shown(width, height, *(decision(i, label=label) for i, label in enumerate(LABELS * 5)))
    assert len(lines) < height
    assert {len(line) for line in lines} == {width}


def test_the_view_shows_what_matters() -> None:
    gap = Status(State.GAP, 1.0, "3 samples are missing", {"lost": 7, "late": 0})
    text = "\n".join(shown(80, 24, decision(0), decision(1, answer="shoe"), state=gap))
    for part in (" s h o e ", "amp: 2 channels at 250 Hz", "GAP", gap.why):
        assert part in text
    for part in ("shown: face", "✓ face", "✗ shoe", "100% there", "lost 7"):
        assert part in text
    assert "age 1.2 + queue 0.1 + compute 24.3 ms" in text
    assert "late" not in text


@pytest.mark.parametrize("markers", [None, *MarkerState])
def test_the_view_says_that_markers_are_away(markers: MarkerState | None) -> None:
    told = Status(State.LIVE, 1.0, "no gap for 2 s", {}, markers)
    text = "\n".join(shown(80, 24, decision(), state=told))
    assert ("markers " in text) == (markers in (MarkerState.SEARCHING, MarkerState.LOST))
    assert f"markers {markers}" in text or markers in (None, MarkerState.LIVE)
    assert "LIVE" in text


@pytest.mark.parametrize("state", [State.SEARCHING, State.STALE, State.LOST])
def test_no_word_stands_while_nothing_comes(state: State) -> None:
    text = "\n".join(shown(80, 24, decision(), state=Status(state, 1.0, "nothing comes", {})))
    assert "f a c e" not in text
    assert " ".join(state) in text


def test_the_view_says_why_it_abstains() -> None:
    last = decision(answer=None, probabilities={}, abstained="2 of the window's 8 samples came", present=0.25)
    text = "\n".join(shown(80, 24, last))
    assert "abstains: 2 of the window's 8 samples came" in text
    assert "25% there" in text
    assert "✗" not in text


def test_markup_in_words_is_shown_as_it_is() -> None:
    text = "\n".join(shown(80, 24, decision(text="[red]x[/]", label="[b]")))
    assert "[red]x[/]" in text
    assert "shown: [b]" in text


def test_plain_lines() -> None:
    file = io.StringIO()
    view = PlainView(Console(file=file, width=40), scorer=lambda one: True)
    view.status(Status(State.STALE, 0.0, "nothing came for 2 s", {}))
    view.decision(decision(shadow=True, late=True))
    view.decision(decision(answer=None, probabilities={}, abstained="too little", label=None))
    state, first, second = file.getvalue().splitlines()
    assert state == "[STALE] nothing came for 2 s"
    assert " ".join(first.split()) == "2.000 s face 60.0% shown: face, right 100% there 24.4 ms late in shadow"
    assert "abstained: too little" in second


NASTY = "\x1b[2Jface\nhouse\rcat\x07\x9b5m[bold]shoe[/]:cat:"
SEEN = r"\x1b[2Jface\nhouse\rcat\x07\x9b5m[bold]shoe[/]:cat:"
OBEYED = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f]")


def test_plain_lines_obey_nothing_that_comes_from_outside() -> None:
    file = io.StringIO()
    view = PlainView(Console(file=file, emoji=False))
    channels: Any = StreamInfo(NASTY, NASTY, NASTY, (NASTY,), ("uV",), 250.0)
    view.open(channels, Answering())  # type: ignore[arg-type]
    view.status(Status(State.LIVE, 0.0, f"marker {NASTY} cannot be used", {}))
    view.decision(decision(text=NASTY, label=NASTY))
    view.decision(decision(answer=None, probabilities={}, abstained=NASTY, label=NASTY))
    lines = file.getvalue().splitlines()
    assert len(lines) == 4
    assert not OBEYED.search(file.getvalue())
    assert [line.count(SEEN) for line in lines] == [3, 1, 2, 2]


def test_the_view_obeys_nothing_that_comes_from_outside() -> None:
    class Nasty:
        answers = (NASTY, "shoe")

    for one in (
        decision(text=NASTY, label=NASTY),
        decision(answer=NASTY, probabilities={NASTY: 0.6, "shoe": 0.4}),
        decision(answer=None, probabilities={}, abstained=NASTY, label=NASTY),
    ):
        view = TerminalView(Console(file=io.StringIO(), force_terminal=True, width=400, height=40), title="[b]x")
        view.open(StreamInfo(NASTY, "", "", ("Cz",), ("uV",), 250.0), Nasty())  # type: ignore[arg-type]
        view.decision(decision(text=NASTY, shadow=True))
        view.decision(one)
        view.status(Status(State.LIVE, 0.0, f"marker {NASTY}", {}))
        paper = Console(file=io.StringIO(), width=400, height=40, record=True)
        paper.print(view.frame())
        view.close()
        text = paper.export_text()
        assert not OBEYED.search(text)
        assert text.count(SEEN) >= 5
        assert "[b]x" in text


def test_json_lines_obey_nothing_and_say_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    JsonStream(sys.stdout).decision(decision(text=NASTY, label=NASTY))
    line = capsys.readouterr().out
    assert not OBEYED.search(line)
    assert json.loads(line)["label"] == NASTY


def test_commands_obey_nothing_that_a_recording_holds(
    bundles: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recording = made_recording(1)
    label = np.where(recording.events.label == "cat", NASTY, recording.events.label)
    path = tmp_path / "it\x1b[2J[bold].npz"
    write_npz(replace(recording, events=replace(recording.events, label=label)), path)
    lacking = (lambda decide: lambda *args: ([], {}))(verify.decided_live)
    monkeypatch.setattr(verify, "decided_live", lacking)
    verifying = ["verify", str(bundles[0]), str(path), "--cuttings", "1", "--lsl", "never"]
    for args, code, seen in (
        (verifying, 1, SEEN),
        (["inspect", str(path)], 0, SEEN),
        (["predict", str(bundles[0]), str(path)], 0, r"\x1b"),
        (["predict", str(bundles[0]), f"{tmp_path}/\x1b[2J.npz"], 1, r"\x1b[2J.npz"),
        (["replay", f"{tmp_path}/\x9b5m\n.npz"], 1, r"\x9b5m\n.npz"),
        (["replay", str(path), "--run", "\x1b\n[red]"], 1, r"'\x1b\n[red]'"),
        (["replay", str(path), "--\x1b[2J"], 2, r"--\x1b[2J"),
        (["\x1b\x07"], 2, r"\x1b\x07"),
    ):
        for more in ([], ["--json"]):
            result = CliRunner().invoke(hotwire, [*args, *more])
            assert result.exit_code == code, result.output
            assert not OBEYED.search(result.output), (args, result.output)
            if not more:
                told = "".join(line.strip() for line in result.output.splitlines())
                assert seen in told, (args, result.output)


def test_the_tally_leaves_shadows_and_abstentions_out() -> None:
    tally = Tally()
    for one in (decision(), decision(shadow=True), decision(answer=None, abstained="why"), decision(late=True)):
        tally.decision(one)
    found = tally.to_dict()
    assert {name: found[name] for name in ("n_decisions", "n_abstained", "n_late", "n_in_shadow")} == {
        "n_decisions": 3,
        "n_abstained": 1,
        "n_late": 1,
        "n_in_shadow": 1,
    }
    assert found["said"] == {"face": 2}
    assert found["latency_ms"]["compute"]["p50"] == pytest.approx(24.3)


def test_commands_on_a_rig_work_or_say_what_to_install(bundles: tuple[Path, Path], tmp_path: Path) -> None:
    def on_a_rig(*args: Any) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-c", ON_A_RIG, json.dumps([*map(str, args)])]
        return subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, timeout=120, check=False)

    inspected = on_a_rig("inspect", bundles[0], "--json")
    assert json.loads(inspected.stdout)["digest"] == CompiledDecoder.load(bundles[0]).digest
    (tmp_path / "study.toml").write_text("[recording]\n")
    for args in (["inspect", "study.toml"], ["replay", "study.toml"], ["data"]):
        refused = on_a_rig(*args)
        assert refused.returncode == 1
        assert "which is not installed; pip install 'hotwire[all]'" in refused.stderr
        assert len(refused.stderr.splitlines()) == 1
