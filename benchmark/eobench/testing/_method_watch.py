"""Watching what a method does with its run, its options and the process."""

from __future__ import annotations

import importlib
import logging
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import FrameType
from typing import Any

import numpy as np

from eobench.plugin import Method, RunContext, Value
from eobench.testing._checks import CheckFailed
from eobench.testing._surroundings import process_state, restore_state

PATIENCE = 120.0
"""Seconds after which `fit` on a hundred small samples, with few steps, is taken for endless."""


class WatchedRun(RunContext):
    """A run that remembers what it was asked.

    Attributes:
        drawn: names of the generators and numbers that were drawn.
        polls: how often `should_stop` was asked.
        polls_after: how often it was asked once it had said yes.
        stop_after: polls after which it says yes; None: as the deadline says.
    """

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        self.drawn: set[str] = set()
        self.polls = 0
        self.polls_after = 0
        self.stop_after: int | None = None

    def number(self, name: str) -> int:
        """As `RunContext.number`, remembered."""
        self.drawn.add(name)
        return super().number(name)

    def should_stop(self) -> bool:
        """As `RunContext.should_stop`, or after so many polls."""
        self.polls += 1
        if self.stop_after is None:
            return super().should_stop()
        self.polls_after += self.polls > self.stop_after
        return self.polls >= self.stop_after


class WatchedParams(dict[str, Value]):
    """Options that remember which of them were read. Reading them all at once counts for each."""

    def __init__(self, values: Mapping[str, Value], read: set[str]) -> None:
        super().__init__(values)
        self.read = read

    def __getitem__(self, name: str) -> Value:
        self.read.add(name)
        return super().__getitem__(name)

    def get(self, name: str, default: Any = None) -> Any:
        """As `dict.get`, remembered."""
        self.read.add(name)
        return super().get(name, default)

    def __iter__(self) -> Iterator[str]:
        """As a dict's; overridden so that copies are made through `keys` and `__getitem__`."""
        return super().__iter__()

    def items(self) -> Any:
        """As `dict.items`, remembered."""
        self.read.update(super().keys())
        return super().items()

    def values(self) -> Any:
        """As `dict.values`, remembered."""
        self.read.update(super().keys())
        return super().values()


def watched_class(kind: type[Method], read: set[str]) -> type[Method]:
    """Return a method's class whose `params` remember what is read, from the constructor on."""

    def get(self: Any) -> WatchedParams:
        return self.__dict__["_watched_params"]  # type: ignore[no-any-return]

    def put(self: Any, values: Mapping[str, Value]) -> None:
        self.__dict__["_watched_params"] = WatchedParams(values, read)

    return type(kind.__name__, (kind,), {"params": property(get, put), "__module__": kind.__module__})


@contextmanager
def kept_state() -> Iterator[None]:
    """Put the process's state back afterwards, so that one check's finding does not fail the others."""
    threadpoolctl = importlib.import_module("threadpoolctl")
    before, handled = process_state(), handlers()
    try:
        with threadpoolctl.threadpool_limits(1):  # more threads add numbers up in another order
            yield
    finally:
        restore_state(before)
        _put_back(handled)


def handlers() -> dict[str, object]:
    """Return what handles log records and signals of this process, by readable name."""
    root = logging.getLogger()
    found: dict[str, object] = {
        "the level of the root logger": root.level,
        "the handlers of the root logger": tuple(root.handlers),
        "logging.disable": logging.root.manager.disable,
    }
    for name in ("SIGINT", "SIGTERM", "SIGALRM"):
        number = getattr(signal, name, None)
        if number is not None:
            found[f"the handler of {name}"] = signal.getsignal(number)
    return found


def _put_back(before: dict[str, object]) -> None:
    now = handlers()
    root = logging.getLogger()
    root.setLevel(before["the level of the root logger"])  # type: ignore[arg-type]
    root.handlers[:] = before["the handlers of the root logger"]  # type: ignore[call-overload]
    logging.disable(before["logging.disable"])  # type: ignore[arg-type]
    for name, handler in before.items():
        if name.startswith("the handler of SIG") and now[name] != handler:
            signal.signal(getattr(signal, name.rpartition(" ")[2]), handler)  # type: ignore[arg-type]


@contextmanager
def own_seeds(module: str) -> Iterator[list[str]]:
    """Collect the places where code of a module's package makes a random generator other than the run's."""
    found: list[str] = []
    package = module.partition(".")[0]
    patched: list[tuple[Any, str, Any]] = []

    def watch(owner: Any, name: str, shown: str) -> None:
        own: Callable[..., Any] = getattr(owner, name)

        def watched(*args: Any, **named: Any) -> Any:
            caller = sys._getframe(1).f_globals.get("__name__", "")
            if caller.partition(".")[0] == package:
                found.append(shown)
            return own(*args, **named)

        patched.append((owner, name, own))
        setattr(owner, name, watched)

    watch(np.random, "default_rng", "numpy.random.default_rng")
    torch = sys.modules.get("torch")
    if torch is not None:
        watch(torch, "manual_seed", "torch.manual_seed")
    try:
        yield found
    finally:
        for owner, name, own in patched:
            setattr(owner, name, own)


@contextmanager
def patience(what: str) -> Iterator[None]:
    """Stop what takes far too long, where the platform can: in a main thread, with alarms."""
    if threading.current_thread() is not threading.main_thread() or not hasattr(signal, "setitimer"):
        yield
        return

    def ring(_: int, __: FrameType | None) -> None:
        raise CheckFailed(
            f"{what} did not end within {PATIENCE:g} s; keep the budget, and ask run.should_stop() in every loop"
        )

    kept = signal.signal(signal.SIGALRM, ring)
    waiting = signal.setitimer(signal.ITIMER_REAL, PATIENCE)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, *waiting)
        signal.signal(signal.SIGALRM, kept)
