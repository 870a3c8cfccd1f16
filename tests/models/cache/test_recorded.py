"""Activations kept on disk: computed once, whole or not there at all, whatever happens to the process or the files."""

from __future__ import annotations

import errno
import json
import os
import shutil
import signal
import subprocess
import sys
import textwrap
from collections import namedtuple
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from hotwire.errors import AssetError, DiskSpaceError, UnknownNameError
from hotwire.models.cache.array_store import UnfinishedArrays
from hotwire.models.cache.recorded import forget, record, stored
from hotwire.models.cache_folder import lock_of
from hotwire.models.networks.network import Network
from hotwire.models.networks.torch_network import TorchNetwork

# A network as a module of its own, so that other processes can have it: it notes each batch in a file, and can be told
# to die in the middle.
NOTING = """
import os
import os
import signal
import time
from pathlib import Path

import numpy as np

from hotwire.models.networks.network import Network


class Noting(Network):
    def __init__(self, log, *, seed=0, dies_at=None, wait_s=0.0):
        rng = np.random.default_rng(seed)
        self.name, self.layers = "noting", {"wide": (5, 4), "narrow": (3,)}
        sizes = (2, 20), (20, 3), (3, 6)
        self._in, self._on, self._out = (rng.normal(size=size).astype(np.float32) for size in sizes)
        self._log, self._dies_at, self._wait_s = Path(log), dies_at, wait_s

    def batches(self):
        return self._log.read_text().splitlines() if self._log.exists() else []

    def _note(self, what, stimuli):
        if self._dies_at is not None and len(self.batches()) == self._dies_at:
            os.kill(os.getpid(), signal.SIGKILL)
        with self._log.open("a") as log:
            log.write(f"{what} {len(stimuli)}\\n")
        time.sleep(self._wait_s)

    def _record(self, stimuli, layers):
        self._note("+".join(layers), stimuli)
        wide = np.tanh(np.asarray(stimuli, np.float32) @ self._in)
        recorded = {"wide": wide.reshape(-1, 5, 4), "narrow": wide @ self._on}
        return [recorded[layer] for layer in layers]

    def _resume(self, layer, activations):
        narrow = activations.reshape(-1, 20) @ self._on if layer == "wide" else activations
        return narrow @ self._out

    def _forward(self, stimuli):
        self._note("all", stimuli)
        return self._resume("wide", np.tanh(np.asarray(stimuli, np.float32) @ self._in))

    def _weights(self):
        return [("in", self._in), ("on", self._on), ("out", self._out)]

    def untrained(self, seed=0):
        return Noting(self._log, seed=seed + 1)
"""
N = 300  # ten batches; two marks, and what comes behind them
STIMULI = np.random.default_rng(3).normal(size=(N, 2)).astype(np.float32)


@pytest.fixture
def noting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Give such a network, with its log in the test's own folder."""
    (tmp_path / "noting.py").write_text(NOTING)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=os.pathsep)
    sys.modules.pop("noting", None)
    from noting import Noting  # pyright: ignore[reportMissingImports]

    return lambda **kwargs: Noting(tmp_path / "log", **kwargs)


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    return tmp_path / "kept"


def process(kept: Path, log: Path, **kwargs: Any) -> subprocess.Popen[str]:
    """Record all layers in another process."""
    script = f"""
    import numpy as np
    from pathlib import Path
    from noting import Noting
    from hotwire.models.cache.recorded import record
    stimuli = np.random.default_rng(3).normal(size=({N}, 2)).astype(np.float32)
    recorded = record(Noting({str(log)!r}, **{kwargs!r}), stimuli, ["narrow", "wide"], folder=Path({str(kept)!r}))
    print(float(recorded.tables["narrow"].sum()))
    """
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(script)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def assert_right(network: Network, kept: Path, layers: tuple[str, ...] = ("wide", "narrow")) -> None:
    """What is given is, bit for bit, what the network computes."""
    recorded = record(network, STIMULI, layers, folder=kept)
    expected = network.activations(STIMULI, layers)
    assert list(recorded.tables) == list(layers)
    for layer in layers:
        np.testing.assert_array_equal(recorded.tables[layer], expected[layer].reshape(N, -1))
    np.testing.assert_array_equal(recorded.outputs, network.outputs(STIMULI))


