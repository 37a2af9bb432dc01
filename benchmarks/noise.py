"""Does the cross-validation score what is not there? Noise for images, shuffled relevés, and planted leaks.

    .venv/bin/python benchmarks/noise.py                    # about ten minutes on two cores
    .venv/bin/python benchmarks/noise.py --permutations 199

**Noise images**: vectors are independent draws, relevés are clustered in space, so that held-out blocks differ in
prevalence. **Shuffled relevés**: vectors and places have structure, relevés are permuted among the plots. Either way
every permutation of what the cross-validation is given is as likely as what is observed, so a score of the very same
pipeline on permuted tables is a draw from its null distribution, the tie to space included.

Two questions are asked, for every column, of AUC and TSS at the training threshold, pooled and as mean over folds
(each the mean over species):

1. Does the observed score lie within the 95 % interval of the permutations? With 16 to 28 scores, one or two lie
   outside their own interval by chance alone. The intervals that judge are therefore simultaneous, from the largest
   standardised distance in each permutation (Westfall and Young 1993): one false alarm in the whole table has a
   chance of 5 %, however the scores depend on each other. This finds what was done *before* the cross-validation,
   such as an adapter fitted on all plots.
2. Do the permutations themselves lie around chance (AUC 0.5, TSS 0)? A leak *inside* the cross-validation lifts
   observed and permuted scores alike and stays hidden from the first question; here it shows.
"""

from __future__ import annotations

import argparse
import dataclasses
import sys
import time
from collections.abc import Callable, Sequence

from checkout import register

register()

import numpy as np  # noqa: E402
from numpy.typing import NDArray  # noqa: E402

from botaclip.training.alignment import Alignment, candidates, fit_adapter  # noqa: E402
from botaclip.training.evaluation import COLUMNS, Protocol, cross_validate  # noqa: E402
from botaclip.training.protocol import IMAGE_COLUMNS  # noqa: E402
from botaclip.training.scores import target_scores  # noqa: E402
from botaclip.training.splits import SpatialBlocks, inner_folds  # noqa: E402
from botaclip.training.standardiser import Standardiser  # noqa: E402
from botaclip.training.training_table import TrainingTable  # noqa: E402

Floats = NDArray[np.float64]

STATISTICS = ("auc", "auc_fold_mean", "tss_at_train_threshold", "tss_at_train_threshold_fold_mean")
CHANCE = np.array([0.5, 0.5, 0.0, 0.0])
NOISE_COLUMNS = IMAGE_COLUMNS
# Bias that is let pass: where more is lost or won than this, a reported score would read differently.
TOLERANCE = 0.02
_EXTENT_M = 6_000.0
_CLUSTER_M = 2_500.0
_BUFFER_M = 150.0
_COVERS = (0.5, 3.0, 15.0, 37.5, 62.5)


@dataclasses.dataclass(frozen=True)
class Setup:
    """How much work one cross-validation is.

    Parameters
    ----------
    plots, width, species
        Size of the table.
    folds, inner
        Numbers of outer and inner folds.
    alignments
        What is tried beside the frozen vectors.
    """

    plots: int = 200
    width: int = 48
    species: int = 15
    folds: int = 5
    inner: int = 3
    alignments: tuple[Alignment, ...] = candidates(200)

    def protocol(self, blocks: SpatialBlocks) -> Protocol:
        """Return what is done inside every outer fold, as ``train`` does it."""
        return Protocol(
            asked="auto", alignments=self.alignments, head="linear", random_state=1,
            inner_folds=lambda inside: inner_folds(blocks, inside.places, n_splits=self.inner),
        )


