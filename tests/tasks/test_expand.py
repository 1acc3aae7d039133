"""The matrix: what applies is combined, what cannot apply collapses, what cannot be is said."""

from __future__ import annotations

from itertools import pairwise

import pytest

from eobench.data import EobenchError, LabelBudget
from eobench.plugin import Budget
from eobench.tasks import TaskFileError


def problems(world, block: str) -> list[str]:
    with pytest.raises(TaskFileError) as caught:
        world.task(block)
    return str(caught.value).splitlines()


def test_every_method_meets_every_data_set_level_and_seed(world):
    cells = world.task("methods: [near, hurried], datasets: [fields, elsewhere], supervision: full, seeds: [0, 1]")
    found = {(c.method, c.dataset.name, c.seed) for c in cells}
    assert len(cells) == len(found) == 8
    assert {c.status for c in cells} == {"planned"}


def test_knobs_that_do_not_apply_to_a_level_collapse(world):
    cells = world.task(
        "methods: learner, base_models: net, datasets: fields, "
        "supervision: [full, few, bags, regions, global, census], "
        "labels: [5/class, '20%'], bag_size: [8, 16], redraws: [1, 4]"
    )
    by = {
        level: [c.supervision for c in cells if c.supervision.level == level] for level in ("full", "few", "bags")
    }
    assert len(by["full"]) == 1
    assert [s.labels for s in by["few"]] == [LabelBudget(per_class=5), LabelBudget(percent=20)]
    assert [(s.bag_size, s.redraws) for s in by["bags"]] == [(8, 1), (8, 4), (16, 1), (16, 4)]
    assert len(cells) == 1 + 2 + 4 + 1 + 4 + 4
    regions = next(c.supervision for c in cells if c.supervision.level == "regions")
    assert (regions.by, regions.bag_size) == ("block", None)  # the group that the split keeps whole


def test_all_labels_are_no_few_labels(world):
    cells = world.task("methods: near, datasets: fields, supervision: [full, few], labels: ['100%']")
    assert [c.supervision.level for c in cells] == ["full"]


def test_a_balanced_draw_is_an_axis_of_full(world):
    cells = world.task("methods: near, datasets: fields, supervision: full, per_class: [5, 10]")
    assert [c.supervision.per_class for c in cells] == [5, 10]


def test_what_is_asked_for_twice_is_one_cell_of_the_first_task(world):
    text = """
name: toy
tasks:
  - {id: one, methods: [near, "near[scaling=band]"], datasets: [fields, "fields[split=block]"], supervision: full}
  - {id: two, methods: near, datasets: fields, supervision: [full], bag_size: [3]}
"""
    (cell,) = world.expand(text)
    assert (cell.task, cell.method_label) == ("one", "near")


def test_the_label_shows_the_options_that_were_written(world):
    (cell,) = world.task(
        "methods: 'near[rate=2, scaling=band]', datasets: 'fields[clouds=0.40]', supervision: full"
    )
    assert cell.method_label == "near[rate=2,scaling=band]"
    assert cell.method_params == {"scaling": "band", "rate": 2.0, "chunk": 100}
    assert cell.dataset.label == "fields[clouds=0.4,split=block]"


def test_split_and_modalities_are_options_of_every_data_set(world):
    asked = "['fields[split=zone,modalities=s1]', 'fields[modalities=s2+s1]']"
    block = f"methods: near, supervision: full, datasets: {asked}"
    one, two = world.task(block)
    assert (one.dataset.split, one.dataset.modalities) == ("zone", ("s1",))
    assert (two.dataset.split, two.dataset.modalities) == ("block", ())  # all, in the folder's order


def test_budgets_become_numbers(world):
    block = "methods: [near, learner], base_models: net, datasets: fields, supervision: full"
    budgets = {}
    for written in ("quick", "paper", "{steps: 7}", "{seconds: 60}"):
        cells = world.task(f"{block}, budget: {written}")
        budgets[written] = {c.method: c.budget for c in cells}
    assert all(found["near"] is None for found in budgets.values())
    assert budgets["quick"]["learner"] == Budget(steps=300)
    assert budgets["paper"]["learner"] == Budget(epochs=20)
    assert budgets["{steps: 7}"]["learner"] == Budget(steps=7)
    assert budgets["{seconds: 60}"]["learner"] == Budget(seconds=60)


