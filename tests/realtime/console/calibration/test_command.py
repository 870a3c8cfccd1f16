"""A calibration over real LSL, with a simulated participant in a process of its own."""

from __future__ import annotations

import io
import json
import re
import signal
import time
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from rich.console import Console

from hotwire.decoder import Decoder
from hotwire.decoder.bundle.compiled import CompiledDecoder
from hotwire.decoder.cli.commands import hotwire
from hotwire.decoder.experiments.calibration import Calibration, Progress
from hotwire.decoder.recordings.recording import Recording
from hotwire.decoder.statistics.learning_curve import Forecast
from hotwire.decoder.steps import run_steps
from hotwire.decoder.study.study import Study, open_study
from hotwire.decoder.windows import BlockAverage, Epoch, RunningAverage, SlidingAverage, SlidingEpoch, windows
from hotwire.realtime.console.calibration.command import calibrate
from hotwire.realtime.console.calibration.cues import Timing
from hotwire.realtime.console.calibration.plan import live_window, session_decoder
from hotwire.realtime.console.calibration.trial import Trial
from hotwire.realtime.console.calibration.view import DrawnCalibration, PlainCalibration
from hotwire.realtime.decision import Status
from hotwire.realtime.health import State

from ....decoder.small_study import save_network
from ...conftest import Child, LslWorld

STUDY = """
[recording]
kind = "xdf"
path = "out/raw.xdf"
[network]
name = "network"
[targets]
words = { left = "cat", right = "shoe" }
template = "A picture of a {}"
[decoder]
layer = 1
steps = [{ type = "BandPass", low_hz = 6.0, high_hz = 16.0, order = 2 }]
window = { type = "Epoch", start_s = 0.1, stop_s = 0.5 }
features = { type = "LogVariance" }
adapter = { alphas = 1.0 }
readout = { type = "NearestReadout" }
[evaluation]
n_permutations = 500
controls = ["shuffled pairing"]
"""
TIMING = ("--cue-s", "0.5", "--rest-s", "0.2", "--ready-s", "0.7")
HOTWIRE = """
import json, sys
from hotwire.decoder.cli.commands import hotwire
from hotwire.realtime.console.calibration.command import calibrate
hotwire.add_command(calibrate)
hotwire.main(json.loads(sys.argv[1]))
"""
PARTICIPANT = """
import json, sys
from hotwire.realtime.sources.simulated_participant import main
main(json.loads(sys.argv[1]))
"""
# Whoever records or reacts hears the cues: labels, durations and stamps, until the stream is gone.
LISTENER = """
import json, time
import pylsl
from pylsl.util import LostError
until = time.monotonic() + 240
resolver = pylsl.ContinuousResolver(prop="name", value="hotwire-cues")
while not resolver.results() and time.monotonic() < until:
    time.sleep(0.02)
inlet = pylsl.StreamInlet(resolver.results()[0], recover=False)
inlet.open_stream(10.0)
print(json.dumps("listening"))
heard = []
try:
    while time.monotonic() < until + 60:
        values, stamp_s = inlet.pull_sample(timeout=0.2)
        if values is not None:
            heard.append([json.loads(values[0]), stamp_s])
except LostError:
    pass
print(json.dumps(heard))
"""

WATCHER = (
    LISTENER.split("heard = []")[0]
    + """
for n in range(1, 4):
    while inlet.pull_sample(timeout=0.2)[0] is None and time.monotonic() < until:
        pass
print(json.dumps(n))
"""
).replace('print(json.dumps("listening"))', "")


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("study")
    save_network(folder / "network")
    (folder / "study.toml").write_text(STUDY)
    return folder / "study.toml"


def other_study(study: Path, folder: Path, *changes: tuple[str, str]) -> Path:
    """The study with some lines changed, beside the same network."""
    text = STUDY.replace('name = "network"', f'name = "{study.parent / "network"}"')
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    path = folder / "other.toml"
    path.write_text(text)
    return path


def participate(lsl: LslWorld, name: str = "amp", seed: int = 0) -> Child:
    return lsl.start(PARTICIPANT, name, "hotwire-cues", "left", "right", "--seed", str(seed))


def begin(lsl: LslWorld, study: Path, out: Path, *more: str) -> Child:
    arguments = ("calibrate", str(study), "--out", str(out), "--find", "60", *TIMING, *more, "--json")
    return lsl.start(HOTWIRE, *arguments)


