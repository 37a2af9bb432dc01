"""The metadata page of a map (``.qmd``), as QGIS keeps it beside a file: what a value means and whom to cite.

Everything on it comes from the map itself, from the tags that the model gave it, so that a virtual raster over several
maps and a map cut from another have their page by the same road. Texts come from model files of strangers, and QGIS
shows them as HTML: what could be a tag or an address of its own is taken out.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree  # nosec B405  # writes XML, reads none
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import rasterio

from botaclip.core.commands import COMMANDS
from botaclip.core.options import FILE_KINDS, SEVERAL_KINDS, command_line
from botaclip.core.passwords import without_password
from botaclip.core.places import parse_crs

SUFFIX = ".qmd"
_DOCTYPE = "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n"
_TAG = "BOTACLIP_"
_OF_THE_RUN = ("progress", "overwrite")  # options that a map does not hang on
_MOST_NAMES, _MOST_LETTERS = 30, 4000
# What XML 1.0 has no room for, at all.
_UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_CONNECTION = re.compile(
    r"(?i)(?<![a-z?&])(?:user(?:name|_?id)?|uid|pass(?:word|wd)?|pwd|host(?:addr)?|server|dbname|database|authcfg|url|"
    r"(?:\w+[_-])?(?:token|secret)|api[_-]?key)\s*="
)
_WHOLE_PATH = re.compile(r"[A-Za-z]:[\\/]|[\\/]|\w+://")
_DOI = re.compile(r"\b(?:doi:\s*|https?://(?:dx\.)?doi\.org/)(10\.\d{4,9}/[-._;()/:A-Za-z0-9]*[A-Za-z0-9])", re.I)
_ARXIV = re.compile(r"\barXiv:\s*(\d{4}\.\d{4,5})", re.I)
_ADDRESS = re.compile(r"\bhttps?://[-A-Za-z0-9._~:/?#@!$&()*+,;=%]*[A-Za-z0-9/]")


def command_words(command: str, parameters: Mapping[str, Any]) -> str:
    """Return the command line that made a map, files by their names alone: where they lay is nobody's business.

    Parameters
    ----------
    command
        Name of the command.
    parameters
        Its values by option key, as a job gets them.
    """
    known = COMMANDS[command]
    named = {key: value for key, value in parameters.items() if key not in _OF_THE_RUN}
    for option in known.options:
        value = named.get(option.key)
        if not value or option.kind not in FILE_KINDS | SEVERAL_KINDS:
            continue
        if isinstance(value, list):
            named[option.key] = [_name(str(one)) for one in value]
        else:
            named[option.key] = ";".join(_names(str(value)))
    return without_password(command_line(known, named))


def _names(value: str) -> list[str]:
    """Return the names of the files between semicolons; a query may hold semicolons too, and so may a connection."""
    if _CONNECTION.search(value):
        return [_name(value)]
    names, in_query = [], False
    for word in map(str.strip, value.split(";")):
        if in_query and not _WHOLE_PATH.match(word):
            continue
        in_query = "?" in word
        names.append(_name(word))
    return names[:_MOST_NAMES]


def _name(path: str) -> str:
    """Return the name of a file; ``elevation=dem.tif`` of one that is given a name, ``PG:`` of a connection."""
    if _CONNECTION.search(path):
        driver = re.match(r"\w{2,20}:", path)
        return driver[0] if driver else "a connection"
    path = path.partition("?")[0]
    name, is_given, rest = path.partition("=")
    if is_given and "/" not in name and "\\" not in name:
        return f"{name}={Path(rest).name}"
    return Path(path).name


def qmd(dataset: rasterio.DatasetReader, history: Sequence[str] = ()) -> str:
    """Return the page of a map that BotaCLIP has made.

    Parameters
    ----------
    dataset
        The map, opened.
    history
        How it was made, a line each; what its tags say of model and encoder comes behind.
    """
    tags = {name.removeprefix(_TAG): text for name, text in dataset.tags().items() if name.startswith(_TAG)}
    root = ElementTree.Element("qgis", version="3.34.0")

    def add(name: str, text: str, parent: ElementTree.Element = root, **attributes: str) -> None:
        ElementTree.SubElement(parent, name, attributes).text = plain(text)

    add("identifier", "")
    add("parentidentifier", "")
    add("language", "en")
    add("type", "dataset")
    add("title", title(tags))
    add("abstract", abstract(tags, [text or "" for text in dataset.descriptions]))
    species = [dataset.tags(band).get(f"{_TAG}SPECIES", "") for band in range(1, min(dataset.count, 200) + 1)]
    for vocabulary, words in (
        ("gmd:topicCategory", ["Biota", "Environment"]),
        ("BotaCLIP", ["BotaCLIP", tags.get("KIND", ""), "vegetation", "plants", "relevés"]),
        ("species", list(dict.fromkeys(filter(None, species)))[:_MOST_NAMES]),
    ):
        if any(words):
            group = ElementTree.SubElement(root, "keywords", vocabulary=vocabulary)
            for word in filter(None, words):
                add("keyword", word, group)
    links = ElementTree.SubElement(root, "links")
    for name, text in (("How to cite the model", "CITE"), ("How to cite the encoder", "ENCODER_CITE"),
                       ("The area of applicability", "AOA_CITE")):  # fmt: skip
        address = address_in(tags.get(text, ""))
        if address:
            ElementTree.SubElement(links, "link", {
                "type": "WWW:LINK", "name": name, "url": address, "description": plain(tags[text]), "format": "",
                "mimeType": "", "size": "",
            })  # fmt: skip
    for line in (*history, *_made_with(tags)):
        add("history", line)
    ElementTree.SubElement(root, "dates")
    add("fees", "")
    for line in _rights(tags):
        add("rights", line)
    for what, name in (("Model", "LICENCE"), (f"Encoder {tags.get('ENCODER', '')}".strip(), "ENCODER_LICENCE")):
        add("license", f"{what}: {tags.get(name) or 'not stated'}")
    add("encoding", "")
    _place(root, dataset)
    ElementTree.indent(root, "  ")
    return _DOCTYPE + ElementTree.tostring(root, encoding="unicode") + "\n"


def plain(text: str) -> str:
    """Return a text without what XML cannot hold and HTML would take for more than a text."""
    return _UNWRITABLE.sub(" ", str(text))[:_MOST_LETTERS].replace("<", "‹").replace(">", "›")


def title(tags: Mapping[str, str]) -> str:
    """Return what the map shows, and of which image."""
    kind = tags.get("KIND") or "map"
    of = Path(tags["RASTER"]).stem if tags.get("RASTER") else ""
    return f"{kind[:1].upper()}{kind[1:]}" + (f" ({of})" if of else "")


def abstract(tags: Mapping[str, str], bands: Sequence[str]) -> str:
    """Return what a value means, what it refers to, how the model was judged, and what is in the bands."""
    more = len(bands) - _MOST_NAMES
    names = ", ".join(bands[:_MOST_NAMES]) + (f" and {more} more" if more > 0 else "")
    patch = f" The model looked at the image in a square of {tags['PATCH']}." if tags.get("PATCH") else ""
    year = tags.get("YEAR", "unknown")
    lines = [
        tags.get("MEANING", ""),
        f"A value {tags['PLOT']}, centred in the pixel.{patch}" if tags.get("PLOT") else "",
        f"Cut at: {tags['RULE']}." if tags.get("RULE") else "",
        tags.get("JUDGED", ""),
        f"Bands: {names}." if any(bands) else "",
        f"Noise measured on {tags['NOISE_FROM']}." if tags.get("NOISE_FROM") else "",
        f"Image: {tags.get('RASTER') or 'several'}" + ("." if year == "unknown" else f", taken in {year}."),
        f"Cite: {tags['CITE']}" if tags.get("CITE") else "",
    ]
    return "\n\n".join(line for line in lines if line)


def address_in(text: str) -> str:
    """Return the web address in a citation: of a DOI, an arXiv number or as it stands; empty without one."""
    if found := _DOI.search(text):
        return f"https://doi.org/{found[1]}"
    if found := _ARXIV.search(text):
        return f"https://arxiv.org/abs/{found[1]}"
    return found[0] if (found := _ADDRESS.search(text)) else ""


def _made_with(tags: Mapping[str, str]) -> list[str]:
    lines = []
    if tags.get("VERSION"):
        lines.append(f"Made by BotaCLIP {tags['VERSION']} from {tags.get('RASTER') or 'several rasters'}.")
    if tags.get("MODEL"):
        lines.append(f"Model {tags['MODEL']}, SHA-256 {tags.get('MODEL_SHA256', 'not stated')}.")
    if tags.get("ENCODER"):
        lines.append(f"Encoder {tags['ENCODER']}, SHA-256 {tags.get('ENCODER_SHA256', 'not stated')}.")
    return lines


def _rights(tags: Mapping[str, str]) -> list[str]:
    lines = [f"Derived from the image {tags['RASTER']}, whose terms hold too." if tags.get("RASTER")
             else "Derived from images, whose terms hold too."]  # fmt: skip
    return lines + ([f"Encoder after: {tags['ENCODER_CITE']}"] if tags.get("ENCODER_CITE") else [])


def _place(root: ElementTree.Element, dataset: rasterio.DatasetReader) -> None:
    """Add CRS and extent."""
    if dataset.crs is None:
        return
    crs = parse_crs(dataset.crs.to_wkt())
    authority = crs.to_authority(min_confidence=100)
    code = ":".join(authority) if authority else ""
    system = ElementTree.SubElement(ElementTree.SubElement(root, "crs"), "spatialrefsys", nativeFormat="Wkt")
    for name, text in (("wkt", crs.to_wkt()), ("authid", code), ("description", crs.name)):
        ElementTree.SubElement(system, name).text = text
    left, bottom, right, top = dataset.bounds
    ElementTree.SubElement(ElementTree.SubElement(root, "extent"), "spatial", {
        "crs": code, "dimensions": "2", "minx": repr(left), "miny": repr(bottom), "maxx": repr(right),
        "maxy": repr(top), "minz": "0", "maxz": "0",
    })  # fmt: skip
