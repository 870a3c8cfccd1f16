"""Study files: what they say is what the Python API gets, and what is wrong in them is named."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from hotwire.adapters.factored import FactoredAdapter
from hotwire.adapters.kinds import KINDS
from hotwire.adapters.other.banded import BandedAdapter
from hotwire.adapters.other.pls import PLSAdapter
from hotwire.adapters.other.reduced_rank import ReducedRankAdapter
from hotwire.adapters.ridge.ridge import RidgeAdapter
from hotwire.decoder.decision import DecisionRule
from hotwire.decoder.evaluation.choices import Choice
from hotwire.decoder.experiments.encoding.story.study import open_story
from hotwire.decoder.experiments.gist.study import open_gist
from hotwire.decoder.experiments.reading.study import open_reading
from hotwire.decoder.experiments.retrieval.study import open_retrieval
from hotwire.decoder.experiments.similarity.study import open_similarity
from hotwire.decoder.linear import default_adapter
from hotwire.decoder.readers import read_arrays, write_npz
from hotwire.decoder.readouts.label import LabelReadout
from hotwire.decoder.readouts.nearest import NearestReadout
from hotwire.decoder.recordings.events import Events
from hotwire.decoder.recordings.recording import Recording
from hotwire.decoder.settings import Settings
from hotwire.decoder.steps import Detrend, Lag
from hotwire.decoder.study.settings import ADAPTERS, SETTINGS, adapter_section
from hotwire.decoder.study.study import open_study, read_document
from hotwire.decoder.windows import BlockAverage, RunningAverage
from hotwire.errors import StudyError
from hotwire.models.networks.language.language_model import PROMPT

ROOT = Path(__file__).parents[3]
MINIMAL = """
[recording]
kind = "npz"
path = "recording.npz"
[network]
name = "smollm2-135m-instruct"
[targets]
words = { cat = "cat", rest = ["nothing", "void"] }
[decoder]
layer = 8
"""

Write = Callable[[str], Path]


@pytest.fixture
def written(tmp_path: Path) -> Write:
    def write(text: str) -> Path:
        path = tmp_path / "study.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def recording() -> Recording:
    events = Events(np.array([1, 2]), np.zeros(2), np.full(2, 2.0), np.array(["cat", "rest"]))
    return read_arrays(np.arange(24.0).reshape(8, 3), 1.0, run=np.repeat([1, 2], 4), events=events)


def test_what_is_left_out_takes_the_defaults_of_python(written: Write) -> None:
    sections = open_study(written(MINIMAL)).sections
    settings = sections.decoder.settings()
    assert (settings.layer, settings.steps, settings.window) == ("8", (), BlockAverage())
    assert (settings.whiten, settings.readout) == ("none", LabelReadout())
    assert settings.adapter.get_params() == default_adapter().get_params()
    assert sections.evaluation.arguments() == {"choose": []}


def test_the_layer_may_be_left_out_where_none_is_decoded_into(written: Write) -> None:
    path = written(MINIMAL.replace("layer = 8", ""))
    with pytest.raises(StudyError, match=r"decoder\.layer: expected the layer .* such as layer = 8, got none"):
        open_study(path)
    assert open_study(path, needs_layer=False).sections.decoder.settings().layer == ""


def test_events_without_a_word_can_be_left_out(written: Write, tmp_path: Path) -> None:
    write_npz(recording(), tmp_path / "recording.npz")
    only_cat = MINIMAL.replace(', rest = ["nothing", "void"] }', " }")
    assert len(open_study(written(only_cat)).recording().events) == 2
    left_out = only_cat.replace("[targets]", '[targets]\nothers = "leave out"')
    assert open_study(written(left_out)).recording().events.label.tolist() == ["cat"]
    unknown = left_out.replace('cat = "cat"', 'cat = "cat", dog = "dog"')
    with pytest.raises(StudyError, match="recording: unknown label 'dog'"):
        open_study(written(unknown)).recording()


def test_what_is_given_is_what_python_gets(written: Write) -> None:
    text = MINIMAL.replace(
        "layer = 8",
        """layer = "3"
        steps = [{ type = "Lag", lag_s = 5.0 }, { type = "Detrend", order = 2 }]
        window = { type = "RunningAverage", max_samples = 4 }
        whiten = "samples"
        adapter = { alphas = [1, 10.0], gain = "unit", scale = "unit_variance" }
        readout = { type = "NearestReadout", temperature = 0.5 }
        [evaluation]
        folds = 3
        inner_folds = 2
        controls = ["mean activation"]
        seed = 7
        """,
    )
    sections = open_study(written(text)).sections
    settings = sections.decoder.settings()
    assert settings.layer == "3"
    assert settings.steps == (Lag(lag_s=5.0), Detrend(order=2))
    assert settings.window == RunningAverage(max_samples=4)
    assert settings.whiten == "samples"
    assert settings.readout == NearestReadout(temperature=0.5)
    expected = default_adapter().set_params(alphas=[1.0, 10.0], gain="unit", scale="unit_variance")
    assert settings.adapter.get_params() == expected.get_params()
    arguments = sections.evaluation.arguments()
    assert arguments == {"folds": 3, "inner_folds": 2, "controls": ["mean activation"], "seed": 7, "choose": []}


@pytest.mark.parametrize(
    ("setting", "values", "first"),
    [
        ("layer", '[4, "8"]', "4"),
        ("steps", '[[{ type = "Detrend", order = 1 }], []]', [Detrend(order=1)]),
        ("window", '[{ type = "BlockAverage", start_s = 2.5 }]', BlockAverage(start_s=2.5)),
        ("whiten", '["none", "effective samples"]', "none"),
        ("fit_steps", '[[{ type = "Detrend", order = 1 }]]', [Detrend(order=1)]),
        ("fit_window", '[{ type = "BlockAverage" }]', BlockAverage()),
        ("readout", '[{ type = "LabelReadout", prior = "remove" }]', LabelReadout(prior="remove")),
        ("adapter", '[{ gain = "none" }, { alphas = 3.0 }]', default_adapter().set_params(gain="none")),
    ],
)
def test_choices_use_the_notation_of_the_setting(written: Write, setting: str, values: str, first: object) -> None:
    text = f'{MINIMAL}[[evaluation.choose]]\nsetting = "{setting}"\nvalues = {values}\njudge = "nearest"\n'
    (choice,) = open_study(written(text)).sections.evaluation.arguments()["choose"]
    assert isinstance(choice, Choice)
    assert (choice.setting, choice.judge) == (setting, "nearest")
    assert repr(choice.values[0]) == repr(first)


@pytest.mark.parametrize(
    ("written_down", "expected"),
    [
        ('{ kind = "ridge", alpha_per = "unit" }', RidgeAdapter(alpha_per="unit")),
        ('{ kind = "reduced_rank" }', ReducedRankAdapter()),
        ('{ kind = "reduced_rank", ranks = 3, alphas = [1, 10.0] }', ReducedRankAdapter([3], [1.0, 10.0])),
        ('{ kind = "pls", n_components = [1, 2], scale = "unit_variance" }', PLSAdapter([1, 2], scale="unit_variance")),
        ('{ kind = "banded", bands = "regions", n_iter = 5 }', BandedAdapter("regions", n_iter=5)),
    ],
)
def test_an_adapter_may_be_of_any_kind(written: Write, written_down: str, expected: FactoredAdapter) -> None:
    text = f"""{MINIMAL}adapter = {written_down}
    [[evaluation.choose]]
    setting = "adapter"
    values = [{{}}, {written_down}]
    """
    sections = open_study(written(text)).sections
    (choice,) = sections.evaluation.choices()
    # What is left out takes the defaults of decoders, whatever the kind.
    wanted = {**expected.get_params(), "choose_by": "direction", "gain": "total"}
    for adapter in (sections.decoder.settings().adapter, choice.values[1]):
        assert type(adapter) is type(expected)
        assert adapter.get_params() == wanted
    assert choice.values[0].get_params() == default_adapter().get_params()


def test_adapters_have_all_their_options_in_study_files() -> None:
    assert set(ADAPTERS) <= set(KINDS)
    for kind in ADAPTERS:
        assert set(adapter_section(kind).model_fields) == {"kind", *default_adapter(kind).get_params()} - {
            "cv",
            "device",
        }


def test_every_setting_that_can_be_chosen_can_be_written_down() -> None:
    assert set(SETTINGS) == {field.name for field in fields(Settings)}


def test_the_rule_for_decisions(written: Write) -> None:
    assert open_study(written(MINIMAL)).sections.decoder.settings().decision == DecisionRule()
    rule = "[decoder.decision]\nprior = { cat = 0.25, nothing = 0.75 }\ncosts = { cat = 5 }\n"
    settings = open_study(written(MINIMAL + rule)).sections.decoder.settings()
    assert settings.probabilities == "calibrated"
    assert settings.decision == DecisionRule({"cat": 0.25, "nothing": 0.75}, {"cat": 5.0})
    equal = open_study(written(MINIMAL + '[decoder.decision]\nprior = "equal"\n')).sections.decoder.settings()
    assert equal.decision == DecisionRule("equal")


def test_paths_are_relative_to_the_study_and_name_variables(
    written: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_npz(recording(), tmp_path / "recording.npz")
    assert open_study(written(MINIMAL)).recording().run_lengths() == {1: 4, 2: 4}
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    write_npz(recording(), elsewhere / "other.npz")
    text = MINIMAL.replace("recording.npz", "${TEST_FOLDER}/other.npz")
    monkeypatch.setenv("TEST_FOLDER", str(elsewhere))
    assert len(open_study(written(text)).recording().events) == 2
    monkeypatch.delenv("TEST_FOLDER")
    with pytest.raises(StudyError, match=r"recording\.path: the environment variable TEST_FOLDER is not set"):
        open_study(written(text))


def test_responses_bring_their_pictures(written: Write, tmp_path: Path) -> None:
    (tmp_path / "pictures").mkdir()
    for name in ("b.png", "a.png"):
        Image.new("RGB", (4, 4)).save(tmp_path / "pictures" / name)
    np.save(tmp_path / "responses.npy", np.arange(6.0).reshape(3, 2))
    text = MINIMAL.replace(
        'kind = "npz"\npath = "recording.npz"', 'kind = "responses"\nresponses = "responses.npy"\nstimuli = "pictures"'
    ).replace('words = { cat = "cat", rest = ["nothing", "void"] }', 'stimuli = "recording"')
    with pytest.raises(StudyError, match=r"targets.stimuli: expected a network that sees pictures, .* got smollm2"):
        open_study(written(text))
    text = text.replace("smollm2-135m-instruct", "efficientnet-lite0").replace("layer = 8", 'layer = "head"')
    study = open_study(written(text))
    assert study.recording().events.stimulus is not None
    assert study.recording().events.label.tolist() == ["a.png", "b.png"]
    (tmp_path / "responses.npy").unlink()
    with pytest.raises(StudyError, match=r"recording: responses: .*responses\.npy"):
        study.recording()
    (tmp_path / "pictures").rename(tmp_path / "elsewhere")
    for network, layer in (("efficientnet-lite0", "head"), ("whisper-tiny.en", "4")):
        of = text.replace("efficientnet-lite0", network).replace("head", layer)
        with pytest.raises(StudyError, match=r"recording: stimuli: there is no folder or zip file .*pictures"):
            open_study(written(of)).recording()


def test_attributes_make_runs_and_events(written: Write, tmp_path: Path) -> None:
    import nibabel

    image = nibabel.Nifti1Image(np.arange(48, dtype=np.float32).reshape(2, 2, 2, 6), np.eye(4))
    image.header.set_xyzt_units("mm", "sec")
    image.header["pixdim"][4] = 2.5
    nibabel.save(image, tmp_path / "bold.nii")  # type: ignore[attr-defined]
    (tmp_path / "attributes.txt").write_text("rest 0\ncat 0\ncat 0\nrest 1\nface 1\nrest 1\n")
    text = MINIMAL.replace(
        'kind = "npz"\npath = "recording.npz"', 'kind = "nifti"\nbold = "bold.nii"\nattributes = "attributes.txt"'
    )
    read = open_study(written(text)).recording()
    assert read.run_lengths() == {0: 3, 1: 3}
    assert read.events.label.tolist() == ["cat", "face"]
    assert read.events.onset_s.tolist() == [2.5, 2.5]
    assert read.events.duration_s.tolist() == [5.0, 2.5]


def test_mne_reads_what_it_can(written: Write, tmp_path: Path) -> None:
    import mne

    info = mne.create_info(["Cz", "Oz"], 100.0, "eeg")
    raw = mne.io.RawArray(np.zeros((2, 300)), info, verbose="error")
    raw.set_annotations(mne.Annotations([1.0], [0.5], ["cat"]))
    raw.save(tmp_path / "eeg_raw.fif", verbose="error")
    text = MINIMAL.replace('"npz"\npath = "recording.npz"', '"mne"\npath = "eeg_raw.fif"\nchannels = ["Oz"]')
    read = open_study(written(text)).recording()
    assert read.feature_names == ("Oz",)
    assert read.events.label.tolist() == ["cat"]
    (tmp_path / "eeg_raw.fif").write_bytes(b"no fif")
    with pytest.raises(StudyError, match=r"recording: .*eeg_raw.fif: cannot be read by MNE-Python"):
        open_study(written(text)).recording()


def test_confounds_that_are_named_are_regressed_out(written: Write, tmp_path: Path) -> None:
    import nibabel

    function = tmp_path / "sub-01" / "func"
    function.mkdir(parents=True)
    movement = np.array([0.0, 1.0, 0.0, 2.0, 1.0, 0.0, 3.0, 1.0])
    bold = 5 * movement + np.array([1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0])
    image = nibabel.Nifti1Image(bold.astype(np.float32).reshape(1, 1, 1, 8), np.eye(4))
    image.header.set_xyzt_units("mm", "sec")
    image.header["pixdim"][4] = 2.0
    nibabel.save(image, function / "sub-01_task-see_desc-preproc_bold.nii.gz")  # type: ignore[attr-defined]
    (function / "sub-01_task-see_events.tsv").write_text("onset\tduration\ttrial_type\n0\t4\tcat\n")
    table = "trans_x\n" + "\n".join(map(str, movement)) + "\n"
    (function / "sub-01_task-see_desc-confounds_timeseries.tsv").write_text(table)
    text = MINIMAL.replace('"npz"\npath = "recording.npz"', '"bids"\nroot = "."\nsubject = "01"\ntask = "see"\n')
    plain = open_study(written(text)).recording().data[:, 0]
    cleaned = open_study(written(text.replace("[network]", 'confounds = ["trans_x"]\n[network]'))).recording()
    np.testing.assert_allclose(plain, bold)
    assert abs(np.corrcoef(cleaned.data[:, 0], movement)[0, 1]) < 1e-5


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"npz"', '"npx"', r"recording.kind: expected one of asset, nifti, .*responses, got 'npx'"),
        ('kind = "npz"\n', "", r"recording.kind: expected one of asset, .* got 'none'"),
        (
            'path = "recording.npz"',
            "",
            r"recording: expected a field 'path', got none; the fields are: kind, cut, path",
        ),
        ("path =", "pth =", r"recording: unknown field 'pth'; did you mean 'path'\? There are: kind, cut, path"),
        ('path = "recording.npz"', "path = 3", "recording.path: expected a path, got 3"),
        ('kind = "npz"\npath = "recording.npz"', 'kind = "asset"\nname = "haxby"', r"recording.name: unknown asset"),
        (
            'kind = "npz"\npath = "recording.npz"',
            'kind = "asset"\nname = "efficientnet-lite0"',
            r"recording.name: unknown recording 'efficientnet-lite0'. There are: haxby2001-slice",
        ),
        (
            '"npz"\npath = "recording.npz"',
            '"nifti"\nbold = "a.nii"',
            "recording.events or recording.attributes: expected it",
        ),
        ("[network]", "[netwrk]", "unknown field 'netwrk'; did you mean 'network'"),
        ('name = "smollm2-135m-instruct"', "name = 1", "network.name: expected a text, got 1"),
        ('words = { cat = "cat",', 'words = { cat = " ",', "targets: words: label 'cat' has an empty word"),
        ('words = { cat = "cat",', "words = { cat = 3,", r"targets.words.cat\[0\]: expected a text, got 3"),
        ("words = {", 'stimuli = "recording"\nwords = {', "targets: expected either words .* or stimuli"),
        ('words = { cat = "cat", rest = ["nothing", "void"] }', 'stimuli = "recording"', 'targets.stimuli: .* "npz"'),
        ("layer = 8", "layer = true", "decoder.layer: expected a layer's name or number, got True"),
        ("layer = 8", "layer = 8\nsteps = 3", "decoder.steps: expected a list, got 3"),
        ("layer = 8", 'layer = 8\nsteps = [{ type = "Detrent" }]', r"decoder.steps\[0\]: unknown step .*'Detrend'"),
        (
            "layer = 8",
            'layer = 8\nsteps = [{ type = "Lag", lag = 3 }]',
            r"decoder.steps\[0\]: unknown setting of Lag 'lag'.* There are: lag_s, lag_samples",
        ),
        (
            "layer = 8",
            'layer = 8\nprobabilities = "sure"',
            "decoder.probabilities: expected 'calibrated' or 'network', got 'sure'",
        ),
        (
            "layer = 8",
            "layer = 8\n[decoder.decision]\nprior = { cat = 0.5, nothing = 0.4 }",
            "decoder.decision: prior: expected shares with a sum of 1, got .* with a sum of 0.9",
        ),
        (
            "layer = 8",
            "layer = 8\n[decoder.decision]\ncost = { cat = 0.5 }",
            "decoder.decision: unknown field 'cost'; did you mean 'costs'",
        ),
        ("layer = 8", "layer = 8\n[decoder.decision]\ncosts = { cat = 0.0 }", "decoder.decision: costs: .*above 0"),
        (
            "layer = 8",
            'layer = 8\n[[evaluation.choose]]\nsetting = "decision"\nvalues = [{}]',
            r"evaluation.choose\[0\].setting: expected one of layer, .* got 'decision'",
        ),
        ("layer = 8", "layer = 8\nwindow = 2.5", r"decoder.window: expected a table such as .* got 2.5"),
        (
            "layer = 8",
            'layer = 8\nwhiten = "yes"',
            "decoder.whiten: expected 'none', 'samples', 'effective samples' or 'residuals', got 'yes'",
        ),
        (
            "layer = 8",
            'layer = 8\nadapter = { gains = "total" }',
            "decoder.adapter: unknown field 'gains'; did you mean 'gain'",
        ),
        (
            "layer = 8",
            "layer = 8\nadapter = { alphas = [1, -1] }",
            r"decoder.adapter.alphas\[1\]: .*greater than 0, got -1",
        ),
        ("layer = 8", "layer = 8\nadapter = 3", "decoder.adapter: expected a table with the fields kind, .* got 3"),
        (
            "layer = 8",
            'layer = 8\nadapter = { kind = "pcr" }',
            "decoder.adapter: unknown kind of adapter 'pcr'. There are: ridge, banded, reduced_rank, pls",
        ),
        ("layer = 8", "layer = 8\nadapter = { kind = [1] }", r"decoder.adapter: unknown kind of adapter \[1\]"),
        (
            "layer = 8",
            'layer = 8\nadapter = { kind = "pls", ranks = 3 }',
            "decoder.adapter: 'ranks' is an option of the kind 'reduced_rank', not of 'pls', which has: kind, .*n_comp",
        ),
        (
            "layer = 8",
            "layer = 8\nadapter = { n_components = 3 }",
            "decoder.adapter: 'n_components' is an option of the kind 'pls', not of 'ridge', which has: .*alphas",
        ),
        (
            "layer = 8",
            'layer = 8\nadapter = { kind = "reduced_rank", ranks = [1, 0] }',
            r"decoder.adapter.ranks\[1\]: .*greater than or equal to 1, got 0",
        ),
        (
            "layer = 8",
            'layer = 8\nadapter = { kind = "banded" }',
            "decoder.adapter: expected a field 'bands', got none",
        ),
        (
            "layer = 8",
            'layer = 8\n[[evaluation.choose]]\nsetting = "adapter"\nvalues = [{}, { kind = "pls", gain = "much" }]',
            r"evaluation.choose\[0\].values\[1\].gain: expected 'none', 'total' or 'unit', got 'much'",
        ),
        (
            "layer = 8",
            'layer = 8\nreadout = { type = "NearestReadout", temperature = "hot" }',
            "decoder.readout: temperature: expected a finite number, got 'hot'",
        ),
        (
            "layer = 8",
            "layer = 8\n[evaluation]\nfolds = 1",
            "evaluation.folds: expected 'run', 'session', a number .*got 1",
        ),
        (
            "layer = 8",
            "layer = 8\n[evaluation]\nfolds = { classes = 1 }",
            "evaluation.folds: expected .* at least 2, .*got",
        ),
        ("layer = 8", "layer = 8\n[evaluation]\nseed = 1.5", "evaluation.seed: expected a whole number, got 1.5"),
        (
            "layer = 8",
            'layer = 8\n[evaluation]\ncontrols = ["mean"]',
            r"evaluation.controls\[0\]: unknown control 'mean'",
        ),
        (
            "layer = 8",
            'layer = 8\n[[evaluation.choose]]\nsetting = "speed"\nvalues = [1]',
            r"evaluation.choose\[0\].setting: expected one of layer, steps, .* got 'speed'",
        ),
        (
            "layer = 8",
            'layer = 8\n[[evaluation.choose]]\nsetting = "steps"\nvalues = [[{ type = "Detrend", order = "x" }]]',
            r"evaluation.choose\[0\].values\[0\]\[0\]: order: expected an integer",
        ),
        (
            "layer = 8",
            'layer = 8\n[[evaluation.choose]]\nsetting = "layer"\nvalues = []',
            r"evaluation.choose\[0\].values: expected 1 or more values",
        ),
    ],
)
def test_wrong_fields_are_named(written: Write, old: str, new: str, message: str) -> None:
    assert old in MINIMAL
    with pytest.raises(StudyError, match=message) as caught:
        open_study(written(MINIMAL.replace(old, new)))
    assert "study.toml: " in str(caught.value)
    assert "pydantic" not in str(caught.value).lower()


def test_all_wrong_fields_are_told_at_once(written: Write) -> None:
    text = MINIMAL.replace("layer = 8", "layer = true\nwindow = 3").replace('kind = "npz"', 'kind = "npx"')
    with pytest.raises(StudyError) as caught:
        open_study(written(text))
    told = str(caught.value)
    assert "several fields are wrong" in told
    assert all(place in told for place in ("recording.kind: ", "decoder.layer: ", "decoder.window: "))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[recording]\nkind = npz\n", "line 2"),
        ("[recording\n", "line 1"),
        ("", "expected a field 'recording', got none"),
    ],
)
def test_broken_toml_is_told_with_its_line(written: Write, text: str, message: str) -> None:
    with pytest.raises(StudyError, match=message):
        open_study(written(text))


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match="there is no such file"):
        open_study(tmp_path / "none.toml")
    (tmp_path / "study.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(StudyError, match="cannot be read as TOML"):
        open_study(tmp_path / "study.toml")


def test_an_unknown_network_is_told_with_those_there_are(written: Write) -> None:
    with pytest.raises(StudyError, match=r"study.toml: network: .*did you mean 'smollm2-135m-instruct'"):
        open_study(written(MINIMAL.replace("135m", "145m"))).network()


def test_a_prompt_for_a_network_that_takes_none_is_told(written: Write) -> None:
    text = MINIMAL.replace('"smollm2-135m-instruct"', '"all-minilm-l6-v2"\nprompt = "A {}:"')
    with pytest.raises(StudyError, match="network: prompt: only language models take one"):
        open_study(written(text)).network()


def test_the_demo_writes_out_the_default_prompt() -> None:
    assert open_study(ROOT / "decoder" / "study" / "demo.toml").sections.network.prompt == PROMPT


def test_the_studies_that_come_along_are_valid(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOTWIRE_DATA", str(tmp_path))
    (tmp_path / "natsound" / "sounds").mkdir(parents=True)
    (tmp_path / "natsound" / "sounds" / "bell.flac").touch()  # a folder is one of sounds by its files
    paths = sorted((ROOT / "studies").glob("*.toml"))
    kinds = {"gist": open_gist, "retrieval": open_retrieval, "similarity": open_similarity}
    kinds |= {"story": open_story, "reading": open_reading}
    opened = [kinds.get(read_document(path)[1].get("kind", ""), open_study)(path).path for path in paths]
    assert opened == paths != []


@pytest.mark.parametrize(
    ("kind", "command"),
    [
        ("gist", "gist"),
        ("retrieval", "retrieve"),
        ("similarity", "encode"),
        ("story", "encode"),
        ("reading", "encode"),
    ],
)
def test_studies_of_another_kind_name_their_command(tmp_path: Path, kind: str, command: str) -> None:
    path = tmp_path / "other.toml"
    path.write_text(f'kind = "{kind}"\n')
    with pytest.raises(StudyError, match=f'kind: a study of kind "{kind}" is for `hotwire {command} '):
        open_study(path)
    for read in (open_gist, open_retrieval, open_similarity, open_story, open_reading):
        path.write_text("[recording]\n[targets]\n")
        with pytest.raises(StudyError, match=r"got none; a study with \[targets\] is for `hotwire evaluate "):
            read(path)
