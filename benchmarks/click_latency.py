"""How long a click takes with the bundled model on a real NEON image: the worker alone, and the whole road in QGIS.

    .venv/bin/python benchmarks/click_latency.py             # 200 warm clicks and 10 cold ones, both roads
    .venv/bin/python benchmarks/click_latency.py --quick     # 40 and 2
    .venv/bin/python benchmarks/click_latency.py --report    # only the table

Places are random, each with its whole patch on the image. Cold is the first click in a fresh worker: its start, the
imports, opening model and image. Warm is any other. The worker's time is from asking to the answer, over the pipe; the
whole road is from the tool's click until the dock is filled and painted, on Qt's offscreen platform. The picture of the
patch is asked for in both, as the dock does; ``without picture`` leaves it out. The load of the machine is noted.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from checkout import register

ROOT = register()

import numpy as np  # noqa: E402
import rasterio  # noqa: E402

from botaclip.core.bundled import BUNDLED  # noqa: E402
from botaclip.core.interpreter import find_interpreter  # noqa: E402
from botaclip.core.worker_client import WorkerClient  # noqa: E402

SHARED = Path(os.environ.get("BOTACLIP_SHARED") or ROOT.parent / "shared") / "data"
IMAGE = SHARED / "scenes" / "neon_bart_rgb_10cm_2019.tif"
RESULTS = ROOT / "benchmarks" / "results" / "click_latency.json"
MARGIN_M, IMAGE_PX, AIM_MS = 12.0, 160, 300
PATIENCE_S = 540


def places(count: int, seed: int) -> tuple[list[list[float]], str]:
    """Return random places in the image's CRS, and the CRS."""
    random = np.random.default_rng(seed)
    with rasterio.open(IMAGE) as dataset:
        west, south, east, north = dataset.bounds
        x = random.uniform(west + MARGIN_M, east - MARGIN_M, count)
        y = random.uniform(south + MARGIN_M, north - MARGIN_M, count)
        return np.stack([x, y], axis=1).tolist(), str(dataset.crs)


def in_worker(count: int, repeats: int) -> dict[str, list[float]]:
    """Return seconds of the worker's answers: cold, warm, and warm without the picture."""
    python = find_interpreter("", needs="run")
    spots, crs = places(count + repeats, 1)

    def ask(worker: WorkerClient, spot: list[float], image_px: int = IMAGE_PX) -> float:
        given = {"raster": str(IMAGE), "model": str(BUNDLED), "x": spot[0], "y": spot[1], "crs": crs,
                 "image_px": image_px}  # fmt: skip
        started = time.perf_counter()
        said = worker.run("click", given)
        taken = time.perf_counter() - started
        assert said["status"] == "ok" and bool(said["image"]) == bool(image_px)
        return taken

    cold = []
    for spot in spots[count:]:
        with WorkerClient(python) as worker:
            cold.append(ask(worker, spot))
    with WorkerClient(python) as worker:
        for spot in spots[:3]:
            ask(worker, spot)
        # In turn, so that whatever else the machine does falls on both; of other places, for pixels just read are kept.
        warm = {"warm": [], "warm, without picture": []}
        for spot, other in zip(spots[:count], places(count, 4)[0], strict=True):
            warm["warm"].append(ask(worker, spot))
            warm["warm, without picture"].append(ask(worker, other, 0))
    return {"cold": cold, **warm}


def in_qgis(count: int, repeats: int) -> dict[str, list[float]]:
    """Return seconds of the whole road: cold and warm."""
    sys.path.insert(0, str(ROOT))
    from tests.qgis_support import SCRIPTS, Qgis, qgis_python

    made = {}
    with tempfile.TemporaryDirectory(prefix="botaclip-latency-") as text:
        folder = Path(text)
        qgis = Qgis(folder / "qgis")
        for road, number, seed in (("cold", repeats, 3), ("warm", count, 2)):
            spots, crs = places(number, seed)
            given, said = folder / f"{road}.json", folder / f"{road}_said.json"
            given.write_text(json.dumps({"raster": str(IMAGE), "crs": crs, "places": spots}))
            ran = subprocess.run(
                [qgis_python(), str(SCRIPTS / "click_latency.py"), str(said), road, str(given)],
                env={**qgis.environment, "BOTACLIP_PYTHON": sys.executable}, capture_output=True, text=True,
                timeout=PATIENCE_S, check=False, cwd=folder,
            )  # fmt: skip
            if ran.returncode:
                raise SystemExit(ran.stdout + ran.stderr)
            made[road] = json.loads(said.read_text())["seconds"]
    return made


def summary(seconds: list[float]) -> dict[str, float]:
    """Return number, median, 95th percentile and longest, in milliseconds."""
    ms = [1000 * each for each in seconds]
    return {
        "clicks": len(ms), "median_ms": round(statistics.median(ms), 1),
        "p95_ms": round(float(np.percentile(ms, 95)), 1), "longest_ms": round(max(ms), 1),
    }  # fmt: skip


def show(results: dict[str, Any]) -> None:
    """Print the table."""
    print(f"{results['machine']}; load average before {results['load'][0]}, after {results['load'][1]}")
    print(f"{'':42}{'clicks':>8}{'median':>10}{'p95':>10}{'longest':>10}  (ms)")
    for name, row in results["roads"].items():
        print(f"{name:42}{row['clicks']:>8}{row['median_ms']:>10}{row['p95_ms']:>10}{row['longest_ms']:>10}")


def main() -> None:
    """Measure, write and print."""
    parser = argparse.ArgumentParser(description="How long a click takes.")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--report", action="store_true")
    parser.add_argument("--output", type=Path, default=RESULTS)
    asked = parser.parse_args()
    if asked.report:
        show(json.loads(asked.output.read_text(encoding="utf-8")))
        return
    count, repeats = (40, 2) if asked.quick else (200, 10)
    before = [round(each, 2) for each in os.getloadavg()]
    roads = {f"worker, {road}": summary(each) for road, each in in_worker(count, repeats).items()}
    roads |= {f"QGIS, {road}": summary(each) for road, each in in_qgis(count, repeats).items()}
    results = {
        "machine": f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}",
        "image": IMAGE.name, "model": BUNDLED.name, "aim": f"p95 below {AIM_MS} ms, warm, on 2 cores",
        "load": [before, [round(each, 2) for each in os.getloadavg()]], "roads": roads,
    }  # fmt: skip
    if not asked.quick:
        asked.output.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    show(results)


if __name__ == "__main__":
    main()
