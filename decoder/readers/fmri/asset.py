"""Example recordings from the registry."""

from __future__ import annotations

from ....models.weights.assets import fetch
from ...recordings.recording import Recording
from .nifti import read_nifti


def read_asset(name: str) -> Recording:
    """Read a recording of the registry, downloaded if need be; `hotwire data` lists them."""
    folder = fetch(name)
    return read_nifti(folder / "bold.nii.gz", mask=folder / "mask.nii.gz", attributes=folder / "attributes_literal.txt")
