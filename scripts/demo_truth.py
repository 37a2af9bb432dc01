"""Scores the maps in a demo folder against the truth of its landscape: ``demo_truth.py demo/``. Runs in ``.venv``."""

from __future__ import annotations

import importlib.util
import statistics
import sys
from pathlib import Path


def main(folder: Path) -> int:
    """Print the median correlation over species of every suitability map in the folder."""
    boot = Path(__file__).resolve().parents[1] / "core" / "worker_boot.py"
    spec = importlib.util.spec_from_file_location("_botaclip_boot", boot)
    assert spec is not None and spec.loader is not None
    # Loading it registers the checkout as package botaclip, whatever its folder is called.
    spec.loader.exec_module(importlib.util.module_from_spec(spec))
    from botaclip.training.truth import score_maps

    scores = score_maps(folder)
    if not scores:
        print("There is no truth beside this image; real landscapes have none.")
    for name, species in scores.items():
        values = sorted(species.values())
        print(
            f"{name}: correlation with the true suitability {statistics.median(values):.3f} (median of {len(values)} "
            f"species, from {values[0]:.3f} to {values[-1]:.3f})"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
