"""Whether a map that is there is whole: a copy or a disk may have cut it short. Only as much is read as is needed."""

from __future__ import annotations

from pathlib import Path

import rasterio
from rasterio.enums import Interleaving
from rasterio.errors import RasterioError
from rasterio.windows import Window

from botaclip.core.layer_metadata import SUFFIX as QMD

_PAGE = 'vocabulary="BotaCLIP"'
_MOST_READ = 2**20


def is_whole(path: Path) -> bool:
    """Whether all blocks of a GeoTIFF, overviews too, lie within the file, and the last one of each band can be read.

    Their places stand in the header, so that a large map need not be read.
    """
    try:
        size = path.stat().st_size
        with rasterio.open(path) as dataset:
            if any(end > size for end in _ends_of_blocks(dataset)):
                return False
            rows, columns = dataset.block_shapes[0]
            row, column = (dataset.height - 1) // rows * rows, (dataset.width - 1) // columns * columns
            dataset.read(window=Window(column, row, dataset.width - column, dataset.height - row))
    except (RasterioError, OSError):
        return False
    return True


def is_ours_unreadable(path: Path, style: str) -> bool:
    """Whether what cannot be opened was a map of ours: beside it lies our page, or just this style."""
    try:
        with rasterio.open(path):
            return False
    except RasterioError:
        pass
    return _PAGE in _text(path.with_suffix(QMD)) or bool(style) and _text(path.with_suffix(".qml")) == style


def _ends_of_blocks(dataset: rasterio.DatasetReader) -> list[int]:
    """Return where in the file each block ends; blocks that were never written have no place."""
    # Bands that lie pixel by pixel share their blocks.
    bands = [1] if dataset.interleaving is Interleaving.pixel else list(dataset.indexes)
    ends: list[int] = []
    shapes: list[tuple[int | None, tuple[int, int], int, int]] = [
        (None, dataset.block_shapes[0], dataset.height, dataset.width)
    ]
    for number in range(len(dataset.overviews(1))):
        with rasterio.open(dataset.name, overview_level=number) as smaller:
            shapes.append((number, smaller.block_shapes[0], smaller.height, smaller.width))
    for level, block, height, width in shapes:
        for band in bands:
            for y in range(-(-height // block[0])):
                for x in range(-(-width // block[1])):
                    at = dataset.get_tag_item(f"BLOCK_OFFSET_{x}_{y}", "TIFF", bidx=band, ovr=level)
                    length = dataset.get_tag_item(f"BLOCK_SIZE_{x}_{y}", "TIFF", bidx=band, ovr=level)
                    if at is not None and length is not None:
                        ends.append(int(at) + int(length))
    return ends


def _text(path: Path) -> str:
    try:
        with path.open(encoding="utf-8") as stream:
            return stream.read(_MOST_READ)
    except (OSError, ValueError):
        return ""
