"""``botaclip encoders import``: takes in a checkpoint, an ONNX file, or what a folder holds of them.

A file comes in only after it was read and built once, so that a wrong one is explained here and not in the middle of a
training. Needs torch for checkpoints, and onnx for ONNX files.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botaclip.core.band_names import wavelength_um
from botaclip.core.encoder_actions import accept_licence, given_digest, licence_text, read_record, refuse, state_of
from botaclip.core.encoders.architecture import ARCHITECTURES, build
from botaclip.core.encoders.licences import LICENCES
from botaclip.core.encoders.record import EncoderRecord
from botaclip.core.encoders.record_json import record_from_json, record_to_json
from botaclip.core.encoders.registry import RECORDS, RGB
from botaclip.core.encoders.store import Installed, Store, digest, in_mb
from botaclip.core.errors import EncoderError, EnvironmentMissing, OptionError
from botaclip.core.progress import Progress

if TYPE_CHECKING:
    from botaclip.core.encoders.checkpoint import Checkpoint

SUFFIXES = (".safetensors", ".pth", ".pt", ".ckpt", ".bin", ".onnx")
# What describes an encoder that is new here; a record of the registry is not to be altered.
_DESCRIBING = (
    "architecture", "record", "bands", "mean", "std", "value_range", "gsd", "input_size", "input_name", "output_name",
    "licence", "citation",
)  # fmt: skip


def import_encoder(parameters: Mapping[str, Any], progress: Progress) -> dict[str, Any]:
    """Take a file in; see :func:`botaclip.core.encoder_actions.encoders`.

    Raises
    ------
    OptionError
        The file or the name is missing, or the options contradict each other.
    EncoderError
        The licence was not accepted, or the file is another, of another architecture, refused, or no checkpoint.
    EnvironmentMissing
        torch or onnx is not installed.
    """
    if not parameters.get("file"):
        raise OptionError("import needs the file", where="botaclip encoders", remedy="name it with --file")
    given, store = Path(str(parameters["file"])), Store()
    if not given.exists():
        raise EncoderError("there is no such file or folder", where=str(given), remedy="check its path")
    if not parameters.get("encoder"):
        return _import_known(given, parameters, store, progress)
    name = str(parameters["encoder"])
    store.folder_of(name)  # says so where it can be no name
    known = name in RECORDS or (store.installed(name) is not None and not _describes(parameters))
    if known:
        record = _known(name, parameters, store)
        path = _file_in(given, record)
        installed = _take(record, path, parameters, store, progress)
    else:
        path = _file_in(given, None)
        record = _described(name, path, parameters, store, progress)
        installed = _take(record, path, parameters, store, progress)
    return _answer([installed], store)


def _import_known(given: Path, parameters: Mapping[str, Any], store: Store, progress: Progress) -> dict[str, Any]:
    """Take in all files of known encoders that lie in a folder, told by name and digest."""
    if _describes(parameters):
        raise OptionError("import needs a name for a new encoder", where="botaclip encoders",
                          remedy="botaclip encoders import NAME --file FILE")  # fmt: skip
    files = _candidates(given)
    found: dict[str, tuple[EncoderRecord, Path]] = {}
    for path in files:
        named = [record for record in RECORDS.values() if record.file and record.file == path.name]
        if not named:
            sha256 = digest(path, progress)
            named = [
                record for record in RECORDS.values()
                if record.pinned and sha256.startswith(record.sha256 or record.sha256_prefix)
            ]  # fmt: skip
        for record in named:
            found.setdefault(record.id, (record, path))
    if not found:
        raise EncoderError(
            "no file of an encoder that is known by its name or digest is there", where=str(given),
            remedy="say which encoder it is: botaclip encoders import NAME --file FILE",
        )  # fmt: skip
    taken = []
    for i, (record, path) in enumerate(found.values()):
        share = progress.stage(i / len(found), (i + 1) / len(found))
        taken.append(_take(record, path, {**parameters, "sha256": None}, store, share))
    return _answer(taken, store)


def _answer(taken: Sequence[Installed], store: Store) -> dict[str, Any]:
    lines = []
    for installed in taken:
        record = installed.record
        lines += [
            f"{record.id} is installed in {installed.folder}: {installed.checkpoint.name}, "
            f"{in_mb(installed.size_bytes)}, SHA-256 {installed.sha256}.",
            f"Use it: botaclip train --encoder {record.id}",
        ]
    about = [
        {**record_to_json(one.record), "state": state_of(one.record, store), "sha256_found": one.sha256}
        for one in taken
    ]
    return {"print": lines, "encoder": about[0], "encoders": about}


# --- Which file, which record ----------------------------------------------------------------------------------------


def _describes(parameters: Mapping[str, Any]) -> list[str]:
    return [key for key in _DESCRIBING if parameters.get(key) not in (None, "")]


def _known(name: str, parameters: Mapping[str, Any], store: Store) -> EncoderRecord:
    record = store.record(name)
    if record.architecture == "builtin":
        raise EncoderError(f"{name} is built in; there is nothing to import", remedy=f"use --encoder {name}")
    described = _describes(parameters)
    if described:
        flag = "--" + described[0].replace("_", "-")
        raise OptionError(
            f"{name} is an encoder of the registry, and {flag} is not to be altered",
            remedy="leave it out, or choose another name for yours",
        )
    return record


def _candidates(given: Path) -> list[Path]:
    if given.is_file():
        return [given]
    files = [path for path in sorted(given.rglob("*")) if path.suffix.lower() in SUFFIXES and path.is_file()]
    if not files:
        raise EncoderError(
            "the folder holds no checkpoint", where=str(given), remedy=f"name a file that ends in {', '.join(SUFFIXES)}"
        )
    return files


def _file_in(given: Path, record: EncoderRecord | None) -> Path:
    """Return the file: the one that was named, or of a folder the one of the record's name, or the only one."""
    files = _candidates(given)
    if record is not None and record.file:
        named = [path for path in files if path.name == record.file]
        if named:
            return named[0]
        pinned = [path for path in files if len(files) > 1 and record.pinned
                  and digest(path).startswith(record.sha256 or record.sha256_prefix)]  # fmt: skip
        if pinned:
            return pinned[0]
    if len(files) > 1:
        names = ", ".join(path.name for path in files[:5])
        raise EncoderError(
            f"the folder holds {len(files)} files that could be it: {names}{' ...' if len(files) > 5 else ''}",
            where=str(given), remedy="name the file itself",
        )  # fmt: skip
    return files[0]


