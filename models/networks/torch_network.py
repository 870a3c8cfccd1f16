"""Any torch module as a network: its layers are the named parts at which it can be cut in two."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
import torch
from torch import fx, nn

from ...errors import InputError, ShapeError, UnknownNameError
from ..files import sha256_of
from .network import Network
from .torch_cut import head, is_cut, lay_out, tail
from .torch_head import LayerHead, LayerHeads
from .torch_trace import trace


class TorchNetwork(Network):
    """A torch module opened at its layers.

    Parameters
    ----------
    module : nn.Module
        Takes one float32 or integer tensor and gives one tensor (n_stimuli, n_outputs), or a structure that contains
        exactly one. It is put into evaluation mode; its weights stay as they are.
    example : Tensor or ndarray (n_stimuli, ...)
        One or more prepared stimuli, as the module takes them; they give the shapes.
    layers : sequence of str, optional
        Dotted names of the module's parts; by default all at which it can be cut.
    name : str, optional
        By default the name of the module's class.
    prepare : callable, optional
        Turns a batch of stimuli into what the module takes. By default stimuli need no preparation.
    labels : sequence of str, optional
        Names of the outputs.

    Attributes
    ----------
    traced : TracedModule
        The module as a graph.
    example_input : Tensor (n_stimuli, ...)
        One or more prepared stimuli.
    device : torch.device
        Where it computes.

    Raises
    ------
    InputError
        The module cannot be traced, or cannot be cut at one of the `layers`.
    UnknownNameError
        The module has no part of that name.

    Examples
    --------
    >>> module = nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 2))
    >>> network = TorchNetwork(module, example=torch.zeros(1, 4))
    >>> network.layers
    {'0': (3,), '1': (3,), '2': (2,)}
    >>> stimuli = np.ones((5, 4), np.float32)
    >>> recorded = network.activations(stimuli, ["1"])["1"]
    >>> np.array_equal(network.resume("1", recorded), network.outputs(stimuli))
    True
    """

    def __init__(
        self,
        module: nn.Module,
        example: torch.Tensor | np.ndarray,
        *,
        layers: Sequence[str] | None = None,
        name: str | None = None,
        prepare: Callable[[Any], torch.Tensor | np.ndarray] | None = None,
        labels: Sequence[str] | None = None,
    ) -> None:
        self.name = name or type(module).__name__
        self.labels = None if labels is None else tuple(labels)
        self._prepare = prepare
        weight = next(module.parameters(), None)
        self.device = torch.device("cpu") if weight is None else weight.device
        self.example_input = _tensor(example).to(self.device)
        self._open(module, layers)

    def _open(self, module: nn.Module, layers: Sequence[str] | None) -> None:
        self._module = module.eval()
        self.traced = trace(module, self.example_input)
        self._heads: dict[tuple[str, ...], fx.GraphModule] = {}
        self._tails: dict[str, fx.GraphModule] = {}
        cuts = {name: node for name, node in self.traced.parts.items() if is_cut(self.traced, node)}
        self.layers = {name: self.traced.forms[node].shape for name, node in cuts.items()}
        if layers is not None:
            for layer in layers:
                self.shape_of(layer)
            self.layers = {name: shape for name, shape in self.layers.items() if name in layers}
        if not self.layers:
            raise InputError(f"module: {self.name} can be cut at none of its parts: {self.traced.refused}")

    def shape_of(self, layer: str) -> tuple[int, ...]:
        """Shape of one stimulus's activation of `layer`; the error for a part that is not a layer says why."""
        if layer in self.layers:
            return self.layers[layer]
        if layer in self.traced.refused:
            reason = self.traced.refused[layer]
        elif layer in self.traced.parts and not is_cut(self.traced, self.traced.parts[layer]):
            reason = "the output also depends on something that bypasses it"
        else:
            raise UnknownNameError("layer", layer, self.layers)
        raise InputError(
            f"layer: {self.name} cannot be cut at {layer!r}: {reason}. It can at: {', '.join(self.layers)}"
        )

    def tail(self, layer: str) -> fx.GraphModule:
        """Return what follows a layer as a module, from activations to outputs, which shares this network's weights."""
        self.shape_of(layer)
        if layer not in self._tails:
            self._tails[layer] = tail(self.traced, self.traced.parts[layer])
        return self._tails[layer]

    def head(self, layer: str, *, surrogate: bool = False) -> LayerHead:
        """Return what comes up to a layer as a module, from prepared stimuli to activations, with gradients.

        Parameters
        ----------
        layer : str
        surrogate : bool
            Where the layer ends in a ReLU (or ReLU6, or a clamp), gradients pass it as if it did nothing: units that
            are silent can be changed, too (Feather et al. 2019, Metamers of neural networks. NeurIPS).

        Returns
        -------
        LayerHead
            It shares this network's weights, which get no gradients.

        Examples
        --------
        >>> network = TorchNetwork(nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 2)), torch.zeros(1, 4))
        >>> stimuli = torch.ones(5, 4, requires_grad=True)
        >>> network.head("1")(stimuli).sum().backward()
        >>> stimuli.grad.shape
        torch.Size([5, 4])
        """
        self.shape_of(layer)
        return LayerHead(self.traced, self.traced.parts[layer], self.device, surrogate=surrogate)

    def heads(self, layers: Sequence[str], *, surrogate: bool = False) -> LayerHeads:
        """Return what comes up to several layers as one module, whose activations are a tuple; see `head`."""
        for layer in layers:
            self.shape_of(layer)
        return LayerHeads(self.traced, [self.traced.parts[layer] for layer in layers], self.device, surrogate=surrogate)

    def example_activation(self, layer: str) -> torch.Tensor:
        """Return zeros in the form of one activation, (1, ...), as `tail` takes it."""
        return self._laid_out(layer, torch.zeros(1, *self.shape_of(layer)))

    def untrained(self, seed: int = 0) -> TorchNetwork:
        """Return the same network with random weights, as a control.

        Each part that has an initialisation of its own (``reset_parameters``) starts from that, with its running
        statistics. Other parts' weights are shuffled, each tensor within itself.
        """
        network = self._copy_as(f"{self.name}-untrained-{seed}")
        module = copy.deepcopy(self._module)
        _initialise(module, seed, self.device)
        network._open(module, list(self.layers))
        return network

    def settings(self) -> dict[str, Any]:
        """Return the graph, and how stimuli are prepared."""
        return {"graph": sha256_of(str(self.traced.root)), "prepare": self._prepare}

    @torch.inference_mode()
    def _record(self, stimuli: Any, layers: tuple[str, ...]) -> list[np.ndarray]:
        if layers not in self._heads:
            self._heads[layers] = head(self.traced, [self.traced.parts[layer] for layer in layers])
        return [value.cpu().numpy() for value in self._heads[layers](self._prepared(stimuli))]

    @torch.inference_mode()
    def _resume(self, layer: str, activations: np.ndarray) -> np.ndarray:
        return self.tail(layer)(self._laid_out(layer, torch.from_numpy(activations))).cpu().numpy()

    @torch.inference_mode()
    def _forward(self, stimuli: Any) -> np.ndarray:
        return self.traced.root(self._prepared(stimuli)).cpu().numpy()

    def _weights(self) -> Iterable[tuple[str, np.ndarray]]:
        for name, weight in self._module.state_dict().items():
            bits = weight.detach().cpu().contiguous()
            # numpy has no bfloat16: take the bytes of any type
            yield f"{name} {weight.dtype} {tuple(weight.shape)}", bits.reshape(-1).view(torch.uint8).numpy()

    def _laid_out(self, layer: str, activations: torch.Tensor) -> torch.Tensor:
        return lay_out(activations, self.traced.forms[self.traced.parts[layer]], self.device)

    def _prepared(self, stimuli: Any) -> torch.Tensor:
        batch = _tensor(np.asarray(stimuli) if self._prepare is None else self._prepare(stimuli))
        expected = self.example_input
        if not torch.can_cast(batch.dtype, expected.dtype):
            raise InputError(f"stimuli: {self.name} takes {expected.dtype}, got {batch.dtype}")
        if batch.shape[1:] != expected.shape[1:]:
            row = ", ".join(map(str, expected.shape[1:]))
            raise ShapeError(f"stimuli: {self.name} takes (n_stimuli, {row}), got {tuple(batch.shape)}")
        return batch.to(self.device, expected.dtype)


def _tensor(array: torch.Tensor | np.ndarray) -> torch.Tensor:
    tensor = torch.tensor(array) if isinstance(array, np.ndarray) else array
    return tensor.float() if tensor.is_floating_point() else tensor


def _initialise(module: nn.Module, seed: int, device: torch.device) -> None:
    with torch.random.fork_rng([] if device.type == "cpu" else [device]), torch.no_grad():
        torch.manual_seed(seed)
        for part in reversed(list(module.modules())):  # the whole after its parts: its own initialisation wins
            reset = getattr(part, "reset_parameters", None) or getattr(part, "_reset_parameters", None)
            if reset is not None:
                reset()
                continue
            for weight in part.parameters(recurse=False):
                order = torch.randperm(weight.numel()).to(device)
                weight.copy_(weight.flatten()[order].view_as(weight))
