"""Train a small vision network on this machine: seeded, in half a minute, and cached."""

from __future__ import annotations

import hashlib
import json
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import nn
from torch.nn import functional
from tqdm import tqdm

from ...errors import InputError, ShapeError
from ..cache_folder import cache_folder, locked, usable
from ..files import write_whole
from .small_vision import N_LATENT, SmallVision, as_input, open_small_vision, small_modules

_RECIPE = 1  # raise it whenever training gives a different result
_SETTINGS = {"epochs": 20, "batch": 50, "rate": 4e-3, "noise": 0.5, "naming": 10.0, "latent": N_LATENT}
TOO_ALIKE = 0.95


def train_small_vision(
    pictures: NDArray[np.uint8], labels: Sequence[str], *, seed: int = 0, name: str = "small-vision"
) -> SmallVision:
    """Train a network that names and draws small grey pictures, or open it from the cache.

    It learns to name pictures and to draw them again from a latent summary to which Gaussian noise is added, and whose
    length costs: a variational autoencoder of fixed noise, with a classifier next to the decoder. So it draws something
    sensible from every latent state nearby, as the brain's noisy ones will be.

    It is cached under ``trained``, by the SHA-256 of pictures, labels, seed and settings. Training runs on one thread,
    so that the same machine always gives the same weights; other machines may round differently.

    Parameters
    ----------
    pictures : (n_pictures, side, side) array of uint8
        From 0 (black) to 255; 4 divides the side.
    labels : sequence of str
        The class of each picture, of two classes or more.
    seed : int
    name : str
        The network's name.

    Returns
    -------
    SmallVision
        Its labels are in alphabetical order.

    Raises
    ------
    ShapeError, InputError
        The pictures or labels cannot be used.
    AssetError, DiskSpaceError
        The cache cannot be used.

    Warns
    -----
    UserWarning
        The cached file is damaged; the network is trained again.

    References
    ----------
    Kingma & Welling (2014), Auto-encoding variational Bayes. ICLR; with labels as in Kingma, Rezende, Mohamed & Welling
    (2014), Semi-supervised learning with deep generative models. NeurIPS.
    """
    pictures = _checked(pictures, labels)
    classes, truth = np.unique(np.asarray(labels, np.str_), return_inverse=True)
    if len(classes) < 2:
        raise InputError(f"labels: expected two kinds or more, got only {', '.join(classes) or 'none'}")
    path = cache_folder() / "trained" / f"{_key(pictures, labels, seed)}.safetensors"
    with usable(path.parent), locked(path):
        weights = _cached(path.read_bytes(), str(path), name) if path.is_file() else None
        if weights is None:
            weights = _trained(pictures, truth, len(classes), seed, name)
            write_whole(path, save(weights, metadata={"sha256": _digest(weights)}))
    return open_small_vision(weights, pictures.shape[1], classes.tolist(), name=name)


def too_alike(
    pictures: NDArray[np.uint8], others: NDArray[np.uint8], threshold: float = TOO_ALIKE
) -> NDArray[np.bool_]:
    """Which pictures equal one of the others, or nearly so: their pixels correlate by `threshold` or more.

    A network that is tested with the others must not have learned from these. All are (n, height, width).

    Examples
    --------
    >>> face, other = np.arange(16).reshape(2, 4, 2)
    >>> too_alike(np.stack([face, -face]), np.stack([other]))
    array([ True, False])
    """
    if pictures.shape[1:] != others.shape[1:]:
        raise ShapeError(f"others: expected pictures of the size {pictures.shape[1:]}, got {others.shape[1:]}")
    first, second = (_unit(np.asarray(each, np.float64).reshape(len(each), -1)) for each in (pictures, others))
    return np.asarray((first @ second.T >= threshold).any(axis=1))


