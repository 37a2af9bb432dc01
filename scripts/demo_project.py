"""Writes ``demo.qgz``: ``/usr/bin/python3 scripts/demo_project.py demo``. Runs in QGIS's Python, without a screen."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

import checkout  # noqa: F401 - the package is importable from here on


def main(arguments: list[str] | None = None) -> int:
    """Write the project; say in one sentence what stands in the way."""
    parser = argparse.ArgumentParser(description="A QGIS project of the demo's layers.")
    parser.add_argument("folder", type=Path, help="has model.botaclip, embedding.tif and suitability.tif")
    parser.add_argument("--landscape", type=Path, help="tiles and tables; default: the folder landscape in it")
    options = parser.parse_args(arguments)
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from qgis.core import QgsApplication

    from botaclip.botaclip_qgis.demo_project import write_demo_project
    from botaclip.core.errors import BotaclipError

    application = QgsApplication([], False)
    application.initQgis()
    folder = options.folder.resolve()
    try:
        path = write_demo_project(folder, (options.landscape or folder / "landscape").resolve())
    except BotaclipError as error:
        print(error.sentence, file=sys.stderr, flush=True)
        return 1
    print(f"{path} written", flush=True)
    # Not application.exitQgis(): with layers alive in Python it may crash after the work is done.
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    sys.exit(main())
