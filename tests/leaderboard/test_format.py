from __future__ import annotations

import json

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from eobench.data import DataError, EobenchError
from eobench.leaderboard import metric_columns, read_results
from eobench.leaderboard._format import META, to_arrow
from eobench.results import COLUMNS, SCHEMA_VERSION


@pytest.fixture
def stored(tmp_path, row, metrics):
    """A valid file, and a way to spoil it."""
    table, _ = to_arrow("board", [row("ncc", 0.7, seed=s, recall=[0.5, None]) for s in (1, 0)], metrics)

    def write(change=lambda t: t):
        pq.write_table(change(table), tmp_path / "results.parquet")
        return tmp_path / "results.parquet"

    return write


def test_a_table_holds_every_schema_column_in_its_type_and_every_metric(stored):
    schema = pq.read_schema(stored())
    assert schema.names[: len(COLUMNS)] == [c.name for c in COLUMNS]
    found = {name: str(schema.field(name).type).replace("element", "item") for name in schema.names}
    assert found["bag_size"] == "int64"
    assert found["census_error"] == "double"
    assert found["deterministic"] == "bool"
    assert found["pair_on"] == "list<item: string>"
    assert found["oa"] == "double"
    assert found["recall"] == "list<item: double>"
    assert found["confusion"] == "list<item: list<item: int64>>"


def test_metadata_documents_version_and_every_column(stored):
    meta = json.loads(pq.read_schema(stored()).metadata[META])
    assert meta["schema"] == SCHEMA_VERSION
    assert meta["eobench"]
    assert set(meta["columns"]) == set(pq.read_schema(stored()).names)


def test_rows_come_back_in_the_order_of_the_plan_with_null_as_null(stored):
    frame = read_results(stored())
    assert list(frame["seed"]) == [1, 0]
    assert frame["bag_size"].isna().all()
    assert frame["recall"][0][0] == 0.5


def test_metric_columns_come_back_with_their_side_and_shape(stored, metrics):
    assert metric_columns(read_results(stored())) == metrics


def test_nan_metrics_are_null(row, metrics):
    table, _ = to_arrow("board", [row("ncc", float("nan"))], metrics)
    assert table["oa"].null_count == 1


def test_a_value_of_another_type_is_named_with_its_column_and_cell(row, metrics):
    with pytest.raises(EobenchError, match=r"column 'bag_size' of cell .*expected int64, found 'many'"):
        to_arrow("board", [row("ncc", 0.7, bag_size="many")], metrics)


def test_a_metric_that_is_not_installed_is_left_out_and_said(row, metrics):
    table, warnings = to_arrow("board", [row("ncc", 0.7, lost=1.0)], metrics)
    assert "lost" not in table.column_names
    assert any("'lost'" in w for w in warnings)


def test_a_cell_of_two_tasks_stands_once(row, metrics):
    table, warnings = to_arrow("board", [row("ncc", 0.7, task="a"), row("ncc", 0.7, task="b")], metrics)
    assert table["task"].to_pylist() == ["a"]
    assert len(warnings) == 1


def test_a_cell_with_two_outcomes_is_an_error(row, metrics):
    with pytest.raises(EobenchError, match="stands twice"):
        to_arrow("board", [row("ncc", 0.7), row("ncc", None, status="failed")], metrics)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(DataError, match=r"nowhere\.parquet: there is no such file"):
        read_results(tmp_path / "nowhere.parquet")


@pytest.mark.parametrize("content", [b"", b"PAR1 not really", b"cell,oa\n1,2\n"])
def test_what_is_not_parquet_is_said_to_be_none(tmp_path, content):
    path = tmp_path / "results.parquet"
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"results\.parquet: not a readable Parquet file"):
        read_results(path)


def test_a_truncated_file_is_refused(stored):
    path = stored()
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(DataError, match="not a readable Parquet file"):
        read_results(path)


def test_foreign_parquet_is_refused(tmp_path):
    pd.DataFrame({"oa": [1.0]}).to_parquet(tmp_path / "results.parquet")
    with pytest.raises(DataError, match="not a leaderboard of eobench"):
        read_results(tmp_path / "results.parquet")


def test_a_newer_schema_is_refused_with_what_to_do(stored):
    def newer(table):
        meta = json.loads(table.schema.metadata[META]) | {"schema": SCHEMA_VERSION + 1}
        return table.replace_schema_metadata({META: json.dumps(meta)})

    with pytest.raises(DataError, match=f"expected {SCHEMA_VERSION}, found {SCHEMA_VERSION + 1}: update eobench"):
        read_results(stored(newer))


def test_a_missing_column_is_named(stored):
    with pytest.raises(DataError, match="column 'seed': expected int64, found 0 columns"):
        read_results(stored(lambda t: t.drop_columns(["seed"])))


def test_a_column_of_another_type_is_named_with_both_types(stored):
    def change(table):
        index = table.column_names.index("seed")
        return table.set_column(index, "seed", table["seed"].cast(pa.string()))

    with pytest.raises(DataError, match="column 'seed': expected int64, found string"):
        read_results(stored(change))


def test_an_undescribed_column_is_refused(stored):
    with pytest.raises(DataError, match=r"column 'extra'.*not described"):
        read_results(stored(lambda t: t.append_column("extra", pa.array([1, 2]))))


def test_extension_types_are_not_read(stored):
    def change(table):
        field = pa.field("extra", pa.binary(), metadata={"ARROW:extension:name": "arrow.py_extension_type"})
        return table.append_column(field, pa.array([b"x", b"y"]))

    with pytest.raises(DataError, match="'extra': extension types are not read"):
        read_results(stored(change))


@pytest.mark.parametrize(
    ("column", "values", "message"),
    [
        ("status", ["ok", "fine"], "column 'status': expected one of ok, .* found 'fine'"),
        ("cell", ["a", "a"], "column 'cell': expected each key once"),
        ("method_label", ["ncc", None], "column 'method_label', row 1: expected a value, found null"),
    ],
)
def test_wrong_values_are_named(stored, column, values, message):
    def change(table):
        return table.set_column(table.column_names.index(column), column, pa.array(values, pa.string()))

    with pytest.raises(DataError, match=message):
        read_results(stored(change))
