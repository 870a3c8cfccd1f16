"""Every example in a docstring runs, and every name that a docstring refers to is there."""

from __future__ import annotations

import doctest
import importlib
import pkgutil
import re
from pathlib import Path

import pytest

FOLDERS = ["errors", "models", "adapters", "decoder", "realtime"]


# Names of one word after the first, such as `hotwire.readers`, are groups of entry points.
REFERENCE = re.compile(rf"`hotwire(\.(?:{'|'.join(FOLDERS)})(?:\.\w+)*)`")


def modules() -> list[str]:
    names = []
    for folder in FOLDERS:
        package = importlib.import_module(f"hotwire.{folder}")
        names.append(package.__name__)
        names += [found.name for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")]
    return names


@pytest.mark.parametrize("name", modules())
def test_examples_in_docstrings(name: str) -> None:
    module = importlib.import_module(name)
    failed, _ = doctest.testmod(module, optionflags=doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS)
    assert failed == 0


def is_there(name: str) -> bool:
    """Whether a name is that of a module, or of something in one."""
    try:
        return bool(pkgutil.resolve_name(name))
    except (ImportError, AttributeError):
        return False


def test_names_that_docstrings_refer_to_are_there() -> None:
    sources = [file for folder in FOLDERS for file in (Path(__file__).parents[1] / folder).rglob("*.py")]
    references = {f"hotwire{name}": file for file in sources for name in REFERENCE.findall(file.read_text("utf-8"))}
    assert len(references) > 30
    assert {name: str(file) for name, file in references.items() if not is_there(name)} == {}
