"""The sample project that the plugin brings along, and the command that copies it. Standard library only.

``resources/sample`` is made by ``benchmarks/sample.py``; everything in it is invented. Its list of contents tells a
copy from a folder of someone's own data.
"""

from __future__ import annotations

import json
import shutil
import zlib
from pathlib import Path
from typing import Any

from botaclip.core.errors import OutputError
from botaclip.core.progress import Progress
from botaclip.core.unfinished import check_folder_writable, unfinished, unfinished_folder

SAMPLE = Path(__file__).resolve().parents[1] / "resources" / "sample"
IMAGE, PLOTS, RELEVES, MODEL = "image.tif", "plots.csv", "releves.csv", "model.botaclip"
CONTENTS = "sample.json"
_KIND = "BotaCLIP sample project"


def contents_of(folder: Path) -> dict[str, Any]:
    """Return what the list of contents of a sample holds: the files of ``folder`` with their checks."""
    files = sorted(path for path in folder.iterdir() if path.is_file() and path.name != CONTENTS)
    return {"kind": _KIND, "files": {path.name: _check(path) for path in files}}


def sample_files() -> list[str]:
    """Return the names of the sample's files, its list of contents last.

    Raises
    ------
    OutputError
        The sample did not come along, or not whole.
    """
    files = _listed(SAMPLE)
    missing = [name for name in files if not (SAMPLE / name).is_file()]
    if not files or missing:
        raise OutputError(
            f"the sample project did not come along{f' whole ({missing[0]} is missing)' if missing else ''}",
            where=str(SAMPLE), remedy="install the plugin anew",
        )  # fmt: skip
    return [*files, CONTENTS]


def is_sample(folder: Path) -> bool:
    """Whether ``folder`` holds this sample as it came, whatever else was put beside it."""
    ours = _listed(SAMPLE)
    try:
        return bool(ours) and all(_check(folder / name) == check for name, check in ours.items())
    except OSError:
        return False


def sample(parameters: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """Copy the sample project into a folder; what an earlier copy or others left beside it stays.

    Parameters
    ----------
    parameters
        ``output`` (folder), ``overwrite``: replace the files of another or altered copy.
    progress
        Told each file; can cancel.

    Returns
    -------
    dict
        ``output``; ``files``: path by name; ``print``.

    Raises
    ------
    OutputError
        The folder holds something else, or an altered copy and ``overwrite`` was not given; it cannot be written; the
        sample did not come along.
    Cancelled
        The user asked to stop; a new folder is not there, of an earlier copy each file is the old or the new one.
    """
    output = Path(parameters["output"])
    files = sample_files()
    said = f"The sample project lies in {output}. Nothing in it is real."
    if is_sample(output):
        said = f"The sample project lies in {output} already, unaltered."
    elif _listed(output):
        _renew(output, files, bool(parameters.get("overwrite")), progress)
    else:
        # Whatever overwrite says: only an empty folder gives way.
        check_folder_writable(output, overwrite=True, ours=_is_empty)
        with unfinished_folder(output, overwrite=True, ours=_is_empty) as part:
            for number, name in enumerate(files):
                progress.update(number / len(files), f"copying {name}")
                shutil.copyfile(SAMPLE / name, part / name)
    progress.update(1.0, "sample project complete")
    return {"output": str(output), "files": {name: str(output / name) for name in files}, "print": [said]}


def _renew(output: Path, files: list[str], overwrite: bool, progress: Progress) -> None:
    """Replace the files of another version's copy, or of one that was altered."""
    if not overwrite:
        raise OutputError(
            "the folder holds a sample project that was altered, or another version's", where=str(output),
            remedy="use --overwrite or another folder",
        )  # fmt: skip
    for number, name in enumerate(files):
        progress.update(number / len(files), f"copying {name}")
        with unfinished(output / name, overwrite=True) as part:
            shutil.copyfile(SAMPLE / name, part)


def _is_empty(folder: Path) -> bool:
    return not any(folder.iterdir())


def _listed(folder: Path) -> dict[str, list[int]]:
    """Return the files that a folder's list of contents names, with their checks; none where there is no such list."""
    try:
        found = json.loads((folder / CONTENTS).read_text(encoding="utf-8"))
        files = found["files"] if found["kind"] == _KIND else {}
        return {str(name): check for name, check in files.items() if Path(name).name == name}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def _check(path: Path) -> list[int]:
    """Return bytes and CRC-32: they tell an altered file; nobody is kept out by them."""
    content = path.read_bytes()
    return [len(content), zlib.crc32(content)]
