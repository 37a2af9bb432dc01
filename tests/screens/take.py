"""Opens the desktop QGIS under Xvfb with the plugin, runs a scene in it and keeps the screenshots.

``python tests/screens/take.py SCENE PROJECT [--fake]`` writes into ``build/screens``; ``SCENE`` is a file beside this
one: ``click``, ``sample`` (any project; it is closed), or ``encoders`` (any project; variables ``BOTACLIP_ENCODERS``
and ``BOTACLIP_CHECKPOINT`` name a store and a file of DINOv3 ViT-S/16 to take in, or none). ``--fake`` takes the
worker with small jobs of ``tests/qgis/fake_boot.py``.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SCREENS = ROOT / "build" / "screens"
SECONDS = 180
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


def main() -> int:
    """Return QGIS's exit code."""
    parser = argparse.ArgumentParser(description="Screenshots of the desktop QGIS with the plugin.")
    parser.add_argument("scene")
    parser.add_argument("project", type=Path)
    parser.add_argument("--fake", action="store_true")
    parser.add_argument("--plugin", type=Path, default=ROOT, help="its folder or ZIP; default: the checkout")
    options = parser.parse_args()
    if not options.project.is_file():
        parser.error(f"{options.project} is no file")
    SCREENS.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="botaclip-screens-") as text:
        folder = Path(text)
        profile = folder / "profiles" / "profiles" / "default"
        plugins = profile / "python" / "plugins"
        plugins.mkdir(parents=True)
        if options.plugin.suffix == ".zip":
            with zipfile.ZipFile(options.plugin) as archive:
                for entry in archive.infolist():
                    (plugins / entry.filename).parent.mkdir(parents=True, exist_ok=True)
                    (plugins / entry.filename).write_bytes(archive.read(entry))
        else:
            (plugins / "botaclip").symlink_to(options.plugin.resolve(), target_is_directory=True)
        ini = profile / "QGIS" / "QGIS3.ini"
        ini.parent.mkdir(parents=True)
        ini.write_text(SETTINGS)
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "QT_"))},
            # QGIS looks for its own Python's modules beside the first python3 on the path.
            "PATH": f"{Path(shutil.which('qgis') or '/usr/bin/qgis').parent}{os.pathsep}{os.environ.get('PATH', '')}",
            "XDG_RUNTIME_DIR": str(folder),
            "BOTACLIP_SCREENS": str(SCREENS),
            "BOTACLIP_SCENES": str(Path(__file__).resolve().parent),
            "BOTACLIP_FAKE": "1" if options.fake else "",
        }
        qgis = [
            "qgis", "--nologo", "--noversioncheck", "--profiles-path", str(folder / "profiles"),
            "--project", str(options.project.resolve()),
            "--code", str(Path(__file__).resolve().with_name(f"{options.scene}.py")),
        ]  # fmt: skip
        screen = ["xvfb-run", "-a", "-s", "-screen 0 1500x950x24"]
        ran = subprocess.Popen([*screen, *qgis], env=environment, start_new_session=True)
        try:
            return ran.wait(timeout=SECONDS)
        except subprocess.TimeoutExpired:
            print("QGIS did not end; perhaps a dialog waits", file=sys.stderr)
            return 124
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(ran.pid, signal.SIGKILL)


if __name__ == "__main__":
    sys.exit(main())
