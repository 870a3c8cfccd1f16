"""``hotwire gist``: a small synthetic listener, from the study file to the report."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import numpy as np
import pytest

from hotwire.decoder.cli.commands import hotwire
from hotwire.decoder.experiments.gist.report import GistReport
from hotwire.decoder.experiments.gist.study import open_gist
from hotwire.decoder.readers.words.read import read_words_by_run
from hotwire.decoder.report.result import Code
from hotwire.decoder.study.study import open_study
from hotwire.errors import RecordingError, StudyError

from ..small_study import save_network

STUDY = """
kind = "gist"
[listener]
layer = 2
n_features = 60
mean_r = 0.7
spread_r = 0.2
private = 0.1
silence_s = 10.0
[words]
path = "stories.tsv.gz"
run = "story"
[network]
name = "network"
[gist]
layer = 1
n_components = 8
n_voxels = 40
n_folds = 3
n_mixtures = 0
[beam]
width = 4
extensions = 6
nucleus = { ratio = 0.0, mass = 1.0 }
context_s = 0.0
context_words = 1
[evaluation]
held_out = "e"
n_nulls = 12
word_times = "true"
controls = ["brain at another time", "Gaussian noise at test", "nuisance model alone"]
"""


@pytest.fixture
def study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    save_network(tmp_path / "network")
    rng = np.random.default_rng(0)
    rows = ["story\tword\tonset_s\toffset_s"]
    for story in "abcde":
        said = np.array(["picture", "tree", "dog", "face", "shoe", "cat"])[np.cumsum(rng.integers(1, 6, 76)) % 6]
        rows += [f"{story}\t{word}\t{3 + 1.5 * i}\t{3.4 + 1.5 * i}" for i, word in enumerate(said)]
    (tmp_path / "stories.tsv.gz").write_bytes(gzip.compress("\n".join(rows).encode()))
    (tmp_path / "study.toml").write_text(STUDY)
    return tmp_path / "study.toml"


def test_from_a_study_to_its_report(study: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        hotwire.main(["gist", "study.toml", "--json"])
    assert ended.value.code == 0
    written = capsys.readouterr()
    found = json.loads(written.out)
    stages = [line for line in written.err.splitlines() if line.endswith(".")]
    assert stages == [
        "The synthetic listener hears the words.",
        "Fitting on 4 runs.",
        "Fitting a control: nuisance model alone.",
        "Run e: decoding.",
        "Run e: 12 nulls and 5 controls, side by side.",
        "Run e: scores.",
        "Run e: retrieval among 5 passages.",
    ]
    [run] = found["runs"]
    assert found["synthetic"] is True
    assert found["fitted_runs"] == ["a", "b", "c", "d"]
    assert len(run["said"]) == len(run["true"]) == 76
    assert run["scores"]["WER"]["z"] > 4
    assert run["scores"]["WER"]["value"] < 0.2
    assert run["evidence"]["distinguishable"] is True
    assert run["identified"]["same_story"] > 0.8
    assert (run["identified"]["story_place"], run["identified"]["n_stories"]) == (1, 5)
    assert found["identified_by"] == "overlap of stems"
    best = run["controls"].pop("best sequence in the beam (upper limit)")
    assert best["scores"]["WER"]["value"] <= run["scores"]["WER"]["value"]
    assert set(run["controls"]) == {
        "language model alone",
        "phase-randomised brain",
        "brain at another time",
        "Gaussian noise at test",
        "nuisance model alone",
    }
    z = run["scores"]["WER"]["z"]
    assert max(abs(one["scores"]["WER"]["z"]) for one in run["controls"].values()) < z / 2
    assert run["evidence"]["z"] > 2
    assert run["controls"]["Gaussian noise at test"]["z"] < 2
    assert run["controls"]["nuisance model alone"]["z"] is None
    found_again = run["retrieved"]
    assert min(found_again["same_passage"], found_again["other_passages"]) > 0.95
    assert found_again["z"] > 3
    retrieved = {name: one["retrieved"] for name, one in run["controls"].items() if one["retrieved"] is not None}
    assert set(retrieved) == set(run["controls"]) - {"language model alone"}
    nuisance = retrieved.pop("nuisance model alone")  # lengths tell these six words apart
    assert nuisance["right"] < found_again["right"]
    assert max(one["right"] for one in retrieved.values()) < 0.4 < found_again["right"]
    assert run["coverage"] == {"sayable": 1.0, "proposed": 1.0}
    assert run["evidence"]["stretches"] == 1.0
    assert len(run["evidence"]["on_surrogates"]) == found["n_nulls"] == 12
    assert found["together"] is True
    assert found["n_directions"] < 4 * (8 + 5)
    page = Path(found["report"]).read_text()
    assert "The listener is synthetic" in page
    assert f"Ridge of all voxels together, whitened by their noise, through {found['n_directions']} direction" in page
    assert "above that on 12 surrogates of the run, with random phases" in page
    assert "Controls not run: brain of another run, Gaussian noise at fitting and test, words permuted" in page
    assert "hotwire gist study.toml" in page
    assert "A live session would name a passage in" in page
    assert "When each word was said is given to the decoder" in page
    assert f"makes {run['rate']['n_timed']} words of 76, which this decoding did not use" in page


def test_times_of_words_are_the_brain_s_by_default(study: Path) -> None:
    text = STUDY.replace('word_times = "true"\n', "").replace("controls = [", "controls = []\n#")
    study.write_text(text)
    report = GistReport(open_gist(study).evaluate())
    [run] = report.result.runs
    assert len(run.said) == len(run.said_s) == run.rate.n_timed
    assert run.said_s != run.middle_s
    assert run.rate.n_timed == pytest.approx(76, abs=8)
    assert run.scores["BLEU-1"].z > 2
    assert "nor when" in report.lead()
    [texts] = [section for section in report.sections() if section.title.startswith("True")]
    shown = texts.parts[0]
    assert isinstance(shown, Code)
    said = [line.split() for line in shown.text.splitlines()[2::2]]
    assert [word for line in said for word in line] == run.said
    assert "which this decoding used" in " ".join(one.text for one in report.sentences())


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("layer = 2", "layer = 1", "listener.layer: expected another layer than the decoder's, '1'"),
        ("[listener]\nlayer = 2", "[other]", "unknown field 'other'"),
        ("[gist]", '[sentences]\nname = "network"\nother = 1\n[gist]', "unknown field 'other'"),
        ('"nuisance model alone"', '"nuisance"', "unknown control 'nuisance'. There are: brain at"),
        ("n_nulls = 12", "n_shifts = 3", "unknown field 'n_shifts'"),
        ("width = 4", "width = 0", "beam: width: expected a whole number of at least 1, got 0"),
        ("mass = 1.0", "mass = 2.0", "beam.nucleus: expected a ratio from 0 to 1"),
        ('word_times = "true"', 'word_times = "markers"', "evaluation.word_times: expected 'brain' or 'true'"),
        ('kind = "gist"', 'kind = "map"', "kind: expected 'gist', got 'map'"),
        ('run = "story"', 'path2 = "x"', "unknown field 'path2'; did you mean 'path'"),
    ],
)
def test_wrong_fields(study: Path, old: str, new: str, message: str) -> None:
    study.write_text(STUDY.replace(old, new))
    with pytest.raises(StudyError, match=message):
        open_gist(study)


def test_another_command_says_which_one(study: Path) -> None:
    with pytest.raises(StudyError, match=r'kind: a study of kind "gist" is for `hotwire gist study.toml` alone'):
        open_study("study.toml")


def test_a_text_that_was_fitted_on_is_a_leak(study: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = gzip.decompress(Path("stories.tsv.gz").read_bytes()).decode()
    again = [line.replace("a\t", "f\t", 1) for line in text.splitlines() if line.startswith("a\t")]
    Path("stories.tsv.gz").write_bytes(gzip.compress("\n".join([text, *again]).encode()))
    study.write_text(STUDY.replace('held_out = "e"', 'held_out = "f"'))
    with pytest.raises(SystemExit):
        hotwire.main(["gist", "study.toml"])
    assert "100% of what is said in run f" in capsys.readouterr().err


def test_listeners_of_one_story(study: Path) -> None:
    rng = np.random.default_rng(0)
    p, q = rng.normal(size=(2, 200, 4)).astype(np.float32)
    np.savez("listeners.npz", p=p, q=q)
    rows = [f"dog\t{at}\t{at + 0.4}" for at in np.arange(1.0, 395.0, 1.5)]
    Path("words.tsv").write_text("\n".join(["word\tonset_s\toffset_s", *rows]))
    text = STUDY[: STUDY.index("[listener]")] + STUDY[STUDY.index("[words]") :]
    text = text.replace('held_out = "e"', "held_out = 2").replace(
        "[words]", '[listeners]\npath = "listeners.npz"\ntr_s = 2.0\ncut_s = [200.0]\n[words]'
    )
    story = text.replace('path = "stories.tsv.gz"\nrun = "story"', 'path = "words.tsv"')
    study.write_text(story.replace('held_out = "e"', "held_out = 2"))
    opened = open_gist(study)
    recording, words = opened.read(opened.network())
    assert recording.run_lengths() == {1: 100, 2: 93}  # four delays and three lobes are between
    ceilings = opened.ceilings()
    assert ceilings is not None
    assert ceilings.n_listeners == 2
    assert list(ceilings.same_passage) == [2]
    assert words[1].offset_s[-1] <= 200 < 214 + words[2].onset_s[0] < 216
    study.write_text(text)
    with pytest.raises(StudyError, match=r"words\.run: expected none, since all"):
        open_gist(study)


def test_passages_that_were_not_recorded(study: Path) -> None:
    Path("poem.tsv").write_text("word\tonset_s\toffset_s\ndog\t1\t2\ncat\t3\t4\n")
    study.write_text(STUDY.replace("[network]", '[passages]\npath = ["poem.tsv"]\n[network]'))
    opened = open_gist(study)
    words = opened.sections.words.read(None)
    assert list(opened.passages(words)) == [*"abcde", "poem"]
    Path("a.tsv").write_text(Path("poem.tsv").read_text())
    for path, message in (("a.tsv", "expected other names than the runs have, got 'a'"), ("poem", "'poem' twice")):
        files = f'["poem.tsv", "{path}"]' if path == "a.tsv" else '["poem.tsv", "poem.csv"]'
        study.write_text(STUDY.replace("[network]", f"[passages]\npath = {files}\n[network]"))
        with pytest.raises(StudyError, match=message):
            open_gist(study).passages(words)


def test_tables_of_all_runs(study: Path) -> None:
    assert list(read_words_by_run("stories.tsv.gz", "story")) == list("abcde")
    with pytest.raises(RecordingError, match="expected a column 'tale' that names the run"):
        read_words_by_run("stories.tsv.gz", "tale")
    Path("broken.tsv.gz").write_text("story\tword\n")
    with pytest.raises(RecordingError, match="expected a file packed by gzip"):
        read_words_by_run("broken.tsv.gz", "story")
