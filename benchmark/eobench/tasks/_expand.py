"""From a task file to its cells: the matrix, with knobs that cannot apply collapsed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, TypeVar

from eobench.data import nearest
from eobench.plugin import Budget
from eobench.tasks._cell import Cell
from eobench.tasks._identity import CellFacts, keyed
from eobench.tasks._levels import levels_of
from eobench.tasks._models import BudgetNumbers
from eobench.tasks._probe import DatasetProbe, Prober
from eobench.tasks._resolve import BaseModelChoice, DatasetChoice, MethodChoice, Resolver
from eobench.tasks._scenes import Scene, scenes_of
from eobench.tasks._source import TaskFileError
from eobench.tasks._support import budget_reason, data_reason, method_reason, model_reason, other_reason

if TYPE_CHECKING:
    from eobench.plugin import MethodCard, Places, Registry
    from eobench.tasks._models import Task, TaskFile
    from eobench.tasks._source import Path


def expand(tasks: TaskFile, registry: Registry, places: Places, *, probe: Prober | None = None) -> list[Cell]:
    """Return the cells of a task file, one a key, each `planned`, `unsupported` or `skipped`.

    Cells of one data set, level and seed stand together, so that a worker builds what they share once. A cell that
    two tasks ask for belongs to the first.

    Args:
        tasks: a checked task file.
        registry: of all plugins.
        places: where data and cache lie.
        probe: how data sets are looked at; by default through their plugins.

    Raises:
        TaskFileError: unknown names, options that are not allowed, a matrix without cells; one line a problem.
    """
    resolver = Resolver(tasks.source, registry, places, probe or DatasetProbe(places))
    cells: dict[str, Cell] = {}
    for i, task in enumerate(tasks.tasks):
        for cell in _Block(tasks, task, ("tasks", i), resolver).cells():
            cells.setdefault(cell.key, cell)
    if resolver.problems:
        raise TaskFileError("\n".join(resolver.problems))
    if not cells:
        raise TaskFileError(f"{tasks.source.name}: the matrix is empty: no task gives a cell")
    return list(cells.values())


T = TypeVar("T")


@dataclass(frozen=True, slots=True, eq=False)
class Choices:
    """What a cell combines, besides its scene and seed."""

    method: MethodChoice
    model: BaseModelChoice | None
    test_on: DatasetChoice | None
    pretrain_on: DatasetChoice | None


class _Block:
    """One task."""

    def __init__(self, tasks: TaskFile, task: Task, path: Path, resolver: Resolver) -> None:
        self.task = task
        self.path = path
        self.resolver = resolver
        self.budget = task.budget if task.budget is not None else tasks.budget
        self.seeds = task.seeds if task.seeds is not None else tasks.seeds
        self.threads = task.threads or tasks.threads

    def cells(self) -> Iterator[Cell]:
        """Yield the task's cells; mistakes are noted in the resolver."""
        task, resolver = self.task, self.resolver
        methods = self._each("methods", task.methods, resolver.method)
        datasets = self._each("datasets", task.datasets, resolver.dataset)
        others: list[DatasetChoice | None] = [None]
        if task.test_on is not None:
            others = list(self._each("test_on", task.test_on, resolver.dataset))
        pretrain_on = None
        if task.pretrain_on is not None:
            pretrain_on = resolver.dataset(task.pretrain_on, (*self.path, "pretrain_on"))
        models: list[BaseModelChoice | None] = [
            *resolver.base_models(task.base_models, (*self.path, "base_models"))
        ]
        levels = levels_of(task, self.path, resolver.problem)
        self._check(methods)
        if resolver.problems:
            return
        scenes = scenes_of(task, self.path, datasets, levels, resolver.problem)
        if resolver.problems:
            return
        for scene, seed in product(scenes, dict.fromkeys(self.seeds)):
            for method in methods:
                chosen = models if method.card.needs_base_model is not None else [None]
                for model, other in product(chosen, others):
                    yield self._cell(scene, seed, Choices(method, model, other, pretrain_on))

    def _each(self, field: str, written: list[str], resolve: Callable[[str, Path], T | None]) -> list[T]:
        found = (resolve(text, (*self.path, field, i)) for i, text in enumerate(written))
        return [choice for choice in found if choice is not None]

    def _check(self, methods: list[MethodChoice]) -> None:
        """Check what needs all methods: base models, and options that pair blocks."""
        for method in methods:
            if method.card.needs_base_model is not None and self.task.base_models is None:
                families = ", ".join(self.resolver.registry.base_models) or "none"
                self.resolver.problem(
                    method.path,
                    f"{method.card.name} needs a base model ({method.card.needs_base_model}): add base_models to "
                    f"the task, such as base_models: {{families: [...], samples: 1}} (families: {families})",
                )
        options = {p.name for method in methods for p in method.card.params}
        for i, name in enumerate(self.task.pair_on or ()):
            if methods and name not in options:
                self.resolver.problem(
                    (*self.path, "pair_on", i),
                    f"no method of the task has an option {name!r}.{nearest(name, options)} "
                    f"Allowed: {', '.join(sorted(options)) or 'none'}",
                )

    def _cell(self, scene: Scene, seed: int, chosen: Choices) -> Cell:
        method, model, data = chosen.method, chosen.model, scene.data
        test_on = _unless(chosen.test_on, data)
        pretrain_on = _unless(chosen.pretrain_on, data) if method.card.pretraining is not None else None
        status, reason = self._status(scene, method, model, test_on, pretrain_on)
        cell = Cell(
            task=self.task.id,
            method=method.card.name,
            method_params=method.params,
            method_label=method.label,
            dataset=data.ref,
            supervision=scene.supervision,
            knobs=scene.knobs,
            seed=seed,
            threads=self.threads,
            test_on=None if test_on is None else test_on.ref,
            pretrain_on=None if pretrain_on is None else pretrain_on.ref,
            base_model=None if model is None else model.ref,
            budget=self._budget(method.card),
            pair_on=tuple(self.task.pair_on or ()),
            status=status,
            reason=reason,
        )
        facts = CellFacts(
            method=method.facts,
            dataset=data.facts,
            base_model=None if model is None else model.facts,
            test_on=None if test_on is None else test_on.facts,
            pretrain_on=None if pretrain_on is None else pretrain_on.facts,
        )
        return keyed(cell, facts)

    def _budget(self, card: MethodCard) -> Budget | None:
        """Return the budget in numbers; a method without any has none, whatever the file says."""
        if not card.budgets:
            return None
        if isinstance(self.budget, BudgetNumbers):
            return Budget(**self.budget.model_dump(exclude_none=True))
        return card.budgets.get(self.budget)

    def _status(
        self,
        scene: Scene,
        method: MethodChoice,
        model: BaseModelChoice | None,
        test_on: DatasetChoice | None,
        pretrain_on: DatasetChoice | None,
    ) -> tuple[str, str | None]:
        """Return `unsupported` or `skipped` with the reason, or `planned`: what cannot be anywhere goes first."""
        card, network = method.card, None if model is None else model.card
        reason = method_reason(card, scene.supervision.level) or model_reason(card, network)
        reason = reason or budget_reason(card, self.budget)
        if reason is None:
            for data in (scene.data, test_on, pretrain_on):
                if data is not None and data.missing is not None:
                    return "skipped", data.missing
            reason = data_reason(card, network, scene.data, scene.supervision.level) or scene.reason
            if test_on is not None:
                reason = reason or other_reason(scene.data, test_on, scene.knobs)
        return ("planned", None) if reason is None else ("unsupported", reason)


def _unless(other: DatasetChoice | None, data: DatasetChoice) -> DatasetChoice | None:
    """Return the other data set, or None where it is the cell's own."""
    return None if other is None or other.ref == data.ref else other