def _described(
    name: str, path: Path, parameters: Mapping[str, Any], store: Store, progress: Progress
) -> EncoderRecord:
    """Return the record of an encoder that is new here."""
    if parameters.get("record"):
        more = [key for key in _describes(parameters) if key != "record"]
        if more:
            raise OptionError(
                f"--record and --{more[0].replace('_', '-')} contradict each other", remedy="say it in the record"
            )
        record = read_record(str(parameters["record"]))
        if record.id != name:
            raise OptionError(f"the record is for {record.id!r}, not for {name!r}", remedy="give both the same name")
        if record.architecture not in (*ARCHITECTURES, "onnx"):
            raise EncoderError(
                f"there is no architecture {record.architecture!r}", where=str(parameters["record"]),
                remedy=f"choose one of {', '.join(sorted(ARCHITECTURES))}, onnx",
            )  # fmt: skip
        return record
    architecture = str(parameters.get("architecture") or ("onnx" if path.suffix.lower() == ".onnx" else ""))
    numbers = _numbers(parameters)
    if architecture.startswith("timm:"):
        from botaclip.core.encoders.timm_backbone import timm_record

        bands = numbers["bands"] or RGB
        record = timm_record(
            architecture.removeprefix("timm:"), id=name, bands=bands, mean=_by_role("mean", numbers, bands),
            std=_by_role("std", numbers, bands), value_range=numbers["value_range"] or (0.0, 255.0),
            input_px=parameters.get("input_size"), file=path.name, licence=str(parameters.get("licence") or ""),
        )  # fmt: skip
        return _completed(record, parameters, {**numbers, "value_range": None})
    if architecture == "onnx":
        from botaclip.core.encoders import foreign_onnx

        _, record, _ = foreign_onnx.adopt(
            path, name=name, bands=numbers["bands"] or None, mean=numbers["mean"], std=numbers["std"],
            value_range=numbers["value_range"], gsd_m=numbers["gsd"], input_px=parameters.get("input_size"),
            input_name=parameters.get("input_name"), output_name=parameters.get("output_name"),
            licence=str(parameters.get("licence") or ""), citation=str(parameters.get("citation") or ""),
        )  # fmt: skip
        return record
    if not architecture:
        return _like(name, path, parameters, numbers, progress)
    if architecture in store.records():  # a record of the registry, for weights of the same shape
        return _completed(
            dataclasses.replace(store.record(architecture), **_UNPINNED, id=name, title=name), parameters, numbers
        )
    if architecture in ARCHITECTURES and architecture != "timm":
        return _like(name, path, {**parameters, "architecture": architecture}, numbers, progress)
    raise OptionError(
        f"--architecture cannot be {architecture!r}",
        remedy="give timm:NAME, onnx, the name of an encoder that it is like, or a JSON file with --record",
    )


