"""Sets up all that the checkout needs: QGIS, where it can be installed, and a private ``.venv``. ``make setup``.

Standard library only, started by any Python from 3.10. It says what it will install and how large that is, then does
it; where all is there it returns at once. Settings: ``BOTACLIP_TORCH``, ``BOTACLIP_TORCH_SOURCE`` (see
``core/torch_build.py``), ``BOTACLIP_QGIS_PROCESS``.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
import time
from pathlib import Path

import checkout  # noqa: F401 - the package is importable from here on
import lrelease
import qgis_system
from botaclip.core.errors import OptionError
from botaclip.core.setup_environment import SIZES_MB as SIZES_OF_USERS_MB
from botaclip.core.torch_build import TorchChoice
from environment import SETS, Environment, check_python
from qgis_system import SetupError

ROOT = Path(__file__).resolve().parents[1]
LOG = ROOT / "build" / "setup.log"
# (to fetch, on disk) in MB, only to say beforehand what will come: measured on Linux x86-64 with Python 3.11. apt says
# its own numbers again, exactly, before it begins.
SIZES_MB = {"QGIS": (470, 2060), "dev": (67, 225), **SIZES_OF_USERS_MB}


def say(text: str) -> None:
    """Print at once, also into a pipe."""
    print(text, flush=True)


def qgis_seen(recorded: dict[str, object], process: Path | None) -> bool:
    """Return whether the marker has seen this very ``qgis_process`` (path and time of change) already."""
    return process is not None and recorded.get("qgis") == _stamp(process)


def _stamp(process: Path) -> list[object]:
    return [str(process), process.stat().st_mtime]


def missing_packages() -> list[str]:
    """Return the Debian packages to install.

    Raises
    ------
    SetupError
        QGIS is too old or missing and this is no system where it can be installed.
    """
    packages: list[str] = []
    found = qgis_system.find_qgis()
    if found is None or found.version < qgis_system.OLDEST_QGIS:
        packages += qgis_system.QGIS_PACKAGES
        try:
            qgis_system.apt_prefix()
        except SetupError as error:
            there = "no QGIS" if found is None else f"only QGIS {found.version[0]}.{found.version[1]}"
            raise qgis_system.by_hand(f"There is {there} on this machine. {error}", packages) from None
    if importlib.util.find_spec("ensurepip") is None:
        packages.append("python3-venv")
    if shutil.which("Xvfb") is None:
        try:
            qgis_system.apt_prefix()
        except SetupError:
            say("No Xvfb here: the tests that open QGIS's window will be skipped.")
        else:
            packages += qgis_system.DISPLAY_PACKAGES
    if lrelease.find_lrelease() is None:
        try:
            qgis_system.apt_prefix()
        except SetupError:
            say("No lrelease of Qt here: the plugin stays English, and make package cannot be run.")
        else:
            packages += lrelease.PACKAGES
    return packages


def make_translations(folder: Path = ROOT / "i18n") -> None:
    """Make the translations that are missing or older than their sources; without ``lrelease`` nothing is done."""
    sources = lrelease.stale(folder)
    tool = lrelease.find_lrelease() if sources else None
    if tool is not None:
        for source in sources:
            lrelease.release(source, tool)
        say(f"Translations made: {', '.join(source.stem for source in sources)}.")


def plan(packages: list[str], environment: Environment) -> list[str]:
    """Return the lines that say what will be installed and how large it is."""
    lines = []
    if packages:
        fetch, disk = SIZES_MB["QGIS"] if "qgis" in packages else (10, 30)
        lines.append(f"  {', '.join(packages)} (apt): about {fetch} MB to fetch, {disk} MB on disk")
    if not environment.ready():
        for name in (*SETS, f"torch-{environment.torch.build}"):
            fetch, disk = SIZES_MB[name]
            lines.append(f"  .venv, set {name}: about {fetch} MB to fetch, {disk} MB on disk")
    return lines


def set_up() -> Environment:
    """Bring everything into place and return the environment.

    Raises
    ------
    SetupError
        Something is missing that cannot be installed from here.
    """
    check_python()
    try:
        environment = Environment(ROOT, TorchChoice.from_environment())
    except OptionError as error:
        raise SetupError(error.sentence) from None
    if environment.ready() and qgis_seen(environment.recorded(), qgis_system.qgis_process_path()):
        make_translations()
        return environment
    began = time.monotonic()
    LOG.parent.mkdir(exist_ok=True)
    LOG.write_text("", encoding="utf-8")
    packages = missing_packages()
    lines = plan(packages, environment)
    if lines:
        say("Set-up will install:\n" + "\n".join(lines))
        if environment.torch.build == "cpu" and shutil.which("nvidia-smi"):
            say("  (torch for the CPU; BOTACLIP_TORCH=cuda takes the build for the NVIDIA GPU of this machine)")
    if packages:
        qgis_system.apt_install(packages, log=LOG, say=say)
    found = qgis_system.find_qgis()
    if found is None or found.version < qgis_system.OLDEST_QGIS:
        raise qgis_system.by_hand("QGIS is still missing after installing it.", qgis_system.QGIS_PACKAGES)
    make_translations()
    if not environment.ready():
        environment.make(LOG, say)
    environment.write_marker({**environment.recorded(), "qgis": _stamp(found.process)})
    version = ".".join(map(str, found.version))
    say(f"Set up in {time.monotonic() - began:.0f} s: QGIS {version}, {os.path.relpath(environment.folder, ROOT)}.")
    return environment


def main() -> int:
    """Set up; say in one sentence what stands in the way."""
    try:
        set_up()
    except SetupError as error:
        print(f"Set-up stopped: {error}", file=sys.stderr, flush=True)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
