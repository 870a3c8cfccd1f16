"""Any result as one HTML file that needs nothing else and that anybody can open, print and check."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from ...errors import InputError, MissingExtraError
from ...models.files import write_whole
from ..bundle.versions import versions
from .drawing import Drawing
from .result import PageResult


def page_path(path: str | os.PathLike[str]) -> Path:
    """The path for a page; raise InputError where its folder does not exist, or the path is a folder."""
    path = Path(path)
    if not path.parent.is_dir():
        raise InputError(f"path: expected a file in a folder that is there, got {path}; make {path.parent} first")
    if path.is_dir():
        raise InputError(f"path: expected the name of a file, got the folder {path}")
    return path


def write_page(
    result: PageResult,
    path: str | os.PathLike[str],
    *,
    title: str,
    command: str | None = None,
    seconds: float | None = None,
    studies: Mapping[str, str] = MappingProxyType({}),
) -> Path:
    """Write a result as one HTML file, whole or not at all; the same result gives the same bytes.

    An existing file is replaced. `command` makes the page again, `studies` are the texts of study files by name. Raises
    InputError where there is no such folder, MissingExtraError where jinja2 or matplotlib is not installed.
    """
    path = page_path(path)
    try:
        from jinja2 import Environment, FileSystemLoader, StrictUndefined
        from markupsafe import Markup
    except ImportError as error:
        raise MissingExtraError("writing a report needs jinja2; install hotwire[all]") from error

    def svg(drawing: Drawing) -> Markup:
        return Markup(drawing.svg())  # matplotlib has escaped what it writes

    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["svg"] = svg
    page = environment.get_template("page.html").render(
        result=result,
        sections=list(enumerate(result.sections(), 1)),
        title=title,
        command=command,
        seconds=seconds,
        studies=studies,
        versions=versions() | {"platform": platform.platform()},
    )
    return write_whole(path, page)
