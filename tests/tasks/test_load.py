"""A task file is checked strictly, and every mistake is told with its line and what is allowed."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from eobench.tasks import BaseModelsDraw, TaskFile, TaskFileError, load_tasks, parse_tasks
from eobench.tasks._source import read_yaml

GOOD = """\
name: toy
tasks:
  - id: one
    methods: [near]
    datasets: fields
    supervision: full
"""


def parse(text: str) -> TaskFile:
    return parse_tasks(text, "tasks.yaml")


def problems(text: str) -> list[str]:
    with pytest.raises(TaskFileError) as caught:
        parse(text)
    return str(caught.value).splitlines()


def test_a_small_file_takes_the_defaults():
    tasks = parse(GOOD)
    assert (tasks.seeds, tasks.budget, tasks.threads) == ([0], "quick", 1)
    assert tasks.tasks[0].score_on == "test"
    assert tasks.limits.cell_memory is None


def test_one_value_may_stand_for_a_list():
    task = parse(GOOD + "    bag_size: 32\n    labels: 5/class\n    seeds: 3\n").tasks[0]
    assert (task.datasets, task.supervision, task.bag_size) == (["fields"], ["full"], [32])
    assert (task.labels, task.seeds) == (["5/class"], [3])


def test_base_models_are_written_out_or_drawn():
    written = parse(GOOD + "    base_models: ['net[hidden=32]', net]\n").tasks[0].base_models
    drawn = parse(GOOD + "    base_models: {families: net, samples: 3}\n").tasks[0].base_models
    assert written == ["net[hidden=32]", "net"]
    assert drawn == BaseModelsDraw(families=["net"], space="small", samples=3, seed=0)


@pytest.mark.parametrize(
    ("written", "size"), [("8GiB", 8 * 1024**3), ("500MB", 500_000_000), ("1.5 kB", 1500), ("4096", 4096)]
)
def test_memory_is_read_in_the_usual_units(written, size):
    assert parse(f"{GOOD}limits: {{cell_memory: {written}}}\n").limits.cell_memory == size


def test_anchors_and_merge_keys_work_and_the_own_key_wins():
    text = """\
name: toy
tasks:
  - &first {id: one, methods: &m [near], datasets: [fields], supervision: [full]}
  - {<<: *first, id: two, datasets: [elsewhere]}
  - {id: three, methods: *m, datasets: [fields], supervision: [full]}
"""
    tasks = parse(text).tasks
    assert [(t.id, t.methods, t.datasets) for t in tasks] == [
        ("one", ["near"], ["fields"]),
        ("two", ["near"], ["elsewhere"]),
        ("three", ["near"], ["fields"]),
    ]


def test_every_mistake_is_told_at_once_in_the_order_of_the_file():
    text = """\
name: toy
tasks:
  - id: one
    methods: near
    datasets: []
    supervision: [full,
      bagz]
    bagsize: 3
    seeds: ["1"]
    budget: qick