def test_a_torch_network_layer_by_layer(kept: Path) -> None:
    torch.manual_seed(0)
    module = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(16, 3))
    network = TorchNetwork(module, torch.zeros(1, 1, 4, 4))
    stimuli = np.random.default_rng(0).normal(size=(70, 1, 4, 4)).astype(np.float32)
    recorded = record(network, stimuli, list(network.layers), folder=kept)
    assert list(recorded.tables) == list(network.layers)
    for layer, expected in network.activations(stimuli, list(network.layers)).items():
        np.testing.assert_array_equal(recorded.tables[layer], expected.reshape(70, -1))
        np.testing.assert_array_equal(network.resume(layer, recorded.tables[layer]), recorded.outputs)
    np.testing.assert_array_equal(recorded.outputs, network.outputs(stimuli))


def test_tables_are_mapped_and_cannot_be_written_to(kept: Path, noting: Callable[..., Any]) -> None:
    recorded = record(noting(), STIMULI, ["wide"], folder=kept)
    for table in (recorded.tables["wide"], recorded.outputs):
        assert isinstance(table, np.memmap)
        assert table.dtype == np.float32
        with pytest.raises(ValueError, match="read-only"):
            table[0] = 0
    assert recorded.tables["wide"].shape == (N, 20)
    assert recorded.folder.parent == kept


def test_one_pass_for_layers_and_outputs_and_none_the_second_time(kept: Path, noting: Callable[..., Any]) -> None:
    network = noting()
    record(network, STIMULI, ["narrow", "wide"], folder=kept)
    assert network.batches() == ["wide+narrow 32"] * 9 + ["wide+narrow 12"]
    record(noting(), list(STIMULI), ["wide"], folder=kept)
    record(noting(), STIMULI, [], folder=kept)
    assert len(network.batches()) == 10
    assert_right(network, kept)


def test_only_what_is_not_there_yet_is_recorded(kept: Path, noting: Callable[..., Any]) -> None:
    network = noting()
    record(network, STIMULI, [], folder=kept)
    record(network, STIMULI, ["narrow"], folder=kept)
    record(network, STIMULI, ["wide", "narrow"], folder=kept)
    assert network.batches()[::10] == ["all 32", "narrow 32", "wide 32"]
    assert len(network.batches()) == 30
    assert_right(network, kept, ("narrow", "wide"))


def test_others_are_kept_apart(kept: Path, noting: Callable[..., Any]) -> None:
    network = noting()
    places = {
        record(network, STIMULI, ["wide"], folder=kept).folder,
        record(network.untrained(), STIMULI, ["wide"], folder=kept).folder,
        record(network, STIMULI[::-1], ["wide"], folder=kept).folder,
        record(network, STIMULI[:200], ["wide"], folder=kept).folder,
    }
    assert len(places) == 4
    assert_right(network, kept)
    assert_right(network.untrained(), kept)


