"""Train the model that the plugin brings along, ``resources/models/neon.botaclip``, and judge whether it earns it.

    .venv/bin/python benchmarks/bundled_model.py            # judge, then train: a quarter of an hour
    .venv/bin/python benchmarks/bundled_model.py --judge    # only judge

NEON's plots with imagery (48 relevés on five sites), VEGETA fitted also to the relevés of ``neon_releves_all``. Whole
blocks are left out, five folds, three times with other folds; plots of one site are compared that one model was tested
on. It is kept only if the mean AUC over species lies above that of the prevalence (0.5) with its whole 95 % interval,
by bootstrap over blocks. What was measured is written beside the model (``neon.json``), wrong relevés (``shuffled``)
too. Plot locations in it are coarsened to 10 km.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from checkout import register

ROOT = register()

import numpy as np  # noqa: E402

from botaclip.core.bundled import MODELS  # noqa: E402
from botaclip.core.commands import COMMANDS  # noqa: E402
from botaclip.core.options import parse_parameters  # noqa: E402
from botaclip.core.progress import Progress  # noqa: E402
from botaclip.training.task import Task  # noqa: E402
from botaclip.training.train import train  # noqa: E402
from neon import FEWEST, FOLDER, REPEATS, SHARED, reading_of  # noqa: E402
from study import Setting, is_there, judge, options, protocol_of, spatial_folds  # noqa: E402
from study_blocks import task_by_blocks  # noqa: E402

ENCODER = "random-conv"
COLUMNS = ("raw", "adapted", "shuffled", "prevalence")
COARSE_M = 10_000
CARD = ROOT / "benchmarks" / "bundled_model_card.md"


def judged(arguments: Any) -> dict[str, Any]:
    """Return the AUC within sites of the columns, and by how much the adapted one beats the others."""
    reading = reading_of("pretrained")
    table = reading.data
    repeats = []
    for repeat in range(1, arguments.repeats + 1):
        blocks, folds = spatial_folds(table, reading.touching_m, reading.pairs.patch.size_m, seed=repeat)
        setting = Setting(seed=repeat, device=arguments.device)
        repeats.append(
            judge(
                table, folds, protocol_of(table, blocks, setting), setting, columns=COLUMNS,
                kept=arguments.cache / "folds" / f"bundled-{repeat}",
                say=lambda words, repeat=repeat: print(f"repeat {repeat}: {words}", flush=True),
            )  # fmt: skip
        )
    assert table.groups is not None
    plants = dataclasses.replace(Task.plants(table), name="plants")
    found = task_by_blocks(
        plants, [(each, "plants") for each in repeats], table.groups, sites=table.sites, fewest=FEWEST,
        also=[("adapted", "prevalence"), ("shuffled", "prevalence"), ("raw", "prevalence")],
    )  # fmt: skip
    targets = list(found["targets"].values())
    mean = {column: float(np.nanmean([each[column]["auc"] for each in targets])) for column in COLUMNS}
    return {
        "encoder": ENCODER, "plots": len(table), "blocks": found["blocks"], "repeats": arguments.repeats,
        "species_on_sites": len(targets), "auc_within_sites": {name: round(value, 4) for name, value in mean.items()},
        "differences": {
            pair: {
                "mean": round(mean[a] - mean[b], 4),
                "low": round(ends["auc"][0], 4), "high": round(ends["auc"][1], 4),
            }
            for pair, ends in found["intervals"].items() for a, b in [pair.split(" - ")]
        },
    }  # fmt: skip


def asked(output: Path, card: Path) -> dict[str, Any]:
    """Return what the training is asked, seen from the folder of the data: no path of this machine gets into it."""
    known = json.loads((FOLDER / "botaclip.json").read_text(encoding="utf-8"))
    given = {
        key.replace("-", "_"): f"{FOLDER.name}/{value}" if key in ("raster", "releves", "plots") else value
        for key, value in known.items()
    }
    return given | {
        "encoder": ENCODER, "extra_releves": "neon_releves_all/releves.csv", "card": str(card), "device": "cpu",
        "plot_locations": f"coarse:{COARSE_M}", "licence": "CC BY 4.0", "random_state": 1, "output": str(output),
    }  # fmt: skip


def card_of_figures(found: dict[str, Any]) -> str:
    """Return the model's card with what was measured in it."""
    words = {
        name: f"{each['mean']:+.3f} [{each['low']:+.3f}, {each['high']:+.3f}]"
        for name, each in found["differences"].items()
    }
    text = CARD.read_text(encoding="utf-8")
    for place, figure in (
        ("ADAPTED", f"{found['auc_within_sites']['adapted']:.3f}"), ("PREVALENCE", words["adapted - prevalence"]),
        ("SHUFFLED", words["shuffled - prevalence"]), ("BEYOND", words["adapted - shuffled"]),
        ("FROZEN", words["raw - prevalence"]), ("BLOCKS", str(found["blocks"])),
        ("PAIRS", str(found["species_on_sites"])), ("REPEATS", str(found["repeats"])),
    ):  # fmt: skip
        text = text.replace(f"{{{place}}}", figure)
    return text


def main() -> int:
    """Judge, train, keep."""
    parser = options(__doc__)
    parser.add_argument("--judge", action="store_true", help="only judge")
    parser.add_argument("--train", action="store_true", help="only train, on what was measured before (neon.json)")
    parser.add_argument("--repeats", type=int, default=REPEATS, help="cross-validations with other folds")
    arguments = parser.parse_args()
    if not is_there(FOLDER):
        return 1
    kept = MODELS / "neon.json"
    found = json.loads(kept.read_text(encoding="utf-8")) if arguments.train else judged(arguments)
    sys.stdout.write(json.dumps(found, indent=1) + "\n")
    earned = found["differences"]["adapted - prevalence"]["low"] > 0
    sys.stdout.write(f"It {'beats' if earned else 'does not beat'} the prevalence within sites.\n")
    if arguments.judge or not earned:
        return 0 if earned else 1
    MODELS.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch, contextlib.chdir(SHARED):
        model, card = Path(scratch) / "neon.botaclip", Path(scratch) / "card.md"
        card.write_text(card_of_figures(found), encoding="utf-8")
        parameters, _ = parse_parameters(COMMANDS["train"], asked(model, card))
        train(parameters, Progress())
        (MODELS / "neon.botaclip").write_bytes(model.read_bytes())
    kept.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
