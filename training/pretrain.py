"""Pre-train the bundled encoder: ``python training/pretrain.py --output FOLDER`` (``--quick``: a minute, for tests).

Reads the real imagery of ``shared/data`` (:mod:`~botaclip.training.pretrain_imagery`), trains
:class:`~botaclip.training.pretrain_network.ConvEncoder` so that two views of a place are alike, or that it tells the
descriptors that others have made by hand, or both, and writes ``rgb.onnx``, ``rgbn.onnx`` and ``pretrained.json``.
Seeded; with ``--checkpoint`` it goes on where it was killed, to the same result. Needs the environment set ``train``.

``--leave-out naip/chico,neon/SJER_03`` keeps images apart on which the encoder is to be judged.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import json
import math
import runpy
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    # Run as a file: makes the checkout the package, whatever its folder is called.
    runpy.run_path(str(Path(__file__).resolve().parents[1] / "core" / "worker_boot.py"), run_name="_botaclip_boot")

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from botaclip.core.cli import add_option
from botaclip.core.encoders import opening
from botaclip.core.encoders.onnx_session import OnnxEncoder
from botaclip.core.errors import BotaclipError, OptionError
from botaclip.core.options import Command, Kind, parse_parameters
from botaclip.core.progress import Progress
from botaclip.core.shared_options import option
from botaclip.core.unfinished import unfinished
from botaclip.training.fit_state import FitState, digest_of
from botaclip.training.optimiser import Optimiser, mixed_precision, seeded
from botaclip.training.pretrain_export import graph_of_network
from botaclip.training.pretrain_imagery import SHARES, Picture, read_pictures
from botaclip.training.pretrain_labels import picture_labels
from botaclip.training.pretrain_network import BANDS, ConvEncoder, Projector
from botaclip.training.pretrain_objectives import simclr, told, vicreg
from botaclip.training.pretrain_views import Views, ViewSource

ROOT = Path(__file__).resolve().parents[1]
VIEWS: Mapping[str, Callable[[Tensor, Tensor], Tensor]] = {"vicreg": vicreg, "simclr": simclr}
DESCRIPTORS = "descriptors"
LABELS = "labels"
OBJECTIVES = (
    "vicreg+descriptors+labels", "simclr+descriptors+labels", "vicreg+descriptors", "simclr+descriptors", "vicreg",
    "simclr", DESCRIPTORS, "descriptors+labels",
)  # fmt: skip
# Weight of the descriptors beside a self-supervised objective: both are then of about one size.
TELLING = {"vicreg": 10.0, "simclr": 1.0, "": 1.0}
TEACHERS = ("colour-texture", "random-conv")
# Batches from which the scale of the descriptors is taken, and the number of the first: no step is ever there.
_SCALED_ON = 20
_APART = 1_000_000_000
STEPS, BATCH, LEARNING_RATE, DECAY = 6_000, 64, 2e-3, 1e-4
QUICK = {"steps": 6, "batch": 8, "sources": ("landsat",)}


@dataclasses.dataclass(frozen=True)
class Pretraining:
    """One way to pre-train.

    Parameters
    ----------
    objective
        One of ``OBJECTIVES``: two views of a place alike (``vicreg``, ``simclr``), descriptors of ``TEACHERS``
        told, and what is known of some pictures (:mod:`~botaclip.training.pretrain_labels`).
    steps, batch, learning_rate
        Of AdamW, with a cosine schedule.
    dimension
        Length of a vector.
    precision
        ``fp32``, or ``bf16``: products of 16 bits, three times as fast on processors that have them. On a GPU always.
    random_state
        Seed.
    leave_out, sources
        See :func:`~botaclip.training.pretrain_imagery.read_pictures`.
    """

    objective: str = "vicreg+descriptors"
    steps: int = STEPS
    batch: int = BATCH
    learning_rate: float = LEARNING_RATE
    dimension: int = 256
    precision: str = "fp32"
    random_state: int = 1
    leave_out: tuple[str, ...] = ()
    sources: tuple[str, ...] = tuple(SHARES)

    def __post_init__(self) -> None:
        if self.objective not in OBJECTIVES:
            raise OptionError(f"--objective cannot be {self.objective!r}", remedy=f"use {', '.join(OBJECTIVES)}")

    @property
    def views(self) -> str:
        """The self-supervised objective; empty where there is none."""
        first = self.objective.partition("+")[0]
        return first if first in VIEWS else ""

    @property
    def descriptors(self) -> bool:
        """Whether descriptors are to be told."""
        return DESCRIPTORS in self.objective.split("+")

    @property
    def labels(self) -> bool:
        """Whether what is known of some pictures is to be told."""
        return LABELS in self.objective.split("+")


class Descriptors:
    """What the hand-made encoders say of a view as it was taken, standardised on the first batches.

    Those of red, green and blue for every image; of near infrared, mean and spread where it is known, else NaN.

    Parameters
    ----------
    source
        Where the first batches come from.
    """

    def __init__(self, source: ViewSource) -> None:
        self._encoders = [
            opening.get(name, bands=BANDS[:3], value_range=(0.0, 1.0)).with_threads(None) for name in TEACHERS
        ]
        first = np.concatenate([self._raw(source.at(_APART + step)) for step in range(_SCALED_ON)])
        self.mean = np.nanmean(first, axis=0)
        self.scale = np.maximum(np.nanstd(first, axis=0), 1e-3)

    def __call__(self, views: Views) -> Tensor:
        """Return (B, K), NaN where not known."""
        return torch.from_numpy(((self._raw(views) - self.mean) / self.scale).clip(-5, 5).astype(np.float32))

    def _raw(self, views: Views) -> NDArray[np.floating]:
        pixels = views.plain.numpy()
        parts = [_cells(encoder, pixels[:, :3]) for encoder in self._encoders]
        infrared = np.stack([pixels[:, 3].mean(axis=(1, 2)), pixels[:, 3].std(axis=(1, 2))], axis=1)
        infrared[views.plain_nir.numpy() == 0] = np.nan
        return np.concatenate([*parts, infrared], axis=1)


def _cells(encoder: Any, pixels: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the mean over the cells of whole views (B, D)."""
    side = (pixels.shape[2] - 2 * encoder.margin_px) // encoder.stride_px * encoder.stride_px + 2 * encoder.margin_px
    square = np.ascontiguousarray(pixels[:, :, :side, :side])
    assert isinstance(encoder, OnnxEncoder)
    vectors: NDArray[np.float32] = encoder.encode(square, np.ones((len(square), side, side), bool)).mean(axis=(2, 3))
    return vectors