def clustered_table(setup: Setup, *, structured: bool, seed: int = 1) -> TrainingTable:
    """Return plots whose species are clustered in space.

    Parameters
    ----------
    setup
        Size of the table.
    structured
        Whether image vectors show what the species follow; otherwise they are independent normal draws.
    seed
        Seed.
    """
    rng = np.random.default_rng(seed)
    places = rng.uniform(0, _EXTENT_M, (setup.plots, 2))
    distance = np.linalg.norm(places[:, None] - places[None], axis=2)
    smooth = np.linalg.cholesky(np.exp(-((distance / _CLUSTER_M) ** 2)) + 1e-5 * np.eye(setup.plots))
    gradients = smooth @ rng.normal(size=(setup.plots, 6))
    niches = rng.normal(size=(6, setup.species)) / np.sqrt(6)
    suits = gradients @ niches + 0.3 * rng.normal(size=(setup.plots, setup.species))
    share = np.linspace(0.1, 0.5, setup.species)
    limits = np.array([np.quantile(suits[:, s], 1 - share[s]) for s in range(setup.species)])
    presence = (suits > limits).astype(np.float32)
    vectors = rng.normal(size=(setup.plots, setup.width))
    if structured:
        vectors = np.tanh(gradients @ rng.normal(size=(6, setup.width))) + 0.7 * vectors
    return TrainingTable(
        ids=tuple(f"plot {i}" for i in range(setup.plots)),
        places=places,
        vectors=vectors.astype(np.float32),
        cover=(presence * rng.choice(_COVERS, presence.shape)).astype(np.float32),
        presence=presence,
        species=tuple(f"species {s}" for s in range(setup.species)),
    )


def permuted_vectors(table: TrainingTable, seed: int) -> TrainingTable:
    """Return the table with image vectors permuted among plots."""
    order = np.random.default_rng(seed).permutation(len(table))
    return dataclasses.replace(table, vectors=table.vectors[order])


def permuted_releves(table: TrainingTable, seed: int) -> TrainingTable:
    """Return the table with relevés permuted among plots."""
    return table.with_releves_of(np.random.default_rng(seed).permutation(len(table)))


def leaked(table: TrainingTable, *, name: str = "supervised", steps: int = 80) -> TrainingTable:
    """Return the table with vectors of an adapter that has seen every relevé, those to be held out included."""
    vectors = Standardiser.fit(table.vectors)(table.vectors)
    adapter = fit_adapter(vectors, table.cover, table.presence, Alignment(name), steps)
    return dataclasses.replace(table, vectors=adapter(vectors))


def scores(table: TrainingTable, setup: Setup, columns: Sequence[str]) -> Floats:
    """Return the mean over species of each statistic (C, 4) after the strict cross-validation."""
    blocks = SpatialBlocks(setup.folds, buffer=_BUFFER_M, random_state=1)
    folds = list(blocks.split(table.places))
    targets = target_scores(table, cross_validate(table, folds, setup.protocol(blocks), columns=columns))
    return np.array(
        [[np.nanmean([each[column][name] for each in targets.values()]) for name in STATISTICS] for column in columns]
    )


