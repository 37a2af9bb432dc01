"""Continuing from a model (``train --init``): where its adapter stands, and which plots it may have seen.

The other model's image adapter is where the new ones begin; its head is not taken over, since species may differ. It
has seen plots, and whatever begins with it would be scored too well on these. They may train, but they are never held
out: not the same relevé, and no plot whose patch may share a pixel with one of theirs.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.spatial import KDTree

from botaclip.core.encoders import Encoder
from botaclip.core.errors import ModelFileError, OptionError, PairingError
from botaclip.core.lattice import Lattice, PatchSpec
from botaclip.core.metric_places import geocentric
from botaclip.core.model import Model
from botaclip.core.model_file import ModelFile
from botaclip.core.pairing import Pairs
from botaclip.core.places import Points, parse_crs
from botaclip.core.plot_locations import coarsened, parse_plot_locations
from botaclip.core.progress import SILENT, Progress
from botaclip.core.releves import ReleveTable
from botaclip.training.alignment import Start
from botaclip.training.export import adapter_of_graph
from botaclip.training.extent import training_extent, widened

Array = NDArray[np.floating]
Mask = NDArray[np.bool_]
Folds = Sequence[tuple[NDArray[np.integer], NDArray[np.integer]]]

# As for a training without --init: fewer carry no score.
FEWEST_NEW = 20
_COMMON_RANGE = 0.2
# Ground and grid may differ by so much in length (see Lattice).
_TRUE_TO_SCALE = 1.01


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
            where=str(file.path), remedy="choose a model that botaclip train has written",
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
            ("encoder differs", _encoder(about["encoder"]["id"], about["encoder"]["sha256"]),
             _encoder(encoder.id, encoder.sha256), about["encoder"]["sha256"] == encoder.sha256),
            ("pixel differs", f"{own.pixel_m:g} m", f"{lattice.pixel_m:g} m",
             math.isclose(own.pixel_m, lattice.pixel_m, rel_tol=0.01)),
            ("cell differs", f"{own.stride_px} pixels", f"{lattice.stride_px} pixels",
             own.stride_px == lattice.stride_px),
            ("patch differs", _patch(own_patch), _patch(patch),
             own_patch.cells == patch.cells and math.isclose(own_patch.size_m, patch.size_m, rel_tol=0.01)),
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
        progress.info(
            f"Training continues from {self.name}. {len(names)} of the {len(seen)} plots may have been seen by it: "
            "they train, but are not scored."
        )
        return Start(self.name, self.weight, self.bias, names)


@dataclasses.dataclass(frozen=True)
class SeenPlots:
    """The plots of one model, as exactly as it tells of them.

    Parameters
    ----------
    digests
        Of the relevés; one that several plots share (a single common species) identifies none of them.
    places
        Where they lie, or None where the model does not tell.
    reach_m
        Distance in metres within which another patch may share a pixel with one of theirs.
    extent
        West, south, east, north in degrees (WGS 84) around them.
    """

    digests: frozenset[str]
    places: Points | None
    reach_m: float
    extent: tuple[float, float, float, float]

    def seen(self, points: Points, digests: ArrayLike) -> Mask:
        """Return which plots (N,) the model may have seen."""
        same = np.array([str(digest) in self.digests for digest in np.asarray(digests)], dtype=bool)
        degrees = points.to("EPSG:4326")
        lost = ~degrees.finite
        if self.places is None:
            west, south, east, north = widened(self.extent, self.reach_m)
            inside = (degrees.x >= west) & (degrees.x <= east) & (degrees.y >= south) & (degrees.y <= north)
            return same | lost | inside
        near = lost.copy()
        told = geocentric(self.places[self.places.finite])
        if len(told) and not lost.all():
            near[~lost] = KDTree(told).query(geocentric(degrees[~lost]))[0] <= self.reach_m
        return same | near


def seen_by(parent: Parent, points: Points, digests: ArrayLike) -> Mask:
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
    for plots in _plots_of(parent.file):
        seen |= plots.seen(points, digests)
    return seen


def earlier_plots(parent: Parent, locations: str) -> list[dict[str, Any]]:
    """Return the plots of the parent and of those before it, for the file of the model that continues from it.

    A third model has to know of them. They are told no more exactly than the parent does, and no more exactly than
    ``locations`` allows for the plots of the new model.
    """
    metres = parse_plot_locations(locations)
    tables = []
    for plots, told in zip(_plots_of(parent.file), _tables(parent.file), strict=True):
        rows = [{"digest": str(row.get("digest", ""))} for row in told.get("plots", [])]
        table: dict[str, Any] = {"reach_m": plots.reach_m, "extent_wgs84": list(plots.extent)}
        if plots.places is not None and metres is not None:
            places = coarsened(plots.places, metres) if metres else plots.places
            table |= {"crs": places.crs, "reach_m": plots.reach_m + _coarsening(places, metres)}
            for row, x, y in zip(rows, places.x.tolist(), places.y.tolist(), strict=True):
                row |= {"x": x, "y": y}
        if metres != 0.0:
            table["extent_wgs84"] = list(_told_extent(plots, locations))
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


def _tables(file: ModelFile) -> Iterator[Mapping[str, Any]]:
    """Yield the tables of plots: the model's own with its reach and extent, and those of the models before it."""
    plots, about = file.plots(), file.metadata
    encoder, lattice = about["encoder"], Lattice.from_json(about["lattice"])
    field_m = (encoder["stride_px"] + 2 * encoder["margin_px"]) * lattice.pixel_m
    # Patches are centred on nodes, up to half a cell from their plots.
    touching_m = float(about["patch"]["size_m"]) + field_m + lattice.cell_m
    own = {
        "reach_m": _TRUE_TO_SCALE * math.sqrt(2.0) * touching_m,
        "extent_wgs84": about["training"].get("extent_wgs84"),
    }
    yield own | {key: plots[key] for key in ("plots", "crs", "locations") if key in plots}
    yield from plots.get("earlier", [])


