"""Shared work: checkpoints of stages, computed once, stored as safetensors, read by every cell that needs them."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eobench.data import DataError
from eobench.plugin import Checkpoint, MethodCard, Places, PluginError
from eobench.run._stages import digest, relevant, stage_path
from eobench.tasks import Cell


def shared_work(
    cell: Cell, card: MethodCard, places: Places
) -> Callable[[str, Callable[[], Checkpoint]], Checkpoint]:
    """Return what `RunContext.stage` calls: one computation for all cells of one stage key.

    The key is the cell's identity without the fields that the card's `Pretraining.irrelevant` names, and the
    stage's name. Supervision stays in: which rows a view holds, and their order, may depend on it.
    """

    def compute_stage(name: str, compute: Callable[[], Checkpoint]) -> Checkpoint:
        path = stage_path(places, _key(name, cell, card))
        with locked(path.parent.with_name(f"{path.parent.name}.lock")):
            if not path.exists():
                store_checkpoint(path, compute(), card.name)
        return load_checkpoint(path)

    return compute_stage


def _key(name: str, cell: Cell, card: MethodCard) -> str:
    declared = card.pretraining.irrelevant if card.pretraining is not None else ()
    kept = ("supervision", "labels")
    return digest({"stage": name, **relevant(cell, card, [f for f in declared if f not in kept])})


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold a lock between processes; it goes with its holder, however that dies."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def store_checkpoint(path: Path, checkpoint: Any, owner: str) -> None:
    """Write a checkpoint as safetensors, whole or not at all.

    Raises:
        PluginError: it is no mapping of names to arrays.
    """
    from safetensors.numpy import save_file

    if not isinstance(checkpoint, Mapping) or not all(
        isinstance(k, str) and isinstance(v, np.ndarray) for k, v in checkpoint.items()
    ):
        raise PluginError(
            f"{owner}: a checkpoint must be a mapping of names to NumPy arrays, not {checkpoint!r:.80}"
        )
    # reshaped, as a contiguous copy of a number would be a row of one
    arrays: dict[str, NDArray[Any]] = {k: np.ascontiguousarray(v).reshape(v.shape) for k, v in checkpoint.items()}
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    try:
        save_file(arrays, temporary)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def load_checkpoint(path: Path) -> Checkpoint:
    """Return a stored checkpoint.

    Raises:
        DataError: it is absent or damaged; the message says which file to remove.
    """
    from safetensors.numpy import load_file

    try:
        return dict(load_file(path))
    except Exception as error:
        raise DataError(f"{path}: no checkpoint ({error}); remove the file to compute it again") from error
