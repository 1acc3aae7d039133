"""Which classes an image view has: those of the world, or groups of them."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from eobench_simulated.world import World

OTHER_LAND: Final = "other_land"

# As Ramos-Pollan et al. group the classes of ESA WorldCover: wetland and water go with the rest of the land.
_COVER: Final = {
    "others": ("water", "wetland"),
    "trees": ("deciduous_forest", "evergreen_forest"),
    "open_land": ("grassland", "shrubland", "bare"),
    "crops": (),
    "built_up": ("urban",),
}


def legend(world: World, kind: str) -> tuple[tuple[str, ...], NDArray[np.int64]]:
    """Return the K names of a legend, and the one that each class of the world belongs to.

    Args:
        world: whose classes are grouped.
        kind: `cover` (five covers, all crops being one), `crops` (each crop, and all other land), `all`.
    """
    index = np.arange(len(world.classes))
    if kind == "all":
        return world.classes, index
    if kind == "crops":
        return (*world.classes[: world.crop_classes], OTHER_LAND), np.minimum(index, world.crop_classes)
    names = tuple(_COVER)
    group = {name: place for place, members in enumerate(_COVER.values()) for name in members}
    return names, np.array([group.get(name, names.index("crops")) for name in world.classes])
