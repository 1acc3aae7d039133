from __future__ import annotations

import itertools
import json
import time

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from eobench.data import EobenchError
from eobench.leaderboard import as_matrix, contender, win_matrix


def counts(wins, i, j, metric="oa", **where):
    matrix = as_matrix(wins, metric, where)
    a, b = matrix.names.index(i), matrix.names.index(j)
    return int(matrix.wins[a, b]), int(matrix.ties[a, b]), int(matrix.n[a, b])


def network(row, method, oa, draw, family="bilstm", **more):
    return row(
        method, oa, base_model=family, base_model_params=f'{{"k":{draw}}}', space="small", draw=draw, **more
    )


def test_a_contender_is_the_label_without_the_options_that_pair():
    assert contender("scarf[corruption=0.2,width=64]", ["corruption"]) == "scarf[width=64]"
    assert contender("scarf[corruption=0.2]", ["corruption"]) == "scarf"
    assert contender("scarf[corruption=0.2]", []) == "scarf[corruption=0.2]"


def test_strictly_better_wins_and_ties_count_for_neither(row, frame):
    values = {"a": [0.9, 0.8, 0.7, 0.6], "b": [0.8, 0.8, 0.8, 0.5]}
    rows = [row(m, v, seed=s) for m, vs in values.items() for s, v in enumerate(vs)]
    wins = win_matrix(frame(rows))
    assert counts(wins, "a", "b") == (2, 1, 4)
    assert counts(wins, "b", "a") == (1, 1, 4)
    matrix = as_matrix(wins, "oa")
    assert matrix.names == ("a", "b")
    np.testing.assert_array_equal(matrix.share, [[0, 0.5], [0.25, 0]])


def test_a_metric_where_lower_is_better_is_won_by_the_lower(row, frame):
    wins = win_matrix(frame([row("a", ece=0.1), row("b", ece=0.2)]), ["ece"])
    assert counts(wins, "a", "b", "ece") == (1, 0, 1)


def test_only_cells_that_both_have_are_compared(row, frame):
    rows = [row("a", 0.9, seed=s) for s in range(4)] + [row("b", 0.5, seed=s) for s in range(2)]
    rows += [row("b", None, seed=2, status="failed"), row("b", None, seed=3)]
    assert counts(win_matrix(frame(rows)), "a", "b") == (2, 0, 2)


@pytest.mark.parametrize(
    "other",
    [
        {"supervision": "few", "labels": "5/class"},
        {"dataset_label": "fields[split=block]"},
        {"test_on": "elsewhere"},
        {"seed": 7},
        {"knobs": '{"transductive":true}'},
        {"redraws": 8},
    ],
)
def test_cells_of_different_tasks_never_meet(row, frame, other):
    assert counts(win_matrix(frame([row("a", 0.9), row("b", 0.5, **other)])), "a", "b") == (0, 0, 0)


def test_budget_and_threads_do_not_part_methods_but_name_a_method_that_has_several(row, frame):
    rows = [row("a", 0.9, budget="300 steps"), row("a", 0.8, budget="9 steps"), row("b", 0.5, budget="20 epochs")]
    wins = win_matrix(frame(rows))
    assert counts(wins, "a (300 steps)", "b") == (1, 0, 1)
    assert counts(wins, "a (300 steps)", "a (9 steps)") == (1, 0, 1)


def test_two_methods_two_paired_values_ten_draws_as_a_hand_calculation_gives(row, frame):
    rng = np.random.default_rng(0)
    base, other = rng.random(10).round(1), rng.random((2, 10)).round(1)
    rows = [network(row, "supervised", float(base[d]), d) for d in range(10)]
    for (k, c), d in itertools.product(enumerate((0.2, 0.6)), range(10)):
        paired = {"pair_on": ["corruption"], "params": {"corruption": c}}
        rows.append(network(row, f"scarf[corruption={c}]", float(other[k, d]), d, **paired))
    wins = win_matrix(frame(rows))
    by_hand = sum(other[k, d] > base[d] for k in range(2) for d in range(10))
    lost = sum(other[k, d] < base[d] for k in range(2) for d in range(10))
    assert counts(wins, "scarf", "supervised") == (by_hand, 20 - by_hand - lost, 20)
    assert counts(wins, "supervised", "scarf") == (lost, 20 - by_hand - lost, 20)


