"""The one table of options: command line, Processing algorithms, dialogs and docs are all made from it.

Standard library only, because QGIS imports it too. An option's ``name`` is the command line's (``--cover-field``);
Processing uses the same words in upper case with underscores (``COVER_FIELD``), Python and JSON in lower case
(``cover_field``).
"""

from __future__ import annotations

import dataclasses
import enum
import re
import shlex
from collections.abc import Mapping
from typing import Any

from botaclip.core.errors import OptionError

# "1,000" may mean a thousand or one: neither is guessed.
_THOUSANDS = re.compile(r"[+-]?\d{1,3}(,\d{3})+")


class Kind(enum.Enum):
    """What an option holds; decides its Processing parameter type and how text becomes a value."""

    RASTER = "raster"  # a GDAL raster file, VRT, or folder of tiles
    TABLE = "table"  # a CSV, GeoPackage... or any vector layer/table in QGIS
    POINTS = "points"  # a point layer or table
    MASK = "mask"  # a polygon layer
    MODEL = "model"  # a *.botaclip file
    FIELD = "field"  # a column of the table named in ``parent``
    CRS = "crs"
    EXTENT = "extent"  # xmin,xmax,ymin,ymax [EPSG:code], QGIS's order
    TEXT = "text"
    LIST = "list"  # comma-separated words
    INTEGER = "integer"
    NUMBER = "number"
    CHOICE = "choice"
    FLAG = "flag"
    OUTPUT_FOLDER = "output folder"
    OUTPUT_RASTER = "output raster"
    OUTPUT_VECTOR = "output vector"
    OUTPUT_MODEL = "output model"
    OUTPUT_HTML = "output html"
    OUTPUT_JSON = "output json"


OUTPUT_KINDS = frozenset(kind for kind in Kind if kind.value.startswith("output"))
FILE_KINDS = OUTPUT_KINDS | {Kind.RASTER, Kind.TABLE, Kind.POINTS, Kind.MASK, Kind.MODEL}


@dataclasses.dataclass(frozen=True)
class Option:
    """One option of one or several commands.

    Parameters
    ----------
    name
        The command-line name without the leading hyphens.
    kind
        See :class:`Kind`.
    help
        One or two sentences, shown by every face.
    default
        The value when nothing is given; None means "not given".
    required
        Whether a run without it is an error.
    unit
        Unit of a number (``"m"``, ``"px"``); shown, never parsed.
    choices
        The closed set of a ``CHOICE``.
    minimum, maximum
        Closed bounds of a number.
    parent
        For ``FIELD``: the name of the table option it is a column of.
    advanced
        Folded away in dialogs.
    positional
        Whether the command line takes it without a name.
    """

    name: str
    kind: Kind
    help: str
    default: Any = None
    required: bool = False
    unit: str = ""
    choices: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    parent: str = ""
    advanced: bool = False
    positional: bool = False

    @property
    def key(self) -> str:
        """Name in Python and JSON."""
        return self.name.replace("-", "_")

    @property
    def parameter(self) -> str:
        """Name of the Processing parameter."""
        return self.key.upper()

    @property
    def flag(self) -> str:
        """Name on the command line."""
        return self.name.upper() if self.positional else f"--{self.name}"

    @property
    def help_with_default(self) -> str:
        """Help, unit, choices and default in one text."""
        parts = [self.help]
        if self.unit:
            parts.append(f"Unit: {self.unit}.")
        if self.default not in (None, "", False):
            parts.append(f"Default: {self.default}.")
        return " ".join(parts)

    def parse(self, value: Any) -> Any:
        """Return ``value`` (text or already typed) as this option's type.

        Raises
        ------
        OptionError
            The value is not of this kind, outside its bounds or not one of its choices.
        """
        if value is None or (isinstance(value, str) and value.strip() == ""):
            return self.default
        if self.kind is Kind.FLAG:
            return self._flag(value)
        if self.kind in (Kind.INTEGER, Kind.NUMBER):
            return self._number(value)
        if self.kind is Kind.CHOICE:
            text = str(value).strip().lower()
            if text not in self.choices:
                raise self._wrong(value, f"use one of {', '.join(self.choices)}")
            return text
        if self.kind is Kind.LIST and not isinstance(value, str):
            return ",".join(str(item) for item in value)
        return str(value)

    def _flag(self, value: Any) -> bool:
        if isinstance(value, bool):
            return value
        text = str(value).strip().lower()
        if text in ("1", "true", "yes", "on"):
            return True
        if text in ("0", "false", "no", "off"):
            return False
        raise self._wrong(value, "use true or false")

    def _number(self, value: Any) -> int | float:
        if _THOUSANDS.fullmatch(str(value).strip()):
            raise self._wrong(value, "write numbers without a thousands separator")
        try:
            number: int | float = float(str(value).replace(",", "."))
            if self.kind is Kind.INTEGER:
                # QGIS hands whole numbers over as 5.0; text is read as it stands, so that no digit is lost.
                number = int(value) if isinstance(value, float) and value.is_integer() else int(str(value))
        except ValueError:
            raise self._wrong(
                value, "use a whole number" if self.kind is Kind.INTEGER else "use a number"
            ) from None
        if number != number or number in (float("inf"), float("-inf")):
            raise self._wrong(value, "use a finite number")
        if (self.minimum is not None and number < self.minimum) or (
            self.maximum is not None and number > self.maximum
        ):
            low = "" if self.minimum is None else f"from {self.minimum:g}"
            high = "" if self.maximum is None else f"up to {self.maximum:g}"
            raise self._wrong(value, f"use a number {low} {high}".strip())
        return number

    def _wrong(self, value: Any, remedy: str) -> OptionError:
        return OptionError(f"--{self.name} cannot be {value!r}", remedy=remedy)


