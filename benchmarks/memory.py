"""How much memory a map takes, and that it does not depend on how large the map is.

    .venv/bin/python benchmarks/memory.py                      # a generated raster: the whole of it and a quarter
    .venv/bin/python benchmarks/memory.py --raster demo/landscape/tiles --model demo/model.botaclip
    .venv/bin/python benchmarks/memory.py --pixel 0.2          # patches of 500 x 500 pixels

Every map is made by a worker of its own, as QGIS and the command line make it; what counts is the largest resident
memory of that process and all its children. A quarter is half the raster's rows and half its columns.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from checkout import register

ROOT = register()

import numpy as np  # noqa: E402
import psutil  # noqa: E402
import rasterio  # noqa: E402
from rasterio.transform import from_origin  # noqa: E402
from rasterio.windows import Window  # noqa: E402

from botaclip.core.rasters import open_raster  # noqa: E402
from botaclip.core.worker_client import WorkerClient  # noqa: E402

MAPS = ("embed", "suitability")
_SAMPLE_S = 0.005
_STRIP = 512


def write_image(path: Path, *, side: int, pixel_m: float = 1.0, bands: int = 4, seed: int = 0) -> Path:
    """Write a square uint8 image of noise on patches, strip by strip: its making takes no memory either."""
    random = np.random.default_rng(seed)
    names = ("red", "green", "blue", "nir")[:bands]
    with rasterio.open(
        path, "w", driver="GTiff", width=side, height=side, count=bands, dtype="uint8", crs="EPSG:2154", nodata=0,
        transform=from_origin(700_000, 6_600_000, pixel_m, pixel_m), tiled=True, blockxsize=256, blockysize=256,
        compress="zstd",
    ) as dataset:
        for band, name in enumerate(names, start=1):
            dataset.set_band_description(band, name)
        for top in range(0, side, _STRIP):
            height = min(_STRIP, side - top)
            coarse = random.integers(40, 210, (bands, height // 32 + 1, side // 32 + 1), dtype=np.uint8)
            strip = coarse.repeat(32, axis=1)[:, :height].repeat(32, axis=2)[:, :, :side]
            strip += random.integers(0, 40, (1, height, side), dtype=np.uint8)
            dataset.write(strip, window=Window(0, top, side, height))
    return path


def quarter(raster: Path) -> str:
    """Return the extent of the middle of a raster: half its rows, half its columns."""
    left, bottom, right, top = open_raster(raster).bounds
    width, height = right - left, top - bottom
    return f"{left + width / 4},{right - width / 4},{bottom + height / 4},{top - height / 4}"


@contextmanager
def peak_of(pid: int) -> Iterator[list[int]]:
    """Watch a process and its children; the list's only item is the largest sum of their resident memory, in bytes."""
    peak, over = [0], threading.Event()
    process = psutil.Process(pid)

    def watch() -> None:
        while not over.wait(_SAMPLE_S):
            with suppress(psutil.Error):
                family = [process, *process.children(recursive=True)]
                peak[0] = max(peak[0], sum(one.memory_info().rss for one in family))

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield peak
    finally:
        over.set()
        watcher.join()
        # Between two looks the process may have been larger still; where the system remembers, it is asked.
        with suppress(OSError, StopIteration):
            lines = Path(f"/proc/{pid}/status").read_text().splitlines()
            peak[0] = max(peak[0], 1024 * int(next(line for line in lines if line.startswith("VmHWM")).split()[1]))


def measure(command: str, *, interpreter: str = sys.executable, **parameters: Any) -> dict[str, Any]:
    """Run one command in a worker of its own; return its ``peak_mb``, ``seconds`` and ``pixels``."""
    with WorkerClient(interpreter) as worker:
        assert worker.pid is not None
        began = time.monotonic()
        with peak_of(worker.pid) as peak:
            outputs = worker.run(command, {name: str(value) for name, value in parameters.items()})
        return {"peak_mb": peak[0] / 2**20, "seconds": time.monotonic() - began, "pixels": outputs["pixels"]}


def whole_and_quarter(command: str, raster: Path, model: Path, folder: Path, **rest: Any) -> dict[str, Any]:
    """Measure a map of a whole raster and of a quarter of it; ``ratio`` is the one's memory over the other's."""
    given = {"raster": raster, "model": model, "device": "cpu", "overwrite": True, **rest}
    found = {
        name: measure(command, output=folder / f"{command}_{name}.tif", **given, **extent)
        for name, extent in (("whole", {}), ("quarter", {"extent": quarter(raster)}))
    }
    return {**found, "ratio": found["whole"]["peak_mb"] / found["quarter"]["peak_mb"]}


def main() -> None:
    """Measure and print a line per map."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--raster", type=Path, help="an image; without it one is generated")
    parser.add_argument("--model", type=Path, help="a model for it; without it one of random numbers is made")
    parser.add_argument("--side", type=int, default=6000, help="rows and columns of the generated image (6000)")
    parser.add_argument("--pixel", type=float, default=1.0, help="its pixel size in metres (1)")
    parser.add_argument("--stride", type=float, help="pixel size of the maps in metres")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    rest = {} if options.stride is None else {"stride": options.stride}
    with tempfile.TemporaryDirectory(prefix="botaclip-memory-") as name:
        folder = Path(name)
        raster = options.raster or write_image(folder / "image.tif", side=options.side, pixel_m=options.pixel)
        model = options.model
        if model is None:
            sys.path.insert(0, str(ROOT))
            from tests.model_fixture import write_model

            model = write_model(folder / "model.botaclip", raster).path
        for command in MAPS:
            found = whole_and_quarter(command, raster, model, folder, **rest)
            if options.json:
                sys.stdout.write(json.dumps({"command": command, **found}) + "\n")
                continue
            for part in ("whole", "quarter"):
                sys.stdout.write("{:<12}{:<9}{pixels:>10} pixels {peak_mb:7.0f} MiB {seconds:6.0f} s\n".format(
                    command, part, **found[part]))  # fmt: skip
            sys.stdout.write(f"{command:<12}ratio    {found['ratio']:.3f}\n")


if __name__ == "__main__":
    main()
