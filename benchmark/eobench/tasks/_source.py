"""YAML text as plain values, with the place of every key and value, so that each error can say its line."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import yaml

from eobench.data import EobenchError

Path = tuple[str | int, ...]
Place = tuple[int, int]
_TAG = "tag:yaml.org,2002:"
_SCALARS = {_TAG + name for name in ("null", "bool", "int", "float", "str")}
# A task file has hundreds of values; a chain of anchors that doubles at each step has billions.
MAX_VALUES = 100_000
MAX_DEPTH = 50


class TaskFileError(EobenchError):
    """A task file cannot be used. One line a problem: file, line, field, what was found, what is allowed."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where things stand in a file.

    Attributes:
        name: of the file, as it was given.
        values: (line, column) of each value, from 1, by its path such as `("tasks", 0, "methods", 1)`. What
            was written behind an anchor (`*name`) stands where the anchor does.
        keys: the same of each key.
    """

    name: str
    values: Mapping[Path, Place] = field(default_factory=dict)
    keys: Mapping[Path, Place] = field(default_factory=dict)

    def known(self, path: Path) -> Path:
        """Return the longest part of a path that stands in the file."""
        while path and path not in self.values:
            path = path[:-1]
        return path

    def problem(self, path: Path, text: str, *, key: bool = False) -> str:
        """Return one line of an error: `tasks.yaml:12: tasks[0].seeds: text`."""
        known = self.known(path)
        place = (self.keys if key else self.values).get(known) or self.values.get(known)
        line = f":{place[0]}" if place else ""
        shown = dotted(known)
        return f"{self.name}{line}: " + (f"{shown}: " if shown else "") + text


def dotted(path: Path) -> str:
    """Return `tasks[0].methods[1]` for a path."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def read_yaml(text: str, name: str) -> tuple[object, Source]:
    """Parse YAML into plain values (dict, list, text, numbers, true/false, None).

    Only what JSON can say is accepted: no tags of other types, no dates, no NaN. Anchors, aliases and merge keys
    work, but may not refer to themselves or multiply beyond reason.

    Raises:
        TaskFileError: it is not YAML, or not of that kind; a key stands twice.
    """
    loader = None
    try:
        loader = yaml.SafeLoader(text)
        node = loader.get_single_node()
        if node is None:
            raise TaskFileError(f"{name}: the file is empty")
        reader = _Reader(loader, name)
        value = reader.read(node, ())
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = f":{mark.line + 1}" if mark else ""
        raise TaskFileError(f"{name}{line}: not YAML: {error.problem or error.context}") from None
    except yaml.YAMLError as error:
        raise TaskFileError(f"{name}: not YAML: {' '.join(str(error).split())}") from None
    except RecursionError:
        raise TaskFileError(f"{name}: nested too deeply") from None
    finally:
        if loader is not None:
            loader.dispose()
    if reader.problems:
        raise TaskFileError("\n".join(reader.problems))
    return value, Source(name, reader.values, reader.keys)


class _Reader:
    """Turns composed nodes into values and remembers where they stood."""

    def __init__(self, loader: yaml.SafeLoader, name: str) -> None:
        self.loader = loader
        self.name = name
        self.values: dict[Path, Place] = {}
        self.keys: dict[Path, Place] = {}
        self.problems: list[str] = []
        self.count = 0

    def read(self, node: yaml.Node, path: Path) -> object:
        self.count += 1
        if self.count > MAX_VALUES:
            raise TaskFileError(f"{self.name}: more than {MAX_VALUES} values (anchors that multiply?)")
        if len(path) > MAX_DEPTH:
            raise TaskFileError(f"{self.name}: nested more than {MAX_DEPTH} deep (an anchor inside itself?)")
        self.values[path] = _place(node)
        if isinstance(node, yaml.MappingNode) and node.tag == _TAG + "map":
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode) and node.tag == _TAG + "seq":
            return [self.read(item, (*path, i)) for i, item in enumerate(node.value)]
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node, path)
        return self._wrong(node, path, f"the tag {_shown(node.tag)} is not used here")

    def _mapping(self, node: yaml.MappingNode, path: Path) -> dict[str, object]:
        own: dict[str, yaml.Node] = {}
        merged: dict[str, tuple[yaml.Node, yaml.Node]] = {}
        for key, value in node.value:
            if key.tag == _TAG + "merge":
                for other, its in self._merged(value, path):
                    merged.setdefault(str(other.value), (other, its))
                continue
            if not isinstance(key, yaml.ScalarNode) or key.tag != _TAG + "str":
                hint = f": write '{key.value}' in quotes" if isinstance(key, yaml.ScalarNode) else ""
                self._wrong(key, path, f"a key must be text{hint}")
                continue
            if key.value in own:
                first = self.keys[(*path, key.value)][0]
                self._wrong(key, path, f"the key {key.value!r} stands twice (first on line {first})")
                continue
            own[key.value] = value
            self.keys[(*path, key.value)] = _place(key)
        for name, (key, value) in merged.items():
            if name not in own:
                own[name] = value
                self.keys[(*path, name)] = _place(key)
        return {name: self.read(value, (*path, name)) for name, value in own.items()}

    def _merged(self, node: yaml.Node, path: Path, depth: int = 0) -> Iterator[tuple[yaml.Node, yaml.Node]]:
        """Yield the entries that `<<: *anchor` (or a list of anchors) brings; the first of a name counts."""
        parts = node.value if isinstance(node, yaml.SequenceNode) else [node]
        for part in parts:
            if not isinstance(part, yaml.MappingNode) or depth > MAX_DEPTH:
                self._wrong(node, path, "`<<` takes a mapping, or a list of them")
                return
            for key, value in part.value:
                if key.tag == _TAG + "merge":
                    yield from self._merged(value, path, depth + 1)
                elif isinstance(key, yaml.ScalarNode):
                    yield key, value

    def _scalar(self, node: yaml.ScalarNode, path: Path) -> object:
        if node.tag == _TAG + "timestamp":
            return self._wrong(node, path, f"{node.value!r} reads as a date: write it in quotes")
        if node.tag not in _SCALARS:
            return self._wrong(node, path, f"the tag {_shown(node.tag)} is not used here")
        try:
            value = self.loader.construct_object(node, deep=True)
        except (ValueError, KeyError, yaml.YAMLError):
            return self._wrong(node, path, f"{node.value[:40]!r} is no {_shown(node.tag)}")
        if isinstance(value, float) and not math.isfinite(value):
            return self._wrong(node, path, f"{node.value!r} is not a number that can be used here")
        plain: object = value
        return plain

    def _wrong(self, node: yaml.Node, path: Path, text: str) -> object:
        """Note a problem; None stands for the value."""
        where = dotted(path)
        self.problems.append(f"{self.name}:{_place(node)[0]}: " + (f"{where}: " if where else "") + text)
        return None


def _place(node: yaml.Node) -> Place:
    return node.start_mark.line + 1, node.start_mark.column + 1


def _shown(tag: str) -> str:
    return "!!" + tag.removeprefix(_TAG) if tag.startswith(_TAG) else tag