@dataclasses.dataclass(frozen=True)
class PermutationTest:
    """Observed scores beside those of permuted tables.

    Parameters
    ----------
    columns
        Names (C,).
    observed
        (C, 4) in the order of ``STATISTICS``.
    permuted
        (R, C, 4).
    """

    columns: tuple[str, ...]
    observed: Floats
    permuted: Floats

    @property
    def own_interval(self) -> tuple[Floats, Floats]:
        """2.5 and 97.5 % of the permutations of each score by itself, (C, 4) each."""
        low, high = np.quantile(self.permuted, [0.025, 0.975], axis=0)
        return low, high

    @property
    def interval(self) -> tuple[Floats, Floats]:
        """Simultaneous 95 % interval, (C, 4) each: all scores of a permutation lie in theirs 19 times in 20."""
        allowed = round(0.05 * (len(self.permuted) + 1))
        reach = np.sort(self._oddest(self.permuted))[-allowed] * self.permuted.std(axis=0) if allowed else np.inf
        centre = self.permuted.mean(axis=0)
        # A score that cannot vary, such as the AUC of the prevalence, may differ in the last bit.
        return centre - reach - 1e-9, centre + reach + 1e-9

    @property
    def inside(self) -> NDArray[np.bool_]:
        """Whether each observed score lies in the simultaneous interval (C, 4)."""
        low, high = self.interval
        return (self.observed >= low) & (self.observed <= high)

    @property
    def p(self) -> float:
        """Return how often a permutation is, in its oddest score, as odd as what is observed (all scores at once)."""
        as_odd = self._oddest(self.permuted) >= self._oddest(self.observed[None])[0]
        return float((1 + as_odd.sum()) / (1 + len(self.permuted)))

    def _oddest(self, values: Floats) -> Floats:
        """Return the largest distance (R,) from the mean of the permutations, in their standard deviations."""
        spread = self.permuted.std(axis=0)
        varies = spread > 1e-9
        distance: Floats = (np.abs(values - self.permuted.mean(axis=0))[:, varies] / spread[varies]).max(axis=1)
        return distance

    @property
    def bias(self) -> Floats:
        """Mean of the permutations less chance (C, 4); 0 where nothing leaks inside the cross-validation."""
        return self.permuted.mean(axis=0) - CHANCE

    @property
    def bias_error(self) -> Floats:
        """Standard error of ``bias`` (C, 4)."""
        return self.permuted.std(axis=0, ddof=1) / np.sqrt(len(self.permuted))

    def against(self, observed: Floats) -> PermutationTest:
        """Return the test of other scores against the same permutations."""
        return dataclasses.replace(self, observed=observed)

    def table(self) -> str:
        """Return the scores in lines of text; ``!`` is outside the simultaneous interval, ``*`` outside its own."""
        (low, high), (own_low, own_high) = self.interval, self.own_interval
        alone = (self.observed >= own_low - 1e-9) & (self.observed <= own_high + 1e-9)
        lines = []
        for m, name in enumerate(STATISTICS):
            lines.append(f"{name:<34}{'observed':>9}   {'simultaneous':<16}   {'by itself':<16}{'bias':>8}{'s.e.':>7}")
            for c, column in enumerate(self.columns):
                mark = ("" if self.inside[c, m] else "!") + ("" if alone[c, m] else "*")
                lines.append(
                    f"  {column:<32}{self.observed[c, m]:>9.3f} {mark:<2}[{low[c, m]:.3f}, {high[c, m]:.3f}]"
                    f"   [{own_low[c, m]:.3f}, {own_high[c, m]:.3f}]"
                    f"{self.bias[c, m]:>+8.3f}{self.bias_error[c, m]:>7.3f}"
                )
        lines.append(f"all scores at once: p = {self.p:.3f}; {int((~alone).sum())} of {alone.size} outside their own")
        return "\n".join(lines)


def permutation_test(
    table: TrainingTable, permute: Callable[[TrainingTable, int], TrainingTable], setup: Setup, *,
    columns: Sequence[str], permutations: int, seed: int = 1_000,
) -> PermutationTest:
    """Score a table and permutations of it by the same pipeline."""
    observed = scores(table, setup, columns)
    null = [scores(permute(table, seed + number), setup, columns) for number in range(permutations)]
    return PermutationTest(tuple(columns), observed, np.array(null))


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--permutations", type=int, default=39)
    parser.add_argument("--plots", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    setup = Setup(plots=arguments.plots, alignments=candidates(arguments.plots))
    say = sys.stdout.write
    noise, structured = (clustered_table(setup, structured=s, seed=arguments.seed) for s in (False, True))
    cases = (
        ("Noise images", noise, permuted_vectors, NOISE_COLUMNS),
        ("Shuffled relevés", permuted_releves(structured, arguments.seed), permuted_releves, COLUMNS),
    )
    for title, table, permute, columns in cases:
        started = time.perf_counter()
        test = permutation_test(table, permute, setup, columns=columns, permutations=arguments.permutations)
        say(f"\n{title}: {setup.plots} plots, {arguments.permutations} permutations, "
            f"{time.perf_counter() - started:.0f} s\n{test.table()}\n")  # fmt: skip
        for name in ("supervised", "contrastive"):
            leak = test.against(scores(leaked(table, name=name), setup, columns))
            say(f"\n{title}, planted leak ({name} adapter fitted on all plots)\n{leak.table()}\n")


if __name__ == "__main__":
    main()
