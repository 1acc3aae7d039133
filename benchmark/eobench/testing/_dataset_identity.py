"""Checks of what identifies a data set: fingerprints, recipes, options, preparing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from eobench.data import HEADER_FILE, EobenchError, SampleFolder, content_hashes, fingerprint, open_folder
from eobench.plugin import Param, Value
from eobench.testing._checks import CheckFailed, NotApplicable
from eobench.testing._dataset_subject import DATASET, DatasetSubject, structure
from eobench.testing._suite import other_values
from eobench.testing._surroundings import kept_state, require_global_state_kept, without_network

_TRIES = 4
_NAMED = 4


@DATASET.check
def the_fingerprint_is_stable(data: DatasetSubject) -> None:
    """The fingerprint is the same again, in another process, and after the folder was copied elsewhere."""
    folder = data.opened
    first = data.fingerprint()
    if data.fingerprint("again") != first:
        raise CheckFailed("taken a second time, with an empty cache, the fingerprint is another")
    if data.elsewhere("other process")[0]["fingerprint"] != first:
        raise CheckFailed(
            "in another process the fingerprint is another: it depends on an address, an order of a set, the "
            "time or the machine; boards of two machines would not merge"
        )
    content = fingerprint(folder.path, data.places("first").cache)
    copy = linked_copy(folder.path, data.scratch / "copied" / folder.path.name)
    if fingerprint(copy, data.places("copied").cache) != content:
        raise CheckFailed("a copy of the folder elsewhere has another fingerprint")


@DATASET.check
def preparing_twice_gives_the_same(data: DatasetSubject) -> None:
    """Prepared again in another process and another cache, the files are the same byte for byte."""
    data.require_prepared()
    other = Path(data.elsewhere("second")[0]["folder"])
    ours, theirs = (
        content_hashes(path, data.places(cache).cache)
        for path, cache in ((data.opened.path, "first"), (other, "second"))
    )
    differing = sorted(name for name in {*ours, *theirs} if ours.get(name) != theirs.get(name))
    if differing:
        raise CheckFailed(
            f"prepared a second time, {_listed(differing)} differ: draw from a generator that is seeded by the "
            f"options, never from global random state, the time or the order of a set"
        )


@DATASET.check
def processes_may_prepare_at_once(data: DatasetSubject) -> None:
    """Two processes that prepare it at once get one and the same folder, and nothing half-written stays."""
    data.require_prepared()
    first, second = (Path(answer["folder"]) for answer in data.elsewhere("shared", processes=2))
    if first != second:
        raise CheckFailed(f"they get two folders, {first.name} and {second.name}: each would be fingerprinted")
    if content_hashes(first, data.places("shared").cache) != content_hashes(
        data.opened.path, data.places("first").cache
    ):
        raise CheckFailed("the folder that two processes prepare at once differs from the one that one prepares")
    headers = [f.parent for f in data.places("shared").cache.rglob(HEADER_FILE)]
    if headers != [first]:
        left = sorted(str(p.name) for p in headers if p != first)
        raise CheckFailed(f"{_listed(left)} stays behind: write with eobench.data.prepare_folder")


@DATASET.check
def making_it_prepares_nothing(data: DatasetSubject) -> None:
    """Making the data set and asking for its recipe writes nothing: planning must stay quick."""
    cache = data.places("untouched").cache
    made = data.make("untouched")
    made.recipe()
    if cache.exists() and any(cache.rglob("*")):
        raise CheckFailed("the cache holds files before folder() was called: prepare in folder(), not in __init__")


@DATASET.check
def a_recipe_stands_for_generated_data(data: DatasetSubject) -> None:
    """A generated set has a recipe of plain values, so that its identity needs no file."""
    if data.card.origin != "generated":
        raise NotApplicable("it is not generated: its fingerprint is its content")
    recipe = data.make().recipe()
    if recipe is None:
        data.note("no recipe: its fingerprint is its content, so planning must prepare it first")
    elif recipe != data.make("elsewhere").recipe():
        raise CheckFailed(f"the recipe is another where the cache is another: {recipe}")


@dataclass(frozen=True, slots=True)
class Variant:
    """The data set with one option changed."""

    option: Param
    value: Value
    folder: SampleFolder
    fingerprint: str


def _variants(data: DatasetSubject, *, execution: bool) -> Iterator[Variant]:
    """Prepare the data set once for each option, changed to the most ordinary value that it accepts."""
    for option in data.card.params:
        if option.execution is not execution:
            continue
        refused = "its values are not listed"
        for value in other_values(option, data.params[option.name])[:_TRIES]:
            cache = f"option {option.name}"
            try:
                folder = open_folder(data.make(cache, **{option.name: value}).folder())
                yield Variant(option, value, folder, data.fingerprint(cache, **{option.name: value}))
                break
            except EobenchError as error:
                refused = str(error)
        else:
            data.note(f"option {option.name!r} could not be tried: {refused}")


def _require_options(data: DatasetSubject, *, execution: bool) -> None:
    what = "execution" if execution else "identity"
    if not any(p.execution is execution for p in data.card.params):
        raise NotApplicable(f"the card has no {what} options")
    data.require_prepared()


@DATASET.check
def every_option_matters(data: DatasetSubject) -> None:
    """Each option that the card declares changes what the folder holds, and the fingerprint."""
    _require_options(data, execution=False)
    base, mark = _content(data.opened, data), data.fingerprint()
    ignored, unmarked = [], []
    for variant in _variants(data, execution=False):
        text = f"{variant.option.name}={variant.value}"
        if _content(variant.folder, data) == base:
            ignored.append(text)
        elif variant.fingerprint == mark:
            unmarked.append(text)
    wrong = []
    if ignored:
        wrong.append(f"{_listed(ignored)} changes nothing: use the option, or take it off the card")
    if unmarked:
        wrong.append(
            f"{_listed(unmarked)} changes the data but not the fingerprint: old results would be served for it; "
            f"recipe() must hold every option"
        )
    if wrong:
        raise CheckFailed("; ".join(wrong))


@DATASET.check
def execution_options_change_nothing(data: DatasetSubject) -> None:
    """Options that the card declares `execution` change neither content nor fingerprint."""
    _require_options(data, execution=True)
    base, mark = _content(data.opened, data), data.fingerprint()
    for variant in _variants(data, execution=True):
        changed = "content" if _content(variant.folder, data) != base else ""
        changed = changed or ("fingerprint" if variant.fingerprint != mark else "")
        if changed:
            raise CheckFailed(
                f"{variant.option.name}={variant.value} changes the {changed}, though the card declares it "
                f"`execution`"
            )


def _content(folder: SampleFolder, data: DatasetSubject) -> tuple[object, dict[str, str]]:
    """What a folder holds, whatever its header says in words (an echo of the options, say)."""
    hashes = content_hashes(folder.path, data.places("first").cache)
    hashes.pop(HEADER_FILE)
    return structure(folder), hashes


@DATASET.check
def the_data_root_is_left_untouched(data: DatasetSubject) -> None:
    """Arrays are read-only, and preparing, opening and hashing change no file of the data root."""
    folder = data.opened
    data.fingerprint()
    for name in folder.header.modalities:
        if np.asarray(folder.modality(name).values).flags.writeable:
            raise CheckFailed(f"modality {name} can be written to")
    before, after = data.root_before, data.root_files()
    changed = sorted(name for name in {*before, *after} if before.get(name) != after.get(name))
    if changed:
        raise CheckFailed(
            f"{_listed(changed)} changed in the data root, which is read-only: write to places.cache, with "
            f"prepare_folder"
        )
    if data.data is None:
        data.note("there is no data root")


@DATASET.check
def works_without_network(data: DatasetSubject) -> None:
    """With its data at hand it is prepared and opened without network."""
    data.opened  # noqa: B018
    try:
        with without_network():
            open_folder(data.make("no network").folder())
    except Exception as error:
        raise CheckFailed(
            f"without network: {type(error).__name__}: {error}; data is fetched by people, not by folder()"
        ) from error


@DATASET.check
def global_state_is_left_alone(data: DatasetSubject) -> None:
    """Preparing changes no random state, warning filter, environment variable or folder of the process."""
    with kept_state():  # else a setting that is made once, at the first look, is there already
        data.opened  # noqa: B018
    count = iter(range(9))
    require_global_state_kept(lambda: data.make(f"state {next(count)}").folder())


def linked_copy(source: Path, target: Path) -> Path:
    """Return a copy of a folder whose large files are links; small ones are copied."""
    target.mkdir(parents=True)
    for file in sorted(source.rglob("*")):
        place = target / file.relative_to(source)
        if file.is_dir():
            place.mkdir(exist_ok=True)
        elif file.stat().st_size > 1 << 20:
            place.symlink_to(file.resolve())
        else:
            place.write_bytes(file.read_bytes())
    return target


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(repr(n) for n in names[:_NAMED]) + more