def test_a_task_overrides_what_the_file_says(world):
    head = "seeds: [0, 1]\nbudget: paper\nthreads: 2"
    block = "methods: learner, base_models: net, datasets: fields, supervision: full"
    first = world.task(block, head)
    second = world.task(f"{block}, seeds: 5, budget: quick, threads: 4", head)
    assert [(c.seed, c.threads, c.budget) for c in first] == [(s, 2, Budget(epochs=20)) for s in (0, 1)]
    assert [(c.seed, c.threads, c.budget) for c in second] == [(5, 4, Budget(steps=300))]


def test_methods_without_base_model_ignore_them(world):
    cells = world.task(
        "methods: [near, learner], base_models: [net, 'net[hidden=8]'], datasets: fields, supervision: full"
    )
    assert [(c.method, c.base_model and c.base_model.label) for c in cells] == [
        ("near", None),
        ("learner", "net"),
        ("learner", "net[hidden=8]"),
    ]


def test_all_methods_get_the_same_draws(world):
    world.registry.methods.add(
        world.registry.methods["learner"].__class__(
            name="other",
            summary="",
            load="toy_package._near:Thing",
            levels=("full",),
            needs_base_model="series->class",
        ),
        "toy",
    )
    cells = world.task(
        "methods: [learner, other], datasets: [fields, elsewhere], supervision: full, "
        "base_models: {families: net, space: small, samples: 3, seed: 1}"
    )
    drawn = {(c.method, c.dataset.name): [] for c in cells}
    for cell in cells:
        drawn[cell.method, cell.dataset.name].append((cell.base_model.label, dict(cell.base_model.params)))
    assert len(drawn) == 4
    assert all(d == next(iter(drawn.values())) for d in drawn.values())
    assert [label for label, _ in next(iter(drawn.values()))] == ["net#0", "net#1", "net#2"]


@pytest.mark.parametrize(
    ("block", "reason"),
    [
        (
            "methods: cluster, datasets: fields, supervision: full",
            "cluster does not learn at 'full'; it does at none",
        ),
        ("methods: images, datasets: fields, supervision: full", "images takes image, fields holds series"),
        (
            "methods: hurried, datasets: patches, supervision: full",
            "hurried does not learn from label maps (patches)",
        ),
        (
            "methods: hurried, datasets: fields, supervision: full, budget: paper",
            "hurried has no 'paper' budget; it has quick: give it in numbers",
        ),
        (
            "methods: learner, base_models: conv, datasets: fields, supervision: full",
            "learner needs a base model series->class, conv is image->class",
        ),
        (
            "methods: learner, base_models: net, datasets: fields, supervision: bags, bag_size: 5000",
            "a bag of 5000 is larger than",
        ),
        (
            "methods: learner, base_models: net, datasets: elsewhere, supervision: census, bag_size: 8",
            "elsewhere has no region table",
        ),
        ("methods: near, datasets: fields, supervision: full, pool: true", "no unlabelled pool"),
        ("methods: near, datasets: fields, supervision: full, test_on: patches", "other bands or steps"),
    ],
)
def test_what_cannot_be_is_unsupported_with_its_reason(world, block, reason):
    cells = world.task(block)
    assert {c.status for c in cells} == {"unsupported"}
    assert all(reason in str(c.reason) for c in cells)


def test_images_flatten_for_methods_of_series_where_every_pixel_has_a_label(world):
    (cell,) = world.task("methods: near, datasets: patches, supervision: full")
    assert cell.status == "planned"


def test_modalities_of_different_kinds_must_be_chosen_among(world, tmp_path):
    from dataclasses import replace

    fields = world.headers["fields"]
    image = world.headers["patches"].modalities["l8"]
    world.headers["fields"] = replace(fields, modalities={**fields.modalities, "l8": image})
    both, one = world.task("methods: near, datasets: [fields, 'fields[modalities=s2]'], supervision: full")
    assert both.status == "unsupported"
    assert "choose one, such as fields[modalities=s2]" in both.reason
    assert one.status == "planned"


