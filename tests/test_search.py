"""The search finds what was planted, the same again with the same seed, and sees nothing but its inner folds."""

from __future__ import annotations

import dataclasses
import math
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from botaclip.core.errors import Cancelled, OptionError
from botaclip.core.progress import Progress
from botaclip.training import search as module
from botaclip.training.alignment import Alignment
from botaclip.training.fit_state import FitState
from botaclip.training.protocol import Protocol
from botaclip.training.recipe import Recipe
from botaclip.training.search import best_trained, search, searched
from botaclip.training.selection import Trial, best, inner_validation

from .conftest import ROOT
from .small_tables import planted, thirds

TABLE = planted(60, dimension=12, species=4)
FOLDS = thirds(TABLE)


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


def surface(loss: Callable[[Alignment], float], seen: list[Alignment] | None = None) -> Callable[..., list[Trial]]:
    """Return an inner validation in which the loss is a function of the settings."""

    def validation(table: object, folds: object, alignments: tuple[Alignment, ...], **_: object) -> list[Trial]:
        (alignment,) = alignments
        if seen is not None:
            seen.append(alignment)
        frozen = Trial(Alignment("none"), 0, 1.0, 0.0, np.zeros((1, 1)))
        return [frozen, *(Trial(alignment, s, 1.0, loss(alignment), np.zeros((1, 1))) for s in alignment.checkpoints)]

    return validation


def test_it_finds_a_planted_better_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    def loss(alignment: Alignment) -> float:
        recipe = alignment.recipe
        assert recipe.learning_rate is not None
        return abs(math.log10(recipe.learning_rate / 5e-3)) + 0.05 * abs(recipe.bias + 3.0)

    monkeypatch.setattr(module, "inner_validation", surface(loss))
    begun = Alignment("contrastive", recipe=Recipe(learning_rate=2e-4))
    found = search(TABLE, FOLDS, begun, 60)
    assert loss(found) < 0.25 * loss(begun)
    assert found.name == "contrastive" and found.weight == 0.0


def test_the_setting_to_begin_with_is_the_first_and_is_never_made_worse(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Alignment] = []
    begun = Alignment("joint", 0.1, recipe=Recipe(learning_rate=0.5, vegeta_axes=2, weight_decay=5.0))

    def loss(alignment: Alignment) -> float:
        return float(alignment != begun)

    monkeypatch.setattr(module, "inner_validation", surface(loss, seen))
    assert search(TABLE, FOLDS, begun, 5) == begun
    assert seen[0] == begun and len(seen) == 5 and len(set(seen)) == 5


@pytest.mark.parametrize(
    ("alignment", "fixed"),
    [
        (Alignment("supervised"), {"temperature", "bias", "vegeta_axes", "species_weight", "weight"}),
        (Alignment("contrastive"), {"species_weight", "weight"}),
        (Alignment("botaclip", 1.0), {"species_weight"}),
        (Alignment("botaclip", 1.0, recipe=Recipe(loss="infonce")), {"species_weight", "bias"}),
        (Alignment("botaclip", 1.0, recipe=Recipe(targets="gram")),
         {"species_weight", "temperature", "bias", "vegeta_axes"}),
        (Alignment("joint", 1.0), set()),
    ],
)  # fmt: skip
def test_only_what_has_an_effect_is_searched_for(
    alignment: Alignment, fixed: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Alignment] = []
    monkeypatch.setattr(module, "inner_validation", surface(lambda _: 1.0, seen))
    search(TABLE, FOLDS, alignment, 12)
    values: dict[str, set[Any]] = {"weight": {a.weight for a in seen}, "checkpoints": {a.checkpoints for a in seen}}
    values |= {f.name: {getattr(a.recipe, f.name) for a in seen} for f in dataclasses.fields(Recipe)}
    moved = {name for name, found in values.items() if len(found) > 1}
    everything = {"learning_rate", "weight_decay", "temperature", "bias", "vegeta_axes", "species_weight", "weight",
                  "checkpoints"}  # fmt: skip
    assert moved == everything - fixed
    assert values["checkpoints"] <= {(20, 80, 160, 320), (40, 160, 320, 640), (80, 320, 640, 1_280)}


def test_the_seed_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "inner_validation", surface(lambda a: (a.recipe.bias + 5.0) ** 2))
    one, same, other = (search(TABLE, FOLDS, Alignment("contrastive"), 8, random_state=seed) for seed in (1, 1, 2))
    assert one == same and one != other


def test_a_real_search_is_no_worse_than_where_it_began() -> None:
    begun = Alignment("supervised", checkpoints=(2, 4), recipe=Recipe(learning_rate=1e-6))
    found = search(TABLE, FOLDS, begun, 4, random_state=3)

    def loss(alignment: Alignment) -> float:
        return best(inner_validation(TABLE, FOLDS, (alignment,), random_state=3), "supervised").loss

    assert loss(found) < loss(begun)


def test_it_never_sees_plots_outside_its_inner_folds() -> None:
    """Plots of another outer fold are poisoned: whatever reads them cannot give the same settings."""
    inside = np.arange(45)
    folds = thirds(TABLE.take(inside))
    poisoned = dataclasses.replace(TABLE, vectors=TABLE.vectors.copy(), presence=TABLE.presence.copy())
    poisoned.vectors[45:], poisoned.presence[45:] = np.nan, np.nan
    begun = Alignment("contrastive", checkpoints=(2,))
    whole, apart = (search(table, folds, begun, 3) for table in (poisoned, TABLE.take(inside)))
    assert whole == apart


