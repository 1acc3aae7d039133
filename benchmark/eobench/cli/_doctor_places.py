"""Probes of `eobench doctor`: data, cache, tracking, plugins."""

from __future__ import annotations

import fcntl
import os
import shutil
import sqlite3
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from eobench.cli._doctor_run import Finding, World, ask_child

GIB = 1 << 30
PATIENCE = 5.0  # seconds, for a server that is away and for adding up files
SHOWN = 5


def data(world: World) -> Iterator[Finding]:
    """The data root, and the header of every folder in it."""
    root = world.data
    if root is None:
        advice = "--data FOLDER or EOBENCH_DATA names a folder of sample folders (docs/formats.md)"
        yield Finding("data root", "ok", "none is set: generated data sets only", advice)
        return
    if not root.is_dir():
        what = "is not a folder" if root.exists() else "does not exist"
        advice = "name an existing folder with --data or EOBENCH_DATA, or unset it"
        yield Finding("data root", "problem", f"{root} {what}", advice)
        return
    if (root / "dataset.json").exists():
        advice = f"name the folder above it: {root.parent}"
        yield Finding("data root", "problem", f"{root} is itself a sample folder", advice)
        return
    yield from _folders(root)


def _folders(root: Path) -> Iterator[Finding]:
    from eobench.data import HEADER_FILE, DataError, ForeignFormatError, read_header

    sound, foreign, damaged = 0, 0, []
    for folder in sorted(f for f in root.iterdir() if not f.name.startswith(".") and f.is_dir()):
        if not (folder / HEADER_FILE).exists():
            continue
        try:
            header = read_header(folder)
        except ForeignFormatError:
            foreign += 1
        except (DataError, OSError) as error:
            advice = f"mend {HEADER_FILE}, or move the folder away"
            damaged.append(Finding(folder.name, "problem", str(error), advice))
        else:
            lacking = [name for name in header.files() if not (folder / name).is_file()]
            if lacking:
                text = f"{folder}: {', '.join(lacking)} not there, but named in {HEADER_FILE}"
                damaged.append(Finding(folder.name, "problem", text, "copy the folder again"))
            else:
                sound += 1
    text = f"{root}: {sound} sample folder{'' if sound == 1 else 's'}"
    text += f", {len(damaged)} damaged" if damaged else ""
    text += f", {foreign} of another format" if foreign else ""
    if not sound and not damaged:
        yield Finding("data root", "warning", text, "is it the folder above your data sets?")
        return
    check = "headers only were read; `eobench data verify NAME` reads the rest"
    yield Finding("data root", "ok", f"{text} ({check})")
    yield from damaged


def cache(world: World) -> Iterator[Finding]:
    """Whether the cache can be written and locked, what is in it, and how much space is left."""
    folder = world.cache
    there = next(p for p in (folder, *folder.parents) if p.exists())
    advice = "make it writable, or choose another place with EOBENCH_CACHE"
    try:
        _write_and_lock(there)
    except OSError as error:
        where = folder if there == folder else f"{folder} ({there})"
        yield Finding("cache", "problem", f"{where} cannot be written: {error.strerror or error}", advice)
        return
    if there != folder:
        yield Finding("cache", "ok", f"{folder}: not there yet; the first run makes it")
    else:
        yield Finding("cache", "ok", f"{folder}: {_content(folder)}")
    usage = shutil.disk_usage(there)
    text = f"{usage.free / GIB:.1f} of {usage.total / GIB:.1f} GiB free"
    if usage.free < GIB:
        yield Finding("disk", "problem", text, "free some space, or set EOBENCH_CACHE to another disk")
    elif usage.free < 10 * GIB:
        yield Finding("disk", "warning", text, "generated data, predictions and artifacts may need more")
    else:
        yield Finding("disk", "ok", text)


def _write_and_lock(folder: Path) -> None:
    """Raises OSError; leaves nothing behind. Locks do not work on some network drives."""
    with tempfile.TemporaryFile(dir=folder) as file:
        file.write(b"\0")
        file.flush()
        fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)


def _content(folder: Path) -> str:
    end = time.monotonic() + PATIENCE
    sizes: dict[str, int] = {}
    for entry in os.scandir(folder):
        sizes[entry.name] = _size(Path(entry.path), end)
    if not sizes:
        return "empty"
    largest = sorted(sizes.items(), key=lambda item: -item[1])[:SHOWN]
    total = _bytes(sum(sizes.values())) + (" or more" if time.monotonic() > end else "")
    return f"{total} ({', '.join(f'{name} {_bytes(size)}' for name, size in largest)})"


def _size(path: Path, end: float) -> int:
    """Bytes of a file, or of all files below a folder; what was found until `end` where it takes longer."""
    if not path.is_dir() or path.is_symlink():
        return path.lstat().st_size
    size = 0
    for folder, _, names in os.walk(path):
        for name in names:
            try:
                size += os.lstat(os.path.join(folder, name)).st_size  # noqa: PTH118  ten times as fast
            except OSError:
                continue  # a run may be at work here
        if time.monotonic() > end:
            break
    return size


