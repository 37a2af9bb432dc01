"""Does the pre-trained encoder earn its place? Every encoder at hand, under the same probes of places left out.

    .venv/bin/python benchmarks/encoders.py              # pre-trains for every fold and seed: hours on two cores
    .venv/bin/python benchmarks/encoders.py --quick      # a few steps, one seed: minutes, to see that all is well
    .venv/bin/python benchmarks/encoders.py --report     # only the tables, from what was measured

Compared: colour and texture statistics, random convolutional features, both joined, dictionaries of patches
(``encoder_dictionary.py``), the network untrained, pre-trained, and the pre-trained joined with the statistics; DOFA,
DINOv3 and FLAIR where their weights are installed; then the network pre-trained in other ways (``WAYS``, one seed).
For each fold of a probe whatever learns from images does so **without that fold's test images** (``--leave-out``), so
that nothing is scored on what any part of it has seen. Probes (``encoder_probes.py``): trees in NAIP crops with whole
cities left out, plant species of NEON plots within a site, tree species of Sentinel-2 cells; ridge and nearest
neighbours; intervals by bootstrap over cities or blocks, of the mean over seeds. Then five landscapes with known truth
(400 plots, the column ``raw``), which no pre-training sees.
"""

from __future__ import annotations

import argparse
import functools
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from checkout import register

ROOT = register()

import numpy as np  # noqa: E402
import torch  # noqa: E402
from scipy import stats  # noqa: E402

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
from botaclip.training.pretrain_imagery import read_pictures  # noqa: E402
from botaclip.training.pretrain_network import BANDS, CENTRE, MARGIN_PX, SPREAD, STRIDE_PX, ConvEncoder  # noqa: E402
from encoder_dictionary import Dictionary  # noqa: E402
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
JOINED = "random-conv + colour-texture"
DICTIONARIES = {"dictionary": False, "dictionary, contrast out": True}
BEST = "pretrained + colour-texture"
HEADS = ("ridge", "knn")
PAIRS = (
    ("pretrained", "random-conv"), ("pretrained", "colour-texture"), ("pretrained", "untrained"),
    (BEST, "random-conv"), (BEST, "colour-texture"), (BEST, "pretrained"), ("random-conv", "colour-texture"),
    (JOINED, "random-conv"), *((name, "random-conv") for name in DICTIONARIES),
)  # fmt: skip
SEEDS = (1, 2)
# Objectives tried beside the one that the network is pre-trained for by default.
WAYS = ("vicreg", "descriptors", "simclr+descriptors")
LANDSCAPES, LANDSCAPE_PLOTS = (1, 2, 3, 4, 5), 400
# What docs/encoders.md was measured with.
STEPS, PRECISION = 500, "bf16"
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


@functools.cache
def left_out(data: Path, fold: int) -> tuple[str, ...]:
    """Return the groups of all probes' test images of a fold: one network serves them all."""
    return tuple(sorted({group for probe in PROBES.values() for group in probe(data).leave_out[fold]}))


