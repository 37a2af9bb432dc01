"""The files of a raster: itself, or the tiles in a folder, sidecars and previews left out."""

from __future__ import annotations

from pathlib import Path

import rasterio
from rasterio.errors import RasterioError

from botaclip.core.errors import RasterError

# What tiles come as. Of the second kind tables and vectors lie in folders of tiles too, of the third what is made
# of the tiles: each counts only where none of the kinds before it is there.
_IMAGES = {".tif", ".tiff", ".jp2", ".j2k", ".img", ".png", ".jpg", ".jpeg", ".webp"}
_OTHERS = {
    ".asc", ".bil", ".bip", ".bsq", ".bt", ".dat", ".dem", ".ecw", ".envi", ".ers", ".flt", ".grd", ".hgt", ".kap",
    ".nc", ".ntf", ".pix", ".rst", ".sdat", ".sid",
}  # fmt: skip
_MOSAICS = {".vrt"}
# Pictures without a place beside real tiles are previews.
_PICTURES = {".png", ".jpg", ".jpeg", ".webp"}


def tile_paths(raster: str | Path) -> list[str]:
    """Return the files of a raster: itself, or those of a folder, sorted.

    Raises
    ------
    RasterError
        No raster file lies in the folder, and it is no raster itself (as an ESRI grid or a Zarr store is).
    """
    folder = Path(raster)
    if not folder.is_dir():
        return [str(raster)]
    try:
        files = sorted(path for path in folder.iterdir() if path.is_file() and not path.name.startswith("."))
    except OSError as error:
        raise RasterError(
            f"the folder cannot be read ({error.strerror})", where=str(folder), remedy="check that you may open it"
        ) from error
    images = [path for path in files if path.suffix.lower() in _IMAGES]
    tiles = [path for path in images if not _is_preview(path)] or images
    for suffixes in (_OTHERS, _MOSAICS):
        tiles = tiles or [path for path in files if path.suffix.lower() in suffixes]
    if tiles:
        return [str(path) for path in tiles]
    try:
        with rasterio.open(folder):
            return [str(raster)]
    except RasterioError:
        pass
    raise RasterError("no raster file lies in this folder", where=str(folder), remedy="choose a folder of tiles")


def _is_preview(path: Path) -> bool:
    if path.suffix.lower() not in _PICTURES:
        return False
    suffix = path.suffix
    worlds = [f".{suffix[1]}{suffix[-1]}w", f"{suffix}w", ".wld"]
    sidecars = [path.with_suffix(world) for world in worlds] + [path.with_name(path.name + ".aux.xml")]
    return not any(sidecar.exists() for sidecar in sidecars)
