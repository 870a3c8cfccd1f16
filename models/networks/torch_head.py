"""What comes up to a layer of a traced module, with gradients from the activation to the input."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import fx, nn

from .torch_cut import TracedModule, head


class LayerHeads(nn.Module):
    """From prepared stimuli (n_stimuli, ...) to the activations of several layers, in one pass.

    It has no parameters of its own: the weights are the network's, and get no gradients. It computes where they are.
    """

    def __init__(
        self, traced: TracedModule, nodes: Sequence[fx.Node], device: torch.device, *, surrogate: bool = False
    ) -> None:
        super().__init__()
        self._device = device
        self._bounds = [rectifier(traced, node) if surrogate else None for node in nodes]
        ends = [
            node if bounds is None else node.all_input_nodes[0]
            for node, bounds in zip(nodes, self._bounds, strict=True)
        ]
        several = list(dict.fromkeys(ends))
        self._order = [several.index(end) for end in ends]
        graph = head(traced, several)
        frozen = {name: weight.detach() for name, weight in graph.named_parameters()}
        # A closure, so that nobody trains, moves or puts into training mode what belongs to the network.
        self._compute: Callable[[torch.Tensor], Any] = lambda prepared: torch.func.functional_call(
            graph, frozen, (prepared,)
        )

    def forward(self, prepared: torch.Tensor) -> tuple[torch.Tensor, ...]:
        # A copy, since a module may work in place on its input.
        several = self._compute(prepared.to(self._device).clone())
        return tuple(
            several[i] if bounds is None else _Passed.apply(several[i], *bounds)
            for i, bounds in zip(self._order, self._bounds, strict=True)
        )


class LayerHead(LayerHeads):
    """From prepared stimuli (n_stimuli, ...) to a layer's activations."""

    def __init__(self, traced: TracedModule, node: fx.Node, device: torch.device, *, surrogate: bool = False) -> None:
        super().__init__(traced, [node], device, surrogate=surrogate)

    def forward(self, prepared: torch.Tensor) -> torch.Tensor:  # type: ignore[override]
        return super().forward(prepared)[0]


class _Passed(torch.autograd.Function):
    """Clamp values; gradients pass unchanged."""

    @staticmethod
    def forward(ctx: Any, values: torch.Tensor, low: float, high: float) -> torch.Tensor:
        return values.clamp(low, high)

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> Any:
        return gradients[0], None, None


def rectifier(traced: TracedModule, node: fx.Node) -> tuple[float, float] | None:
    """The bounds to which a node clamps its input, such as (0, 6) for ReLU6; None where it does something else."""
    if node.op == "call_module":
        module = traced.root.get_submodule(str(node.target))
        if isinstance(module, nn.Hardtanh):  # ReLU6 is one
            return module.min_val, module.max_val
        return (0.0, math.inf) if isinstance(module, nn.ReLU) else None
    name = str(getattr(node.target, "__name__", node.target)).removesuffix(".default").rstrip("_")
    if name in ("relu", "relu6"):
        return 0.0, 6.0 if name == "relu6" else math.inf
    if name not in ("hardtanh", "clamp", "clip") or len(node.all_input_nodes) > 1:  # or with computed bounds
        return None
    named = {"max" if name.startswith("max") else "min": value for name, value in node.kwargs.items()}
    given = dict(zip(("input", "min", "max"), node.args, strict=False)) | named
    none = (-1.0, 1.0) if name == "hardtanh" else (-math.inf, math.inf)
    low, high = (of if given.get(end) is None else given[end] for end, of in zip(("min", "max"), none, strict=True))
    return float(low), float(high)  # type: ignore[arg-type]
