"""`--select`, and what a plan says of itself."""

from __future__ import annotations

import json

import pytest

from eobench.tasks import SelectionError, plan_summary, select

BLOCK = (
    "methods: [near, 'near[scaling=feature,rate=2]', learner, cluster], base_models: {families: net, samples: 2}, "
    "datasets: [fields, 'fields[split=zone]', absent], supervision: [full, few, bags], "
    "labels: [5/class, '20%'], bag_size: 8"
)


@pytest.fixture
def cells(world):
    return world.task(BLOCK, "seeds: [0, 1]")


@pytest.mark.parametrize(
    ("expression", "holds"),
    [
        ("method=learner", lambda c: c.method == "learner"),
        ("method=near", lambda c: c.method == "near"),
        ("method=near[rate=2,scaling=feature]", lambda c: c.method_label.startswith("near[")),
        (
            "method=near[rate=2,scaling=feature],cluster",
            lambda c: c.method_label != "near" and c.base_model is None,
        ),
        ("dataset=fields", lambda c: c.dataset.name == "fields"),
        ("dataset=fields[split=zone]", lambda c: c.dataset.split == "zone"),
        ("split=zone", lambda c: c.dataset.split == "zone"),
        ("supervision=full,few", lambda c: c.supervision.level in ("full", "few")),
        ("labels=20%", lambda c: str(c.supervision.labels) == "20%"),
        ("bag_size=8", lambda c: c.supervision.bag_size == 8),
        ("bag_size=none", lambda c: c.supervision.bag_size is None),
        ("base_model=net#1", lambda c: c.base_model is not None and c.base_model.draw == 1),
        ("base_model=none", lambda c: c.base_model is None),
        ("seed=1", lambda c: c.seed == 1),
        ("task=one", lambda c: True),
        ("status=unsupported, skipped", lambda c: c.status != "planned"),
    ],
)
def test_an_expression_selects_the_cells_that_it_names(cells, expression, holds):
    chosen = select(cells, [expression])
    assert chosen == [c for c in cells if holds(c)]
    assert chosen


def test_several_expressions_must_all_hold(cells):
    chosen = select(cells, ["method=learner", "supervision=bags", "seed=0"])
    assert chosen == [c for c in cells if (c.method, c.supervision.level, c.seed) == ("learner", "bags", 0)]


def test_no_expression_selects_all(cells):
    assert select(cells, []) == cells


@pytest.mark.parametrize(
    ("expressions", "told"),
    [
        (["methd=near"], "unknown field 'methd'. Did you mean 'method'?"),
        (["method=neer"], "no cell has method 'neer'. Did you mean 'near'? There are: cluster, learner, near"),
        (["method"], "write field=value"),
        (["method="], "write field=value"),
        (["method=near", "supervision=bags", "base_model=net"], "no cell matches all of it"),
    ],
)
def test_a_wrong_selection_says_what_there_is(cells, expressions, told):
    with pytest.raises(SelectionError) as caught:
        select(cells, expressions)
    assert told in str(caught.value)


def test_the_summary_counts_every_cell_once_and_is_json(cells):
    summary = json.loads(json.dumps(plan_summary(cells), allow_nan=False))
    assert summary["cells"] == len(cells) == sum(summary["status"].values())
    for part in ("tasks", "methods", "datasets", "levels"):
        assert sum(sum(counts.values()) for counts in summary[part].values()) == len(cells)
    assert (
        sum(r["cells"] for r in summary["reasons"])
        == summary["status"]["unsupported"] + summary["status"]["skipped"]
    )


def test_the_summary_shows_draws_and_budgets(cells):
    summary = plan_summary(cells)
    assert summary["budgets"] == {"near": [], "learner": ["300 steps"], "cluster": []}
    assert [(m["label"], m["space"], m["draw"]) for m in summary["base_models"]] == [
        ("net#0", "small", 0),
        ("net#1", "small", 1),
    ]
    assert sum(m["cells"] for m in summary["base_models"]) == sum(c.base_model is not None for c in cells)
