"""Classes of places that look alike to a model, as a map, and the species that tell each class from the others."""

from __future__ import annotations

import csv
import dataclasses
import hashlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.cluster import KMeans

from botaclip.core.applied_model import OK
from botaclip.core.errors import OptionError, PairingError
from botaclip.core.map_job import Seen, make_map, model_for_map
from botaclip.core.model import Model
from botaclip.core.progress import Progress
from botaclip.core.raster_style import qml_classes
from botaclip.core.releves import ReleveTable
from botaclip.core.scene_maps import MapKind
from botaclip.core.unfinished import check_writable, unfinished
from botaclip.training.indicator_species import Indicator, indicator_species
from botaclip.training.reading import read_table

Floats = NDArray[np.float32]

NODATA = 0
_MOST = 250
_ROWS = 4096


@dataclasses.dataclass(frozen=True)
class Clusters:
    """Classes in a model's space; class k of 1 to K is the one whose centre is nearest.

    Parameters
    ----------
    centres
        (K, E) means of unit vectors, the class of most training plots first.
    plots
        Number of training plots in each class (K,).
    """

    centres: Floats
    plots: NDArray[np.integer]

    @classmethod
    def fit(cls, unit: Floats, count: int, *, random_state: int = 1) -> Clusters:
        """Find ``count`` classes (k-means, Lloyd 1982) among the unit vectors (N, E) of training plots.

        They are fitted on the training plots and not on a raster: two rasters, or two tiles, get the same classes.

        Raises
        ------
        OptionError
            There are not so many plots that differ.
        """
        most = len(np.unique(unit, axis=0))
        if not 2 <= count <= min(most, _MOST):
            raise OptionError(
                f"{count} classes cannot be told among {most} different training plots", where="--clusters",
                remedy=f"ask for 2 to {min(most, _MOST)}",
            )  # fmt: skip
        found = KMeans(count, n_init=10, random_state=random_state).fit(np.asarray(unit, dtype=np.float64))
        sizes = np.bincount(found.labels_, minlength=count)
        order = np.argsort(-sizes, kind="stable")
        return cls(found.cluster_centers_[order].astype(np.float32), sizes[order])

    def of(self, unit: Floats) -> NDArray[np.uint8]:
        """Return the class of each vector (N,), 1 to K, 0 where it is NaN."""
        made = np.zeros(len(unit), np.uint8)
        square = np.square(self.centres.astype(np.float64)).sum(axis=1)
        for start in range(0, len(unit), _ROWS):
            rows = unit[start : start + _ROWS].astype(np.float64)
            known = np.isfinite(rows).all(axis=1)
            nearest = (square - 2.0 * rows[known] @ self.centres.T.astype(np.float64)).argmin(axis=1)
            made[start : start + _ROWS][known] = nearest + 1
        return made


def clusters(parameters: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """Run ``botaclip clusters``; see the option table for the parameters.

    Returns
    -------
    dict
        What :func:`~botaclip.core.scene_maps.make_maps` returns; ``plots``: training plots of each class;
        ``indicators``: the table that was written, where relevés were given.
    """
    table, wanted = None, parameters.get("indicators")
    if wanted:
        check_writable(Path(wanted), overwrite=parameters["overwrite"])
    if bool(wanted) != bool(parameters.get("releves")):
        given, lacking = ("--indicators", "--releves") if wanted else ("--releves", "--indicators")
        raise OptionError(f"{given} needs {lacking}", remedy=f"give both, or leave {given} out")
    if parameters.get("releves"):
        table = read_table(parameters)
        for line in table.report:
            progress.info(line)
    model = model_for_map(parameters)
    classes = Clusters.fit(model.plot_vectors, parameters["clusters"], random_state=parameters["random_state"])
    found: list[Indicator] = []

    def kind_of(applied: Seen) -> MapKind:
        if table is not None:
            found.extend(indicators_of(
                table, classes, applied, progress.stage(0.0, 0.1), random_state=parameters["random_state"]
            ))  # fmt: skip
        return map_of(model, classes, found)

    outputs = make_map(
        "clusters", parameters, kind_of, progress if table is None else progress.stage(0.1, 1.0), model=model
    )
    if wanted:
        write_indicators(Path(wanted), found, overwrite=parameters["overwrite"])
        outputs["indicators"] = str(wanted)
    return outputs | {"plots": [int(count) for count in classes.plots]}


def map_of(model: Model, classes: Clusters, found: list[Indicator]) -> MapKind:
    """Return the map of classes, in the legend what tells each."""

    def compute(vectors: Floats) -> tuple[NDArray[Any], int]:
        return classes.of(model.adapt(vectors)[1])[:, None], 0

    return MapKind(
        name="clusters", bands=("class",), compute=compute, dtype="uint8", nodata=NODATA,
        style=qml_classes([legend(number, found) for number in range(1, len(classes.centres) + 1)]),
        tags={
            "BOTACLIP_CLASSES": f"{len(classes.centres)} by k-means of {int(classes.plots.sum())} training plots",
            "BOTACLIP_CENTRES_SHA256": hashlib.sha256(classes.centres.tobytes()).hexdigest(),
        },
        band_tags=[{}],
        meaning="Classes of places that look alike to the model, by the nearest of the classes' centres among its "
        "training plots: the same classes on every raster. Class 1 holds the most training plots.",
    )


def legend(number: int, found: list[Indicator]) -> str:
    """Return ``class 3: Carex nigra, Molinia caerulea``: a class and the three species that tell it best."""
    names = [each.species for each in found if each.group == str(number)][:3]
    return f"class {number}: {', '.join(names)}" if names else f"class {number}"


def indicators_of(
    table: ReleveTable, classes: Clusters, applied: Seen, progress: Progress, *,
    random_state: int = 1,
) -> list[Indicator]:
    """Return the indicator species of the classes that the relevés lie in.

    Raises
    ------
    PairingError
        Relevés lie in fewer than two classes.
    """
    seen = applied.at(table.points, (), progress)
    inside = np.flatnonzero(seen.status == OK)
    of = classes.of(seen.unit[inside])
    progress.info(f"{len(inside)} of {len(table)} relevés lie on the image, in {len(np.unique(of))} classes.")
    if len(np.unique(of)) < 2:
        raise PairingError("the relevés lie in fewer than two classes", where=applied.name,
                           remedy="bring relevés of this image, or ask for more classes")  # fmt: skip
    cover = table.cover[inside]
    met = np.flatnonzero(np.asarray((cover > 0).sum(axis=0)).ravel())
    dense = np.asarray(cover[:, met].toarray() if hasattr(cover, "toarray") else cover[:, met], dtype=float)
    names = [str(table.species[index]) for index in met]
    made = indicator_species(dense, of, names, random_state=random_state)
    return sorted(made, key=lambda each: (int(each.group), -each.indval))


def write_indicators(path: Path, found: list[Indicator], *, overwrite: bool) -> None:
    """Write indicator species as CSV, one row each."""
    with unfinished(path, overwrite=overwrite) as part, part.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["class", "species", "specificity", "fidelity", "indval", "phi", "p"])
        for each in found:
            numbers = (each.specificity, each.fidelity, each.indval, each.phi, each.p)
            writer.writerow([each.group, each.species, *(f"{number:.4f}" for number in numbers)])
