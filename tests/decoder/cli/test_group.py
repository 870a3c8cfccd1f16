"""The command line, from the arguments to what is printed and the exit code."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import transformers
from click.testing import CliRunner, Result

from hotwire.decoder.cli.commands import hotwire
from hotwire.decoder.readers import write_npz
from hotwire.models.weights.assets import is_ready
from hotwire.models.weights.registry import asset

from ..small_study import LABELS, STUDY, made_recording, save_study


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made")
    save_study(folder)
    return folder


@pytest.fixture(scope="module", autouse=True)
def without_bars_of_transformers() -> Iterator[None]:
    """What `main` sees to in a process of its own."""
    transformers.utils.logging.disable_progress_bar()
    yield
    transformers.utils.logging.enable_progress_bar()


@pytest.fixture(autouse=True)
def in_own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def run(*args: object) -> Result:
    return CliRunner().invoke(hotwire, [str(arg) for arg in args])


def answer(*args: object) -> dict[str, Any]:
    """What a command prints with --json: one object, and nothing else."""
    result = run(*args, "--json")
    assert result.exit_code == 0, result.output
    assert result.stdout.count("\n") == 1
    return json.loads(result.stdout)


def complaint(*args: object, code: int = 1) -> str:
    """The one message on standard error, which --json repeats on standard output."""
    plain = run(*args)
    assert (plain.exit_code, plain.stdout) == (code, "")
    assert plain.stderr.startswith("hotwire: ")
    assert "Traceback" not in plain.stderr
    result = run(*args, "--json")
    assert result.exit_code == code
    told = json.loads(result.stdout)["error"]
    assert result.stderr == plain.stderr == f"hotwire: {told['message']}\n"
    return f"{told['type']}: {told['message']}"


def test_evaluate_as_json(made: Path) -> None:
    found = answer("evaluate", made / "study.toml")
    decisions = found["decisions"]
    assert found["n_blocks"] == len(decisions) == 24
    assert found["accuracy"] == found["candidate_accuracy"] == np.mean([one["right"] for one in decisions])
    assert found["accuracy"] > 0.9 > 0.7 > found["controls"]["shuffled pairing"]
    assert found["measures"]["decoder"]["candidate"]["p_value"] == found["p_value"]
    assert found["measures"]["decoder"]["pairwise"]["value"] == found["pairwise_accuracy"]
    assert found["chance"] == pytest.approx(1 / 3)
    assert set(found["controls"]) == {"shuffled pairing", "mean activation", "untrained network"}
    assert set(found["measures"]) == {"decoder", "ceiling", *found["controls"]}
    assert found["ceiling"] == found["measures"]["ceiling"]["candidate"]["value"]
    assert [one["label"] for one in decisions] == made_recording().events.label.tolist()
    assert all(one["right"] == (one["saw"] == one["said"]) for one in decisions)
    assert all(one["saw"] == one["label"] for one in decisions)
    assert found["seconds"] > 0
    assert found["report"] == "study.html"
    assert Path("study.html").read_text(encoding="utf-8").lstrip().startswith("<!")


def test_evaluate_twice_gives_the_same_to_the_last_digit(made: Path) -> None:
    first, second = (answer("evaluate", made / "study.toml", "--report", "r.html") for _ in range(2))
    assert first.pop("seconds") != second.pop("seconds")
    assert first == second


@pytest.mark.filterwarnings("ignore:words")  # the tiny network says nothing at all
def test_free_answers_count_where_there_are_any(made: Path) -> None:
    text = STUDY.replace('"NearestReadout"', '"TextReadout", max_tokens = 2')
    (made / "text.toml").write_text(text + '[[evaluation.choose]]\nsetting = "layer"\nvalues = [0, 1]\n')
    found = answer("evaluate", made / "text.toml")
    assert found["measure"] == "free"
    assert found["accuracy"] == np.mean([one["right"] for one in found["decisions"]])
    assert all(one["right"] == (one["said"] == one["saw"]) for one in found["decisions"])
    assert all(one["chose"] in LABELS for one in found["decisions"])
    assert len(found["chosen"]) == 4
    assert all(chosen["layer"] in ("0", "1") for chosen in found["chosen"])


def test_evaluate_for_people(made: Path) -> None:
    result = run("evaluate", made / "study.toml", "--report", "r.html")
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    decisions = answer("evaluate", made / "study.toml")["decisions"]
    table = [line for line in lines if "│" in line]
    assert [mark for line in table for mark in "✓✗" if mark in line] == ["✗✓"[one["right"]] for one in decisions]
    for row in ("decoder", "ceiling", "shuffled pairing", "mean activation", "untrained network", "chance"):
        assert any(row in line for line in lines)
    assert re.search(r"\d\d\.\d \[\d+\.\d, \d+\.\d\]", result.stdout)
    assert lines[-1].endswith("The report is r.html")


def test_a_fitted_decoder_predicts_as_it_would_live(made: Path) -> None:
    saved = answer("fit", made / "study.toml", "--out", "d.hotwire")
    assert saved["path"] == "d.hotwire"
    assert saved["bundle"]["live"]["reason"] is None
    found = answer("predict", "d.hotwire", made / "recording.npz")
    assert (found["as_live"], found["digest"]) == (True, saved["bundle"]["digest"])
    from hotwire.decoder.bundle.compiled import CompiledDecoder
    from hotwire.decoder.evaluation.agreement import agreement_held_out
    from hotwire.decoder.study.study import open_study

    live = CompiledDecoder.load("d.hotwire").predict(made_recording())
    assert [one["chose"] for one in found["decisions"]] == [one.answer for one in live]
    assert [one["probabilities"] for one in found["decisions"]] == [one.probabilities for one in live]
    study = open_study(made / "study.toml")
    fitted = study.fit(study.decoder(), study.recording())
    python = fitted.predict(study.recording())
    assert [one["chose"] for one in found["decisions"]] == [one.answer for one in python]
    agreement = agreement_held_out(fitted, study.recording())
    assert agreement is not None
    assert saved["agreement"] == agreement.to_dict()
    assert saved["agreement_on"] == "runs held out"
    assert saved["agreement"]["n_trials"] == 24
    assert answer("inspect", "d.hotwire")["live"]["agreement"] == saved["agreement"]
    assert [one["saw"] for one in found["decisions"]] == made_recording().events.label.tolist()
    assert all(one["right"] == (one["said"] == one["saw"]) for one in found["decisions"])
    assert answer("predict", "d.hotwire", made / "study.toml")["decisions"] == found["decisions"]
    shown = run("predict", "d.hotwire", made / "recording.npz").stdout
    assert shown.count("✓") == sum(one["right"] for one in found["decisions"])


def test_a_decoder_that_cannot_run_live_predicts_as_python_says(made: Path) -> None:
    (made / "whole.toml").write_text(STUDY.replace("layer = 1", 'layer = 1\nsteps = [{ type = "ZScore" }]'))
    saved = answer("fit", made / "whole.toml", "--out", "d.hotwire")
    assert saved["agreement"] is None
    assert saved["bundle"]["live"]["reason"].startswith("the step ZScore needs the whole run")
    told = run("fit", made / "whole.toml", "--out", "d.hotwire")
    assert "It cannot run live: the step ZScore needs the whole run" in told.stdout
    args = ("predict", "d.hotwire", made / "recording.npz", "--network", made / "network")
    found = answer(*args)
    assert found["as_live"] is False
    from hotwire.decoder.study.study import open_study

    study = open_study(made / "whole.toml")
    expected = study.fit(study.decoder(), study.recording()).predict(study.recording())
    assert [one["probabilities"] for one in found["decisions"]] == [one.probabilities for one in expected]
    assert "neither of the registry nor in the bundle" in complaint("predict", "d.hotwire", made / "recording.npz")


def test_fit_tells_how_far_smaller_weights_agree(made: Path) -> None:
    text = STUDY.replace('"NearestReadout"', '"LabelReadout", prior = "remove"')
    (made / "label.toml").write_text(text)
    told = run("fit", made / "label.toml", "--out", "d.hotwire", "--precision", "float16")
    assert told.exit_code == 0, told.output
    assert "Compared with the network itself, on runs held out: of 24 trials" in told.stdout
    assert "(at most 11.7 % with 95 % confidence)" in told.stdout
    assert answer("inspect", "d.hotwire")["live"]["precision"] == "float16"
    assert "'float64' is not one of" in complaint("fit", made / "label.toml", "--precision", "float64", code=2)


def test_fit_warns_of_strengths_at_the_end_of_those_named(made: Path) -> None:
    (made / "weak.toml").write_text(STUDY.replace("alphas = 0.1", "alphas = [1e8, 1e9]"))
    with pytest.warns(UserWarning, match="strength: 100 % .* are the weakest of those tried"):
        run("fit", made / "weak.toml", "--out", "d.hotwire")


@pytest.mark.filterwarnings("ignore:probabilities")  # two runs are too few to calibrate them
def test_fit_leaves_runs_out_and_predict_says_which_were_fitted_on(made: Path) -> None:
    saved = answer("fit", made / "study.toml", "--out", "d.hotwire", "--leave-out", "3", "--leave-out", "4")
    assert saved["left_out"] == ["3", "4"]
    assert list(saved["bundle"]["fitted_on"]) == ["1", "2"]
    assert (saved["agreement"], saved["agreement_on"]) == (None, None)  # one of two runs is too little to fit on
    from hotwire.decoder.study.study import open_study

    study = open_study(made / "study.toml")
    recording = study.recording()
    by_hand = study.fit(study.decoder(), recording.select(runs=[1, 2])).predict(recording.select(runs=[3, 4]))
    found = answer("predict", "d.hotwire", made / "recording.npz")
    assert found["part_of_fit"] == ["1", "2"]
    assert [one["chose"] for one in found["decisions"][12:]] == [one.answer for one in by_hand]
    shown = run("predict", "d.hotwire", made / "recording.npz").stdout
    assert "2 runs (1, 2) were part of the fit: decisions on them say nothing about new data." in " ".join(
        shown.split()
    )
    # By their samples, whatever the runs are called now.
    last = recording.select(runs=[3])
    write_npz(replace(last, run=last.run - 2, events=replace(last.events, run=last.events.run - 2)), "renamed.npz")
    assert answer("predict", "d.hotwire", "renamed.npz")["part_of_fit"] == []
    assert "part of the fit" not in run("predict", "d.hotwire", "renamed.npz").stdout
    told = run("fit", made / "study.toml", "--out", "d.hotwire", "--leave-out", "3").stdout
    assert "without run 3 and saved as d.hotwire" in told
    assert "Compared with the network itself, on runs held out: of 18 trials" in told
    assert "unknown run to leave out '7'. There are: 1, 2, 3, 4" in complaint(
        "fit", made / "study.toml", "--leave-out", "7"
    )
    everything = [word for name in "1234" for word in ("--leave-out", name)]
    assert "leave-out: expected a run to be left to fit on, got all 4" in complaint(
        "fit", made / "study.toml", *everything
    )


def test_predict_leaves_open_what_has_no_word(made: Path, tmp_path: Path) -> None:
    assert run("fit", made / "study.toml", "--out", "d.hotwire").exit_code == 0
    recording = made_recording()
    unknown = replace(recording, events=replace(recording.events, label=np.full(24, "boot")))
    write_npz(unknown, tmp_path / "new.npz")
    found = answer("predict", "d.hotwire", "new.npz")
    assert {(one["label"], one["saw"], one["right"]) for one in found["decisions"]} == {("boot", None, None)}


def test_inspect(made: Path) -> None:
    study = answer("inspect", made / "study.toml")
    assert study["recording"]["runs"] == dict.fromkeys("1234", 12)
    assert study["recording"]["events"] == dict.fromkeys(LABELS, 8)
    assert study["network"]["name"] == str(made / "network")
    recording = answer("inspect", made / "recording.npz")
    assert recording == {"kind": "recording", **study["recording"]}
    network = answer("inspect", made / "network")
    assert network["layers"] == {"0": [16], "1": [16], "2": [16]}
    assert run("fit", made / "study.toml", "--out", "d.hotwire").exit_code == 0
    bundle = answer("inspect", "d.hotwire")
    assert bundle["kind"] == "bundle"
    assert bundle["layer"] == "1"
    assert bundle["network"]["fingerprint"] == network["fingerprint"]
    assert bundle["live"]["inputs"] == {"features": [1, 10]}
    assert bundle["digest"] == Path("d.hotwire").read_bytes()[-64:].decode()
    assert set(bundle["parts"]) == {"arrays.safetensors", "decide.onnx"}
    for what in (made / "study.toml", made / "recording.npz", made / "network", "d.hotwire"):
        shown = run("inspect", what)
        assert shown.exit_code == 0
        assert "kind" in shown.stdout


def test_long_lists_are_cut_short_for_people(tmp_path: Path) -> None:
    narrow = made_recording()
    wide = replace(narrow, data=np.tile(narrow.data, (1, 3)), feature_names=tuple(f"voxel {i}" for i in range(30)))
    write_npz(replace(wide, unit=tuple(f"unit {i:02}" for i in range(30))), tmp_path / "wide.npz")
    assert len(answer("inspect", "wide.npz")["unit"]) == 30
    shown = " ".join(run("inspect", "wide.npz").stdout.split())
    assert "unit 19, and 10 more; --json gives all of them" in shown
    assert "unit 20" not in shown


def test_init_writes_the_demo_and_overwrites_nothing(tmp_path: Path) -> None:
    assert answer("init") == {"path": "study.toml"}
    written = (tmp_path / "study.toml").read_text(encoding="utf-8")
    assert written.startswith("#")
    assert "haxby2001-slice" in written
    # The blood's delay is among the choices, whatever the length of blocks.
    steps = [one for one in tomllib.loads(written)["evaluation"]["choose"] if one["setting"] == "steps"]
    assert [{"type": "Lag", "lag_s": 5.0}, {"type": "Detrend", "order": 2}] in steps[0]["values"]
    (tmp_path / "study.toml").write_text("mine")
    assert "study.toml is already there" in complaint("init")
    assert (tmp_path / "study.toml").read_text() == "mine"
    assert run("init", "other.toml").exit_code == 0
    assert (tmp_path / "other.toml").read_text(encoding="utf-8") == written


@pytest.mark.parametrize(("command", "name"), [("models", "smollm2-135m-instruct"), ("data", "haxby2001-slice")])
def test_assets_are_listed(command: str, name: str) -> None:
    entries = {one["name"]: one for one in answer(command)["assets"]}
    assert entries[name]["sha256"] == asset(name).sha256
    assert entries[name]["licence"] == asset(name).licence
    assert entries[name]["ready"] == is_ready(name)
    shown = run(command).stdout
    for told in (name, asset(name).sha256, asset(name).project, asset(name).version):
        assert told in shown


def test_each_kind_of_asset_is_listed_once() -> None:
    names = [one["name"] for command in ("models", "data") for one in answer(command)["assets"]]
    assert len(names) == len(set(names))
    assert {"imagenet-classes", "efficientnet-lite2", "haxby2001-slice"} <= set(names)


def test_verify_finds_a_changed_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from hotwire.models.weights.manifest import write_manifest

    monkeypatch.setenv("HOTWIRE_CACHE", str(tmp_path / "cache"))
    folder = tmp_path / "cache" / "haxby2001-slice"
    folder.mkdir(parents=True)
    (folder / "bold.nii.gz").write_bytes(b"0123")
    write_manifest(asset("haxby2001-slice"), folder)
    (entry,) = answer("data", "--verify")["assets"]
    assert (entry["ready"], entry["verified"]) == (True, True)
    told = " ".join(run("data").stdout.split())
    size = f"{asset('haxby2001-slice').ready_bytes / 1e6:.1f} MB"
    assert f"They lie in {tmp_path / 'cache'} ({size}); HOTWIRE_CACHE names another folder" in told
    (folder / "bold.nii.gz").write_bytes(b"0124")
    assert "ChecksumError: " in complaint("data", "--verify")


def test_wrong_arguments(made: Path, tmp_path: Path) -> None:
    (made / "wrong.toml").write_text(STUDY.replace("layer = 1", "layer = 77"))
    (made / "words.toml").write_text(STUDY.replace(', shoe = "shoe"', ""))
    (made / "lost.toml").write_text(STUDY.replace("recording.npz", "lost.npz"))
    (made / "folds.toml").write_text(STUDY.replace("[evaluation]", "[evaluation]\nfolds = 9"))
    (tmp_path / "no.npz").write_bytes(b"no")
    (tmp_path / "no.hotwire").write_bytes(b"no")
    assert "UsageError: no such command 'decode'" in complaint("decode", code=2)
    assert "UsageError: Missing argument 'STUDY'" in complaint("evaluate", code=2)
    assert "UsageError: No such option" in complaint("demo", "--sparkle", code=2)
    assert "StudyError: none.toml: there is no such file" in complaint("evaluate", "none.toml")
    assert "wrong.toml: decoder.layer: unknown layer '77'" in complaint("evaluate", made / "wrong.toml")
    assert "words.toml: words: the recording's label 'shoe' has none" in complaint("evaluate", made / "words.toml")
    assert "words.toml: words: the recording's label 'shoe' has none" in complaint("fit", made / "words.toml")
    assert "lost.npz: there is no such file" in complaint("evaluate", made / "lost.toml")
    assert "folds: expected 2 to 4" in complaint("evaluate", made / "folds.toml")
    assert "report: there is no folder nowhere" in complaint(
        "evaluate", made / "study.toml", "--report", "nowhere/r.html"
    )
    assert "out: there is no folder nowhere" in complaint("fit", made / "study.toml", "--out", "nowhere/d.hotwire")
    assert "RecordingError: no.npz" in complaint("inspect", "no.npz")
    assert "BundleError: no.hotwire" in complaint("inspect", "no.hotwire")
    assert "unknown file, folder or network" in complaint("inspect", "gpt-9")
    assert "unknown network 'haxby2001-slice'" in complaint("models", "--fetch", "haxby2001-slice")


def test_no_command_is_help_and_no_error() -> None:
    assert run().exit_code == 0
    assert run().stdout == run("--help").stdout
    assert "evaluate" in run().stdout
    assert run("--version").stdout.startswith("hotwire ")


def test_an_interrupt_is_told_in_a_word(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("hotwire.decoder.study.study.read_document", interrupted)
    result = run("evaluate", made / "study.toml")
    assert result.exit_code == 130
    assert result.stderr.strip() == "hotwire: interrupted"
    for command, *options in (
        ["encode"],
        ["fit-all", "--out", made / "fits"],
        ["map"],
        ["synthesize", "--metamer", "a"],
    ):
        result = run(command, made / "study.toml", *options)
        assert result.exit_code == 130
        assert "what was finished is kept, and the same command goes on from there" in result.stderr


def fresh_python(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)


BUSY = """
import sys, threading, time
import torch
from hotwire.decoder.cli import group
from hotwire.decoder.study import study