def test_paired_methods_meet_at_the_same_value_only(row, frame):
    rows = []
    for method, c in itertools.product(("uni", "bi"), (0.2, 0.6)):
        oa = c if method == "uni" else 0.6  # bi beats uni at 0.2 and ties at 0.6
        rows.append(row(f"{method}[corruption={c}]", oa, pair_on=["corruption"], params={"corruption": c}))
    assert counts(win_matrix(frame(rows)), "bi", "uni") == (1, 1, 2)


def test_a_method_with_the_paired_option_at_its_default_still_pairs_by_value(row, frame):
    rows = [
        row("uni", 0.5, pair_on=["corruption"], params={"corruption": 0.2}),
        row("bi[corruption=0.2]", 0.6, pair_on=["corruption"], params={"corruption": 0.2}),
        row("bi[corruption=0.6]", 0.7, pair_on=["corruption"], params={"corruption": 0.6}),
    ]
    assert counts(win_matrix(frame(rows)), "bi", "uni") == (1, 0, 1)


def test_a_method_without_base_model_meets_every_draw_but_its_like_only_once(row, frame):
    rows = [row("forest", 0.5), row("ncc", 0.4)]
    rows += [network(row, "supervised", oa, d) for d, oa in enumerate((0.4, 0.6, 0.7))]
    wins = win_matrix(frame(rows))
    assert counts(wins, "supervised", "forest") == (2, 0, 3)
    assert counts(wins, "forest", "ncc") == (1, 0, 1)


def test_different_draws_and_families_never_meet(row, frame):
    rows = [network(row, "a", 0.9, 0), network(row, "b", 0.5, 1), network(row, "b", 0.5, 0, family="transformer")]
    assert counts(win_matrix(frame(rows)), "a", "b") == (0, 0, 0)


def test_slices_hold_what_they_name_and_sum_to_the_whole(row, frame):
    rows = [
        network(row, m, v, d, family=f, dataset_label=ds, supervision="bags", bag_size=b)
        for (m, v), d, f, ds, b in itertools.product(
            (("a", 0.9), ("b", 0.5)), (0, 1), ("bilstm", "transformer"), ("x", "y"), (32, 256)
        )
    ]
    wins = win_matrix(frame(rows))
    assert counts(wins, "a", "b") == (16, 0, 16)
    assert counts(wins, "a", "b", dataset="x") == (8, 0, 8)
    assert counts(wins, "a", "b", supervision="bags", bag_size=32) == (8, 0, 8)
    assert counts(wins, "a", "b", base_model="bilstm") == (8, 0, 8)
    assert counts(wins, "a", "b", dataset="x", base_model="bilstm") == (4, 0, 4)
    assert counts(wins, "a", "b", dataset="x", supervision="bags", bag_size=256) == (4, 0, 4)


def test_a_method_without_base_model_stands_in_the_slices_of_those_that_it_meets(row, frame):
    rows = [
        row("forest", 0.5),
        network(row, "supervised", 0.6, 0),
        network(row, "supervised", 0.4, 0, "transformer"),
    ]
    wins = win_matrix(frame(rows))
    assert counts(wins, "supervised", "forest", base_model="bilstm") == (1, 0, 1)
    assert counts(wins, "supervised", "forest", base_model="transformer") == (0, 0, 1)


def test_methods_that_never_meet_have_no_share(row, frame):
    wins = win_matrix(frame([row("a", 0.9), row("b", 0.9, supervision="none")]))
    assert np.isnan(as_matrix(wins, "oa").share[0, 1])


