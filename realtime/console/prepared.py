"""What a demo has fitted, kept in the cache until anything that it was made of changes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from ...decoder.bundle.versions import versions

PACKAGE = Path(__file__).parents[2]


class Prepared(NamedTuple):
    """A demo's bundle, and the held-out run."""

    bundle: Path
    run: Path


def prepared(name: str, files: Sequence[Path], assets: Sequence[str], make: Callable[[Prepared], None]) -> Prepared:
    """Return what `make` writes, cached or new; it has to write the bundle last.

    Parameters
    ----------
    name : str
        Of the demo.
    files : sequence of Path
        The study, and what it reads.
    assets : sequence of str
        What it takes from the registry.
    make : callable
    """
    from ...models.cache_folder import cache_folder

    folder = cache_folder() / "live"
    stem = f"{name}-{_key(files, assets)}"
    found = Prepared(folder / f"{stem}.hotwire", folder / f"{stem}.npz")
    if not (found.bundle.is_file() and found.run.is_file()):
        folder.mkdir(parents=True, exist_ok=True)
        for old in folder.glob(f"{name}-*"):
            old.unlink()
        make(found)
    return found


def _key(files: Sequence[Path], assets: Sequence[str]) -> str:
    """A digest of all that the decoder depends on: study, recording, network, other packages and this one."""
    from ...models.weights.registry import asset

    texts = [file.read_text(encoding="utf-8") for file in files]
    described = json.dumps([texts, [asset(name).sha256 for name in assets], versions()], sort_keys=True)
    digest = hashlib.sha256(described.encode())
    for file in sorted(file for part in ("adapters", "decoder", "models") for file in (PACKAGE / part).rglob("*.py")):
        digest.update(file.read_bytes())
    return digest.hexdigest()[:16]
