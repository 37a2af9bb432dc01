"""A trained model at work: raw vectors in, adapted vectors and suitability out."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from botaclip.core.applicability import Applicability
from botaclip.core.encoder_metadata import mode_words, modes_of, precision_words
from botaclip.core.encoders import embedded, opening
from botaclip.core.encoders.encoder import Encoder
from botaclip.core.encoders.onnx_session import open_session, run_session
from botaclip.core.errors import EncoderError, ModelFileError, OptionError
from botaclip.core.lattice import Lattice, PatchSpec
from botaclip.core.model_file import ModelFile
from botaclip.core.releves import choose_species

Floats = NDArray[np.float32]

# Graphs always see so many rows: a matrix product may round otherwise for one row than for a thousand, and then a
# click would differ from the map in the last digit.
_ROWS = 512


class Model:
    """What a model file computes; adapter and head run on the CPU, the encoder where it is asked to.

    Parameters
    ----------
    file
        The checked model file.

    Attributes
    ----------
    environment
        The P environment layers that join the image, in order, as mappings with ``name``, ``file``, ``band`` and
        ``path``; empty for a model of images alone.
    image_dimension, dimension
        Length of a raw image vector D, and of what :meth:`adapt` takes, D+P: the environment's values behind it.
    width, unit_width
        Length of what the head reads, E+P, and of the unit vector, E: of the image alone.

    Raises
    ------
    ModelFileError
        A graph cannot be loaded, or does not fit the rest of the file.
    """

    def __init__(self, file: ModelFile) -> None:
        self.file = file
        self.metadata = file.metadata
        self.lattice = Lattice.from_json(file.metadata["lattice"])
        self.patch = PatchSpec(float(file.metadata["patch"]["size_m"]), int(file.metadata["patch"]["cells"]))
        self.species = tuple(str(kind["name"]) for kind in file.metadata["species"])
        self.roles = tuple(str(band["role"]) for band in file.metadata["bands"])
        # Files of the first format have none and do not say so.
        self.environment: tuple[Mapping[str, Any], ...] = tuple(file.metadata.get("environment") or ())
        self.image_dimension = int(file.metadata["encoder"]["dimension"])
        self.dimension = self.image_dimension + len(self.environment)
        self._adapter = self._session("adapter.onnx", "vectors", ("adapted", "unit"), self.dimension)
        self.width, self.unit_width = (int(made.shape[1]) for made in self._adapter.get_outputs())
        if self.width != self.unit_width + len(self.environment):
            raise ModelFileError("its adapter and its list of environment layers do not fit", where=str(file.path))
        self._head = self._session("head.onnx", "adapted", ("logits", "suitability"), self.width)
        if self._head.get_outputs()[1].shape[1] != len(self.species):
            raise ModelFileError("its head and its list of species differ in number", where=str(file.path))
        arrays = file.arrays()
        self.pca_mean, self.pca_components, self.pca_share = (
            arrays[f"pca.{name}"].astype(np.float32) for name in ("mean", "components", "share")
        )
        if self.pca_mean.shape != (self.unit_width,):
            raise ModelFileError("its principal components are not of its vectors", where=str(file.path))
        self.plot_vectors: Floats = arrays["plots.vectors"].astype(np.float32)
        if self.plot_vectors.ndim != 2 or self.plot_vectors.shape[1] != self.unit_width or not self.plot_vectors.size:
            raise ModelFileError("its plots' vectors are not of its width", where=str(file.path))

    @classmethod
    def open(cls, path: str | Path) -> Model:
        """Open a model file; raises :class:`ModelFileError` as :meth:`ModelFile.open` does."""
        return cls(ModelFile.open(path))

    def _session(self, part: str, given: str, made: tuple[str, ...], width: int) -> ort.InferenceSession:
        where = f"{self.file.path}, {part}"
        try:
            session = open_session(self.file.parts[part])
        except EncoderError as error:
            raise ModelFileError(error.found, where=where, remedy=error.remedy) from error
        inputs, outputs = session.get_inputs(), session.get_outputs()
        names = [entry.name for entry in inputs], tuple(entry.name for entry in outputs)
        matrices = all(
            entry.type == "tensor(float)" and len(entry.shape) == 2 and isinstance(entry.shape[1], int)
            for entry in (*inputs, *outputs)
        )
        if names != ([given], made) or not matrices or inputs[0].shape[1] != width:
            raise ModelFileError(f"the graph does not turn {given} (N, {width}) into {', '.join(made)}", where=where)
        return session

    @functools.cached_property
    def thresholds(self) -> NDArray[np.float64]:
        """Threshold of each species (S,), NaN where it has none."""
        values = [kind.get("threshold") for kind in self.metadata["species"]]
        return np.array([np.nan if value is None else value for value in values], float)

    @property
    def relative(self) -> bool:
        """Whether suitability is relative only: presence-only data say nothing about probability."""
        return self.metadata["data_type"] == "presence-only"

    def adapt(self, vectors: Floats) -> tuple[Floats, Floats]:
        """Return what the head reads (N, E+P), and unit image vectors (N, E), of raw vectors (N, D+P)."""
        adapted, unit = self._run(self._adapter, vectors)
        return adapted, unit

    def suitability(self, adapted: Floats) -> Floats:
        """Return calibrated suitability (N, S), 0 to 1, of adapted vectors (N, E+P)."""
        # Not the logits: for thousands of species they would be copied out of the graph for nothing.
        return self._run(self._head, adapted, ("suitability",))[0]

    @functools.cached_property
    def applicability(self) -> Applicability | None:
        """What tells how far a place is from all training plots; None for models made before there was such a thing."""
        about = self.metadata.get("applicability")
        if about is None:
            return None
        axes = min(int(about["axes"]), len(self.pca_components))
        points = self.components(self.plot_vectors, axes)
        return Applicability(points, float(about["mean_distance"]), float(about["threshold"]))

    @functools.cached_property
    def listed_from(self) -> NDArray[np.float32] | None:
        """Suitability (S,) from which a species is on the list of a place, ``inf`` for never; None without lists."""
        if self.metadata.get("lists") is None:
            return None
        values = [kind.get("listed_from") for kind in self.metadata["species"]]
        return np.array([np.inf if value is None else value for value in values], np.float32)

    def listed(self, suitability: Floats, chosen: Sequence[int]) -> NDArray[np.bool_]:
        """Return which of the chosen species are on the list (N, K) at these suitabilities (N, K); NaN is on none.

        Raises
        ------
        ModelFileError
            The model makes no lists.
        """
        if self.listed_from is None:
            raise ModelFileError(
                "it was trained before models made lists of species", where=str(self.file.path), remedy="train it again"
            )  # fmt: skip
        return np.asarray(suitability >= self.listed_from[list(chosen)])

    @functools.cached_property
    def community(self) -> tuple[Floats, float]:
        """Mean (S,) of the square roots of relative suitability over the training plots, and their spread about it.

        Raises
        ------
        ModelFileError
            The model does not hold them.
        """
        arrays = self.file.arrays()
        mean, variance = arrays.get("community.mean"), arrays.get("community.variance")
        if mean is None or variance is None or mean.shape != (len(self.species),) or variance.size != 1:
            raise ModelFileError("its mean community is not of its species", where=str(self.file.path))
        return mean.astype(np.float32), float(variance.ravel()[0])

    def required_applicability(self) -> Applicability:
        """Return :attr:`applicability`.

        Raises
        ------
        ModelFileError
            The model has none.
        """
        if self.applicability is None:
            raise ModelFileError(
                "it was trained before models had an area of applicability", where=str(self.file.path),
                remedy="train it again",
            )  # fmt: skip
        return self.applicability

    def domain(self, unit: Floats) -> tuple[Floats, Floats, Floats]:
        """Return dissimilarity index, 1 inside the area of applicability else 0, and local point density, (N,) each.

        All three are NaN where the vector is.

        Raises
        ------
        ModelFileError
            The model has no area of applicability.
        """
        area = self.required_applicability()
        index, density = area.judged(self.components(unit, area.points.shape[1]))
        inside = np.where(np.isnan(index), np.nan, np.where(index <= area.threshold, 1.0, 0.0))
        return index.astype(np.float32), inside.astype(np.float32), density.astype(np.float32)

    def components(self, unit: Floats, count: int) -> Floats:
        """Return the first ``count`` principal components (N, count) of unit vectors (N, E)."""
        scores = np.empty((len(unit), count), np.float32)
        basis = np.ascontiguousarray(self.pca_components[:count].T)
        for start, rows in _batches(unit):
            scores[start : start + _ROWS] = ((rows - self.pca_mean) @ basis)[: len(unit) - start]
        return scores

    def _run(
        self, session: ort.InferenceSession, values: Floats, wanted: Sequence[str] | None = None
    ) -> list[Floats]:
        name = session.get_inputs()[0].name
        results = [
            np.empty((len(values), entry.shape[1]), np.float32) for entry in session.get_outputs()
            if wanted is None or entry.name in wanted
        ]  # fmt: skip
        for start, rows in _batches(values):
            try:
                outputs = run_session(session, {name: rows}, wanted)
            except EncoderError as error:
                raise ModelFileError(error.found, where=str(self.file.path), remedy=error.remedy) from error
            for result, made in zip(results, outputs, strict=True):
                if made.shape != (len(rows), result.shape[1]):
                    raise ModelFileError(
                        f"a graph made {made.shape} of {rows.shape}, not what it states", where=str(self.file.path),
                        remedy="do not use this model",
                    )
                result[start : start + _ROWS] = made[: len(values) - start]
        return results

    def encoder(self, device: str = "cpu") -> Encoder:
        """Return the encoder that the model was trained with, from the file or else from this installation.

        Raises
        ------
        EncoderError
            It is not at hand, or not the same, or the device cannot be had.
        """
        if self.metadata["encoder"]["embedded"]:
            return embedded.from_parts(self.file.parts, self.metadata, device=device)
        try:
            return opening.of_model(self.metadata, device=device)
        except EncoderError as error:
            raise EncoderError(
                error.found, where=error.where or str(self.file.path), remedy=error.remedy
            ) from error

    def check_mode(self, mode: str) -> None:
        """Refuse to use the model in another mode than it was trained in; ``auto`` is its own.

        Raises
        ------
        OptionError
            ``mode`` is another one.
        """
        about = self.metadata["encoder"]
        if mode == "auto" or set(modes_of(about)) == {mode}:
            return
        raise OptionError(
            f"the model was trained in mode {mode_words(about)} and cannot be used in mode {mode}: vectors of whole "
            "patches, of tokens and of dense cells are different things, and its adapter has learnt from one of them "
            "only", where=str(self.file.path), remedy=f"leave --mode out, or train a model with --mode {mode}",
        )  # fmt: skip

    @functools.cached_property
    def _plot_table(self) -> tuple[list[Any], Any]:
        """Rows and CRS of ``plots.json``, read once for all that asks for a part of it."""
        records = self.file.plots()
        return records.get("plots") or [], records.get("crs")

    @functools.cached_property
    def plots(self) -> tuple[dict[str, Any], ...]:
        """Of each plot of ``plot_vectors`` (N): its ``id``, and ``x``, ``y`` and ``crs`` where the file holds places.

        Read once: a click names the plots most alike, and the table of a large survey takes long to read. Empty
        mappings where the file holds no such table, or one of other plots.
        """
        rows, crs = self._plot_table
        if len(rows) != len(self.plot_vectors):
            return tuple({} for _ in self.plot_vectors)
        return tuple(
            {"id": str(row.get("id", "")), **({"x": row["x"], "y": row["y"], "crs": crs} if crs and "x" in row else {})}
            for row in rows
        )

    @functools.cached_property
    def plots_species(self) -> tuple[frozenset[int], ...] | None:
        """Of each plot of ``plot_vectors`` (N): numbers of the modelled species that its relevé holds.

        None where the file does not say it of every plot, as models made before do not.
        """
        rows, _ = self._plot_table
        known = [row.get("species") for row in rows]
        if len(rows) != len(self.plot_vectors) or not all(isinstance(each, list) for each in known):
            return None
        most = range(len(self.species))
        return tuple(frozenset(s for s in each if isinstance(s, int) and s in most) for each in known)

    def choose(self, species: str | list[str] | None) -> list[int]:
        """Return the indexes of the species asked for; of all when none is.

        Raises
        ------
        ModelFileError
            The model does not know one of them.
        """
        return choose_species(species, self.species, where=str(self.file.path), error=ModelFileError)

    def tags(self) -> dict[str, str]:
        """Return what a map made with this model says about its origin."""
        encoder = self.metadata["encoder"]
        return {
            "BOTACLIP_MODEL": self.file.path.name, "BOTACLIP_MODEL_SHA256": self.file.sha256,
            "BOTACLIP_ENCODER": str(encoder["id"]), "BOTACLIP_ENCODER_SHA256": str(encoder["sha256"]),
            "BOTACLIP_ENCODER_MODE": mode_words(encoder), "BOTACLIP_ENCODER_PRECISION": precision_words(encoder),
            "BOTACLIP_DATA_TYPE": str(self.metadata["data_type"]),
            "BOTACLIP_PATCH": f"{self.patch.size_m:g} m, {self.patch.cells} x {self.patch.cells} cells",
            "BOTACLIP_PLOT": self.plot_words, "BOTACLIP_LICENCE": str(self.metadata.get("licence") or ""),
            "BOTACLIP_CITE": str(self.metadata.get("cite") or ""), "BOTACLIP_JUDGED": self.judged,
            "BOTACLIP_ENCODER_LICENCE": str(encoder.get("licence") or ""),
            "BOTACLIP_ENCODER_CITE": str(encoder.get("citation") or ""),
            "BOTACLIP_VERSIONS": ", ".join(f"{k} {v}" for k, v in sorted(self.metadata["versions"].items())),
        }

    @property
    def judged(self) -> str:
        """How the model was judged, in one sentence: medians over species beside those of the frozen vectors."""
        blocked = (self.metadata.get("scores") or {}).get("blocked")
        found = [_medians(blocked.get(column) if isinstance(blocked, dict) else None) for column in ("adapted", "raw")]
        if not found[0]:
            return "The model file does not say how the model was judged."
        beside = f"; with the frozen vectors {found[1]}" if found[1] else ""
        return f"Judged by cross-validation in spatial blocks, medians over species: {found[0]}{beside}."

    @property
    def plot_words(self) -> str:
        """What a value refers to."""
        area = self.metadata.get("releve_area_m2") or self.patch.size_m**2
        return f"refers to a plot of {area:g} m2"


def _medians(scores: Any) -> str:
    """Return ``AUC 0.90, TSS 0.61`` of a column of scores, as far as it has them."""
    said = []
    for name, metric in (("AUC", "auc"), ("TSS", "tss_at_train_threshold")):
        value = scores.get(metric, {}) if isinstance(scores, dict) else {}
        median = value.get("median") if isinstance(value, dict) else None
        if isinstance(median, (int, float)):
            said.append(f"{name} {median:.2f}")
    return ", ".join(said)


def _batches(values: Floats) -> Iterator[tuple[int, Floats]]:
    """Yield ``start, rows``: always ``_ROWS`` rows, the last ones filled up with zeros."""
    for start in range(0, len(values), _ROWS):
        rows = np.ascontiguousarray(values[start : start + _ROWS], np.float32)
        if len(rows) < _ROWS:
            rows = np.concatenate([rows, np.zeros((_ROWS - len(rows), rows.shape[1]), np.float32)])
        yield start, rows