def _unit(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """Each row's deviations from its mean, scaled to length 1; a row that does not vary stays zero up to rounding."""
    rows = rows - rows.mean(axis=1, keepdims=True)
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    # A uniform picture equals every other uniform one, and nothing else.
    return np.hstack([rows / np.where(lengths > 0, lengths, 1.0), lengths == 0])


def _trained(
    pictures: NDArray[np.uint8], truth: NDArray[np.intp], n_classes: int, seed: int, name: str
) -> dict[str, torch.Tensor]:
    """The weights of both networks, named as in the modules."""
    with _one_thread_seeded(seed):
        names, draws = small_modules(pictures.shape[1], n_classes)
        inputs, right = as_input(pictures), torch.from_numpy(truth)
        encoder, logits, picture = names[:-1], names.get_submodule("logits"), draws.get_submodule("picture")
        assert isinstance(picture, nn.Sequential)
        pixels = picture[:-1]  # before the sigmoid, which is part of the loss
        n_batch = min(int(_SETTINGS["batch"]), len(inputs))
        n_batches = len(inputs) // n_batch
        optimiser = torch.optim.Adam({**dict(names.named_parameters()), **dict(draws.named_parameters())}.values())
        n_steps = int(_SETTINGS["epochs"]) * n_batches
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, _SETTINGS["rate"], total_steps=n_steps)
        for _ in tqdm(range(int(_SETTINGS["epochs"])), f"{name}: training", delay=1, disable=None):
            for batch in torch.randperm(len(inputs))[: n_batches * n_batch].split(n_batch):
                latent = encoder(inputs[batch])
                noisy = latent + _SETTINGS["noise"] * torch.randn_like(latent)
                drawn = pixels(noisy)
                loss = (
                    functional.binary_cross_entropy_with_logits(drawn, inputs[batch].flatten(1), reduction="sum")
                    + _SETTINGS["naming"] * functional.cross_entropy(logits(noisy), right[batch], reduction="sum")
                    + 0.5 * latent.square().sum()
                ) / n_batch
                optimiser.zero_grad()
                loss.backward()
                optimiser.step()
                schedule.step()
    return {part: weight.detach().contiguous() for part, weight in {**names.state_dict(), **draws.state_dict()}.items()}


@contextmanager
def _one_thread_seeded(seed: int) -> Iterator[None]:
    """Use one thread, since another number adds in another order; the random state outside stays unchanged."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with torch.random.fork_rng([]):
            torch.manual_seed(seed)
            yield
    finally:
        torch.set_num_threads(before)


def _cached(content: bytes, place: str, name: str) -> dict[str, torch.Tensor] | None:
    """The weights in a cached file; None, with a warning, where it is damaged."""
    try:
        weights = load(content)
        length = int.from_bytes(content[:8], "little")
        noted = json.loads(content[8 : 8 + length])["__metadata__"]["sha256"]
    except (SafetensorError, ValueError, LookupError):
        noted, weights = None, {}
    if not weights or noted != _digest(weights):
        warnings.warn(f"{place} is damaged; {name} is trained anew", stacklevel=3)
        return None
    return weights


def _digest(weights: dict[str, torch.Tensor]) -> str:
    digest = hashlib.sha256()
    for part, weight in sorted(weights.items()):
        digest.update(f"{part} {tuple(weight.shape)}\n".encode())
        digest.update(weight.numpy().tobytes())
    return digest.hexdigest()


def _key(pictures: NDArray[np.uint8], labels: Sequence[str], seed: int) -> str:
    about = {"recipe": _RECIPE, "settings": _SETTINGS, "seed": seed, "labels": list(labels), "shape": pictures.shape}
    digest = hashlib.sha256(json.dumps(about, sort_keys=True).encode())
    digest.update(np.ascontiguousarray(pictures).tobytes())
    return digest.hexdigest()


def _checked(pictures: NDArray, labels: Sequence[str]) -> NDArray[np.uint8]:
    pictures = np.asarray(pictures)
    if pictures.dtype != np.uint8:
        raise InputError(f"pictures: expected uint8, from 0 (black) to 255, got {pictures.dtype}")
    if pictures.ndim != 3 or pictures.shape[1] != pictures.shape[2]:
        raise ShapeError(f"pictures: expected square ones in grey, (n_pictures, side, side), got {pictures.shape}")
    if len(labels) != len(pictures):
        raise ShapeError(f"labels: expected one for each of the {len(pictures)} pictures, got {len(labels)}")
    return pictures
