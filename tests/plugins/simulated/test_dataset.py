"""The plugin gives one data set, listed lightly and made once."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest

from eobench.data import check_folder, open_folder
from eobench.plugin import ParameterError, Places, discover
from eobench_simulated import _dataset, _generate
from eobench_simulated._dataset import SimulatedFields

SMALL = {"samples": 600, "classes": 4, "regions": 6, "field_pixels": 4, "dates": 12}


def dataset(cache: Path, **changes: int | float) -> SimulatedFields:
    return SimulatedFields(SMALL | changes, Places(data=None, cache=cache))


def folder_of(cache: Path) -> Path:
    return dataset(cache).folder()


def test_the_registry_finds_the_card_and_its_class(tmp_path: Path) -> None:
    registry = discover(Places(data=None, cache=tmp_path), ["eobench_simulated"], entry_points=False)
    assert not registry.broken
    card = registry.datasets["simulated-fields"]
    assert card.origin == "generated"
    assert card.load_object() is SimulatedFields
    assert all(option.doc for option in card.params)


def test_the_card_needs_no_tables_of_numbers() -> None:
    code = (
        "import sys, eobench_simulated as plugin; plugin.eobench_datasets(None);"
        "heavy = {'torch', 'pandas', 'pyarrow', 'prosail', 'eobench_simulated._generate'} & set(sys.modules);"
        "sys.exit(str(heavy) if heavy else 0)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_folder_is_a_sample_folder_without_faults(tmp_path: Path) -> None:
    folder = dataset(tmp_path).folder()
    assert tmp_path in folder.parents
    assert {finding.level for finding in check_folder(folder)} == {"info"}


def test_what_the_harness_reads_is_what_was_made(tmp_path: Path) -> None:
    opened = open_folder(dataset(tmp_path).folder())
    assert opened.header.name == "simulated-fields"
    assert opened.header.default_split == "block"
    assert {name: table.exact for name, table in opened.header.tables.items()} == {"exact": True, "census": False}
    assert set(opened.table("census")) == set(opened.column("region"))
    assert opened.modality("s2").values.shape == (600, 12, 12)


def test_the_folder_is_made_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = dataset(tmp_path).folder()
    monkeypatch.setattr(_generate, "generate", lambda *_: pytest.fail("made again"))
    assert dataset(tmp_path).folder() == first


def test_other_parameters_and_other_code_have_other_folders(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = dataset(tmp_path).folder()
    assert dataset(tmp_path, seed=1).folder() != first
    changed = tmp_path / "_phenology.py"
    changed.write_text("# another model\n")
    monkeypatch.setattr(_dataset, "_sources", lambda: (changed,))
    assert dataset(tmp_path).folder() != first


def test_processes_that_ask_at_once_get_one_folder(tmp_path: Path) -> None:
    with ProcessPoolExecutor(2) as pool:
        folders = list(pool.map(folder_of, [tmp_path] * 4))
    assert len(set(folders)) == 1
    assert [f.name for f in folders[0].parent.iterdir() if f.is_dir()] == [folders[0].name]


def test_the_recipe_knows_every_option_and_no_place(tmp_path: Path) -> None:
    recipe = dataset(tmp_path / "a").recipe()
    assert recipe == dataset(tmp_path / "b").recipe()
    assert recipe != dataset(tmp_path, census_error=0.2).recipe()
    assert str(tmp_path) not in str(recipe)


def test_impossible_options_are_refused_before_anything_is_made(tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match=r"samples.*600.*100 regions"):
        dataset(tmp_path, regions=100)
    assert not list(tmp_path.iterdir())
