"""Maps at the size of a county: how long they take, how much memory, and how much of the bare model's rate is left.

    .venv/bin/python benchmarks/scale.py                     # 20,000 and 10,000 pixels a side; needs 5 GB of disk
    .venv/bin/python benchmarks/scale.py --sides 8000 4000   # smaller
    .venv/bin/python benchmarks/scale.py --keep build/scale  # keep rasters and model for the next time

A generated raster of 0.5 m (red, green, blue, near infrared, uint8, tiled, ZSTD) and a model trained on a corner of it
(encoder random-conv, patch 100 m). ``embed`` (stride 10 m, 64 components) and ``suitability`` of 20 species run through
the real command line. Time is that of the whole command, start-up and closing of the file included. Memory is the
sum, over the command line, its worker and all their children, of the largest resident memory that the kernel has
noted for each (VmHWM): shared pages count twice and the peaks need not have met, so it is an upper bound of the peak of
the whole tree.

The bare model's rate is that of ``encoder.encode`` alone on preloaded pixels, in blocks of the size, on the threads
and in as many blocks at a time as the maps use; the share is the rate of the map (cells of the raster, each counted
once, over the whole time) over it. It is measured before and after each map, and the mean taken. Two more shares are
given: of CPU time, which says the same on a machine that others use as well; and over one graph on all cores, the way
in which onnxruntime is mostly used and in which these maps were made before.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import platform
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import county
from checkout import register

ROOT = register()

import numpy as np  # noqa: E402
import psutil  # noqa: E402

from botaclip.core.applied_imagery import AppliedImagery  # noqa: E402
from botaclip.core.cells import _RUN_CELLS  # noqa: E402

RESULTS = ROOT / "benchmarks" / "results" / "scale.json"
STRIDE_M, COMPONENTS, CELL_M = 10, 64, 5.0
_LOOK_S, _BARE_S, _BLOCKS = 0.1, 4.0, 48
MOST_MINUTES, MOST_GIB, MOST_RATIO = 15.0, 1.5, 1.1


@dataclasses.dataclass(frozen=True)
class Bare:
    """The encoder alone: cells per second as the maps use it and as one graph on all cores, CPU seconds of a cell."""

    rate: float
    one_graph: float
    cpu_s: float

    def mean(self, other: Bare) -> Bare:
        """Return the mean of two measurements."""
        return Bare(*((a + b) / 2 for a, b in zip(dataclasses.astuple(self), dataclasses.astuple(other), strict=True)))


def bare(model: Path, raster: Path) -> Bare:
    """Measure the encoder alone on preloaded pixels of the raster."""
    with AppliedImagery.open(model, raster, device="cpu", maps=True) as applied:
        encoder, cells = applied.layout.encoder, applied.scene(0).cells
        windows = [cells.read(100 + _RUN_CELLS * i, 100, _RUN_CELLS, _RUN_CELLS) for i in range(_BLOCKS)]
        batches = [(window.pixels[None], window.valid[None]) for window in windows]
        rate, cpu_s = _rate(encoder, batches, applied.workers)
        return Bare(rate, _rate(dataclasses.replace(encoder, threads=None), batches, 1)[0], cpu_s)


def _rate(encoder: Any, batches: list[Any], workers: int) -> tuple[float, float]:
    """Return cells per second and CPU seconds per cell with so many blocks at a time."""
    encoder.encode(*batches[0])
    started, spent = time.perf_counter(), time.process_time()
    end = started + _BARE_S

    def work(first: int) -> int:
        done = 0
        while time.perf_counter() < end:
            encoder.encode(*batches[(first + done) % len(batches)])
            done += 1
        return done

    with ThreadPoolExecutor(workers) as pool:
        cells = sum(pool.map(work, range(workers))) * _RUN_CELLS**2
    return cells / (time.perf_counter() - started), (time.process_time() - spent) / cells


def run(words: list[object], cache: Path) -> dict[str, float]:
    """Run a command; return its ``seconds``, ``cpu_s`` and ``peak_mib``."""
    started = time.perf_counter()
    process = county.call(*words, "--progress", "none", cache=cache)
    tree, peaks, spent = psutil.Process(process.pid), {}, {}
    while process.poll() is None:
        with suppress(psutil.Error):
            for one in (tree, *tree.children(recursive=True)):
                with suppress(OSError, StopIteration, psutil.Error):
                    lines = Path(f"/proc/{one.pid}/status").read_text().splitlines()
                    peaks[one.pid] = int(next(line for line in lines if line.startswith("VmHWM")).split()[1])
                    spent[one.pid] = sum(one.cpu_times()[:2])
        time.sleep(_LOOK_S)
    seconds = time.perf_counter() - started
    if process.returncode:
        raise SystemExit(process.communicate()[1])
    return {"seconds": seconds, "cpu_s": sum(spent.values()), "peak_mib": sum(peaks.values()) / 1024}


def measure(side: int, model: Path, folder: Path) -> dict[str, Any]:
    """Return time, memory and share of the bare rate of both maps of a raster of ``side`` pixels."""
    raster = folder / f"county_{side}.tif"
    if not raster.exists():
        started = time.perf_counter()
        county.write_county(raster, side=side)
        print(f"{side} x {side} pixels generated in {time.perf_counter() - started:.0f} s", flush=True)
    species = ",".join(f"Species {number:02d}" for number in range(county.SPECIES))
    maps = {
        "embed": ["--dimensions", COMPONENTS], "suitability": ["--species", species],
    }  # fmt: skip
    found: dict[str, Any] = {"raster_gb": raster.stat().st_size / 1e9}
    cells = (side * county.PIXEL_M / CELL_M) ** 2
    before = bare(model, raster)
    for command, more in maps.items():
        output = folder / f"{command}.tif"
        words = [command, "--raster", raster, "--model", model, "--stride", STRIDE_M, "--output", output, *more]
        result: dict[str, Any] = run([*words, "--device", "cpu", "--overwrite"], folder / "cache")
        after = bare(model, raster)
        alone, before = before.mean(after), after
        rate = cells / result["seconds"]
        result |= {
            "cells_per_s": rate, "bare_cells_per_s": alone.rate, "bare_one_graph_cells_per_s": alone.one_graph,
            "share": rate / alone.rate, "share_of_one_graph": rate / alone.one_graph,
            "share_of_cpu": cells * alone.cpu_s / result["cpu_s"], "map_mb": output.stat().st_size / 1e6,
        }  # fmt: skip
        output.unlink()
        for kind in (".qml", ".qmd"):
            output.with_suffix(kind).unlink()
        found[command] = result
        print(
            f"{side:>6} px  {command:<12}{result['seconds']:7.1f} s  {result['peak_mib']:6.0f} MiB  "
            f"{rate:8.0f} cells/s; share of the bare model {result['share']:.2f} (of CPU time "
            f"{result['share_of_cpu']:.2f}, of one graph on all cores {result['share_of_one_graph']:.2f})", flush=True,
        )  # fmt: skip
    return found


def verdict(found: dict[str, Any]) -> list[str]:
    """Return a line for each thing that was asked."""
    sides = sorted((side for side in found if side.isdigit()), key=int)
    lines = []
    for command in ("embed", "suitability"):
        large = found[sides[-1]][command]
        minutes, gib = large["seconds"] / 60, large["peak_mib"] / 1024
        lines.append(
            f"{command}: {minutes:.1f} minutes ({'below' if minutes < MOST_MINUTES else 'ABOVE'} {MOST_MINUTES:g}), "
            f"{gib:.2f} GiB ({'below' if gib < MOST_GIB else 'ABOVE'} {MOST_GIB:g})"
        )
        if len(sides) > 1:
            ratio = large["peak_mib"] / found[sides[0]][command]["peak_mib"]
            within = 1 / MOST_RATIO < ratio < MOST_RATIO
            lines.append(f"{command}: memory of {sides[-1]} over that of {sides[0]} pixels a side: {ratio:.3f} "
                         f"({'within' if within else 'NOT within'} 10 %)")  # fmt: skip
    return lines


def main() -> None:
    """Measure, print and keep the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sides", type=int, nargs="*", default=[10_000, 20_000], help="pixels a side")
    parser.add_argument("--keep", type=Path, help="folder in which rasters and model are kept")
    parser.add_argument("--results", type=Path, default=RESULTS)
    options = parser.parse_args()
    found: dict[str, Any] = {
        "machine": {"cores": len(os.sched_getaffinity(0)), "system": platform.platform(),
                    "load_before": os.getloadavg()[0]},
    }  # fmt: skip
    with ExitStack() as stack:
        if options.keep is None:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="botaclip-scale-")))
        else:
            folder = options.keep
            folder.mkdir(parents=True, exist_ok=True)
        model = folder / "county.botaclip"
        if not model.exists():
            started = time.perf_counter()
            county.train(folder)
            print(f"model trained in {time.perf_counter() - started:.0f} s", flush=True)
        for side in sorted(options.sides):
            found[str(side)] = measure(side, model, folder)
    print("\n".join(verdict(found)))
    options.results.parent.mkdir(parents=True, exist_ok=True)
    options.results.write_text(json.dumps(found, indent=1, default=_plain) + "\n")


def _plain(value: Any) -> Any:
    return dataclasses.asdict(value) if dataclasses.is_dataclass(value) else float(np.asarray(value))


if __name__ == "__main__":
    main()