def test_progress_rises_and_cancelling_stops_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "inner_validation", surface(lambda _: 1.0))
    told: list[tuple[float, str]] = []
    search(TABLE, FOLDS, Alignment("supervised"), 3, progress=Progress(lambda f, m: told.append((f, m))))
    assert told == [(0.0, "search: trial 1 of 3"), (1 / 3, "search: trial 2 of 3"), (2 / 3, "search: trial 3 of 3")]
    with pytest.raises(Cancelled):
        search(TABLE, FOLDS, Alignment("supervised"), 3, progress=Progress(cancelled=lambda: True))


def test_what_cannot_be_searched_for_is_said() -> None:
    with pytest.raises(OptionError, match="nothing to search for in the alignment 'whitened'"):
        search(TABLE, FOLDS, Alignment("whitened"), 3)
    with pytest.raises(OptionError, match="at least 1"):
        search(TABLE, FOLDS, Alignment("supervised"), 0)


def test_the_best_trained_alignment() -> None:
    def trial(name: str, loss: float) -> Trial:
        return Trial(Alignment(name), 20, 1.0, loss, np.zeros((1, 1)))

    trials = [trial("none", 0.1), trial("whitened", 0.2), trial("supervised", 0.5), trial("joint", 0.4)]
    assert best_trained(trials) == (Alignment("supervised"), Alignment("joint"))
    assert best_trained(trials, "supervised") == (Alignment("supervised"),)
    assert best_trained(trials, "whitened") == () and best_trained(trials[:2]) == ()


def test_a_search_adds_its_trials_to_the_usual_ones() -> None:
    alignments = (Alignment("whitened", checkpoints=(2,)), Alignment("supervised", checkpoints=(2, 4)))
    protocol = Protocol("auto", alignments, "linear", lambda inside: FOLDS, search=3)
    told: list[float] = []
    usual = inner_validation(TABLE, FOLDS, alignments)
    assert searched(TABLE, FOLDS, usual, dataclasses.replace(protocol, search=0)) == []
    added = searched(TABLE, FOLDS, usual, protocol, Progress(lambda fraction, _: told.append(fraction)))
    assert {t.alignment.name for t in added} == {"supervised"}
    assert best(added).loss <= best(usual, "supervised").loss
    assert told == sorted(told) and told
    # A closed form that was asked for has nothing to search for.
    assert searched(TABLE, FOLDS, usual, dataclasses.replace(protocol, asked="whitened")) == []


def test_alignments_that_are_compared_are_searched_alike() -> None:
    alignments = (Alignment("supervised", checkpoints=(2,)), Alignment("contrastive", checkpoints=(2,)))
    protocol = Protocol("contrastive", alignments, "linear", lambda inside: FOLDS, search=2)
    usual = inner_validation(TABLE, FOLDS, alignments)
    assert {t.alignment.name for t in searched(TABLE, FOLDS, usual, protocol)} == {"contrastive"}
    both = searched(TABLE, FOLDS, usual, protocol, compared=True)
    assert {t.alignment.name for t in both} == {"supervised", "contrastive"}


def test_optuna_is_loaded_by_a_search_alone() -> None:
    code = "import sys; sys.path.insert(0, sys.argv[1]); import tests.conftest, botaclip.training.search\n" \
        "assert 'optuna' not in sys.modules"  # fmt: skip
    subprocess.run([sys.executable, "-c", code, str(ROOT)], check=True)


def test_a_search_that_was_stopped_goes_on_to_the_same_result(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    tried: list[Alignment] = []
    plain = surface(lambda a: (a.recipe.bias + 5.0) ** 2 + a.recipe.weight_decay, tried)

    def stopped(*given: object, **options: object) -> list[Trial]:
        if len(tried) == 4:
            raise Cancelled
        return plain(*given, **options)

    def found(key: str = "k", **options: Any) -> Alignment:
        return search(TABLE, FOLDS, Alignment("contrastive"), 7, kept=FitState(tmp_path, key), **options)

    monkeypatch.setattr(module, "inner_validation", plain)
    whole = search(TABLE, FOLDS, Alignment("contrastive"), 7)
    seven = list(tried)
    tried.clear()
    monkeypatch.setattr(module, "inner_validation", stopped)
    with pytest.raises(Cancelled):
        found()
    monkeypatch.setattr(module, "inner_validation", plain)
    assert found() == whole
    assert tried == seven  # none of the four finished trials was done twice
    assert found() == whole and len(tried) == 7
    # Another seed is another search, other data are other losses: nothing is taken over.
    found(random_state=2)
    assert len(tried) == 14
    search(dataclasses.replace(TABLE, presence=1 - TABLE.presence), FOLDS, Alignment("contrastive"), 2,
           kept=FitState(tmp_path, "k"))  # fmt: skip
    assert len(tried) == 16


def test_a_real_search_with_kept_work_is_the_same(tmp_path: Path) -> None:
    alignments = (Alignment("contrastive", checkpoints=(2, 4)),)
    protocol = Protocol("auto", alignments, "linear", lambda inside: FOLDS, search=2)
    usual = inner_validation(TABLE, FOLDS, alignments)
    plain = searched(TABLE, FOLDS, usual, protocol)
    for _ in range(2):
        kept = searched(TABLE, FOLDS, usual, protocol, kept=FitState(tmp_path, "k", every_s=0.0))
        assert [(t.alignment, t.steps, t.loss) for t in kept] == [(t.alignment, t.steps, t.loss) for t in plain]
    folder = FitState(tmp_path, "k").under("search contrastive").folder
    assert len(list((tmp_path / folder.name).glob("trial-*.safetensors"))) == 2
