"""The data sets of the five papers: what they are and where their authors publish them. No converter yet.

A sample folder of the name under the data root takes the place of the card. Until then their cells in the papers'
suites are skipped, with what to download.
"""

from __future__ import annotations

from typing import Final

from eobench_datasets._origin import Known

_DENETHOR: Final = "Kondmann et al. 2021, NeurIPS Datasets and Benchmarks"
_PAIRS: Final = "the files of Patnala et al. (doi:10.5281/zenodo.7737587)"
_CHIPS: Final = "Sentinel-2 by Copernicus; ESA WorldCover and GHSL CC BY 4.0; the records' own not verified"
_CHIP_PAPER: Final = "Ramos-Pollan and Gonzalez, lightweight learning from label proportions on satellite imagery"
_PICKLES: Final = "read its pickles with an unpickler that allows numpy arrays alone"


def _published(name: str, title: str, source: str, licence: str, citation: str) -> Known:
    return Known(name, title, source, licence, citation, converted=False)


_VINCENT: Final = (
    _published(
        "pastis",
        "PASTIS: Sentinel-2 image series of 2,433 patches in France, 2018-2019, 19 crop classes",
        "PASTIS.zip, 29 GB (doi:10.5281/zenodo.5012942)",
        "CC BY 4.0",
        "Sainte Fare Garnot and Landrieu 2021, ICCV",
    ),
    _published(
        "timesen2crop",
        "TimeSen2Crop: a million Sentinel-2 pixel series in Austria, 2017-2018, 16 crop classes",
        "TimeSen2Crop.zip (doi:10.5281/zenodo.4715631)",
        "CC BY 4.0",
        "Weikmann, Paris and Bruzzone 2021, IEEE J-STARS 14:4699-4708",
    ),
    _published(
        "south_africa",
        "SA: daily Planet Fusion series of fields in South Africa, 2017, 5 crop classes",
        "the South African part of the AI4FoodSecurity challenge (Planet Fusion; once on Radiant MLHub)",
        "not verified",
        "Planet, Radiant Earth, Western Cape Department of Agriculture and DLR 2021",
    ),
    _published(
        "denethor",
        "DENETHOR: daily Planet Fusion series of fields in Brandenburg, 2018 and 2019, 9 crop classes",
        "the German part of the AI4FoodSecurity challenge (Planet Fusion; once on Radiant MLHub)",
        "not verified",
        _DENETHOR,
    ),
)

_PATNALA: Final = (
    _published(
        "denethor_2018_pairs",
        "DENETHOR train region, 2018: Sentinel-2 on 144 dates with its 3 x 3 Planetscope pixels, 9 crops",
        f"{_PAIRS}; rebuild the pairs from the images, as those files pair by date alone",
        "not verified",
        _DENETHOR,
    ),
    _published(
        "denethor_2019",
        "DENETHOR validation region, 2019: Sentinel-2 pixel series of 144 dates, 9 crops",
        _PAIRS,
        "not verified",
        _DENETHOR,
    ),
    _published(
        "breizhcrops_2018",
        "BreizhCrops 2018: field means of Sentinel-2 in Brittany, more than 142 dates each, 6 crops",
        "the year 2018 by the package breizhcrops, and leave out orchards, nuts and sunflower",
        "not verified",
        "Russwurm et al. 2020, ISPRS Archives XLIII-B2",
    ),
)

_LA_ROSA: Final = (
    _published(
        "campo_verde",
        "Campo Verde, Mato Grosso: 21 x 21 patches of Landsat-8, May 2016, within 513 fields, 11 classes",
        "the campo-verde-database (IEEE DataPort, with a login), and cut patches from its Landsat-8 of May 2016",
        "not verified",
        "Sanches et al. 2018, Campo Verde database, IEEE GRSL 15(3):369-373",
    ),
    _published(
        "lem",
        "LEM, Bahia: 21 x 21 patches of Sentinel-1, December 2017 to April 2018, labels of February, 13 classes",
        "the LEM benchmark (dpi.inpe.br/agricultural-database/lem), and stack its dates from December to April",
        "not verified",
        "Sanches et al. 2018, LEM benchmark database, ISPRS Archives XLII-1:387-392",
    ),
)

_RAMOS_POLLAN: Final = tuple(
    _published(
        f"{area}_{labels}",
        f"{where}: {chips} chips of Sentinel-2 RGB, median of 2020, with {what} of their communes",
        f"{folder} (doi:10.5281/zenodo.{record}); {_PICKLES}",
        _CHIPS,
        _CHIP_PAPER,
    )
    for area, labels, where, chips, what, folder, record in (
        (
            "colombia_ne",
            "worldcover",
            "Colombia, north-east",
            "69,193",
            "the land cover shares",
            "colombia-ne esaworldcover",
            7935303,
        ),
        (
            "colombia_ne",
            "humanpop",
            "Colombia, north-east",
            "69,193",
            "the population shares",
            "colombia-ne humanpop",
            7939365,
        ),
        (
            "benelux",
            "worldcover",
            "Benelux",
            "72,213",
            "the land cover shares",
            "benelux esaworldcover",
            7935237,
        ),
        ("benelux", "humanpop", "Benelux", "72,213", "the population shares", "benelux humanpop", 7939348),
    )
)

_DONG: Final = (
    _published(
        "five_billion_pixels",
        "Five-Billion-Pixels: 150 GF-2 scenes of 6,800 x 7,200 pixels of 4 m, 24 land cover classes",
        "Image__8bit_NirRGB and Annotation__index (x-ytong.github.io/project/Five-Billion-Pixels.html)",
        "research use, not verified",
        "Tong, Xia and Zhu 2023, ISPRS J. Photogramm. Remote Sens. 196:178-196",
    ),
)

PUBLISHED: Final = (*_VINCENT, *_PATNALA, *_LA_ROSA, *_RAMOS_POLLAN, *_DONG)
