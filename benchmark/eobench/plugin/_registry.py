"""The registry: every plugin object by name, found through entry points and `--plugin module`."""

from __future__ import annotations

import importlib
import importlib.metadata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any, Generic, TypeVar

import pluggy

from eobench.data import nearest, unknown
from eobench.plugin._cards import (
    BaseModelCard,
    Card,
    DatasetCard,
    ExecutorCard,
    ListenerCard,
    MethodCard,
    MetricCard,
    PluginError,
    SuiteCard,
)
from eobench.plugin._hooks import PROJECT, Hooks, Places

ENTRY_POINT_GROUP = "eobench"
C = TypeVar("C", bound=Card)


@dataclass(frozen=True, slots=True)
class PluginState:
    """One plugin as it was found.

    Attributes:
        name: of the entry point, or the module given with `--plugin`.
        module: where it lies.
        distribution: that installed it, with its version; None for `--plugin`.
        broken: why it could not be loaded; None where it was.
    """

    name: str
    module: str
    distribution: str | None = None
    broken: str | None = None


class Shelf(Generic[C], Mapping[str, C]):
    """The cards of one kind, by name; an unknown name is an error that names the nearest."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self._cards: dict[str, C] = {}
        self._owner: dict[str, str] = {}

    def add(self, card: C, owner: str) -> None:
        """Put a card on the shelf.

        Raises:
            PluginError: another plugin gives the same name; the message names both.
        """
        if card.name in self._cards:
            raise PluginError(
                f"{self.kind} {card.name!r} is given by two plugins, {self._owner[card.name]!r} and {owner!r}: "
                f"uninstall one, or rename it there"
            )
        self._cards[card.name] = card
        self._owner[card.name] = owner

    def owner(self, name: str) -> str:
        """Return the plugin that gives a card."""
        return self._owner[name]

    def __getitem__(self, name: str) -> C:
        if name not in self._cards:
            raise UnknownNameError(unknown(self.kind, name, self._cards))
        return self._cards[name]

    def __contains__(self, name: object) -> bool:
        return name in self._cards

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._cards))

    def __len__(self) -> int:
        return len(self._cards)


class UnknownNameError(PluginError, KeyError):
    """No plugin gives an object of that name."""

    def __str__(self) -> str:
        return str(self.args[0])


@dataclass(frozen=True, slots=True)
class Registry:
    """Everything that the plugins give. Built by `discover`; cards only, nothing heavy is imported.

    Attributes:
        methods: by name.
        datasets: by name, at hand or not.
        base_models: by name.
        metrics: by name.
        executors: by name.
        suites: by name.
        listeners: by name.
        plugins: all that were found, broken ones too.
    """

    methods: Shelf[MethodCard] = field(default_factory=lambda: Shelf("method"))
    datasets: Shelf[DatasetCard] = field(default_factory=lambda: Shelf("data set"))
    base_models: Shelf[BaseModelCard] = field(default_factory=lambda: Shelf("base model"))
    metrics: Shelf[MetricCard] = field(default_factory=lambda: Shelf("metric"))
    executors: Shelf[ExecutorCard] = field(default_factory=lambda: Shelf("executor"))
    suites: Shelf[SuiteCard] = field(default_factory=lambda: Shelf("suite"))
    listeners: Shelf[ListenerCard] = field(default_factory=lambda: Shelf("listener"))
    plugins: tuple[PluginState, ...] = ()

    @property
    def broken(self) -> tuple[PluginState, ...]:
        """The plugins that could not be loaded."""
        return tuple(p for p in self.plugins if p.broken)


def discover(places: Places, modules: Iterable[str] = (), *, entry_points: bool = True) -> Registry:
    """Find all plugins and put their cards on the shelves.

    Args:
        places: where data lies; data set hooks look there.
        modules: further plugin modules by import name (`--plugin`).
        entry_points: False leaves the installed ones out (tests).

    Raises:
        PluginError: two plugins give one name, or a plugin implements a hook that does not exist.
            A plugin that merely fails to load is listed in `Registry.broken` and harms nobody.
    """
    manager = pluggy.PluginManager(PROJECT)
    manager.add_hookspecs(Hooks)
    states: list[PluginState] = []
    loaded: list[tuple[PluginState, ModuleType]] = []
    for name, module_name, distribution in _found(modules, entry_points):
        if any(s.module == module_name for s in states):
            continue  # installed, and given with --plugin besides
        if other := next((s for s in states if s.name == name), None):
            raise PluginError(
                f"two plugins are named {name!r}: {other.module!r} and {module_name!r}: rename one entry point"
            )
        state, module = _load(name, module_name, distribution)
        if module is None:
            states.append(state)
            continue
        _check_hooks(manager, name, module)
        loaded.append((state, module))
        states.append(state)
    registry = Registry(plugins=())
    shelves = _shelves(registry)
    final = {s.name: s for s in states}
    for state, module in loaded:
        reason = _fill(manager, shelves, module, places)
        if reason is not None:
            final[state.name] = PluginState(state.name, state.module, state.distribution, reason)
    return Registry(
        **{hook.removeprefix("eobench_"): s for hook, s in shelves.items()}, plugins=tuple(final.values())
    )


def _found(modules: Iterable[str], entry_points: bool) -> Iterator[tuple[str, str, str | None]]:
    if entry_points:
        found = importlib.metadata.entry_points(group=ENTRY_POINT_GROUP)
        for point in sorted(found, key=lambda p: (p.name, p.value)):
            dist = f"{point.dist.name} {point.dist.version}" if point.dist else None
            yield point.name, point.value, dist
    for module in modules:
        yield module, module, None


def _load(name: str, module_name: str, dist: str | None) -> tuple[PluginState, ModuleType | None]:
    try:
        return PluginState(name, module_name, dist), importlib.import_module(module_name)
    except Exception as error:
        broken = f"{type(error).__name__}: {error}{_on_no_path(error, module_name)}"
        return PluginState(name, module_name, dist, broken=broken), None


def _on_no_path(error: Exception, module: str) -> str:
    """What to do about a module that lies in the current folder, where an installed command does not look."""
    root = module.partition(".")[0]
    if not isinstance(error, ModuleNotFoundError) or error.name != root:
        return ""
    here = next((p for p in (Path(f"{root}.py"), Path(root) / "__init__.py") if p.is_file()), None)
    return "" if here is None else f" ({here} is in this folder, which is not searched: set PYTHONPATH=.)"


def _hook_names() -> list[str]:
    return [n for n in vars(Hooks) if n.startswith("eobench_")]


def _check_hooks(manager: pluggy.PluginManager, name: str, module: ModuleType) -> None:
    """Misspelt hooks fail loudly, marked with `@hookimpl` or just named like one."""
    known = _hook_names()
    for attribute, thing in vars(module).items():
        marked = getattr(thing, f"{PROJECT}_impl", None) is not None
        named = attribute.startswith("eobench_") and callable(thing) and not isinstance(thing, type)
        if (marked or named) and attribute not in known:
            raise PluginError(
                f"plugin {name!r} ({module.__name__}) implements a hook {attribute!r} that does not exist."
                f"{nearest(attribute, known)} Hooks: {', '.join(known)}"
            )
        if named and attribute in known and not marked:
            raise PluginError(
                f"plugin {name!r} ({module.__name__}): {attribute} is not marked with @hookimpl, "
                f"so it would never be called; add `from eobench.plugin import hookimpl`"
            )
    manager.register(module, name=name)
    try:
        manager.check_pending()
    except pluggy.PluginValidationError as error:
        raise PluginError(f"plugin {name!r}: {error}") from error


def _shelves(registry: Registry) -> dict[str, Shelf[Any]]:
    return {hook: getattr(registry, hook.removeprefix("eobench_")) for hook in _hook_names()}


def _fill(
    manager: pluggy.PluginManager, shelves: dict[str, Shelf[Any]], module: ModuleType, places: Places
) -> str | None:
    """Call one plugin's hooks; return why it is broken, or None. Nothing of a broken plugin is shelved."""
    others = [plugin for plugin in manager.get_plugins() if plugin is not module]
    cards: list[tuple[Shelf[Any], Card]] = []
    for hook, shelf in shelves.items():
        caller = manager.subset_hook_caller(hook, remove_plugins=others)
        arguments = {"places": places} if hook == "eobench_datasets" else {}
        try:
            cards += [(shelf, card) for given in caller(**arguments) for card in given]
        except PluginError:
            raise
        except Exception as error:
            return f"{hook}: {type(error).__name__}: {error}"
    for shelf, card in cards:
        shelf.add(card, str(manager.get_name(module)))
    return None
