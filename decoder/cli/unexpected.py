"""What nobody expected, in one line: errors that are not hotwire's own, and warnings."""

from __future__ import annotations

import sys
import tempfile
import traceback
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from typing import Any

from ...errors.printable import printable


def unexpected(error: Exception) -> str:
    """Return one line about an error; where it came from goes into a file that the user can send."""
    if isinstance(error, MemoryError):
        what = f" ({printable(error)})" if str(error) else ""
        return f"there is not enough memory{what}; take fewer samples or features"
    if isinstance(error, ModuleNotFoundError) and not str(error.name).startswith("hotwire"):
        return f"this command needs the package {error.name}, which is not installed; pip install 'hotwire[all]'"
    with tempfile.NamedTemporaryFile(
        "w", prefix="hotwire-error-", suffix=".txt", delete=False, encoding="utf-8", errors="backslashreplace"
    ) as file:
        file.write(f"hotwire {version('hotwire')}, Python {sys.version}\n{' '.join(sys.argv)}\n\n")
        traceback.print_exception(error, file=file)
    what = f"{type(error).__name__}: {printable(error)}".rstrip(".")
    return f"this should not have happened: {what}. {file.name} says where; please send it to hotwire's developers"


@contextmanager
def plain_warnings() -> Iterator[None]:
    """Print a warning as one line, without the place in the code that gave it."""

    def in_one_line(message: Warning | str, category: type[Warning], *_: Any, **__: Any) -> str:
        return f"hotwire: warning: {printable(message)}\n"

    before, warnings.formatwarning = warnings.formatwarning, in_one_line
    try:
        yield
    finally:
        warnings.formatwarning = before
