"""``botaclip encoders``: what there is, and fetching, checking and removing it.

Standard library only, because these actions also run in QGIS's own Python; taking in a file and exporting a graph
(``core/encoder_import.py``, ``core/encoder_export.py``) load the weights and run in the worker.
"""

from __future__ import annotations

import dataclasses
import importlib
import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urljoin, urlsplit

from botaclip.core.encoders.downloads import check_address, download, fetch_text, public_address
from botaclip.core.encoders.licences import LICENCES, licence_of
from botaclip.core.encoders.record import EncoderRecord, Licence
from botaclip.core.encoders.record_json import is_file_name, record_from_json, record_to_json
from botaclip.core.encoders.registry import RECORDS
from botaclip.core.encoders.store import Installed, Store, check_name, digest, in_mb
from botaclip.core.errors import BotaclipError, Cancelled, EncoderError, OptionError
from botaclip.core.progress import Progress

_MOST_TEXT = 2**20
_LICENCE_NAMES = ("LICENSE", "LICENSE.md", "LICENSE.txt", "LICENCE", "LICENCE.md", "LICENCE.txt")
_SHA256 = re.compile(r"[0-9a-f]{64}")


def encoders(parameters: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """Do what ``parameters["action"]`` says.

    Parameters
    ----------
    parameters
        As the option table of the command ``encoders`` has them.
    progress
        Told how far a download or a check is; the licence is shown through it.

    Returns
    -------
    dict
        ``print`` (lines, or JSON where ``json`` was asked for), ``log`` where a dialog had better say it otherwise
        than a terminal, and what the action found: ``encoders`` (list), ``encoder`` (show, download, import),
        ``files`` (verify), ``freed_bytes`` (remove), ``output`` and ``fidelity`` (export).

    Raises
    ------
    OptionError
        The encoder's name, or an option that the action needs, is missing.
    EncoderError
        See the actions.
    """
    action = str(parameters["action"])
    if action not in ("list", "import") and not parameters.get("encoder"):
        raise OptionError(
            f"{action} needs the name of an encoder", where="botaclip encoders",
            remedy="botaclip encoders list shows them all",
        )  # fmt: skip
    if parameters.get("output") and action != "export":
        raise OptionError(f"--output belongs to export, not to {action}", remedy="leave it out")
    outputs = _ACTIONS[action](parameters, progress)
    if parameters.get("json"):
        found = {key: value for key, value in outputs.items() if key not in ("print", "log")}
        outputs.pop("log", None)
        outputs["print"] = json.dumps(found, indent=2, ensure_ascii=False)
    return outputs


# --- What there is ---------------------------------------------------------------------------------------------------


def _list(parameters: Mapping[str, Any], progress: Progress) -> dict[str, Any]:
    store = Store()
    found = [_about(record, store) for record in store.records().values()]
    rows = [("name", "state", "modes", "dim", "bands", "licence", "title")]
    rows += [
        (one["id"], one["state"], ",".join(one["modes"]), str(one["dimension"] or "*"), ",".join(one["bands"]) or "any",
         one["licence"] or "not stated", one["title"]) for one in found
    ]  # fmt: skip
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    words = (
        "unverified: not held against the makers' own code. unpinned: no digest is known, so that a download needs one "
        "from you"
    )
    lines += [
        "", f"*: depends on the bands. {words} (--sha256).",
        "botaclip encoders show NAME says how to get one, and under which licence.",
    ]  # fmt: skip
    at_hand = [one for one in found if one["state"].startswith(("built in", "installed"))]
    log = [_line(one) for one in at_hand] + ["", *(_line(one) for one in found if one not in at_hand)]
    log += ["", f"{words} (SHA-256).", "The action show says how to get one, and under which licence."]
    for name in _damaged(store):
        progress.warning(store.problem(name))
    return {"print": lines, "log": log, "encoders": found, "folder": str(store.folder)}


def _line(about: Mapping[str, Any]) -> str:
    """Return a line on one encoder that is readable in any type; a table is not where letters differ in width."""
    size = f"vectors of {about['dimension']}" if about["dimension"] else "size of the vectors by the bands"
    return (
        f"{about['id']} ({about['title']}): {about['state']}; bands {', '.join(about['bands']) or 'any'}; "
        f"modes {', '.join(about['modes'])}; {size}; licence {about['licence'] or 'not stated'}"
    )


def _damaged(store: Store) -> list[str]:
    if not store.folder.is_dir():
        return []
    folders = [path.name for path in sorted(store.folder.iterdir()) if path.is_dir()]
    return [name for name in folders if re.fullmatch(r"[a-z0-9][a-z0-9._-]*", name) and store.problem(name)]


def state_of(record: EncoderRecord, store: Store) -> str:
    """Return in words how an encoder stands: built in, installed, not installed, with what to know about it."""
    if record.architecture == "builtin":
        return "built in"
    installed = store.installed(record.id)
    said = ["installed" if installed else "damaged" if store.problem(record.id) else "not installed"]
    if not record.verified:
        said.append("unverified")
    if installed.pin == "none" if installed else not record.pinned:
        said.append("unpinned")
    return ", ".join(said)


def _about(record: EncoderRecord, store: Store) -> dict[str, Any]:
    return {**record_to_json(record), "state": state_of(record, store), "own": record.id not in RECORDS}


def _show(parameters: Mapping[str, Any], progress: Progress) -> dict[str, Any]:
    store, name = Store(), str(parameters["encoder"])
    record = store.record(name)
    licence, installed = licence_of(record), store.installed(name)
    low, high = record.value_range
    facts = [
        ("state", state_of(record, store)), ("architecture", record.architecture),
        ("bands", ", ".join(record.bands) or "any"), ("pixel values", f"{low:g} to {high:g}"),
        *[(f"normalised by {word}", ", ".join(f"{role} {value:.6g}" for role, value in numbers.items()))
          for word, numbers in (("mean", record.mean), ("std", record.std))],
        ("pixel size", f"{record.gsd_m[0]:g} to {record.gsd_m[1]:g} m in its training"),
        ("vector", f"{record.dimension} numbers" if record.dimension else "depends on the bands"),
        ("modes", ", ".join(record.modes)), *_sizes(record),
        ("stages", ", ".join(map(str, record.stages))),
        ("receptive field", ", ".join(f"stage {stage}: {px} px" for stage, px in record.fields.items())),
        ("file", record.file), ("address", record.url), ("revision", record.revision),
        ("SHA-256", record.sha256 or (f"{record.sha256_prefix}... (first digits)" if record.sha256_prefix else "")),
        ("refused", "; ".join(f"{prefix}...: {reason}" for prefix, reason in record.refused.items())),
        ("size", in_mb(record.size_bytes) if record.size_bytes else ""),
        ("cite", record.citation), ("notes", record.notes),
    ]  # fmt: skip
    lines = [f"{record.id}: {record.title}"]
    lines += [f"  {word}: {value}" for word, value in facts if value]
    lines += ["", *licence_lines(licence)]
    about = _about(record, store)
    if installed is not None:
        about["installed"] = _installed_json(installed)
        lines += [
            "", f"Installed in {installed.folder}",
            f"  {installed.checkpoint.name}, {in_mb(installed.size_bytes)}, SHA-256 {installed.sha256}",
            f"  from {installed.source}",
        ]  # fmt: skip
        if installed.accepted:
            lines.append(f"  licence accepted on {installed.when[:10]}")
        lines += [f"  graph {graph.key}" for graph in store.graphs(name)]
        if installed.licence_text:
            lines += ["", "Text of the licence:", installed.licence_text]
    elif store.problem(name):
        lines += ["", store.problem(name)]
    about["licence_about"] = {"title": licence.title, "url": licence.url, "summary": licence.summary,
                              "accept": licence.accept}  # fmt: skip
    log = list(lines)
    if installed is None and record.architecture != "builtin":
        lines += ["", "How to get it:", *(f"  {line}" for line in how_to_get(record))]
        log += ["", "How to get it:", *_how_in_a_dialog(record)]
    return {"print": lines, "log": log, "encoder": about}


def _sizes(record: EncoderRecord) -> list[tuple[str, str]]:
    if record.architecture == "builtin":
        return []
    kept = record.window_px // record.token_px - 2 * record.drop_tokens
    sizes = [("poolings", ", ".join(record.poolings)), ("input", f"{record.input_px} px")]
    if "tokens" in record.modes:
        sizes.append(("window", f"{record.window_px} px, of which the inner {kept} x {kept} tokens of "
                                f"{record.token_px} px are kept"))  # fmt: skip
    return sizes


def how_to_get(record: EncoderRecord) -> list[str]:
    """Return the command lines by which an encoder is fetched or taken in."""
    accept = " --accept-licence" if licence_of(record).accept else ""
    lines = []
    if record.file or record.url:
        address = "" if record.url else " --url ADDRESS"
        sha256 = "" if record.pinned else " --sha256 DIGEST"
        lines.append(f"botaclip encoders download {record.id}{address}{sha256}{accept}")
    lines.append(f"botaclip encoders import {record.id} --file {record.file or 'FILE'}{accept}")
    return lines


def _how_in_a_dialog(record: EncoderRecord) -> list[str]:
    tick = ", Accept licence ticked" if licence_of(record).accept else ""
    lines = []
    if record.file or record.url:
        needed = ["" if record.url else "its address as URL", "" if record.pinned else "its SHA-256"]
        given = "".join(f", {one}" for one in needed if one)
        lines.append(f"Action download, Encoder {record.id}{given}{tick}.")
    lines.append(f"Or fetch it by hand: action import, Encoder {record.id}, File: your {record.file or 'file'}{tick}.")
    return lines


def licence_lines(licence: Licence) -> list[str]:
    """Return what is shown of a licence before weights come in."""
    lines = [f"Licence: {licence.title}", f"  {licence.summary}"]
    if licence.url:
        lines.append(f"  Its text: {licence.url}")
    if licence.accept:
        lines.append("  It has to be accepted before the weights are fetched or used.")
    return lines


def _installed_json(installed: Installed) -> dict[str, Any]:
    return {
        "checkpoint": str(installed.checkpoint), "sha256": installed.sha256, "size_bytes": installed.size_bytes,
        "source": installed.source, "accepted": installed.accepted, "when": installed.when, "pin": installed.pin,
    }  # fmt: skip


# --- What comes in ---------------------------------------------------------------------------------------------------


def accept_licence(record: EncoderRecord, parameters: Mapping[str, Any], progress: Progress) -> str:
    """Show a record's licence; return its key where it was accepted, nothing where it need not be.

    Raises
    ------
    EncoderError
        It has to be accepted and was not.
    """
    licence = licence_of(record)
    for line in licence_lines(licence):
        progress.info(line)
    if not licence.accept:
        return ""
    if not parameters.get("accept_licence"):
        raise EncoderError(
            f"{record.id} comes under the {licence.title}, which has to be accepted",
            remedy=f"read it at {licence.url}, then say so with --accept-licence (in QGIS: tick 'Accept licence')",
        )
    return licence.id


def read_record(path: str) -> EncoderRecord:
    """Return the record in a JSON file.

    Raises
    ------
    EncoderError
        The file cannot be read or holds no record.
    """
    try:
        return record_from_json(json.loads(_text(path)), where=path)
    except ValueError as error:
        raise EncoderError(f"it is no JSON ({error})", where=path) from None


def _text(path: str) -> str:
    try:
        with open(path, "rb") as file:
            data = file.read(_MOST_TEXT + 1)
    except OSError as error:
        raise EncoderError(f"the file cannot be read ({error.strerror or error})", where=path) from None
    if len(data) > _MOST_TEXT or b"\0" in data:
        raise EncoderError("it is no text file of at most 1 MB", where=path)
    return data.decode("utf-8", errors="replace")


def licence_text(parameters: Mapping[str, Any], beside: Path | None = None) -> str:
    """Return the text of ``--licence-file``, else of a licence's file in the folder ``beside``; empty where none is.

    Raises
    ------
    EncoderError
        The named file cannot be read.
    """
    named = parameters.get("licence_file")
    if named:
        return _text(str(named))
    if beside is not None:
        for name in _LICENCE_NAMES:
            if (beside / name).is_file():
                return _text(str(beside / name))
    return ""


def given_digest(parameters: Mapping[str, Any], record: EncoderRecord) -> str:
    """Return the digest that the user gave, else the record's.

    Raises
    ------
    OptionError
        It is none, or contradicts the record.
    """
    given = str(parameters.get("sha256") or "").strip().lower()
    if not given:
        return record.sha256
    if not _SHA256.fullmatch(given):
        raise OptionError(f"--sha256 cannot be {given[:80]!r}", remedy="give all 64 digits 0-9 and a-f")
    if not given.startswith(record.sha256 or record.sha256_prefix):
        raise OptionError(
            f"--sha256 is not that of {record.id}, which begins with {record.sha256 or record.sha256_prefix}",
            remedy="leave it out, or import the file under a name of your own",
        )
    return given


def refuse(record: EncoderRecord, sha256: str, where: str) -> None:
    """Raise where a digest is one of those that give wrong features."""
    for prefix, reason in record.refused.items():
        if sha256.startswith(prefix):
            raise EncoderError(
                f"this file is refused: {reason} (SHA-256 {prefix}...)", where=where,
                remedy=f"botaclip encoders show {record.id} says which one is right",
            )  # fmt: skip


def _record_to_fetch(parameters: Mapping[str, Any], store: Store) -> EncoderRecord:
    name = str(parameters["encoder"])
    if parameters.get("record"):
        record = read_record(str(parameters["record"]))
        if record.id != name:
            raise OptionError(f"the record is for {record.id!r}, not for {name!r}", remedy="give both the same name")
        if name in RECORDS:
            raise OptionError(f"{name} is an encoder of the registry", remedy="choose another name for yours")
        record = dataclasses.replace(record, licence=licence_of(record).id)
    else:
        record = store.record(name)
    if record.architecture == "builtin":
        raise EncoderError(f"{name} is built in; there is nothing to fetch", remedy=f"use --encoder {name}")
    return record


def _address(parameters: Mapping[str, Any], record: EncoderRecord) -> str:
    if parameters.get("url"):
        return str(parameters["url"]).strip()
    if parameters.get("mirror"):
        if not record.file:
            raise EncoderError(f"the name of {record.id}'s file is not known", remedy="give its address with --url")
        return f"{str(parameters['mirror']).strip().rstrip('/')}/{record.file}"
    if record.url:
        return record.url
    raise EncoderError(
        f"no address of {record.id} is known here. {record.notes}",
        remedy=f"give one with --url, or: {how_to_get(record)[-1]}",
    )


def _download(parameters: Mapping[str, Any], progress: Progress) -> dict[str, Any]:
    store = Store()
    record = _record_to_fetch(parameters, store)
    url, sha256 = _address(parameters, record), given_digest(parameters, record)
    check_address(url, pinned=bool(sha256))
    file = record.file or _name_in(url)
    # Before anything comes: it would be put in the place of what the store keeps under that name.
    check_name(file, "give its name as 'file' in the record")
    if not sha256 and not record.pinned:
        raise EncoderError(
            f"no digest of {record.id} is known here, so that nothing could tell the right file from another",
            where=public_address(url),
            remedy="take it from the publisher's page and give it with --sha256, or fetch the file yourself and import "
            "it",
        )  # fmt: skip
    refuse(record, sha256, public_address(url))
    accepted = accept_licence(record, parameters, progress)
    text = licence_text(parameters)
    proxy = str(parameters.get("proxy") or "")
    with store.lock(record.id, progress):
        there = store.installed(record.id)
        if there is not None and _is(there.sha256, sha256, record) and store.verify(record.id)[0][2] == there.sha256:
            return {"print": [f"{record.id} is installed already, in {there.folder}."],
                    "encoder": {**_about(record, store), "installed": _installed_json(there)}}  # fmt: skip
        path = store.folder_of(record.id) / file
        found = digest(path) if path.is_file() else ""
        if not found or not _is(found, sha256, record):
            progress.info(f"Fetching {public_address(url)}")
            try:
                found = download(
                    url, path, sha256=sha256, sha256_prefix=record.sha256_prefix, size=record.size_bytes, proxy=proxy,
                    progress=progress,
                )  # fmt: skip
            except Cancelled:
                progress.info("What has come is kept with the encoder; the next download goes on from there.")
                raise Cancelled("nothing is left but what has come of the file") from None
        try:
            refuse(record, found, public_address(url))
        except EncoderError:
            path.unlink(missing_ok=True)
            raise
        if not text:
            text = _licence_beside(record, url, proxy, progress)
        installed = store.install(
            record, path, sha256=found, source=public_address(url), accepted=accepted, licence_text=text
        )
    lines = [
        f"{record.id} is installed in {installed.folder}: {path.name}, {in_mb(installed.size_bytes)}, SHA-256 {found}.",
        f"Use it: botaclip train --encoder {record.id}",
    ]
    return {"print": lines, "encoder": {**_about(record, store), "installed": _installed_json(installed)}}


def _is(found: str, sha256: str, record: EncoderRecord) -> bool:
    return found == sha256 if sha256 else found.startswith(record.sha256_prefix)


def _name_in(url: str) -> str:
    name = unquote(urlsplit(url).path.rpartition("/")[2])
    return name if is_file_name(name) else "weights"


def _licence_beside(record: EncoderRecord, url: str, proxy: str, progress: Progress) -> str:
    """Return the licence's text that lies beside the checkpoint; what cannot be fetched is a warning only."""
    licence = LICENCES.get(record.licence)
    if licence is None or not licence.text_file:
        return ""
    try:
        return fetch_text(urljoin(url, licence.text_file), proxy=proxy)
    except BotaclipError as error:
        progress.warning(
            f"The text of the {licence.title} could not be fetched ({error.found}); get it at {licence.url} and keep "
            "it with what you pass on."
        )
        return ""


# --- What is there ---------------------------------------------------------------------------------------------------


def _verify(parameters: Mapping[str, Any], progress: Progress) -> dict[str, Any]:
    store, name = Store(), str(parameters["encoder"])
    record = store.record(name)
    if record.architecture == "builtin":
        return {"print": [f"{name} is built in; it has no files to check."], "files": []}
    checks = store.verify(name, progress)
    files = [{"file": file, "expected": expected, "found": found} for file, expected, found in checks]
    wrong = [file for file, expected, found in checks if expected != found]
    if wrong:
        raise EncoderError(
            f"{', '.join(wrong)} of {name} {'is' if len(wrong) == 1 else 'are'} not what was installed: altered or "
            "damaged", where=str(store.folder_of(name)),
            remedy=f"botaclip encoders remove {name}, then get it again",
        )  # fmt: skip
    installed = store.installed(name)
    pin = installed.pin if installed else "none"
    known = {
        "sha256": "It is the file that the record pins.",
        "prefix": f"Its first digits are those that the record pins ({record.sha256_prefix}).",
        "none": "No record pins it: it is as it came, whatever that was.",
    }[pin]
    lines = [f"{file}: as it was installed (SHA-256 {found})" for file, _, found in checks]
    return {"print": [*lines, known], "files": files, "pin": pin}


def _remove(parameters: Mapping[str, Any], progress: Progress) -> dict[str, Any]:
    store, name = Store(), str(parameters["encoder"])
    if name in RECORDS and RECORDS[name].architecture == "builtin":
        raise EncoderError(f"{name} is built in and cannot be removed")
    with store.lock(name, progress):
        folder = store.folder_of(name)
        if not folder.is_dir():
            store.record(name)  # says so where there is no such encoder at all
        freed = store.remove(name)
    return {"print": [f"{name} was removed from {folder}, {in_mb(freed)} freed."], "freed_bytes": freed}


def _elsewhere(module: str, function: str) -> Callable[[Mapping[str, Any], Progress], dict[str, Any]]:
    """Return an action whose module needs the worker's environment, imported when it is asked for."""

    def act(parameters: Mapping[str, Any], progress: Progress) -> dict[str, Any]:
        outputs: dict[str, Any] = getattr(importlib.import_module(module), function)(parameters, progress)
        return outputs

    return act


_ACTIONS: Mapping[str, Callable[[Mapping[str, Any], Progress], dict[str, Any]]] = {
    "list": _list,
    "show": _show,
    "download": _download,
    "import": _elsewhere("botaclip.core.encoder_import", "import_encoder"),
    "export": _elsewhere("botaclip.core.encoder_export", "export_encoder"),
    "verify": _verify,
    "remove": _remove,
}
