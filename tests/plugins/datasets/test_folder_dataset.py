"""Sample folders under the data root are data sets by their names; absent ones say how to get them."""

import json
import os
from pathlib import Path

import numpy as np
import pytest

from eobench.data import DataError, DatasetMissingError, ModalityArray, ModalityInfo, SplitInfo, write_folder
from eobench.plugin import (
    Dataset,
    DatasetCard,
    Param,
    ParameterError,
    Places,
    PluginError,
    Registry,
    discover,
    make_dataset,
)

CONVERTED = [
    *("agnet_bags", "agnet_patches", "cawa_central_asia", "cerrado_cbers"),
    *("matogrosso_modis", "ucr_crop", "us_s2_cdl", "worldcereal_canada"),
]
PUBLISHED = [
    *("pastis", "timesen2crop", "south_africa", "denethor"),
    *("denethor_2018_pairs", "denethor_2019", "breizhcrops_2018", "campo_verde", "lem"),
    *("colombia_ne_worldcover", "colombia_ne_humanpop", "benelux_worldcover", "benelux_humanpop"),
    "five_billion_pixels",
]
KNOWN = sorted([*CONVERTED, *PUBLISHED])


def make(path: Path) -> None:
    info = ModalityInfo("s2", "series", (1, 1), ("ndvi",))
    write_folder(
        path,
        name=path.name,
        title="My own fields",
        classes=("corn", "rice"),
        modalities={"s2": ModalityArray(info, np.zeros((2, 1, 1)), None, np.zeros(1, np.int16))},
        samples={"label": [0, 1], "split": ["train", "test"]},
        splits={"random": SplitInfo("random", "split", None, None)},
        default_split="random",
        meta={"licence": "CC0", "citation": "me"},
    )


def registry(data: Path | None, *more: str) -> Registry:
    places = Places(data, Path("/nowhere/cache"))
    return discover(places, ["eobench_datasets", *more], entry_points=False)


def folder(found: Registry, name: str, data: Path | None) -> Path:
    return make_dataset(found.datasets[name], {}, Places(data, Path("/nowhere/cache"))).folder()


def test_a_folder_of_ones_own_just_appears(tmp_path: Path) -> None:
    make(tmp_path / "my_fields")
    found = registry(tmp_path)
    card = found.datasets["my_fields"]
    assert (card.summary, card.licence, card.citation, card.origin) == ("My own fields", "CC0", "me", "folder")
    assert folder(found, "my_fields", tmp_path) == tmp_path / "my_fields"
    assert sorted(found.datasets) == sorted([*KNOWN, "my_fields"])


def test_only_the_json_is_read_for_a_card(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make(tmp_path / "my_fields")
    for file in tmp_path.glob("*/*"):
        if file.suffix != ".json":
            file.unlink()
    assert registry(tmp_path).datasets["my_fields"].summary == "My own fields"


def test_other_folders_and_formats_are_not_offered(tmp_path: Path) -> None:
    for name, content in {
        "tables": {"format": "table-folder/1"},
        "later": {"format": "sample-folder/2"},
        ".hidden": {"format": "sample-folder/1"},
    }.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "dataset.json").write_text(json.dumps(content))
    (tmp_path / "photos").mkdir()
    (tmp_path / "file").write_text("")
    assert sorted(registry(tmp_path).datasets) == KNOWN


@pytest.mark.parametrize("content", ["{", "[]", '{"format": "sample-folder/1"}', '{"title": "no format"}'])
def test_a_damaged_header_harms_no_other_set_and_is_an_error_when_used(tmp_path: Path, content: str) -> None:
    make(tmp_path / "my_fields")
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "dataset.json").write_text(content)
    found = registry(tmp_path)
    assert found.broken == ()
    assert found.datasets["broken"].summary.startswith("damaged: ")
    assert folder(found, "my_fields", tmp_path) == tmp_path / "my_fields"
    with pytest.raises(DataError, match=r"broken.dataset\.json"):
        folder(found, "broken", tmp_path)


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_papers_own_set_says_what_to_download_and_a_folder_takes_its_place(name: str, tmp_path: Path) -> None:
    assert "download" in registry(tmp_path).datasets[name].get
    with pytest.raises(DatasetMissingError, match=f"has no folder {name}.*To get it, download .*no converter yet"):
        folder(registry(tmp_path), name, tmp_path)
    make(tmp_path / name)
    assert registry(tmp_path).datasets[name].summary == "My own fields"
    assert folder(registry(tmp_path), name, tmp_path) == tmp_path / name


