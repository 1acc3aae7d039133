"""Files that a predictor saved: data, never code."""

from __future__ import annotations

import pickletools
import zipfile
from pathlib import Path

import numpy as np

from eobench.testing._checks import CheckFailed

_SUFFIXES = (".pkl", ".pickle", ".joblib", ".dill", ".pt", ".pth", ".ckpt", ".bin")
_ADVICE = "unpickling runs code; write safetensors, JSON, npy without objects, or skops with an allow-list"


def refuse_pickles(folder: Path) -> None:
    """See that no file is a pickle, by its name or by its content.

    Raises:
        CheckFailed: naming the file.
    """
    for path in sorted(folder.rglob("*")):
        if not path.is_file():
            continue
        if path.suffix.lower() in _SUFFIXES or _is_pickle(path.read_bytes()):
            raise CheckFailed(f"save() wrote {path.name}, a pickle: {_ADVICE}")
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                for name in archive.namelist():
                    content = archive.read(name)
                    if Path(name).suffix.lower() in _SUFFIXES or _is_pickle(content) or _holds_objects(content):
                        raise CheckFailed(f"save() wrote {path.name}, whose {name} is a pickle: {_ADVICE}")
        elif _holds_objects(path.read_bytes()):
            raise CheckFailed(
                f"save() wrote {path.name}, an array of Python objects, stored as a pickle: {_ADVICE}"
            )


def _is_pickle(content: bytes) -> bool:
    """Pickles of protocol 2 and later begin with 0x80 and the protocol; their opcodes can be walked."""
    if len(content) < 3 or content[0] != 0x80 or not 2 <= content[1] <= 5:
        return False
    try:
        for _ in pickletools.genops(content):
            pass
    except Exception:
        return False
    return True


def _holds_objects(content: bytes) -> bool:
    """An .npy array of objects is a pickle behind its header."""
    magic = np.lib.format.MAGIC_PREFIX
    if not content.startswith(magic):
        return False
    return b"'descr': '|O'" in content[:256]