def test_those_that_meet_nobody_are_left_out_of_what_is_shown(row, frame):
    rows = [row("ncc", oa=0.5), row("forest", oa=0.6), row("kmeans", oa=0.4, supervision="none")]
    made = as_matrix(win_matrix(frame(rows)), "oa")
    assert set(made.names) == {"ncc", "forest", "kmeans"}
    assert made.met.names == ("forest", "ncc")
    assert made.met.wins.tolist() == [[0, 1], [0, 0]]


def test_an_unknown_metric_is_named_with_the_nearest(row, frame):
    with pytest.raises(EobenchError, match=r"unknown metric 'macro_f'.*Did you mean 'macro_f1'"):
        win_matrix(frame([row("a", 0.9)]), ["macro_f"])


def test_a_board_of_failures_alone_has_an_empty_win_matrix(row, frame):
    assert len(win_matrix(frame([row("a", status="failed")]))) == 0


@pytest.mark.parametrize(
    ("field", "message"), [("fingerprint", "2 fingerprints"), ("protocol", "protocol versions 1, 2")]
)
def test_a_board_refuses_to_mix_data_or_protocols(row, frame, field, message):
    values = ("f0", "f1") if field == "fingerprint" else (1, 2)
    with pytest.raises(EobenchError, match=message):
        win_matrix(frame([row(m, 0.5, **{field: v}) for m, v in zip("ab", values, strict=True)]))


def reference(rows, i, j, metric="oa"):
    """Eq. 2 with loops: all pairs of ok cells of two contenders that stand in the same block."""
    keys = ("dataset_label", "supervision", "labels", "bag_size", "seed")
    found = []
    for a, b in itertools.product(rows, rows):
        if contender(a["method_label"], a["pair_on"]) != i or contender(b["method_label"], b["pair_on"]) != j:
            continue
        bases = [(r.get("base_model"), r.get("draw")) for r in (a, b)]
        values = [json.loads(r["method_params"]).get("c") if r["pair_on"] else None for r in (a, b)]
        same = all(a.get(k) == b.get(k) for k in keys)
        joined = all(x == y or x in (None, (None, None)) or y in (None, (None, None)) for x, y in (bases, values))
        if same and joined and a[metric] is not None and b[metric] is not None:
            found.append((a[metric], b[metric]))
    return sum(x > y for x, y in found), sum(x == y for x, y in found), len(found)


@given(st.data())
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_shares_follow_equation_2_on_any_board(row, frame, data):
    rows = []
    places = itertools.product(range(2), ("full", "none"), ("plain", "net", "p[c=1]", "p[c=2]"), (0, 1))
    for seed, level, method, draw in places:
        if data.draw(st.booleans()):
            continue
        more = {}
        if method != "plain":
            more |= {"base_model": "net", "base_model_params": str(draw), "draw": draw}
        elif draw:
            continue
        if method.startswith("p["):
            more |= {"pair_on": ["c"], "params": {"c": int(method[4])}}
        oa = data.draw(st.sampled_from([0.1, 0.5, 0.9, None]))
        rows.append(row(method, oa, seed=seed, supervision=level, **more))
    if not any(r["oa"] is not None for r in rows):
        return
    matrix = as_matrix(win_matrix(frame(rows), ["oa"]), "oa")
    for (a, i), (b, j) in itertools.permutations(enumerate(matrix.names), 2):
        assert (matrix.wins[a, b], matrix.ties[a, b], matrix.n[a, b]) == reference(rows, i, j)
    share = np.nan_to_num(matrix.share)
    assert (share + share.T <= 1 + 1e-12).all()
    assert (np.diag(share) == 0).all()


def test_thousands_of_cells_take_less_than_a_second(row, frame):
    rng = np.random.default_rng(0)
    rows = [
        network(row, f"m{m}", float(rng.random()), d, seed=s, dataset_label=f"d{k}", cell=f"{m}-{d}-{s}-{k}")
        for m, d, s, k in itertools.product(range(8), range(10), range(5), range(12))
    ]
    results = frame(rows)
    start = time.perf_counter()
    wins = win_matrix(results, ["oa"])
    assert time.perf_counter() - start < 3  # a third of it on an idle machine
    assert counts(wins, "m0", "m1")[2] == 600
