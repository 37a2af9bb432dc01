"""Continuing from a model (``train --init``): where its adapter stands, and which plots it may have seen.

The other model's image adapter is where the new ones begin; its head is not taken over, since species may differ. It
has seen plots, and whatever begins with it would be scored too well on these. They may train, but they are never held
out: not the same relevé, and no plot whose patch may share a pixel with one of theirs.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from botaclip.core.encoders.encoder import Encoder
from botaclip.core.errors import ModelFileError, OptionError, PairingError
from botaclip.core.lattice import Lattice, PatchSpec
from botaclip.core.model import Model
from botaclip.core.model_file import ModelFile
from botaclip.core.pairing import Pairs
from botaclip.core.places import Points
from botaclip.core.plot_locations import coarsened, parse_plot_locations
from botaclip.core.progress import SILENT, Progress
from botaclip.core.releves import ReleveTable
from botaclip.training.alignment import Start
from botaclip.training.export import adapter_of_graph
from botaclip.training.seen_plots import coarsening, plots_of, tables_of, told_extent

Array = NDArray[np.floating]
Mask = NDArray[np.bool_]
Folds = Sequence[tuple[NDArray[np.integer], NDArray[np.integer]]]

# As for a training without --init: fewer carry no score.
FEWEST_NEW = 20
_COMMON_RANGE = 0.2


@dataclasses.dataclass(frozen=True)
class Parent:
    """The model that training continues from.

    Parameters
    ----------
    file
        The checked model file.
    weight, bias
        Its image adapter on *raw* frozen vectors, its standardiser included: (D, E), (E,).
    """

    file: ModelFile
    weight: Array
    bias: Array

    @classmethod
    def open(cls, path: str | Path, *, alignment: str = "auto") -> Parent:
        """Read a model to continue from.

        Parameters
        ----------
        path
            The model file.
        alignment
            The alignment asked for.

        Raises
        ------
        OptionError
            ``alignment`` is ``none``: there is nothing to continue.
        ModelFileError
            The file is not a good one, or its adapter is not a linear map.
        """
        if alignment == "none":
            raise OptionError(
                "--init continues from the adapter of a model, and --alignment none trains no adapter",
                remedy="leave out one of the two",
            )
        file = ModelFile.open(path)
        model = Model(file)
        found = adapter_of_graph(file.parts["adapter.onnx"])
        if found is not None:
            parent = cls(file, *found)
            if parent._is_adapter_of(model):
                return parent
        raise ModelFileError(
            "its adapter is not a linear map of the standardised vectors, so that nothing can continue from it",
            where=str(file.path), remedy="choose a model that botaclip train has written with --adapter linear",
        )

    def _is_adapter_of(self, model: Model) -> bool:
        """Whether the matrices compute what the graph does."""
        if self.weight.shape != (model.image_dimension, model.unit_width) or not np.isfinite(self.weight).all():
            return False
        vectors = np.random.default_rng(0).normal(size=(8, model.dimension)).astype(np.float32)
        made = model.adapt(vectors)[0][:, : model.unit_width]
        expected = vectors[:, : model.image_dimension] @ self.weight + self.bias
        return bool(np.allclose(made, expected, rtol=1e-3, atol=1e-3 * float(np.abs(expected).max())))

    @property
    def name(self) -> str:
        """Name of the file."""
        return self.file.path.name

    @property
    def value_range(self) -> tuple[float, float]:
        """Pixel values that become 0 and 1 for its encoder; what is trained on from here must keep to it."""
        low, high = self.file.metadata["value_range"]
        return float(low), float(high)

    def provenance(self) -> dict[str, Any]:
        """Return what a model that continues from this one says about it."""
        return {"name": self.name, "sha256": self.file.sha256, "created": self.file.metadata["created"]}

    def check(self, encoder: Encoder, lattice: Lattice, patch: PatchSpec) -> None:
        """Refuse to continue on vectors that mean something else than they did to the model.

        Raises
        ------
        ModelFileError
            Bands, range of values, encoder, pixel, cell or patch differ; the message says which, and how.
        """
        about = self.file.metadata
        own = Lattice.from_json(about["lattice"])
        own_patch = PatchSpec(float(about["patch"]["size_m"]), int(about["patch"]["cells"]))
        roles = ", ".join(str(band["role"]) for band in about["bands"])
        for what, its, ours, same in (
            ("bands differ", roles, ", ".join(encoder.bands), roles == ", ".join(encoder.bands)),
            ("range of values differs", _range(self.value_range), _range(encoder.value_range),
             bool(np.allclose(self.value_range, encoder.value_range))),
            ("encoder differs", _encoder(about["encoder"]), _encoder(encoder.metadata()),
             about["encoder"]["sha256"] == encoder.sha256),
            ("use of the encoder differs", *_uses(about["encoder"], encoder.metadata())),
            # Before the pixel, which is made finer for a smaller patch.
            ("patch differs", f"{own_patch.size_m:g} m", f"{patch.size_m:g} m",
             math.isclose(own_patch.size_m, patch.size_m, rel_tol=0.01)),
            ("pixel differs", f"{own.pixel_m:g} m", f"{lattice.pixel_m:g} m",
             math.isclose(own.pixel_m, lattice.pixel_m, rel_tol=0.01)),
            ("cell differs", f"{own.stride_px} pixels", f"{lattice.stride_px} pixels",
             own.stride_px == lattice.stride_px),
            ("patch differs", f"{own_patch.cells} cells", f"{patch.cells} cells", own_patch.cells == patch.cells),
        ):  # fmt: skip
            if not same:
                raise ModelFileError(
                    f"training cannot continue from it, because the {what}: {its} there, {ours} here",
                    where=str(self.file.path),
                    remedy="use imagery and options like those of that model, or leave out --init",
                )

    def check_values(self, found: tuple[float, float]) -> None:
        """Refuse imagery whose pixel values mean something else, such as counts where the model knew bytes.

        Parameters
        ----------
        found
            The range that the imagery would have by itself (:meth:`Imagery.value_range`). Scenes differ; less than a
            fifth of the wider range in common is no such difference.

        Raises
        ------
        ModelFileError
            The ranges have too little in common.
        """
        low, high = self.value_range
        common = min(high, found[1]) - max(low, found[0])
        if common < _COMMON_RANGE * max(high - low, found[1] - found[0]):
            raise ModelFileError(
                f"training cannot continue from it, because it was made for pixel values of {_range((low, high))} and "
                f"the imagery has {_range(found)}",
                where=str(self.file.path),
                remedy="use imagery with values of the same meaning, or leave out --init",
            )

    def start(self, plots: ReleveTable, pairs: Pairs, progress: Progress = SILENT) -> Start:
        """Return where adapters begin, with the plots of this training that are never to be scored.

        Parameters
        ----------
        plots
            The paired plots, in the order of ``pairs``.
        pairs
            Where they lie on the image.
        progress
            Told how many are left out of the scores.

        Raises
        ------
        ModelFileError
            See :meth:`check`.
        PairingError
            Fewer than 20 plots are new to the model.
        """
        self.check(pairs.encoder, pairs.lattice, pairs.patch)
        seen = seen_by(self, plots.points, plots.digests)
        new = int((~seen).sum())
        if new < FEWEST_NEW:
            raise PairingError(
                f"{'none' if not new else f'only {new}'} of the {len(seen)} plots is sure to be new to {self.name}; "
                f"at least {FEWEST_NEW} are needed, because nothing is scored on what it has been trained on",
                remedy="add plots from elsewhere, or leave out --init",
            )
        names = frozenset(str(name) for name in plots.plot_ids[seen])
        alone = int((seen & ~seen_by(self, plots.points, plots.digests, extra=False)).sum())
        progress.info(
            f"Training continues from {self.name}. {len(names)} of the {len(seen)} plots may have been seen by it"
            + (f", {alone} of them only by its encoder of species lists (--extra-releves)" if alone else "")
            + ": they train, but are not scored."
        )
        return Start(self.name, self.weight, self.bias, names)


def seen_by(parent: Parent, points: Points, digests: ArrayLike, *, extra: bool = True) -> Mask:
    """Return which plots the parent, or a model that it continued from itself, may have seen.

    That is the case for the same relevé (by its digest, where no other plot of the model has it), and within the patch
    width and the encoder's field of one of its plots, by the squares' diagonals, so that it holds however they are
    turned; farther by what its places are coarsened. Where it tells none, everything in its training extent is seen.

    Parameters
    ----------
    parent
        The model that training continues from.
    points, digests
        Places and digests of the relevés of N plots.
    extra
        Whether the relevés without imagery that its encoder of species lists learnt from count too.

    Returns
    -------
    seen
        bool (N,).

    Raises
    ------
    ModelFileError
        The model's table of plots cannot be read, or says neither where its plots lie nor in what extent.
    """
    seen = np.zeros(len(points), dtype=bool)
    for plots in plots_of(parent.file):
        if extra or not plots.extra:
            seen |= plots.seen(points, digests)
    return seen


def earlier_plots(parent: Parent, locations: str) -> list[dict[str, Any]]:
    """Return the plots of the parent and of those before it, for the file of the model that continues from it.

    A third model has to know of them. They are told no more exactly than the parent does, and no more exactly than
    ``locations`` allows for the plots of the new model.
    """
    metres = parse_plot_locations(locations)
    tables = []
    for plots, told in zip(plots_of(parent.file), tables_of(parent.file), strict=True):
        rows = [{"digest": str(row.get("digest", ""))} for row in told.get("plots", [])]
        table: dict[str, Any] = {"reach_m": plots.reach_m, "extent_wgs84": list(plots.extent)}
        table |= {"extra": True} if plots.extra else {}
        if plots.places is not None and metres is not None:
            places = coarsened(plots.places, metres) if metres else plots.places
            table |= {"crs": places.crs, "reach_m": plots.reach_m + coarsening(places, metres)}
            for row, x, y in zip(rows, places.x.tolist(), places.y.tolist(), strict=True):
                row |= {"x": x, "y": y}
        if metres != 0.0:
            table["extent_wgs84"] = list(told_extent(plots, locations))
        tables.append(table | {"plots": rows})
    return tables


def without_seen(folds: Folds, seen: Mask) -> list[tuple[NDArray[np.integer], NDArray[np.integer]]]:
    """Return the folds with the plots that have been ``seen`` (N,) taken out of the held-out ones.

    They go on training. Folds in which nothing is left to be held out are dropped.

    Raises
    ------
    PairingError
        No fold is left.
    """
    kept = [(train, held[~seen[held]]) for train, held in folds]
    kept = [(train, held) for train, held in kept if held.size]
    if not kept:
        raise PairingError(
            "a fold holds no plot that is sure to be new to the model that training is to continue from, so that "
            "nothing can be scored or calibrated in it",
            remedy="use smaller blocks, add plots from elsewhere, or leave out --init",
        )
    return kept


def _range(values: tuple[float, float]) -> str:
    return f"{values[0]:g} to {values[1]:g}"


def _uses(its: Mapping[str, Any], ours: Mapping[str, Any]) -> tuple[str, str, bool]:
    """Return how two models use the same graph, in words, and whether they do it alike."""
    names = ("kind", "window_tokens", "drop_tokens", "centre", "spread", "bands")
    first, second = (
        [{name: part[name] for name in names if name in part} for part in about.get("parts", [about])]
        for about in (its, ours)
    )
    # Models of the first formats do not say everything; what only one of them says is no difference.
    alike = len(first) == len(second) and all(
        one[name] == other[name] for one, other in zip(first, second, strict=True) for name in one.keys() & other.keys()
    )
    words = (
        "; ".join(", ".join(f"{name} {value}" for name, value in part.items()) for part in parts)
        for parts in (first, second)
    )
    return next(words), next(words), alike


def _encoder(about: Mapping[str, Any]) -> str:
    mode = f" in mode {about['kind']}" if about.get("kind") in ("exact", "tokens") else ""
    return f"{about['id']}{mode} ({str(about['sha256'])[:12]})"
