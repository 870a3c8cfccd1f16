"""What docstrings, messages and pages call by its full name is there."""

from __future__ import annotations

import re
from pathlib import Path
from pkgutil import resolve_name

ROOT = Path(__file__).parents[1]
ROOMS = ("errors", "models", "adapters", "decoder", "realtime")
NAME = re.compile(rf"\bhotwire\.(?:{'|'.join(ROOMS)})(?:\.\w+)+")


def is_there(name: str) -> bool:
    try:
        resolve_name(name)
    except (ImportError, AttributeError):
        # A dataclass has a field without a default only as a field.
        owner, _, field = name.rpartition(".")
        try:
            return field in getattr(resolve_name(owner), "__dataclass_fields__", {})
        except (ImportError, AttributeError):
            return False
    return True


def test_names_that_texts_refer_to_exist() -> None:
    files = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")]
    files += [file for room in ROOMS for file in (ROOT / room).rglob("*.py")]
    places = {name: file.relative_to(ROOT) for file in files for name in NAME.findall(file.read_text(encoding="utf-8"))}
    assert len(places) > 50
    assert {name: str(file) for name, file in places.items() if not is_there(name)} == {}