def test_absent_data_is_skipped_with_how_to_get_it(world):
    block = "methods: [near, cluster], datasets: [absent, fields], supervision: full"
    found = {(c.method, c.dataset.name): (c.status, c.reason) for c in world.task(block)}
    assert found["near", "absent"] == ("skipped", "absent is not here: ask its makers")
    assert found["near", "fields"] == ("planned", None)
    assert found["cluster", "absent"][0] == "unsupported"  # it could not be, wherever the data is


def test_absent_data_to_test_on_is_skipped_too(world):
    (cell,) = world.task("methods: near, datasets: fields, supervision: full, test_on: absent")
    assert (cell.status, cell.test_on.name) == ("skipped", "absent")


def test_test_on_is_an_axis_and_the_own_data_set_collapses(world):
    block = (
        "methods: near, datasets: fields, supervision: full, test_on: [fields, elsewhere, 'fields[split=zone]']"
    )
    assert [c.test_on and c.test_on.label for c in world.task(block)] == [
        None,
        "elsewhere[split=block]",
        "fields[split=zone]",
    ]


def test_pretrain_on_applies_to_methods_that_pretrain(world):
    cells = world.task(
        "methods: [near, learner], base_models: net, datasets: fields, supervision: full, pretrain_on: elsewhere"
    )
    assert [c.pretrain_on and c.pretrain_on.name for c in cells] == [None, "elsewhere"]


def test_majors_and_others_name_the_same_grouping(world):
    block = "methods: near, datasets: fields, supervision: full"
    majors = world.task(f"{block}, classes: {{majors: [maize, wheat]}}")
    others = world.task(f"{block}, classes: {{others: fallow}}")
    assert majors[0].knobs.classes == others[0].knobs.classes == ("wheat", "maize")
    assert majors[0].key == others[0].key
    (all_of_them,) = world.task(f"{block}, classes: {{majors: [maize, wheat, fallow]}}")
    assert all_of_them.knobs.classes == ()


def test_score_classes_group_what_was_learned(world):
    (cell,) = world.task(
        "methods: near, datasets: fields, supervision: full, "
        "classes: {others: fallow}, score_classes: {others: [others]}"
    )
    assert cell.knobs.score_classes == ()  # others were merged already
    told = problems(
        world,
        "methods: near, datasets: fields, supervision: full, "
        "classes: {others: fallow}, score_classes: {majors: fallow}",
    )
    assert "unknown class 'fallow'" in told[0]


def test_a_name_that_no_data_set_has_is_a_mistake(world):
    block = "methods: near, datasets: [fields, elsewhere], supervision: full"
    for knob, told in (
        ("exclude: clowdy", "unknown flag 'clowdy'. Did you mean 'cloudy'?"),
        ("classes: {majors: weat}", "unknown class 'weat'. Did you mean 'wheat'?"),
    ):
        found = problems(world, f"{block}, {knob}")
        assert told in found[0]
        assert found[0].startswith(f"tasks.yaml:4: tasks[0].{knob.split(':')[0]}: ")


def test_a_name_that_only_some_data_sets_have_leaves_the_others_unsupported(world):
    cells = world.task("methods: near, datasets: [fields, elsewhere], supervision: full, exclude: cloudy")
    assert [(c.dataset.name, c.status) for c in cells] == [("fields", "planned"), ("elsewhere", "unsupported")]
    assert cells[0].knobs.exclude == "cloudy"


