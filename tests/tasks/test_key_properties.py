"""What a key depends on, as laws: every option and every field in it or out of it as declared, no more."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from contextlib import suppress
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from eobench.data import Knobs, LabelBudget, ModalityArray, ModalityInfo, SplitInfo, Supervision, write_folder
from eobench.plugin import (
    BaseModelCard,
    Budget,
    Card,
    DatasetCard,
    MethodCard,
    Param,
    ParameterError,
    Places,
    Selector,
    discover,
    make_dataset,
)
from eobench.tasks import BaseModelRef, Cell, DatasetRef, expand, parse_tasks
from eobench.tasks._identity import CellFacts, Facts, cell_identity, keyed

# --- every field of a cell: out of the key, for this reason, or in it, with another value to try -----------------

OUT = {
    (Cell, "task"): "an id for people; two tasks may ask for one cell",
    (Cell, "method_label"): "how it was written; the options themselves count",
    (Cell, "pair_on"): "only the leaderboard pairs blocks",
    (Cell, "key"): "it is the key",
    (Cell, "identity"): "it is what the key hashes",
    (Cell, "status"): "follows from the rest and from what is on this machine",
    (Cell, "reason"): "as status",
    (DatasetRef, "folder"): "a path; the fingerprint stands for the content",
    (DatasetRef, "chosen"): "how it was written, for the label",
    (BaseModelRef, "space"): "where the configuration came from; it counts itself",
    (BaseModelRef, "draw"): "as space",
    (BaseModelRef, "chosen"): "how it was written, for the label",
}
DATA = DatasetRef("fields", {"clouds": 0.0}, "block", ("s1", "s2"), "f0", "/somewhere", {"clouds": 0.0})
IN = {
    (Cell, "method"): "other",
    (Cell, "method_params"): {"rate": 2},
    (Cell, "dataset"): replace(DATA, name="elsewhere"),
    (Cell, "supervision"): Supervision("none"),
    (Cell, "knobs"): Knobs(pool=True),
    (Cell, "seed"): 8,
    (Cell, "threads"): 2,
    (Cell, "test_on"): None,
    (Cell, "pretrain_on"): None,
    (Cell, "base_model"): None,
    (Cell, "budget"): None,
    (DatasetRef, "name"): "elsewhere",
    (DatasetRef, "params"): {"clouds": 0.5},
    (DatasetRef, "split"): "zone",
    (DatasetRef, "modalities"): ("s2", "s1"),
    (DatasetRef, "fingerprint"): "f1",
    (BaseModelRef, "family"): "other",
    (BaseModelRef, "params"): {"hidden": 8},
    (Supervision, "level"): "global",
    (Supervision, "per_class"): 5,
    (Supervision, "labels"): LabelBudget(per_class=5),
    (Supervision, "bag_size"): 16,
    (Supervision, "redraws"): 2,
    (Supervision, "by"): "zone",
    (Supervision, "area"): "all",
    (Supervision, "source"): "perturbed",
    (Supervision, "error"): 0.1,
    (LabelBudget, "per_class"): 6,
    (LabelBudget, "percent"): 5.5,
    (Knobs, "transductive"): True,
    (Knobs, "pool"): True,
    (Knobs, "classes"): ("wheat",),
    (Knobs, "score_classes"): ("wheat",),
    (Knobs, "score_on"): "val",
    (Knobs, "exclude"): "cloudy",
    (Knobs, "validation"): "none",
    (Budget, "steps"): 301,
    (Budget, "epochs"): 20,
    (Budget, "seconds"): 1.5,
}
FULL = Cell(
    task="one",
    method="learner",
    method_params={"rate": 1},
    method_label="learner",
    dataset=DATA,
    supervision=Supervision("bags", bag_size=8),
    knobs=Knobs(),
    seed=7,
    threads=1,
    test_on=replace(DATA, name="tested"),
    pretrain_on=replace(DATA, name="pre-trained"),
    base_model=BaseModelRef("net", {"hidden": 64}, "small", 3, {"hidden": 64}),
    budget=Budget(steps=300),
)
OTHER_OUT: dict[tuple[type, str], Any] = {
    (Cell, "pair_on"): ("rate",),
    (Cell, "identity"): {"a": 1},
    (DatasetRef, "chosen"): None,
    (BaseModelRef, "draw"): 4,
    (BaseModelRef, "chosen"): None,
}


def facts_of(cell: Cell) -> CellFacts:
    """All options count; what a card declares is tested below."""

    def of(ref: DatasetRef | None) -> Facts | None:
        return None if ref is None else Facts(ref.params)

    model = cell.base_model
    return CellFacts(
        method=Facts(cell.method_params, "code"),
        dataset=Facts(cell.dataset.params),
        base_model=None if model is None else Facts(model.params, "its code"),
        test_on=of(cell.test_on),
        pretrain_on=of(cell.pretrain_on),
    )


def key_of(cell: Cell) -> str:
    return keyed(cell, facts_of(cell)).key


def holders(owner: type) -> list[tuple[Any, Any]]:
    """Where a dataclass stands in a cell: (what is there, a function that puts another in its place)."""
    if owner is Cell:
        return [(FULL, lambda new: new)]
    if owner is LabelBudget:
        few = replace(FULL, supervision=Supervision("few", labels=LabelBudget(5, None)))
        share = replace(FULL, supervision=Supervision("few", labels=LabelBudget(None, 20.0)))
        return [
            (c.supervision.labels, lambda new: replace(FULL, supervision=Supervision("few", labels=new)))
            for c in (few, share)
        ]
    names = [f.name for f in fields(Cell) if isinstance(getattr(FULL, f.name), owner)]
    return [(getattr(FULL, n), lambda new, n=n: replace(FULL, **{n: new})) for n in names]


FIELDS = [
    (owner, f.name)
    for owner in (Cell, DatasetRef, BaseModelRef, Supervision, Knobs, Budget, LabelBudget)
    for f in fields(owner)
]


def named(pair: tuple[type, str]) -> str:
    return f"{pair[0].__name__}.{pair[1]}"


def test_every_field_has_a_line_here():
    """A new field must say whether it is in the key; a field that is gone must not linger."""
    assert {named(p) for p in FIELDS} == {named(p) for p in OUT} | {named(p) for p in IN}
    assert not set(OUT) & set(IN)


@pytest.mark.parametrize("pair", list(IN), ids=named)
def test_a_field_that_may_move_a_number_moves_the_key(pair):
    owner, name = pair
    tried = 0
    for here, put in holders(owner):
        if owner is LabelBudget and getattr(here, name) is None:
            continue  # exactly one of the two is set
        before, after = put(here), put(replace(here, **{name: IN[pair]}))
        assert getattr(here, name) != IN[pair]
        assert key_of(before) != key_of(after)
        tried += 1
    assert tried


@pytest.mark.parametrize("pair", list(OUT), ids=named)
def test_a_field_that_moves_no_number_leaves_the_key(pair):
    owner, name = pair
    assert holders(owner)
    for here, put in holders(owner):
        other = OTHER_OUT.get(pair, "another")
        assert getattr(here, name) != other
        assert key_of(put(here)) == key_of(put(replace(here, **{name: other})))


def test_the_code_of_method_and_base_model_moves_the_key():
    facts = facts_of(FULL)
    for changed in (
        replace(facts, method=replace(facts.method, code="edited")),
        replace(facts, base_model=Facts({"hidden": 64}, "edited")),
    ):
        assert keyed(FULL, changed).key != keyed(FULL, facts).key


COUNTS = st.none() | st.integers(1, 9)
LEVELS = st.builds(
    Supervision,
    level=st.sampled_from(["full", "few", "bags"]),
    per_class=COUNTS,
    labels=st.none()
    | st.builds(LabelBudget, per_class=st.integers(1, 9))
    | st.builds(LabelBudget, percent=st.floats(0.001, 99, allow_nan=False)),
    bag_size=COUNTS,
    redraws=COUNTS,
    by=st.sampled_from([None, "zone", "block"]),
    error=st.sampled_from([None, 0.1, 0.2]),
)
KNOBS = st.builds(
    Knobs,
    transductive=st.booleans(),
    classes=st.sampled_from([(), ("a",), ("a", "b"), ("b", "a")]),
    score_on=st.sampled_from(["test", "val"]),
    exclude=st.sampled_from([None, "cloudy"]),
    validation=st.sampled_from(["split", "none"]),
)


@settings(max_examples=300, deadline=None)
@given(st.tuples(LEVELS, KNOBS, st.integers(0, 3)), st.tuples(LEVELS, KNOBS, st.integers(0, 3)))
def test_two_cells_share_a_key_only_where_they_ask_for_the_same(one, other):
    cells = [replace(FULL, supervision=s, knobs=k, seed=seed) for s, k, seed in (one, other)]
    assert (key_of(cells[0]) == key_of(cells[1])) == (one == other)


@given(st.floats(0.0001, 99, allow_nan=False), st.integers(1, 12))
def test_two_shares_of_labels_that_differ_at_all_are_told_apart(share, digits):
    near = share * (1 + 10.0**-digits)
    assert str(LabelBudget(percent=share)) != str(LabelBudget(percent=near))


@pytest.mark.parametrize(
    ("share", "text"), [(20.0, "20%"), (5.5, "5.5%"), (33.3, "33.3%"), (1e-05, "1e-05%"), (0.1, "0.1%")]
)
def test_a_share_of_labels_is_written_as_it_was(share, text):
    assert str(LabelBudget(percent=share)) == text


# --- every option of every first-party card ---------------------------------------------------------------------

SHELVES = ("methods", "datasets", "base_models")


@pytest.fixture(scope="module")
def first_party(tmp_path_factory):
    return discover(Places(None, tmp_path_factory.mktemp("cache")), ())


def cards() -> list[tuple[str, str]]:
    found = discover(Places(None, Path("nowhere")), ())
    return [(shelf, name) for shelf in SHELVES for name, card in getattr(found, shelf).items() if card.params]


def other_value(param: Param) -> Any:
    """Return an allowed value that is not the default."""
    default = param.default
    if param.choices:
        return next(v for v in param.choices if v != default)
    if param.type is bool:
        return not default
    if param.type is str:
        return f"{default or ''}x"
    low = param.minimum if param.minimum is not None else -1e6
    high = param.maximum if param.maximum is not None else 1e6
    start = low if default is None else default
    tries = [start + 1, start - 1, (start + high) / 2, (start + low) / 2]
    if param.type is int:
        tries = [int(v) for v in tries]
    return next(v for v in tries if low <= v <= high and v != default)


def cells_of(card: Card, shelf: str, variants: list[dict[str, Any]], registry: Any, world: Any) -> list[Cell]:
    """Expand a task in which a card stands with each of some settings; at whichever level, as all have keys."""
    written = [str(Selector(card.name, v)) for v in variants]
    task: dict[str, Any] = {"id": "one", "methods": ["ncc"], "datasets": ["fields"], "supervision": ["full"]}
    if shelf == "methods":
        assert isinstance(card, MethodCard)
        task |= {"methods": written, "supervision": [card.levels[0]], "bag_size": [8], "labels": ["5/class"]}
    elif shelf == "datasets":
        world.headers[card.name] = replace(world.headers["fields"], name=card.name)
        task["datasets"] = written
    needs = task["methods"] if shelf != "base_models" else []
    if shelf == "base_models":
        assert isinstance(card, BaseModelCard)
        task |= {"methods": ["supervised"], "base_models": written}
    elif any(registry.methods[Selector.parse(m).name].needs_base_model for m in needs):
        task["base_models"] = ["inceptiontime"]
    tasks = parse_tasks(yaml.safe_dump({"name": "toy", "tasks": [task]}), "tasks.yaml")
    return expand(tasks, registry, world.places, probe=lambda c, p: world.probe(c, {}))


def params_of(cell: Cell, shelf: str) -> Any:
    return {
        "methods": cell.method_params,
        "datasets": cell.dataset.params,
        "base_models": cell.base_model.params if cell.base_model else {},
    }[shelf]


def moved(card: Card, shelf: str, registry: Any, world: Any) -> dict[str, bool]:
    """Return, for each option, whether another value of it gives another key."""
    changes = {p.name: other_value(p) for p in card.params}
    variants = [{}, *({name: value} for name, value in changes.items())]
    found = {}
    for variant in variants[1:]:
        cells = cells_of(card, shelf, [{}, variant], registry, world)
        ((name, value),) = variant.items()
        assert params_of(cells[-1], shelf)[name] == (value if len(cells) == 2 else card.resolve({})[name])
        found[name] = len({c.key for c in cells}) == 2
    return found


@pytest.fixture
def fields_only(world, first_party):
    """First-party cards, and the toy data set `fields`, whose fingerprint says nothing of options."""
    if "fields" not in first_party.datasets:
        first_party.datasets.add(world.registry.datasets["fields"], "toy")
    return first_party


@pytest.mark.parametrize(("shelf", "name"), cards())
def test_an_option_is_in_the_key_or_out_of_it_as_its_card_declares(shelf, name, fields_only, world):
    card = getattr(fields_only, shelf)[name]
    assert moved(card, shelf, fields_only, world) == {p.name: not p.execution for p in card.params}


@pytest.mark.parametrize(("shelf", "name"), [("methods", "kmeans"), ("base_models", "bilstm")])
def test_the_same_option_declared_execution_leaves_the_key(shelf, name, fields_only, world, monkeypatch):
    known = getattr(fields_only, shelf)
    declared = known[name]
    params = (replace(declared.params[0], execution=True), *declared.params[1:])
    monkeypatch.setitem(known._cards, name, replace(declared, params=params))
    found = moved(known[name], shelf, fields_only, world)
    assert found == {p.name: p.name != params[0].name for p in params}


@pytest.mark.parametrize("name", [n for shelf, n in cards() if shelf == "datasets"])
def test_a_recipe_holds_every_option_that_changes_a_number_and_no_other(name, first_party, tmp_path):
    card = first_party.datasets[name]
    places = Places(None, tmp_path)
    plain = make_dataset(card, {}, places).recipe()
    if plain is None:
        pytest.skip("its content is its fingerprint")
    for param in card.params:
        other = another(card, param, places).recipe()
        assert (other != plain) == (not param.execution), param.name


def another(card: DatasetCard, param: Param, places: Places) -> Any:
    """Return the data set with one option changed, to a value that the others leave room for."""
    values = [other_value(param)]
    if param.type is int and param.default is not None:
        values.append(param.default - 1)
    for value in values[:-1]:
        with suppress(ParameterError):
            return make_dataset(card, {param.name: value}, places)
    return make_dataset(card, {param.name: values[-1]}, places)


# --- order, process, machine, workers, time ---------------------------------------------------------------------

BLOCKS: list[dict[str, Any]] = [
    {
        "id": "few",
        "methods": ["near", "near[rate=2,scaling=feature]", "learner[corruption=0.4]"],
        "datasets": ["fields", "fields[clouds=0.5,split=zone]", "elsewhere"],
        "supervision": ["full", "few"],
        "labels": ["5/class", "20%"],
        "base_models": ["net", "net[hidden=8,lr=0.01]"],
        "seeds": [0, 1],
    },
    {
        "id": "bags",
        "methods": ["learner"],
        "datasets": ["fields"],
        "supervision": ["bags", "global"],
        "bag_size": [8, 16],
        "base_models": ["net"],
        "budget": {"steps": 20},
        "threads": 2,
    },
    {"id": "nothing", "methods": ["cluster"], "datasets": ["patches", "absent"], "supervision": ["none"]},
]


@st.composite
def shuffled(draw: st.DrawFn) -> dict[str, Any]:
    """The same file, its keys, lists, tasks and the options in its selectors in another order."""

    def selector(text: str) -> str:
        if "[" not in text:
            return text
        name, _, rest = text.rstrip("]").partition("[")
        return f"{name}[{','.join(draw(st.permutations(rest.split(','))))}]"

    def mixed(thing: Any) -> Any:
        if isinstance(thing, dict):
            return {k: mixed(thing[k]) for k in draw(st.permutations(list(thing)))}
        if isinstance(thing, list):
            return [mixed(v) for v in draw(st.permutations(thing))]
        return selector(thing) if isinstance(thing, str) else thing

    return mixed({"name": "toy", "seeds": [3], "tasks": BLOCKS})  # type: ignore[no-any-return]


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(shuffled())
def test_no_order_in_a_task_file_moves_a_key(world, mixed):
    def keys(thing: dict[str, Any]) -> set[str]:
        return {c.key for c in world.expand(yaml.safe_dump(thing, sort_keys=False))}

    straight = keys({"name": "toy", "seeds": [3], "tasks": BLOCKS})
    assert keys(mixed) == straight
    assert len(straight) > 50


PLAN = """
import json, os, sys, time
{before}
from pathlib import Path
from eobench.plugin import Places, discover
from eobench.tasks import expand, load_tasks
places = Places(Path(sys.argv[1]), Path(sys.argv[2]))
registry = discover(places, ())
cells = expand(load_tasks(Path(sys.argv[3])), registry, places)
print(json.dumps({{c.label: c.key for c in cells}}))
"""
ELSEWHERE = """
import random
time.time = lambda: 4e9
os.cpu_count = lambda: 64
os.sched_getaffinity = lambda _: set(range(64))
random.seed(5)
"""
TASKS = """
name: places
seeds: [0, 1]
tasks:
  - id: t
    methods: [ncc, "random-forest[trees=5]", supervised]
    datasets: [toy, "toy[split=random,modalities=s]"]
    supervision: [full, few]
    labels: 20%
    base_models: {families: [bilstm, transformer], space: small, samples: 2}
