"""What a smaller precision costs downstream: the same training with fp32, fp16 and int8 of one encoder.

    .venv/bin/python benchmarks/encoder_precision.py                          # about a quarter of an hour
    .venv/bin/python benchmarks/encoder_precision.py --encoders dinov3-vits16

On real plots (Camden, Sentinel-2, 72 tree species) ``botaclip train --alignment none`` runs with each precision,
spatial folds and seeds the same. Printed: the graph's size, its fidelity on tiles of the raster, and the AUC of the
frozen vectors (column ``raw``), median over species, with the paired difference to fp32 and its largest size.
Convolutional encoders in int8 are calibrated on tiles of the raster first, other tiles than those that the fidelity is
measured on.

Weights are those that are installed, else made-up ones of the official layout, and then the result says what the
arithmetic costs, not what a trained network loses.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

from checkout import register

register()
ROOT = Path(__file__).resolve().parents[1]

import numpy as np  # noqa: E402

from botaclip.core.commands import ENCODERS, TRAIN  # noqa: E402
from botaclip.core.data_folder import read_data_folder  # noqa: E402
from botaclip.core.encoder_actions import encoders  # noqa: E402
from botaclip.core.encoders.record import PRECISIONS  # noqa: E402
from botaclip.core.encoders.store import Store  # noqa: E402
from botaclip.core.model_file import ModelFile  # noqa: E402
from botaclip.core.options import parse_parameters  # noqa: E402
from botaclip.core.progress import SILENT  # noqa: E402
from botaclip.training.train import train  # noqa: E402
from encoder_graphs import DINOV3_S, FLAIR, RESULTS, SHARED, about_machine, machine  # noqa: E402

DATA = SHARED / "data" / "s2_london_camden_trees"


def made_up_store(folder: Path, names: list[str]) -> str:
    """Install what is not installed with made-up weights, in a store of its own; return what weights were used."""
    if all(Store().installed(name) for name in names):
        return "installed"
    sys.path.insert(0, str(ROOT))
    from tests.encoder_files import write_checkpoint

    os.environ["BOTACLIP_ENCODERS"] = str(folder / "store")
    for name in names:
        given = {"action": "import", "encoder": name, "accept_licence": True}
        encoders(parse_parameters(ENCODERS, {**given, "file": str(write_checkpoint(folder, name))})[0], SILENT)
    return "made up"


def measure(folder: Path, name: str, precision: str) -> dict[str, Any]:
    """Train once; return size, fidelity and the AUC of every species."""
    given = {**read_data_folder(DATA), "device": "cpu", "alignment": "none", "encoder": name, "precision": precision}
    if precision == "int8" and name == FLAIR:
        export = {"action": "export", "encoder": name, "precision": precision, "calibration": given["raster"],
                  "bands": "red,green,blue"}  # fmt: skip
        encoders(parse_parameters(ENCODERS, export)[0], SILENT)
    output, metrics = folder / f"{name}-{precision}.botaclip", folder / f"{name}-{precision}.json"
    given = {key.replace("-", "_"): value for key, value in given.items()}
    train(parse_parameters(TRAIN, {**given, "output": str(output), "metrics": str(metrics)})[0], SILENT)
    document = json.loads(metrics.read_text(encoding="utf-8"))
    about = ModelFile.open(output).metadata["encoder"]
    raw = {name: columns["raw"]["auc"] for name, columns in document["targets"].items()}
    species = {name: auc for name, auc in raw.items() if auc is not None}
    parts = ModelFile.open(output).parts
    return {"mb": len(parts["encoder.onnx"]) / 1e6, "fidelity": about.get("fidelity"), "auc": species}


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--encoders", default=f"{DINOV3_S},{FLAIR}", help="names, separated by commas")
    parser.add_argument("--results", type=Path, default=RESULTS / "encoder_precision.json")
    asked = parser.parse_args()
    names = asked.encoders.split(",")
    found: dict[str, Any] = {"machine": about_machine(machine()), "encoders": {}}
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        os.environ["BOTACLIP_CACHE"] = str(folder / "cache")
        found["weights"] = made_up_store(folder, names)
        print(f"weights: {found['weights']}\n| encoder | precision | MB | error, % of spread | cosine, median | AUC | "
              "difference to fp32, median (largest) |\n|---|---|---|---|---|---|---|")  # fmt: skip
        for name in names:
            rows = {precision: measure(folder, name, precision) for precision in PRECISIONS}
            found["encoders"][name] = rows
            for precision, row in rows.items():
                change = np.array([row["auc"][s] - rows["fp32"]["auc"][s] for s in rows["fp32"]["auc"]])
                told = row["fidelity"] or {}
                error, cosine = told.get("relative_error", 0.0), told.get("cosine", {}).get("median", 1.0)
                print(f"| {name} | {precision} | {row['mb']:.0f} | {100 * error:.2g} | {cosine:.5f} | "
                      f"{np.median(list(row['auc'].values())):.3f} | {np.median(change):+.4f} "
                      f"({np.abs(change).max():.3f}) |", flush=True)  # fmt: skip
    asked.results.write_text(json.dumps(found, indent=1), encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
