"""Exports what the worker cannot open (web maps, databases, formats its GDAL lacks) to a temporary GeoTIFF.

Layers may be touched in the main thread only, so :class:`RasterExport` takes there what it needs, and writes later in
whatever thread the algorithm runs in.
"""

from __future__ import annotations

import dataclasses
import math
import re
from pathlib import Path

from qgis.core import (
    Qgis,
    QgsCoordinateReferenceSystem,
    QgsCoordinateTransformContext,
    QgsProcessingFeedback,
    QgsProcessingUtils,
    QgsRasterBlockFeedback,
    QgsRasterFileWriter,
    QgsRasterLayer,
    QgsRasterPipe,
    QgsRectangle,
)
from qgis.PyQt.QtCore import QThread

from botaclip.botaclip_qgis.i18n import tr
from botaclip.botaclip_qgis.mosaic_vrt import VrtBand, VrtSource, bands_of, write_vrt
from botaclip.core.errors import Cancelled, OptionError, OutputError

# Pixels of a picture, as web map services give them: rendered colours, no data.
_DRAWN = frozenset({Qgis.DataType.ARGB32, Qgis.DataType.ARGB32_Premultiplied})
# Above it, a mistake is likelier than a wish.
MOST_PIXELS = 500_000_000


def _smaller() -> str:
    return tr("give a smaller EXTENT, or export the part you need as a GeoTIFF and choose that")


