"""How the option table reads in Processing, in English: titles, labels and helps. No QGIS is needed.

What these functions return is what ``tr`` translates, each as one text; ``scripts/translations.py`` collects it here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from botaclip.core.commands import COMMANDS
from botaclip.core.options import Command, Kind, Option

# Options that Processing has its own way for: it shows progress itself.
OMITTED = frozenset({"progress"})
# Words that are written otherwise than the option's name.
_SPELLING = {
    "crs": "CRS", "x": "X", "y": "Y", "json": "JSON", "releves": "Relevés", "cog": "COG", "url": "URL", "cuda": "CUDA",
    "taxa": "Accepted names", "sha256": "SHA-256", "std": "standard deviation", "gsd": "pixel size", "onnx": "ONNX",
}  # fmt: skip
# Behind the option's own words, what a dialog has no room to explain otherwise.
_SAID_SHORT = {
    "releves": "the table of plots and species",
    "plots": "where the relevés have no coordinates",
    "crs": "of the coordinates, where the file does not say it",
    "x-field": "easting or longitude",
    "y-field": "northing or latitude",
    "bands": "red=1,green=2,…; empty: from names and colours",
    "species": "separated by commas; empty: all",
    "stride": "pixel size of the map",
    "dimensions": "number of components, or all",
    "species-list": "with cover where known: Carex nigra 40, Molinia caerulea",
    "plot": "or like a training plot, by its name",
    "place": "or like a place: x,y [EPSG:code]",
    "clusters": "number of classes",
    "ensemble": "further models; mean and spread",
    "mask": "polygons; outside is nodata",
    "patch-size": "side of the square around a plot",
    "layout": "one row per plot and species, or a matrix",
    "crs-field": "where coordinates lie in several",
    "layers": "how a species in several is combined",
    "names": "of species",
    "taxa": "table with the columns name and accepted",
    "unidentified": "names such as Carex sp.",
    "image-date": "2018, 2018-07 or 2018-07-15",
    "date-tolerance": "left out beyond it",
    "uncertainty-field": "of a plot's place, in metres",
    "area-field": "of a plot, in square metres",
    "environment": "rasters that join the image",
    "init": "model to continue from",
    "task": "tables of other things to predict",
    "task-kind": "auto, presence, presence-only, abundance",
    "protocol": "strict or paper; not with a model",
    "predictions": "plots with what unseen models say",
    "wheels": "folder to install from without internet",
    "cog": "Cloud Optimized GeoTIFF",
    "each": "a map for each raster of the folder or list",
}
# The same for options that belong to one action or some of their command; the label says to which.
_SAID_OF_AN_ACTION = {
    "file": "checkpoint, ONNX file or folder",
    "accept-licence": "I have read it and accept it",
    "licence-file": "text to keep beside the weights",
    "sha256": "that the file must have",
    "url": "instead of the known address",
    "mirror": "address that holds the encoders' files",
    "architecture": "timm:NAME, onnx, or like another encoder",
    "record": "JSON file that describes the encoder",
    "bands": "such as red,green,blue",
    "mean": "one number a band",
    "std": "one number a band",
    "value-range": "such as 0,255",
    "gsd": "finest,coarsest, in metres",
    "calibration": "raster for int8",
    "output": "ONNX file",
}
# How the help of such an option begins: "import: ...", "import, export: ...", "import under a new name: ...".
_ACTIONS = re.compile(r"((?:download|import|export|clear)\b[\w ,]{0,50}): ")


def shown_options(command: Command) -> list[Option]:
    """Return the options of ``command`` that Processing shows."""
    return [option for option in command.options if option.name not in OMITTED]


def title(command: Command) -> str:
    """Return the name of the algorithm."""
    return command.title


def group(command: Command) -> str:
    """Return the group that the toolbox has the algorithm in."""
    return command.group


def summary(command: Command) -> str:
    """Return what the algorithm does, in one sentence."""
    return command.summary


def details(command: Command) -> str:
    """Return the help that follows the summary."""
    return command.help


def label(option: Option) -> str:
    """Return the option's label: its words, with the unit behind them."""
    words = [_SPELLING.get(word, word) for word in option.name.split("-")]
    text = " ".join(words)
    text = text[:1].upper() + text[1:]
    belongs = _ACTIONS.match(option.help)
    said = _SAID_OF_AN_ACTION if belongs else _SAID_SHORT
    if belongs:
        text = f"{text} ({belongs[1]})"
    if option.name in said and option.kind is not Kind.INTEGER:  # not the counts of demo-data
        text = f"{text}: {said[option.name]}"
    return f"{text} [{option.unit}]" if option.unit else text


def help_words(option: Option) -> str:
    """Return the option's help, without its unit and default."""
    return option.help


def unit(option: Option) -> str:
    """Return the unit of a number, as in ``m``; empty when there is none."""
    return option.unit


def strings() -> Iterator[tuple[str, str]]:
    """Yield every text of the table that Processing shows, and what it is: ``("Seed of ...", "help of --seed")``."""
    for command in COMMANDS.values():
        yield title(command), f"title of {command.name}"
        yield group(command), f"group of {command.name}"
        yield summary(command), f"summary of {command.name}"
        yield details(command), f"help of {command.name}"
        for option in shown_options(command):
            yield label(option), f"label of {option.flag}"
            yield help_words(option), f"help of {option.flag}"
            if option.unit:
                yield unit(option), f"unit of {option.flag}"
