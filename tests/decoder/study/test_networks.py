"""Networks that a study names, and one that it has trained."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError

from hotwire.decoder.study.networks import NetworkSection, TrainSection, network_names
from hotwire.decoder.study.study import open_study
from hotwire.errors import InputError, RecordingError, StudyError, UnknownNameError
from hotwire.models import open_network
from hotwire.models.networks.free_text import GeneratesText
from hotwire.models.networks.outline import outline

from ..small_study import save_network

TRAIN = """
path = "pictures.npz"
pictures = "all"
labels = { light = [0, 30], dark = [30, 60] }
held_out = "shown"
"""
CHOICE = '[[evaluation.choose]]\nsetting = "layer"\nvalues = [4, 8]\njudge = "nearest"\n'
STUDY = f"""
[recording]
kind = "npz"
path = "recording.npz"
[network]
name = "smollm2-135m-instruct"
[targets]
words = {{ cat = "cat", dog = "dog" }}
[decoder]
layer = 8
readout = {{ type = "TextReadout" }}
{CHOICE}"""

ENCODER = {"smollm2-135m-instruct": "all-minilm-l6-v2", "layer = 8": 'layer = "pooled"'}


@pytest.fixture
def arrays() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    pictures = rng.integers(0, 256, (60, 8, 8), np.uint8)
    pictures[30:, :4] //= 8
    shown = rng.integers(0, 256, (5, 8, 8), np.uint8)
    shown[2] = pictures[40]
    return {"all": pictures, "shown": shown}


@pytest.fixture
def section(tmp_path: Path, arrays):
    def make(text: str = TRAIN, **changed: np.ndarray) -> TrainSection:
        np.savez(tmp_path / "pictures.npz", **{**arrays, **changed})
        return TrainSection.model_validate(tomllib.loads(text), context={"folder": tmp_path})

    return make


def test_what_will_be_shown_is_not_learned_from(section, arrays):
    found = section().read()
    assert found.n_left_out == 1
    np.testing.assert_array_equal(found.pictures, np.delete(arrays["all"], 40, axis=0))
    assert found.labels == ["light"] * 30 + ["dark"] * 29


def test_parts_may_leave_pictures_out(section, arrays):
    found = section(TRAIN.replace("[0, 30]", "[50, 52]").replace("[30, 60]", "[4, 6]")).read()
    np.testing.assert_array_equal(found.pictures, arrays["all"][[50, 51, 4, 5]])
    assert found.labels == ["light", "light", "dark", "dark"]


@pytest.mark.parametrize("order", ["C", "F"])
def test_pictures_in_rows(section, arrays, order):
    rows = {name: np.stack([one.ravel(order=order) for one in array]) for name, array in arrays.items()}
    found = section(TRAIN + f'picture_shape = [8, 8]\norder = "{order}"', **rows).read()
    np.testing.assert_array_equal(found.pictures, np.delete(arrays["all"], 40, axis=0))


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (("[30, 60]", "[29, 60]"), "29 is in two parts"),
        (("[30, 60]", "[60, 30]"), r"expected \[first, stop\]"),
        (("[30, 60]", "[30]"), r"expected \[first, stop\]"),
        ((", dark = [30, 60]", ""), "at least 2"),
        (('held_out = "shown"', ""), "expected a field 'held_out'"),
    ],
)
def test_fields_are_checked(section, wrong, message):
    with pytest.raises(ValidationError, match=message):
        section(TRAIN.replace(*wrong))


def test_the_file_is_checked(section, arrays):
    with pytest.raises(InputError, match="dark goes up to 61, but all has 60"):
        section(TRAIN.replace("60]", "61]")).read()
    with pytest.raises(InputError, match=r"shown: expected pictures in uint8.*float64"):
        section(shown=arrays["shown"] / 255).read()
    with pytest.raises(InputError, match=r"all: expected pictures in rows of 63 pixels, got shape \(60, 64\)"):
        section(TRAIN + "picture_shape = [7, 9]", all=arrays["all"].reshape(60, 64)).read()
    with pytest.raises(UnknownNameError, match="none"):
        section(TRAIN.replace('"shown"', '"none"')).read()
    with pytest.raises(RecordingError):
        section(TRAIN.replace("pictures.npz", "nothing.npz")).read()


def test_a_network_is_trained_and_opened(section, tmp_path, arrays, monkeypatch):
    monkeypatch.setenv("HOTWIRE_CACHE", str(tmp_path / "cache"))
    section()
    text = f'name = "lights"\n[train]\n{TRAIN}'
    named = NetworkSection.model_validate(tomllib.loads(text), context={"folder": tmp_path})
    network, drawing = named.open(), named.drawing()
    assert network.name == "lights"
    assert network.labels == ("dark", "light")
    assert drawing is not None
    assert drawing.outputs(arrays["shown"]).shape == (5, 64)
    with pytest.raises(ValidationError, match="prompt or train"):
        NetworkSection.model_validate(tomllib.loads('prompt = "a {}"\n' + text), context={"folder": tmp_path})


def test_any_other_network_is_one_of_the_registry_or_a_file(tmp_path):
    section = NetworkSection.model_validate({"name": "no such"}, context={"folder": tmp_path})
    with pytest.raises(UnknownNameError, match=r"unknown network .*'no such'.* There are: smollm2-135m-instruct"):
        section.check_there()
    section = NetworkSection.model_validate({"name": "efficientnet-lite0"}, context={"folder": tmp_path})
    assert section.drawing() is None


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (
            "mine.pt",
            r"got mine.pt, which holds weights, .* torch.onnx.export\(.* 'mine.onnx'\) .*TorchNetwork\(network",
        ),
        ("mine.PTH", "which holds weights"),
        ("my.model.safetensors", r"'my.model.onnx'\)"),
        ("mine.h5", r"load_model\('mine.h5'\).export\('mine.onnx', format=\"onnx\"\)"),
        ("mine.tflite", "tf2onnx.convert --tflite mine.tflite --output mine.onnx"),
    ],
)
def test_files_of_other_formats_are_told_what_they_lack(tmp_path, name, message):
    (tmp_path / name).write_bytes(b"weights")
    section = NetworkSection.model_validate({"name": name}, context={"folder": tmp_path})
    for refuse in (section.check_there, section.open):
        with pytest.raises(InputError, match=message):
            refuse()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"layer = 8": "layer = 31"}, "decoder.layer: unknown layer '31'; did you mean"),
        ({CHOICE: CHOICE.replace("[4, 8]", "[4, 99]")}, r"evaluation.choose\[0\].values\[1\]: unknown layer"),
        ({**ENCODER, "Text": "Label"}, "use NearestReadout"),
        (ENCODER, "decoder.readout: .*only a language model"),
        ({"smollm2-135m-instruct": "efficientnet-lite1"}, "targets.words: expected a network that reads, .* a vision"),
        ({"smollm2-135m-instruct": "whisper-tiny.en"}, "targets.words: .* give it sounds beside words"),
        ({'smollm2-135m-instruct"': 'all-minilm-l6-v2"\nprompt = "a {}"'}, "network: prompt: only language models"),
        ({'instruct"': 'instruct"\nseconds = 2.0'}, "network: seconds: only speech recognisers"),
        (
            {**ENCODER, "TextR": "NearestR", '"layer"': '"prompt"', "[4, 8]": '["a {}:"]'},
            r"evaluation.choose\[0\].values\[0\]: prompt: only",
        ),
    ],
)
def test_what_does_not_fit_is_said_before_anything_is_opened(tmp_path, changes, message):
    text = STUDY
    for old, new in changes.items():
        assert old in text
        text = text.replace(old, new)
    (tmp_path / "study.toml").write_text(text)
    with pytest.raises(StudyError, match=message):
        open_study(tmp_path / "study.toml")


def test_layers_of_a_folder_are_known_from_its_configuration(tmp_path):
    save_network(tmp_path / "network")
    known, opened = outline(tmp_path / "network"), open_network(tmp_path / "network")
    assert known is not None
    assert (known.layers, known.can_write, known.can_name) == (tuple(opened.layers), True, False)
    assert outline(tmp_path / "network" / "none.onnx") is None


@pytest.mark.parametrize("name", network_names())
def test_layers_of_the_registry_are_those_of_the_networks(fetched, name):
    fetched(name)
    known, opened = outline(name), open_network(name)
    assert known is not None
    assert known.layers == tuple(opened.layers)
    assert known.can_write == isinstance(opened, GeneratesText)
    assert known.can_name == (opened.labels is not None)


@pytest.mark.slow
def test_digits_that_were_shown_in_the_scanner_are_named_and_drawn():
    folder = os.environ.get("HOTWIRE_DATA")
    path = Path(folder or "") / "digits69" / "69dataset2.mat"
    if not path.is_file():
        pytest.skip("needs digits69/69dataset2.mat in the folder that HOTWIRE_DATA names")
    import scipy.io

    text = f"""
    name = "digits"
    [train]
    path = "{path}"
    pictures = "X_prior"
    picture_shape = [28, 28]
    labels = {{ six = [0, 1000], nine = [1000, 2000] }}
    held_out = "X"
    """
    section = NetworkSection.model_validate(tomllib.loads(text), context={"folder": path.parent})
    stored = scipy.io.loadmat(path, variable_names=["X", "stimulus_label"])
    shown = stored["X"].reshape(100, 28, 28).transpose(0, 2, 1)
    network, drawing = section.open(), section.drawing()
    assert section.train is not None
    assert section.train.read().n_left_out == 0
    assert network.labels is not None
    named = np.array(network.labels)[network.outputs(shown).argmax(axis=1)]
    assert np.mean(named == np.where(stored["stimulus_label"].ravel() == 1, "six", "nine")) >= 0.98
    assert drawing is not None
    drawn = drawing.outputs(shown)
    assert np.mean([np.corrcoef(one, own.ravel())[0, 1] for one, own in zip(drawn, shown, strict=True)]) > 0.9
