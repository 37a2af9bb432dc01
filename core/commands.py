"""The one table of options: command line, Processing algorithms, dialogs and docs are all made from it.

Standard library only, because QGIS imports it too.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from botaclip.core.options import Command, Kind, Option


def _o(name: str, kind: Kind, help: str, **rest: Any) -> Option:
    return Option(name, kind, help, **rest)


EVERYWHERE = (
    _o(
        "device", Kind.CHOICE, "Where to compute. auto takes a GPU when one works and says so when it falls back.",
        default="auto", choices=("auto", "cpu", "cuda"), advanced=True,
    ),
    _o(
        "random-state", Kind.INTEGER, "Seed of everything random; the same seed gives the same result.",
        default=1, minimum=0, maximum=2**31 - 1, advanced=True,
    ),
    _o(
        "progress", Kind.CHOICE, "How the command line shows progress: a bar, JSON lines, or nothing.",
        default="bar", choices=("bar", "json", "none"), advanced=True,
    ),
    _o("overwrite", Kind.FLAG, "Replace outputs that exist.", default=False, advanced=True),
)

RASTER = _o(
    "raster", Kind.RASTER,
    "Image to look at: any raster that GDAL reads, or a folder of tiles; they may lie in several CRSs and far apart.",
    required=True,
)
MODEL = _o("model", Kind.MODEL, "Trained model, one *.botaclip file.", required=True)
MODEL_POSITIONAL = dataclasses.replace(MODEL, positional=True)
EXTENT = _o(
    "extent", Kind.EXTENT,
    "Part of the raster to work on: xmin,xmax,ymin,ymax, with [EPSG:code] behind it when not in the raster's CRS.",
)
MASK = _o("mask", Kind.MASK, "Polygon layer; what lies outside it is nodata.")
STRIDE = _o(
    "stride", Kind.NUMBER,
    "Pixel size of the result; rounded to a whole number of cells of the model's lattice. "
    "Not given: the number of cells nearest to a tenth of the patch.",
    unit="m", minimum=0.0,
)
BANDS = _o(
    "bands", Kind.TEXT,
    "Bands by role, for example red=1,green=2,blue=3,nir=4. Not given: read from band names and colours. Other roles, "
    "never guessed: rededge1, rededge2, rededge3, swir1, swir2, vv, vh, elevation, and um1.38 for a band at 1.38 "
    "micrometres.",
    advanced=True,
)
ENVIRONMENT = _o(
    "environment", Kind.RASTERS,
    "Rasters that join the image as predictors (elevation, climate, soil), separated by ;. A model trained with them "
    "needs them again, under the same file names or as name=path; not given: the files it was trained with, where they "
    "are still there.",
    advanced=True,
)
COG = _o(
    "cog", Kind.FLAG, "Finish as a Cloud Optimized GeoTIFF with overviews.", default=False, advanced=True
)
OUTPUT_MAP = _o(
    "output", Kind.OUTPUT_RASTER,
    "GeoTIFF to write. Where the image lies in several CRSs or far apart, a folder of that name holds one raster per "
    "tile and one VRT per CRS.",
    required=True,
)
MODE_OF_MODEL = _o(
    "mode", Kind.CHOICE,
    "How window encoders look at the image; a model works only in the mode it was trained in, so anything but auto is "
    "a check.",
    default="auto", choices=("auto", "dense", "exact", "tokens"), advanced=True,
)
IMAGE_DATE_OF_MAP = _o(
    "image-date", Kind.TEXT,
    "Date of the image (2018, 2018-07 or 2018-07-15); its year is written into the map's tags. Not given: read from "
    "the raster's metadata where they tell it.",
    advanced=True,
)
MODE = _o(
    "mode", Kind.CHOICE,
    "How a window encoder (transformer, deep network) looks: exact gives it the patch itself at every place; tokens "
    "takes the tokens of fixed windows, much cheaper for maps; dense is for convolutional encoders with a small field. "
    "auto takes the encoder's own. A model is valid only in the mode it was trained in.",
    default="auto", choices=("auto", "dense", "exact", "tokens"), advanced=True,
)
PRECISION = _o(
    "precision", Kind.CHOICE,
    "Numbers of the encoder's graph: fp32; fp16, half the file, not faster on a CPU; int8, a quarter of the file and "
    "up to three times faster on a CPU, less exact. Convolutional encoders in int8 have to be exported first, "
    "calibrated on tiles.",
    default="fp32", choices=("fp32", "fp16", "int8"), advanced=True,
)
POOLING = _o(
    "pooling", Kind.CHOICE,
    "How a transformer's patch becomes one vector in mode exact: its class token, the mean of its patch tokens, or "
    "both. auto takes what its makers do.",
    default="auto", choices=("auto", "cls", "mean", "cls-mean"), advanced=True,
)
STAGE = _o(
    "stage", Kind.INTEGER, "Stage of a convolutional encoder whose map is taken, from 1. Not given: the deepest.",
    minimum=1, maximum=9, advanced=True,
)
SPECIES = _o("species", Kind.LIST, "Species to map, separated by commas. Not given: all species of the model.")

TRAIN = Command(
    "train", "Train a model", "Learn from a raster and a table of relevés which species to expect where.",
    "Pairs every relevé with the image patch around it, aligns both with BotaCLIP's adapters where that helps, fits "
    "species heads, judges everything by spatial block cross-validation beside the baselines that could explain it "
    "away, and writes one model file.",
    (
        RASTER,
        _o("releves", Kind.TABLE,
           "Relevés: a long table (one row per plot and species) or a matrix of plots and species; CSV, TSV, a "
           "spreadsheet, GeoPackage, Shapefile or anything OGR reads.", required=True),
        _o("layout", Kind.CHOICE,
           "long: one row per plot and species; wide: one row per plot, one column per species; transposed: one row "
           "per species, one column per plot. auto looks at the columns and says what it took.",
           default="auto", choices=("auto", "long", "wide", "transposed"), advanced=True),
        _o("encoding", Kind.TEXT,
           "Text encoding of the tables (text files and dBase). Not given: detected and shown.", advanced=True),
        _o("decimal", Kind.CHOICE, "Decimal mark of the tables. auto detects it and says so.",
           default="auto", choices=("auto", "point", "comma"), advanced=True),
        _o("plots", Kind.TABLE, "Table of plots with their coordinates; not needed when the relevés carry them."),
        _o("crs", Kind.CRS, "CRS of the coordinates, for example EPSG:2154; needed where the file does not say it."),
        _o("plot-field", Kind.FIELD, "Column with the plot's name.", default="plot_id", parent="releves"),
        _o("species-field", Kind.FIELD, "Column with the species' name.", default="species", parent="releves"),
        _o("cover-field", Kind.FIELD,
           "Column with the cover; not needed for presence data. Not given: 'cover' if there is one.",
           parent="releves"),
        _o("layer-field", Kind.FIELD, "Column with the vegetation layer (tree, shrub, herb) of a row.",
           parent="releves", advanced=True),
        _o("layers", Kind.CHOICE,
           "How several rows (layers) of one species in a plot are combined: independent, 1 - product(1 - cover), as "
           "layers that overlap at random; sum, capped at 100 %; or max.",
           default="independent", choices=("independent", "sum", "max"), advanced=True),
        _o("names", Kind.CHOICE,
           "normalise strips authors, cf. and aff. from species names and writes ranks and hybrids one way, with a "
           "report; verbatim takes them as they stand.",
           default="normalise", choices=("normalise", "verbatim"), advanced=True),
        _o("taxa", Kind.TABLE,
           "Table of accepted names: columns name and accepted. Synonyms are replaced, names not in it reported.",
           advanced=True),
        _o("unidentified", Kind.CHOICE,
           "What to do with names such as 'Carex sp.', 'indet.', 'unknown' or a genus alone: leave-out (they are "
           "listed) or keep.",
           default="leave-out", choices=("leave-out", "keep"), advanced=True),
        _o("x-field", Kind.FIELD, "Column with the easting or longitude; not needed for a point layer.",
           parent="plots"),
        _o("y-field", Kind.FIELD, "Column with the northing or latitude; not needed for a point layer.",
           parent="plots"),
        _o("crs-field", Kind.FIELD,
           "Column with the CRS of each plot's coordinates (32631 or EPSG:32631), where they lie in several.",
           parent="plots", advanced=True),
        _o("date-field", Kind.FIELD, "Column with the date of the relevé.", parent="plots"),
        _o("image-date", Kind.TEXT, "Date of the image: 2018, 2018-07 or 2018-07-15. Relevés far from it are flagged.",
           advanced=True),
        _o("date-tolerance", Kind.NUMBER,
           "Relevés more years than this from the image's date are left out. Not given: those beyond 5 years are "
           "only counted.", unit="years", minimum=0.0, advanced=True),
        _o("uncertainty-field", Kind.FIELD,
           "Column with the uncertainty of a plot's place, in metres; above half a patch the plot is left out.",
           parent="plots", advanced=True),
        _o("area-field", Kind.FIELD,
           "Column with a plot's area, in square metres; a plot larger than the patch is flagged.",
           parent="plots", advanced=True),
        _o("habitat-field", Kind.FIELD, "Column with the habitat of a plot, for the report and the scores.",
           parent="plots", advanced=True),
        _o("site-field", Kind.FIELD,
           "Column with a plot's site; scores are also given within sites. Not given: plots more than 20 km apart lie "
           "on different sites.", parent="plots", advanced=True),
        _o("cover-scale", Kind.CHOICE,
           "How cover is written. auto deduces it from the codes and says what it took; the two braun-blanquet "
           "conventions differ at class 4 (Turboveg 68 %, class mid-point 62.5 %); -old has no 2m, 2a, 2b.",
           default="auto",
           choices=("auto", "percent", "fraction", "presence", "braun-blanquet", "braun-blanquet-old",
                    "braun-blanquet-midpoint", "ordinal", "londo")),
        _o("data-type", Kind.CHOICE,
           "What an unlisted species means: absent (presence-absence, abundance) or unknown (presence-only). auto "
           "deduces it and says so.",
           default="auto", choices=("auto", "presence-absence", "presence-only", "abundance")),
        dataclasses.replace(BANDS, advanced=False),
        dataclasses.replace(
            ENVIRONMENT,
            help="Rasters that join the image as predictors (elevation, climate, soil), separated by ;.",
        ),
        _o("patch-size", Kind.NUMBER, "Side of the square around a plot that the encoder sees.",
           default=100.0, unit="m", minimum=0.1, maximum=100_000.0),
        _o("encoder", Kind.TEXT,
           "Frozen encoder that turns the image into vectors; a+b joins the vectors of two. 'botaclip encoders list' "
           "shows them all.", default="random-conv"),
        MODE, PRECISION, POOLING, STAGE,
        _o("embed-encoder", Kind.CHOICE,
           "Whether the encoder goes into the model file, so that the file is all one needs: auto up to 128 MB, yes up "
           "to 512 MB, no. A model without it needs the same encoder installed where it is used.",
           default="auto", choices=("auto", "yes", "no"), advanced=True),
        _o("groups", Kind.FIELD, "Column of the plots whose values are kept together in one fold (site, transect); "
           "used instead of square blocks.", parent="plots", advanced=True),
        _o("block-size", Kind.NUMBER,
           "Side of the spatial blocks. Not given: chosen from the extent so that each fold holds several blocks.",
           unit="m", minimum=0.0, advanced=True),
        _o("buffer", Kind.NUMBER,
           "Training plots nearer than this to a test plot are left out. Not given: patch size plus receptive field, "
           "so that no patches overlap across folds.", unit="m", minimum=0.0, advanced=True),
        _o("folds", Kind.INTEGER, "Number of spatial folds.", default=5, minimum=2, maximum=50, advanced=True),
        _o("min-presences", Kind.INTEGER, "A species needs at least so many presences to be modelled.",
           default=20, minimum=2),
        _o("species", Kind.LIST, "Species to model, separated by commas. Not given: all with enough presences."),
        _o("head", Kind.CHOICE,
           "Species model on the vectors: linear (ridge, calibrated; small and fast) or forest (random forest, as in "
           "the paper; the model file grows by up to 50 MB).",
           default="linear", choices=("linear", "forest"), advanced=True),
        _o("alignment", Kind.CHOICE,
           "How the image vectors are adapted to the relevés: botaclip (contrastive + geometry regulariser), "
           "contrastive, supervised, none, or auto (picks among them by inner spatial validation and says what).",
           default="auto", choices=("auto", "botaclip", "contrastive", "supervised", "none")),
        _o("regulariser", Kind.CHOICE,
           "Scale of the geometry-preserving term: sum (off-diagonal sum divided by the batch size) or mean (over "
           "all pairs).", default="sum", choices=("sum", "mean"), advanced=True),
        _o("plot-locations", Kind.TEXT,
           "Whether the model file holds the plots' places: exact, coarse:M (rounded to M metres) or none.",
           default="exact", advanced=True),
        _o("epochs", Kind.INTEGER,
           "Most passes over the plots while adapting. Not given: as many as inner validation finds useful.",
           minimum=0, maximum=10_000, advanced=True),
        _o("init", Kind.MODEL,
           "Model to continue from: its adapter is where the new one starts. Plots that it has seen are not scored.",
           advanced=True),
        _o("output", Kind.OUTPUT_MODEL, "Model file to write (*.botaclip).", required=True),
        _o("report", Kind.OUTPUT_HTML, "Report to write (HTML, one file)."),
        _o("metrics", Kind.OUTPUT_JSON, "Scores to write (JSON)."),
        _o("predictions", Kind.OUTPUT_VECTOR,
           "Plots to write (GeoPackage or CSV), each with what the models that never saw it predict."),
        *EVERYWHERE,
    ),
    group="Model", needs="train",
)

EMBED = Command(
    "embed", "Embedding raster", "Map the adapted image vectors of a model over a raster.",
    "Every cell holds the vector of the patch around it, in the model's space: as principal components (fitted on "
    "the training plots) or as the full unit vector.",
    (
        RASTER, MODEL, EXTENT, MASK, STRIDE, BANDS, ENVIRONMENT, MODE_OF_MODEL, IMAGE_DATE_OF_MAP, COG,
        _o("dimensions", Kind.TEXT, "Number of principal components to keep, or all for the full unit vectors.",
           default="64"),
        _o("quantise", Kind.CHOICE, "none keeps float32; uint8 stores value = scale * q + offset, 0 = nodata.",
           default="none", choices=("none", "uint8")),
        OUTPUT_MAP,
        *EVERYWHERE,
    ),
    group="Maps",
)

SUITABILITY = Command(
    "suitability", "Species suitability", "Map the suitability of species over a raster with a model.",
    "One band per species, 0 to 1, NaN where the patch is not seen. A value refers to a plot of the training "
    "relevés' area centred in the cell.",
    (
        RASTER, MODEL, SPECIES, EXTENT, MASK, STRIDE, BANDS, ENVIRONMENT, MODE_OF_MODEL, IMAGE_DATE_OF_MAP, COG,
        OUTPUT_MAP,
        *EVERYWHERE,
    ),
    group="Maps",
)

PREDICT = Command(
    "predict", "Species at points", "Predict the species to expect at points.",
    "Writes a point layer with the suitability of each species, or the reason why there is none.",
    (
        RASTER, MODEL,
        _o("points", Kind.POINTS, "Point layer, or a table with columns x and y.", required=True),
        _o("crs", Kind.CRS, "CRS of the points where the file does not say it."),
        _o("x-field", Kind.FIELD, "Column with the easting or longitude; not needed for a point layer.",
           parent="points", advanced=True),
        _o("y-field", Kind.FIELD, "Column with the northing or latitude; not needed for a point layer.",
           parent="points", advanced=True),
        _o("crs-field", Kind.FIELD, "Column with the CRS of each point's coordinates, where they lie in several.",
           parent="points", advanced=True),
        SPECIES, BANDS, ENVIRONMENT, MODE_OF_MODEL,
        _o("output", Kind.OUTPUT_VECTOR, "GeoPackage or CSV to write.", required=True),
        *EVERYWHERE,
    ),
    group="Maps",
)

INFO = Command(
    "info", "About a model", "Show what a model file holds and what it is good for.",
    "Species, scores, bands, patch, encoder, training extent, licence and how to cite.",
    (
        MODEL_POSITIONAL,
        _o("output", Kind.OUTPUT_JSON, "Where to write it as JSON; not given: it is printed."),
        *EVERYWHERE,
    ),
    group="Model",
)

VERIFY = Command(
    "verify", "Check a model", "Check that a model file is whole, unaltered and safe to open.",
    "Recomputes every checksum and looks for anything that a model file must not hold.",
    (MODEL_POSITIONAL, *EVERYWHERE),
    group="Model",
)

DEMO_DATA = Command(
    "demo-data", "Demo landscape", "Generate a synthetic landscape with relevés and known truth.",
    "36 square kilometres at 1 m, red, green, blue and near infrared, with relevés, butterflies and soil groups. "
    "Everything in it is invented; the true suitability of every species is kept, so maps can be scored.",
    (
        _o("output", Kind.OUTPUT_FOLDER, "Folder to write.", required=True),
        _o("seed", Kind.INTEGER, "Another seed makes another landscape.", default=1, minimum=0, maximum=2**31 - 1),
        _o("plots", Kind.INTEGER, "Number of relevés.", default=1000, minimum=10, maximum=3000),
        _o("species", Kind.INTEGER, "Number of plant species.", default=60, minimum=5, maximum=500),
        *EVERYWHERE,
    ),
    group="Data", needs="train",
)

DEVICES = Command(
    "devices", "Devices", "List the devices that can compute, each tried and compared with the CPU.",
    "A device counts only when it ran a real tile and agreed with the CPU.",
    (
        _o("json", Kind.FLAG, "Print as JSON.", default=False),
        *EVERYWHERE,
    ),
    group="Set-up",
)

SETUP = Command(
    "setup", "Set up the environment", "Make, check or remove the Python environment that the worker runs in.",
    "QGIS's own Python is never touched: packages go into a private environment in the local application-data folder, "
    "from locked versions with checksums.",
    (
        _o("packages", Kind.CHOICE,
           "run: maps, points and clicks with a ready model (about 0.1 GB to fetch); train: also training and the demo "
           "landscape (with torch).",
           default="train", choices=("run", "train")),
        _o("torch", Kind.CHOICE,
           "Build of torch: cpu (0.2 GB) or cuda (3 GB, for NVIDIA cards). auto takes cuda where a driver is found.",
           default="auto", choices=("auto", "cpu", "cuda")),
        _o("wheels", Kind.FOLDER, "Folder of wheels to install from instead of the internet."),
        _o("index-url", Kind.TEXT, "Package index instead of PyPI.", advanced=True),
        _o("proxy", Kind.TEXT, "Proxy, for example http://proxy.example.org:8080. QGIS gives its own.", advanced=True),
        _o("python", Kind.TEXT, "Python that the environment is made from. Not given: a suitable one is looked for.",
           advanced=True),
        _o("check", Kind.FLAG, "Only say what is there and whether it is whole.", default=False),
        _o("remove", Kind.FLAG, "Remove the environment and all that came with it.", default=False),
        *EVERYWHERE,
    ),
    group="Set-up", needs="nothing",
)

ENCODERS = Command(
    "encoders", "Encoders", "List, fetch, import, export, check and remove encoders.",
    "An encoder turns the image patch around a plot into a vector. random-conv and colour-texture are built in; DOFA, "
    "DINOv3 and FLAIR are fetched, or imported from a file you have, under their own licences; any timm backbone or "
    "ONNX file can be added.",
    (
        _o("action", Kind.CHOICE,
           "list: all encoders and what is installed; show: one in full, with its licence; download: fetch its "
           "checkpoint; import: take a checkpoint, ONNX file or folder that you have; export: write its ONNX graph and "
           "measure what precision costs; verify: recompute digests; remove: delete what was fetched or made.",
           default="list", choices=("list", "show", "download", "import", "export", "verify", "remove"),
           positional=True),
        _o("encoder", Kind.TEXT, "Name of the encoder; for import, also a new name of your own.", positional=True),
        _o("file", Kind.FILE,
           "import: checkpoint (*.pth, *.ckpt, *.safetensors), ONNX file, or a folder that holds them."),
        _o("accept-licence", Kind.FLAG, "download, import: I have read the encoder's licence and accept it.",
           default=False),
        _o("licence-file", Kind.FILE, "import: file with the licence's text, to be kept beside the weights.",
           advanced=True),
        _o("sha256", Kind.TEXT,
           "download, import: SHA-256 that the file must have; needed to fetch what no record pins."),
        _o("url", Kind.TEXT, "download: address of the checkpoint instead of the record's.", advanced=True),
        _o("mirror", Kind.TEXT,
           "download: address in front of which the record's file name is put, instead of the publisher's.",
           advanced=True),
        _o("proxy", Kind.TEXT, "download: proxy, for example http://proxy.example.org:8080. QGIS gives its own.",
           advanced=True),
        _o("architecture", Kind.TEXT,
           "import under a new name: timm:NAME, onnx, or the name of an encoder that it is like (dofa-base ...). Not "
           "given: what the file looks like.",
           advanced=True),
        _o("record", Kind.FILE, "import or download under a new name: JSON file with the encoder's record.",
           advanced=True),
        _o("bands", Kind.LIST, "import, export: bands in the encoder's order, for example red,green,blue.",
           advanced=True),
        _o("mean", Kind.LIST, "import: mean of each band, in the units of --value-range.", advanced=True),
        _o("std", Kind.LIST, "import: standard deviation of each band, in the units of --value-range.",
           advanced=True),
        _o("value-range", Kind.LIST, "import: lowest and highest value of its training images, for example 0,255.",
           advanced=True),
        _o("gsd", Kind.LIST, "import: finest and coarsest pixel size of its training images, in metres.",
           advanced=True),
        _o("input-size", Kind.INTEGER, "import: side of its input in pixels.", minimum=8, maximum=4096, advanced=True),
        _o("input-name", Kind.TEXT, "import of ONNX: name of the input. Not given: the only one.", advanced=True),
        _o("output-name", Kind.TEXT,
           "import of ONNX: name of the output, or of a value on the way to it. Not given: the only one.",
           advanced=True),
        _o("licence", Kind.TEXT, "import under a new name: licence of the weights.", advanced=True),
        _o("citation", Kind.TEXT, "import under a new name: whom to cite.", advanced=True),
        *(dataclasses.replace(one, help=f"export: {one.help}") for one in (MODE, PRECISION, POOLING, STAGE)),
        _o("calibration", Kind.RASTER,
           "export: raster on whose tiles int8 is calibrated and precision is measured.", advanced=True),
        _o("output", Kind.OUTPUT_FILE, "export: ONNX file to write. Not given: it is kept with the encoder."),
        _o("json", Kind.FLAG, "Print as JSON.", default=False, advanced=True),
        *EVERYWHERE,
    ),
    group="Set-up", needs="nothing",
    needs_by_action={"import": "train", "export": "train"},
)

CACHE = Command(
    "cache", "Cache", "Show or clear what is kept so that work is not done twice.",
    "Image vectors of plots, finished windows of interrupted maps, and exported graphs of encoders. Clearing loses "
    "time, never results.",
    (
        _o("action", Kind.CHOICE, "show: what is kept and how large it is; clear: delete it.",
           default="show", choices=("show", "clear"), positional=True),
        _o("part", Kind.CHOICE, "What to clear.", default="all", choices=("all", "vectors", "windows", "graphs")),
        _o("json", Kind.FLAG, "Print as JSON.", default=False),
        *EVERYWHERE,
    ),
    group="Set-up", needs="nothing",
)

COMMANDS: Mapping[str, Command] = {
    command.name: command
    for command in (
        DEMO_DATA, TRAIN, EMBED, SUITABILITY, PREDICT, INFO, VERIFY, DEVICES, SETUP, ENCODERS, CACHE,
    )
}
