"""Gradient ascent: change a generator's parameters until an objective of what it makes is as large as possible."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from tqdm import tqdm

from ...errors import InputError, NonFiniteError, ShapeError
from .objectives import Objective, total_variation
from .seen import seen
from .settings import SynthesisSettings
from .state import resumed, save, synthesis_key

SAVED_EVERY = 25
"""Steps between two states on disk."""


class Generator(Protocol):
    """A module without inputs that makes a batch (n, ...), such as `hotwire.models.synthesis.generators.Pixels` or
    `hotwire.models.synthesis.waveforms.Waveform`.
    """

    def __call__(self) -> torch.Tensor: ...

    def parameters(self) -> Iterator[torch.nn.Parameter]: ...

    def constrain(self) -> None: ...


@dataclass(frozen=True)
class Synthesised:
    """What was made.

    Attributes
    ----------
    made : float32 (n, ...)
        What the generator gives at the end, such as pictures (n, 3, height, width) from 0 to 1, or sounds (n,
        n_samples).
    values : float32 (n,)
        The objective of it, without jitter and total variation.
    history : float32 (n_steps, n)
        The objective before each step, of what the step sees.
    """

    made: NDArray[np.float32]
    values: NDArray[np.float32]
    history: NDArray[np.float32]


def optimise(
    generator: Generator,
    objective: Objective,
    settings: SynthesisSettings,
    *,
    state: Path | None = None,
    name: str = "synthesis",
) -> Synthesised:
    """Change the generator's parameters until the objective of each thing it makes is as large as possible.

    Nothing that is made depends on the others in the batch, but for rounding. It computes where the generator is
    (``Pixels(...).to("cuda")``); networks compute where their weights are.

    Parameters
    ----------
    generator : Generator
        Its parameters have a row for each thing it makes; they are changed.
    objective : callable
        From what the generator makes (n, ...) to values (n,), to be maximised.
    settings : SynthesisSettings
    state : Path, optional
        An .npz file that is written every now and then. Where it exists, the work goes on from there. It is left there
        at the end. One of other settings or another start is an error; that the objective is the same is up to you.
    name : str
        For the progress, which shows after two seconds.

    Returns
    -------
    Synthesised

    Raises
    ------
    ShapeError
        The objective gives something else than a value for each.
    NonFiniteError
        The objective or its gradient is NaN or infinite.
    InputError
        The objective gives no gradients, or the state is of another synthesis.
    AssetError
        The state is damaged.

    Examples
    --------
    >>> from hotwire.models.synthesis.generators import Pixels, noise_pictures
    >>> generator = Pixels(noise_pictures([0, 1], 8))
    >>> red = optimise(generator, lambda pictures: pictures[:, 0].mean(dim=(1, 2)), SynthesisSettings(n_steps=99))
    >>> red.values.round(2).tolist()
    [1.0, 1.0]
    """
    parameters = list(generator.parameters())
    optimiser = _optimiser(settings, parameters)
    key = synthesis_key(settings, parameters)
    history = np.empty((0, len(parameters[0])), np.float32)
    if state is not None and state.exists():
        history = resumed(state, key, parameters, optimiser)
    values = list(history)
    steps = range(len(values), settings.n_steps)
    for number in tqdm(steps, desc=name, initial=len(values), total=settings.n_steps, delay=2, disable=None):
        optimiser.zero_grad()
        shown = seen(generator(), settings, number)
        value = _checked(objective(shown), len(shown), number)
        penalty = settings.total_variation * total_variation(shown) if settings.total_variation else 0.0
        (value - penalty).sum().backward()
        _check_gradients(parameters, number)
        if settings.optimiser == "normalised":
            _normalise(parameters)
        for group in optimiser.param_groups:
            group["lr"] = settings.step_at(number)
        optimiser.step()
        generator.constrain()
        values.append(value.detach().cpu().numpy())
        if state is not None and ((number + 1) % SAVED_EVERY == 0 or number + 1 == settings.n_steps):
            save(state, key, parameters, optimiser, np.stack(values))
    with torch.no_grad():
        made = generator()
        at_end = objective(made).float().cpu().numpy()
    return Synthesised(made.detach().float().cpu().numpy(), at_end, np.stack(values).astype(np.float32))


def _optimiser(settings: SynthesisSettings, parameters: list[torch.nn.Parameter]) -> torch.optim.Optimizer:
    kind = torch.optim.Adam if settings.optimiser == "adam" else torch.optim.SGD
    return kind(parameters, lr=settings.step, maximize=True)


def _checked(value: torch.Tensor, n: int, number: int) -> torch.Tensor:
    if value.shape != (n,):
        raise ShapeError(f"objective: expected a value for each of the {n}, ({n},), got {tuple(value.shape)}")
    if not value.requires_grad:
        raise InputError(
            "objective: its values have no gradients; expected a function of torch operations alone, such as of "
            "`picture_head`, outside of torch.no_grad and torch.inference_mode"
        )
    if not bool(value.isfinite().all()):
        which = int((~value.isfinite()).nonzero()[0])
        raise NonFiniteError(f"objective: {value[which].item()} for number {which} in step {number}; expected finite")
    return value


def _check_gradients(parameters: list[torch.nn.Parameter], number: int) -> None:
    for parameter in parameters:
        if parameter.grad is not None and not bool(parameter.grad.isfinite().all()):
            which = int((~parameter.grad.flatten(1).isfinite().all(dim=1)).nonzero()[0])
            raise NonFiniteError(
                f"objective: its gradient for number {which} is not finite in step {number}, such as that of a "
                "distance of exactly 0; begin elsewhere"
            )


def _normalise(parameters: list[torch.nn.Parameter]) -> None:
    """Scale gradients to length 1, over all parameters of each row."""
    gradients = [parameter.grad for parameter in parameters if parameter.grad is not None]
    length = torch.stack([gradient.flatten(1).square().sum(dim=1) for gradient in gradients]).sum(dim=0).sqrt()
    for gradient in gradients:
        gradient.div_(length.clamp(min=1e-30).reshape(-1, *[1] * (gradient.ndim - 1)))
