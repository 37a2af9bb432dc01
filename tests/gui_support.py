"""Starts the desktop QGIS under Xvfb with the plugin in an empty profile, and plays a scene of ``tests/gui`` in it."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[1]
SCENES = Path(__file__).resolve().parent / "gui"
# Where pictures are kept for people to look at.
SCREENS = ROOT / "build" / "screens"
PLUGIN_PARTS = ("__init__.py", "metadata.txt", "core", "training", "botaclip_qgis", "resources", "requirements", "i18n")
SECONDS = 420
SETTINGS = """[PythonPlugins]
botaclip=true
processing=true
[migration]
fileVersion=2
firstRunVersionFlag=40000
settings=true
[qgis]
checkVersion=false
showTips340=false
askToSaveProjectChanges=false
[app]
projections\\unknownCrsBehavior=NoAction
"""


class Desktop:
    """A desktop QGIS with an empty profile and a copy of the plugin without its ``.venv``.

    Parameters
    ----------
    folder
        Where profile, plugin and home are made.
    settings
        Further lines of ``QGIS3.ini``.
    """

    def __init__(self, folder: Path, settings: str = "") -> None:
        if shutil.which("qgis") is None or shutil.which("xvfb-run") is None:
            pytest.skip("QGIS or Xvfb is not installed")
        self.folder = folder
        profile = folder / "profiles" / "profiles" / "default"
        self.plugin = profile / "python" / "plugins" / "botaclip"
        self.plugin.mkdir(parents=True)
        ignore = shutil.ignore_patterns("__pycache__")
        for part in PLUGIN_PARTS:
            source = ROOT / part
            if source.is_dir():
                shutil.copytree(source, self.plugin / part, ignore=ignore)
            elif source.is_file():
                shutil.copy(source, self.plugin / part)
        ini = profile / "QGIS" / "QGIS3.ini"
        ini.parent.mkdir(parents=True)
        ini.write_text(SETTINGS + settings, encoding="utf-8")
        self.home = folder / "home"
        (self.home / "Documents").mkdir(parents=True)
        misleading = ("PYTHON", "QT_", "BOTACLIP_", "XDG_", "LANG", "LC_")
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(misleading)},
            # QGIS looks for its own Python's modules beside the first python3 on the path.
            "PATH": f"{Path(shutil.which('qgis') or '/usr/bin/qgis').parent}{os.pathsep}{os.environ.get('PATH', '')}",
            "HOME": str(self.home),
            "LANG": "C.UTF-8",
            "XDG_RUNTIME_DIR": str(folder),
            "BOTACLIP_ENVIRONMENTS": str(folder / "environments"),
            "BOTACLIP_CACHE": str(folder / "cache"),
            "BOTACLIP_SCREENS": str(SCREENS),
            "BOTACLIP_ANSWER": str(folder / "answer.json"),
            "BOTACLIP_SCENES": str(SCENES),
        }

    def play(
        self, scene: str, *, variables: Mapping[str, str] = {}, screen: str = "1500x950x24"  # noqa: B006
    ) -> dict[str, Any]:  # fmt: skip
        """Play ``tests/gui/<scene>.py``; return what it wrote as JSON."""
        SCREENS.mkdir(parents=True, exist_ok=True)
        answer = self.folder / "answer.json"
        answer.unlink(missing_ok=True)
        words = [
            "xvfb-run", "-a", "-s", f"-screen 0 {screen}", "qgis", "--nologo", "--noversioncheck", "--profiles-path",
            str(self.folder / "profiles"), "--code", str(SCENES / f"{scene}.py"),
        ]  # fmt: skip
        log = self.folder / "qgis.log"
        with log.open("w") as said:
            ran = subprocess.Popen(
                words, env={**self.environment, **variables}, stdout=said, stderr=said, start_new_session=True,
                cwd=self.folder,
            )  # fmt: skip
            try:
                ran.wait(timeout=SECONDS)
            except subprocess.TimeoutExpired:
                pass
            finally:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(ran.pid, signal.SIGKILL)
        assert answer.is_file(), log.read_text(errors="replace")[-4000:]
        found = json.loads(answer.read_text(encoding="utf-8"))
        assert "error" not in found, found["error"]
        return dict(found)
