"""Writes ``demo.qgz``: ``/usr/bin/python3 scripts/demo_project.py demo``. Runs in QGIS's Python, without a screen."""

from __future__ import annotations

import argparse
import importlib.util
import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def register() -> None:
    """Make the checkout the package ``botaclip``, whatever its folder is called."""
    spec = importlib.util.spec_from_file_location(
        "botaclip", ROOT / "__init__.py", submodule_search_locations=[str(ROOT)]
    )
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["botaclip"] = module
    spec.loader.exec_module(module)


def main(arguments: list[str] | None = None) -> int:
    """Write the project; say in one sentence what stands in the way."""
    parser = argparse.ArgumentParser(description="A QGIS project of the demo's layers.")
    parser.add_argument("folder", type=Path, help="has model.botaclip, embedding.tif and suitability.tif")
    parser.add_argument("--landscape", type=Path, help="tiles and tables; default: the folder landscape in it")
    options = parser.parse_args(arguments)
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    register()
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
