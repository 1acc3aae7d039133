"""What lies around a check and must stay as it is: the network, global state."""

from __future__ import annotations

import contextlib
import os
import random
import socket
import sys
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from eobench.testing._checks import CheckFailed


class NetworkUsed(OSError):  # noqa: N818
    """Raised at whoever asks for the network within `without_network`."""


@contextlib.contextmanager
def without_network() -> Iterator[None]:
    """No connection leaves this process: asking for one fails as it does on a machine that has no network."""

    def refuse(*_: object, **__: object) -> Any:
        raise NetworkUsed("the network was asked for; checks run without it")

    def connect(own: Callable[..., Any]) -> Callable[..., Any]:
        def guarded(self: socket.socket, address: Any) -> Any:
            return own(self, address) if self.family == socket.AF_UNIX else refuse()

        return guarded

    kept = socket.socket.connect, socket.socket.connect_ex, socket.create_connection, socket.getaddrinfo
    patched: Any = socket
    patched.socket.connect, patched.socket.connect_ex = connect(kept[0]), connect(kept[1])
    patched.create_connection = patched.getaddrinfo = refuse
    try:
        yield
    finally:
        patched.socket.connect, patched.socket.connect_ex = kept[:2]
        patched.create_connection, patched.getaddrinfo = kept[2:]


@contextlib.contextmanager
def kept_state() -> Iterator[None]:
    """Put the process's state back afterwards, so that what one check finds does not hide from another."""
    before = process_state()
    try:
        yield
    finally:
        restore_state(before)


def require_global_state_kept(act: Callable[[], object], *, draws: bool = False) -> None:
    """Run `act` and see that it leaves the process as it was.

    A library that is imported for the first time may change a setting, which is not the plugin's doing: what
    changed is put back and must change a second time to count.

    Args:
        act: what the plugin does.
        draws: torch's global random state may move (a network's weights are drawn from it).

    Raises:
        CheckFailed: naming what was changed.
    """
    first = _changed_by(act, draws)
    changed = first and _changed_by(act, draws)
    if changed:
        raise CheckFailed(
            f"it changes {' and '.join(changed)} of the process that runs it: other methods run in the same "
            f"process; put it back, or draw from a generator of its own"
        )


def _changed_by(act: Callable[[], object], draws: bool) -> list[str]:
    before = process_state()
    try:
        act()
        after = process_state()
    finally:
        restore_state(before)
    passed_over = {"torch's random state"} if draws else set()
    return [name for name, value in before.items() if name not in passed_over and not _same(value, after[name])]


def process_state() -> dict[str, Any]:
    """Return the settings and random states of this process that a plugin must leave alone, by readable name."""
    state: dict[str, Any] = {
        "Python's random state": random.getstate(),
        "NumPy's random state": np.random.get_state(legacy=False),  # noqa: NPY002  others' code draws from it
        "the working folder": os.getcwd(),  # noqa: PTH109
        "the environment variables": dict(os.environ),
        "the warning filters": list(warnings.filters),
        "NumPy's error handling": np.geterr(),
    }
    torch = sys.modules.get("torch")
    if torch is not None:
        state |= {
            "torch's random state": torch.get_rng_state().numpy().tobytes(),
            "torch's threads": torch.get_num_threads(),
            "torch's default type": torch.get_default_dtype(),
            "torch's gradient mode": torch.is_grad_enabled(),
            "torch's deterministic mode": torch.are_deterministic_algorithms_enabled(),
        }
    return state


def restore_state(state: dict[str, Any]) -> None:
    """Put back what `process_state` returned."""
    random.setstate(state["Python's random state"])
    np.random.set_state(state["NumPy's random state"])  # noqa: NPY002
    os.chdir(state["the working folder"])
    os.environ.clear()
    os.environ.update(state["the environment variables"])
    warnings.filters[:] = state["the warning filters"]  # type: ignore[index]
    np.seterr(**state["NumPy's error handling"])
    torch = sys.modules.get("torch")
    if torch is not None and "torch's threads" in state:
        torch.set_rng_state(torch.from_numpy(np.frombuffer(state["torch's random state"], np.uint8).copy()))
        torch.set_num_threads(state["torch's threads"])
        torch.set_default_dtype(state["torch's default type"])
        torch.set_grad_enabled(state["torch's gradient mode"])
        wanted = state["torch's deterministic mode"]
        if torch.are_deterministic_algorithms_enabled() != wanted:  # the call itself imports torch's compiler
            torch.use_deterministic_algorithms(wanted)


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_same(value, other[key]) for key, value in one.items())
    if isinstance(one, np.ndarray):
        return bool(np.array_equal(one, other))
    return bool(one == other)
