"""What is said of the scores in plain sentences: only what holds, the same in the log, the report and the demo."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

from botaclip.training.findings import findings, no_better_than_prevalence, not_concluded, procedure
from botaclip.training.headline import headline
from botaclip.training.report import report_page
from botaclip.training.report_words import NOT_INDEPENDENT, site_recognition
from botaclip.training.scores import FEWEST_PAIRS, summarise_sites

from .script_modules import script

demo_tables = script("demo_tables")

FROZEN, SUPERVISED = "none, penalty 100", "supervised, 40 steps, penalty 30"
REASON = "Alignment: as it was chosen."
PLANTS = "What is gained is not shown to be due to the plants (shuffled does as well)."


def document(
    choices: tuple[str, ...] = (FROZEN, FROZEN), picked: str = "none", *, error: float = 0.9, brier: float = -0.01,
    gain: float = 0.1,
) -> dict[str, Any]:
    """Return scores of 12 species; ``brier`` is of adapted less prevalence, ``gain`` of adapted less shuffled."""
    ease = np.linspace(0.2, 0.4, 12)
    targets = {
        f"species {i}": {
            "raw": {"tss_at_train_threshold": level, "brier": 0.1},
            "adapted": {"tss_at_train_threshold": level + gain, "brier": 0.1 + brier},
            "shuffled": {"tss_at_train_threshold": level, "brier": 0.1},
            "prevalence": {"tss_at_train_threshold": 0.0, "brier": 0.1},
        }
        for i, level in enumerate(ease)
    }
    return {
        "summary": {c: {"tss_at_train_threshold": {"median": 0.3, "n_targets": 12}} for c in targets["species 0"]},
        "targets": targets,
        "folds": [{"fold": k, "choices": {"raw": FROZEN, "adapted": choice}} for k, choice in enumerate(choices)],
        "alignment": {
            "asked": "auto", "picked": picked, "reason": REASON,
            "candidates": [{"label": "botaclip", "relative_error": 0.5}, {"label": picked, "relative_error": error}],
        },
    }  # fmt: skip


def test_which_row_scores_the_file_and_which_the_choosing() -> None:
    said = procedure(document((SUPERVISED,) * 4 + (FROZEN,)))
    assert said == (
        "In the 5 folds auto chose: supervised 4 times, the frozen vectors once; the row 'adapted' scores this "
        "procedure. The model file: the frozen vectors as they are, which the row 'raw' scores."
    )
    # Other strengths are the same kind; one that has no row of its own is given none.
    other = "botaclip, lambda 1, 20 steps, penalty 3"
    mixed = document((SUPERVISED, other, SUPERVISED), "botaclip, lambda 1, 40 steps")
    assert procedure(mixed).startswith("In the 3 folds auto chose: supervised twice, botaclip once;")
    assert procedure(mixed).endswith(" The model file: botaclip, lambda 1, 40 steps.")
    start = "the adapter of a, b.botaclip as it is"
    assert procedure(document((f"{start}, penalty 3", FROZEN), start)).endswith(
        f"{start} once, the frozen vectors once; the row 'adapted' scores this procedure. The model file: {start}."
    )


def test_folds_that_chose_as_the_file_did_are_told_in_short() -> None:
    said = procedure(document((SUPERVISED, "supervised, 80 steps, penalty 1"), "supervised, 320 steps"))
    assert said == "In the 2 folds auto chose supervised, as for the model file; the row 'adapted' scores that."
    # All folds alike, but unlike the file.
    assert "auto chose: supervised twice;" in procedure(document((SUPERVISED, SUPERVISED)))
    asked = document((SUPERVISED, FROZEN))
    asked["alignment"]["asked"] = "supervised"
    assert procedure(asked) == ""


@pytest.mark.parametrize(
    "error, brier, why",
    [
        (0.99, -0.001, ""), (1.0, -0.001, "relative error 1.0000 in inner validation"),
        (0.99, 0.0, "median difference +0.0000 over species on held-out plots"),
        (1.0042, 0.0015,
         "median difference +0.0015 over species on held-out plots; relative error 1.0042 in inner validation"),
    ],
)  # fmt: skip
def test_no_better_than_the_prevalence(error: float, brier: float, why: str) -> None:
    expected = why and f"By Brier score the model is no better than the prevalence alone ({why})."
    assert no_better_than_prevalence(document(error=error, brier=brier)) == expected


def test_a_gain_that_shuffled_releves_give_too_is_not_called_due_to_the_plants() -> None:
    assert PLANTS not in findings(document(gain=0.1))
    assert PLANTS in findings(document(gain=-0.1))
    unclear = document()
    for i, columns in enumerate(unclear["targets"].values()):
        columns["adapted"]["tss_at_train_threshold"] += -0.1 + (-1) ** i * 0.05
    assert PLANTS in findings(unclear)
    assert PLANTS not in findings(document(gain=0.0)), "nothing was gained: the same model"


def test_log_report_and_demo_say_the_same() -> None:
    metrics = document((SUPERVISED, FROZEN), error=1.2, gain=-0.1)
    metrics["findings"] = findings(metrics)
    assert len(metrics["findings"]) == 3
    assert headline(metrics)[-4:] == [*metrics["findings"], REASON]
    assert demo_tables.findings(metrics).splitlines() == metrics["findings"]
    text = re.sub(r"<[^>]+>", " ", report_page(metrics))
    for sentence in metrics["findings"][:2]:
        assert sentence.replace("'", "&#x27;") in text
    # No gain is shown here, so that it is not asked what it is due to.
    question = "Do the plants matter: does it do better than with wrong relevés?"
    assert f"{question}  No, shuffled does better" in text
    assert demo_tables.findings({}) == ""


def test_intervals_say_what_they_are_over_and_are_left_out_between_few_pairs() -> None:
    def within(pairs: int) -> dict[str, Any]:
        def columns(lift: float) -> dict[str, Any]:
            return {
                name: {"auc": 0.5 + more, "brier": 0.1, "tss_at_train_threshold": 0.1 + more}
                for name, more in (("raw", 0.0), ("adapted", lift))
            }

        return {f"s{i}": {"a": columns(i / 99)} for i in range(pairs)}

    enough = summarise_sites(within(FEWEST_PAIRS))["adapted"]["auc"]["difference_to_raw"]
    few = summarise_sites(within(FEWEST_PAIRS - 1))["adapted"]["auc"]["difference_to_raw"]
    assert 0 <= enough["low"] < enough["median"] < enough["high"] <= 9 / 99
    assert enough["median"] == pytest.approx(4.5 / 99)
    assert few["median"] == pytest.approx(4 / 99) and np.isnan([few["low"], few["high"]]).all()

    metrics = document()
    metrics["targets_within_site"] = within(3)
    entry = {"median": 0.2, "difference_to_raw": {"median": 0.05, "low": None, "high": None}}
    metrics["summary_within_site"] = {"raw": {}, "adapted": {"tss_at_train_threshold": entry}}
    reason = "too few pairs of a species and a site: 3, 10 are needed"
    metrics["omitted"] = {"intervals within sites": reason}
    lines = headline(metrics)
    assert lines[0].endswith("difference of TSS to raw [95 % interval over species]")
    assert NOT_INDEPENDENT in lines and f"Intervals within sites are left out: {reason}." in lines
    assert any(line.startswith("adapted") and line.endswith("+0.050") for line in lines)
    said = demo_tables.scores(metrics)
    assert f"Intervals are over species. {NOT_INDEPENDENT}" in said and f"Intervals are left out: {reason}." in said
    assert re.search(r"^adapted +0\.200 +\+0\.050$", said, flags=re.MULTILINE)
    text = re.sub(r"<[^>]+>", " ", report_page(metrics))
    assert f"intervals are left out: {reason}." in text and "+0.050 [" not in text


def test_only_sites_that_lie_far_apart_are_called_so() -> None:
    assert site_recognition({"data": {"sites_far_apart": True}}).startswith("Pooled over sites that lie far apart, a ")
    assert site_recognition({}).startswith("Pooled over sites, a score may show no more than that the model")


def with_interval(low: float, high: float, *, n: int = 12, blocks: int = 20, plots: int = 400) -> dict[str, Any]:
    metrics = document()
    metrics["data"] = {"n_plots": plots}
    metrics["summary"]["adapted"]["tss_at_train_threshold"]["difference_to_raw"] = {
        "median": (low + high) / 2, "low": low, "high": high, "p": 0.1, "n": n,
        "over_blocks": {"low": low, "high": high, "n": blocks},
    }  # fmt: skip
    return metrics


def test_what_cannot_be_concluded_is_said() -> None:
    assert not_concluded(document()) == []
    assert not_concluded(with_interval(0.01, 0.03)) == []
    few = not_concluded(with_interval(0.01, 0.03, plots=48, n=5, blocks=4))
    assert len(few) == 3
    assert few[0].startswith("48 plots are few: differences of a few hundredths")
    assert few[1].startswith("With 5 species no test can find a difference")
    assert few[2] == "The plots lie in 4 blocks: intervals over so few are too narrow."
    open_question = not_concluded(with_interval(-0.01, 0.03))
    assert open_question == [
        "Drawn anew by spatial blocks, these plots do not show whether adapting helps: the interval of its difference "
        "to raw, −0.010 to +0.030, holds zero."
    ]
    # Frozen vectors in every fold: there is no difference to be shown.
    assert not_concluded(with_interval(0.0, 0.0)) == []
    assert open_question[0] in findings(with_interval(-0.01, 0.03))


def test_intervals_over_blocks_and_the_protocol_are_in_log_and_report() -> None:
    metrics = with_interval(-0.01, 0.03) | {"protocol": "strict"}
    lines = headline(metrics)
    assert any(line.endswith("[95 % interval over species] [over blocks]") for line in lines)
    assert any("+0.010 [-0.010, +0.030] [-0.010, +0.030]" in line for line in lines)
    assert any(line.startswith("Protocol strict: adapter") for line in lines)
    page = report_page(metrics)
    assert "over blocks" in page and "−0.010 to +0.030" in page and "Protocol strict: adapter" in page
    assert "over blocks" not in "".join(headline(document()))


def test_every_alignment_that_auto_may_choose_has_its_row() -> None:
    metrics = document(("whitened, 16 axes, penalty 1",) * 2, "canonical, 8 axes")
    metrics["summary"] |= {"canonical": {}, "raw_whitened": {}}
    assert procedure(metrics) == (
        "In the 2 folds auto chose: whitened twice; the row 'adapted' scores this procedure. The model file: "
        "canonical, 8 axes, which the row 'canonical' scores."
    )
    metrics["alignment"]["picked"] = "whitened, 8 axes"
    assert procedure(metrics).startswith("In the 2 folds auto chose whitened, as for the model file")
