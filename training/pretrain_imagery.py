"""The real images that the bundled encoder is pre-trained on, whole in memory, each with its group to be left out by.

Read from the folder ``data`` that the checkout's README calls ``shared``; nothing of it is shipped but the weights.
"""

from __future__ import annotations

import csv
import dataclasses
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio.errors import NotGeoreferencedWarning, RasterioError

from botaclip.core.errors import RasterError

# How often a step looks at each source, whatever the number of its pictures.
SHARES = {"naip": 0.4, "neon": 0.3, "sentinel": 0.2, "landsat": 0.05, "bart": 0.05}
LEAST_SIDE = 64


@dataclasses.dataclass(frozen=True)
class Picture:
    """One image.

    Parameters
    ----------
    source
        One of ``SHARES``.
    group
        What it is left out by, as ``naip/chico`` or ``neon/SJER_03``.
    name
        Name of the place; pictures of two dates of one place share it.
    pixels
        (C, H, W) red, green, blue, and near infrared where C is 4; 0 to 255.
    brightest
        Factor up to which its light may be raised: reflectance products are dark.
    """

    source: str
    group: str
    name: str
    pixels: NDArray[np.uint8]
    brightest: float = 1.3


def read_pictures(
    data: Path, leave_out: Sequence[str] = (), *, sources: Sequence[str] = tuple(SHARES)
) -> list[Picture]:
    """Return all pictures of some sources but those of groups that are left out.

    Parameters
    ----------
    data
        The folder ``shared/data``.
    leave_out
        Groups, or their beginnings: ``naip/chico`` or ``neon/SJER``.
    sources
        Which of ``SHARES``.

    Raises
    ------
    RasterError
        The images are not there, nothing is left, or a group that is to be left out does not exist.
    """
    readers = {"naip": _naip, "neon": _neon, "sentinel": _sentinel, "landsat": _landsat, "bart": _bart}
    try:
        found = [picture for source in sources for picture in readers[source](data)]
    except (OSError, RasterioError) as error:
        raise RasterError(
            f"its images cannot be read ({error})", where=str(data), remedy="--data names the folder shared/data"
        ) from error
    for out in leave_out:
        if out.split("/")[0] in sources and not any(_within(picture, out) for picture in found):
            raise RasterError(f"no picture belongs to {out}, which is to be left out", where=str(data))
    kept = [picture for picture in found if not any(_within(picture, out) for out in leave_out)]
    if not kept:
        raise RasterError("no picture is left to learn from", where=str(data), remedy="leave fewer groups out")
    return kept


def _within(picture: Picture, out: str) -> bool:
    return picture.group == out or picture.group.startswith((f"{out}/", f"{out}_"))


def read_pixels(path: Path) -> NDArray[np.generic]:
    """Return all bands of an image (C, H, W), also of one without a place."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        with rasterio.open(path) as dataset:
            return np.asarray(dataset.read())


def _naip(data: Path) -> Iterator[Picture]:
    folder = data / "naip_rgbn_60cm"
    for row in rows_of(folder / "trees.csv"):
        pixels = read_pixels(folder / "images" / row["image"]).astype(np.uint8)
        yield Picture("naip", f"naip/{row['city']}", row["image"], pixels)


def _neon(data: Path) -> Iterator[Picture]:
    folder = data / "neon_releves_rgb"
    for row in rows_of(folder / "plots.csv"):
        for year in ("rgb", "rgb_2017"):
            path = folder / year / f"{row['plot_id']}.tif"
            if path.exists():
                pixels = read_pixels(path)[:3].astype(np.uint8)
                if min(pixels.shape[1:]) >= LEAST_SIDE:
                    yield Picture("neon", f"neon/{row['block']}", row["plot_id"], pixels)


def _sentinel(data: Path) -> Iterator[Picture]:
    """Cut the scenes into squares without nodata, so that a step does not weigh a scene by its size alone."""
    scenes = {
        "birmingham": data / "scenes" / "s2rgb_birmingham_2024.tif",
        "manchester": data / "scenes" / "s2rgb_manchester_2024.tif",
        "camden": data / "s2_london_camden_trees" / "scene.tif",
    }
    for name, path in scenes.items():
        for number, square in enumerate(_squares(read_pixels(path)[:3], 256)):
            yield Picture("sentinel", f"sentinel/{name}", f"{name} {number}", square.astype(np.uint8), 3.2)


def _landsat(data: Path) -> Iterator[Picture]:
    blue_first = read_pixels(data / "scenes" / "zion_landsat8_b2345.tif").astype(np.float32)
    bands = blue_first[[2, 1, 0, 3]]
    known = (bands > 0) & (bands < 65_535)
    low, high = np.quantile(bands[known], [0.002, 0.998])
    scaled = np.where(known.all(axis=0), np.clip((bands - low) / (high - low), 1 / 255, 1.0) * 255, 0.0)
    for number, square in enumerate(_squares(scaled.astype(np.uint8), 256)):
        yield Picture("landsat", "landsat/zion", f"zion {number}", square.astype(np.uint8))


def _bart(data: Path) -> Iterator[Picture]:
    scene = read_pixels(data / "scenes" / "neon_bart_rgb_10cm_2019.tif")[:3].astype(np.uint8)
    for number, square in enumerate(_squares(scene, 400)):
        yield Picture("bart", "bart/2019", f"bart {number}", square.astype(np.uint8))


def _squares(scene: NDArray[np.generic], side: int) -> Iterator[NDArray[np.generic]]:
    for top in range(0, scene.shape[1] - side + 1, side):
        for left in range(0, scene.shape[2] - side + 1, side):
            square = scene[:, top : top + side, left : left + side]
            if (square.max(axis=0) > 0).mean() > 0.99:
                yield np.ascontiguousarray(square)


def rows_of(path: Path) -> list[dict[str, str]]:
    """Return the rows of a table of ``shared/data``."""
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))
