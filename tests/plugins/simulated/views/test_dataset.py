"""The plugin gives its data sets, listed lightly and made once."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from eobench.plugin import Places, discover, make_dataset
from eobench_simulated.views import _dataset
from eobench_simulated.views._cards import CARDS, FIELDS
from eobench_simulated.views._dataset import SimulatedDataset
from eobench_simulated.views._fields import SimulatedFields

SMALL: dict[str, Any] = {"samples": 360, "crops": 4, "regions": 4, "dates": 4}


def dataset(cache: Path, **changes: Any) -> SimulatedFields:
    return SimulatedFields(SMALL | changes, Places(data=None, cache=cache))


def folder_of(cache: Path) -> Path:
    return dataset(cache).folder()


@pytest.mark.parametrize("name", CARDS)
def test_the_registry_finds_each_card_and_its_class(tmp_path: Path, name: str) -> None:
    places = Places(data=None, cache=tmp_path)
    registry = discover(places, ["eobench_simulated"], entry_points=False)
    assert not registry.broken
    card = registry.datasets[name]
    assert card.origin == "generated"
    assert isinstance(make_dataset(card, card.resolve({}), places), SimulatedDataset)
    assert not list(tmp_path.iterdir())


def test_the_cards_need_nothing_heavy() -> None:
    code = (
        "import sys, eobench_simulated as plugin; plugin.eobench_datasets(None);"
        "heavy = {'torch', 'pandas', 'pyarrow', 'scipy', 'eobench_simulated._writer'} & set(sys.modules);"
        "sys.exit(str(heavy) if heavy else 0)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_folder_is_made_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = dataset(tmp_path).folder()
    assert tmp_path in first.parents
    monkeypatch.setattr(SimulatedFields, "write", lambda *_: pytest.fail("made again"))
    assert dataset(tmp_path).folder() == first


def test_other_options_and_other_code_have_other_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SimulatedFields, "write", lambda _, folder: (folder / "dataset.json").write_text("{}"))
    first = dataset(tmp_path).folder()
    assert dataset(tmp_path, seed=1).folder() != first
    changed = tmp_path / "_canopy.py"
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
    assert set(recipe["params"]) == {option.name for option in FIELDS.params}  # type: ignore[call-overload]
    assert str(tmp_path) not in str(recipe)
    for name, value in {"census_error": 0.2, "year": 2023, "area": "B"}.items():
        assert dataset(tmp_path, **{name: value}).recipe() != recipe
