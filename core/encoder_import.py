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
from botaclip.core.encoders.licences import LICENCES, family_licence, licence_of
from botaclip.core.encoders.record import EncoderRecord
from botaclip.core.encoders.record_json import record_from_json, record_to_json
from botaclip.core.encoders.registry import RECORDS, RGB
from botaclip.core.encoders.store import Installed, Store, digest, in_mb
from botaclip.core.errors import EncoderError, EnvironmentMissing, OptionError
from botaclip.core.progress import Progress

if TYPE_CHECKING:
    from botaclip.core.encoders.checkpoint import Checkpoint
    from botaclip.core.encoders.frozen import FrozenEncoder
    from botaclip.core.encoders.layouts import Layout

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
        return _completed(_own_weights(record, parameters, progress), parameters, {**numbers, "value_range": None})
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


def _own_weights(record: EncoderRecord, parameters: Mapping[str, Any], progress: Progress) -> EncoderRecord:
    """Return timm's record for weights that timm knows nothing of, and say what of timm's it still has."""
    name, low_high = record.variant["timm"], ", ".join(f"{value:g}" for value in record.value_range)
    scales = "; ".join(
        f"{word} {', '.join(f'{value:.4g}' for value in numbers.values())}"
        for word, numbers in (("mean", record.mean), ("std", record.std))
    )
    gsd = ", ".join(f"{value:g}" for value in record.gsd_m)
    taken = [(("bands",), f"bands {', '.join(record.bands)}"), (("mean",), scales),
             (("value_range",), f"value range {low_high}"), (("input_size",), f"input size {record.input_px}"),
             (("gsd",), f"pixel size {gsd} m")]  # fmt: skip
    assumed = [words for (key,), words in taken if parameters.get(key) in (None, "")]
    if assumed:
        progress.info(
            f"Not stated, so taken from what timm says of {name}, or else the usual: {'; '.join(assumed)}. Where your "
            "weights were trained otherwise, say it with --bands, --mean, --std, --value-range, --input-size, --gsd."
        )
    notes = f"The network is timm's {name}; the weights are your own."
    licence = str(parameters.get("licence") or "")
    # What had to be accepted for a network's published weights is not dropped; anything else only their owner knows.
    if not licence and record.licence.lower().startswith("dinov3"):
        licence = "DINOv3"
    if not licence:
        progress.info("The licence of the weights is not stated; say it with --licence where you pass on what is made "
                      "of them.")  # fmt: skip
    return dataclasses.replace(record, licence=licence, notes=notes)


