"""The simulated landscape: what it promises to those who cut data sets from it."""

import numpy as np
import pytest

from eobench.plugin import ParameterError
from eobench_simulated.world import AREAS, FINE, SENSORS, TILE, YEARS, WorldOptions, make_world


@pytest.fixture(scope="module")
def world():
    return make_world(WorldOptions(seed=3))


@pytest.fixture(scope="module")
def tile(world):
    return world.tile("A", 5, 2, 2021)


def pixels(sensor, count=300):
    chance = np.random.default_rng(0)
    grid = SENSORS[sensor].grid
    return chance.integers(0, grid, count), chance.integers(0, grid, count)


def see(world, tile, sensor, rows, cols, dates=12):
    return world.observe(tile, sensor, world.acquisitions(tile.area, tile.year, sensor, dates), rows, cols)


def test_a_tile_does_not_depend_on_what_was_drawn_before(tile):
    other = make_world(WorldOptions(seed=3))
    other.tile("B", 0, 0, 2022)
    again = other.tile("A", 5, 2, 2021)
    assert np.array_equal(again.field, tile.field)
    assert np.array_equal(again.field_class, tile.field_class)


def test_another_seed_is_another_world(tile):
    assert not np.array_equal(make_world(WorldOptions(seed=4)).tile("A", 5, 2, 2021).label, tile.label)


def test_labels_parcels_and_purity_describe_the_fine_grid(tile):
    blocks = tile.field.reshape(TILE, FINE, TILE, FINE).transpose(0, 2, 1, 3).reshape(TILE, TILE, -1)
    assert np.array_equal(tile.label, tile.field_class[tile.parcel])
    assert np.allclose((blocks == tile.parcel[..., None]).mean(axis=2), tile.purity)
    assert set(np.unique(tile.field)) == set(range(len(tile.field_class)))


def test_fields_stay_and_annual_crops_rotate(world, tile):
    later = world.tile("A", 5, 2, 2022)
    assert np.array_equal(later.field, tile.field)
    names = np.array(world.classes)
    lasting = np.isin(names[tile.field_class], ["alfalfa", "almonds", *names[world.crop_classes :]])
    assert np.array_equal(later.field_class[lasting], tile.field_class[lasting])
    assert (later.field_class[~lasting] != tile.field_class[~lasting]).mean() > 0.4


@pytest.mark.parametrize("area", AREAS)
def test_class_shares_sum_to_one_and_keep_the_imbalance(area):
    world = make_world(WorldOptions(imbalance=10.0, regions=64, shift=0.0))
    shares = world.class_shares(area, 2021)
    assert np.allclose(shares.sum(axis=1), 1)
    crops = shares.mean(axis=0)[: world.crop_classes]
    assert crops.max() / crops.min() == pytest.approx(10, rel=0.15)


def test_tiles_keep_to_the_shares():
    world = make_world(WorldOptions(regions=4))
    seen = sum(
        np.bincount(world.tile("A", m, c, 2021).label.ravel(), minlength=len(world.classes))
        for m in range(4)
        for c in range(4)
    )
    wanted = world.class_shares("A", 2021).mean(axis=0)
    assert np.abs(seen / seen.sum() - wanted).sum() / 2 < 0.15


def test_homogeneous_communes_have_one_crop():
    world = make_world(WorldOptions(homogeneity=1.0))
    label = world.tile("A", 0, 0, 2021).label
    crops = np.bincount(label[label < world.crop_classes], minlength=world.crop_classes)
    assert crops.max() / crops.sum() > 0.8


@pytest.mark.parametrize("sensor", SENSORS)
def test_every_sensor_sees_its_grid_and_bands(world, tile, sensor):
    values, valid = see(world, tile, sensor, *pixels(sensor))
    kind = SENSORS[sensor]
    assert values.shape == (300, 12, len(kind.bands))
    assert values.dtype == np.int16
    assert valid.all() == (not kind.optical)
    assert (values[~valid] == kind.fill).all()
    assert valid.any(axis=1).all()


def test_a_window_is_its_pixels(world, tile):
    days = world.acquisitions("A", 2021, "landsat8", 6)
    window, valid = world.observe_window(tile, "landsat8", days, 10, 20, 5, 7)
    rows, cols = np.divmod(np.arange(35), 7)
    values, seen = world.observe(tile, "landsat8", days, rows + 10, cols + 20)
    assert np.array_equal(window.transpose(1, 2, 0, 3).reshape(35, 6, -1), values)
    assert np.array_equal(valid.transpose(1, 2, 0).reshape(35, 6), seen)


@pytest.mark.parametrize("sensor", SENSORS)
def test_a_pixel_is_the_same_alone_and_among_others(world, tile, sensor):
    rows, cols = pixels(sensor, 40)
    together, seen = see(world, tile, sensor, rows, cols)
    order = np.random.default_rng(1).permutation(40)[:7]
    alone, clear = see(world, tile, sensor, rows[order], cols[order])
    assert np.array_equal(alone, together[order])
    assert np.array_equal(clear, seen[order])


def test_a_day_is_the_same_among_few_dates_and_many(world, tile):
    rows, cols = pixels("sentinel2", 40)
    few, seen = see(world, tile, "sentinel2", rows, cols, 36)
    many, clear = see(world, tile, "sentinel2", rows, cols, 144)
    step = world.acquisitions("A", 2021, "sentinel2", 144).days.searchsorted(
        world.acquisitions("A", 2021, "sentinel2", 36).days
    )
    both = seen & clear[:, step]
    assert both.sum() > 0.95 * seen.sum()
    assert np.array_equal(few[both], many[:, step][both])


