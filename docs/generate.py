"""The reference pages that are written from the code: the Python interface and the fields of study files."""

from __future__ import annotations

import inspect
from importlib import import_module
from pathlib import Path

PACKAGES = {
    "hotwire.decoder": "Recordings, the decoder and its evaluation",
    "hotwire.decoder.readers": "Readers",
    "hotwire.decoder.steps": "Steps",
    "hotwire.decoder.windows": "Windows",
    "hotwire.decoder.features": "Features",
    "hotwire.adapters": "Adapters",
    "hotwire.models": "Networks",
    "hotwire.realtime": "Live",
    "hotwire.errors": "Errors",
}


def write_python_reference(folder: Path) -> None:
    """Write one page with a table of all public names, each a link to a page of its own."""
    parts = [
        "# Python",
        "",
        "Import names from the packages named here, for example `from hotwire.decoder import Decoder`.",
    ]
    for package, title in PACKAGES.items():
        module = import_module(package)
        names = [name for name in _public(module) if inspect.getdoc(getattr(module, name))]
        rows = [f"   {package}.{name}" for name in names]
        parts += ["", f"## {title}: `{package}`", "", "```{eval-rst}", ".. autosummary::", "   :toctree: generated", ""]
        parts += [*rows, "```"]
    folder.mkdir(exist_ok=True)
    (folder / "python.md").write_text("\n".join(parts) + "\n", encoding="utf-8")


def _public(module) -> list[str]:
    """The functions and classes that a package offers, in alphabetical order."""
    names = getattr(module, "__all__", None) or [name for name in vars(module) if not name.startswith("_")]
    return sorted(name for name in names if callable(getattr(module, name)))
