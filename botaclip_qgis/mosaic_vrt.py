"""Writes GDAL's virtual raster (``.vrt``) as text: QGIS's side has no GDAL of its own to ask."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Sequence
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr  # nosec B406  # writes XML, reads none

from qgis.core import Qgis, QgsRasterLayer

# GDAL's names; what is not among them never comes out of a file that QGIS has written or a picture.
_TYPES = {
    Qgis.DataType.Byte: "Byte", Qgis.DataType.Int8: "Int8", Qgis.DataType.UInt16: "UInt16",
    Qgis.DataType.Int16: "Int16", Qgis.DataType.UInt32: "UInt32", Qgis.DataType.Int32: "Int32",
    Qgis.DataType.Float32: "Float32", Qgis.DataType.Float64: "Float64",
}  # fmt: skip
_COLOURS = {"Red", "Green", "Blue", "Alpha", "Gray"}


@dataclasses.dataclass(frozen=True)
class VrtBand:
    """A band: its name, GDAL's words for its type and colour (empty: none), and its nodata value (None: none)."""

    name: str
    type: str
    colour: str
    nodata: float | None


@dataclasses.dataclass(frozen=True)
class VrtSource:
    """A file in the mosaic: where its first pixel lies (column, row) and its size in pixels."""

    path: Path
    column: int
    row: int
    width: int
    height: int


def bands_of(layer: QgsRasterLayer) -> list[VrtBand]:
    """Return the bands of a raster layer, their names without QGIS's ``Band 3: ``."""
    provider = layer.dataProvider()
    bands = []
    for number in range(1, provider.bandCount() + 1):
        colour = str(provider.colorInterpretationName(number))
        has_nodata = provider.sourceHasNoDataValue(number) and provider.useSourceNoDataValue(number)
        bands.append(
            VrtBand(
                str(layer.bandName(number)).partition(": ")[2],
                _TYPES.get(provider.dataType(number), "Float32"),
                colour if colour in _COLOURS else "",
                float(provider.sourceNoDataValue(number)) if has_nodata else None,
            )
        )
    return bands


def write_vrt(
    path: Path,
    crs_wkt: str,
    corner: tuple[float, float],
    pixel: tuple[float, float],
    bands: Sequence[VrtBand],
    sources: Sequence[VrtSource],
    *,
    alpha: bool = False,
) -> None:
    """Write a mosaic of files of the same bands; paths in it are relative.

    Parameters
    ----------
    path
        The ``.vrt`` to write.
    crs_wkt
        CRS of all files.
    corner
        x and y of the upper left corner.
    pixel
        Width and height of a pixel in units of the CRS, both positive.
    bands
        The files' bands.
    sources
        The files and where they lie; where they overlap, the last one shows.
    alpha
        Add a band that is 255 where a file lies: gaps are then transparent without any value being nodata.
    """
    width = max(source.column + source.width for source in sources)
    height = max(source.row + source.height for source in sources)
    parts = [
        f'<VRTDataset rasterXSize="{width}" rasterYSize="{height}">',
        f"  <SRS>{escape(crs_wkt)}</SRS>",
        f"  <GeoTransform>{corner[0]!r}, {pixel[0]!r}, 0.0, {corner[1]!r}, 0.0, {-pixel[1]!r}</GeoTransform>",
    ]
    for number, band in enumerate(bands, start=1):
        parts.append(f'  <VRTRasterBand dataType="{band.type}" band="{number}">')
        if band.name:
            parts.append(f"    <Description>{escape(band.name)}</Description>")
        if band.nodata is not None:
            parts.append(f"    <NoDataValue>{band.nodata!r}</NoDataValue>")
        if band.colour:
            parts.append(f"    <ColorInterp>{band.colour}</ColorInterp>")
        parts += [_source("SimpleSource", source, path, number) for source in sources]
        parts.append("  </VRTRasterBand>")
    if alpha:
        parts.append(f'  <VRTRasterBand dataType="Byte" band="{len(bands) + 1}">')
        parts.append("    <ColorInterp>Alpha</ColorInterp>")
        # Whatever the first band holds becomes 255.
        opaque = "      <ScaleOffset>255</ScaleOffset>\n      <ScaleRatio>0</ScaleRatio>\n"
        parts += [_source("ComplexSource", source, path, 1, opaque) for source in sources]
        parts.append("  </VRTRasterBand>")
    parts.append("</VRTDataset>\n")
    path.write_text("\n".join(parts), encoding="utf-8")


def _source(kind: str, source: VrtSource, path: Path, band: int, rest: str = "") -> str:
    try:
        name, relative = Path(os.path.relpath(source.path, path.parent)).as_posix(), 1
    except ValueError:  # another drive of Windows
        name, relative = str(source.path), 0
    size = f"xSize={quoteattr(str(source.width))} ySize={quoteattr(str(source.height))}"
    return (
        f'    <{kind}>\n      <SourceFilename relativeToVRT="{relative}">{escape(name)}</SourceFilename>\n'
        f"      <SourceBand>{band}</SourceBand>\n"
        f'      <SrcRect xOff="0" yOff="0" {size}/>\n'
        f'      <DstRect xOff="{source.column}" yOff="{source.row}" {size}/>\n{rest}    </{kind}>'
    )
