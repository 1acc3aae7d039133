"""Build the look-up table of canopy reflectance that `eobench_simulated` ships.

Run it from the repository root; it needs the development dependencies (`prosail`), the product does not:

    python scripts/make_prosail_table.py            # rebuild the table, check it, write it
    python scripts/make_prosail_table.py --check    # only check the table that is committed

PROSPECT-D leaves and a 4SAIL canopy (Feret et al. 2017; Verhoef et al. 2007, as in `prosail`) run at every node of
a grid of leaf and canopy parameters. The soil is no dimension of the grid: 4SAIL solves it in closed form, so
three numbers a band (what a canopy reflects over a black soil, what light passes it down and up again, and what it
sends back to the soil) give the reflectance over any soil, and the table stays small.
"""

import argparse
from dataclasses import dataclass
from importlib.metadata import version
from itertools import product
from pathlib import Path

import numpy as np
import prosail
from numpy.typing import NDArray

Array = NDArray[np.float64]

TABLE = Path(__file__).resolve().parents[1] / "plugins" / "eobench_simulated" / "canopy_table.npz"
WAVELENGTHS: Array = np.arange(400.0, 2501.0)

# Centre wavelength and full width at half maximum in nm, as the agencies publish them: Sentinel-2A (ESA, spectral
# response functions), Landsat-8 OLI (USGS handbook), PlanetScope PS2 (Planet product specification; edges of the
# bands turned into centre and width). Responses are taken as Gaussian.
SENSORS: dict[str, dict[str, tuple[float, float]]] = {
    "sentinel2": {
        "B01": (442.7, 21),
        "B02": (492.4, 66),
        "B03": (559.8, 36),
        "B04": (664.6, 31),
        "B05": (704.1, 15),
        "B06": (740.5, 15),
        "B07": (782.8, 20),
        "B08": (832.8, 106),
        "B8A": (864.7, 21),
        "B09": (945.1, 20),
        "B11": (1613.7, 91),
        "B12": (2202.4, 175),
    },
    "landsat8": {
        "coastal": (443.0, 16),
        "blue": (482.0, 60),
        "green": (561.4, 57),
        "red": (654.6, 37),
        "nir": (864.7, 28),
        "swir1": (1608.9, 85),
        "swir2": (2200.7, 187),
    },
    "planetscope": {
        "blue": (485.0, 60),
        "green": (545.0, 90),
        "red": (630.0, 80),
        "nir": (820.0, 80),
    },
}

# Nodes lie closer where reflectance bends most: little leaf area, little pigment.
AXES: dict[str, tuple[float, ...]] = {
    "lai": (0.0, 0.25, 0.5, 0.8, 1.2, 1.7, 2.4, 3.3, 4.6, 6.0, 8.0),  # m2 m-2
    "chlorophyll": (2.0, 8.0, 16.0, 26.0, 38.0, 55.0, 80.0),  # ug cm-2
    "brown": (0.0, 0.1, 0.3, 0.6, 1.0),  # brown pigment, arbitrary units
    "water": (0.002, 0.006, 0.013, 0.025),  # equivalent water thickness, cm
    "angle": (25.0, 40.0, 55.0, 70.0),  # mean leaf inclination, degrees
}

# What does not vary: one leaf structure and dry matter, one geometry (a mid-latitude overpass, seen from nadir).
FIXED: dict[str, float] = {
    "structure": 1.5,
    "carotenoids_per_chlorophyll": 0.2,
    "dry_matter": 0.006,  # g cm-2
    "hot_spot": 0.1,
    "sun_zenith": 40.0,
    "view_zenith": 0.0,
    "relative_azimuth": 0.0,
}

# The hot spot is the one part of the soil's share that is not of the closed form below; it is small, and exact at
# this soil reflectance.
REFERENCE_SOIL = 0.2
COEFFICIENTS = ("canopy", "passed", "returned")
RMSE_BOUND = 0.01
LARGEST_BOUND = 0.05


@dataclass(frozen=True)
class State:
    """One canopy over one soil, in the units of `AXES`; brightness and moisture (0 dry, 1 wet) are the soil's."""

    lai: float
    chlorophyll: float
    brown: float
    water: float
    angle: float
    brightness: float
    moisture: float


def responses(sensor: str) -> Array:
    """Spectral response of each band, (bands, wavelengths), each row summing to one."""
    bands = np.array(list(SENSORS[sensor].values()))
    sigma = bands[:, 1:] / (2 * np.sqrt(2 * np.log(2)))
    rows: Array = np.exp(-0.5 * ((WAVELENGTHS - bands[:, :1]) / sigma) ** 2)
    normalised: Array = rows / rows.sum(axis=1, keepdims=True)
    return normalised


def soil_spectra() -> tuple[Array, Array]:
    """Dry and wet soil reflectance, (wavelengths,) each, of `prosail`."""
    return prosail.spectral_lib.soil.rsoil1, prosail.spectral_lib.soil.rsoil2


def leaf(chlorophyll: float, brown: float, water: float) -> tuple[Array, Array]:
    """PROSPECT-D leaf reflectance and transmittance, (wavelengths,) each."""
    _, reflectance, transmittance = prosail.run_prospect(
        FIXED["structure"],
        chlorophyll,
        FIXED["carotenoids_per_chlorophyll"] * chlorophyll,
        brown,
        water,
        FIXED["dry_matter"],
        ant=0.0,
        prospect_version="D",
    )
    return reflectance, transmittance