def compute():
    weights = torch.ones(64, 64, requires_grad=True)
    while True:
        (weights @ weights).sum().backward()

def interrupted(_):
    for _ in range(4):
        threading.Thread(target=compute, daemon=True).start()
    time.sleep(1)
    raise KeyboardInterrupt

study.read_document = interrupted
sys.argv = ["hotwire", "map", "study.toml"]
group.main()
"""


@pytest.mark.slow
def test_an_interrupt_ends_cleanly_while_threads_compute() -> None:
    """Threads that Python tore out of torch aborted the process, as joblib's do."""
    found = fresh_python(BUSY)
    assert found.returncode == 130
    assert found.stderr.strip().startswith("hotwire: interrupted; what was finished is kept")
    assert len(found.stderr.strip().splitlines()) == 1


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys\nfrom hotwire.decoder.cli.group import main\nsys.argv = ['hotwire', '--help']\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "print([n for n in ('numpy', 'torch', 'sklearn', 'pydantic', 'transformers', 'rich') if n in sys.modules])"
    )
    assert fresh_python(code).stdout.splitlines()[-1] == "[]"


def test_without_click_the_missing_extra_is_named() -> None:
    code = "import sys\nsys.modules['click'] = None\nfrom hotwire.decoder.cli.group import main\nmain()"
    told = fresh_python(code)
    assert told.returncode == 1
    assert told.stderr.strip().endswith("pip install 'hotwire[cli]'")
    assert "Traceback" not in told.stderr