"""
    found = problems(text)
    assert found[0] == "tasks.yaml:5: tasks[0].datasets: is empty: write at least one value"
    assert found[1] == (
        "tasks.yaml:7: tasks[0].supervision[1]: 'bagz' is not a level. Did you mean 'bags'? "
        "Allowed: full, few, bags, regions, global, census, none"
    )
    assert found[2].startswith("tasks.yaml:8: tasks[0].bagsize: unknown field 'bagsize'. Did you mean 'bag_size'?")
    assert found[3] == "tasks.yaml:9: tasks[0].seeds[0]: '1' is not a whole number"
    assert found[4].startswith("tasks.yaml:10: tasks[0].budget: 'qick' is not allowed. Did you mean 'quick'?")
    assert len(found) == 5


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("supervision: [bags]", "tasks.yaml:7: tasks[0]: the key 'supervision' stands twice (first on line 6)"),
        ("base_models: {families: net, samplse: 2}", "unknown field 'samplse'. Did you mean 'samples'?"),
        ("budget: {epochs: 2, steps: 3}", "tasks[0].budget: a budget is exactly one of steps, epochs and seconds"),
        ("budget: {steps: 0}", "tasks[0].budget.steps: 0 is not allowed; allowed: at least 1"),
        ("budget: {}", "a budget is exactly one of"),
        ("transductive: 1", "tasks[0].transductive: 1 is not true or false"),
        ("classes: {}", "give either majors"),
        ("classes: {majors: [a], others: [b]}", "give either majors"),
        ("labels: [5]", "tasks[0].labels[0]: 5 is not text"),
        ("labels: ['5']", "'5' is not a label budget; allowed: such as '5/class' or '20%'"),
        ("labels: ['0/class']", "is not a label budget"),
        ("labels: ['120%']", "at most 100%"),
        ("bag_size: [32, 0]", "tasks[0].bag_size[1]: 0 is not allowed; allowed: at least 1"),
        ("bag_size: 2.5", "tasks[0].bag_size: 2.5 is not a whole number"),
        ("seeds: -1", "tasks[0].seeds: -1 is not allowed; allowed: at least 0"),
        ("threads: true", "tasks[0].threads: true is not a whole number"),
        ("pretrain_on: 'a['", "is not of the form name[param=value,...]"),
        ("score_on: train", "'train' is not allowed. Allowed: test, val"),
        ("exclude: .nan", "'.nan' is not a number that can be used here"),
        ("exclude: 2021-01-01", "'2021-01-01' reads as a date: write it in quotes"),
        ("no: 3", "tasks[0]: a key must be text: write 'no' in quotes"),
        ("exclude: !!python/name:os.system x", "the tag !!python/name:os.system is not used here"),
        ("exclude: !secret x", "the tag !secret is not used here"),
        ("exclude: !!int many", "'many' is no !!int"),
    ],
)
def test_a_mistake_is_named_with_its_line(line, told):
    found = problems(GOOD + f"    {line}\n")
    assert len(found) == 1
    assert found[0].startswith("tasks.yaml:7: ")
    assert told in found[0]


@pytest.mark.parametrize(
    ("level", "told"),
    [
        ("census[sorce=table]", "census: unknown option 'sorce'. Did you mean 'source'?"),
        ("census[source=tabel]", "allowed: one of 'table', 'perturbed'"),
        ("census[source=table,error=0.1]", "a table is as wrong as it is"),
        ("census[error=2]", "a number from 0 to 1"),
        ("global[area=test]", "one of 'train', 'all'"),
        ("full[per_class=3]", "full: unknown option 'per_class'"),
        ("bags[", "is not of the form"),
    ],
)
def test_options_of_levels_are_checked(level, told):
    (found,) = problems(GOOD.replace("supervision: full", f"supervision: '{level}'"))
    assert found.startswith("tasks.yaml:6: tasks[0].supervision: ")
    assert told in found


@pytest.mark.parametrize("field", ["id", "methods", "datasets", "supervision"])
def test_a_task_without_what_it_needs_is_told_what_is_missing(field):
    text = "\n".join(line for line in GOOD.splitlines() if f"{field}:" not in line)
    text = text.replace("tasks:\n    methods", "tasks:\n  - methods")
    (found,) = problems(text)
    assert f"tasks[0]: the field {field!r} is missing" in found


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "tasks.yaml: the file is empty"),
        ("# nothing\n", "the file is empty"),
        ("- a\n", "tasks.yaml:1: a task file has fields (name, tasks, ...), this is a list"),
        ("name: toy\ntasks: []\n", "tasks.yaml:2: tasks: is empty"),
        ("name: toy\n", "the field 'tasks' is missing"),
        ("name: ../up\ntasks: []\n", "'../up' is not a name"),
        ("name: {a\n", "not YAML"),
        ("name: toy\n---\nname: two\n", "not YAML: but found another document"),
        ("name: \x00\n", "not YAML"),
        ("name: &a [*a]\n", "an anchor inside itself"),
        ("[" * 1200, "nested too deeply"),
        ("a: *b\n", "not YAML: found undefined alias"),
    ],
)
def test_what_is_no_task_file_is_refused(text, told):
    assert any(told in line for line in problems(text))


def test_anchors_that_multiply_are_refused_before_they_fill_the_memory():
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 9)]
    (found,) = problems("\n".join(lines))
    assert "anchors that multiply" in found


def test_two_tasks_of_one_id_are_refused():
    (found,) = problems(GOOD + "".join(GOOD.splitlines(keepends=True)[2:]))
    assert found == "tasks.yaml:7: tasks[1].id: two tasks have the id 'one'"


def test_files_that_cannot_be_read_are_named(tmp_path: Path):
    (tmp_path / "binary.yaml").write_bytes(b"\xff\xfe\x00")
    for path, told in ((tmp_path / "none.yaml", "No such file"), (tmp_path / "binary.yaml", "not UTF-8")):
        with pytest.raises(TaskFileError, match=told) as caught:
            load_tasks(path)
        assert str(path) in str(caught.value)


def test_positions_are_those_of_the_text():
    _, source = read_yaml("a: 1\nb:\n  - c\n  - {d: e}\n", "f")
    assert source.values[("b", 1, "d")] == (4, 9)
    assert source.keys[("b", 1, "d")] == (4, 6)
    assert source.values[("b", 0)] == (3, 5)


PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**9), 10**9)
    | st.text(st.characters(codec="ascii", min_codepoint=32)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abcdefg", min_size=1), inner, max_size=3),
    max_leaves=10,
)


@given(PLAIN)
def test_plain_values_come_back_as_they_were_written(value):
    if value is None:
        return
    assert read_yaml(yaml.safe_dump(value), "f")[0] == value


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused_with_a_message(text):
    try:
        parse(text)
    except TaskFileError as error:
        told = str(error)
    else:
        told = "tasks.yaml"
    assert told.startswith("tasks.yaml")
