"""The base model under check, and how its networks are built, seeded and trained a few steps."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from eobench.data import EobenchError
from eobench.plugin import BaseModel, BaseModelCard, PluginError, Registry, Selector, Value
from eobench.testing._checks import CheckFailed, Contract, NotApplicable

if TYPE_CHECKING:
    import torch

SHAPES: Final[Mapping[str, tuple[tuple[int, ...], ...]]] = {
    "series": ((4, 12), (10, 36), (1, 12), (3, 1), (1, 1), (2, 2), (5, 100)),
    "image": ((3, 32, 32), (7, 64, 64), (1, 32, 32), (4, 32, 48), (3, 33, 47), (3, 8, 8), (3, 1, 1)),
    "image-series": ((4, 3, 32, 32), (6, 1, 16, 16), (2, 7, 32, 48), (1, 3, 32, 32)),
}
"""Shapes of one sample by input kind, the ordinary one first, which no family may refuse."""
SMALLEST_CLASSES: Final = 2
DEFAULT_RATE: Final = 1e-3


class BaseModelSubject:
    """A base model with its configuration.

    Args:
        selector: `name[option=value]`.
        registry: that has its card.
        scratch: an empty folder.

    Raises:
        EobenchError: an unknown name or option, or a class that is no `BaseModel`.
    """

    def __init__(self, selector: str, registry: Registry, scratch: Path) -> None:
        parsed = Selector.parse(selector)
        self.card: BaseModelCard = registry.base_models[parsed.name]
        self.params: dict[str, Value] = self.card.resolve(parsed.params)
        self.scratch = scratch
        self.notes: list[str] = []

    def note(self, text: str) -> None:
        """Leave a note on the outcome of the running check."""
        self.notes.append(text)

    @property
    def shape(self) -> tuple[int, ...]:
        """The ordinary shape of one sample."""
        return SHAPES[self.card.takes][0]

    def make(self, params: Mapping[str, Value] | None = None) -> BaseModel:
        """Return the family with its options, or others.

        Raises:
            PluginError: the card's `load` names no `BaseModel`.
        """
        kind = self.card.load_object()
        if not (isinstance(kind, type) and issubclass(kind, BaseModel)):
            raise PluginError(
                f"{self.card.name}: {self.card.load!r} is not a subclass of eobench.plugin.BaseModel"
            )
        made: BaseModel = kind(dict(self.params if params is None else params))
        return made

    def build(
        self,
        shape: tuple[int, ...] | None = None,
        outputs: int = 3,
        *,
        seed: int = 0,
        params: Mapping[str, Value] | None = None,
    ) -> torch.nn.Module:
        """Return a fresh network, its weights drawn from a seed; torch's global random state is put back.

        Raises:
            CheckFailed: it is no network.
        """
        import torch

        model = self.make(params)
        with seeded(seed):
            network = model.build(self.shape if shape is None else shape, outputs)
        if not isinstance(network, torch.nn.Module):
            raise CheckFailed(f"build() returned {type(network).__name__}; it must return a torch.nn.Module")
        return network

    def shapes(self) -> Iterator[tuple[tuple[int, ...], int]]:
        """Yield shapes and numbers of outputs that the family takes; clear refusals are noted.

        Raises:
            NotApplicable: the card's kind of input is not known to the suite.
        """
        known = SHAPES.get(self.card.takes)
        if known is None:
            raise NotApplicable(f"the suite has no shapes for inputs of kind {self.card.takes!r}")
        for place, shape in enumerate(known):
            outputs = (3, SMALLEST_CLASSES, 17)[place % 3]
            try:
                network = self.build(shape, outputs)
                with quiet():
                    network.eval()(batch(shape, 2))
            except EobenchError as error:
                if place == 0:
                    raise CheckFailed(f"the ordinary shape {shape} is refused: {error}") from error
                self.note(f"shape {shape} is refused: {error}")
                continue
            yield shape, outputs

    def rate(self, params: Mapping[str, Value] | None = None) -> float:
        """Return the learning rate that a training method would use."""
        value = (self.params if params is None else params).get("lr")
        return float(value) if isinstance(value, int | float) and value else DEFAULT_RATE


@contextlib.contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Draw from a seed within; torch's global random state is put back."""
    import torch

    kept = torch.get_rng_state()
    torch.manual_seed(seed)
    try:
        yield
    finally:
        torch.set_rng_state(kept)


@contextlib.contextmanager
def one_thread() -> Iterator[None]:
    """Compute on one thread within: small networks gain nothing from more, and others may be at work."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Compute without gradients."""
    import torch

    with torch.no_grad():
        yield


def batch(shape: tuple[int, ...], count: int = 4, *, seed: int = 1) -> torch.Tensor:
    """Return (count, *shape) random float32 values of order one."""
    import torch

    return torch.randn(count, *shape, generator=torch.Generator().manual_seed(seed))


def task(
    card: BaseModelCard, shape: tuple[int, ...], count: int, classes: int
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return inputs (count, *shape) and classes (count,) or maps (count, h, w) that a level tells apart."""
    import torch

    x = 0.3 * batch(shape, count, seed=3)
    if card.gives == "map":
        height, width = shape[-2:]
        y = (torch.arange(height * width).reshape(height, width) * classes // (height * width)).repeat(count, 1, 1)
        return x + y.reshape(count, *(1,) * (len(shape) - 2), height, width) * 2.0, y
    y = torch.arange(count) % classes
    return x + 2.0 * y.reshape(count, *(1,) * len(shape)), y


def loss_of(logits: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """Return the cross-entropy; maps of classes are resized to the logits' size."""
    from torch.nn import functional

    if logits.ndim == 4 and y.shape[1:] != logits.shape[2:]:
        resized = functional.interpolate(y[:, None].float(), size=logits.shape[2:], mode="nearest")
        y = resized[:, 0].long()
    return functional.cross_entropy(logits, y)


class Trainer:
    """Adam by hand: `torch.optim` imports torch's compiler when an optimiser is made, which takes seconds.

    Args:
        network: to be trained.
        lr: learning rate.
    """

    def __init__(self, network: torch.nn.Module, lr: float) -> None:
        import torch

        self._network, self._lr, self._step = network.train(), lr, 0
        self._parameters = [p for p in network.parameters() if p.requires_grad]
        self._means = [torch.zeros_like(p) for p in self._parameters]
        self._squares = [torch.zeros_like(p) for p in self._parameters]

    def step(self, x: torch.Tensor, y: torch.Tensor) -> float:
        """Train one step and return the loss before it."""
        loss = loss_of(self._network(x), y)
        self._network.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        self._step += 1
        first, second = 1 - 0.9**self._step, 1 - 0.999**self._step
        with quiet():
            for parameter, mean, square in zip(self._parameters, self._means, self._squares, strict=True):
                if parameter.grad is not None:
                    mean.lerp_(parameter.grad, 0.1)
                    square.mul_(0.999).addcmul_(parameter.grad, parameter.grad, value=0.001)
                    parameter.addcdiv_(mean / first, (square / second).sqrt_().add_(1e-8), value=-self._lr)
        return float(loss.detach())


def close(one: Any, other: Any) -> bool:
    """True where two tensors hold the same numbers but for rounding."""
    import torch

    return one.shape == other.shape and bool(torch.allclose(one, other, rtol=1e-3, atol=1e-4))


BASE_MODEL: Final[Contract[BaseModelSubject]] = Contract()
