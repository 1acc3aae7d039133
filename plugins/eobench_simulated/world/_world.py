"""The simulated world: what it is made of, and what sensors see of it."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from eobench_simulated.world._chance import gammas, normals
from eobench_simulated.world._covers import Cover
from eobench_simulated.world._ground import Tile, make_tile, smooth
from eobench_simulated.world._growth import (
    AREA_DAYS,
    LEVELS,
    REGIONAL_DAYS,
    WARMTH,
    YEAR_DAYS,
    Canopies,
    Setting,
    make_canopies,
    signals,
)
from eobench_simulated.world._landscapes import LANDSCAPES
from eobench_simulated.world._options import AREAS, FINE, LANDSCAPE, TILE, YEARS, WorldOptions
from eobench_simulated.world._sensors import SENSORS, Sensor, spectrum
from eobench_simulated.world._sky import DAYS, PIXEL_SHARE, Acquisitions, Sky, at_pixels, in_tens, make_sky, scores

Float = NDArray[np.float32]
Int = NDArray[np.int64]
Bool = NDArray[np.bool_]

_HAZE_DEPTH: Final = np.float32(0.35)
_SHADE_DEPTH: Final = np.float32(0.25)
_OFFSET_NOISE: Final = np.float32(0.003)  # reflectance
_LOOKS: Final = 4.4  # equivalent number of looks of a Sentinel-1 GRD product
_AT_ONCE: Final = 4_000_000  # values of a chunk: some hundred megabytes at work
_FOLLOWS: Final = 0.25  # spread of the crops' dependence on climate, of its logarithm
_KEPT_TILES: Final = 4
_FAR: Final = 500.0  # km between the areas
_SUBPIXELS: Final = {FINE: (0, 1, 2), 1: (0,), 3 * FINE: (1, 4, 7)}


@dataclass(eq=False)
class World:
    """A landscape of two areas over three years; nothing of it is drawn before it is asked for.

    Every tile is a function of the options and its numbers alone, and every observed value one of its tile,
    sensor, pixel and day: in which order, together with which others and in which process they are asked for does
    not matter.

    Attributes:
        options: of the world.
        classes: the crops from the most frequent on, then the land covers.
        crop_classes: number of crops.
    """

    options: WorldOptions
    classes: tuple[str, ...] = ()
    crop_classes: int = 0
    _memory: dict[Any, Any] = field(default_factory=dict, repr=False)

    def climate(self, area: str) -> NDArray[np.float64]:
        """Return the climate of an area's municipalities, (regions,): about -1 (warm) to 1 (cool).

        It is relative to the area: area B as a whole is cooler.
        """
        del area
        made: NDArray[np.float64] = self._kept("climate", self._climate)
        return made

    def class_shares(self, area: str, year: int) -> NDArray[np.float64]:
        """Return the expected share of each class in each municipality, (regions, K); rows sum to one.

        Crops rotate, so the shares are the same in every year.
        """
        del year
        made: NDArray[np.float64] = self._kept(("shares", area), lambda: self._shares(area))
        return made

    def tile(self, area: str, municipality: int, commune: int, year: int) -> Tile:
        """Return a commune; the last few are kept."""
        place = (area, int(municipality), int(commune), int(year))
        found = self._memory.setdefault("tiles", {})
        if place not in found:
            while len(found) >= _KEPT_TILES:
                found.pop(next(iter(found)))
            names = {n: (*place[:3], n) for n in ("shape", "lasting")} | {"crops": (*place, "crops")}
            found[place] = make_tile(
                self.options,
                self.classes,
                self.class_shares(area, year)[municipality],
                place,
                {name: self._stream(*key) for name, key in names.items()},
                self.options.field_size * (0.6 ** min(self.options.shift, 1) if area == "B" else 1.0),
            )
        tile: Tile = found[place]
        return tile

    def acquisitions(self, area: str, year: int, sensor: str, dates: int) -> Acquisitions:
        """Return `dates` days evenly over the year; the same for every sensor."""
        days = (np.arange(dates) * DAYS // dates).astype(np.int16)
        return Acquisitions(SENSORS[sensor].name, area, year, days)

    def observe(
        self, tile: Tile, sensor: str, acquisitions: Acquisitions, rows: Int, cols: Int
    ) -> tuple[NDArray[np.int16], Bool]:
        """Return what a sensor sees of some pixels.

        Args:
            tile: the commune.
            sensor: name.
            acquisitions: its days.
            rows: (P,) on the sensor's own grid.
            cols: (P,) likewise.

        Returns:
            (P, T, C) stored values and (P, T), where they were observed.
        """
        kind = SENSORS[sensor]
        rows, cols = np.asarray(rows, np.int64), np.asarray(cols, np.int64)
        shape = (len(rows), len(acquisitions.days), len(kind.bands))
        values, valid = np.empty(shape, np.int16), np.empty(shape[:2], bool)
        step = max(1, _AT_ONCE // (shape[1] * shape[2]))
        for start in range(0, shape[0], step):
            part = slice(start, start + step)
            values[part], valid[part] = self._observe(tile, kind, acquisitions, rows[part], cols[part])
        return values, valid

    def observe_window(
        self, tile: Tile, sensor: str, acquisitions: Acquisitions, row: int, col: int, height: int, width: int
    ) -> tuple[NDArray[np.int16], Bool]:
        """Return what a sensor sees of a window of its grid: (T, h, w, C) values, and (T, h, w) where observed."""
        rows, cols = np.divmod(np.arange(height * width), width)
        values, valid = self.observe(tile, sensor, acquisitions, rows + row, cols + col)
        shape = (height, width, len(acquisitions.days))
        return (
            np.ascontiguousarray(values.reshape(*shape, -1).transpose(2, 0, 1, 3)),
            np.ascontiguousarray(valid.reshape(shape).transpose(2, 0, 1)),
        )

    @property
    def _covers(self) -> tuple[Cover, ...]:
        landscape = LANDSCAPES[self.options.landscape]
        every = {**landscape.crops, **landscape.land}
        return tuple(every[name] for name in self.classes)

    # --- inside ----------------------------------------------------------------------------------------------

    def _observe(
        self, tile: Tile, sensor: Sensor, acquisitions: Acquisitions, rows: Int, cols: Int
    ) -> tuple[NDArray[np.int16], Bool]:
        days = acquisitions.days.astype(np.int64)
        pixel = rows * sensor.grid + cols
        key = self._number(*self._place(tile), sensor.name)
        surface = self._surface(tile, sensor, days, rows, cols)
        if not sensor.optical:
            surface *= gammas(key, pixel, days, surface.shape[2], _LOOKS)
            decibel = 10 * np.log10(np.maximum(surface, 1e-5))
            return np.rint(decibel / sensor.scale).astype(np.int16), np.ones(surface.shape[:2], bool)
        clear = self._through_sky(tile, sensor, days, rows, cols, surface)
        bands = surface.shape[2]
        chance = normals(key, pixel, days, bands + 1)
        half = np.float32(self.options.noise * np.sqrt(0.5))
        surface *= 1 + half * (chance[..., :1] + chance[..., 1:])
        if self.options.noise > 0:
            surface += _OFFSET_NOISE * chance[..., :0:-1]
        counts = np.rint(surface / np.float32(sensor.scale)).clip(1, 20_000).astype(np.int16)
        counts[~clear] = sensor.fill
        return counts, clear

    def _surface(self, tile: Tile, sensor: Sensor, days: Int, rows: Int, cols: Int) -> Float:
        """Signal of the pixels without sky and noise, (P, T, C): the mean of their parts."""
        size = TILE * FINE // sensor.grid
        offsets = _SUBPIXELS[size]
        parts = [tile.field[rows * size + i, cols * size + j] for i in offsets for j in offsets]
        table = self._signals(tile, sensor, days, np.unique(np.stack(parts)).astype(np.int64))
        vigour, tone = self._texture(tile)
        # Centre of the pixel, in pixels of 10 m.
        at = ((2 * rows + 1) * size // (2 * FINE), (2 * cols + 1) * size // (2 * FINE))
        low, share = _between(vigour[at])
        pure = np.logical_and.reduce([p == parts[0] for p in parts])
        surface = _blend(table, parts[0], low, share)
        mixed = np.flatnonzero(~pure)
        if len(mixed):
            total = surface[mixed]
            for part in parts[1:]:
                total += _blend(table, part[mixed], low[mixed], share[mixed])
            surface[mixed] = total / len(parts)
        factor = tone[at]
        if size < FINE:
            factor = factor * self._fine_texture(tile, rows, cols)
        surface *= factor[:, None, None]
        return surface

    def _signals(self, tile: Tile, sensor: Sensor, days: Int, wanted: Int) -> Float:
        """Signals of all parcels, (F, T, LEVELS, C), of which the wanted ones are there; kept with the tile."""
        key = ("signals", sensor.name, days.tobytes())
        if key not in tile.memory:
            shape = (len(tile.field_class), len(days), len(LEVELS), len(sensor.bands))
            tile.memory[key] = np.empty(shape, np.float32), np.zeros(shape[0], bool)
        table, there = tile.memory[key]
        missing = wanted[~there[wanted]]
        if len(missing):
            wetness = self._sky(tile.area, tile.year).wetness[days, tile.municipality]
            time = days.astype(np.float32)
            table[missing] = signals(self._canopies(tile), self._covers, sensor, time, wetness, missing)
            there[missing] = True
        made: Float = table
        return made

    def _canopies(self, tile: Tile) -> Canopies:
        if "canopies" not in tile.memory:
            place = (tile.area, tile.municipality, tile.commune)
            tile.memory["canopies"] = make_canopies(
                self.options,
                self._covers,
                tile.field_class,
                self._setting(tile.area, tile.municipality, tile.year),
                self._stream(*place, "soil"),
                self._stream(*place, tile.year, "growth"),
            )
        made: Canopies = tile.memory["canopies"]
        return made

    def _texture(self, tile: Tile) -> tuple[Float, Float]:
        """Vigour and tone of each pixel of 10 m: patches within fields, and what differs from pixel to pixel."""
        if "texture" not in tile.memory:
            generator = self._stream(tile.area, tile.municipality, tile.commune, "texture")
            spread = np.float32(self.options.variation)
            patches = smooth(generator, 40, TILE)
            single = generator.standard_normal((2, TILE, TILE), np.float32)
            vigour = np.exp(spread * (0.10 * patches + 0.06 * single[0]))
            tile.memory["texture"] = (vigour, 1 + spread * self._grain(tile.label) * single[1])
        made: tuple[Float, Float] = tile.memory["texture"]
        return made

    def _fine_texture(self, tile: Tile, rows: Int, cols: Int) -> Float:
        """Tone of fine pixels, (P,), around that of their pixel of 10 m."""
        row, col = rows // FINE, cols // FINE
        key = self._number(tile.area, tile.municipality, tile.commune, "fine")
        nine = normals(key, row * TILE + col, np.zeros(1, np.int64), FINE * FINE)[:, 0]
        own = nine[np.arange(len(rows)), rows % FINE * FINE + cols % FINE] - nine.mean(axis=1)
        made: Float = 1 + np.float32(self.options.variation) * self._grain(tile.label[row, col]) * own
        return made

    def _grain(self, label: NDArray[np.integer]) -> Float:
        made: Float = np.array([k.texture for k in self._covers], np.float32)[label]
        return made

    def _through_sky(self, tile: Tile, sensor: Sensor, days: Int, rows: Int, cols: Int, surface: Float) -> Bool:
        """Lay haze and faint shadows upon (P, T, C) `surface`; return where pixels are clear, (P, T)."""
        sky = self._sky(tile.area, tile.year)
        key = ("sky", days.tobytes())
        if key not in tile.memory:
            corner = self._corner(tile)
            tile.memory[key] = [scores(sky, days, corner, shifted) for shifted in (False, True)]
        row, col = (in_tens(values, sensor.grid) for values in (rows, cols))
        cloud, shadow = (at_pixels(nodes, row, col) for nodes in tile.memory[key])
        place = row.astype(np.int64) * TILE + col.astype(np.int64)
        # Edges fray; the same for every sensor, so that they agree on what is clear.
        cloud += PIXEL_SHARE * normals(self._number(*self._place(tile), "edge"), place, days, 1)[..., 0]
        cloudy, hazy = sky.cloudy[days], sky.hazy[days]
        clear = np.asarray((cloud > cloudy) & (shadow > cloudy))
        if not self.options.cloud_fraction:
            clear[:] = True
        # A pixel that is never seen would be no sample: its clearest date counts.
        clear[np.arange(len(clear)), (cloud - cloudy).argmax(axis=1)] = True
        if self.options.haze > 0:
            across = np.maximum(hazy - cloudy, np.float32(1e-6))
            dark = _SHADE_DEPTH * ((hazy - shadow) / across).clip(0, 1)
            thin = _HAZE_DEPTH * ((hazy - cloud) / across).clip(0, 1)
            surface *= ((1 - dark) * (1 - thin))[..., None]
            surface += thin[..., None] * spectrum("cloud", sensor)
        return clear

    @staticmethod
    def _place(tile: Tile) -> tuple[str, int, int, int]:
        return tile.area, tile.municipality, tile.commune, tile.year

    def _corner(self, tile: Tile) -> tuple[float, float]:
        across = int(np.ceil(np.sqrt(self.options.regions)))
        step = TILE / 100
        down, right = divmod(tile.municipality, across)
        return (
            (2 * down + tile.commune // 2) * step + _FAR * AREAS.index(tile.area),
            (2 * right + tile.commune % 2) * step,
        )

    def _sky(self, area: str, year: int) -> Sky:
        made: Sky = self._kept(
            ("sky", area, year),
            lambda: make_sky(self.options, self._stream(area, year, "clouds"), self._stream(area, year, "rain")),
        )
        return made

    def _climate(self) -> NDArray[np.float64]:
        count = self.options.regions
        across = int(np.ceil(np.sqrt(count)))
        down = np.arange(count) // across
        made: NDArray[np.float64] = (
            2 * down / max(down.max(), 1) - 1 + self._stream("climate").normal(0, 0.12, count)
        )
        return made

    def _shares(self, area: str) -> NDArray[np.float64]:
        options, generator = self.options, self._stream(area, "shares")
        crops = options.imbalance ** -np.linspace(0, 1, self.crop_classes)
        if area == "B":
            crops = crops * np.exp(0.5 * options.shift * generator.normal(size=self.crop_classes))
        land = np.array(LANDSCAPES[options.landscape].shares)
        mean = np.concatenate([crops / crops.sum() * (1 - land.sum()), land])
        northern = np.array([k.northern for k in self._covers])
        taste = self.climate(area)[:, None] * northern + generator.normal(size=(options.regions, len(mean)))
        local = mean * np.exp(options.region_contrast * taste)
        # The mean over municipalities is drawn back to the wanted shares, so that `imbalance` keeps its meaning.
        for _ in range(20):
            local /= local.sum(axis=1, keepdims=True)
            local *= mean / local.mean(axis=0)
        made: NDArray[np.float64] = local / local.sum(axis=1, keepdims=True)
        return made

    def _setting(self, area: str, municipality: int, year: int) -> Setting:
        kinds = len(self.classes)
        here, when = self._stream(area, municipality, "calendar"), self._stream(area, year, "season")
        shift, spread = self.options.shift, self.options.variation
        cool = float(area == "B")
        unusual = 0.0 if year == YEARS[0] else shift  # the first year is a normal one
        base = WARMTH[year] + when.normal(0, 0.3)
        year_days = YEAR_DAYS * unusual * (base + when.normal(size=kinds))
        climate = float(self.climate(area)[municipality])
        late = climate * LANDSCAPES[self.options.landscape].climate_days
        # Some crops follow the warmth more closely than others, so calendars cross within an area.
        follows = np.exp(_FOLLOWS * self._stream("follows").normal(size=kinds))
        region_days = REGIONAL_DAYS * spread * here.normal(size=kinds) + late * follows
        vigour = np.exp(0.10 * unusual * when.normal(size=kinds))
        brightness = (
            here.normal(0.78, 0.08) - 0.08 * climate - 0.10 * shift * cool + 0.03 * unusual * when.normal()
        )
        forms = np.exp(0.6 * spread * here.normal(size=(kinds, 3)) + 0.35 * unusual * when.normal(size=(kinds, 3)))
        return Setting(
            climate_days=late,
            cool=cool,
            calendar=region_days + year_days + AREA_DAYS * shift * cool,
            vigour=vigour,
            brightness=float(brightness),
            forms=forms,
        )

    def _kept(self, key: Any, make: Any) -> Any:
        if key not in self._memory:
            self._memory[key] = make()
        return self._memory[key]

    def _stream(self, *key: str | int) -> np.random.Generator:
        """A generator of its own for each key, from the world's seed."""
        words = [zlib.crc32(k.encode()) if isinstance(k, str) else int(k) for k in key]
        return np.random.default_rng([self.options.seed, *words])

    def _number(self, *key: str | int) -> np.uint64:
        """A number of its own for each key, for what is hashed."""
        made: np.uint64 = self._kept(("number", *key), lambda: self._stream(*key).integers(2**64, dtype=np.uint64))
        return made


def make_world(options: WorldOptions) -> World:
    """Return the world of some options; takes milliseconds.

    Raises:
        ParameterError: there is no such landscape.
    """
    LANDSCAPE.check(options.landscape, "simulated world")
    landscape = LANDSCAPES[options.landscape]
    crops = tuple(landscape.crops)[: options.crops]
    return World(options, (*crops, *landscape.land), len(crops))


def _between(vigour: Float) -> tuple[Int, Float]:
    """The level below each vigour, and the share of the level above."""
    low = np.clip(np.searchsorted(LEVELS, vigour, side="right") - 1, 0, len(LEVELS) - 2)
    share = (vigour - LEVELS[low]) / (LEVELS[low + 1] - LEVELS[low])
    return low, share.clip(-0.5, 1.5).astype(np.float32)


def _blend(table: Float, parcel: NDArray[np.integer], low: Int, share: Float) -> Float:
    """Signals (P, T, C) of parcels at the pixels' vigour."""
    made: Float = table[parcel, :, low]
    made += share[:, None, None] * (table[parcel, :, low + 1] - made)
    return made