_UNPINNED: Mapping[str, Any] = {
    "file": "", "url": "", "revision": "", "sha256": "", "sha256_prefix": "", "size_bytes": 0, "licence": "",
}  # fmt: skip


def _like(
    name: str, path: Path, parameters: Mapping[str, Any], numbers: Mapping[str, Any], progress: Progress
) -> EncoderRecord:
    """Return a record made of the registry's one whose layout the file has."""
    checkpoint = _read(path, {}, progress)
    layout = checkpoint.layout
    wanted = str(parameters.get("architecture") or "")
    if layout is None or (wanted and layout.architecture != wanted):
        looks = f"it looks like {layout.detail}" if layout else "it looks like no encoder that is known here"
        raise EncoderError(
            f"{looks}" + (f", not like {ARCHITECTURES[wanted].title}" if wanted in ARCHITECTURES else ""),
            where=str(path),
            remedy="say what it is with --architecture (timm:NAME, or the name of an encoder it is like)",
        )
    for record in RECORDS.values():
        if record.architecture == layout.architecture and _fits(record, checkpoint):
            progress.info(f"{path.name} looks like {layout.detail}; it is taken in as one like {record.id}.")
            title = f"{name}, like {record.id}"
            return _completed(dataclasses.replace(record, **_UNPINNED, id=name, title=title), parameters, numbers)
    timm = str(layout.variant.get("name") or layout.variant.get("timm") or "")
    remedy = f"say --architecture timm:{timm}" if timm else "give its record with --record"
    raise EncoderError(f"it looks like {layout.detail}, and no encoder like it is known here", where=str(path),
                       remedy=remedy)  # fmt: skip


def _fits(record: EncoderRecord, checkpoint: Checkpoint) -> bool:
    try:
        _built(record, checkpoint)
    except EncoderError:
        return False
    return True


def _completed(
    record: EncoderRecord, parameters: Mapping[str, Any], numbers: Mapping[str, Any]
) -> EncoderRecord:
    """Return a record with what the options say; checked as one that is read from a file."""
    roles = numbers["bands"] or record.bands or RGB
    given: dict[str, Any] = {
        "bands": numbers["bands"], "mean": _by_role("mean", numbers, roles), "std": _by_role("std", numbers, roles),
        "value_range": numbers["value_range"], "gsd_m": numbers["gsd"], "input_px": parameters.get("input_size"),
        "licence": parameters.get("licence"), "citation": parameters.get("citation"),
    }  # fmt: skip
    changed = {key: value for key, value in given.items() if value not in (None, "", ())}
    if "bands" in changed and record.bands and not {"mean", "std"} <= set(changed):
        if not set(changed["bands"]) <= set(record.mean):
            raise OptionError("--bands alone does not say how they are normalised", remedy="add --mean and --std")
    scaled = changed.get("value_range", record.value_range) != record.value_range
    if scaled and not {"mean", "std"} <= set(changed):
        raise OptionError("--value-range alone leaves mean and std in other units", remedy="add --mean and --std")
    return record_from_json(record_to_json(dataclasses.replace(record, **changed)), where=record.id)