@pytest.mark.parametrize(
    ("block", "told"),
    [
        (
            "methods: neer, datasets: fields, supervision: full",
            "methods: unknown method 'neer'. Did you mean 'near'?",
        ),
        (
            "methods: [near, 'near[scalign=band]'], datasets: fields, supervision: full",
            "methods[1]: near: unknown option 'scalign'. Did you mean 'scaling'?",
        ),
        (
            "methods: 'near[scaling=no]', datasets: fields, supervision: full",
            "option 'scaling' is 'no'; allowed: one of",
        ),
        ("methods: near, datasets: field, supervision: full", "datasets: unknown data set 'field'."),
        (
            "methods: near, datasets: 'fields[splitt=zone]', supervision: full",
            "fields: unknown option 'splitt'. Did you mean 'split'? Allowed: clouds, modalities, split",
        ),
        (
            "methods: near, datasets: 'fields[split=zon]', supervision: full",
            "fields: unknown split 'zon'. Did you mean 'zone'?",
        ),
        (
            "methods: near, datasets: 'fields[modalities=s3]', supervision: full",
            "fields: unknown modality 's3'.",
        ),
        ("methods: near, datasets: 'fields[modalities=s2+s2]', supervision: full", "names one twice"),
        (
            "methods: learner, datasets: fields, supervision: full",
            "methods: learner needs a base model (series->class): add base_models to the task",
        ),
        (
            "methods: learner, base_models: 'net[hiden=3]', datasets: fields, supervision: full",
            "base_models: net: unknown option 'hiden'. Did you mean 'hidden'?",
        ),
        (
            "methods: learner, base_models: {families: nett}, datasets: fields, supervision: full",
            "base_models.families: unknown base model 'nett'. Did you mean 'net'?",
        ),
        (
            "methods: learner, base_models: {families: net, space: smal}, datasets: fields, supervision: full",
            "base_models.space: net has no search space 'smal'. Did you mean 'small'?",
        ),
        (
            "methods: near, datasets: fields, supervision: few",
            '\'few\' needs labels, such as labels: ["5/class", "20%"]',
        ),
        ("methods: near, datasets: fields, supervision: bags", "'bags' needs bag_size, such as"),
        (
            "methods: learner, base_models: net, datasets: fields, supervision: 'regions[by=blok]'",
            "unknown group 'blok'. Did you mean 'block'?",
        ),
        (
            "methods: learner, base_models: net, datasets: fields, supervision: full, pair_on: corruptoin",
            "no method of the task has an option 'corruptoin'. Did you mean 'corruption'?",
        ),
        ("methods: near, datasets: fields, supervision: full, test_on: fild", "test_on: unknown data set 'fild'."),
    ],
)
def test_a_wrong_name_is_a_mistake_with_its_line(world, block, told):
    found = problems(world, block)
    assert found[0].startswith("tasks.yaml:4: tasks[0].")
    assert told in found[0]


def test_without_a_data_root_an_unknown_data_set_says_so(world):
    from eobench.plugin import Places

    world.places = Places(None, world.places.cache)
    (found,) = problems(world, "methods: near, datasets: us_fields, supervision: full")
    assert "no data root is given: --data or EOBENCH_DATA" in found


def test_all_mistakes_are_told_at_once(world):
    assert len(problems(world, "methods: [neer, nar], datasets: [feelds, fields], supervision: full")) == 3


def test_damaged_data_is_a_mistake_that_names_the_data_set(world):
    def broken(card, params):
        raise EobenchError(f"{card.name}/dataset.json: not JSON")

    world.probe = broken
    (found,) = problems(world, "methods: near, datasets: fields, supervision: full")
    assert "fields/dataset.json: not JSON" in found


def test_pair_on_stays_out_of_the_key_and_in_the_cell(world):
    block = "methods: 'learner[corruption=0.6]', base_models: net, datasets: fields, supervision: full"
    (plain,), (paired,) = world.task(block), world.task(f"{block}, pair_on: corruption")
    assert paired.pair_on == ("corruption",)
    assert paired.key == plain.key


def test_cells_that_share_data_and_level_stand_together(world):
    cells = world.task(
        "methods: [near, hurried], datasets: [fields, elsewhere], "
        "supervision: [full, few], labels: 5/class, seeds: [0, 1]"
    )
    scenes = [(c.dataset.name, c.supervision.level, c.seed) for c in cells]
    changes = sum(a != b for a, b in pairwise(scenes))
    assert changes == len(set(scenes)) - 1
