"""Options of everything that learns from relevés: ``train``, ``evaluate``, ``ablate``.

Standard library only, because QGIS imports it too.
"""

from __future__ import annotations

import dataclasses

from botaclip.core.options import Kind
from botaclip.core.shared_options import BANDS, ENVIRONMENT, MODE, POOLING, PRECISION, STAGE, option

READING = (
    option("releves", Kind.TABLE,
       "Relevés: a long table (one row per plot and species) or a matrix of plots and species; CSV, TSV, a "
       "spreadsheet, GeoPackage, Shapefile or anything OGR reads.", required=True),
    option("layout", Kind.CHOICE,
       "long: one row per plot and species; wide: one row per plot, one column per species; transposed: one row "
       "per species, one column per plot. auto looks at the columns and says what it took.",
       default="auto", choices=("auto", "long", "wide", "transposed"), advanced=True),
    option("encoding", Kind.TEXT,
       "Text encoding of the tables (text files and dBase). Not given: detected and shown.", advanced=True),
    option("decimal", Kind.CHOICE, "Decimal mark of the tables. auto detects it and says so.",
       default="auto", choices=("auto", "point", "comma"), advanced=True),
    option("plots", Kind.TABLE, "Table of plots with their coordinates; not needed when the relevés carry them."),
    option("crs", Kind.CRS, "CRS of the coordinates, for example EPSG:2154; needed where the file does not say it."),
    option("plot-field", Kind.FIELD, "Column with the plot's name.", default="plot_id", parent="releves"),
    option("species-field", Kind.FIELD, "Column with the species' name.", default="species", parent="releves"),
    option("cover-field", Kind.FIELD,
       "Column with the cover; not needed for presence data. Not given: 'cover' if there is one.",
       parent="releves"),
    option("layer-field", Kind.FIELD, "Column with the vegetation layer (tree, shrub, herb) of a row.",
       parent="releves", advanced=True),
    option("layers", Kind.CHOICE,
       "How several rows (layers) of one species in a plot are combined: independent, 1 - product(1 - cover), as "
       "layers that overlap at random; sum, capped at 100 %; or max.",
       default="independent", choices=("independent", "sum", "max"), advanced=True),
    option("names", Kind.CHOICE,
       "normalise strips authors, cf. and aff. from species names and writes ranks and hybrids one way, with a "
       "report; verbatim takes them as they stand.",
       default="normalise", choices=("normalise", "verbatim"), advanced=True),
    option("taxa", Kind.TABLE,
       "Table of accepted names: columns name and accepted. Synonyms are replaced, names not in it reported.",
       advanced=True),
    option("unidentified", Kind.CHOICE,
       "What to do with names such as 'Carex sp.', 'indet.', 'unknown' or a genus alone: leave-out (they are "
       "listed) or keep.",
       default="leave-out", choices=("leave-out", "keep"), advanced=True),
    option("x-field", Kind.FIELD, "Column with the easting or longitude; not needed for a point layer.",
       parent="plots"),
    option("y-field", Kind.FIELD, "Column with the northing or latitude; not needed for a point layer.",
       parent="plots"),
    option("crs-field", Kind.FIELD,
       "Column with the CRS of each plot's coordinates (32631 or EPSG:32631), where they lie in several.",
       parent="plots", advanced=True),
    option("date-field", Kind.FIELD, "Column with the date of the relevé.", parent="plots"),
    option("image-date", Kind.TEXT, "Date of the image: 2018, 2018-07 or 2018-07-15. Relevés far from it are flagged.",
       advanced=True),
    option("date-tolerance", Kind.NUMBER,
       "Relevés more years than this from the image's date are left out. Not given: those beyond 5 years are "
       "only counted.", unit="years", minimum=0.0, advanced=True),
    option("uncertainty-field", Kind.FIELD,
       "Column with the uncertainty of a plot's place, in metres; above half a patch the plot is left out.",
       parent="plots", advanced=True),
    option("area-field", Kind.FIELD,
       "Column with a plot's area, in square metres; a plot larger than the patch is flagged.",
       parent="plots", advanced=True),
    option("habitat-field", Kind.FIELD, "Column with the habitat of a plot, for the report and the scores.",
       parent="plots", advanced=True),
    option("site-field", Kind.FIELD,
       "Column with a plot's site; scores are also given within sites. Not given: plots more than 20 km apart lie "
       "on different sites.", parent="plots", advanced=True),
    option("cover-scale", Kind.CHOICE,
       "How cover is written. auto deduces it from the codes and says what it took; the two braun-blanquet "
       "conventions differ at class 4 (Turboveg 68 %, class mid-point 62.5 %); -old has no 2m, 2a, 2b.",
       default="auto",
       choices=("auto", "percent", "fraction", "presence", "braun-blanquet", "braun-blanquet-old",
                "braun-blanquet-midpoint", "ordinal", "londo")),
    option("data-type", Kind.CHOICE,
       "What an unlisted species means: absent (presence-absence, abundance) or unknown (presence-only). auto "
       "deduces it and says so.",
       default="auto", choices=("auto", "presence-absence", "presence-only", "abundance")),
)

