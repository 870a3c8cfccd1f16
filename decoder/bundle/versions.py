"""Which versions a result was made with."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version

PACKAGES = ("hotwire", "numpy", "scikit-learn", "torch", "transformers", "onnxruntime")


def versions() -> dict[str, str]:
    """Versions of Python and of the installed packages that affect numbers.

    Examples
    --------
    >>> sorted(versions())[:2]
    ['Python', 'hotwire']
    """
    found = {"Python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found