def end(session: Child, code: int = 0) -> dict[str, Any]:
    """Wait for the end of a session, and return what it found."""
    session.process.wait(120)
    assert session.process.returncode == code, session._errors()
    return session.says()


def recorded(study: Path, out: Path) -> tuple[Study, Recording]:
    """The raw stream as a study reads it."""
    path = other_study(study, out, ('path = "out/raw.xdf"', f'path = "{out / "raw.xdf"}"'))
    opened = open_study(path)
    return opened, opened.recording()


@pytest.mark.slow
def test_a_session_teaches_a_decoder(lsl: LslWorld, study: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    participate(lsl)
    listener = lsl.start(LISTENER)
    found = end(begin(lsl, study, out, "--stream", "amp", "--trials-per-class", "10", "--stop", "all", "--seed", "3"))

    assert found["ended"] == "all cues were given"
    assert (found["n_cues"], found["n_lost"], found["n_learned"], found["n_fitted"]) == (20, 0, 20, 20)
    assert Counter(one["label"] for one in found["trials"]) == {"left": 10, "right": 10}
    assert found["stream"]["name"] == "amp"
    assert found["faults"] == {}
    assert found["chance"] == 0.5
    assert found["accuracy"]["low"] > 0.5
    assert found["n_decided"] == sum(one["said"] is not None for one in found["trials"]) >= 8
    assert found["accuracy"]["value"] == np.mean([one["right"] for one in found["trials"] if one["said"]])
    assert json.loads((out / "calibration.json").read_text()) == found
    assert (out / "learning-curve.svg").read_text().startswith("<?xml")

    # Everyone could hear the cues, at the time at which they are in the recording.
    assert listener.says() == "listening"
    heard = listener.result()
    assert [(told["label"], told["duration_s"], stamp_s) for told, stamp_s in heard] == [
        (one["label"], 0.5, pytest.approx(one["onset_stamp_s"], abs=1e-6)) for one in found["trials"]
    ]

    # Offline, the recording gives the same runs and trials, and the same decisions on the way.
    opened, recording = recorded(study, out)
    assert len(recording.runs) == 3
    assert recording.events.label.tolist() == [one["label"] for one in found["trials"]]
    decoder = opened.decoder()
    again = Calibration(decoder)
    again.learn(windows(decoder.settings.window, run_steps(decoder.settings.steps, recording)))
    decided = [one for one in found["trials"] if one["said"] is not None]
    said = {"left": "cat", "right": "shoe"}
    assert [one.answer for one in again.decisions] == [said[one["said"]] for one in decided]
    for offline, live in zip(again.decisions, decided, strict=True):
        assert {label: offline.probabilities[word] for label, word in said.items()} == live["probabilities"]

    # The bundle is that of a decoder fitted on the recording, and evaluating it is an ordinary study.
    bundle = CompiledDecoder.load(found["bundle"])
    assert bundle.feature_names == ("C3", "C4", "Cz")
    assert bundle.unit == ("uV",) * 3
    fitted = opened.decoder().fit(recording)
    assert [one.answer for one in bundle.predict(recording)] == [one.answer for one in fitted.predict(recording)]
    evaluation = opened.evaluate(recording)
    assert evaluation.decoder.measures["candidate"].value > 0.75


@pytest.mark.slow
def test_it_ends_when_the_decoder_is_good_enough_and_goes_live(lsl: LslWorld, study: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    session = begin(lsl, study, out, "--simulate", "--trials-per-class", "30", "--good-enough", "0.55", "--go-live")
    live = out / "live"
    decisions = live / "decisions.jsonl"
    while session.process.poll() is None and not (decisions.exists() and '"decision"' in decisions.read_text()):
        time.sleep(0.05)
    told = lsl.run(HOTWIRE, "swap", str(live), "--stop", "--json")
    found = end(session)
    assert told["told"] == "stopping"
    assert found["ended"] == "good enough"
    assert found["reached"]
    assert found["latest"]["low"] >= 0.55
    assert found["n_cues"] < 60
    assert "reached" in found["told"]
    assert found["live"]["ended"] == "told to stop"
    assert found["live"]["n_decisions"] > 0
    assert set(found["live"]["said"]) <= {"cat", "shoe"}


@pytest.mark.slow
def test_a_stream_that_goes_away_costs_a_trial_and_no_more(lsl: LslWorld, study: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    first = participate(lsl)
    listener = lsl.start(WATCHER)
    session = begin(lsl, study, out, "--stream", "amp", "--trials-per-class", "8", "--stop", "all")
    assert listener.says() == 3  # the third cue is being shown
    first.kill()
    participate(lsl, seed=1)
    found = end(session)
    assert found["ended"] == "all cues were given"
    lost = [one for one in found["trials"] if one["lost"] is not None]
    assert [one["number"] for one in lost] == [3]
    assert found["n_learned"] == found["n_fitted"] == 15
    assert found["losses"]["restarts"] == 1
    assert found["losses"]["lost"] > 0
    assert found["bundle"] is not None
    _, recording = recorded(study, out)
    assert recording.events.label.tolist() == [one["label"] for one in found["trials"] if one["lost"] is None]


@pytest.mark.slow
def test_an_interrupted_session_is_kept_and_gone_on_with(lsl: LslWorld, study: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    participate(lsl)
    session = begin(lsl, study, out, "--stream", "amp", "--trials-per-class", "6", "--stop", "all")
    listener = lsl.start(WATCHER)
    assert listener.says() == 3
    session.send(signal.SIGINT)
    first = end(session, code=1)
    assert first["ended"] == "interrupted"
    assert (first["bundle"], first["n_learned"]) == (None, first["n_cues"])
    assert "too few" in first["reason"]
    _, recording = recorded(study, out)
    assert len(recording.events) == first["n_learned"] >= 2

    lsl.start(PARTICIPANT, "amp2", "hotwire-cues", "left", "right")
    arguments = ("--stream", "amp2", "--trials-per-class", "6", "--stop", "all")
    hotwire.add_command(calibrate)
    refused = CliRunner().invoke(hotwire, ["calibrate", str(study), "--out", str(out), *arguments])
    assert "go on with it with --resume" in refused.stderr
    second = end(begin(lsl, study, out, *arguments, "--resume"))
    assert second["ended"] == "all cues were given"
    assert second["n_learned"] == second["n_fitted"] == first["n_learned"] + second["n_cues"]
    assert second["trials"][: first["n_cues"]] == first["trials"]
    assert [Path(path).name for path in second["raw"]] == ["raw.xdf", "raw-2.xdf"]
    assert {one["block"] for one in second["trials"]} == {1, 2, 3, 4}
    counts = Counter(one["label"] for one in second["trials"])
    assert min(counts.values()) >= 6


@pytest.mark.slow
def test_what_streams_there_are_is_told(lsl: LslWorld, study: Path, tmp_path: Path) -> None:
    participate(lsl)
    arguments = ["calibrate", str(study), "--out", str(tmp_path / "out"), *TIMING, "--json"]
    error = end(lsl.start(HOTWIRE, *arguments, "--stream", "app", "--find", "3"), code=1)["error"]
    assert error["type"] == "StreamNotFoundError"
    assert "'amp'" in error["message"]
    participate(lsl, "amp3")
    lacking = ("--stream", "amp3", "--find", "60", "--channel", "C3", "--channel", "Oz")
    error = end(lsl.start(HOTWIRE, *arguments, *lacking), code=1)["error"]
    assert error["type"] == "StreamMismatchError"
    assert "lacks Oz; it has C3, C4, Cz" in error["message"]


WINDOW = 'window = { type = "Epoch", start_s = 0.1, stop_s = 0.5 }'
FEATURES = 'features = { type = "LogVariance" }'
STEPS = 'steps = [{ type = "BandPass", low_hz = 6.0, high_hz = 16.0, order = 2 }]'


@pytest.mark.parametrize(
    ("changes", "options", "code", "message"),
    [
        ([], [], 2, "expected --stream"),
        ([], ["--simulate", "--stop", "never"], 2, "when-good"),
        ([], ["--stream", "amp", "--trials-per-class", "1"], 1, "trials per class: expected at least 4, got 1"),
        ([], ["--stream", "amp", "--cue-s", "0"], 1, "cue_s: expected seconds above 0"),
        ([], ["--stream", "amp", "--good-enough", "1.5"], 1, "good_enough: expected an accuracy"),
        ([], ["--stream", "amp", "--cue-s", "0.4"], 1, "a trial ends 0.5 s after its cue began, but cues last 0.4 s"),
        ([], ["--stream", "amp", "--resume"], 1, "no raw.xdf to go on with"),
        ([(', right = "shoe" }', " }")], ["--stream", "amp"], 1, "expected two words or more to tell apart, got left"),
        (
            [(WINDOW, 'window = { type = "SlidingEpoch", length_s = 0.5, every_s = 0.5 }')],
            ["--stream", "amp"],
            1,
            "expected one that follows events, such as Epoch or BlockAverage, got SlidingEpoch",
        ),
        (
            [("start_s = 0.1", "start_s = -1.0")],
            ["--stream", "amp", "--rest-s", "0.5"],
            1,
            "begins 1 s before its cue, but there are only 0.5 s of rest",
        ),
        (
            [("stop_s = 0.5 }", "stop_s = 0.5, baseline_s = [-0.7, 0.0] }")],
            ["--stream", "amp", "--rest-s", "0.5"],
            1,
            "begins 0.7 s before its cue",
        ),
        ([(STEPS, 'steps = [{ type = "Detrend" }]')], ["--stream", "amp"], 1, "Detrend needs the whole run"),
        ([(WINDOW, 'window = { type = "Epoch", stop_s = 0.5 }\nfit_window = { type = "Epoch", stop_s = 0.4 }')],
         ["--stream", "amp"], 1, "fit_window"),
    ],
)  # fmt: skip
def test_wrong_inputs(
    study: Path, tmp_path: Path, changes: list[tuple[str, str]], options: list[str], code: int, message: str
) -> None:
    """All of them are refused before anything is searched for or written."""
    hotwire.add_command(calibrate)
    path = other_study(study, tmp_path, *changes)
    arguments = ["calibrate", str(path), "--out", str(tmp_path / "out"), *options, "--json"]
    result = CliRunner().invoke(hotwire, arguments)
    assert result.exit_code == code, result.output
    assert message in json.loads(result.stdout.splitlines()[-1])["error"]["message"]
    assert not (tmp_path / "out").exists()


def test_pictures_cannot_be_asked_for(study: Path, tmp_path: Path) -> None:
    hotwire.add_command(calibrate)
    path = other_study(
        study,
        tmp_path,
        ('words = { left = "cat", right = "shoe" }', 'stimuli = "recording"'),
        ('template = "A picture of a {}"', ""),
        ('kind = "xdf"\npath = "out/raw.xdf"', 'kind = "responses"\nresponses = "r.npy"\nstimuli = "s.npy"'),
        (f'name = "{study.parent / "network"}"', 'name = "efficientnet-lite0"'),
        ("layer = 1", 'layer = "blocks.10"'),
    )
    result = CliRunner().invoke(hotwire, ["calibrate", str(path), "--out", str(tmp_path), "--simulate", "--json"])
    assert "a calibration asks for words" in json.loads(result.stdout.splitlines()[-1])["error"]["message"]


def test_windows_of_a_session_leave_out_what_is_cut_off(study: Path) -> None:
    decoder: Decoder = session_decoder(open_study(study), Timing())
    assert decoder.settings.window == Epoch(0.1, 0.5, incomplete="drop")


def test_the_window_that_slides_holds_the_same() -> None:
    timing = Timing(cue_s=2.0)
    sliding = live_window(Epoch(0.5, 1.5, bin_s=0.1, most=100.0), timing, 100.0)
    assert sliding == SlidingEpoch(1.0, 0.5, 0.1, 100.0)
    assert sliding.n_times(100.0) == Epoch(0.5, 1.5, bin_s=0.1).n_times(100.0)
    assert live_window(RunningAverage(max_samples=50), timing, 100.0) == SlidingAverage(0.5, 0.5)
    assert live_window(RunningAverage(max_samples=500), timing, 100.0) == SlidingAverage(2.0, 0.5)
    assert live_window(BlockAverage(0.5), timing, 100.0) == SlidingAverage(1.5, 0.5)  # as long as its cue
    with_baseline = live_window(Epoch(0.0, 1.0, baseline_s=(-0.2, 0.0)), timing, 100.0)
    assert with_baseline == SlidingEpoch(1.0, 0.5, baseline_s=(-0.2, 0.0))


TRIALS = (
    Trial(1, 1, "left", 100.0),
    Trial(2, 1, "right", 106.0, lost="3 of the window's 40 samples came, 100% needed"),
    Trial(3, 2, "left", 112.0, said="left", probabilities={"left": 0.9, "right": 0.1}, right=1.0),
    Trial(4, 2, "right", 118.0, said="left", probabilities={"left": 0.6, "right": 0.4}, right=0.0),
)
PROGRESS = Progress(3, Forecast(0.5, 0.1, 0.9), False, "After 3 trials 0.50 were decided rightly.")


def shown(view: PlainCalibration | DrawnCalibration) -> None:
    view.say("found amp")
    view.phase("get ready", "", 3.0)
    view.status(Status(State.LIVE, 0.0, "the first samples came"))
    for trial in TRIALS:
        view.phase(f"cue {trial.number} of 4", trial.label, 4.0)
        view.trial(trial)
    view.progress(PROGRESS)
    view.status(Status(State.LOST, 0.0, "the stream is gone"))
    view.draw()


def test_nothing_jumps_from_cue_to_rest() -> None:
    view = DrawnCalibration(Console(file=io.StringIO(), force_terminal=True, width=80, height=30))
    heights = []
    for phase in (("get ready", "", 3.0), ("cue 1 of 4", "left", 4.0), ("rest", "", 2.0), ("cue 2 of 4", "héron", 4.0)):
        view.phase(*phase)
        paper = Console(file=io.StringIO(), width=80, record=True)
        paper.print(view.frame())
        heights.append(len(paper.export_text().splitlines()))
    view.close()
    assert len(set(heights)) == 1


def test_nothing_that_comes_from_outside_is_obeyed() -> None:
    nasty, seen = "\x1b[2J\n\r\x07\x9b5m[bold]left", r"\x1b[2J\n\r\x07\x9b5m[bold]left"
    file = io.StringIO()
    plain = PlainCalibration(Console(file=file, width=40, emoji=False))
    drawn = DrawnCalibration(Console(file=io.StringIO(), force_terminal=True, width=200, height=40))
    for view in (plain, drawn):
        view.say(nasty)
        view.phase("cue 1 of 4", nasty, 4.0)
        view.trial(Trial(1, 1, nasty, 100.0, lost=nasty))
        view.status(Status(State.LOST, 0.0, nasty))
    assert [line.count("\\x1b") for line in file.getvalue().splitlines()] == [1, 1, 2, 1]
    paper = Console(file=io.StringIO(), width=200, record=True)
    paper.print(drawn.frame())
    drawn.close()
    for text in (file.getvalue(), told := paper.export_text()):
        assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f]", text)
    assert told.count(seen) == 2
    assert " ".join(seen) in told  # the word of the cue, its letters apart


def test_plain_lines_tell_all() -> None:
    file = io.StringIO()
    shown(view := PlainCalibration(Console(file=file, width=40)))
    view.close()
    assert file.getvalue().splitlines() == [
        "found amp",
        "get ready, 3 s",
        "cue 1 of 4: LEFT",
        "  left: learned from",
        "cue 2 of 4: RIGHT",
        "  right: lost, 3 of the window's 40 samples came, 100% needed",
        "cue 3 of 4: LEFT",
        "  left: decided left (90%), right",
        "cue 4 of 4: RIGHT",
        "  right: decided left (60%), wrong",
        "  After 3 trials 0.50 were decided rightly.",
        "[LOST] the stream is gone",
    ]


@pytest.mark.parametrize(("width", "height"), [(80, 24), (200, 60), (60, 20), (40, 12)])
def test_the_drawn_view_shows_the_cue_and_the_marks(width: int, height: int) -> None:
    console = Console(file=io.StringIO(), force_terminal=True, width=width, height=height)
    view = DrawnCalibration(console)
    shown(view)
    picture = view.frame()
    view.close()
    paper = Console(file=io.StringIO(), width=width, height=height, record=True)
    paper.print(picture)
    lines = paper.export_text().splitlines()
    text = "\n".join(lines)
    assert len(lines) <= height or height < 20
    assert {len(line) for line in lines} == {width}
    assert "r i g h t" in text
    assert "·!✓✗" in text
    assert "━━━" in text
    assert "After 3 trials" in text
    assert "the stream is gone" in text
