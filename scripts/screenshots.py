"""Takes the pictures of the help pages anew: ``.venv/bin/python scripts/screenshots.py [REPORT]``.

QGIS runs under Xvfb with a throw-away profile and plays ``tests/screens/docs.py`` on the sample project. ``REPORT`` is
a report to show, such as the one that ``scripts/tutorial.py --folder F`` leaves in F; it is drawn by Chromium, and
left as it is where either is missing. The pictures go to ``docs/images``, small, as PNG with a palette. Look at each.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SCREENS = ROOT / "build" / "screens"
IMAGES = ROOT / "docs" / "images"
NAMES = ("sample", "panel-data", "panel-model", "panel-run", "suitability", "click", "train")
REPORT = "report"
LARGEST_BYTES = 200_000
# A project with nothing in it.
EMPTY = '<!DOCTYPE qgis><qgis version="3.34.0" projectname=""></qgis>\n'


def take(folder: Path) -> None:
    """Play the scene; the pictures lie in :data:`SCREENS`."""
    project = folder / "empty.qgs"
    project.write_text(EMPTY, encoding="utf-8")
    home = folder / "home"
    home.mkdir()
    environment = {
        **os.environ,
        # The sample goes to the documents of whoever takes the pictures; not to their own.
        "HOME": str(home), "BOTACLIP_FOLDER": str(folder), "BOTACLIP_CACHE": str(folder / "cache"),
        "BOTACLIP_PYTHON": os.environ.get("BOTACLIP_PYTHON") or sys.executable,
        "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8",
    }  # fmt: skip
    command = [sys.executable, str(ROOT / "tests" / "screens" / "take.py"), "docs", str(project)]
    subprocess.run(command, env=environment, check=True)


def draw_report(report: Path) -> None:
    """Draw the beginning of a report with Chromium."""
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None:
        print("No Chromium here: the picture of the report is left as it is.")
        return
    command = [browser, "--headless", "--no-sandbox", "--hide-scrollbars", "--window-size=1100,800"]
    subprocess.run(
        [*command, f"--screenshot={SCREENS / REPORT}.png", report.resolve().as_uri()], check=True,
        capture_output=True, timeout=120,
    )  # fmt: skip


def shrink(source: Path, target: Path) -> int:
    """Write a picture with as many colours as keep it small; return its bytes."""
    from PIL import Image

    with Image.open(source) as opened:
        picture = opened.convert("RGB")
    for colours in (256, 128, 64, 32):
        # By maximum coverage a few coloured dots on a photograph keep their colours.
        method = Image.Quantize.MAXCOVERAGE
        picture.quantize(colours, method=method, dither=Image.Dither.NONE).save(target, optimize=True)
        if target.stat().st_size <= LARGEST_BYTES:
            break
    return target.stat().st_size


def main() -> int:
    """Take, draw, shrink."""
    SCREENS.mkdir(parents=True, exist_ok=True)
    IMAGES.mkdir(exist_ok=True)
    # Not in the system's folder for temporary files: QGIS would mark every layer as temporary.
    with tempfile.TemporaryDirectory(prefix="pictures-", dir=SCREENS.parent) as folder:
        take(Path(folder))
    names = list(NAMES)
    if len(sys.argv) > 1:
        draw_report(Path(sys.argv[1]))
        names.append(REPORT)
    for name in names:
        if (SCREENS / f"{name}.png").is_file():
            print(f"{name}.png: {shrink(SCREENS / f'{name}.png', IMAGES / f'{name}.png'):,} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
