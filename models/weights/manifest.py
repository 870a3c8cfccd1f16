"""The list of a ready asset's files: ``asset.json`` has their sizes and SHA-256."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from ..files import sha256_of_file
from .registry import Asset

MANIFEST_NAME = "asset.json"
# Raise it whenever a conversion writes something different: folders made by an older version are then made again.
RECIPE = 1


def is_complete(wanted: Asset, folder: Path) -> bool:
    """Whether a folder contains all files of an asset, by its manifest and their sizes."""
    try:
        manifest = read_manifest(folder)
    except (OSError, ValueError):  # missing, or damaged by a power cut
        return False
    if (manifest["archive_sha256"], manifest["recipe"]) != (wanted.sha256, RECIPE):
        return False
    files = manifest["files"].items()
    return all((folder / file).is_file() and (folder / file).stat().st_size == was["size_bytes"] for file, was in files)


def write_manifest(made: Asset, folder: Path) -> None:
    """Note sizes and SHA-256 of all files of a folder, and flush each of them to the disk."""
    files = {}
    for path in sorted(folder.iterdir()):
        path.chmod(0o644)
        files[path.name] = {"size_bytes": path.stat().st_size, "sha256": sha256_of_file(path)}
    manifest = {"asset": made.name, "archive_sha256": made.sha256, "recipe": RECIPE, "files": files}
    (folder / MANIFEST_NAME).write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")
    for path in folder.iterdir():
        with path.open("rb+") as file:
            os.fsync(file.fileno())


def read_manifest(folder: Path) -> dict[str, Any]:
    """The content of ``asset.json``."""
    return json.loads((folder / MANIFEST_NAME).read_text(encoding="utf-8"))