@dataclasses.dataclass
class RasterExport:
    """A raster layer that can be written to a GeoTIFF.

    Parameters
    ----------
    name
        The layer's name.
    reason
        Why the worker cannot open it itself, in words.
    crs, extent
        Those of the layer.
    pixel
        Width and height of its pixels in units of the CRS; None where the source has none of its own.
    bands
        Its bands; empty for a drawn map, which becomes red, green, blue and alpha.
    pipe
        A copy of what gives its values.
    """

    name: str
    reason: str
    crs: QgsCoordinateReferenceSystem
    extent: QgsRectangle
    pixel: tuple[float, float] | None
    bands: list[VrtBand]
    pipe: QgsRasterPipe

    @classmethod
    def of(cls, layer: QgsRasterLayer, reason: str) -> RasterExport:
        """Take what is needed of ``layer``. Main thread only.

        Raises
        ------
        OptionError
            The layer has no CRS or is not to be read.
        """
        provider = layer.dataProvider()
        if not layer.isValid() or provider is None:
            raise OptionError(
                tr("the layer cannot be read"), where=layer.name(), remedy=tr("repair its source in QGIS")
            )
        if not layer.crs().isValid():
            raise OptionError(
                tr("the layer has no CRS"), where=layer.name(), remedy=tr("set it in the layer's properties")
            )
        drawn = provider.dataType(1) in _DRAWN
        pipe = QgsRasterPipe()
        stages = [provider]
        if drawn:
            stages += [layer.renderer(), layer.brightnessFilter(), layer.hueSaturationFilter()]
        for stage in stages:
            if stage is not None:
                pipe.set(stage.clone())
        pixel = None
        known = [float(one) for one in provider.nativeResolutions() if one > 0]
        if layer.width() > 0 and layer.height() > 0:
            pixel = (layer.extent().width() / layer.width(), layer.extent().height() / layer.height())
        elif known:
            pixel = (min(known), min(known))
        # None: no thread owns it until the one that writes takes it.
        pipe.moveToThread(None)
        return cls(
            layer.name(), reason, layer.crs(), layer.extent(), pixel, [] if drawn else bands_of(layer), pipe
        )

    @property
    def drawn(self) -> bool:
        """Whether the source gives pictures, not measured values."""
        return not self.bands

    def window(self, box: QgsRectangle | None) -> tuple[QgsRectangle, int, int]:
        """Return the part to write, on the source's own pixels, and its columns and rows.

        Parameters
        ----------
        box
            What is asked for, in the layer's CRS; None for all of it.

        Raises
        ------
        OptionError
            Nothing of the layer lies there, it is too much, or the source has no pixels of its own.
        """
        if self.pixel is None:
            raise OptionError(
                tr("the service does not say the size of its pixels"),
                where=self.name,
                remedy=tr("export the part you need as a GeoTIFF in the resolution you need, and choose that"),
            )
        wanted = self.extent if box is None else self.extent.intersect(box)
        if wanted.isEmpty():
            raise OptionError(tr("nothing of the layer lies in the extent"), where=self.name, remedy=_smaller())
        width, height = self.pixel
        left = math.floor((wanted.xMinimum() - self.extent.xMinimum()) / width + 1e-6)
        right = math.ceil((wanted.xMaximum() - self.extent.xMinimum()) / width - 1e-6)
        top = math.floor((self.extent.yMaximum() - wanted.yMaximum()) / height + 1e-6)
        bottom = math.ceil((self.extent.yMaximum() - wanted.yMinimum()) / height - 1e-6)
        columns, rows = max(1, right - left), max(1, bottom - top)
        if columns * rows > MOST_PIXELS:
            raise OptionError(
                tr("{columns} x {rows} pixels of it would have to be exported, more than {most} million").format(
                    columns=columns, rows=rows, most=MOST_PIXELS // 10**6
                ),
                where=self.name,
                remedy=_smaller(),
            )
        x, y = self.extent.xMinimum() + left * width, self.extent.yMaximum() - top * height
        return QgsRectangle(x, y - rows * height, x + columns * width, y), columns, rows

    def write(
        self, box: QgsRectangle | None, context: QgsCoordinateTransformContext, feedback: QgsProcessingFeedback
    ) -> TemporaryRaster:
        """Say what is going to be exported, and write it.

        Raises
        ------
        OptionError
            As :meth:`window`.
        OutputError
            The file cannot be written.
        Cancelled
            The user asked to stop.
        """
        part, columns, rows = self.window(box)
        feedback.pushInfo(
            tr(
                "{layer}: {reason}; {columns} x {rows} pixels of it are first exported to a temporary GeoTIFF."
            ).format(layer=self.name, reason=self.reason, columns=columns, rows=rows)
        )
        if self.drawn:
            feedback.pushWarning(
                tr(
                    "{layer} is a drawn map: its colours are made to be looked at and are no measured data. What is "
                    "learnt from them holds for this map and this zoom level only."
                ).format(layer=self.name)
            )
        stem = re.sub(r"[^\w-]+", "_", self.name).strip("_") or "raster"
        made = TemporaryRaster(Path(QgsProcessingUtils.generateTempFilename(f"{stem}.tif")))
        try:
            self._write(made.image, part, columns, rows, context, feedback)
            if self.bands:
                # QGIS's writer keeps neither the names of bands nor their colours.
                write_vrt(
                    made.path, str(self.crs.toWkt(QgsCoordinateReferenceSystem.WktVariant.WKT_PREFERRED_GDAL)),
                    (part.xMinimum(), part.yMaximum()), (part.width() / columns, part.height() / rows),
                    self._written_bands(made.image), [VrtSource(made.image, 0, 0, columns, rows)],
                )  # fmt: skip
            else:
                made.path = made.image
        except BaseException:
            made.remove()
            raise
        return made

    def _written_bands(self, image: Path) -> list[VrtBand]:
        """Return the bands with type and nodata as they were really written."""
        written = bands_of(QgsRasterLayer(str(image), "written"))
        return [
            dataclasses.replace(new, name=old.name, colour=old.colour)
            for old, new in zip(self.bands, written, strict=False)
        ]

    def _write(
        self, image: Path, part: QgsRectangle, columns: int, rows: int, context: QgsCoordinateTransformContext,
        feedback: QgsProcessingFeedback,
    ) -> None:  # fmt: skip
        self.pipe.moveToThread(QThread.currentThread())
        writer = QgsRasterFileWriter(str(image))
        writer.setOutputFormat("GTiff")
        options = ["TILED=YES", "COMPRESS=DEFLATE", "BIGTIFF=IF_SAFER"]
        # Else a fourth band of bytes is taken for alpha.
        writer.setCreateOptions(options if self.drawn else [*options, "PHOTOMETRIC=MINISBLACK"])
        progress = QgsRasterBlockFeedback()

        def shown(percent: float) -> None:
            if feedback.isCanceled():
                progress.cancel()

        progress.progressChanged.connect(shown)
        if feedback.isCanceled():
            raise Cancelled
        result = writer.writeRaster(self.pipe, columns, rows, part, self.crs, context, progress)
        if feedback.isCanceled() or result == QgsRasterFileWriter.WriterError.WriteCanceled:
            raise Cancelled
        problems = [str(one) for one in progress.errors()]
        if result != QgsRasterFileWriter.WriterError.NoError or problems or not image.is_file():
            raise OutputError(
                tr("it cannot be exported ({reason})").format(
                    reason="; ".join(problems) or tr("QGIS gives no reason")
                ),
                where=self.name,
                remedy=tr("export it as a GeoTIFF and choose that"),
            )


class TemporaryRaster:
    """An exported raster, to be removed when the job is over.

    Parameters
    ----------
    image
        The GeoTIFF; ``path`` is what the worker gets, at first a ``.vrt`` beside it.
    """

    def __init__(self, image: Path) -> None:
        self.image = image
        self.path = image.with_suffix(".vrt")

    def remove(self) -> None:
        """Remove its files."""
        for path in (self.path, self.image, self.image.with_name(f"{self.image.name}.aux.xml")):
            path.unlink(missing_ok=True)
