"""The state of a synthesis on disk, from which it goes on: arrays alone, in an .npz file."""

from __future__ import annotations

import json
import zipfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ...errors import AssetError, InputError
from ..files import sha256_of, whole_file
from .settings import SynthesisSettings


def synthesis_key(settings: SynthesisSettings, parameters: list[torch.nn.Parameter]) -> str:
    """Settings and start of a synthesis, as one digest."""
    start = [np.ascontiguousarray(parameter.detach().cpu().numpy()).tobytes() for parameter in parameters]
    return sha256_of(json.dumps(asdict(settings), sort_keys=True), *start)


def save(
    path: Path,
    key: str,
    parameters: list[torch.nn.Parameter],
    optimiser: torch.optim.Optimizer,
    history: NDArray[np.float32],
) -> None:
    """Write parameters, the optimiser's state and the history (n_steps, n) as arrays; whole or not at all."""
    arrays = {f"parameter.{i}": parameter.detach().cpu().numpy() for i, parameter in enumerate(parameters)}
    for i, of in optimiser.state_dict()["state"].items():
        arrays |= {f"optimiser.{i}.{name}": value.cpu().numpy() for name, value in of.items() if value is not None}
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(path) as file:
        np.savez(file, key=np.array(key), history=history, **arrays)  # type: ignore[arg-type]


def resumed(
    path: Path, key: str, parameters: list[torch.nn.Parameter], optimiser: torch.optim.Optimizer
) -> NDArray[np.float32]:
    """Take parameters and the optimiser's state from a file; returns the history so far."""
    try:
        with path.open("rb") as raw, np.load(raw, allow_pickle=False) as file:
            arrays: dict[str, Any] = dict(file)
        found, history = str(arrays.pop("key")), arrays.pop("history")
    except (OSError, ValueError, EOFError, KeyError, zipfile.BadZipFile) as error:
        raise AssetError(f"{path} is damaged ({error}); remove it, and the synthesis begins again") from error
    if found != key:
        raise InputError(f"state: {path} is of other settings or another start; give another file, or remove it")
    whole = optimiser.state_dict()
    with torch.no_grad():
        for i, parameter in enumerate(parameters):
            parameter.copy_(torch.from_numpy(arrays[f"parameter.{i}"]))
    for name, value in arrays.items():
        kind, i, *rest = name.split(".")
        if kind == "optimiser":
            whole["state"].setdefault(int(i), {})[rest[0]] = torch.from_numpy(value)
    optimiser.load_state_dict(whole)
    return history