def canopy(optics: tuple[Array, Array], lai: float, angle: float) -> Array:
    """The three soil-free coefficients of one canopy, (3, wavelengths).

    With `r` the soil's reflectance, reflectance = canopy + passed * r / (1 - returned * r): Verhoef et al. 2007,
    eq. 8 rearranged.
    """
    terms = prosail.run_sail(
        *optics, lai, angle, FIXED["hot_spot"], *_geometry(), factor="ALLALL", rsoil0=np.zeros_like(WAVELENGTHS)
    )
    sun, view, both, returned, _, _, sun_scattered, _, view_scattered, reflected = terms[:10]
    hot_spot = (both - sun * view) * (1 - REFERENCE_SOIL * returned)
    passed = (sun + sun_scattered) * (view + view_scattered) + hot_spot
    return np.stack([np.broadcast_to(value, WAVELENGTHS.shape) for value in (reflected, passed, returned)])


def reference(state: State, sensor: str) -> Array:
    """What `prosail` itself says of `state`, averaged over the sensor's bands, (bands,)."""
    dry, wet = soil_spectra()
    soil = state.brightness * ((1 - state.moisture) * dry + state.moisture * wet)
    spectrum = prosail.run_sail(
        *leaf(state.chlorophyll, state.brown, state.water),
        state.lai,
        state.angle,
        FIXED["hot_spot"],
        *_geometry(),
        rsoil0=soil,
    )
    averaged: Array = responses(sensor) @ spectrum
    return averaged


def build() -> dict[str, NDArray[np.generic]]:
    """Every array of the table's file, by name."""
    shape = tuple(len(nodes) for nodes in AXES.values())
    weights = np.concatenate([responses(sensor) for sensor in SENSORS]).T
    values = np.empty((*shape, len(COEFFICIENTS), weights.shape[1]))
    leaf_axes = [list(enumerate(AXES[name])) for name in ("chlorophyll", "brown", "water")]
    for (i, chlorophyll), (j, brown), (k, water) in product(*leaf_axes):
        optics = leaf(chlorophyll, brown, water)
        for (h, lai), (m, angle) in product(enumerate(AXES["lai"]), enumerate(AXES["angle"])):
            values[h, i, j, k, m] = canopy(optics, lai, angle) @ weights
    arrays: dict[str, NDArray[np.generic]] = {f"axis_{name}": np.array(nodes) for name, nodes in AXES.items()}
    arrays["made_with"] = np.array([f"prosail {version('prosail')}"])
    soils = np.stack(soil_spectra()) @ weights
    start = 0
    for sensor, bands in SENSORS.items():
        part = slice(start, start + len(bands))
        start += len(bands)
        arrays[f"{sensor}_bands"] = np.array(list(bands))
        arrays[f"{sensor}_soil"] = soils[:, part].astype(np.float32)
        arrays[f"{sensor}_canopy"] = values[..., part].astype(np.float16)
    return arrays


def draw_states(count: int, seed: int) -> list[State]:
    """Random states inside the table's axes, over soils from dark and wet to bright and dry."""
    generator = np.random.default_rng(seed)
    lower = np.array([nodes[0] for nodes in AXES.values()] + [0.4, 0.0])
    upper = np.array([nodes[-1] for nodes in AXES.values()] + [1.3, 1.0])
    return [State(*map(float, row)) for row in generator.uniform(lower, upper, (count, len(lower)))]


def interpolation_errors(states: list[State], sensor: str) -> Array:
    """Interpolated minus `prosail`'s reflectance, (states, bands), read through the code that the product uses."""
    from eobench_simulated._table import load_table

    columns = np.array([list(vars(state).values()) for state in states], dtype=np.float32).T
    interpolated = load_table(sensor).reflectance(*columns)
    expected = np.stack([reference(state, sensor) for state in states])
    return interpolated.astype(np.float64) - expected


def check(count: int = 500, seed: int = 1) -> None:
    """Compare the written table with `prosail` at random points between its nodes.

    Raises:
        SystemExit: A sensor's error is above the bound.
    """
    states = draw_states(count, seed)
    for sensor in SENSORS:
        errors = interpolation_errors(states, sensor)
        rmse, largest = float(np.sqrt((errors**2).mean())), float(np.abs(errors).max())
        print(f"{sensor:12} rmse {rmse:.5f} (bound {RMSE_BOUND}), largest {largest:.4f} (bound {LARGEST_BOUND})")
        if rmse > RMSE_BOUND or largest > LARGEST_BOUND:
            raise SystemExit(f"The table is too coarse for {sensor}: add nodes to AXES.")


def main() -> None:
    """Build and check, or only check."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--check", action="store_true", help="do not rebuild; check the table that is there")
    if not parser.parse_args().check:
        np.savez_compressed(TABLE, **build())  # type: ignore[arg-type]
        print(f"{TABLE.name}: {TABLE.stat().st_size / 1e6:.2f} MB")
    check()


def _geometry() -> tuple[float, float, float]:
    return FIXED["sun_zenith"], FIXED["view_zenith"], FIXED["relative_azimuth"]


if __name__ == "__main__":
    main()
