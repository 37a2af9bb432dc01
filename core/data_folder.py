"""A folder of real data and the file in it that says how it is read. Standard library only.

``botaclip.json`` is one JSON object whose keys are option names of ``botaclip train``, as on the command line
(``cover-field``); file names in it are relative to the folder. ``make demo DATA=folder`` reads it.
"""

from __future__ import annotations

import difflib
import json
import os
from pathlib import Path
from typing import Any

from botaclip.core.bundled import WORD as BUNDLED_WORD
from botaclip.core.commands import TRAIN
from botaclip.core.errors import OptionError
from botaclip.core.options import OUTPUT_KINDS, SEVERAL_KINDS, Kind, Option

FILE = "botaclip.json"
_PATHS = frozenset({Kind.RASTER, Kind.FOLDER, Kind.TABLE, Kind.POINTS, Kind.MASK, Kind.MODEL}) | SEVERAL_KINDS
_MOST_SHOWN = 200  # letters of a name
_LISTS = SEVERAL_KINDS | {Kind.LIST}
_NUMBERS = frozenset({Kind.INTEGER, Kind.NUMBER})
# How it runs and where it writes is for those who run it, not for the data.
_NOT_OF_DATA = frozenset({"progress", "overwrite", "device"})


def read_data_folder(folder: str | Path) -> dict[str, str]:
    """Return the options of ``train`` that a folder's ``botaclip.json`` gives.

    Parameters
    ----------
    folder
        Has ``botaclip.json``, the raster and the tables.

    Returns
    -------
    dict
        Option name (with hyphens, as on the command line) to its value as text, in the file's order. File names are
        absolute; several are separated by ``;``. An option set to ``null`` is left out.

    Raises
    ------
    OptionError
        The folder or the file is missing; it is no JSON object; a key is unknown, given twice, or not a matter of
        data; a value has the wrong type; a file it names is missing; raster or relevés are not named.
    """
    folder = Path(folder).absolute()
    path = folder / FILE
    options: dict[str, str] = {}
    for key, value in _pairs(folder, path):
        option = _option(key, path)
        if key in options:
            raise OptionError(f"the key {key!r} stands there twice", where=str(path), remedy="keep one of them")
        if value is not None:
            options[key] = _text(option, value, folder, path)
    missing = [option.name for option in TRAIN.options if option.required and option.kind not in OUTPUT_KINDS]
    missing = [name for name in missing if name not in options]
    if missing:
        raise OptionError(
            f"it does not name {' and '.join(missing)}", where=str(path), remedy=TRAIN.option(missing[0]).help
        )
    return options


def _pairs(folder: Path, path: Path) -> list[tuple[str, Any]]:
    """Return keys and values of the file as they stand, so that a key that is there twice is seen."""
    if not folder.is_dir():
        raise OptionError("there is no such folder", where=str(folder), remedy=f"name a folder with a {FILE}")
    try:
        # utf-8-sig: Windows editors begin a file with a byte-order mark.
        found = json.loads(path.read_text(encoding="utf-8-sig"), object_pairs_hook=_Pairs)
    except FileNotFoundError:
        raise OptionError(
            f"there is no {FILE} in it", where=str(folder),
            remedy='write one with the options of botaclip train, at least {"raster": ..., "releves": ...}',
        ) from None  # fmt: skip
    except OSError as error:
        raise OptionError(f"it cannot be read ({error.strerror or error})", where=str(path)) from None
    except UnicodeDecodeError:
        raise OptionError("it is not text in UTF-8", where=str(path), remedy="save it as UTF-8") from None
    except json.JSONDecodeError as error:
        raise OptionError(
            f"it is not JSON ({error.msg} in line {error.lineno}, column {error.colno})", where=str(path)
        ) from None
    except RecursionError:
        raise OptionError("it is nested too deeply", where=str(path), remedy="write one JSON object") from None
    if not isinstance(found, _Pairs):
        raise OptionError(
            "it holds no JSON object", where=str(path), remedy='begin it with { and end it with }: {"raster": ...}'
        )
    return list(found)


class _Pairs(list):  # type: ignore[type-arg]
    """The pairs of a JSON object."""