def _bytes(size: float) -> str:
    for unit in ("B", "kB", "MB", "GB"):
        if size < 1000 or unit == "GB":
            break
        size /= 1000
    return f"{size:.0f} {unit}" if unit == "B" or size >= 10 else f"{size:.1f} {unit}"


def tracking(world: World) -> Iterator[Finding]:
    """Whether the tracking server answers, and what waits to be sent."""
    from eobench.tracking import switched_off, tracking_uri

    if switched_off():
        yield Finding("tracking", "ok", "EOBENCH_TRACKING turns it off")
        return
    uri = tracking_uri(world.cache)
    if uri.startswith("sqlite:///"):
        yield _sqlite(uri, Path(uri.removeprefix("sqlite:///")))
    elif uri.startswith(("http://", "https://")):
        yield _http(uri)
    else:
        answer = ask_child("mlflow", [uri], seconds=30.0)
        yield Finding("tracking", "ok", f"{uri} answers") if not answer.ended else _away(uri, answer.ended)
    yield from _backlog(world.cache, uri)


def _away(uri: str, said: str) -> Finding:
    advice = (
        "runs go on, and the next one sends what is missing; mend MLFLOW_TRACKING_URI, start the server, or set "
        "EOBENCH_TRACKING=off"
    )
    return Finding("tracking", "warning", f"{uri} is not reachable: {said}", advice)


def _sqlite(uri: str, path: Path) -> Finding:
    if not path.exists():
        return Finding("tracking", "ok", f"{uri}: not there yet; the first run makes it")
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=PATIENCE)) as base:
            base.execute("select count(*) from sqlite_master").fetchone()
    except sqlite3.Error as error:
        advice = f"move {path} away: it is made again"
        return Finding("tracking", "warning", f"{uri} cannot be read: {error}", advice)
    if not os.access(path, os.W_OK):
        return Finding("tracking", "warning", f"{uri} cannot be written", f"make {path} writable")
    return Finding("tracking", "ok", f"{uri} can be read; look: mlflow ui --backend-store-uri {uri}")


def _http(uri: str) -> Finding:
    try:
        with urllib.request.urlopen(f"{uri.rstrip('/')}/health", timeout=PATIENCE):  # noqa: S310  http(s) only
            return Finding("tracking", "ok", f"{uri} answers")
    except urllib.error.HTTPError as error:
        if error.code in (401, 403):
            advice = "set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN"
            said = f"{uri} answers, and refuses: {error.code} {error.reason}"
            return Finding("tracking", "warning", said, advice)
        return _away(uri, f"its /health says {error.code} {error.reason}")
    except OSError as error:  # URLError and timeouts too
        return _away(uri, str(getattr(error, "reason", "") or error))


def _backlog(cache: Path, uri: str) -> Iterator[Finding]:
    from eobench.data import EobenchError
    from eobench.tracking import backlog

    runs = cache / "runs"
    waiting: dict[str, int] = {}
    for run in sorted(runs.iterdir()) if runs.is_dir() else ():
        try:
            waiting[run.name] = backlog(run, uri)
        except EobenchError as error:
            yield Finding(f"run {run.name}", "problem", str(error), "other runs are none the worse")
    waiting = {name: count for name, count in waiting.items() if count}
    if waiting:
        told = ", ".join(f"{name} {count}" for name, count in list(waiting.items())[:SHOWN])
        more = f" and {len(waiting) - SHOWN} more runs" if len(waiting) > SHOWN else ""
        text = f"{sum(waiting.values())} rows were not sent to this server: {told}{more}"
        yield Finding("backlog", "ok", text, "the next `eobench run` of the same task file sends them")


def plugins(world: World) -> Iterator[Finding]:
    """Every plugin, and what they give together."""
    root = str(world.data) if world.data is not None and world.data.is_dir() else ""
    answer = ask_child("plugins", [root, str(world.cache), *world.plugins])
    told = answer.values
    if "refused" in told:
        yield Finding("plugins", "problem", str(told["refused"]), "until then no command works")
        return
    if "plugins" not in told:
        advice = "uninstall the plugin that was installed last, or leave out --plugin"
        yield Finding("plugins", "problem", f"the process that imports them {answer.ended}", advice)
        return
    kinds = {kind.replace("_", " ").replace("datasets", "data sets"): n for kind, n in told["counts"].items()}
    counts = ", ".join(f"{n} {kind.removesuffix('s') if n == 1 else kind}" for kind, n in kinds.items())
    sound = [p["name"] for p in told["plugins"] if not p["broken"]]
    yield Finding("plugins", "ok", f"{len(sound)} loaded ({', '.join(sound)}): {counts}")
    for plugin in told["plugins"]:
        if plugin["broken"]:
            source = f"installed by {plugin['from']}" if plugin["from"] else "given with --plugin"
            name = (plugin["from"] or "").partition(" ")[0]
            advice = f"mend it, or pip uninstall {name}" if name else "mend it, or leave it out"
            text = f"plugin {source} (module {plugin['module']}) is broken and left out: {plugin['broken']}"
            yield Finding(plugin["name"], "problem", text, advice)
