"""A VRT over rasters that lie apart: one layer to load, in which nothing fills the gaps and nothing is copied."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr  # nosec B406  # writes XML, reads none

import rasterio
from affine import Affine
from rasterio.windows import Window, from_bounds

from botaclip.core.errors import RasterError
from botaclip.core.image_year import UNKNOWN, spanned
from botaclip.core.places import parse_crs
from botaclip.core.unfinished import unfinished

_GRID_TOLERANCE = 0.01  # of a pixel: sources nearer to the grid lie on it
_YEAR = "BOTACLIP_YEAR"
_OF_ONE = ("BOTACLIP_RASTER", "BOTACLIP_LATTICE")  # tags that only one raster can bear
_TYPES = {"uint8": "Byte", "float32": "Float32"}


def crs_slug(crs: str) -> str:
    """Return the name of a CRS as a file may bear it: its EPSG code, else letters and digits of its name."""
    parsed = parse_crs(crs)
    authority = parsed.to_authority(min_confidence=100)
    if authority:
        return authority[1] if authority[0] == "EPSG" else "_".join(authority)
    return "".join(sign if sign.isalnum() else "_" for sign in parsed.name).strip("_")[:60] or "crs"


def write_vrt(path: Path, rasters: Sequence[Path], *, overwrite: bool = False) -> None:
    """Write a VRT over rasters that share CRS, pixel size, bands and type.

    Paths in it are relative to it, so that a folder with both can be moved. Rasters may be shifted against each
    other by parts of a pixel (each lies on the grid of its own scene): GDAL then shows the nearest pixel.

    Parameters
    ----------
    path
        The VRT.
    rasters
        What it shows, at least one; where they overlap the last one counts.
    overwrite
        Whether an existing file may be replaced.

    Raises
    ------
    OutputError
        The VRT cannot be written.
    RasterError
        The rasters differ.
    """
    with rasterio.open(rasters[0]) as first:
        like, pixel, crs = _like(first), first.transform.a, first.crs.to_wkt()
        tags = {name: text for name, text in first.tags().items() if name not in _OF_ONE}
        bands = [_band(first, number) for number in first.indexes]
        nodata = _text(first.nodata)
    boxes, years = [], []
    for raster in rasters:
        with rasterio.open(raster) as dataset:
            years.append(dataset.tags().get(_YEAR, UNKNOWN))
            if _like(dataset) != like:
                raise RasterError(f"it differs from {rasters[0].name}", where=str(raster))
            boxes.append((dataset.bounds, dataset.width, dataset.height))
    if _YEAR in tags:
        tags[_YEAR] = spanned(years)
    left, top = min(box.left for box, _, _ in boxes), max(box.top for box, _, _ in boxes)
    grid = Affine(pixel, 0.0, left, 0.0, -pixel, top)
    windows = [_on_grid(from_bounds(*box, transform=grid)) for box, _, _ in boxes]
    width = math.ceil(max(window.col_off + window.width for window in windows) - _GRID_TOLERANCE)
    height = math.ceil(max(window.row_off + window.height for window in windows) - _GRID_TOLERANCE)
    sources = []
    for raster, window, (_, columns, rows) in zip(rasters, windows, boxes, strict=True):
        beside = raster.parent == path.parent
        sources.append(
            f'    <ComplexSource>\n      <SourceFilename relativeToVRT="{int(beside)}">'
            f"{escape(raster.name if beside else str(raster))}</SourceFilename>\n"
            "      <SourceBand>{band}</SourceBand>\n"
            f'      <SrcRect xOff="0" yOff="0" xSize="{columns}" ySize="{rows}"/>\n'
            f'      <DstRect xOff="{window.col_off!r}" yOff="{window.row_off!r}" xSize="{window.width!r}" '
            f'ySize="{window.height!r}"/>\n'
            + (f"      <NODATA>{nodata}</NODATA>\n" if nodata else "") + "    </ComplexSource>\n"
        )  # fmt: skip
    with unfinished(path, overwrite=overwrite) as part, part.open("w", encoding="utf-8") as file:
        file.write(f'<VRTDataset rasterXSize="{width}" rasterYSize="{height}">\n  <SRS>{escape(crs)}</SRS>\n')
        file.write(f"  <GeoTransform>{', '.join(repr(float(value)) for value in grid.to_gdal())}</GeoTransform>\n")
        file.write(_metadata(tags, "  "))
        for number, band in enumerate(bands, start=1):
            file.write(band)
            file.writelines(source.replace("{band}", str(number), 1) for source in sources)
            file.write("  </VRTRasterBand>\n")
        file.write("</VRTDataset>\n")


def _like(dataset: rasterio.DatasetReader) -> tuple[object, ...]:
    pixel = tuple(float(f"{side:.9g}") for side in dataset.res)
    kinds = dataset.count, dataset.dtypes, dataset.crs.to_wkt(), dataset.scales, dataset.offsets
    return (*kinds, _text(dataset.nodata), pixel)


def _text(nodata: float | None) -> str:
    return "" if nodata is None else "nan" if math.isnan(nodata) else repr(float(nodata))


def _metadata(tags: Mapping[str, str], indent: str) -> str:
    items = "".join(f"{indent}  <MDI key={quoteattr(key)}>{escape(text)}</MDI>\n" for key, text in tags.items())
    return f"{indent}<Metadata>\n{items}{indent}</Metadata>\n"


def _band(dataset: rasterio.DatasetReader, number: int) -> str:
    """Return a band's element up to its sources."""
    name = dataset.dtypes[number - 1]
    lines = [f'  <VRTRasterBand dataType="{_TYPES.get(name, name)}" band="{number}">']
    lines += [_metadata(dataset.tags(number), "    ").rstrip("\n")]
    if dataset.descriptions[number - 1]:
        lines.append(f"    <Description>{escape(dataset.descriptions[number - 1])}</Description>")
    if nodata := _text(dataset.nodata):
        lines.append(f"    <NoDataValue>{nodata}</NoDataValue>")
    scale, offset = dataset.scales[number - 1], dataset.offsets[number - 1]
    if (scale, offset) != (1.0, 0.0):
        lines.append(f"    <Offset>{float(offset)!r}</Offset>\n    <Scale>{float(scale)!r}</Scale>")
    lines.append(f"    <ColorInterp>{'Gray' if number == 1 else 'Undefined'}</ColorInterp>")
    return "\n".join(lines) + "\n"


def _on_grid(window: Window) -> Window:
    """Round what lies on the grid but for rounding."""

    def near(value: float) -> float:
        return float(round(value)) if abs(value - round(value)) < _GRID_TOLERANCE else float(value)

    return Window(near(window.col_off), near(window.row_off), near(window.width), near(window.height))
