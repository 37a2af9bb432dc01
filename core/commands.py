"""The one table of options: command line, Processing algorithms, dialogs and docs are all made from it.

Standard library only, because QGIS imports it too.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from botaclip.core.options import Command, Kind
from botaclip.core.shared_options import (
    BANDS,
    COG,
    EACH,
    ENVIRONMENT,
    EVERYWHERE,
    EXTENT,
    IMAGE_DATE_OF_MAP,
    MASK,
    MODE,
    MODE_OF_MODEL,
    MODEL,
    MODEL_POSITIONAL,
    OUTPUT_MAP,
    POOLING,
    PRECISION,
    RASTER,
    SPECIES,
    STAGE,
    STRIDE,
    option,
)  # fmt: skip
from botaclip.core.training_options import ALIGNMENT, FOLDS, HEAD, IMAGE, KEPT, LOCATIONS, READING, TARGETS

TRAIN = Command(
    "train", "Train a model", "Learn from a raster and a table of relevés which species to expect where.",
    "Pairs every relevé with the image patch around it, aligns both with BotaCLIP's adapters where that helps, fits "
    "species heads, judges everything by spatial block cross-validation beside the baselines that could explain it "
    "away, and writes one model file.",
    (
        RASTER, *READING, *IMAGE, *FOLDS, *TARGETS, *HEAD, *ALIGNMENT, *LOCATIONS, *KEPT,
        option("init", Kind.MODEL,
           "Model to continue from: its adapter is where the new one starts. Plots that it has seen are not scored.",
           advanced=True),
        option("card", Kind.FILE,
               "Model card: a text file to keep in the model, what it is good for and where it must not be trusted.",
               advanced=True),
        option("licence", Kind.TEXT, "Licence of the model, to be kept in it. Not given: as its author decides.",
               advanced=True),
        option("output", Kind.OUTPUT_MODEL, "Model file to write (*.botaclip).", required=True),
        option("report", Kind.OUTPUT_HTML, "Report to write (HTML, one file)."),
        option("metrics", Kind.OUTPUT_JSON, "Scores to write (JSON)."),
        option("predictions", Kind.OUTPUT_VECTOR,
           "Plots to write (GeoPackage or CSV), each with what the models that never saw it predict."),
        *EVERYWHERE,
    ),
    group="Model", needs="train",
)

PREVIEW = Command(
    "preview", "Look at the data", "See which plots can be used, how they are held out, and what training will cost.",
    "Reads raster and relevés as training does, pairs every plot with its patch, makes the folds and times a few "
    "steps; nothing is trained. The patches' vectors are kept, so that training need not look at them again.",
    (
        RASTER, *READING, *IMAGE, *FOLDS, *TARGETS, *HEAD, *ALIGNMENT,
        option("output", Kind.OUTPUT_VECTOR,
               "Plots to write (GeoPackage or CSV): usable or not and why, their fold, their number of species.",
               required=True),
        option("blocks", Kind.OUTPUT_VECTOR, "Blocks to write (GeoPackage): what is held out together.",
               advanced=True),
        *EVERYWHERE,
    ),
    group="Data", needs="train",
)

EVALUATE = Command(
    "evaluate", "Evaluate", "Judge alignment as a reviewer would: every column beside the baselines.",
    "Without a model: spatial cross-validation of every column of the comparison, for the plants of the relevés and "
    "for tasks of your own (another taxon, abundances), with paired tests. With a model: that model, on plots it has "
    "never seen.",
    (
        RASTER, *READING, *IMAGE,
        dataclasses.replace(MODEL, required=False, help="Finished model to validate on plots that it has never seen."),
        option("protocol", Kind.CHOICE,
               "strict: adapter, head and threshold inside each outer spatial fold (default). paper: each plot is "
               "embedded by an adapter that did not see its spatial fold, then repeated stratified cross-validation on "
               "these vectors. Not with a model.", choices=("strict", "paper")),
        option("only-unseen", Kind.FLAG,
               "With a model: leave out plots that it may have seen and score the others. Not given: a table that "
               "holds such plots is refused.", default=False, advanced=True),
        option("task", Kind.TABLES,
               "Tables of other things to predict, joined by plot name: one row per plot and target; several are "
               "separated by ;."),
        option("task-kind", Kind.LIST,
               "What the task tables hold, one word for each or one for all: presence (what is not listed is absent), "
               "presence-only (what is not listed is unknown), abundance (numbers), or auto (looks at the values and "
               "says what it took).", default="auto"),
        option("task-plot-field", Kind.TEXT, "Column of the task tables with the plot's name.", default="plot_id",
               advanced=True),
        option("task-target-field", Kind.TEXT, "Column of the task tables with the target (species, group).",
               default="target", advanced=True),
        option("task-value-field", Kind.TEXT, "Column of the task tables with the value (1, 0, abundance). Not given: "
               "'value' if there is one, else every row is a presence.", advanced=True),
        option("downstream", Kind.LIST,
               "Models on the vectors: forest (the paper's), linear (ridge or logistic), boosting.",
               default="forest", advanced=True),
        option("pseudo-absences", Kind.CHOICE,
               "For presence-only tasks: random, disk (a distance from presences), sre (outside the envelope of "
               "presences in the environment layers, or without any in the first 4 principal axes of the frozen "
               "vectors) or target-group (plots with other targets only).",
               default="random", choices=("random", "disk", "sre", "target-group"), advanced=True),
        option("pseudo-distance-min", Kind.NUMBER,
               "With disk: smallest distance of a pseudo-absence from the nearest presence. Not given: the buffer.",
               unit="m", minimum=0.0, advanced=True),
        option("pseudo-distance-max", Kind.NUMBER,
               "With disk: largest distance of a pseudo-absence from the nearest presence. Not given: any.", unit="m",
               minimum=0.0, advanced=True),
        option("pseudo-ratio", Kind.NUMBER,
               "Pseudo-absences per presence; never fewer than 30, where there are as many plots to draw from.",
               default=3.0, minimum=0.01, maximum=1000.0, advanced=True),
        option("repeats", Kind.INTEGER, "Repeats of the cross-validation, each with other folds.", default=1,
               minimum=1, maximum=100, advanced=True),
        *FOLDS, *TARGETS, *HEAD, *ALIGNMENT, *KEPT, *LOCATIONS,
        option("metrics", Kind.OUTPUT_JSON, "Scores to write (JSON)."),
        option("table", Kind.OUTPUT_TABLE, "Scores of every target, column and task to write (CSV)."),
        *EVERYWHERE,
    ),
    group="Model", needs="train",
)

ABLATE = Command(
    "ablate", "Ablation", "What does each choice of the method cost or bring? One table.",
    "Repeats the strict evaluation of one alignment with one choice changed at a time, on the same folds, and gives "
    "the paired difference to the unchanged one. With --alignment auto that is botaclip.",
    (
        RASTER, *READING, *IMAGE,
        option("factors", Kind.LIST,
               "What to vary: lambda, regulariser, temperature, adapter, transform, whitening, augmentation, size "
               "(learning curve), encoder, vegeta, loss, targets, positives, bias, schedule, adapter-start, "
               "species-weight.",
               default="lambda,regulariser,temperature,adapter,transform,whitening,size,vegeta,loss,targets"),
        option("encoders", Kind.LIST, "Encoders compared by the factor encoder.", default="random-conv,colour-texture",
               advanced=True),
        option("repeats", Kind.INTEGER, "Repeats, each with other folds.", default=1, minimum=1, maximum=100,
               advanced=True),
        *FOLDS, *TARGETS, *HEAD, *ALIGNMENT, *KEPT,
        option("output", Kind.OUTPUT_TABLE, "Table to write (CSV).", required=True),
        option("metrics", Kind.OUTPUT_JSON, "The same with all targets (JSON)."),
        *EVERYWHERE,
    ),
    group="Model", needs="train",
)

# Which part of which image a map is of, and how it is read.
_MAP = (EXTENT, MASK, STRIDE, BANDS, ENVIRONMENT, MODE_OF_MODEL, IMAGE_DATE_OF_MAP, COG)

EMBED = Command(
    "embed", "Embedding raster", "Map the adapted image vectors of a model over a raster.",
    "Every cell holds the vector of the patch around it, in the model's space: as principal components (fitted on "
    "the training plots) or as the full unit vector.",
    (
        RASTER, MODEL, *_MAP, EACH,
        option("dimensions", Kind.TEXT, "Number of principal components to keep, or all for the full unit vectors.",
           default="64"),
        option("quantise", Kind.CHOICE, "none keeps float32; uint8 stores value = scale * q + offset, 0 = nodata.",
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
        RASTER, MODEL, SPECIES, *_MAP, EACH,
        option("ensemble", Kind.MODELS,
               "Further models, separated by ;, such as other seeds of the same training: the map holds the mean "
               "over all of them, and behind it, band by band, how far they are apart (standard deviation).",
               advanced=True),
        option("top", Kind.INTEGER,
               "Only so many species of highest suitability: bands with their numbers (the tags name them), then their "
               "suitabilities. For floras of thousands of species.", minimum=1, maximum=100, advanced=True),
        option("applicability", Kind.FLAG,
               "Add the three bands of aoa behind the species: where the map may be believed.", default=False),
        OUTPUT_MAP,
        *EVERYWHERE,
    ),
    group="Maps",
)

AOA = Command(
    "aoa", "Area of applicability", "Map where a model may be believed: how far places are from its training plots.",
    "Three bands: the dissimilarity index (0 on a training plot), 1 inside the area of applicability and 0 outside, "
    "and how many training plots are like the place. Inside, the model's validation speaks for the map; outside, "
    "nothing does.",
    (RASTER, MODEL, *_MAP, EACH, OUTPUT_MAP, *EVERYWHERE),
    group="Maps",
)

SIMILARITY = Command(
    "similarity", "Places like this", "Map how like every place is to a list of species, a training plot or a place.",
    "Straight from the alignment of images and relevés, without any presence of these species: the cosine of each "
    "patch with what is asked for, and the share of training plots that are less alike, which is what the map shows.",
    (
        RASTER, MODEL,
        option("species-list", Kind.TEXT,
               "Species to look for, with their cover where it is known: Carex nigra 40, Molinia caerulea."),
        option("plot", Kind.TEXT, "Or the name of a training plot of the model."),
        option("place", Kind.TEXT, "Or a place on the raster: x,y, with [EPSG:code] behind it when not in its CRS."),
        *_MAP, EACH, OUTPUT_MAP, *EVERYWHERE,
    ),
    group="Maps",
)

CHANGE = Command(
    "change", "Change", "Map what has changed between two dates of imagery, beyond what light and season explain.",
    "One model looks at both dates on one lattice. For the vectors (cosine distance) and for each species (difference "
    "of suitability, later less earlier) two bands: how far the dates differ, and -1, 0 or 1 where that is beyond "
    "noise. The noise is measured on places taken to be stable: polygons that you name, or the middle half of all.",
    (
        option("raster", Kind.RASTER, "The later imagery.", required=True),
        option("earlier", Kind.RASTER, "The earlier imagery: the same scenes with the same bands.", required=True),
        MODEL, SPECIES, *_MAP,
        option("stable", Kind.MASK, "Polygons where nothing has changed. Not given: at least half of the land is taken "
               "to be stable."),
        OUTPUT_MAP, *EVERYWHERE,
    ),
    group="Maps",
)

RICHNESS = Command(
    "richness", "Richness", "Map how many of a model's species to expect, with an interval, and their diversity.",
    "Five bands: the sum of calibrated suitabilities; the interval that is to hold 90 % of such plots, low and high; "
    "Shannon's index and the local contribution to beta diversity (1: as unusual as a training plot is on average) "
    "of the expected list, not of covers.",
    (RASTER, MODEL, *_MAP, EACH, OUTPUT_MAP, *EVERYWHERE),
    group="Maps",
)

CLUSTERS = Command(
    "clusters", "Classes of places", "Map classes of places that look alike to a model, with their indicator species.",
    "The classes are those of the model's training plots (k-means of unit vectors), the same on every raster. With "
    "relevés on the image, a table of the species that tell each class: indicator value, specificity, fidelity, phi "
    "and the p of permuted classes.",
    (
        RASTER, MODEL,
        option("clusters", Kind.INTEGER, "Number of classes.", default=8, minimum=2, maximum=250),
        *(dataclasses.replace(each, required=False, advanced=each.name != "releves") for each in READING
          if each.name not in {other.name for other in _MAP}),
        *_MAP, EACH, OUTPUT_MAP,
        option("indicators", Kind.OUTPUT_TABLE, "Table of indicator species to write (CSV); needs relevés."),
        *EVERYWHERE,
    ),
    group="Maps", needs="train",
)

THRESHOLD = Command(
    "threshold", "Presence by threshold", "Cut a suitability map at each species' threshold, by a named rule.",
    "A band for each species, 1 where it is expected and 0 where not. Nothing is computed again: the thresholds "
    "stand in the map.",
    (
        option("raster", Kind.RASTER, "Suitability map that suitability has made.", required=True),
        option("rule", Kind.CHOICE,
               "expected: above the suitability of the training prevalence, as at a click; list: on the list that "
               "holds the model's share (90 %) of what grows at a place; value: one suitability for all species.",
               default="expected", choices=("expected", "list", "value")),
        option("value", Kind.NUMBER, "Suitability, with --rule value.", minimum=0.0, maximum=1.0),
        option("output", Kind.OUTPUT_RASTER, "GeoTIFF to write.", required=True),
        *EVERYWHERE,
    ),
    group="Maps",
)

LISTS = Command(
    "lists", "Species lists of areas", "List the species to expect in each polygon, from a suitability map.",
    "A row for each area and species that reaches its threshold in enough of its pixels: in how many, and how suitable "
    "the area is. Nothing is computed again: the thresholds stand in the map. That a list holds its share of what "
    "grows there is promised for plots, not for areas.",
    (
        option("raster", Kind.RASTER, "Suitability map that suitability has made.", required=True),
        option("areas", Kind.MASK, "Polygon layer, in any CRS.", required=True),
        option("area-field", Kind.FIELD, "Column with the name of each area. Not given: they are numbered.",
               parent="areas"),
        option("rule", Kind.CHOICE,
               "list: on the list that holds the model's share (90 %) of what grows at a place; expected: above the "
               "suitability of the training prevalence, as at a click.",
               default="list", choices=("list", "expected")),
        option("share", Kind.NUMBER,
               "A species counts where it reaches its threshold in at least this share of an area's pixels; 0: in one.",
               default=0.25, minimum=0.0, maximum=1.0),
        option("output", Kind.OUTPUT_TABLE, "Table to write (CSV).", required=True),
        *EVERYWHERE,
    ),
    group="Maps",
)

PREDICT = Command(
    "predict", "Species at points", "Predict the species to expect at points.",
    "Writes a point layer with the suitability of each species, or the reason why there is none.",
    (
        RASTER, MODEL,
        option("points", Kind.POINTS, "Point layer, or a table with columns x and y.", required=True),
        option("crs", Kind.CRS, "CRS of the points where the file does not say it."),
        option("x-field", Kind.FIELD, "Column with the easting or longitude; not needed for a point layer.",
           parent="points", advanced=True),
        option("y-field", Kind.FIELD, "Column with the northing or latitude; not needed for a point layer.",
           parent="points", advanced=True),
        option("crs-field", Kind.FIELD, "Column with the CRS of each point's coordinates, where they lie in several.",
           parent="points", advanced=True),
        SPECIES, BANDS, ENVIRONMENT, MODE_OF_MODEL,
        option("output", Kind.OUTPUT_VECTOR, "GeoPackage or CSV to write.", required=True),
        *EVERYWHERE,
    ),
    group="Maps",
)

REPORT = Command(
    "report", "Report", "Write the report of a training, its scores as a table, and its ODMAP protocol.",
    "From the scores that train has written, without training again. Of the 84 elements of ODMAP what the software "
    "knows is filled in; the rest says that it is the author's to write.",
    (
        option("metrics", Kind.FILE, "Scores that train has written (JSON).", required=True),
        option("output", Kind.OUTPUT_HTML, "Report to write (HTML, one file).", required=True),
        option("table", Kind.OUTPUT_TABLE, "Table of the scores of every species to write (CSV)."),
        option("odmap", Kind.OUTPUT_TABLE, "ODMAP protocol to write (CSV)."),
        option("aoa", Kind.RASTER, "Map of the area of applicability that aoa has made, to be shown in the report."),
        *EVERYWHERE,
    ),
    group="Model", needs="train",
)

INFO = Command(
    "info", "About a model", "Show what a model file holds and what it is good for.",
    "Species, scores, bands, patch, encoder, training extent, licence and how to cite.",
    (
        MODEL_POSITIONAL,
        option("output", Kind.OUTPUT_JSON, "Where to write it as JSON; not given: it is printed."),
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
        option("output", Kind.OUTPUT_FOLDER, "Folder to write.", required=True),
        option("seed", Kind.INTEGER, "Another seed makes another landscape.", default=1, minimum=0, maximum=2**31 - 1),
        option("plots", Kind.INTEGER, "Number of relevés.", default=1000, minimum=10, maximum=3000),
        option("species", Kind.INTEGER, "Number of plant species.", default=60, minimum=5, maximum=500),
        *EVERYWHERE,
    ),
    group="Data", needs="train",
)

SAMPLE = Command(
    "sample", "Sample project", "Copy the sample project, ready to map and to click, into a folder.",
    "Four square kilometres of an invented landscape at 2 m, its relevés, and a model trained from them. Nothing in it "
    "is real. It comes along with the plugin, so nothing is generated and nothing is fetched.",
    (
        option("output", Kind.OUTPUT_FOLDER, "Folder to write.", required=True),
        *EVERYWHERE,
    ),
    group="Data", needs="nothing",
)

DEVICES = Command(
    "devices", "Devices", "List the devices that can compute, each tried, timed and compared with the CPU.",
    "A device counts only when it ran a real tile and agreed with the CPU. With a raster, it is also estimated how "
    "long a suitability map of all of it takes on each device.",
    (
        dataclasses.replace(
            MODEL, required=False,
            help="Model whose encoder is tried, one *.botaclip file. Not given: the one that comes along.",
        ),
        dataclasses.replace(
            RASTER, required=False,
            help="Image of which a tile is looked at and a map estimated. Not given: a tile of noise.",
        ),
        BANDS, ENVIRONMENT,
        option("json", Kind.FLAG, "Print as JSON.", default=False),
        *EVERYWHERE,
    ),
    group="Set-up",
)

SETUP = Command(
    "setup", "Set up the environment", "Make, check or remove the Python environment that the worker runs in.",
    "QGIS's own Python is never touched: packages go into a private environment in the local application-data folder, "
    "from locked versions with checksums.",
    (
        option("packages", Kind.CHOICE,
           "run: maps, points and clicks with a ready model (about 0.1 GB to fetch); train: also training and the demo "
           "landscape (with torch).",
           default="train", choices=("run", "train")),
        option("torch", Kind.CHOICE,
           "Build of torch: cpu (0.2 GB) or cuda (3 GB, for NVIDIA cards). auto takes cuda where a driver is found.",
           default="auto", choices=("auto", "cpu", "cuda")),
        option("wheels", Kind.FOLDER, "Folder of wheels to install from instead of the internet."),
        option("index-url", Kind.TEXT, "Package index instead of PyPI.", advanced=True),
        option("proxy", Kind.TEXT, "Proxy, for example http://proxy.example.org:8080. QGIS gives its own.",
           advanced=True),
        option("python", Kind.TEXT,
           "Python that the environment is made from. Not given: a suitable one is looked for.", advanced=True),
        option("check", Kind.FLAG, "Only say what is there and whether it is whole.", default=False),
        option("remove", Kind.FLAG, "Remove the environment and all that came with it.", default=False),
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
        option("action", Kind.CHOICE,
           "list: all encoders and what is installed; show: one in full, with its licence; download: fetch its "
           "checkpoint; import: take a checkpoint, ONNX file or folder that you have; export: write its ONNX graph and "
           "measure what precision costs; verify: recompute digests; remove: delete what was fetched or made.",
           default="list", choices=("list", "show", "download", "import", "export", "verify", "remove"),
           positional=True),
        option("encoder", Kind.TEXT, "Name of the encoder; for import, also a new name of your own.", positional=True),
        option("file", Kind.FILE,
           "import: checkpoint (*.pth, *.ckpt, *.safetensors), ONNX file, or a folder that holds them."),
        option("accept-licence", Kind.FLAG, "download, import: I have read the encoder's licence and accept it.",
           default=False),
        option("licence-file", Kind.FILE, "import: file with the licence's text, to be kept beside the weights.",
           advanced=True),
        option("sha256", Kind.TEXT,
           "download, import: SHA-256 that the file must have; needed to fetch what no record pins."),
        option("url", Kind.TEXT, "download: address of the checkpoint instead of the record's.", advanced=True),
        option("mirror", Kind.TEXT,
           "download: address in front of which the record's file name is put, instead of the publisher's.",
           advanced=True),
        option("proxy", Kind.TEXT, "download: proxy, for example http://proxy.example.org:8080. QGIS gives its own.",
           advanced=True),
        option("architecture", Kind.TEXT,
           "import under a new name: timm:NAME, onnx, or the name of an encoder that it is like (dofa-base ...). Not "
           "given: what the file looks like.",
           advanced=True),
        option("record", Kind.FILE, "import or download under a new name: JSON file with the encoder's record.",
           advanced=True),
        option("bands", Kind.LIST, "import, export: bands in the encoder's order, for example red,green,blue.",
           advanced=True),
        option("mean", Kind.LIST, "import: mean of each band, in the units of --value-range.", advanced=True),
        option("std", Kind.LIST, "import: standard deviation of each band, in the units of --value-range.",
           advanced=True),
        option("value-range", Kind.LIST, "import: lowest and highest value of its training images, for example 0,255.",
           advanced=True),
        option("gsd", Kind.LIST, "import: finest and coarsest pixel size of its training images, in metres.",
           advanced=True),
        option("input-size", Kind.INTEGER, "import: side of its input in pixels.", minimum=8, maximum=4096,
           advanced=True),
        option("input-name", Kind.TEXT, "import of ONNX: name of the input. Not given: the only one.", advanced=True),
        option("output-name", Kind.TEXT,
           "import of ONNX: name of the output, or of a value on the way to it. Not given: the only one.",
           advanced=True),
        option("licence", Kind.TEXT, "import under a new name: licence of the weights.", advanced=True),
        option("citation", Kind.TEXT, "import under a new name: whom to cite.", advanced=True),
        *(dataclasses.replace(one, help=f"export: {one.help}") for one in (MODE, PRECISION, POOLING, STAGE)),
        option("calibration", Kind.RASTER,
           "export: raster on whose tiles int8 is calibrated and precision is measured.", advanced=True),
        option("output", Kind.OUTPUT_FILE, "export: ONNX file to write. Not given: it is kept with the encoder."),
        option("json", Kind.FLAG, "Print as JSON.", default=False, advanced=True),
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
        option("action", Kind.CHOICE, "show: what is kept and how large it is; clear: delete it.",
           default="show", choices=("show", "clear"), positional=True),
        option("part", Kind.CHOICE, "What to clear.", default="all", choices=("all", "vectors", "windows", "graphs")),
        option("json", Kind.FLAG, "Print as JSON.", default=False),
        *EVERYWHERE,
    ),
    group="Set-up", needs="nothing",
)

DIAGNOSTICS = Command(
    "diagnostics", "Diagnostics report", "Write down what a bug report needs: versions, devices, folders, last error.",
    "A text to copy. It works without an environment and with a broken one. It holds no password, no name of a user, "
    "and no paths but those of the plugin, its environments, its cache and its encoders.",
    (
        option("output", Kind.OUTPUT_FILE, "Text file to write (Markdown). Not given: it is only shown."),
        *EVERYWHERE,
    ),
    group="Set-up", needs="nothing",
)

COMMANDS: Mapping[str, Command] = {
    command.name: command
    for command in (
        DEMO_DATA, PREVIEW, TRAIN, EVALUATE, ABLATE, EMBED, SUITABILITY, AOA, SIMILARITY, CHANGE, RICHNESS, CLUSTERS,
        DEMO_DATA, SAMPLE, TRAIN, EVALUATE, ABLATE, EMBED, SUITABILITY, AOA, SIMILARITY, CHANGE, RICHNESS, CLUSTERS,
        THRESHOLD, LISTS, PREDICT, REPORT, INFO, VERIFY, DEVICES, SETUP, ENCODERS, CACHE,
        DIAGNOSTICS,
    )
}
