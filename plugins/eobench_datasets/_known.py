"""Real data sets that the project knows of: what they are, and where they come from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from eobench_datasets._origin import Known
from eobench_datasets._published import PUBLISHED

_TESTED: Final = (
    Known(
        name="agnet_bags",
        title="Ag-Net: Landsat-8 pixels in 1,593 tiles with exact class shares of each tile, 2015",
        source="github:ZihengSun/Ag-Net-Dataset",
        licence="MIT (repository); Landsat and CDL are US public domain",
        citation="Sun Z. 2019, Ag-Net Sample Training Dataset",
    ),
    Known(
        name="agnet_patches",
        title="Ag-Net: Landsat-8 tiles of 128 x 128 with Cropland Data Layer masks, 2015",
        source="github:ZihengSun/Ag-Net-Dataset",
        licence="MIT (repository); Landsat and CDL are US public domain",
        citation="Sun Z. 2019, Ag-Net Sample Training Dataset",
    ),
    Known(
        name="cawa_central_asia",
        title="CAWa: crop types of surveyed fields, Uzbekistan and Tajikistan, 16-day NDVI with real gaps",
        source="github:aliFrancis/WorldCrops, doi:10.1038/s41597-020-00591-2",
        licence="CC BY 4.0",
        citation="Remelgado et al. 2020, Scientific Data 7:250",
    ),
    Known(
        name="cerrado_cbers",
        title="Western Bahia (Cerrado): CBERS-4 16-day series 2018-2019, with an unlabelled pool",
        source="github:e-sensing/in-situ",
        licence="GPL-2 (R package)",
        citation="Ferreira et al. 2020, Remote Sensing 12(24):4033",
        pool=True,
    ),
    Known(
        name="matogrosso_modis",
        title="Mato Grosso: land use and crop systems, MODIS one-year series 2000-2016",
        source="github:e-sensing/sits, doi:10.1594/PANGAEA.899706",
        licence="GPL-2/GPL-3 (R packages); CC BY 4.0 (PANGAEA)",
        citation="Picoli et al. 2018, ISPRS J. Photogramm. Remote Sens. 145:328-339",
    ),
    Known(
        name="ucr_crop",
        title="UCR Crop: FORMOSAT-2 index series, 24 land cover classes, south-west France 2006",
        source="UCR archive (Crop); github:ChangWeiTan/MultiRocket, github:femartip/XAI_time_series",
        licence="free for research, cite; no explicit licence",
        citation="Tan, Webb and Petitjean 2017, SIAM SDM; Dau et al. 2019 (UCR archive)",
    ),
    Known(
        name="us_s2_cdl",
        title="Sentinel-2 10-day pixel series with Cropland Data Layer labels, Arkansas and California 2021",
        source="github:chahinez26/Crop-Classification-Projet",
        licence="no licence file; Copernicus Sentinel data, USDA CDL public domain, WorldCover CC BY 4.0",
        citation="sampling design: Wang et al. 2024 (MCTNet), Computers and Electronics in Agriculture",
    ),
    Known(
        name="worldcereal_canada",
        title="WorldCereal Canada 2017: Sentinel-2, Sentinel-1 and weather, monthly, at survey points",
        source="github:WorldCereal/presto-worldcereal (history)",
        licence="no licence file; AAFC Open Government Licence - Canada; Copernicus; WorldCereal CC BY 4.0",
        citation="Van Tricht et al. 2023, ESSD 15:5491; Tseng et al. 2023, arXiv:2304.14065",
    ),
)
KNOWN: Final[Mapping[str, Known]] = {known.name: known for known in (*_TESTED, *PUBLISHED)}
