"""The page: one HTML file that works without network, with figures in the reader's light or dark theme."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from eobench import __version__
from eobench.data import EobenchError, ModalityFiles, SampleFolder, unknown
from eobench.datasheet._bags import ENDS, bag_shares
from eobench.datasheet._classes import Labels, region_shares, split_counts, table_agreement
from eobench.datasheet._colours import class_colours
from eobench.datasheet._curves import HIGH, LOW, curves
from eobench.datasheet._dates import dates
from eobench.datasheet._pictures import images, pool_images, strips
from eobench.datasheet._pixels import labelled_pixels, pool_pixels
from eobench.datasheet._places import places


def write_page(folder: SampleFolder, out: Path, *, split: str | None = None, script: str | None = None) -> Path:
    """Write the page of a data set, whole or not at all.

    Args:
        folder: the data set.
        out: the HTML file; its parent is made.
        split: that is shown first; None: the default split.
        script: where the browser finds plotly.js; None: it stands in the page (4.5 MB).

    Returns:
        `out`.

    Raises:
        EobenchError: there is no such split, or the file cannot be written.
        DataError: a file of the folder is damaged.
    """
    page = render_page(folder, split=split, script=script)
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{out.name}.", dir=out.parent)
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(page)
        part = Path(name)
        part.chmod(0o644)
        part.replace(out)
    except OSError as error:
        raise EobenchError(f"{out}: cannot be written: {error.strerror or error}") from error
    return out


def render_page(folder: SampleFolder, *, split: str | None = None, script: str | None = None) -> str:
    """Return the page as `write_page` writes it. All texts are escaped: a folder may come from a stranger.

    Raises:
        EobenchError: there is no such split.
        DataError: a file of the folder is damaged.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined
    from markupsafe import Markup

    if split is not None and split not in folder.header.splits:
        raise EobenchError(f"{folder.header.name}: {unknown('split', split, folder.header.splits)}")
    page = Environment(
        loader=PackageLoader("eobench.datasheet", "page"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    context = _context(folder, split)
    plotly = None if script is not None else Markup(_plotly().read_text(encoding="utf-8"))  # noqa: S704 - our own
    return page.get_template("index.html.j2").render(**context, plotly=plotly, script=script)


def _plotly() -> Path:
    from importlib.util import find_spec

    spec = find_spec("plotly")
    if spec is None or spec.origin is None:
        raise EobenchError("plotly is not installed: the page's figures need it")
    return Path(spec.origin).parent / "package_data" / "plotly.min.js"


def _context(folder: SampleFolder, split: str | None) -> dict[str, Any]:
    header = folder.header
    labels = Labels(folder)
    splits = split_counts(folder, labels)
    drawn = _drawn(folder)
    return {
        "name": header.name,
        "title": header.title,
        "version": __version__,
        "facts": _facts(folder),
        "notes": _notes(folder),
        "quirks": [str(q) for q in _listed(header.meta.get("quirks"))],
        "modalities": [_modality(files) for files in header.modalities.values()],
        "splits": splits,
        "pools": drawn.pop("pools"),
        "chips": list(zip(header.classes, class_colours(len(header.classes)), strict=True)),
        "groups": [(g, len(np.unique(folder.column(g).astype(str)))) for g in header.groups],
        "flags": [(f, int(np.asarray(folder.column(f), np.bool_).sum())) for f in header.flags],
        "unlabelled": int((folder.labels() < 0).sum()) if header.targets is None else 0,
        "data": {
            "classes": list(header.classes),
            "colours": class_colours(len(header.classes)),
            "splits": splits,
            "split": split or header.default_split,
            "pixels": labels.pixels,
            "counted": len(labels.rows) if labels.sampled else None,
            "regions": region_shares(folder, labels),
            "tables": table_agreement(folder, labels),
            "bags": bag_shares(folder, labels),
            "whiskers": list(ENDS),
            "places": places(folder),
            "spread": [round(100 * LOW), round(100 * HIGH)],
            **drawn,
        },
    }


def _drawn(folder: SampleFolder) -> dict[str, Any]:
    """What is drawn of the arrays themselves, modality by modality."""
    header = folder.header
    made: dict[str, Any] = {"curves": [], "dates": [], "strips": [], "images": [], "pools": []}
    for name, files in header.modalities.items():
        modality = folder.modality(name)
        pixels = labelled_pixels(folder, name)
        made["curves"].append(curves(folder, files, modality, pixels))
        if modality.days.shape[-1] > 1:
            made["dates"].append(dates(folder, name))
        if modality.info.kind == "series":
            made["strips"].append(strips(modality, pixels))
        else:
            made["images"].append(images(folder, files))
    for name, files in header.pools.items():
        modality = folder.pool(name)
        shown = None if modality.info.kind == "series" else pool_images(modality, files)
        curve = curves(folder, files, modality, pool_pixels(modality))
        made["pools"].append(
            {**_modality(files, len(modality.values)), "name": name, "images": shown, "curves": curve}
        )
    return made


def _facts(folder: SampleFolder) -> list[tuple[str, str]]:
    header = folder.header
    kinds = {m.info.kind for m in header.modalities.values()}
    what = "pixel series" if kinds == {"series"} else "image series" if "image-series" in kinds else "images"
    return [
        (f"{header.samples:,}", what),
        (f"{len(header.classes)}", "classes"),
        (f"{len(header.splits)}", "splits" if len(header.splits) > 1 else "split"),
        (size_words(folder_bytes(folder)), "on disk"),
    ]


def folder_bytes(folder: SampleFolder) -> int:
    """Return the size of the files that the header names."""
    files = (folder.path / name for name in folder.header.files())
    return sum(file.stat().st_size for file in files if file.is_file())


def size_words(count: float) -> str:
    """Return `3.2 MiB`."""
    for unit in ("B", "KiB", "MiB", "GiB"):
        if count < 1024:
            return f"{count:.0f} {unit}" if unit in ("B", "KiB") else f"{count:.1f} {unit}"
        count /= 1024
    return f"{count:.1f} TiB"


def _notes(folder: SampleFolder) -> list[tuple[str, str]]:
    meta = folder.header.meta
    found = [("licence", meta.get("licence")), ("citation", meta.get("citation"))]
    found += [("origin", meta.get("origin")), ("source", meta.get("source"))]
    return [(key, value) for key, value in found if isinstance(value, str) and value]


def _modality(files: ModalityFiles, samples: int | None = None) -> dict[str, Any]:
    info = files.info
    return {
        "name": info.name,
        "kind": info.kind,
        "shape": shape_words(files),
        "samples": samples,
        "bands": ", ".join(info.bands),
        "units": info.units,
        "dtype": files.dtype,
        "dates": _span(files),
    }


def shape_words(files: ModalityFiles) -> str:
    """Return the shape of a sample as the field writes it: `36 x 10` dates and bands, `128 x 128 x 7`."""
    return " \N{MULTIPLICATION SIGN} ".join(str(s) for s in files.info.sizes)


def _span(files: ModalityFiles) -> str:
    """From when to when, where the header says so."""
    if not isinstance(files.start, str):
        return "each sample has dates of its own" if files.start is not None else "no dates given"
    from eobench.datasheet._axis import date_words

    days = files.days if isinstance(files.days, tuple) and files.days else (0,)
    first, last = date_words(files, days[0]), date_words(files, days[-1])
    return first if first == last else f"{first} to {last}"


def _listed(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
