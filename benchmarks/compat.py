"""Does the plugin work on a newer QGIS than this machine's? Tried on Debian's newest, in a root of its own.

    sudo .venv/bin/python benchmarks/compat.py                 # sid, else testing; a quarter of an hour, 5 GB
    sudo .venv/bin/python benchmarks/compat.py --suite testing
    sudo .venv/bin/python benchmarks/compat.py --write         # also docs/compat.md
    sudo .venv/bin/python benchmarks/compat.py --remove        # take the root away

The root lies in ``~/.cache/botaclip-compat/<suite>`` and is kept for the next time (``--fresh`` makes it anew). It is
made by debootstrap from the mirror that this machine's apt uses and entered by chroot; this machine's own packages stay
as they are. Screenshots go to ``build/compat``. Exit code 1 where a check failed.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from checkout import register

register()
ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tests.qgis_support import Qgis  # noqa: E402
from tests.small_rasters import neon_like_raster  # noqa: E402

from compat_checks import CLICK, Compat, Outcome, map_words, read_map, suitabilities  # noqa: E402
from compat_root import DebianRoot, RootError, check_rights  # noqa: E402
from qgis_system import find_qgis  # noqa: E402
from qt_scan import scan_folder  # noqa: E402

SUITES = ("sid", "testing")
NEWER_THAN = (3, 44)
DOCUMENT = ROOT / "docs" / "compat.md"
TEXT = """# Which QGIS this runs on

The plugin is written for QGIS 3.34 to 4.x. QGIS 3 comes with Qt 5 and **PyQt5**, QGIS 4 with Qt 6 and **PyQt6**; the
plugin imports Qt from `qgis.PyQt` alone, which is whichever of the two QGIS was built with. Enumerations are named in
full (`Qt.CursorShape.CrossCursor`), as PyQt6 wants them and PyQt5 allows.

| QGIS | state |
|---|---|
| 3.34 | **not run**; checked statically, see below |
| {here} (Python {here_python}) | run by the whole test suite, on Debian 12 |
| {QGIS} (Qt {Qt}, PyQt {PyQt}, Python {Python}) | run, see below, on Debian {suite} |
| 4.x | **not run**; checked statically, see below |

## Debian {suite}: QGIS {QGIS}

Written by `benchmarks/compat.py --write`, which makes a Debian root of its own, puts the suite's `qgis` there without
recommended packages and copies the checkout in. GDAL {GDAL}, PROJ {PROJ}. Two cores, shared with other work: the
seconds say what it costs, not how quick it is.

{table}

{pip}## What is checked without running it

`scripts/qt_scan.py` reads the syntax tree of every file in `botaclip_qgis`; `tests/test_qt_compat.py` runs it and shows
on wrong snippets that each of its checks finds something. Found now: {scan}. It looks for

* imports of PyQt5, PyQt6, PySide or sip in place of `qgis.PyQt`;
* values of enumerations without their scope (`Qt.AlignLeft`, `QMessageBox.Yes`, `QgsMapLayer.VectorLayer`), also when
  taken from an object (`dialog.Accepted`), and enumerations made numbers with `int()`;
* `exec_()` and other methods that Qt 6 gave up, overloads of signals that it no longer has
  (`currentIndexChanged[str]`), `QVariant.Int` and `QVariant.Type`;
* classes that are gone in Qt 6 (`QRegExp`, `QTextCodec`, `QDesktopWidget`...) or moved: `QAction`, `QActionGroup` and
  `QShortcut` come from `qgis.PyQt.QtWidgets`, where QGIS has them with both;
* names of QGIS's API that came after 3.34, unless the version is asked for around them.

Beside that, on the QGIS at hand: every dotted name of QGIS and Qt that the plugin uses exists there, and none of the
names and methods is documented there as added after 3.34 (of a method on an object it is not known to which class it
belongs: it counts as newer where it is newer in every class that the plugin imports). And every name of Qt is looked up
in the real PyQt6 of the suite, see the table.

What this cannot see: behaviour that changed under an unchanged name, stricter types of PyQt6 at run time, methods of
QGIS that changed between 3.44 and 4, and what Windows and macOS builds do. `directml` and `coreml` are likewise
**not run** here.
"""
PIP_TEXT = """A Debian with QGIS alone has a Python without pip. The set-up then says so and names the package
(`python3-venv`); with that package installed it makes the environment from the same locks, with the suite's Python.

For training, torch is the one package that is not tried here: the locks name its build for CUDA for this Python too
(2.9 GB to fetch); the small build for the CPU is for Linux in no package index that the locks can name, and has to come
from a folder of wheels. So training under that Python is **not run**, and the tests that train do not pass there.

