"""Options that several commands share.

Standard library only, because QGIS imports it too.
"""

from __future__ import annotations

import dataclasses
from typing import Any

from botaclip.core.options import Kind, Option


def option(name: str, kind: Kind, help: str, **rest: Any) -> Option:
    """Return an option; the tables are read better with a short word."""
    return Option(name, kind, help, **rest)


EVERYWHERE = (
    option(
        "device", Kind.CHOICE,
        "Where to compute. auto takes a GPU when one works (cuda, then directml on Windows, then coreml on macOS) and "
        "says so when it falls back. Training knows cpu and cuda only.",
        default="auto", choices=("auto", "cpu", "cuda", "directml", "coreml"), advanced=True,
    ),
    option(
        "random-state", Kind.INTEGER, "Seed of everything random; the same seed gives the same result.",
        default=1, minimum=0, maximum=2**31 - 1, advanced=True,
    ),
    option(
        "progress", Kind.CHOICE, "How the command line shows progress: a bar, JSON lines, or nothing.",
        default="bar", choices=("bar", "json", "none"), advanced=True,
    ),
    option("overwrite", Kind.FLAG, "Replace outputs that exist.", default=False, advanced=True),
)

RASTER = option(
    "raster", Kind.RASTER,
    "Image to look at: any raster that GDAL reads, or a folder of tiles; they may lie in several CRSs and far apart.",
    required=True,
)
MODEL = option(
    "model", Kind.MODEL, "Trained model, one *.botaclip file, or the word bundled for the one that comes along.",
    required=True,
)
MODEL_POSITIONAL = dataclasses.replace(MODEL, positional=True)
EXTENT = option(
    "extent", Kind.EXTENT,
    "Part of the raster to work on: xmin,xmax,ymin,ymax, with [EPSG:code] behind it when not in the raster's CRS.",
)
MASK = option("mask", Kind.MASK, "Polygon layer; what lies outside it is nodata.")
STRIDE = option(
    "stride", Kind.NUMBER,
    "Pixel size of the result; rounded to a whole number of cells of the model's lattice. "
    "Not given: the number of cells nearest to a tenth of the patch.",
    unit="m", minimum=0.0,
)
BANDS = option(
    "bands", Kind.TEXT,
    "Bands by role, for example red=1,green=2,blue=3,nir=4. Not given: read from band names and colours. Other roles, "
    "never guessed: rededge1, rededge2, rededge3, swir1, swir2, vv, vh, elevation, and um1.38 for a band at 1.38 "
    "micrometres.",
    advanced=True,
)
ENVIRONMENT = option(
    "environment", Kind.RASTERS,
    "Rasters that join the image as predictors (elevation, climate, soil), separated by ;. A model trained with them "
    "needs them again, under the same file names or as name=path; not given: the files it was trained with, where they "
    "are still there.",
    advanced=True,
)
COG = option(
    "cog", Kind.FLAG, "Finish as a Cloud Optimized GeoTIFF with overviews.", default=False, advanced=True
)
EACH = option(
    "each", Kind.FLAG,
    "Each raster of the folder, or of a list of files and folders separated by ;, is a raster of its own: --output is "
    "then a folder with one map for each; maps that are finished already and whole are skipped.",
    default=False,
)
OUTPUT_MAP = option(
    "output", Kind.OUTPUT_RASTER,
    "GeoTIFF to write. Where the image lies in several CRSs or far apart, a folder of that name holds one raster per "
    "tile and one VRT per CRS.",
    required=True,
)
MODE_OF_MODEL = option(
    "mode", Kind.CHOICE,
    "How window encoders look at the image; a model works only in the mode it was trained in, so anything but auto is "
    "a check.",
    default="auto", choices=("auto", "dense", "exact", "tokens"), advanced=True,
)
IMAGE_DATE_OF_MAP = option(
    "image-date", Kind.TEXT,
    "Date of the image (2018, 2018-07 or 2018-07-15); its year is written into the map's tags. Not given: read from "
    "the raster's metadata where they tell it.",
    advanced=True,
)
MODE = option(
    "mode", Kind.CHOICE,
    "How a window encoder (transformer, deep network) looks: exact gives it the patch itself at every place; tokens "
    "takes the tokens of fixed windows, much cheaper for maps; dense is for convolutional encoders with a small field. "
    "auto takes the encoder's own. A model is valid only in the mode it was trained in.",
    default="auto", choices=("auto", "dense", "exact", "tokens"), advanced=True,
)
PRECISION = option(
    "precision", Kind.CHOICE,
    "Numbers of the encoder's graph: fp32; fp16, half the file, not faster on a CPU; int8, a quarter of the file and "
    "up to three times faster on a CPU, less exact. Convolutional encoders in int8 have to be exported first, "
    "calibrated on tiles.",
    default="fp32", choices=("fp32", "fp16", "int8"), advanced=True,
)
POOLING = option(
    "pooling", Kind.CHOICE,
    "How a transformer's patch becomes one vector in mode exact: its class token, the mean of its patch tokens, or "
    "both. auto takes what its makers do.",
    default="auto", choices=("auto", "cls", "mean", "cls-mean"), advanced=True,
)
STAGE = option(
    "stage", Kind.INTEGER, "Stage of a convolutional encoder whose map is taken, from 1. Not given: the deepest.",
    minimum=1, maximum=9, advanced=True,
)
SPECIES = option("species", Kind.LIST, "Species to map, separated by commas. Not given: all species of the model.")
