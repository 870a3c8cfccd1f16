"""Load a bundle, whatever its decoder decodes."""

from __future__ import annotations

from os import PathLike

from .compiled import CompiledDecoder
from .compiled_gist import CompiledGist, decodes_gist


def load_decoder(path: str | PathLike[str]) -> CompiledDecoder | CompiledGist:
    """Load a bundle of classes or of gist; raises as `CompiledDecoder.load` and `CompiledGist.load` do."""
    return CompiledGist.load(path) if decodes_gist(path) else CompiledDecoder.load(path)