"""


def write_toy(path: Path) -> None:
    values = np.random.default_rng(0).normal(size=(40, 3, 2)).astype(np.float32)
    info = ModalityInfo("s", "series", (3, 2), ("red", "nir"))
    write_folder(
        path,
        name="toy",
        title="toy",
        classes=("x", "y"),
        modalities={"s": ModalityArray(info, values, None, np.arange(3, dtype=np.int16))},
        samples={"label": np.arange(40) % 2, "split": np.array(["train", "test"], object)[np.arange(40) // 2 % 2]},
        splits={"random": SplitInfo("random", "split", None, "within")},
        default_split="random",
    )


def test_no_process_place_machine_worker_count_or_time_moves_a_key(tmp_path):
    here, there = tmp_path / "here", tmp_path / "somewhere" / "else"
    write_toy(here / "data" / "toy")
    shutil.copytree(here / "data", there / "data")
    for path in (there / "data" / "toy").iterdir():
        os.utime(path, (10**9, 10**9))
    found = []
    for root, before, variables in (
        (here, "", {"PYTHONHASHSEED": "0", "OMP_NUM_THREADS": "1", "TZ": "UTC"}),
        (there, ELSEWHERE, {"PYTHONHASHSEED": "4711", "OMP_NUM_THREADS": "64", "TZ": "Asia/Tokyo", "LC_ALL": "C"}),
    ):
        (root / "tasks.yaml").write_text(TASKS)
        arguments = [str(root / name) for name in ("data", "cache", "tasks.yaml")]
        done = subprocess.run(
            [sys.executable, "-c", PLAN.format(before=before), *arguments],
            cwd=root,
            env=os.environ | variables,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        found.append(json.loads(done.stdout))
    assert found[0] == found[1]
    assert len(found[0]) > 10


def test_the_identity_holds_no_path_and_is_json():
    identity = cell_identity(FULL, facts_of(FULL))
    assert "/somewhere" not in json.dumps(identity, allow_nan=False)
