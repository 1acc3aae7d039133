"""What stands behind a hash: the modules of a code closure, the files of a data set.

Kept under `<cache>/parts/<hash>.json` when a task file is planned, so that `eobench why` can name the module or
the file that changed since. It only explains: nothing is lost where it is not there.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path


def keep_parts(cache: Path, whole: str, parts: Callable[[], Mapping[str, str]]) -> None:
    """Store the parts of a hash (name -> hash of each) where they are not known yet; best effort."""
    path = _path(cache, whole)
    if path.exists():
        return
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
        temporary.write_text(json.dumps(dict(parts()), sort_keys=True, indent=0), encoding="utf-8")
        temporary.replace(path)


def read_parts(cache: Path, whole: str) -> dict[str, str]:
    """Return what `keep_parts` stored; empty where it is not known."""
    try:
        content = json.loads(_path(cache, whole).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return {str(k): str(v) for k, v in content.items()} if isinstance(content, dict) else {}


def _path(cache: Path, whole: str) -> Path:
    return cache / "parts" / f"{whole}.json"