def pretrained(probe: Probe, fold: int, seed: int, arguments: argparse.Namespace, objective: str) -> Path:
    """Return the folder of a network that has not seen the test images of a fold; kept between calls."""
    out = left_out(arguments.data, fold)
    how = Pretraining(
        objective=objective, steps=arguments.steps, precision=arguments.precision, random_state=seed,
        leave_out=out,
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


class Bench:
    """One probe and what has been predicted on it."""

    def __init__(self, name: str, arguments: argparse.Namespace) -> None:
        self.probe, self.arguments = PROBES[name](arguments.data), arguments
        self.bands = min(len(image) for image in self.probe.images)
        self._made: dict[str, list[np.ndarray]] = {}
        self._each: dict[str, list[float]] = {}

    def vectors(self, encoder: Encoder) -> np.ndarray:
        """Return an encoder's vectors of the probe's images."""
        return vectors_of(encoder, self.probe.images)

    def hand_made(self, name: str) -> np.ndarray:
        """Return the vectors of a built-in encoder."""
        return self.vectors(opening.get(name, bands=BANDS[: self.bands], value_range=(0.0, 255.0)))

    def learnt(self, seed: int, objective: str) -> list[np.ndarray]:
        """Return, for each fold, the vectors of the network pre-trained without its test images."""
        folders = [pretrained(self.probe, fold, seed, self.arguments, objective) for fold in range(FOLDS)]
        file = "rgbn.onnx" if self.bands == len(BANDS) else "rgb.onnx"
        return [
            self.vectors(of_graph((folder / file).read_bytes(), self.bands, "pretrained", 256)) for folder in folders
        ]

    def add(self, encoder: str, vectors: Sequence[np.ndarray], blocks: Sequence[int] = ()) -> None:
        """Predict with both heads and keep the score."""
        for head in HEADS:
            values = predicted(vectors, self.probe, head, blocks)
            self._made.setdefault(f"{encoder}, {head}", []).append(values)
            self._each.setdefault(f"{encoder}, {head}", []).append(score(self.probe, values))

    def unit(self, pairs: Sequence[tuple[str, str]], objective: str) -> dict[str, Any]:
        """Return scores and differences."""
        mean = {name: np.mean(values, axis=0) for name, values in self._made.items()}
        compared = [(f"{a}, {head}", f"{b}, {head}") for a, b in pairs for head in HEADS]
        return {
            "kind": "probe", "tasks": {}, "words": self.probe.words, "score": self.probe.score,
            "images": len(self.probe.images), "targets": self.probe.values.shape[1],
            "units": len(np.unique(self.probe.unit)), "scores": self._each,
            "differences": differences(self.probe, mean, compared), "steps": self.arguments.steps,
            "objective": objective,
        }  # fmt: skip


def measure_probe(name: str, arguments: argparse.Namespace) -> dict[str, Any]:
    """Return scores and differences of one probe."""
    bench = Bench(name, arguments)
    told = {hand_made: bench.hand_made(hand_made) for hand_made in HAND_MADE}
    for hand_made, vectors in told.items():
        bench.add(hand_made, [vectors] * FOLDS)
    joined = [told[part] for part in JOINED.split(" + ")]
    bench.add(JOINED, [np.hstack(joined)] * FOLDS, [part.shape[1] for part in joined])
    for installed, vectors in _installed(bench.probe, bench.bands):
        bench.add(installed, [vectors] * FOLDS)
    for seed in arguments.seeds:
        for words, vectors_of_folds in _dictionaries(bench, seed, arguments).items():
            bench.add(words, vectors_of_folds)
        bench.add("untrained", [bench.vectors(of_network(untrained(seed), bench.bands, "untrained"))] * FOLDS)
        learnt = bench.learnt(seed, arguments.objective)
        bench.add("pretrained", learnt)
        statistics = told["colour-texture"]
        bench.add(BEST, [np.hstack([part, statistics]) for part in learnt], (learnt[0].shape[1], statistics.shape[1]))
    return bench.unit(PAIRS, arguments.objective)


def _dictionaries(bench: Bench, seed: int, arguments: argparse.Namespace) -> dict[str, list[np.ndarray]]:
    """Return, for each kind of dictionary and each fold, the vectors of one learnt without its test images."""
    found: dict[str, list[np.ndarray]] = {words: [] for words in DICTIONARIES}
    for fold in range(FOLDS):
        pictures = read_pictures(arguments.data, left_out(arguments.data, fold))
        for words, even in DICTIONARIES.items():
            dictionary = Dictionary(pictures, bench.bands, even=even, random_state=seed)
            found[words].append(dictionary(bench.probe.images))
    return found


def measure_way(name: str, objective: str, arguments: argparse.Namespace) -> dict[str, Any]:
    """Return the score of a network pre-trained for another objective, beside random features; one seed."""
    bench = Bench(name, arguments)
    bench.add("random-conv", [bench.hand_made("random-conv")] * FOLDS)
    bench.add("pretrained", bench.learnt(arguments.seeds[0], objective))
    return bench.unit([("pretrained", "random-conv")], objective)


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
    folder = pretrained(probe, 0, arguments.seeds[0], arguments, arguments.objective)
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


def measure(key: str, arguments: argparse.Namespace) -> dict[str, Any]:
    """Return one unit: ``naip``, ``naip/simclr``, ``landscape/1``."""
    first, _, second = key.partition("/")
    if first == "landscape":
        return measure_landscape(int(second), arguments)
    return measure_way(first, second, arguments) if second else measure_probe(first, arguments)


def report(results: dict[str, Any]) -> str:
    """Return the tables as Markdown."""
    lines = _verdicts(results)
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
            cells = [_interval(unit["differences"][f"{a}, {head} - {b}, {head}"]) for head in HEADS]
            lines.append(f"| {a} less {b} | {' | '.join(cells)} |")
        lines += ["", *_ways(name, results)]
    if lines:
        lines += [
            "Scores are means over seeds (each in brackets). Differences are of predictions averaged over seeds, so "
            "that they are not the differences of these means: averaging helps whatever has several seeds.", "",
        ]  # fmt: skip
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
        lines += ["", *_landscape_differences(landscapes)]
    return "\n".join(lines)


def _landscape_differences(units: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return paired differences over landscapes with their 95 % interval (Student's t); nothing of fewer than three."""
    if len(units) < 3:
        return []
    metrics = ("tss_at_train_threshold", "auc", "truth_correlation")
    lines = ["| difference | TSS | AUC | correlation with the truth |", "|---|---|---|---|"]
    for rival in ("random-conv", "colour-texture", "untrained"):
        cells = []
        for metric in metrics:
            gaps = [unit["scores"]["pretrained"][metric] - unit["scores"][rival][metric] for unit in units]
            half = float(stats.t.ppf(0.975, len(gaps) - 1) * np.std(gaps, ddof=1) / np.sqrt(len(gaps)))
            cells.append(_interval((float(np.mean(gaps)), float(np.mean(gaps)) - half, float(np.mean(gaps)) + half)))
        lines.append(f"| pretrained less {rival} | {' | '.join(cells)} |")
    return lines


def _verdicts(results: Mapping[str, Any]) -> list[str]:
    """Return, probe by probe, whether the pre-trained network is shown to be ahead of its rivals."""
    lines = [
        "| probe | rival | ridge | nearest neighbours | is the pre-trained network ahead? |", "|---|---|---|---|---|",
    ]
    for name in PROBES:
        for rival in ("random-conv", "colour-texture", "untrained"):
            if name not in results:
                continue
            found = [results[name]["differences"][f"pretrained, {head} - {rival}, {head}"] for head in HEADS]
            ahead = sum(low > 0 for _, low, _ in found)
            behind = sum(high < 0 for _, _, high in found)
            sure = "" if len(found) in (ahead, behind) else " by one head"
            words = f"yes{sure}" if ahead else f"no, behind{sure}" if behind else "not shown"
            lines.append(f"| {name} | {rival} | {' | '.join(map(_interval, found))} | {words} |")
    return [*lines, ""] if len(lines) > 2 else []


def _ways(name: str, results: Mapping[str, Any]) -> list[str]:
    """Return the table of other objectives on a probe; nothing where none was run."""
    units = {way: results[f"{name}/{way}"] for way in WAYS if f"{name}/{way}" in results}
    if not units:
        return []
    lines = [
        "| pre-trained for, one seed | ridge | nearest neighbours | less random-conv, ridge | nearest neighbours |",
        "|---|---|---|---|---|",
    ]
    for way, unit in units.items():
        scores = [_seeds(unit["scores"][f"pretrained, {head}"]) for head in HEADS]
        less = [_interval(unit["differences"][f"pretrained, {head} - random-conv, {head}"]) for head in HEADS]
        lines.append(f"| {way} | {' | '.join(scores + less)} |")
    return [*lines, ""]


def _interval(difference: Sequence[float]) -> str:
    whole, low, high = difference
    return f"{whole:+.3f} [{low:+.3f}, {high:+.3f}]"


def _seeds(values: Sequence[float]) -> str:
    if len(values) < 2:
        return ", ".join(f"{value:.3f}" for value in values) or "–"
    return f"{np.mean(values):.3f} ({', '.join(f'{value:.3f}' for value in values)})"


def main() -> int:
    """Run what has not been run, print the tables."""
    parser = options(__doc__)
    shared = Path(os.environ.get("BOTACLIP_SHARED") or ROOT.parent / "shared")
    parser.add_argument("--data", type=Path, default=shared / "data")
    parser.add_argument("--steps", type=int, default=STEPS, help="of each pre-training")
    parser.add_argument("--objective", default=Pretraining().objective)
    parser.add_argument("--precision", default=PRECISION)
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
        ways = [] if arguments.quick else [f"{name}/{way}" for way in WAYS for name in PROBES]
        keys = [*PROBES, *ways, *(f"landscape/{seed}" for seed in (LANDSCAPES[:1] if arguments.quick else LANDSCAPES))]
        failed = run_units(
            str(Path(__file__)), arguments, results, keys,
            lambda key: measure(key, arguments), passed,
        )  # fmt: skip
    if not arguments.unit:
        tell("encoders", report(results.units) if results.units else None, arguments, ROOT / "docs" / "encoders.md")
    return failed


if __name__ == "__main__":
    sys.exit(main())
