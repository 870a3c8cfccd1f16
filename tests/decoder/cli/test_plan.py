"""The command ``hotwire plan``, from what it is told to what it says."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from rich.console import Console

from hotwire.decoder import Recording
from hotwire.decoder.cli.plan import plan
from hotwire.decoder.cli.result import CommandResult
from hotwire.decoder.experiments.planning.pool import NOUNS
from hotwire.decoder.experiments.planning.study import open_plan, plan_of
from hotwire.decoder.readers import write_npz
from hotwire.decoder.study import networks as study_networks
from hotwire.errors import StudyError
from hotwire.models import Network

STUDY = """
[network]
name = "network"
[targets]
words = { cat = "cat", face = "face", house = "house", shoe = "shoe" }
[decoder]
layer = "first"
[plan]
trials = [2, 4]
pool = ["tree", "lamp", "road"]
n_draws = 2
"""
RECORDING = """
[recording]
kind = "npz"
path = "recording.npz"
"""


@pytest.fixture(autouse=True)
def opened(network: Network, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(study_networks, "open_network", lambda name, **_: network)
    monkeypatch.chdir(tmp_path)


def study(text: str = STUDY) -> Path:
    path = Path("study.toml")
    path.write_text(text)
    return path


def called(*arguments: str) -> CommandResult:
    result = CliRunner().invoke(plan, list(arguments), standalone_mode=False)
    if result.exception is not None:
        raise result.exception
    assert isinstance(result.return_value, CommandResult)
    return result.return_value


def shown(answer: CommandResult) -> str:
    console = Console(width=1000, file=io.StringIO())
    with console.capture() as captured:
        answer.show(console)
    return captured.get()


def test_a_study_is_planned_without_a_recording() -> None:
    answer = called(str(study()))
    assert answer.data["report"] == "study-plan.html"
    assert [point["n_training"] for point in answer.data["reach"]] == [2, 4] * 4
    json.dumps(answer.data, allow_nan=False)
    page = Path("study-plan.html").read_text("utf-8")
    assert "<pre>hotwire plan study.toml</pre>" in page
    assert "pool = [" in page
    text = shown(answer)
    for sentence in answer.data["findings"]:
        assert sentence in text
    assert "What the stimuli span" in text


def test_a_recording_gives_the_noise(recording: Recording) -> None:
    write_npz(recording, "recording.npz")
    Path("like.toml").write_text(RECORDING + STUDY[: STUDY.index("[plan]")])
    answer = called(str(study()), "--like", "like.toml", "--trials", "3,5", "--report", "there.html")
    assert answer.data["noise"]["n_features"] == recording.n_features
    assert answer.data["noise"]["name"] == "one trial of like.toml"
    assert {point["n_training"] for point in answer.data["reach"]} == {3, 5}
    assert "hotwire plan study.toml --like like.toml --trials 3,5" in Path("there.html").read_text("utf-8")


def test_words_alone_will_do() -> None:
    answer = called("--network", "network", "--words", "cat, face", "--trials", "2")
    assert answer.data["answers"] == ["cat", "face"]
    assert answer.data["layer"] == "first"
    assert answer.data["report"] == "hotwire-plan.html"
    assert (
        called("--network", "n", "--words", "cat,face", "--trials", "2", "--layer", "second").data["layer"] == "second"
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "either a STUDY or --network"),
        (["a.toml", "--network", "x"], "either a STUDY or --network"),
        (["a.toml", "--words", "cat"], "--words: with --network only"),
        (["--network", "x"], "either --words or --stimuli"),
        (["--network", "x", "--words", "cat", "--stimuli", "y"], "either --words or --stimuli"),
        (["a.toml", "--trials", "2,many"], "whole numbers such as 2,4,8"),
        (["a.toml"], "no such file"),
        (["--network", "x", "--words", "cat,cat"], "'cat' is there twice"),
        (["--network", "x", "--words", "cat,"], "empty word"),
        (["--network", "x", "--words", "cat,face", "--layer", "third"], "unknown layer 'third'"),
        (["--network", "x", "--stimuli", "nowhere"], "there is no folder or zip file"),
        (["--network", "x", "--words", "cat,face", "--trials", "1"], "expected numbers of trials"),
        (["--network", "x", "--words", "cat,face", "--like", "nothing.toml"], "nothing.toml: there is no such file"),
        (
            ["--network", "x", "--words", "cat,face", "--report", "no/where.html"],
            "no folder no to write",
        ),
    ],
)
def test_what_is_wrong_is_named(arguments: list[str], message: str) -> None:
    with pytest.raises(Exception, match=message):
        called(*arguments)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (STUDY.replace("[plan]", "[pln]"), "unknown field 'pln'; did you mean 'plan'"),
        (STUDY.replace("trials", "trails"), "unknown field 'trails'; did you mean 'trials'"),
        (STUDY.replace("n_draws = 2", "n_draws = 0"), "plan.n_draws"),
        (STUDY.replace("n_draws = 2", "levels = [0.0]"), "plan.levels"),
        (STUDY.replace('[decoder]\nlayer = "first"', ""), r"expected a section \[decoder\]"),
        (STUDY.replace("[network]", "network"), "cannot be read as TOML"),
        (STUDY[STUDY.index("[targets]") :], "'network'"),
        ('[network]\nname = "n"\n[targets]\nstimuli = "recording"\n[decoder]\nlayer = 1\n', "plan.stimuli"),
    ],
)
def test_a_wrong_study_is_named_with_its_field(text: str, message: str) -> None:
    with pytest.raises(StudyError, match=message):
        open_plan(study(text))


def test_sections_that_a_plan_does_not_need_may_be_there() -> None:
    opened = open_plan(study(RECORDING + STUDY + "[evaluation]\nn_permutations = 10\n"))
    assert opened.name == "study"
    assert opened.sections.plan.n_draws == 2


def test_a_word_of_the_study_is_not_in_the_pool_again() -> None:
    found = plan_of("network", words=["cat", "face"]).plan(trials=[2])
    assert found.n_pool == len(set(NOUNS) - {"cat", "face"})
