"""Names and options of a task file, resolved through the cards; every mistake is collected with its line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from eobench.data import DatasetMissingError, EobenchError, unknown
from eobench.plugin import (
    BaseModelCard,
    Card,
    DatasetCard,
    MethodCard,
    Places,
    Registry,
    Selector,
    Shelf,
    Value,
    format_value,
)
from eobench.tasks._canonical import digest
from eobench.tasks._cell import BaseModelRef, DatasetRef
from eobench.tasks._closure import closure_modules
from eobench.tasks._draws import draw
from eobench.tasks._identity import Facts
from eobench.tasks._models import BaseModelsDraw
from eobench.tasks._parts import keep_parts
from eobench.tasks._probe import Probe, Prober
from eobench.tasks._source import Path, Source

C = TypeVar("C", bound=Card)


@dataclass(frozen=True, slots=True, eq=False)
class MethodChoice:
    """A method with its options."""

    card: MethodCard
    params: Mapping[str, Value]
    label: str
    facts: Facts
    path: Path


@dataclass(frozen=True, slots=True, eq=False)
class DatasetChoice:
    """A data set with its options; `probe` is None where it is not on this machine, `missing` says why."""

    card: DatasetCard
    ref: DatasetRef
    facts: Facts
    path: Path
    probe: Probe | None
    missing: str | None = None

    @property
    def kinds(self) -> set[str]:
        """Kinds of the chosen modalities."""
        if self.probe is None:
            return set()
        modalities = self.probe.header.modalities
        return {str(modalities[name].info.kind) for name in self.ref.modalities or modalities}


@dataclass(frozen=True, slots=True, eq=False)
class BaseModelChoice:
    """A base model with its configuration."""

    card: BaseModelCard
    ref: BaseModelRef
    facts: Facts


@dataclass(frozen=True, slots=True)
class _Parsed(Generic[C]):
    """A selector: its card, all options, those written, and those that the identity takes."""

    card: C
    params: dict[str, Value]
    written: dict[str, Value]
    identity: dict[str, Value]


class Resolver:
    """Resolves what a task file names; asks each plugin and each data set once.

    Attributes:
        problems: the mistakes found so far, one line each.
    """

    def __init__(self, source: Source, registry: Registry, places: Places, probe: Prober) -> None:
        self.source = source
        self.registry = registry
        self.places = places
        self.probe = probe
        self.problems: list[str] = []
        self._codes: dict[str, str] = {}

    def problem(self, path: Path, text: str) -> None:
        """Note a mistake; the same one only once."""
        line = self.source.problem(path, text)
        if line not in self.problems:
            self.problems.append(line)

    def method(self, text: str, path: Path) -> MethodChoice | None:
        """Return a method, or None after noting what is wrong."""
        try:
            parsed = self._parse(self.registry.methods, text)
            facts = Facts(parsed.identity, self._code(parsed.card))
        except EobenchError as error:
            self.problem(path, str(error))
            return None
        label = str(Selector(parsed.card.name, dict(sorted(parsed.written.items()))))
        return MethodChoice(parsed.card, parsed.params, label, facts, path)

    def dataset(self, text: str, path: Path) -> DatasetChoice | None:
        """Return a data set, or None after noting what is wrong; an absent one is no mistake."""
        selector = Selector.parse(text)
        options = dict(selector.params)
        split, modalities = options.pop("split", None), options.pop("modalities", None)
        try:
            if selector.name not in self.registry.datasets and self.places.data is None:
                text = unknown("data set", selector.name, self.registry.datasets)
                raise EobenchError(f"{text} (no data root is given: --data or EOBENCH_DATA)")
            parsed = self._parse(self.registry.datasets, str(Selector(selector.name, options)), core=True)
            chosen = tuple(part.strip() for part in format_value(modalities).split("+")) if modalities else ()
            ref = DatasetRef(
                name=parsed.card.name,
                params=parsed.params,
                split=None if split is None else format_value(split),
                modalities=chosen,
                chosen=_chosen(parsed.card, parsed.params),
            )
            facts = Facts(parsed.identity)
            try:
                probe = self.probe(parsed.card, parsed.params)
            except DatasetMissingError as error:
                return DatasetChoice(parsed.card, ref, facts, path, None, " ".join(str(error).split()))
            return DatasetChoice(parsed.card, _found(ref, probe), facts, path, probe)
        except EobenchError as error:
            self.problem(path, str(error))
            return None

    def base_models(self, given: list[str] | BaseModelsDraw | None, path: Path) -> list[BaseModelChoice]:
        """Return the base models of a task, written out or drawn."""
        if isinstance(given, BaseModelsDraw):
            return self._drawn(given, path)
        found = []
        for i, text in enumerate(given or ()):
            try:
                parsed = self._parse(self.registry.base_models, text)
                chosen = _chosen(parsed.card, parsed.params)
                ref = BaseModelRef(parsed.card.name, parsed.params, chosen=chosen)
                found.append(BaseModelChoice(parsed.card, ref, Facts(parsed.identity, self._code(parsed.card))))
            except EobenchError as error:
                self.problem((*path, i), str(error))
        return found

    def _drawn(self, given: BaseModelsDraw, path: Path) -> list[BaseModelChoice]:
        found = []
        for i, family in enumerate(given.families):
            where = (*path, "families", i)
            try:
                card = self.registry.base_models[family]
                where = (*path, "families", i) if given.space in card.spaces else (*path, "space")
                draws = draw(card, given.space, given.samples, given.seed, self.places.cache)
                for number, params in enumerate(draws):
                    ref = BaseModelRef(family, params, given.space, number, _chosen(card, params))
                    found.append(BaseModelChoice(card, ref, Facts(_identity(card, params), self._code(card))))
            except EobenchError as error:
                self.problem(where, str(error))
        return found

    def _parse(self, shelf: Shelf[C], text: str, *, core: bool = False) -> _Parsed[C]:
        selector = Selector.parse(text)
        card = shelf[selector.name]
        if core:
            known = {p.name for p in card.params}
            for name in selector.params:
                if name not in known:
                    raise EobenchError(f"{card.name}: {unknown('option', name, {*known, 'split', 'modalities'})}")
        params = card.resolve(selector.params)
        written = {name: params[name] for name in selector.params}
        return _Parsed(card, params, written, _identity(card, params))

    def _code(self, card: Card) -> str:
        if card.load not in self._codes:
            modules = closure_modules(card.load)
            self._codes[card.load] = digest(modules)
            keep_parts(self.places.cache, self._codes[card.load], lambda: modules)
        return self._codes[card.load]


def _identity(card: Card, params: Mapping[str, Value]) -> dict[str, Value]:
    """Return the options that change numbers, in their declared type: a default of 1 for a real number is 1.0."""
    kinds = {p.name: p.type for p in card.params}
    return {
        name: float(value) if kinds[name] is float and isinstance(value, int) else value
        for name, value in card.identity(params).items()
    }


def _chosen(card: Card, params: Mapping[str, Value]) -> dict[str, Value]:
    """Return the options that differ from their defaults, sorted by name."""
    defaults = {p.name: p.default for p in card.params}
    return {name: value for name, value in sorted(params.items()) if value != defaults[name]}


def _found(ref: DatasetRef, probe: Probe) -> DatasetRef:
    """Return the reference with split and modalities checked against the header.

    Raises:
        EobenchError: there is no such split or modality.
    """
    header = probe.header
    split = header.default_split if ref.split is None else ref.split
    if split not in header.splits:
        raise EobenchError(f"{ref.name}: {unknown('split', split, header.splits)}")
    for name in ref.modalities:
        if name not in header.modalities:
            raise EobenchError(f"{ref.name}: {unknown('modality', name, header.modalities)}")
    if len(set(ref.modalities)) < len(ref.modalities):
        raise EobenchError(f"{ref.name}: modalities={'+'.join(ref.modalities)} names one twice")
    every = ref.modalities == tuple(header.modalities)  # all, in the folder's order: nothing was chosen
    return DatasetRef(
        name=ref.name,
        params=ref.params,
        split=split,
        modalities=() if every else ref.modalities,
        fingerprint=probe.fingerprint,
        folder=str(probe.folder),
        chosen=ref.chosen,
    )