_UNPINNED: Mapping[str, Any] = {
    "file": "", "url": "", "revision": "", "sha256": "", "sha256_prefix": "", "size_bytes": 0,
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
        if record.architecture == layout.architecture and _of_kind(record, layout) and _fits(record, checkpoint):
            progress.info(f"{path.name} looks like {layout.detail}; it is taken in as one like {record.id}.")
            if layout.architecture == "dinov3" and layout.satellite is None:
                for twin in RECORDS.values():
                    if twin.variant == record.variant and twin.mean != record.mean:
                        progress.warning(
                            f"This layout does not tell what it was trained on, and {twin.id} is normalised in another "
                            f"way; where it is that one, say --architecture {twin.id}."
                        )
            title = f"{name}, like {record.id}"
            return _completed(dataclasses.replace(record, **_UNPINNED, id=name, title=title), parameters, numbers)
    timm = str(layout.variant.get("name") or layout.variant.get("timm") or "")
    remedy = f"say --architecture timm:{timm}" if timm else "give its record with --record"
    if layout.head:
        remedy = "say with --architecture which encoder it is like"
    raise EncoderError(f"it looks like {layout.detail}, and no encoder like it is known here", where=str(path),
                       remedy=remedy)  # fmt: skip


def _of_kind(record: EncoderRecord, layout: Layout) -> bool:
    """Whether the layout says nothing against a record that the shapes of the encoder alone do not tell.

    The networks around FLAIR's encoders leave these alike but for what they learnt, and DeepLabV3's is dilated; the
    satellite models of DINOv3 differ in their normalisation. A file without a decoder fits all.
    """
    if layout.head and record.architecture == layout.architecture in ("flair", "mit"):
        known = next((head for head in ("U-Net", "FPN", "DeepLabV3") if record.title.endswith(f" {head}")), "")
        if known and record.id in RECORDS:
            return layout.head == known
        return layout.head.startswith("DeepLabV3") == (int(record.variant.get("output_stride", 32)) < 32)
    if layout.satellite is not None and record.architecture in ("dinov3", "timm"):
        if record.id in RECORDS:
            return layout.satellite == (_SATELLITE in record.file)
        return not (layout.satellite and _for_photographs(record))
    return True


# What the files of DINOv3's satellite models have in their names.
_SATELLITE = "sat493m"


def _for_photographs(record: EncoderRecord) -> bool:
    """Whether a record normalises as DINOv3's models of photographs do, which no satellite model does."""
    low, high = record.value_range
    photographs = RECORDS["dinov3-vits16"]
    return all(
        role in record.mean and abs((record.mean[role] - low) / (high - low) - mean / 255.0) < 1e-3
        for role, mean in photographs.mean.items()
    )


def _fits(record: EncoderRecord, checkpoint: Checkpoint) -> bool:
    width = checkpoint.layout.variant.get("width") if checkpoint.layout is not None else None
    if width and record.dimension and width != record.dimension:
        return False  # told without building a network of hundreds of millions of numbers
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
    if licence_of(record).accept:
        changed.pop("licence", None)  # nobody says away what has to be accepted
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
    known = record.id in RECORDS
    accepted = accept_licence(record, parameters, progress) if known else ""
    sha256 = digest(path, progress.stage(0.0, 0.3))
    refuse(record, sha256, str(path))
    wanted = given_digest(parameters, dataclasses.replace(record, sha256="", sha256_prefix=""))
    if wanted and wanted != sha256:
        raise EncoderError(f"the file has the SHA-256 {sha256}, not {wanted}", where=str(path), remedy="get it anew")
    # Adopting an ONNX file has run it already.
    checkpoint = None if record.architecture == "onnx" else _read(path, record.refused, progress.stage(0.3, 0.5))
    if not known:
        record = _licensed(record, path, checkpoint, sha256, progress)
        accepted = accept_licence(record, parameters, progress)
    text = licence_text(parameters, path.parent)
    if accepted and not text:
        progress.info(
            f"The licence's text is not beside the file; get it at {LICENCES[accepted].url} and give it with "
            "--licence-file, so that it goes along with what is made of the weights."
        )
    if checkpoint is not None:
        record = _tried(record, checkpoint, path, progress.stage(0.5, 0.7))
    if not known:
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


def _licensed(
    record: EncoderRecord, path: Path, checkpoint: Checkpoint | None, sha256: str, progress: Progress
) -> EncoderRecord:
    """Return a user's record with the licence that its weights come under, whatever was said of it."""
    layout = checkpoint.layout if checkpoint is not None else None
    pins = [(one, one.sha256 or one.sha256_prefix) for one in RECORDS.values()]
    same = [one for one, pin in pins if pin and sha256.startswith(pin) and licence_of(one).accept]
    bound = same[0].licence if same else family_licence(
        layout.architecture if layout is not None else "", record.architecture, str(record.variant.get("timm", "")),
        record.file, path.name,
    )  # fmt: skip
    if not bound or bound == record.licence:
        return record
    is_one = f"{path.name} looks like {layout.detail}" if layout is not None else f"{path.name} is called so"
    other = f", not under {record.licence!r}" if record.licence else ""
    progress.info(f"{is_one}: it comes under the {LICENCES[bound].title}{other}.")
    return dataclasses.replace(record, licence=bound)


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


def _tried(record: EncoderRecord, checkpoint: Checkpoint, path: Path, progress: Progress) -> EncoderRecord:
    """Build it once; return the record with what only the network tells."""
    layout = checkpoint.layout
    # What timm has is taken for what it is by timm's own keys, whatever it looks like.
    if layout is not None and layout.architecture != record.architecture and record.architecture != "timm":
        wanted = ARCHITECTURES[record.architecture].title
        if not (layout.architecture == "timm" and record.architecture in ("flair", "flair-hub")):
            raise EncoderError(
                f"it looks like {layout.detail}, not like {wanted} ({record.id})", where=str(path),
                remedy="choose the encoder that this file belongs to",
            )  # fmt: skip
    if layout is not None and not _of_kind(record, layout):
        fitting = [one.id for one in RECORDS.values() if one.architecture == layout.architecture
                   and _of_kind(one, layout) and _fits(one, checkpoint)]  # fmt: skip
        remedy = "choose the encoder that this file belongs to"
        if fitting:
            word = "it fits" if record.id in RECORDS else "say --architecture"
            remedy = f"{word} {' or '.join(fitting)}"
        raise EncoderError(f"it looks like {layout.detail}, not like {record.title}", where=str(path), remedy=remedy)
    progress.update(0.1, f"building {record.id}")
    network = _built(record, checkpoint)
    if record.id not in RECORDS:
        record = _measured(record, network, checkpoint, path)
    progress.update(1.0)
    return record


def _measured(record: EncoderRecord, network: FrozenEncoder, checkpoint: Checkpoint, path: Path) -> EncoderRecord:
    """Return the record with the sizes of its network; a size that it states has to be the network's."""
    dimension = network.dimension * (2 if record.poolings[0] == "cls-mean" else 1)
    unsaid = EncoderRecord("", "", "")
    sizes = (("dimension", "vectors of {} numbers", dimension), ("token_px", "tokens of {} px", network.token_px))
    for key, words, size in sizes:
        stated = getattr(record, key)
        if stated not in (size, getattr(unsaid, key)):
            raise EncoderError(
                f"the record says {words.format(stated)}, and the network makes {words.format(size)}", where=str(path),
                remedy=f'write "{key}": {size} in the record, or leave it out',
            )  # fmt: skip
    for stage, field in record.fields.items():
        dense = _built(record, checkpoint, stage)
        if not 0 <= dense.margin_px - field // 2 < dense.token_px:
            found = f"the inner cells of stage {stage} need {dense.margin_px} px around them"
            raise EncoderError(
                f"the record says a receptive field of {field} px, and {found}" if dense.margin_px
                else f"the record says a receptive field of {field} px, and stage {stage} has no mode dense",
                where=str(path), remedy="correct 'fields' in the record, or leave it out with mode dense",
            )  # fmt: skip
    return dataclasses.replace(record, dimension=dimension, token_px=network.token_px)


def _read(path: Path, refused: Mapping[str, str], progress: Progress) -> Checkpoint:
    try:
        from botaclip.core.encoders.checkpoint import read_checkpoint
    except ModuleNotFoundError as error:
        raise EnvironmentMissing(
            f"a checkpoint cannot be read without the package {error.name}", remedy="run botaclip setup"
        ) from error
    progress.update(0.1, f"reading {path.name}")
    return read_checkpoint(path, refused=refused)


def _built(record: EncoderRecord, checkpoint: Checkpoint, stage: int | None = None) -> FrozenEncoder:
    """Return the network with the checkpoint in it."""
    bands = record.bands or RGB
    wavelengths = [wavelength_um(role) for role in bands]
    known = [value for value in wavelengths if value is not None]
    return build(
        record, checkpoint.state, bands=bands, wavelengths=known if len(known) == len(bands) else None, stage=stage
    )