def _plots_of(file: ModelFile) -> Iterator[SeenPlots]:
    try:
        for table in _tables(file):
            yield _seen_plots(table, file)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise ModelFileError(
            f"its table of plots cannot be read ({error})", where=str(file.path),
            remedy="choose a model that botaclip train has written",
        ) from error


def _seen_plots(table: Mapping[str, Any], file: ModelFile) -> SeenPlots:
    rows = list(table.get("plots", []))
    digests = [str(row.get("digest", "")) for row in rows]
    unique, counts = np.unique(np.array(digests, dtype=str), return_counts=True)
    identifying = frozenset(str(name) for name, n in zip(unique, counts, strict=True) if n == 1 and name)
    reach_m = float(table["reach_m"])
    extent = table.get("extent_wgs84")
    told = bool(rows) and "crs" in table and all("x" in row and "y" in row for row in rows)
    if not told and not (isinstance(extent, list) and len(extent) == 4 and np.isfinite(extent).all()):
        raise ModelFileError(
            "it says neither where its plots lie nor in what extent, so that no plot is sure to be new to it",
            where=str(file.path), remedy="leave out --init",
        )
    places = None
    if told:
        places = Points(
            x=np.array([float(row["x"]) for row in rows]), y=np.array([float(row["y"]) for row in rows]),
            crs=str(table["crs"]),
        )
        metres = parse_plot_locations(str(table.get("locations", "exact")))
        reach_m += _coarsening(places, metres or 0.0)
        if not isinstance(extent, list):
            extent = training_extent(places, "exact")
    west, south, east, north = (float(value) for value in extent or ())
    return SeenPlots(identifying, places, reach_m, (west, south, east, north))


def _coarsening(places: Points, metres: float) -> float:
    """Return how far a plot may lie from the centre of the square of ``metres`` that its place is told as."""
    if not metres:
        return 0.0
    stretch = 1.0
    if parse_crs(places.crs).is_geographic and len(places):
        # All squares are as wide in degrees as the one nearest to a pole has to be.
        cosines = np.cos(np.radians(places.y[places.finite]))
        stretch = float(cosines.max(initial=0.01) / max(0.01, cosines.min(initial=1.0)))
    return _TRUE_TO_SCALE * math.sqrt(0.5) * metres * stretch


def _told_extent(plots: SeenPlots, locations: str) -> tuple[float, float, float, float]:
    """Return the extent, no more exact than ``locations`` allows."""
    west, south, east, north = plots.extent
    corners = Points(x=np.array([west, east]), y=np.array([south, north]), crs="EPSG:4326")
    outer = training_extent(corners, locations)
    return outer[0], outer[1], outer[2], outer[3]


def _range(values: tuple[float, float]) -> str:
    return f"{values[0]:g} to {values[1]:g}"


def _encoder(name: object, sha256: object) -> str:
    return f"{name} ({str(sha256)[:12]})"


def _patch(patch: PatchSpec) -> str:
    return f"{patch.size_m:g} m ({patch.cells} x {patch.cells} cells)"
