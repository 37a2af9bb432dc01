"""Does the pre-trained encoder earn its place? Every encoder at hand, under the same probes of places left out.

    .venv/bin/python benchmarks/encoders.py              # pre-trains for every fold and seed: hours on two cores
    .venv/bin/python benchmarks/encoders.py --quick      # a few steps, one seed: minutes, to see that all is well
    .venv/bin/python benchmarks/encoders.py --report     # only the tables, from what was measured

Compared: colour and texture statistics, random convolutional features, the network untrained, pre-trained, and the
pre-trained joined with the statistics; DOFA, DINOv3 and FLAIR where their weights are installed. For each fold of a
probe the network is pre-trained **without that fold's test images** (``--leave-out``), so that nothing is scored on
what any part of it has seen. Probes (``encoder_probes.py``): trees in NAIP crops with whole cities left out, plant
species of NEON plots within a site, tree species of Sentinel-2 cells; ridge and nearest neighbours; intervals by
bootstrap over cities or blocks, of the mean over seeds. Then five landscapes with known truth (400 plots, the column
``raw``), which no pre-training sees.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from checkout import register

ROOT = register()

import numpy as np  # noqa: E402
import torch  # noqa: E402

from botaclip.core.demo_landscape.geometry import PATCH_M  # noqa: E402
from botaclip.core.encoders import opening  # noqa: E402
from botaclip.core.encoders.encoder import Encoder  # noqa: E402
from botaclip.core.encoders.onnx_session import OnnxEncoder  # noqa: E402
from botaclip.core.encoders.store import Store  # noqa: E402
from botaclip.core.errors import EncoderError  # noqa: E402
from botaclip.core.progress import Progress  # noqa: E402
from botaclip.training.fit_state import FitState, digest_of  # noqa: E402
from botaclip.training.optimiser import seeded  # noqa: E402
from botaclip.training.pretrain import Pretraining, pretrain, write  # noqa: E402
from botaclip.training.pretrain_export import graph_of_network  # noqa: E402
from botaclip.training.pretrain_network import BANDS, CENTRE, MARGIN_PX, SPREAD, STRIDE_PX, ConvEncoder  # noqa: E402
from encoder_probes import FOLDS, PROBES, Probe, differences, predicted, score, vectors_of  # noqa: E402
from landscape_plots import landscape_plots, survey_size  # noqa: E402
from study import (  # noqa: E402
    RESULTS,
    Results,
    Setting,
    is_there,
    judge,
    options,
    protocol_of,
    run_units,
    scored,
    spatial_folds,
    tell,
)

HAND_MADE = ("colour-texture", "random-conv")
BEST = "pretrained + colour-texture"
HEADS = ("ridge", "knn")
PAIRS = (
    ("pretrained", "random-conv"), ("pretrained", "colour-texture"), ("pretrained", "untrained"),
    (BEST, "random-conv"), (BEST, "colour-texture"), (BEST, "pretrained"), ("random-conv", "colour-texture"),
)  # fmt: skip
SEEDS = (1, 2)
LANDSCAPES, LANDSCAPE_PLOTS = (1, 2, 3, 4, 5), 400
QUICK_STEPS = 20


def of_network(network: ConvEncoder, bands: int, name: str) -> Encoder:
    """Return a network as an encoder of red, green, blue (and near infrared), 0 to 255."""
    graph = graph_of_network(network, bands, name="botaclip-conv")
    return of_graph(graph, bands, name, network.dimension)


def of_graph(graph: bytes, bands: int, name: str, dimension: int) -> Encoder:
    """Return a graph of :func:`graph_of_network` as an encoder."""
    return OnnxEncoder(
        id=name, onnx=graph, bands=BANDS[:bands], value_range=(0.0, 255.0), dimension=dimension, stride_px=STRIDE_PX,
        margin_px=MARGIN_PX, centre=CENTRE, spread=SPREAD, licence="CC0-1.0", citation="",
    )


def untrained(seed: int) -> ConvEncoder:
    """Return the network as it begins, its norms set on noise as wide as normalised pixels."""
    with seeded(seed):
        network = ConvEncoder()
        # Otherwise the middle of the network would be the straight way only.
        for layer in (network.fine, *network.coarse):
            torch.nn.init.kaiming_normal_(layer.narrow.weight)
        network.train()
        with torch.no_grad():
            for _ in range(50):
                network(torch.randn(16, 4, 70, 70), torch.ones(16))
    return network.eval()


def pretrained(probe: Probe, fold: int, seed: int, arguments: argparse.Namespace) -> Path:
    """Return the folder of a network that has not seen the test images of a fold; kept between calls.

    All probes' images of the same fold are left out at once, so that one network serves them all.
    """
    out = sorted({group for other in PROBES.values() for group in other(arguments.data).leave_out[fold]})
    how = Pretraining(
        objective=arguments.objective, steps=arguments.steps, precision=arguments.precision, random_state=seed,
        leave_out=tuple(out),
    )  # fmt: skip
    assert set(probe.leave_out[fold]) <= set(out)
    key = digest_of(how)[:16]
    folder: Path = arguments.cache / "pretrained" / key
    if not (folder / "pretrained.json").exists():
        kept = FitState(folder / "state", digest_of("pretraining"))
        network, about = pretrain(arguments.data, how, kept=kept, progress=_progress(f"fold {fold}, seed {seed}"))
        write(folder, network, about)
    return folder


def _progress(name: str) -> Progress:
    return Progress(lambda fraction, words: print(f"{name}: {words}", flush=True))


def measure_probe(name: str, arguments: argparse.Namespace) -> dict[str, Any]:
    """Return scores and differences of one probe."""
    probe = PROBES[name](arguments.data)
    bands = min(len(image) for image in probe.images)
    made: dict[str, list[np.ndarray]] = {}
    each: dict[str, list[float]] = {}

    def add(encoder: str, vectors: Sequence[np.ndarray], blocks: Sequence[int] = ()) -> None:
        for head in HEADS:
            values = predicted(vectors, probe, head, blocks)
            made.setdefault(f"{encoder}, {head}", []).append(values)
            each.setdefault(f"{encoder}, {head}", []).append(score(probe, values))

    told = {}
    for hand_made in HAND_MADE:
        encoder = opening.get(hand_made, bands=BANDS[:bands], value_range=(0.0, 255.0))
        told[hand_made] = vectors_of(encoder, probe.images)
        add(hand_made, [told[hand_made]] * FOLDS)
    for installed, vectors in _installed(probe, bands):
        add(installed, [vectors] * FOLDS)
    for seed in arguments.seeds:
        vectors = vectors_of(of_network(untrained(seed), bands, "untrained"), probe.images)
        add("untrained", [vectors] * FOLDS)
        folders = [pretrained(probe, fold, seed, arguments) for fold in range(FOLDS)]
        learnt = [
            vectors_of(
                of_graph((folder / f"{'rgbn' if bands == 4 else 'rgb'}.onnx").read_bytes(), bands, "pretrained", 256),
                probe.images,
            )
            for folder in folders
        ]  # fmt: skip
        add("pretrained", learnt)
        statistics = told["colour-texture"]
        add(BEST, [np.hstack([part, statistics]) for part in learnt], (learnt[0].shape[1], statistics.shape[1]))
    mean = {name: np.mean(values, axis=0) for name, values in made.items()}
    pairs = [(f"{a}, {head}", f"{b}, {head}") for a, b in PAIRS for head in HEADS]
    return {
        "kind": "probe", "tasks": {}, "words": probe.words, "score": probe.score, "images": len(probe.images),
        "targets": probe.values.shape[1], "units": len(np.unique(probe.unit)), "scores": each,
        "differences": differences(probe, mean, pairs), "steps": arguments.steps, "objective": arguments.objective,
    }  # fmt: skip


def _installed(probe: Probe, bands: int) -> list[tuple[str, np.ndarray]]:
    """Return the vectors of encoders whose weights are at hand; none where none are."""
    found = []
    for record in Store().records().values():
        if record.architecture == "builtin" or Store().installed(record.id) is None:
            continue
        try:
            encoder = opening.get(record.id, bands=BANDS[:bands], value_range=(0.0, 255.0))
            found.append((record.id, vectors_of(encoder, probe.images)))
        except EncoderError as error:
            print(f"{record.id}: {error}", flush=True)
    return found


def measure_landscape(seed: int, arguments: argparse.Namespace) -> dict[str, Any]:
    """Return the scores of ``raw`` and of ``adapted`` with each encoder on one landscape."""
    probe = PROBES["naip"](arguments.data)
    folder = pretrained(probe, 0, arguments.seeds[0], arguments)
    encoders: dict[str, Any] = {name: name for name in HAND_MADE}
    encoders["untrained"] = of_network(untrained(1), 4, "untrained")
    encoders["pretrained"] = of_graph((folder / "rgbn.onnx").read_bytes(), 4, "pretrained", 256)
    found: dict[str, Any] = {}
    setting = Setting(asked="none")
    for name, encoder in encoders.items():
        plots = landscape_plots(seed, survey_size(LANDSCAPE_PLOTS), arguments.cache / "landscapes", encoder=encoder)
        table = plots.first(LANDSCAPE_PLOTS).training_table(min_presences=20)
        blocks, folds = spatial_folds(table, plots.touching_m, PATCH_M)
        judged = judge(table, folds, protocol_of(table, blocks, setting), setting, columns=("raw",))
        targets = scored(table, judged, [])["tasks"]["plants"]["targets"]
        found[name] = {
            metric: float(np.nanmedian([columns["raw"].get(metric, np.nan) for columns in targets.values()]))
            for metric in ("tss_at_train_threshold", "auc", "truth_correlation")
        }
    return {"kind": "landscape", "tasks": {}, "seed": seed, "scores": found}


def report(results: dict[str, Any]) -> str:
    """Return the tables as Markdown."""
    lines: list[str] = []
    for name in PROBES:
        unit = results.get(name)
        if unit is None:
            continue
        metric = "correlation" if unit["score"] == "correlation" else "AUC"
        lines += [
            f"**{name}**: {unit['words']}; mean {metric}; {unit['images']} images in {unit['units']} units, "
            f"{unit['targets']} {'target' if unit['targets'] == 1 else 'targets'}; pre-trained with "
            f"{unit['objective']}, {unit['steps']:,} steps.", "",
            "| encoder | ridge | nearest neighbours |", "|---|---|---|",
        ]  # fmt: skip
        encoders = dict.fromkeys(key.rsplit(", ", 1)[0] for key in unit["scores"])
        for encoder in encoders:
            cells = [_seeds(unit["scores"].get(f"{encoder}, {head}", [])) for head in HEADS]
            lines.append(f"| {encoder} | {' | '.join(cells)} |")
        lines += ["", "| difference | ridge | nearest neighbours |", "|---|---|---|"]
        for a, b in PAIRS:
            cells = []
            for head in HEADS:
                whole, low, high = unit["differences"][f"{a}, {head} - {b}, {head}"]
                cells.append(f"{whole:+.3f} [{low:+.3f}, {high:+.3f}]")
            lines.append(f"| {a} less {b} | {' | '.join(cells)} |")
        lines.append("")
    landscapes = [unit for unit in results.values() if unit["kind"] == "landscape"]
    if landscapes:
        lines += [
            f"**Landscapes** (seeds {', '.join(str(unit['seed']) for unit in landscapes)}; {LANDSCAPE_PLOTS} plots; "
            "column `raw`; medians over plants, one figure a seed)", "",
            "| encoder | TSS | AUC | correlation with the truth |", "|---|---|---|---|",
        ]  # fmt: skip
        for encoder in landscapes[0]["scores"]:
            cells = [
                _seeds([unit["scores"][encoder][metric] for unit in landscapes])
                for metric in ("tss_at_train_threshold", "auc", "truth_correlation")
            ]
            lines.append(f"| {encoder} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _seeds(values: Sequence[float]) -> str:
    if len(values) < 2:
        return ", ".join(f"{value:.3f}" for value in values) or "–"
    return f"{np.mean(values):.3f} ({', '.join(f'{value:.3f}' for value in values)})"


def main() -> int:
    """Run what has not been run, print the tables."""
    parser = options(__doc__)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--steps", type=int, default=Pretraining().steps, help="of each pre-training")
    parser.add_argument("--objective", default=Pretraining().objective)
    parser.add_argument("--precision", default=Pretraining().precision)
    parser.add_argument("--seeds", type=int, nargs="*", default=list(SEEDS), help="of the network")
    arguments = parser.parse_args()
    if arguments.quick:
        arguments.steps, arguments.seeds = QUICK_STEPS, [1]
    folder, file = (arguments.cache, "encoders_quick.json") if arguments.quick else (RESULTS, "encoders.json")
    results = Results(arguments.results or folder / file)
    failed = 0
    if not (arguments.report or arguments.write):
        if not is_there(arguments.data):
            return 1
        passed = [
            "--data", str(arguments.data), "--steps", str(arguments.steps), "--objective", arguments.objective,
            "--precision", arguments.precision, "--seeds", *map(str, arguments.seeds),
        ]  # fmt: skip
        keys = [*PROBES, *(f"landscape/{seed}" for seed in (LANDSCAPES[:1] if arguments.quick else LANDSCAPES))]
        failed = run_units(
            str(Path(__file__)), arguments, results, keys,
            lambda key: measure_probe(key, arguments) if key in PROBES
            else measure_landscape(int(key.split("/")[1]), arguments),
            passed,
        )  # fmt: skip
    if not arguments.unit:
        tell("encoders", report(results.units) if results.units else None, arguments, ROOT / "docs" / "encoders.md")
    return failed


if __name__ == "__main__":
    sys.exit(main())
