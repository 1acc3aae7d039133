"""The check that a damaged folder is refused with an error that says so, never with a crash."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from eobench.data import HEADER_FILE, EobenchError, SampleFolder, fingerprint
from eobench.plugin import Places, make_dataset
from eobench.testing._checks import CheckFailed
from eobench.testing._dataset_identity import linked_copy
from eobench.testing._dataset_subject import DATASET, DatasetSubject

Damage = tuple[str, Callable[[Path], None]]
_KEPT_BYTES = 1 << 20


@DATASET.check
def damaged_folders_are_refused(data: DatasetSubject) -> None:
    """A truncated, missing, foreign or falsely described file is told as an error, never a crash or a result."""
    folder = data.opened
    whole = fingerprint(folder.path, data.places("first").cache)
    accepted, crashed = [], []
    for number, (what, harm) in enumerate(_damages(folder)):
        root = data.scratch / f"damaged {number}"
        harm(_copy(data, folder, root))
        try:
            found = _use(data, root)
        except EobenchError:
            continue
        except Exception as error:
            crashed.append(f"{what}: {type(error).__name__}: {error}")
            continue
        if found != whole:  # where the plugin made the folder anew, all is well
            accepted.append(what)
    if crashed or accepted:
        parts = [f"crashes with {c}" for c in crashed] + [f"accepts {a}" for a in accepted]
        raise CheckFailed(f"of {number + 1} damaged copies it " + "; it ".join(parts) + ": raise DataError")
    data.note(f"{number + 1} kinds of damage")


def _copy(data: DatasetSubject, folder: SampleFolder, root: Path) -> Path:
    """Copy the folder to where the data set will look for it when `root` is data root and cache."""
    base = data.places("first").cache if data.prepared else data.data
    if base is None or base.resolve() not in folder.path.resolve().parents:
        raise CheckFailed(
            "the folder lies outside the place that the data set was given (see card-and-folder-agree)"
        )
    return linked_copy(folder.path, root / folder.path.resolve().relative_to(base.resolve()))


def _use(data: DatasetSubject, root: Path) -> str:
    """Do what a run does: prepare, open, check and hash."""
    places = Places(data.data, root) if data.prepared else Places(root, root / "cache")
    path = make_dataset(data.card, data.params, places).folder()
    return fingerprint(path, root / "hashes")


def _damages(folder: SampleFolder) -> Iterator[Damage]:
    header = folder.header
    for name in header.files():
        yield f"{name} cut short", _rewrite(name, lambda old: old[: min(len(old) // 2, _KEPT_BYTES)])
        yield f"{name} missing", lambda tree, name=name: (tree / name).unlink()  # type: ignore[misc]
        yield f"{name} of another kind", _rewrite(name, lambda _: b"\x00\x01not what it was" * 64)
    arrays = [name for name in header.files() if name.endswith(".npy")]
    for name in arrays[:1]:
        yield f"{name} with one value", _rewrite(name, lambda _: _npy(np.zeros(1, np.uint64)))
        yield f"{name} with Python objects", _rewrite(name, lambda _: _pickled())
    yield f"{HEADER_FILE} cut short", _rewrite(HEADER_FILE, lambda old: old[: len(old) // 2])
    yield f"{HEADER_FILE} empty", _rewrite(HEADER_FILE, lambda _: b"")
    yield f"{HEADER_FILE} with a list", _rewrite(HEADER_FILE, lambda _: b"[]")
    for key in ("format", "classes", "modalities", "splits", "default_split"):
        yield f"{HEADER_FILE} without {key!r}", _header(lambda told, key=key: told.pop(key))  # type: ignore[misc]
    yield f"{HEADER_FILE} of another format", _header(lambda told: told.update(format="other-folder/7"))
    yield f"{HEADER_FILE} with one sample more", _header(_one_more)
    yield (
        f"{HEADER_FILE} with an unknown default split",
        _header(lambda told: told.update(default_split="none such")),
    )
    labels = folder.labels()
    if labels.size and labels.max() == len(header.classes) - 1 > 0:
        yield f"{HEADER_FILE} without the last class", _header(lambda told: told["classes"].pop())


def _one_more(told: dict[str, Any]) -> None:
    for modality in told["modalities"].values():
        modality["shape"][0] += 1


def _rewrite(name: str, change: Callable[[bytes], bytes]) -> Callable[[Path], None]:
    def harm(tree: Path) -> None:
        file = tree / name
        with file.open("rb") as stream:
            old = stream.read(2 * _KEPT_BYTES)
        file.unlink()  # it may be a link to the real one
        file.write_bytes(change(old))

    return harm


def _header(change: Callable[[dict[str, Any]], object]) -> Callable[[Path], None]:
    def harm(tree: Path) -> None:
        told = json.loads((tree / HEADER_FILE).read_text(encoding="utf-8"))
        change(told)
        (tree / HEADER_FILE).unlink()
        (tree / HEADER_FILE).write_text(json.dumps(told), encoding="utf-8")

    return harm


def _npy(values: np.ndarray[Any, Any]) -> bytes:
    stream = io.BytesIO()
    np.save(stream, values, allow_pickle=False)
    return stream.getvalue()


def _pickled() -> bytes:
    """What `np.save` writes for an array of objects; the readers must never load it."""
    stream = io.BytesIO()
    np.save(stream, np.array([{"a": 1}], object), allow_pickle=True)
    return stream.getvalue()
