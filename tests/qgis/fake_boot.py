"""A worker with small jobs of its own in place of the real ones, for the tests of the QGIS faces."""

from __future__ import annotations

import importlib.util
import os
import time
from pathlib import Path
from typing import Any

_BOOT = Path(__file__).resolve().parents[2] / "core" / "worker_boot.py"
_SPEC = importlib.util.spec_from_file_location("_worker_boot", _BOOT)
assert _SPEC is not None and _SPEC.loader is not None
worker_boot = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(worker_boot)


def embed(parameters: dict[str, Any], progress: Any) -> dict[str, Any]:
    """Write slowly; heed a cancel unless the model is called deaf."""
    from botaclip.core.unfinished import unfinished

    progress.info("begins")
    progress.warning("mind the gap")
    with unfinished(Path(parameters["output"]), overwrite=True) as part:
        part.write_text("half")
        Path(parameters["model"]).with_suffix(".pid").write_text(str(os.getpid()))
        for step in range(600):
            if "deaf" not in parameters["model"]:
                progress.update(step / 600, "writes")
            time.sleep(0.05)
    return {}


def suitability(parameters: dict[str, Any], progress: Any) -> dict[str, Any]:
    """Write a map for each of two CRSs into a folder, as imagery in two zones makes them."""
    import numpy as np
    import rasterio

    from botaclip.core.raster_style import qml_suitability

    folder = Path(parameters["output"]).with_suffix("")
    folder.mkdir()
    rasters = []
    for code in (32617, 32618):
        path = folder / f"{folder.name}_EPSG_{code}.tif"
        with rasterio.open(
            path, "w", driver="GTiff", width=4, height=4, count=1, dtype="float32", crs=f"EPSG:{code}",
            transform=rasterio.transform.from_origin(500_000, 4_000_000, 10, 10),
        ) as dataset:  # fmt: skip
            dataset.write(np.full((1, 4, 4), 0.5, np.float32))
        path.with_suffix(".qml").write_text(qml_suitability())
        rasters.append(str(path))
    if "lost" in parameters["model"]:
        Path(rasters[0]).unlink()
    return {"output": str(folder), "rasters": rasters, "print": "two maps"}


def train(parameters: dict[str, Any], progress: Any) -> dict[str, Any]:
    """Write a model and plots."""
    Path(parameters["output"]).write_text("model")
    Path(parameters["predictions"]).write_text("plot,Abies alba found\np1,1\n")
    return {"output": parameters["output"], "predictions": parameters["predictions"]}


def verify(parameters: dict[str, Any], progress: Any) -> dict[str, Any]:
    """Report a few stages at once."""
    for step in range(11):
        progress.update(step / 10, "one" if step < 5 else "two")
        time.sleep(0.12)
    return {"print": "whole and unaltered"}


def click(parameters: dict[str, Any], progress: Any) -> dict[str, Any]:
    """Answer with the place after a while; die where x is negative."""
    if parameters["x"] < 0:
        os._exit(7)
    time.sleep(0.4)
    species = [
        {"name": "Fagus sylvatica", "suitability": 0.25, "threshold": 0.4, "above": False},
        {"name": "Abies alba", "suitability": 0.75, "threshold": 0.5, "above": True},
    ]
    place = {"x": parameters["x"], "y": parameters["y"], "crs": parameters["crs"]}
    return {
        "request": parameters["request"], "status": "ok", "message": "", "species": species, "relative": False,
        "place": place, "source": "model", "patch": {**place, "size_m": 100.0, "offset_m": 1.0, "side": 100.0},
        "plot_m2": 10_000.0, "seconds": 0.4, "pid": os.getpid(), "given": parameters,
    }  # fmt: skip


if __name__ == "__main__":
    jobs = {"embed": embed, "suitability": suitability, "train": train, "verify": verify, "click": click}
    raise SystemExit(worker_boot.main(jobs))
