"""The method under check: what it is tried on, how it is run, and what it was seen to do."""

from __future__ import annotations

import itertools
import random
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, cast

import numpy as np
from numpy.typing import NDArray

from eobench.data import (
    EobenchError,
    Inputs,
    Kind,
    Knobs,
    LabelBudget,
    Level,
    SampleFolder,
    Scene,
    Supervision,
    UnsupportedError,
    build_scene,
    open_folder,
)
from eobench.plugin import (
    BaseModelCard,
    Budget,
    Checkpoint,
    Method,
    MethodCard,
    Predictions,
    Predictor,
    Registry,
    Selector,
    Value,
)
from eobench.scoring import check_predictions
from eobench.testing._checks import CheckFailed
from eobench.testing._method_data import World, make_world
from eobench.testing._method_model import choose_model
from eobench.testing._method_watch import WatchedRun, kept_state, patience

STEPS = 3
BAG_SIZE = 8
DATA_SEED = 5
FIRST_SEED = 1


@dataclass(frozen=True, slots=True)
class Case:
    """One thing that a card claims: it learns from this kind of input, with these targets, at this level.

    Attributes:
        kind: of the data set's inputs.
        target: of the data set.
        level: of supervision.
        flatten: images become pixel series.
    """

    kind: Kind
    target: Literal["class", "dense"]
    level: Level
    flatten: bool = False

    def __str__(self) -> str:
        if self.flatten:
            return f"{self.level!r} on pixel series of label maps"
        return f"{self.level!r} on {self.kind}" + (" with label maps" if self.target == "dense" else "")


@dataclass(frozen=True, slots=True, eq=False)
class Stage:
    """A scene and its opened folder: both are alive while a method learns, as in a run."""

    case: Case
    folder: SampleFolder
    scene: Scene


@dataclass(frozen=True, slots=True, eq=False)
class Learned:
    """What a method gave, and what it was seen to do on the way."""

    method: Method
    run: WatchedRun
    predictor: Predictor