"""


def main() -> int:
    """Return 1 where a check failed or no root could be made."""
    options = _parser().parse_args()
    suites = [options.suite] if options.suite else list(SUITES)
    if options.remove:
        for suite in suites:
            DebianRoot(options.folder / suite, suite).remove()
        return 0
    log = options.folder / "compat.log"
    options.folder.mkdir(parents=True, exist_ok=True)
    log.write_text("", encoding="utf-8")
    root = None
    for suite in suites:
        try:
            root = ready_root(options.folder / suite, suite, fresh=options.fresh, log=log)
            break
        except RootError as error:
            print(f"{suite}: {error}", file=sys.stderr)
    if root is None:
        return 1
    with tempfile.TemporaryDirectory(prefix="botaclip-compat-") as text:
        raster = neon_like_raster(Path(text) / "photograph.tif")
        here = answers_here(raster, Path(text))
        compat = Compat(root, raster, here, ROOT / "build" / "compat", log)
        outcomes = []
        for one in compat.run():
            outcomes.append(one)
            print(f"{one.result:8}{one.seconds:7.0f} s  {one.check}: {one.words}", flush=True)
    found = scan_folder(ROOT / "botaclip_qgis")
    for version in ("3.34", "4.x"):
        words = f"checked statically: {len(found)} findings"
        outcomes.append(Outcome(f"QGIS {version}", "failed" if found else "not run", words, 0.0))
        print(f"{outcomes[-1].result:8}          QGIS {version}: {words}")
    print("\n".join(found))
    if options.write:
        DOCUMENT.write_text(document(compat, outcomes, found), encoding="utf-8")
        print(f"{DOCUMENT} written")
    return int(any(one.result == "failed" for one in outcomes))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="The plugin on the newest QGIS of Debian, in a root of its own.")
    parser.add_argument("--suite", help=f"default: the first of {', '.join(SUITES)} that can be had")
    parser.add_argument("--folder", type=Path, default=Path.home() / ".cache" / "botaclip-compat")
    parser.add_argument("--fresh", action="store_true", help="make the root anew")
    parser.add_argument("--write", action="store_true", help=f"write {DOCUMENT.relative_to(ROOT)}")
    parser.add_argument("--remove", action="store_true", help="remove the root and end")
    return parser


def ready_root(folder: Path, suite: str, *, fresh: bool, log: Path) -> DebianRoot:
    """Return a root of the suite whose QGIS is new enough.

    Raises
    ------
    RootError
        It cannot be made, or its QGIS is not newer.
    """
    root = DebianRoot(folder, suite)
    if ROOT in folder.resolve().parents:
        raise RootError(f"{folder} lies in the checkout")
    check_rights()
    if fresh or not root.is_made:
        print(f"A Debian {suite} is made in {folder}")
        root.make(log)
    said = root.run(["dpkg-query", "-W", "-f", "${Version}", "qgis"]).stdout
    number = tuple(int(part) for part in said.split("+")[0].split(".")[:2] if part.isdigit())
    if number < NEWER_THAN:
        raise RootError(f"its QGIS is {said or 'not installed'}, and 3.44 or later is wanted")
    return root


def answers_here(raster: Path, folder: Path) -> dict[str, Any] | None:
    """Return what the QGIS of this machine makes of the same photograph, None where there is none."""
    try:
        here = find_qgis()
    except Exception:  # whatever is wrong with it, there is nothing to compare with
        here = None
    if here is None:
        return None
    qgis = Qgis(folder / "here")
    variables = {"BOTACLIP_PYTHON": sys.executable}
    answers: dict[str, Any] = {"QGIS": ".".join(map(str, here.version))}
    for name in ("embed", "suitability"):
        output = folder / f"{name}.tif"
        ran = qgis.process("run", f"botaclip:{name}", *map_words(str(raster), str(output)), environment=variables)
        if ran.returncode != 0:
            raise SystemExit(f"{name} failed under the QGIS of this machine: {ran.stderr[-500:]}")
        answers[name] = read_map(output)
    answers["click"] = suitabilities(qgis.script("bundled_click", str(raster), *CLICK, environment=variables))
    return answers


def document(compat: Compat, outcomes: Sequence[Outcome], found: Sequence[str]) -> str:
    """Return the text of ``docs/compat.md``."""
    rows = ["| check | result | seconds | found |", "|---|---|---|---|"]
    for one in outcomes:
        result = one.result if one.result == "ok" else f"**{one.result}**"
        seconds = f"{one.seconds:.0f}" if one.result != "not run" else ""
        rows.append(f"| {one.check} | {result} | {seconds} | {one.words.replace('|', '/')} |")
    named = ("QGIS", "Qt", "PyQt", "Python", "GDAL", "PROJ")
    return TEXT.format(
        **{name: compat.versions.get(name, "?") for name in named}, suite=compat.root.suite, table="\n".join(rows),
        here=(compat.here or {}).get("QGIS", "3.40"), here_python=".".join(map(str, sys.version_info[:2])),
        pip=PIP_TEXT, scan="; ".join(found) or "nothing",
    )  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