class _Training:
    """The network under way."""

    def __init__(self, how: Pretraining, pictures: Sequence[Picture], device: str, labels: Any = None) -> None:
        self.how, self.device, self.step = how, device, 0
        self.source = ViewSource(pictures, batch=how.batch, random_state=how.random_state, labels=labels)
        self.descriptors = Descriptors(self.source) if how.descriptors else None
        with seeded(how.random_state):
            self.network = ConvEncoder(how.dimension)
            self.projector = Projector(how.dimension)
            count = 0 if self.descriptors is None else len(self.descriptors.mean)
            self.teller = nn.Linear(how.dimension, count)
            self.labeller = nn.Linear(how.dimension, 0 if labels is None else labels.shape[1])
        self.parts = nn.ModuleDict({
            "network": self.network, "projector": self.projector, "teller": self.teller, "labeller": self.labeller
        })  # fmt: skip
        # Depthwise convolutions take half the time with the channels last.
        self.parts.to(device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.optimiser = Optimiser(
            [(self.parts, how.learning_rate)], decay=DECAY, schedule="cosine", horizon=how.steps, device=device
        )

    def _vectors(self, pixels: Tensor, has_nir: Tensor) -> Tensor:
        """Return the mean over the cells (B, D), in 32 bits."""
        pixels = pixels.to(self.device).contiguous(memory_format=torch.channels_last)
        with self._cast():
            cells = self.network(pixels, has_nir.to(self.device))
        return torch.as_tensor(cells.float().mean(dim=(2, 3)))

    def _cast(self) -> contextlib.AbstractContextManager[object]:
        if self.device == "cpu" and self.how.precision == "bf16":
            return torch.autocast("cpu", dtype=torch.bfloat16)
        return mixed_precision(self.device)

    def take_step(self) -> dict[str, float]:
        """Take one step; return its losses by name."""
        views = self.source.at(self.step)
        vectors = self._vectors(
            torch.cat([views.first, views.second]), torch.cat([views.first_nir, views.second_nir])
        )
        with self._cast():
            projected = self.projector(vectors)
        projected = projected.float()
        losses: dict[str, Tensor] = {}
        if self.how.views:
            losses[self.how.views] = VIEWS[self.how.views](*projected.chunk(2))
        if self.descriptors is not None:
            wanted = self.descriptors(views).to(self.device)
            losses[DESCRIPTORS] = told(self.teller(vectors[: len(wanted)]), wanted)
        whole = self.source.labelled_at(self.step)
        if whole is not None:
            seen = self._vectors(whole.pixels, whole.has_nir)
            losses[LABELS] = told(self.labeller(seen), whole.labels.to(self.device))
        total = sum(
            (loss * (1.0 if name in VIEWS else TELLING[self.how.views]) for name, loss in losses.items()),
            start=vectors.new_zeros(()),
        )
        self.step += 1
        self.optimiser.step(total, self.step)
        return {name: float(loss.detach()) for name, loss in losses.items()}

    def keep(self, kept: FitState, digest: str) -> None:
        """Keep all that is needed to go on from here."""
        arrays = {f"now.{name}": value.detach().cpu().numpy() for name, value in self.parts.state_dict().items()}
        arrays |= {f"moment.{name}": value.cpu().numpy() for name, value in self.optimiser.moments().items()}
        kept.keep("pretraining", arrays, {"step": self.step}, depends=digest)

    def resume(self, kept: FitState, digest: str) -> None:
        """Go on from what was kept, if it was."""
        found = kept.finished("pretraining", depends=digest)
        if found is None:
            return
        tensors = {name: torch.as_tensor(value) for name, value in found.arrays.items()}
        self.parts.load_state_dict(
            {name.removeprefix("now."): value for name, value in tensors.items() if name.startswith("now.")}
        )
        self.optimiser.remember(
            {name.removeprefix("moment."): value for name, value in tensors.items() if name.startswith("moment.")}
        )
        self.step = int(found.about["step"])


def pretrain(
    data: Path, how: Pretraining, *, device: str = "cpu", kept: FitState | None = None, progress: Progress | None = None
) -> tuple[ConvEncoder, dict[str, Any]]:
    """Pre-train; return the network, ready for use, and what is to be said of it.

    Parameters
    ----------
    data
        The folder ``shared/data``.
    how
        What is done.
    device
        Torch device.
    kept
        Where the state is kept, so that a killed run goes on to the same result.
    progress
        Told how far it is; checked for cancelling at every step.

    Raises
    ------
    RasterError
        There is no picture to learn from.
    """
    progress = Progress() if progress is None else progress
    pictures = read_pictures(data, how.leave_out, sources=how.sources)
    began = time.perf_counter()
    labels = picture_labels(pictures, data) if how.labels else None
    training = _Training(how, pictures, device, labels)
    digest = digest_of(how, device, torch.__version__, labels, [picture.pixels for picture in pictures])
    if kept is not None:
        training.resume(kept, digest)
    shown: dict[str, float] = {}
    while training.step < how.steps:
        progress.check()
        losses = training.take_step()
        shown = {name: 0.98 * shown.get(name, loss) + 0.02 * loss for name, loss in losses.items()}
        if not all(map(math.isfinite, losses.values())):
            raise OptionError(f"the loss is no number after {training.step} steps", remedy="lower --learning-rate")
        if training.step % 50 == 0:
            told_so = ", ".join(f"{name} {loss:.3f}" for name, loss in shown.items())
            progress.update(training.step / how.steps, f"step {training.step:,} of {how.steps:,}: {told_so}")
        if kept is not None and kept.due():
            training.keep(kept, digest)
    if kept is not None:
        training.keep(kept, digest)
    about = {
        "recipe": dataclasses.asdict(how), "losses": shown, "pictures": len(pictures),
        "sources": {name: sum(picture.source == name for picture in pictures) for name in how.sources},
        "seconds": round(time.perf_counter() - began, 1), "torch": torch.__version__, "device": device,
        "parameters": sum(parameter.numel() for parameter in training.network.parameters()),
    }  # fmt: skip
    return training.network.cpu().eval(), about


def write(folder: Path, network: ConvEncoder, about: Mapping[str, Any]) -> None:
    """Write the two graphs and what is to be said of them into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, bands in (("rgb", 3), ("rgbn", 4)):
        with unfinished(folder / f"{name}.onnx", overwrite=True) as part:
            part.write_bytes(graph_of_network(network, bands, name="botaclip-conv"))
    with unfinished(folder / "pretrained.json", overwrite=True) as part:
        part.write_text(json.dumps(about, indent=1, sort_keys=True) + "\n", encoding="utf-8")


PRETRAIN = Command(
    "pretrain", "Pre-train the bundled encoder", "Train the bundled encoder on the images of shared/data.",
    "For whoever builds BotaCLIP; see docs/encoders.md.",
    (
        option("data", Kind.FOLDER, "The folder shared/data.", default=str(ROOT.parent / "shared" / "data")),
        option("output", Kind.OUTPUT_FOLDER, "Folder of the graphs.", required=True),
        option("checkpoint", Kind.OUTPUT_FOLDER, "Folder that the state is kept in, to go on where it was stopped."),
        option("objective", Kind.CHOICE,
               "Two views alike (vicreg, simclr), descriptors of hand-made encoders told, labels told (trees, plants).",
               default=Pretraining().objective, choices=OBJECTIVES),
        option("steps", Kind.INTEGER, "Steps of AdamW.", default=STEPS, minimum=1),
        option("batch", Kind.INTEGER, "Places in a batch.", default=BATCH, minimum=2),
        option("learning-rate", Kind.NUMBER, "At its highest.", default=LEARNING_RATE, minimum=1e-7, maximum=1.0),
        option("precision", Kind.CHOICE, "bf16 is three times as fast on processors that have it.", default="fp32",
               choices=("fp32", "bf16")),
        option("leave-out", Kind.LIST, "Groups of pictures to leave out: naip/chico,neon/SJER."),
        option("random-state", Kind.INTEGER, "Seed.", default=1, minimum=0),
        option("device", Kind.CHOICE, "Where to compute.", default="cpu", choices=("cpu", "cuda")),
        option("quick", Kind.FLAG, "A few steps on one scene, to see that all is well.", default=False),
    ),
    needs="train",
)  # fmt: skip


def main(arguments: Sequence[str] | None = None) -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=PRETRAIN.summary, allow_abbrev=False)
    for each in PRETRAIN.options:
        add_option(parser, each)
    try:
        asked, _ = parse_parameters(PRETRAIN, vars(parser.parse_args(arguments)))
        out = tuple(word.strip() for word in (asked["leave_out"] or "").split(",") if word.strip())
        settings = ("objective", "steps", "batch", "learning_rate", "precision", "random_state")
        kinds = {key: asked[key] for key in settings}
        how = Pretraining(**(kinds | {"leave_out": out} | (QUICK if asked["quick"] else {})))
        kept = FitState(asked["checkpoint"], digest_of("pretraining")) if asked["checkpoint"] else None
        network, about = pretrain(
            Path(asked["data"]), how, device=asked["device"], kept=kept,
            progress=Progress(lambda fraction, words: print(f"{fraction:6.1%} {words}", flush=True)),
        )  # fmt: skip
        write(Path(asked["output"]), network, about)
    except BotaclipError as error:
        sys.stderr.write(f"Error: {error.sentence}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