class MethodSubject:
    """A method with its options, its base model, and a scratch folder for data sets.

    Args:
        selector: `name[option=value]`.
        registry: that has its card.
        scratch: an empty folder.
        base_model: `family[option=value]`; None: the first family that fits, at its smallest.

    Raises:
        EobenchError: an unknown name or option; no base model that fits; a card that claims nothing to try.
    """

    def __init__(self, selector: str, registry: Registry, scratch: Path, base_model: str | None = None) -> None:
        parsed = Selector.parse(selector)
        self.card: MethodCard = registry.methods[parsed.name]
        self.params: dict[str, Value] = self.card.resolve(parsed.params)
        self.base: tuple[BaseModelCard, dict[str, Value]] | None = choose_model(self.card, registry, base_model)
        self.scratch = scratch
        self.notes: list[str] = []
        self._worlds: dict[tuple[Kind, str], World] = {}
        self._paths: dict[int, tuple[World, Path]] = {}
        self._numbers = itertools.count()
        self._usual: dict[Case, Predictions] = {}
        self.cases: tuple[Case, ...] = tuple(self._cases())
        if not self.cases:
            raise EobenchError(
                f"{self.card.name}: its card claims nothing that can be tried: levels {self.card.levels}, kinds "
                f"{self.card.kinds}, targets {self.card.targets}, base model {self.card.needs_base_model}"
            )

    def note(self, text: str) -> None:
        """Leave a note on the outcome of the running check."""
        self.notes.append(text)

    @property
    def main(self) -> tuple[Case, ...]:
        """One case for each kind and target: the first level that the card claims."""
        return tuple({(c.kind, c.target): c for c in reversed(self.cases)}.values())[::-1]

    def _cases(self) -> Iterator[Case]:
        kinds = [k for k in self.card.kinds if self.base is None or k == self.base[0].takes]
        for target in self.card.targets:
            for kind in kinds:
                if (
                    kind != "series"
                    and self.base is not None
                    and (self.base[0].gives == "map") != (target == "dense")
                ):
                    continue  # a network for maps learns from label maps, one for classes does not
                shown: Kind = kind
                flatten = False
                if target == "dense" and kind == "series":
                    if "image-series" in kinds:
                        continue
                    shown, flatten = "image-series", True
                for level in self.card.levels:
                    case = Case(shown, target, level, flatten)
                    try:
                        self.stage(case)
                    except UnsupportedError:
                        continue  # the core does not show such data at this level
                    yield case

    def new_folder(self, name: str) -> Path:
        """Return a new empty folder."""
        path = self.scratch / f"{name}-{next(self._numbers)}"
        path.mkdir()
        return path

    def world(self, case: Case) -> World:
        """Return the usual data set of a case."""
        key = (case.kind, case.target)
        if key not in self._worlds:
            self._worlds[key] = make_world(case.kind, case.target)
        return self._worlds[key]

    def stage(self, case: Case, world: World | None = None, knobs: Knobs | None = None) -> Stage:
        """Write a data set (default: the usual one), once, and build what the case shows of it, anew.

        Raises:
            UnsupportedError: it cannot be shown at the case's level.
        """
        world = self.world(case) if world is None else world
        if id(world) not in self._paths:  # the world is kept with its path, so that its id stays its own
            path = self.scratch / f"data-{next(self._numbers)}"
            world.write(path)
            self._paths[id(world)] = world, path
        folder = open_folder(self._paths[id(world)][1])
        scene = build_scene(
            folder,
            split="block",
            modalities=(),
            supervision=_supervision(case.level, len(world.rows("train"))),
            knobs=knobs or Knobs(),
            seed=DATA_SEED,
            flatten=case.flatten,
        )
        return Stage(case, folder, frozen(scene, writable=False))

    def context(self, seed: int = FIRST_SEED, budget: Budget | None = None) -> WatchedRun:
        """Return what a method is given besides its view."""
        given = None
        if self.card.budgets:
            given = budget or Budget(steps=STEPS)
        base = None
        if self.base is not None:
            base = self.base[0].load_object()(dict(self.base[1]))
        return WatchedRun(seed=seed, budget=given, base_model=base)

    def make(self, params: Mapping[str, Value] | None = None) -> Method:
        """Return a new method, with some options changed."""
        return cast("Method", self.card.load_object()(self.params | dict(params or {})))

    def pretrain(
        self,
        stage: Stage,
        run: WatchedRun,
        params: Mapping[str, Value] | None = None,
        *,
        forced: Mapping[str, Value] | None = None,
    ) -> Checkpoint | None:
        """Return the checkpoint of a data set, as a run would hand it to `fit`; None where there is no such stage.

        Args:
            stage: whose folder is shown at level `none`.
            run: whose seed, budget, base model and end are taken, and whose polls are counted.
            params: options that differ; what the card calls irrelevant is at its default nevertheless.
            forced: options that differ whatever the card calls them.
        """
        declared = self.card.pretraining
        if declared is None:
            return None
        shown = build_scene(
            stage.folder,
            split="block",
            modalities=(),
            supervision=Supervision("none"),
            knobs=Knobs(),
            seed=DATA_SEED,
            flatten=stage.case.flatten,
        )
        defaults = self.card.resolve({})
        unread = {name: value for name, value in defaults.items() if f"params:{name}" in declared.irrelevant}
        changed = dict(params or {}) | unread | dict(forced or {})
        own = self.context(run.seed, run.budget)
        own.base_model = None if "base_model" in declared.irrelevant else run.base_model
        own.deadline, own.stop_after = run.deadline, run.stop_after
        checkpoint = self.make(changed).pretrain(frozen(shown, writable=False).view, own)
        run.polls, run.polls_after = run.polls + own.polls, run.polls_after + own.polls_after
        return checkpoint

    def learn(
        self,
        stage: Stage,
        run: WatchedRun | None = None,
        *,
        params: Mapping[str, Value] | None = None,
        method: Method | None = None,
        global_seed: int | None = None,
    ) -> Learned:
        """Let a method learn, as a run does: one thread, global generators seeded; the process stays as it was.

        Raises:
            CheckFailed: `fit` returned something else than a predictor.
        """
        run = run or self.context()
        with kept_state(), patience(f"fit() at {stage.case}"):
            method = method or self.make(params)
            one_thread()
            seed_globally(run.seed if global_seed is None else global_seed)
            run.checkpoint = self.pretrain(stage, run, params)
            seed_globally(run.seed if global_seed is None else global_seed)
            predictor = method.fit(stage.scene.view, run)
        if not isinstance(predictor, Predictor):
            raise CheckFailed(
                f"fit() returned {type(predictor).__name__} at {stage.case}; return an eobench.plugin.Predictor"
            )
        return Learned(method, run, predictor)

    def predict(self, stage: Stage, learned: Learned, inputs: Inputs | None = None) -> Predictions:
        """Return checked predictions of the scored rows, or of other inputs.

        Raises:
            PredictionError: they are not what the card declares.
        """
        inputs = stage.scene.test if inputs is None else inputs
        with kept_state():
            one_thread()
            seed_globally(learned.run.seed)
            found = learned.predictor.predict(inputs)
        check_predictions(found, len(inputs), len(stage.scene.classes), self.card.outputs)
        return found

    def trial(self, stage: Stage, run: WatchedRun | None = None, **how: Any) -> Predictions:
        """Learn and predict the scored rows."""
        return self.predict(stage, self.learn(stage, run, **how))

    def usual(self, case: Case) -> Predictions:
        """Return the predictions of the usual data set and seed, made once."""
        if case not in self._usual:
            self._usual[case] = self.trial(self.stage(case))
        return self._usual[case]


def _supervision(level: Level, train: int) -> Supervision:
    if level == "few":
        return Supervision(level, labels=LabelBudget(per_class=5))
    if level in ("bags", "global", "census"):
        return Supervision(level, bag_size=min(BAG_SIZE, train))
    return Supervision(level, by="block") if level == "regions" else Supervision(level)


def frozen(scene: Scene, *, writable: bool) -> Scene:
    """Make every array that a method is handed read-only, as in a run, or writable."""
    for _, array in arrays_of(scene.view, "view"):
        array.setflags(write=writable)
    for _, array in arrays_of(scene.test, "test inputs"):
        array.setflags(write=writable)
    return scene


def arrays_of(thing: Any, name: str) -> Iterator[tuple[str, NDArray[Any]]]:
    """Yield every array in a tree of dataclasses, with its place."""
    if isinstance(thing, np.ndarray):
        yield name, thing
    elif isinstance(thing, tuple):
        for number, part in enumerate(thing):
            yield from arrays_of(part, f"{name}[{number}]")
    elif hasattr(type(thing), "__dataclass_fields__"):
        for field in type(thing).__dataclass_fields__:
            yield from arrays_of(getattr(thing, field), f"{name}.{field}")


def seed_globally(seed: int) -> None:
    """Seed the generators that all code of a process shares."""
    random.seed(seed)
    np.random.seed(seed % 2**32)  # noqa: NPY002  others' code draws from it
    torch = sys.modules.get("torch")
    if torch is not None:
        torch.manual_seed(seed)


def one_thread() -> None:
    """Give torch one thread, where it is loaded."""
    torch = sys.modules.get("torch")
    if torch is not None and torch.get_num_threads() != 1:
        torch.set_num_threads(1)
