"""A key covers everything that may move a number, and nothing that may not; seeds go by axis."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eobench.plugin import Param
from eobench.tasks import PROTOCOL, Cell, data_seed, method_seed
from eobench.tasks._canonical import canonical, digest

BLOCK = "methods: learner, base_models: net, datasets: fields, supervision: bags, bag_size: 8"


def cell(world, block: str = BLOCK, head: str = "") -> Cell:
    (found,) = world.task(block, head)
    return found


def test_the_identity_says_what_was_hashed(world):
    found = cell(world)
    assert found.key == digest(found.identity)
    assert found.identity == {
        "protocol": PROTOCOL,
        "method": {"name": "learner", "params": {"corruption": 0.2}},
        "code": found.identity["code"],
        "dataset": {
            "name": "fields",
            "params": {"clouds": 0.0},
            "split": "block",
            "modalities": [],
            "fingerprint": found.dataset.fingerprint,
        },
        "supervision": {"level": "bags", "bag_size": 8, "redraws": 1},
        "knobs": {},
        "base_model": {"name": "net", "params": {"hidden": 64, "lr": 0.001}},
        "base_model_code": found.identity["base_model_code"],
        "seed": 0,
        "budget": {"steps": 300},
        "threads": 1,
    }


@pytest.mark.parametrize(
    "other",
    [
        BLOCK.replace("learner", "'learner[corruption=0.3]'"),
        BLOCK.replace("net", "'net[hidden=32]'"),
        BLOCK.replace("fields", "'fields[clouds=0.5]'"),
        BLOCK.replace("fields", "'fields[split=zone]'"),
        BLOCK.replace("fields", "'fields[modalities=s2]'"),
        BLOCK.replace("bags", "global"),
        BLOCK.replace("bag_size: 8", "bag_size: 9"),
        BLOCK + ", redraws: 4",
        BLOCK + ", seeds: 1",
        BLOCK + ", threads: 2",
        BLOCK + ", budget: {steps: 301}",
        BLOCK + ", transductive: true",
        BLOCK + ", validation: none",
        BLOCK + ", score_on: val",
        BLOCK + ", exclude: cloudy",
        BLOCK + ", classes: {others: fallow}",
        BLOCK + ", score_classes: {others: fallow}",
        BLOCK + ", test_on: 'fields[split=zone]'",
        BLOCK + ", pretrain_on: elsewhere",
    ],
)
def test_whatever_may_move_a_number_moves_the_key(world, other):
    assert cell(world, other).key != cell(world).key


def test_what_moves_no_number_leaves_the_key(world):
    near = "methods: near, datasets: fields, supervision: full"
    assert cell(world, near.replace("near", "'near[chunk=5]'")).key == cell(world, near).key
    assert cell(world, near.replace("near", "'near[rate=1.0]'")).key == cell(world, near).key
    assert cell(world, near + ", bag_size: 3, budget: {steps: 2}").key == cell(world, near).key
    one, two = cell(world), replace(cell(world), task="other", pair_on=("corruption",))
    assert one.identity == two.identity


def test_a_budget_counts_in_numbers(world):
    assert cell(world, BLOCK + ", budget: {steps: 300}").key == cell(world, BLOCK + ", budget: quick").key


def test_the_fingerprint_counts_and_the_place_does_not(world):
    before = cell(world)
    world.places = replace(world.places, data=world.places.cache)
    assert cell(world).key == before.key
    world.fingerprint = "f1"
    assert cell(world).key != before.key


def test_code_moves_the_key_and_no_seed(world, modules):
    before = cell(world)
    modules("toy_package/_near.py", "class Thing:\n    name = 'changed'\n")
    after = cell(world)
    assert after.key != before.key
    assert (method_seed(after), data_seed(after)) == (method_seed(before), data_seed(before))


def test_base_model_code_moves_the_key(world, modules):
    before = cell(world)
    modules("toy_package/_net.py", "class Thing:\n    name = 'changed'\n")
    assert cell(world).key != before.key


def test_a_draw_counts_by_its_configuration_not_by_its_number(world):
    drawn = cell(world, BLOCK.replace("base_models: net", "base_models: {families: net, seed: 4}"))
    options = drawn.base_model.params
    written = cell(world, BLOCK.replace("net", f"'net[hidden={options['hidden']},lr={options['lr']!r}]'"))
    assert (drawn.base_model.draw, written.base_model.draw) == (0, None)
    assert drawn.key == written.key
    assert method_seed(drawn) == method_seed(written)


def test_the_data_seed_is_the_same_for_every_method_and_level(world):
    cells = world.task(
        "methods: [near, learner, hurried], base_models: [net, 'net[hidden=8]'], "
        "datasets: [fields, 'fields[modalities=s2]'], "
        "supervision: [full, few], labels: [5/class, '20%']"
    )
    assert len({data_seed(c) for c in cells}) == 1


def test_the_data_seed_follows_data_set_split_seed_and_bag_size(world):
    blocks = [
        BLOCK,
        BLOCK + ", seeds: 1",
        BLOCK.replace("bag_size: 8", "bag_size: 16"),
        BLOCK.replace("fields", "'fields[split=zone]'"),
        BLOCK.replace("fields", "'fields[clouds=0.5]'"),
        BLOCK.replace("fields", "elsewhere"),
    ]
    seeds = {data_seed(cell(world, block)) for block in blocks}
    assert len(seeds) == len(blocks)
    assert all(0 <= seed < 2**63 for seed in seeds)


def test_the_method_seed_follows_method_base_model_and_seed(world):
    blocks = [
        BLOCK,
        BLOCK + ", seeds: 1",
        BLOCK.replace("learner", "'learner[corruption=0.3]'"),
        BLOCK.replace("net", "'net[hidden=32]'"),
    ]
    assert len({method_seed(cell(world, block)) for block in blocks}) == len(blocks)
    same = [BLOCK + ", budget: paper", BLOCK.replace("fields", "elsewhere"), BLOCK.replace("bags", "global")]
    assert {method_seed(cell(world, block)) for block in same} == {method_seed(cell(world))}


def test_options_of_execution_move_no_seed(world):
    near = "methods: near, datasets: fields, supervision: full"
    assert method_seed(cell(world, near.replace("near", "'near[chunk=5]'"))) == method_seed(cell(world, near))


def test_a_cell_that_stands_for_a_stage_has_the_seed_of_its_own_fields(world):
    full = cell(world)
    stage = replace(full, base_model=None)
    other = replace(cell(world, BLOCK.replace("net", "'net[hidden=32]'")), base_model=None)
    assert method_seed(stage) == method_seed(other) != method_seed(full)


def test_a_cell_goes_to_a_worker_and_back_unchanged(world):
    block = (
        BLOCK.replace("bags", "[bags, few, census]").replace(
            "base_models: net", "base_models: {families: net, samples: 2}"
        )
        + ", labels: '33.3%', test_on: elsewhere, pretrain_on: 'elsewhere[split=zone,modalities=s2]',"
        " pair_on: corruption,"
        " classes: {others: fallow}, budget: {seconds: 1.5}"
    )
    for found in world.task(block):
        back = Cell.from_json(json.loads(json.dumps(found.to_json())))
        assert back == found
        assert (data_seed(back), method_seed(back)) == (data_seed(found), method_seed(found))


def test_keys_do_not_depend_on_the_process(world, tmp_path):
    code = (
        "import json, sys; from eobench.tasks import Cell, data_seed, method_seed\n"
        "from eobench.tasks._canonical import digest\n"
        "c = Cell.from_json(json.load(sys.stdin)); print(digest(c.identity), data_seed(c), method_seed(c))"
    )
    found = cell(world)
    text = json.dumps(found.to_json())
    for seed in ("0", "123"):
        env = {**os.environ, "PYTHONHASHSEED": seed}
        out = subprocess.run(
            [sys.executable, "-c", code], env=env, input=text, capture_output=True, text=True, check=True
        )
        assert out.stdout.split() == [found.key, str(data_seed(found)), str(method_seed(found))]


def test_the_order_of_a_task_file_moves_no_key(world):
    fields = [
        "methods: ['near[rate=2,scaling=feature]', learner]",
        "base_models: [net, 'net[hidden=8,lr=0.01]']",
        "datasets: [fields, elsewhere]",
        "supervision: [full, few]",
        "labels: [5/class, '20%']",
        "seeds: [0, 1]",
    ]
    keys = {c.key for c in world.task(", ".join(fields))}
    shuffled = [
        "methods: [learner, 'near[scaling=feature,rate=2]']",
        "base_models: ['net[lr=0.01,hidden=8]', net]",
    ]
    shuffled += [
        "datasets: [elsewhere, fields]",
        "supervision: [few, full]",
        "labels: ['20%', 5/class]",
        "seeds: [1, 0]",
    ]
    random.Random(3).shuffle(shuffled)
    assert {c.key for c in world.task(", ".join(shuffled))} == keys


def test_the_order_of_a_cards_options_moves_no_key(world):
    near = "methods: near, datasets: fields, supervision: full"
    before = cell(world, near).key
    card = world.registry.methods["near"]
    world.registry.methods._cards["near"] = replace(card, params=card.params[::-1])
    assert cell(world, near).key == before
    world.registry.methods._cards["near"] = replace(card, params=(*card.params, Param("new", 1, "a new option")))
    assert cell(world, near).key != before


VALUES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5)
)
TREES = st.recursive(
    VALUES, lambda t: st.lists(t, max_size=3) | st.dictionaries(st.text(max_size=3), t, max_size=4), max_leaves=12
)


@given(TREES, st.randoms())
def test_canonical_json_has_one_text_for_one_value(tree, chance):
    def shuffled(value):
        if isinstance(value, dict):
            items = list(value.items())
            chance.shuffle(items)
            return {k: shuffled(v) for k, v in items}
        return [shuffled(v) for v in value] if isinstance(value, list) else value

    text = canonical(tree)
    assert canonical(shuffled(tree)) == text
    assert json.loads(text) == tree


@pytest.mark.parametrize("value", [float("nan"), float("inf"), {"a": [float("-inf")]}])
def test_canonical_json_has_no_nan(value):
    with pytest.raises(ValueError):
        canonical(value)