@pytest.mark.slow
def test_the_demo_decodes_what_the_person_saw(tmp_path: Path, fetched: Callable[[str], Path]) -> None:
    # Progress bars of a first fetch would be on standard error.
    for name in ("smollm2-135m-instruct", "haxby2001-slice"):
        fetched(name)
    command = [sys.executable, "-c", "from hotwire.decoder.cli.group import main; main()", "demo", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=tmp_path)
    lines = done.stderr.splitlines()
    assert [line for line in lines if not line.startswith("This will take ")] == []
    first = json.loads(done.stdout)
    assert first["n_blocks"] == 96
    assert first["accuracy"] >= 0.75
    assert first["candidate_accuracy"] >= 0.75
    assert first["pairwise_accuracy"] >= 0.92
    assert first["p_value"] < 0.001
    assert first["ceiling"] == 1.0
    assert first["chance"] == 0.125
    # With labels that were trained on, a classifier and untrained targets do as well: and the demo says so.
    for row in ("lda", "untrained targets, nearest"):
        assert first["measures"][row]["candidate"]["value"] >= 0.9
    assert set(first["field"]["lda"]["differences"]) == {"candidate", "pairwise"}
    for row, measures in first["measures"].items():
        if row not in {"decoder", "ceiling", "untrained targets, nearest", *first["field"]}:
            assert measures["free"]["value"] < 0.25
            assert measures["candidate"]["value"] < 0.25
            assert 0.35 < measures["pairwise"]["value"] < 0.65
    assert (tmp_path / "hotwire-demo.html").is_file()