IMAGE = (
    dataclasses.replace(BANDS, advanced=False),
    dataclasses.replace(
        ENVIRONMENT,
        help="Rasters that join the image as predictors (elevation, climate, soil), separated by ;.",
    ),
    option("patch-size", Kind.NUMBER, "Side of the square around a plot that the encoder sees.",
       default=100.0, unit="m", minimum=0.1, maximum=100_000.0),
    option("encoder", Kind.TEXT,
       "Frozen encoder that turns the image into vectors; a+b joins the vectors of two. 'botaclip encoders list' "
       "shows them all.", default="random-conv"),
    MODE, PRECISION, POOLING, STAGE,
    option("embed-encoder", Kind.CHOICE,
       "Whether the encoder goes into the model file, so that the file is all one needs: auto up to 128 MB, yes up "
       "to 512 MB, no. A model without it needs the same encoder installed where it is used.",
       default="auto", choices=("auto", "yes", "no"), advanced=True),
)

FOLDS = (
    option("splits", Kind.CHOICE,
       "How plots are held out: blocks (squares), hexagons, sites (whole sites), groups (--groups), loo (each plot by "
       "itself, without its neighbours within --buffer), stratified (random, keeping the share of presences; not "
       "spatial), random (not spatial). auto is groups where --groups is given, else blocks.",
       default="auto", choices=("auto", "blocks", "hexagons", "sites", "groups", "loo", "stratified", "random"),
       advanced=True),
    option("groups", Kind.FIELD, "Column of the plots whose values are kept together in one fold (site, transect); "
       "used instead of square blocks.", parent="plots", advanced=True),
    option("block-size", Kind.NUMBER,
       "Side of the spatial blocks. Not given, or 0: chosen from the extent so that each fold holds several blocks.",
       unit="m", minimum=0.0, advanced=True),
    option("buffer", Kind.NUMBER,
       "Training plots nearer than this to a test plot are left out. Not given: patch size plus receptive field, "
       "so that no patches overlap across folds.", unit="m", minimum=0.0, advanced=True),
    option("folds", Kind.INTEGER, "Number of spatial folds.", default=5, minimum=2, maximum=50, advanced=True),
)

TARGETS = (
    option("min-presences", Kind.INTEGER, "A species needs at least so many presences to be modelled.",
       default=20, minimum=2),
    option("species", Kind.LIST, "Species to model, separated by commas. Not given: all with enough presences."),
)

HEAD = (
    option("head", Kind.CHOICE,
       "Species model on the vectors: linear (ridge, calibrated; small and fast) or forest (random forest, as in "
       "the paper; the model file grows by up to 50 MB).",
       default="linear", choices=("linear", "forest"), advanced=True),
)

