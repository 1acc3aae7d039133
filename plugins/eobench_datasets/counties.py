"""Crop areas of US counties by two maps (`us_county_crop_area`): real proportions, and how far maps disagree."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from eobench.data import DataError, DatasetMissingError

if TYPE_CHECKING:
    import pandas as pd

NAME: Final = "us_county_crop_area"
FORMAT: Final = "table-folder/1"
FIRST_WHOLE_YEAR: Final = 2008
"""From here on the Cropland Data Layer covers all the counties; before, a changing part of them."""
_KEYS: Final = ["fips", "year"]
_CORN, _SOY = "cdl_1", "cdl_5"


@dataclass(frozen=True, slots=True, eq=False)
class Disagreement:
    """Two sources' shares of the same county-years, n of them.

    Neither is the truth: both are maps made from Landsat, so their errors are partly shared. Between a map and a
    farm census the distance may well be larger.

    Attributes:
        fips: (n,) county codes.
        year: (n,) years.
        classes: K names.
        cdl: (n, K) shares by the Cropland Data Layer, each row on the simplex.
        csdl: (n, K) shares by the Corn-Soy Data Layer.
        distance: (n,) half the L1 distance of the two, 0 to 1: the unit of `census[error=...]`.
    """

    fips: NDArray[np.int64]
    year: NDArray[np.int64]
    classes: tuple[str, ...]
    cdl: NDArray[np.float64]
    csdl: NDArray[np.float64]
    distance: NDArray[np.float64]


def read_county_table(root: Path, table: Literal["cdl", "csdl"]) -> pd.DataFrame:
    """Return one table as it lies, areas in hectares, one row a county and year.

    Args:
        root: the data root, which holds `us_county_crop_area/`.
        table: `cdl` (columns `cdl_<code>`, `county_area_ha`) or `csdl` (`corn_ha`, `soy_ha`).

    Raises:
        DatasetMissingError: the folder is not under the data root.
        DataError: it is of another format, a file is missing or damaged, or a county-year stands twice.
    """
    import pandas as pd

    folder = root / NAME
    header = _header(folder)
    file = folder / str(header.get("tables", {}).get(table, {}).get("file", f"(no table {table})"))
    try:
        frame = pd.read_parquet(file)
    except Exception as error:  # pyarrow raises many kinds for a damaged file
        raise DataError(f"{file}: cannot be read as Parquet: {error}") from error
    needed = [*_KEYS, *((_CORN, _SOY, "county_area_ha") if table == "cdl" else ("corn_ha", "soy_ha"))]
    if missing := [c for c in needed if c not in frame]:
        raise DataError(f"{file}: lacks column {', '.join(missing)}")
    if frame.duplicated(_KEYS).any():
        fips, year = frame.loc[frame.duplicated(_KEYS), _KEYS].iloc[0]
        raise DataError(f"{file}: county {fips} stands twice in {year}")
    return frame


def county_disagreement(
    root: Path, *, of: Literal["county", "crops"] = "county", since: int = FIRST_WHOLE_YEAR
) -> Disagreement:
    """Return how far the two sources disagree about corn and soybean, for each county-year that both have.

    Args:
        root: the data root.
        of: what shares are of: the `county`'s area (classes corn, soybean, other: the rest, forest and towns
            among it), or of the two `crops` alone (county-years in which a source has neither are left out).
        since: the first year.

    Raises:
        DatasetMissingError: the folder is not under the data root.
        DataError: a file is damaged.
    """
    both = read_county_table(root, "cdl").merge(read_county_table(root, "csdl"), on=_KEYS, validate="one_to_one")
    both = both[both["year"] >= since].sort_values(_KEYS)
    one = both[[_CORN, _SOY]].to_numpy(np.float64)
    other = both[["corn_ha", "soy_ha"]].to_numpy(np.float64)
    if of == "county":
        area = both["county_area_ha"].to_numpy(np.float64)[:, None]
        one, other = (_with_rest(part, area) for part in (one, other))
    known = (one.sum(axis=1) > 0) & (other.sum(axis=1) > 0)
    one, other = (part[known] / part[known].sum(axis=1, keepdims=True) for part in (one, other))
    return Disagreement(
        fips=both["fips"].to_numpy(np.int64)[known],
        year=both["year"].to_numpy(np.int64)[known],
        classes=("corn", "soybean", "other") if of == "county" else ("corn", "soybean"),
        cdl=one,
        csdl=other,
        distance=np.abs(one - other).sum(axis=1) / 2,
    )


def _with_rest(areas: NDArray[np.float64], total: NDArray[np.float64]) -> NDArray[np.float64]:
    """Add what is left of the county; none where a map's crops exceed its area by a rounding."""
    rest = np.maximum(total - areas.sum(axis=1, keepdims=True), 0)
    return np.concatenate([areas, rest], axis=1)


def _header(folder: Path) -> dict[str, Any]:
    file = folder / "dataset.json"
    if not file.is_file():
        raise DatasetMissingError(f"{file}: not there: set EOBENCH_DATA to the folder that holds {NAME}/")
    try:
        header = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(f"{file}: is no JSON: {error}") from error
    if not isinstance(header, dict) or header.get("format") != FORMAT:
        found = header.get("format") if isinstance(header, dict) else type(header).__name__
        raise DataError(f"{file}: format is {found!r}; expected {FORMAT!r}")
    return header