def test_texts_are_shown_to_a_language_model_not_put_into_its_prompt(kept: Path) -> None:
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    from hotwire.models.networks.language.language_model import LanguageModel

    tokenizers = pytest.importorskip("tokenizers")
    words = {word: i for i, word in enumerate(["?", "x", "a", "cat", "dog", "."])}
    made = tokenizers.Tokenizer(tokenizers.models.WordLevel(words, unk_token="?"))
    made.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    torch.manual_seed(0)
    config = LlamaConfig(vocab_size=6, hidden_size=8, intermediate_size=8, num_hidden_layers=2, num_attention_heads=2)
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=made)
    network = LanguageModel(LlamaForCausalLM(config), tokenizer, prompt="a {} .", name="llama")
    recorded = record(network, ["a cat", "a dog"], ["1"], folder=kept)
    np.testing.assert_array_equal(recorded.outputs, network.outputs(["a cat", "a dog"]))
    np.testing.assert_array_equal(recorded.tables["1"], network.activations(["a cat", "a dog"], ["1"])["1"])


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs SIGKILL")
@pytest.mark.parametrize(("dies_at", "left"), [(0, 10), (3, 10), (6, 6), (9, 2)])
def test_a_killed_pass_goes_on_from_its_last_mark(
    kept: Path, noting: Callable[..., Any], dies_at: int, left: int
) -> None:
    network = noting()
    killed = process(kept, network._log, dies_at=dies_at)
    killed.communicate()
    assert killed.returncode == -signal.SIGKILL
    assert [(one.network, one.layers) for one in stored(kept)] == [("noting", ())]
    network._log.unlink(missing_ok=True)
    record(network, STIMULI, ["wide", "narrow"], folder=kept)
    assert len(network.batches()) == left
    assert_right(network, kept)


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs SIGKILL")
def test_what_a_killed_pass_left_is_looked_at_first(kept: Path, noting: Callable[..., Any]) -> None:
    network = noting()
    process(kept, network._log, dies_at=6).communicate()
    [path] = kept.glob("*/*wide*.npy")
    with path.open("r+b") as file:
        file.seek(1000)
        file.write(b"!")
    network._log.unlink()
    with pytest.warns(UserWarning, match="left damaged; it is recorded anew"):
        record(network, STIMULI, ["wide", "narrow"], folder=kept)
    assert len(network.batches()) == 10
    assert_right(network, kept)


def test_other_layers_begin_anew_and_sweep_up(kept: Path, noting: Callable[..., Any]) -> None:
    network = noting()
    process(kept, network._log, dies_at=6).communicate()
    network._log.unlink()
    assert_right(network, kept, ("narrow",))
    assert [path.name for path in kept.glob("*/*.npy") if "wide" in path.name] == []
    assert_right(network, kept)


def test_stopped_between_the_last_mark_and_the_manifest(
    kept: Path, noting: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    network = noting()
    mark = UnfinishedArrays.mark

    def stop(self: UnfinishedArrays) -> Any:
        mark(self)
        if self.n_done == N:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(UnfinishedArrays, "mark", stop)
        with pytest.raises(KeyboardInterrupt):
            record(network, STIMULI, ["wide"], folder=kept)
    network._log.unlink()
    record(network, STIMULI, ["wide"], folder=kept)
    assert network.batches() == []
    assert_right(network, kept)


def test_two_processes_at_once_share_one_pass(kept: Path, noting: Callable[..., Any]) -> None:
    network = noting()
    both = [process(kept, network._log, wait_s=0.05) for _ in range(2)]
    said = [one.communicate() for one in both]
    assert [one.returncode for one in both] == [0, 0], said
    assert said[0][0] == said[1][0]
    assert len(network.batches()) == 10
    assert_right(network, kept)


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-3] ^= 1
    path.write_bytes(content)