ALIGNMENT = (
    option("alignment", Kind.CHOICE,
       "How the image vectors are adapted to the relevés: botaclip (contrastive + geometry regulariser), contrastive, "
       "supervised (species head), joint (contrastive + species head + regulariser), canonical (reduced-rank "
       "regression of floristic axes), whitened (principal components), none, or auto (picks among them by inner "
       "spatial validation and says what).",
       default="auto",
       choices=("auto", "botaclip", "contrastive", "supervised", "joint", "canonical", "whitened", "none")),
    option("lambda", Kind.LIST,
       "Weights of the geometry-preserving term that are tried, as in 0.1,1; 1 is the paper's.", default="0.1",
       advanced=True),
    option("species-weight", Kind.LIST,
       "Weights of the species head beside the contrastive loss that are tried with --alignment joint, each with the "
       "--lambda nearest to 1.", default="0.3,1,3", advanced=True),
    option("regulariser", Kind.CHOICE,
       "Geometry-preserving term: sum (squared differences of cosines, off-diagonal sum divided by the batch size), "
       "mean (over all pairs) or neighbours (Kullback-Leibler divergence of softmax neighbourhoods).",
       default="sum", choices=("sum", "mean", "neighbours"), advanced=True),
    option("adapter", Kind.CHOICE,
       "Image adapter, started as the identity: linear; residual (linear with a small multilayer perceptron beside "
       "it); attention (among groups of dimensions).",
       default="linear", choices=("linear", "residual", "attention"), advanced=True),
    option("adapter-start", Kind.CHOICE,
       "Where the image adapter begins: identity (as in the paper), canonical (the closed form with 16 axes), or "
       "auto: canonical for joint, identity for all others.",
       default="auto", choices=("auto", "identity", "canonical"), advanced=True),
    option("releve-adapter", Kind.CHOICE,
       "Adapter of the relevé side: linear, or mlp (two layers; with 256 axes and 1,024 dimensions about 2.4 million "
       "parameters are trained altogether).",
       default="linear", choices=("linear", "mlp"), advanced=True),
    option("vegeta", Kind.CHOICE,
       "Encoder of species lists: pca or ca (ordination of the transformed table), masked (network that learns to fill "
       "in species left out), habitat (network that learns --habitat-field), joint (starts as pca, trained along).",
       default="pca", choices=("pca", "ca", "masked", "habitat", "joint"), advanced=True),
    option("vegeta-axes", Kind.INTEGER, "Width of what the encoder of species lists gives.", default=64, minimum=1,
       maximum=1024, advanced=True),
    option("transform", Kind.CHOICE,
       "What is done to cover before it is encoded: hellinger (square root of relative cover), presence, percent, "
       "sqrt, log1p, or ordinal (van der Maarel's 1 to 9).",
       default="hellinger", choices=("hellinger", "presence", "percent", "sqrt", "log1p", "ordinal"), advanced=True),
    option("extra-releves", Kind.TABLE,
       "Relevés without imagery, read like --releves, from which the encoder of species lists may learn too. Those "
       "that are, or lie near, a plot with imagery are left out.", advanced=True),
    option("loss", Kind.CHOICE,
       "Contrastive loss: sigmoid (every pair a yes-or-no question) or infonce (softmax over the batch).",
       default="sigmoid", choices=("sigmoid", "infonce"), advanced=True),
    option("positives", Kind.LIST,
       "Which relevés count as an image's own beside its own one: site (of the same site), near (within "
       "--positive-distance), alike (Bray-Curtis similarity from --positive-similarity).", advanced=True),
    option("positive-distance", Kind.NUMBER, "For --positives near.", default=100.0, unit="m", minimum=0.0,
       advanced=True),
    option("positive-similarity", Kind.NUMBER, "For --positives alike.", default=0.8, minimum=0.0, maximum=1.0,
       advanced=True),
    option("targets", Kind.CHOICE,
       "What an image and another plot's relevé should be: own (not together), floristic (together as far as the two "
       "relevés are alike, Bray-Curtis), gram (cosines of images equal floristic similarity).",
       default="own", choices=("own", "floristic", "gram"), advanced=True),
    option("unknown-ring", Kind.NUMBER,
       "Pairs of plots nearer than this, not each other's own, are not asked about.", default=0.0, unit="m",
       minimum=0.0, advanced=True),
    option("temperature", Kind.NUMBER, "Start of the contrastive loss's temperature t; learnt.", default=10.0,
       minimum=0.01, maximum=1000.0, advanced=True),
    option("bias", Kind.NUMBER,
       "Start of the sigmoid loss's bias; learnt. -10 is the published one, -2.71 has been used for small batches.",
       default=-10.0, minimum=-100.0, maximum=100.0, advanced=True),
    option("batch", Kind.INTEGER, "Plots in a batch.", default=256, minimum=2, maximum=65536, advanced=True),
    option("learning-rate", Kind.NUMBER, "Of the image adapter. Not given: what trials found for each alignment.",
       minimum=1e-7, maximum=1.0, advanced=True),
    option("weight-decay", Kind.NUMBER, "Of matrices; biases, norms, t and b are never decayed.", default=0.01,
       minimum=0.0, maximum=10.0, advanced=True),
    option("schedule", Kind.CHOICE,
       "Learning rate over the steps: constant, or cosine after a warm-up of a tenth of the steps.",
       default="constant", choices=("constant", "cosine"), advanced=True),
    option("stopping", Kind.CHOICE,
       "By what the number of steps is chosen, always on plots of inner spatial folds: head (error of the species "
       "head) or retrieval (mean reciprocal rank of each image's own relevé in the whole held-out gallery).",
       default="head", choices=("head", "retrieval"), advanced=True),
    option("choose-by", Kind.CHOICE,
       "By what inner validation chooses alignment, steps and penalty: error (squared error over that of the "
       "prevalence) or ranking (order of plots, a species counting by how much it can tell; worth a try with many rare "
       "species).", default="error", choices=("error", "ranking"), advanced=True),
    option("augmentation", Kind.LIST,
       "Views of each patch that the adapter may see in training, encoded once: dihedral (turned and mirrored), crop, "
       "colour; none.", default="none", advanced=True),
    option("views", Kind.INTEGER, "Number of views of each patch with --augmentation.", default=4, minimum=1,
       maximum=32, advanced=True),
    option("search", Kind.INTEGER,
       "Trials of a search (Optuna) for learning rate, decay, temperature, bias, lambda and axes, by inner validation "
       "inside every outer fold, as many for each trained alignment; 0 for none. Each costs about as much as all usual "
       "trials of one alignment.",
       default=0, minimum=0, maximum=1000, advanced=True),
    option("epochs", Kind.INTEGER,
       "Most passes over the plots while adapting. Not given: as many as inner validation finds useful.",
       minimum=0, maximum=10_000, advanced=True),
)

KEPT = (
    option("checkpoint", Kind.OUTPUT_FOLDER,
       "Folder in which finished folds and the state of unfinished fits are kept; the same command with the same "
       "folder goes on where it was stopped, to the same result.", advanced=True),
)

LOCATIONS = (
    option("plot-locations", Kind.TEXT,
       "Whether the model file holds the plots' places: exact, coarse:M (rounded to M metres) or none.",
       default="exact", advanced=True),
)
