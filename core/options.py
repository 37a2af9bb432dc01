"""What an option is: its kind, its bounds, how text becomes a value. The table of all options is ``core/commands.py``.

Standard library only, because QGIS imports it too. An option's ``name`` is the command line's (``--cover-field``);
Processing uses the same words in upper case with underscores (``COVER_FIELD``), Python and JSON in lower case
(``cover_field``).
"""

from __future__ import annotations

import dataclasses
import enum
import os
import re
import shlex
from collections.abc import Mapping
from typing import Any

from botaclip.core.bundled import WORD as BUNDLED_WORD
from botaclip.core.bundled import bundled_model
from botaclip.core.errors import OptionError

_MOST_SHOWN = 200  # letters of a value that is refused
# "1,000" may mean a thousand or one: neither is guessed.
_THOUSANDS = re.compile(r"[+-]?\d{1,3}(,\d{3})+")


class Kind(enum.Enum):
    """What an option holds; decides its Processing parameter type and how text becomes a value."""

    RASTER = "raster"  # a GDAL raster file, VRT, or folder of tiles
    RASTERS = "rasters"  # several of them; text is split at ;
    FOLDER = "folder"  # a folder that exists
    FILE = "file"  # a file or folder that exists
    TABLE = "table"  # a CSV, GeoPackage... or any vector layer/table in QGIS
    TABLES = "tables"  # several of them; text is split at ;
    POINTS = "points"  # a point layer or table
    MASK = "mask"  # a polygon layer
    MODEL = "model"  # a *.botaclip file, or the word "bundled"
    MODELS = "models"  # several of them; text is split at ;
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
    OUTPUT_FILE = "output file"
    OUTPUT_TABLE = "output table"


# Several files in one option.
SEVERAL_KINDS = frozenset({Kind.RASTERS, Kind.TABLES, Kind.MODELS})
OUTPUT_KINDS = frozenset(kind for kind in Kind if kind.value.startswith("output"))
FILE_KINDS = OUTPUT_KINDS | {Kind.RASTER, Kind.FOLDER, Kind.FILE, Kind.TABLE, Kind.POINTS, Kind.MASK, Kind.MODEL}


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
        if self.kind in SEVERAL_KINDS:
            words = value.split(";") if isinstance(value, str) else value
            found = [str(word).strip() for word in words if str(word).strip()]
            if self.kind is Kind.MODELS:
                found = [str(bundled_model()) if word == BUNDLED_WORD else word for word in found]
            return found or None
        if self.kind is Kind.RASTER and isinstance(value, (list, tuple)):
            return ";".join(str(item) for item in value)
        if self.kind is Kind.LIST and not isinstance(value, str):
            return ",".join(str(item) for item in value)
        if self.kind is Kind.MODEL and str(value).strip() == BUNDLED_WORD:
            return str(bundled_model())
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
        shown = repr(value)
        if len(shown) > _MOST_SHOWN:
            shown = f"{shown[:_MOST_SHOWN]}..."
        return OptionError(f"--{self.name} cannot be {shown}", remedy=remedy)


@dataclasses.dataclass(frozen=True)
class Command:
    """One capability: a CLI command and a Processing algorithm."""

    name: str
    title: str
    summary: str
    help: str
    options: tuple[Option, ...]
    group: str = ""
    # Which part of the environment it needs: "nothing" (the face runs it itself), "run" (no torch, no scikit-learn) or
    # "train"; and where that depends on the action, what other actions need.
    needs: str = "run"
    needs_by_action: Mapping[str, str] = dataclasses.field(default_factory=dict)

    @property
    def algorithm(self) -> str:
        """Name of the Processing algorithm."""
        return self.name.replace("-", "")

    def needs_for(self, parameters: Mapping[str, Any]) -> str:
        """Return which part of the environment a run with these parameters needs."""
        return self.needs_by_action.get(str(parameters.get("action")), self.needs)

    def option(self, name: str) -> Option:
        """Return the option of that command-line name."""
        for option in self.options:
            if option.name == name:
                return option
        raise OptionError(f"{self.name} has no option --{name}")


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


def check_outputs(command: Command, parameters: Mapping[str, Any]) -> None:
    """Refuse outputs that would replace an input of the same run, or each other.

    Raises
    ------
    OptionError
        Two outputs have one name, an output is an input, or a raster would be written among the tiles that are read.
    """
    outputs = {option: _real(parameters[option.key]) for option in command.options if option.kind in OUTPUT_KINDS
               and parameters.get(option.key)}  # fmt: skip
    met: dict[str, Option] = {}
    for option, path in outputs.items():
        if path in met:
            raise OptionError(
                f"{met[path].flag} and {option.flag} are the same file", where=str(parameters[option.key]),
                remedy="give each output a name of its own",
            )  # fmt: skip
        met[path] = option
    for option in command.options:
        value = parameters.get(option.key)
        if not value or option.kind not in FILE_KINDS - OUTPUT_KINDS | SEVERAL_KINDS:
            continue
        names = raster_words(value) if option.kind is Kind.RASTER else value if isinstance(value, list) else [value]
        for name in names:
            given = _real(str(name))
            if given in met:
                raise OptionError(
                    f"{met[given].flag} would replace what {option.flag} names", where=str(name),
                    remedy="choose another name for the output",
                )  # fmt: skip
            if option.kind in (Kind.RASTER, Kind.RASTERS) and os.path.isdir(given):
                for output, path in outputs.items():
                    if output.kind is Kind.OUTPUT_RASTER and os.path.dirname(path) == given:
                        raise OptionError(
                            f"{output.flag} lies in the folder of tiles that {option.flag} names, and would be taken "
                            "for one of them by the next run", where=path, remedy="choose another folder",
                        )  # fmt: skip


def raster_words(text: str) -> list[str]:
    """Return the rasters that a text names: itself where it is a file or has no semicolon, else what they part."""
    if ";" not in text or os.path.exists(text):
        return [text]
    return [word.strip() for word in text.split(";") if word.strip()]


def _real(path: str) -> str:
    """Return where a path (of a file, or a layer in one) really leads."""
    path = path.partition("|")[0]
    if "=" in path and not os.path.exists(path):  # an environment raster may be given as name=path
        path = path.partition("=")[2]
    return os.path.normcase(os.path.realpath(path))


def command_line(command: Command, parameters: Mapping[str, Any]) -> str:
    """Return the command line that does the same; options at their default are left out.

    Words without a name are told by their place, so those before one that is not at its default are said.
    """
    words = ["botaclip", command.name]
    said = [option for option in command.options if parameters.get(option.key) not in (None, "", option.default)]
    last = max((command.options.index(option) for option in said if option.positional), default=-1)
    for i, option in enumerate(command.options):
        value = parameters.get(option.key)
        if option not in said and not (option.positional and i < last and value not in (None, "")):
            continue
        if option.kind is Kind.FLAG:
            words.append(option.flag)
        elif option.positional:
            words.append(str(value))
        else:
            if option.kind in SEVERAL_KINDS or isinstance(value, list):
                value = ";".join(value or [])
            text = str(value).removesuffix(".0") if isinstance(value, float) else str(value)
            words += [f"{option.flag}={text}"] if text.startswith("-") else [option.flag, text]
    return " ".join(shlex.quote(word) for word in words)