def _numbers(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options that are lists of words or numbers."""
    bands = tuple(word.strip() for word in str(parameters.get("bands") or "").split(",") if word.strip())
    found: dict[str, Any] = {"bands": bands}
    for key, count in (("mean", 0), ("std", 0), ("value_range", 2), ("gsd", 2)):
        text = str(parameters.get(key) or "")
        flag = "--" + key.replace("_", "-")
        try:
            values = tuple(float(word) for word in text.split(",")) if text.strip() else ()
        except ValueError:
            raise OptionError(f"{flag} cannot be {text!r}", remedy="give numbers, separated by commas") from None
        if values and count and len(values) != count:
            raise OptionError(f"{flag} cannot be {text!r}", remedy="give two numbers, the lower first")
        found[key] = values or None
    if (found["mean"] is None) != (found["std"] is None):
        raise OptionError("only one of --mean and --std is given", remedy="give both")
    return found


def _by_role(key: str, numbers: Mapping[str, Any], roles: Sequence[str]) -> dict[str, float] | None:
    values = numbers[key]
    if values is None:
        return None
    if len(values) == 1:
        values = values * len(roles)
    if len(values) != len(roles):
        raise OptionError(
            f"--{key} has {len(values)} numbers for {len(roles)} bands ({', '.join(roles)})",
            remedy="give one number for each band of --bands",
        )
    return dict(zip(roles, values, strict=True))


# --- Taking it in ----------------------------------------------------------------------------------------------------


def _take(
    record: EncoderRecord, path: Path, parameters: Mapping[str, Any], store: Store, progress: Progress
) -> Installed:
    accepted = accept_licence(record, parameters, progress)
    text = licence_text(parameters, path.parent)
    if accepted and not text:
        progress.info(
            f"The licence's text is not beside the file; get it at {LICENCES[accepted].url} and give it with "
            "--licence-file, so that it goes along with what is made of the weights."
        )
    sha256 = digest(path, progress.stage(0.0, 0.3))
    refuse(record, sha256, str(path))
    wanted = given_digest(parameters, dataclasses.replace(record, sha256="", sha256_prefix=""))
    if wanted and wanted != sha256:
        raise EncoderError(f"the file has the SHA-256 {sha256}, not {wanted}", where=str(path), remedy="get it anew")
    record = _tried(record, path, progress.stage(0.3, 0.7))
    if record.id not in RECORDS:
        # What the store could not read again must not come in.
        record = record_from_json(record_to_json(record), where=record.id)
    _say_pin(record, sha256, path, progress)
    with store.lock(record.id, progress):
        store.folder_of(record.id)
        installed = store.install(
            record, path, sha256=sha256, source=str(path.absolute()), accepted=accepted, licence_text=text,
            progress=progress.stage(0.7, 1.0),
        )  # fmt: skip
    progress.update(1.0)
    return installed


def _say_pin(record: EncoderRecord, sha256: str, path: Path, progress: Progress) -> None:
    if not record.pinned:
        if record.id in RECORDS:
            progress.warning(
                f"No digest of {record.id} is known here; that {path.name} is what it should be, only you can tell. "
                f"Its SHA-256 is {sha256}."
            )
        return
    if not sha256.startswith(record.sha256 or record.sha256_prefix):
        progress.warning(
            f"{path.name} has the layout of {record.id} but is not the file that its record pins (SHA-256 {sha256}, "
            f"not {record.sha256 or record.sha256_prefix + '...'}); it is kept as unpinned."
        )
    elif not record.sha256:
        progress.info(f"The first digits of its SHA-256 are those that the record pins ({record.sha256_prefix}).")


def _tried(record: EncoderRecord, path: Path, progress: Progress) -> EncoderRecord:
    """Read and build it once; return the record with what only the network tells."""
    if record.architecture == "onnx":
        return record  # adopting it has run it
    checkpoint = _read(path, record.refused, progress)
    layout = checkpoint.layout
    # What timm has is taken for what it is by timm's own keys, whatever it looks like.
    if layout is not None and layout.architecture != record.architecture and record.architecture != "timm":
        wanted = ARCHITECTURES[record.architecture].title
        if not (layout.architecture == "timm" and record.architecture in ("flair", "flair-hub")):
            raise EncoderError(
                f"it looks like {layout.detail}, not like {wanted} ({record.id})", where=str(path),
                remedy="choose the encoder that this file belongs to",
            )  # fmt: skip
    progress.update(0.6, f"building {record.id}")
    dimension, token_px = _built(record, checkpoint)
    progress.update(1.0)
    if record.id in RECORDS or record.dimension:
        return record
    return dataclasses.replace(record, dimension=dimension, token_px=token_px)


def _read(path: Path, refused: Mapping[str, str], progress: Progress) -> Checkpoint:
    try:
        from botaclip.core.encoders.checkpoint import read_checkpoint
    except ModuleNotFoundError as error:
        raise EnvironmentMissing(
            f"a checkpoint cannot be read without the package {error.name}", remedy="run botaclip setup"
        ) from error
    progress.update(0.1, f"reading {path.name}")
    return read_checkpoint(path, refused=refused)


def _built(record: EncoderRecord, checkpoint: Checkpoint) -> tuple[int, int]:
    """Build the network; return the length of a token's vector and the side of its square in pixels."""
    bands = record.bands or RGB
    wavelengths = [wavelength_um(role) for role in bands]
    known = [value for value in wavelengths if value is not None]
    module = build(
        record, checkpoint.state, bands=bands, wavelengths=known if len(known) == len(bands) else None
    )
    return int(module.dimension), int(module.token_px)