@dataclasses.dataclass(frozen=True)
class Command:
    """One capability: a CLI command and a Processing algorithm."""

    name: str
    title: str
    summary: str
    help: str
    options: tuple[Option, ...]
    group: str = ""
    # Which part of the environment it needs: "run" (no torch, no scikit-learn) or "train".
    needs: str = "run"

    @property
    def algorithm(self) -> str:
        """Name of the Processing algorithm."""
        return self.name.replace("-", "")

    def option(self, name: str) -> Option:
        """Return the option of that command-line name."""
        for option in self.options:
            if option.name == name:
                return option
        raise OptionError(f"{self.name} has no option --{name}")


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
    "raster", Kind.RASTER, "Image to look at: a GeoTIFF, a VRT, or a folder of tiles in one CRS (uint8 or uint16).",
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
SPECIES = _o("species", Kind.LIST, "Species to map, separated by commas. Not given: all species of the model.")

TRAIN = Command(
    "train", "Train a model", "Learn from a raster and a table of relevés which species to expect where.",
    "Pairs every relevé with the image patch around it, aligns both with BotaCLIP's adapters where that helps, fits "
    "species heads, judges everything by spatial block cross-validation beside the baselines that could explain it "
    "away, and writes one model file.",
    (
        RASTER,
        _o("releves", Kind.TABLE, "Relevés as a long table: one row per plot and species (CSV or GeoPackage).",
           required=True),
        _o("plots", Kind.TABLE, "Table of plots with their coordinates; not needed when the relevés carry them."),
        _o("crs", Kind.CRS, "CRS of the coordinates, for example EPSG:2154; needed where the file does not say it."),
        _o("plot-field", Kind.FIELD, "Column with the plot's name.", default="plot_id", parent="releves"),
        _o("species-field", Kind.FIELD, "Column with the species' name.", default="species", parent="releves"),
        _o("cover-field", Kind.FIELD,
           "Column with the cover; not needed for presence data. Not given: 'cover' if there is one.",
           parent="releves"),
        _o("x-field", Kind.FIELD, "Column with the easting or longitude; not needed for a point layer.",
           parent="plots"),
        _o("y-field", Kind.FIELD, "Column with the northing or latitude; not needed for a point layer.",
           parent="plots"),
        _o("date-field", Kind.FIELD, "Column with the date of the relevé.", parent="plots"),
        _o("cover-scale", Kind.CHOICE,
           "How cover is written. auto deduces it from the codes and says what it took; the two braun-blanquet "
           "conventions differ at class 4 (Turboveg 68 %, class mid-point 62.5 %).",
           default="auto", choices=("auto", "percent", "presence", "braun-blanquet", "braun-blanquet-midpoint")),
        _o("data-type", Kind.CHOICE,
           "What an unlisted species means: absent (presence-absence, abundance) or unknown (presence-only). auto "
           "deduces it and says so.",
           default="auto", choices=("auto", "presence-absence", "presence-only", "abundance")),
        _o("bands", Kind.TEXT,
           "Bands by role, for example red=1,green=2,blue=3,nir=4. Not given: read from band names and colours."),
        _o("patch-size", Kind.NUMBER, "Side of the square around a plot that the encoder sees.",
           default=100.0, unit="m", minimum=0.1, maximum=100_000.0),
        _o("encoder", Kind.TEXT, "Frozen encoder that turns the image into vectors.", default="random-conv",
           advanced=True),
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
        _o("output", Kind.OUTPUT_MODEL, "Model file to write (*.botaclip).", required=True),
        _o("report", Kind.OUTPUT_HTML, "Report to write (HTML, one file)."),
        _o("metrics", Kind.OUTPUT_JSON, "Scores to write (JSON)."),
        *EVERYWHERE,
    ),
    group="Model", needs="train",
)