@pytest.mark.parametrize("name", KNOWN)
def test_known_sets_are_listed_without_data_and_say_how_to_get_them(name: str) -> None:
    card = registry(None).datasets[name]
    assert "EOBENCH_DATA" in card.get
    assert card.licence
    with pytest.raises(DatasetMissingError, match=f"set EOBENCH_DATA or --data to the folder that holds {name}/"):
        folder(registry(None), name, None)


def test_a_data_root_that_lacks_the_set_or_does_not_exist_is_named(tmp_path: Path) -> None:
    for root, words in [(tmp_path, "has no folder ucr_crop"), (tmp_path / "away", "does not exist")]:
        with pytest.raises(DatasetMissingError) as caught:
            folder(registry(root), "ucr_crop", root)
        assert f"the data root {root} {words}" in str(caught.value)
        assert "github" in str(caught.value)


def test_a_data_root_that_is_itself_a_set_is_told_apart(tmp_path: Path) -> None:
    make(tmp_path / "ucr_crop")
    root = tmp_path / "ucr_crop"
    with pytest.raises(DatasetMissingError, match="is itself a sample folder, not the folder above it"):
        folder(registry(root), "ucr_crop", root)


def test_a_name_that_another_plugin_gives_too_is_an_error_that_names_both(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(tmp_path / "simulated-fields")
    with pytest.raises(PluginError) as caught:
        registry(tmp_path, "eobench_simulated")
    for word in ("'simulated-fields'", "'eobench_datasets'", "'eobench_simulated'"):
        assert word in str(caught.value)


def card(load: str, **other: object) -> DatasetCard:
    return DatasetCard(name="x", summary="", load=load, origin="generated", params=(Param("n", 1, "a number"),))


class Named(Dataset):
    def folder(self) -> Path:
        return Path(self.name)


class Stubborn(Named):
    def __init__(self, params: object, places: Places) -> None:
        super().__init__({}, places)


def test_a_data_set_is_made_with_its_options_and_its_name() -> None:
    places = Places(None, Path("/nowhere"))
    made = make_dataset(card(f"{__name__}:Named"), {"n": 3}, places)
    assert (made.params, made.places, made.name) == ({"n": 3}, places, "x")
    with pytest.raises(ParameterError, match="unknown option 'm'"):
        make_dataset(card(f"{__name__}:Named"), {"m": 3}, places)


@pytest.mark.parametrize(
    ("load", "words"),
    [
        ("pathlib:Path", "is not a subclass of eobench.plugin.Dataset"),
        (f"{__name__}:Stubborn", "cannot be made with"),
        ("nowhere:Dataset", "cannot load"),
    ],
)
def test_what_is_no_data_set_is_refused(load: str, words: str) -> None:
    with pytest.raises(PluginError, match=words):
        make_dataset(card(load), {}, Places(None, Path("/nowhere")))


def test_the_suite_over_the_real_sets_is_shipped() -> None:
    package, _, file = registry(None).suites["real-sets"].load.partition(":")
    module = __import__(package)
    assert (Path(str(module.__file__)).parent / file).is_file()


REAL = os.environ.get("EOBENCH_DATA")


@pytest.mark.skipif(REAL is None, reason="EOBENCH_DATA is not set: no real data at hand")
def test_the_real_sets_are_offered_by_their_names_and_the_table_folder_is_not() -> None:
    root = Path(str(REAL))
    found = registry(root)
    assert sorted(found.datasets) == KNOWN
    for name in CONVERTED:
        assert folder(found, name, root) == root / name
        assert not found.datasets[name].get