def _option(key: str, path: Path) -> Option:
    """Return the option of that name."""
    names = [option.name for option in TRAIN.options if _is_of_data(option)]
    if key in names:
        return TRAIN.option(key)
    if any(option.name == key for option in TRAIN.options):
        raise OptionError(
            f"{key!r} is not for the data to say", where=str(path), remedy=f"remove it; --{key} is given with each run"
        )
    # cover_field and Cover-Field are near; so is a word with a letter wrong.
    near = difflib.get_close_matches(key.strip().lower().replace("_", "-").replace(" ", "-"), names, n=1, cutoff=0.5)
    raise OptionError(
        f"the key {key!r} is no option of botaclip train", where=str(path),
        remedy=f"did you mean {near[0]!r}?" if near else f"use names such as {', '.join(names[:5])}",
    )  # fmt: skip


def _is_of_data(option: Option) -> bool:
    return option.kind not in OUTPUT_KINDS and option.name not in _NOT_OF_DATA


def _text(option: Option, value: Any, folder: Path, path: Path) -> str:
    """Return the value of an option as text, checked."""
    if option.kind in _LISTS and isinstance(value, list) and not isinstance(value, _Pairs):
        words = [_word(option, one, path) for one in value]
    else:
        text = _word(option, value, path)
        words = text.split(";") if option.kind in SEVERAL_KINDS else [text]
    if option.kind in _PATHS:
        words = [
            word.strip() if option.kind is Kind.MODEL and word.strip() == BUNDLED_WORD
            else _file(option, word.strip(), folder, path)
            for word in words if word.strip()
        ]  # fmt: skip
    text = (";" if option.kind in SEVERAL_KINDS else ",").join(words)
    try:
        parsed = option.parse(text)
    except OptionError as error:
        raise OptionError(f"{option.name}: {error.found}", where=str(path), remedy=error.remedy) from None
    if option.required and not parsed:
        raise OptionError(f"{option.name} is empty", where=str(path), remedy=option.help)
    return text


def _word(option: Option, value: Any, path: Path) -> str:
    """Return one JSON value as text; raise where its type cannot be meant."""
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if option.kind is Kind.FLAG:
        fits = isinstance(value, bool)
    elif option.kind in _NUMBERS:
        fits = number or isinstance(value, str)
    else:
        fits = number or isinstance(value, str)
        if option.kind in _PATHS:
            fits = isinstance(value, str)
    if not fits:
        raise OptionError(
            f"{option.name} is {_kind_of(value)}, not {_expected(option)}", where=str(path),
            remedy=f"write {json.dumps(option.name)}: {_example(option)}",
        )  # fmt: skip
    return str(value).lower() if isinstance(value, bool) else str(value)


def _kind_of(value: Any) -> str:
    if isinstance(value, _Pairs):
        return "an object"
    if isinstance(value, list):
        return "a list"
    if isinstance(value, bool):
        return "true or false"
    return "a number" if isinstance(value, (int, float)) else "nothing" if value is None else "a text"


def _expected(option: Option) -> str:
    if option.kind in _PATHS:
        return "a file name"
    if option.kind is Kind.FLAG:
        return "true or false"
    return "a number" if option.kind in _NUMBERS else "a text"


def _example(option: Option) -> str:
    if option.choices:
        return json.dumps(option.choices[0])
    if option.kind is Kind.FLAG:
        return "true"
    if option.kind in _NUMBERS:
        return json.dumps(option.default if option.default is not None else option.minimum or 1)
    return '"..."'


def _file(option: Option, word: str, folder: Path, path: Path) -> str:
    """Return an absolute file name; a layer (``file.gpkg|layername=plots``) stays behind it."""
    name, bar, layer = word.partition("|")
    file = folder / Path(name).expanduser()
    # Not Path.exists, which raises where a name is too long to be one.
    if not os.path.exists(file):
        raise OptionError(
            f"{option.name}: there is no {name[:_MOST_SHOWN]!r} in the folder", where=str(path),
            remedy="file names are relative to the folder; compare capitals too",
        )  # fmt: skip
    return f"{file}{bar}{layer}"