DAMAGES: dict[str, Callable[[Path], Any]] = {
    "a bit": flip,
    "cut off": lambda path: os.truncate(path, path.stat().st_size - 4),
    "empty": lambda path: os.truncate(path, 0),
    "gone": Path.unlink,
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_what_is_damaged_is_told_and_recorded_anew(kept: Path, noting: Callable[..., Any], damage: str) -> None:
    network = noting()
    record(network, STIMULI, ["wide", "narrow"], folder=kept)
    [path] = kept.glob("*/*narrow*.npy")
    DAMAGES[damage](path)
    with pytest.warns(UserWarning, match=r"narrow\.npy is damaged; it is recorded anew"):
        record(network, STIMULI, ["wide", "narrow"], folder=kept)
    assert network.batches()[10:] == ["narrow 32"] * 9 + ["narrow 12"]
    assert_right(network, kept)


@pytest.mark.parametrize("damage", ["cut off", "empty"])
def test_a_damaged_manifest_is_told(kept: Path, noting: Callable[..., Any], damage: str) -> None:
    network = noting()
    record(network, STIMULI, ["wide"], folder=kept)
    [path] = kept.glob("*/manifest.json")
    DAMAGES[damage](path)
    with pytest.warns(UserWarning, match=r"manifest\.json is damaged"):
        record(network, STIMULI, ["wide"], folder=kept)
    assert len(network.batches()) == 20
    assert_right(network, kept)


def test_a_mapped_table_outlives_its_file(kept: Path, noting: Callable[..., Any]) -> None:
    """What is recorded anew goes into a new file, never into one that is still being read."""
    network = noting()
    table = record(network, STIMULI, ["wide"], folder=kept).tables["wide"]
    before = table.copy()
    [path] = kept.glob("*/manifest.json")
    path.write_text(json.dumps({**json.loads(path.read_text()), "arrays": {}}))
    record(network, STIMULI, ["wide"], folder=kept)
    np.testing.assert_array_equal(table, before)


def test_no_room(kept: Path, noting: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    network = noting()
    network.layers["wide"] = (1000, 7)
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(9e9, 8.995e9, 5e6))
    with pytest.raises(DiskSpaceError, match=r"noting for 300 stimuli take 8\.4 MB, 5\.0 MB are free; make room"):
        record(network, STIMULI, ["wide"], folder=kept)
    assert network.batches() == []


def test_a_disk_that_fills_up_on_the_way(
    kept: Path, noting: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    network = noting()
    put = UnfinishedArrays._put

    def fail(self: UnfinishedArrays, name: str, data: Any) -> None:
        if self.n_done > 5 * 32:
            raise OSError(errno.ENOSPC, "No space left on device")
        put(self, name, data)

    with monkeypatch.context() as patch:
        patch.setattr(UnfinishedArrays, "_put", fail)
        with pytest.raises(DiskSpaceError, match="the disk is full; make room"):
            record(network, STIMULI, ["wide"], folder=kept)
    network._log.unlink()
    record(network, STIMULI, ["wide"], folder=kept)
    assert len(network.batches()) == 6
    assert_right(network, kept)


def test_a_folder_that_cannot_be_used(tmp_path: Path, noting: Callable[..., Any]) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(AssetError, match=r"cannot be used: .*set HOTWIRE_CACHE"):
        record(noting(), STIMULI, ["wide"], folder=tmp_path / "file")


def test_unknown_layers(kept: Path, noting: Callable[..., Any]) -> None:
    with pytest.raises(UnknownNameError, match="There are: wide, narrow"):
        record(noting(), STIMULI, ["attic"], folder=kept)
    assert not kept.exists()


def test_what_is_kept_can_be_seen_and_dropped(kept: Path, noting: Callable[..., Any]) -> None:
    assert stored(kept) == []
    network = noting()
    place = record(network, STIMULI, ["narrow"], folder=kept).folder
    record(network, STIMULI[:9], ["narrow", "wide"], folder=kept)
    one = next(one for one in stored(kept) if one.key == place.name)
    assert (one.network, one.n_stimuli, one.layers) == ("noting", N, ("narrow",))
    assert one.n_bytes == sum(path.stat().st_size for path in place.glob("*.npy")) > 4 * N * (3 + 6)
    forget(one.key, folder=kept)
    assert [other.n_stimuli for other in stored(kept)] == [9]
    assert not place.exists()
    with pytest.raises(UnknownNameError, match="unknown key of cached activations"):
        forget(one.key, folder=kept)
    assert_right(network, kept)


def test_what_is_being_recorded_is_not_dropped(kept: Path, noting: Callable[..., Any]) -> None:
    place = record(noting(), STIMULI, ["narrow"], folder=kept).folder
    with lock_of(place), pytest.raises(AssetError, match="being recorded by another process"):
        forget(place.name, folder=kept)
    assert place.exists()


def test_by_default_in_the_cache(
    tmp_path: Path,
    noting: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
    nothing_is_kept: Callable[[], Path],
) -> None:
    monkeypatch.setattr("hotwire.models.cache.recorded.activations_folder", nothing_is_kept)
    monkeypatch.setenv("HOTWIRE_CACHE", str(tmp_path / "cache"))
    place = record(noting(), STIMULI, []).folder
    assert place == tmp_path / "cache" / "activations" / stored()[0].key
    forget(place.name)
    assert stored() == []
