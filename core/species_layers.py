"""Several rows of one species in a plot, its layers, become one cover; the rows as read are kept."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from scipy.sparse import csr_array

INDEPENDENT, SUM, MAX = "independent", "sum", "max"
RULES = {
    INDEPENDENT: "combined as overlapping layers, 1 - product(1 - cover)",
    SUM: "summed, at most 100 %",
    MAX: "taken at their largest",
}
# Columns that name the layer of a row where no option does.
LAYER_FIELDS = ("layer", "stratum", "strate", "schicht")


@dataclasses.dataclass(frozen=True)
class Originals:
    """The rows of a relevé table as they were read, before names and layers were brought together.

    Parameters
    ----------
    plot, verbatim, layer, cover
        Plot, species, layer (``""`` where none is given) and cover code of each row (n,), as written.
    rows
        Number of each row in the file (n,).
    """

    plot: NDArray[np.str_]
    verbatim: NDArray[np.str_]
    layer: NDArray[np.str_]
    cover: NDArray[np.str_]
    rows: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.rows)


def combine_layers(
    plot_of: NDArray[np.int64], species_of: NDArray[np.int64], values: NDArray[np.float64], shape: tuple[int, int], *,
    rule: str = INDEPENDENT, abundance: bool = False,
) -> tuple[csr_array, NDArray[np.int64]]:
    """Return the sparse cover matrix (N, S) float32, and how many rows each of its filled cells was made from (cells,).

    Parameters
    ----------
    plot_of, species_of
        Plot and species of each row (n,), as indexes.
    values
        Cover of each row (n,) in per cent, or abundance.
    shape
        Number of plots and species.
    rule
        ``independent``: layers that overlap at random leave the product of what each leaves free (Jennings et al.
        2009, doi:10.1890/07-1804.1); ``sum``, at most 100 %; ``max``.
    abundance
        Whether the values are counts: they are summed without a limit unless the rule is ``max``.
    """
    cells, cell_of, rows = np.unique(plot_of * shape[1] + species_of, return_inverse=True, return_counts=True)
    combined = np.zeros(len(cells))
    if rule == MAX:
        np.maximum.at(combined, cell_of, values)
    elif rule == SUM or abundance:
        np.add.at(combined, cell_of, values)
        if not abundance:
            combined = np.minimum(combined, 100.0)
    else:
        free = np.ones(len(cells))
        np.multiply.at(free, cell_of, 1 - values / 100)
        np.add.at(combined, cell_of, values)
        combined = np.where(rows > 1, 100 * (1 - free), combined)
    from scipy.sparse import csr_array  # only what learns from relevés brings it

    starts = np.searchsorted(cells, np.arange(shape[0] + 1) * shape[1])
    cover = csr_array((combined.astype(np.float32), cells % shape[1], starts), shape=shape)
    cover.eliminate_zeros()
    return cover, rows


def describe_layers(rows: NDArray[np.int64], layers: NDArray[np.str_], rule: str, abundance: bool) -> str:
    """Return the sentence on species with several rows in a plot; ``""`` where there is none.

    Parameters
    ----------
    rows
        How many rows each filled cell was made from.
    layers
        The layers that occur, ``""`` among them where a row gives none.
    rule, abundance
        See :func:`combine_layers`.
    """
    several = int((rows > 1).sum())
    if not several:
        return ""
    how = "summed" if abundance and rule != MAX else RULES[rule]
    named = [str(layer) for layer in layers if layer]
    what = f" (layers {', '.join(named[:8])}{' ...' if len(named) > 8 else ''})" if named else ""
    return f"{several} species stand in one plot several times{what}: their rows were {how}."


def repeated_rows(
    plot_of: NDArray[np.int64], verbatim_of: NDArray[np.int64], layer_of: NDArray[np.int64]
) -> int:
    """Return how many rows repeat plot, name as written and layer of an earlier row: layers not told apart, or errors.

    Parameters
    ----------
    plot_of, verbatim_of, layer_of
        Plot, name as written and layer of each row (n,), as indexes.
    """
    key = (plot_of * (verbatim_of.max(initial=0) + 1) + verbatim_of) * (layer_of.max(initial=0) + 1) + layer_of
    return len(key) - len(np.unique(key))