def test_speckle_is_that_of_the_sensor(world, tile):
    forest = (tile.label == world.classes.index("evergreen_forest")) & (tile.purity == 1)
    if forest.sum() < 500:
        forest = (tile.label == world.classes.index("deciduous_forest")) & (tile.purity == 1)
    rows, cols = np.nonzero(forest)
    parcel = tile.parcel[rows, cols]
    one = parcel == np.bincount(parcel).argmax()
    power = 10 ** (see(world, tile, "sentinel1", rows[one], cols[one])[0] / 1000.0)
    looks = power.mean(axis=0) ** 2 / power.var(axis=0)
    assert 3.5 < np.median(looks) < 5


def test_planetscope_pixels_are_the_parts_of_a_sentinel_2_pixel():
    world = make_world(WorldOptions(noise=0.0, haze=0.0, cloud_fraction=0.0))
    tile = world.tile("A", 1, 1, 2021)
    mixed = np.argwhere(tile.purity < 0.7)[:50]
    coarse, _ = see(world, tile, "sentinel2", *mixed.T)
    rows = (mixed[:, 0, None] * FINE + np.repeat(np.arange(FINE), FINE)).ravel()
    cols = (mixed[:, 1, None] * FINE + np.tile(np.arange(FINE), FINE)).ravel()
    fine, _ = see(world, tile, "planetscope", rows, cols)
    nir = fine[..., 3].reshape(50, 9, -1).mean(axis=1)
    # the bands differ in width, so not equal, but as close as the bands of one pixel are
    assert np.corrcoef(nir.ravel(), coarse[..., 7].ravel())[0, 1] > 0.995
    assert fine[..., 3].reshape(50, 9, -1).std(axis=1).mean() > 100


def test_both_optical_sensors_see_the_same_sky(world, tile):
    rows, cols = pixels("sentinel2", 400)
    _, coarse = see(world, tile, "sentinel2", rows, cols, 36)
    _, fine = see(world, tile, "planetscope", rows * FINE + 1, cols * FINE + 1, 36)
    assert (coarse == fine).mean() > 0.97


@pytest.mark.parametrize("fraction", [0.0, 0.2, 0.5])
def test_the_cloud_fraction_is_the_share_of_masked_values(fraction):
    world = make_world(WorldOptions(cloud_fraction=fraction, regions=16))
    masked = []
    for municipality in range(0, 16, 3):
        tile = world.tile("A", municipality, 0, 2021)
        masked.append(1 - see(world, tile, "sentinel2", *pixels("sentinel2"), 36)[1].mean())
    assert np.mean(masked) == pytest.approx(fraction, abs=0.06)


def test_noise_has_the_chosen_size():
    clean, noisy = (make_world(WorldOptions(noise=n, haze=0.0, cloud_fraction=0.0)) for n in (0.0, 0.1))
    rows, cols = pixels("sentinel2")
    one, _ = see(clean, clean.tile("A", 0, 0, 2021), "sentinel2", rows, cols)
    two, _ = see(noisy, noisy.tile("A", 0, 0, 2021), "sentinel2", rows, cols)
    bright = one > 1500
    assert ((two[bright] - one[bright]) / one[bright]).std() == pytest.approx(0.1, rel=0.1)


def test_areas_and_years_differ_only_as_far_as_the_shift_says():
    def calendars(shift):
        world = make_world(WorldOptions(shift=shift, variation=0.0))
        return [world._setting(a, 0, y).calendar.mean() for a, y in (("A", 2021), ("A", 2022), ("B", 2021))]

    assert np.ptp(calendars(0.0)) == 0
    assert np.ptp(calendars(1.0)) > 5


def test_land_covers_look_like_what_they_are(world):
    found = {}
    for municipality in range(8):
        tile = world.tile("A", municipality, 0, 2021)
        for name in ("water", "evergreen_forest", "urban"):
            rows, cols = np.nonzero((tile.label == world.classes.index(name)) & (tile.purity == 1))
            if len(rows) > 20:
                values, valid = see(world, tile, "sentinel2", rows[:50], cols[:50])
                radar, _ = see(world, tile, "sentinel1", rows[:50], cols[:50])
                found[name] = (values[valid].mean(axis=0), radar.mean(axis=(0, 1)) / 100)
    nir, red = 7, 3
    assert found["water"][0][nir] < found["water"][0][red]
    assert found["evergreen_forest"][0][nir] > 4 * found["evergreen_forest"][0][red]
    vv = {name: radar[0] for name, (_, radar) in found.items()}
    assert vv["water"] < -17 < -11 < vv["evergreen_forest"] < -8 < vv["urban"] < -3


def test_fine_pixels_are_clear_where_the_pixel_that_they_lie_in_is(world, tile):
    rows, cols = pixels("sentinel2", 100)
    clear = see(world, tile, "sentinel2", rows, cols, dates=24)[1]
    for inside in ((0, 0), (1, 1), (2, 1), (2, 2)):
        finer = see(world, tile, "planetscope", FINE * rows + inside[0], FINE * cols + inside[1], dates=24)[1]
        assert np.array_equal(finer, clear)


def test_the_tropics_are_another_landscape_of_the_same_land_covers(world):
    tropics = make_world(WorldOptions(seed=3, landscape="tropical"))
    assert tropics.crop_classes == 6
    assert tropics.classes[6:] == world.classes[world.crop_classes :]
    tile = tropics.tile("A", 5, 2, 2021)
    values, valid = see(tropics, tile, "sentinel2", *pixels("sentinel2", 50))
    assert values[valid].min() > 0


def test_years_are_those_that_are_told():
    assert YEARS == (2021, 2022, 2023)


def test_an_unknown_landscape_is_named():
    with pytest.raises(ParameterError, match="landscape"):
        make_world(WorldOptions(landscape="lunar"))
