"""The shipped table of canopy reflectance, and its interpolation."""

from dataclasses import dataclass
from functools import cache
from itertools import product
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.float32]

TABLE: Final = Path(__file__).with_name("canopy_table.npz")
AXES: Final = ("lai", "chlorophyll", "brown", "water", "angle")
_ROWS_AT_ONCE: Final = 8192  # a block's intermediate arrays stay in a core's cache


@dataclass(frozen=True)
class CanopyTable:
    """Reflectance of canopies over soils in one sensor's bands, by multilinear interpolation.

    `scripts/make_prosail_table.py` generates it with PROSPECT-D and 4SAIL and bounds its error: a root mean square
    of 0.01 in reflectance at points between the nodes.

    Attributes:
        sensor: `sentinel2`, `landsat8` or `planetscope`.
        bands: The bands' names.
        nodes: The nodes along each of `AXES`: leaf area index (m2 m-2), chlorophyll (ug cm-2), brown pigment
            (0 to 1), leaf water (cm) and mean leaf inclination (degrees).
        coefficients: (nodes in all, 3 * bands): per node what the canopy reflects over black soil, what light
            passes it down and up, and what it returns to the soil.
        soils: (2, bands), reflectance of the dry and the wet soil at brightness 1.
    """

    sensor: str
    bands: tuple[str, ...]
    nodes: tuple[Float, ...]
    coefficients: Float
    soils: Float

    def reflectance(
        self,
        lai: Float,
        chlorophyll: Float,
        brown: Float,
        water: Float,
        angle: Float,
        brightness: Float,
        moisture: Float,
    ) -> Float:
        """Reflectance of P canopies, (P, bands). Values beyond an axis are taken at its end.

        Args:
            lai: (P,) leaf area index, m2 m-2, 0 to 8.
            chlorophyll: (P,) ug cm-2, 2 to 80.
            brown: (P,) brown pigment, 0 (green) to 1 (senescent).
            water: (P,) equivalent water thickness, cm, 0.002 to 0.025.
            angle: (P,) mean leaf inclination, degrees, 25 (flat) to 70 (upright).
            brightness: (P,) factor on the soil's reflectance, about 0.4 to 1.3.
            moisture: (P,) 0 (dry soil) to 1 (wet soil).
        """
        canopies = (lai, chlorophyll, brown, water, angle)
        result = np.empty((len(lai), len(self.bands)), np.float32)
        for start in range(0, len(lai), _ROWS_AT_ONCE):
            rows = slice(start, start + _ROWS_AT_ONCE)
            coefficients = self._interpolate(tuple(values[rows] for values in canopies))
            canopy, passed, returned = np.split(coefficients, 3, axis=1)
            wet = moisture[rows, None]
            soil = brightness[rows, None] * ((1 - wet) * self.soils[0] + wet * self.soils[1])
            result[rows] = canopy + passed * soil / (1 - returned * soil)
        return result

    def _interpolate(self, points: tuple[Float, ...]) -> Float:
        strides = np.cumprod([1, *(len(nodes) for nodes in self.nodes[:0:-1])])[::-1]
        corner = np.zeros(len(points[0]), np.intp)
        fractions = []
        for nodes, stride, values in zip(self.nodes, strides, points, strict=True):
            below = np.clip(np.searchsorted(nodes, values, side="right") - 1, 0, len(nodes) - 2)
            fraction = (values - nodes[below]) / (nodes[below + 1] - nodes[below])
            fractions.append(np.clip(fraction, 0, 1).astype(np.float32))
            corner += below * stride
        total = np.zeros((len(corner), self.coefficients.shape[1]), np.float32)
        for sides in product((0, 1), repeat=len(points)):
            weight = np.ones(len(corner), np.float32)
            for side, fraction in zip(sides, fractions, strict=True):
                weight *= fraction if side else 1 - fraction
            total += weight[:, None] * self.coefficients[corner + int(np.dot(sides, strides))]
        return total


@cache
def load_table(sensor: str = "sentinel2") -> CanopyTable:
    """The shipped table for one sensor, read once a process.

    Raises:
        ValueError: The table does not hold this sensor.
    """
    with np.load(TABLE, allow_pickle=False) as arrays:
        known = [name.removesuffix("_bands") for name in arrays.files if name.endswith("_bands")]
        if sensor not in known:
            raise ValueError(f"sensor={sensor!r} is not in the canopy table; it holds {', '.join(known)}.")
        bands = tuple(map(str, arrays[f"{sensor}_bands"]))
        return CanopyTable(
            sensor=sensor,
            bands=bands,
            nodes=tuple(arrays[f"axis_{name}"].astype(np.float32) for name in AXES),
            coefficients=arrays[f"{sensor}_canopy"].astype(np.float32).reshape(-1, 3 * len(bands)),
            soils=arrays[f"{sensor}_soil"].astype(np.float32),
        )