EMBED = Command(
    "embed", "Embedding raster", "Map the adapted image vectors of a model over a raster.",
    "Every cell holds the vector of the patch around it, in the model's space: as principal components (fitted on "
    "the training plots) or as the full unit vector.",
    (
        RASTER, MODEL, EXTENT, MASK, STRIDE,
        _o("dimensions", Kind.TEXT, "Number of principal components to keep, or all for the full unit vectors.",
           default="64"),
        _o("quantise", Kind.CHOICE, "none keeps float32; uint8 stores value = scale * q + offset, 0 = nodata.",
           default="none", choices=("none", "uint8")),
        _o("output", Kind.OUTPUT_RASTER, "GeoTIFF to write.", required=True),
        *EVERYWHERE,
    ),
    group="Maps",
)

SUITABILITY = Command(
    "suitability", "Species suitability", "Map the suitability of species over a raster with a model.",
    "One band per species, 0 to 1, NaN where the patch is not seen. A value refers to a plot of the training "
    "relevés' area centred in the cell.",
    (
        RASTER, MODEL, SPECIES, EXTENT, MASK, STRIDE,
        _o("output", Kind.OUTPUT_RASTER, "GeoTIFF to write.", required=True),
        *EVERYWHERE,
    ),
    group="Maps",
)

PREDICT = Command(
    "predict", "Species at points", "Predict the species to expect at points.",
    "Writes a point layer with the suitability of each species, or the reason why there is none.",
    (
        RASTER, MODEL,
        _o("points", Kind.POINTS, "Point layer or CSV with columns x and y.", required=True),
        _o("crs", Kind.CRS, "CRS of the points where the file does not say it."),
        SPECIES,
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

COMMANDS: Mapping[str, Command] = {
    command.name: command
    for command in (DEMO_DATA, TRAIN, EMBED, SUITABILITY, PREDICT, INFO, VERIFY, DEVICES)
}


def parse_parameters(command: Command, given: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Return every option of ``command`` with its typed value, and the names that no option has.

    Parameters
    ----------
    command
        The command whose options to fill.
    given
        Values by :attr:`Option.key`; text is parsed, typed values are checked.

    Returns
    -------
    parameters, unknown
        ``parameters[key]`` for every option, defaults filled in; ``unknown`` names for a warning.

    Raises
    ------
    OptionError
        A required option is missing or a value is not allowed.
    """
    parameters: dict[str, Any] = {}
    for option in command.options:
        value = option.parse(given.get(option.key))
        if value is None and option.required:
            raise OptionError(f"{option.flag} is missing", where=f"botaclip {command.name}", remedy=option.help)
        parameters[option.key] = value
    known = {option.key for option in command.options}
    return parameters, sorted(set(given) - known)


def command_line(command: Command, parameters: Mapping[str, Any]) -> str:
    """Return the command line that does the same; options at their default are left out."""
    words = ["botaclip", command.name]
    for option in command.options:
        value = parameters.get(option.key)
        if value is None or value == option.default or value == "":
            continue
        if option.kind is Kind.FLAG:
            words.append(option.flag)
        elif option.positional:
            words.append(str(value))
        else:
            text = str(value).removesuffix(".0") if isinstance(value, float) else str(value)
            words += [f"{option.flag}={text}"] if text.startswith("-") else [option.flag, text]
    return " ".join(shlex.quote(word) for word in words)
