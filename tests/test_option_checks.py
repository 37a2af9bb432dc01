"""What cannot be is refused before anything is read, and what has no effect is said in one line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from botaclip.core.commands import ABLATE, EVALUATE, TRAIN
from botaclip.core.errors import BotaclipError
from botaclip.core.options import parse_parameters
from botaclip.core.progress import Progress
from botaclip.training.ablation import ablate
from botaclip.training.evaluate import evaluate
from botaclip.training.option_checks import check_options, idle_options
from botaclip.training.train import train

DEFAULTS, _ = parse_parameters(TRAIN, {"raster": "r", "releves": "t", "output": "o"})
BAD = [
    ({"lambda": "x"}, r"--lambda cannot be 'x'"),
    ({"lambda": "1,-2"}, r"--lambda cannot be '-2'"),
    ({"species_weight": "1;3"}, r"--species-weight cannot be '1;3'"),
    ({"vegeta": "habitat"}, r"--vegeta habitat: .*--habitat-field"),
    ({"extra_releves": "nowhere.csv"}, r"nowhere\.csv: there is no such file.*--extra-releves"),
    ({"augmentation": "dihedral,flip"}, r"--augmentation cannot be 'flip'"),
    ({"positives": "far"}, r"--positives cannot be 'far'"),
]


@pytest.mark.parametrize(("given", "message"), BAD)
@pytest.mark.parametrize(
    ("job", "command", "outputs"),
    [(train, TRAIN, ("output",)), (evaluate, EVALUATE, ("metrics",)), (ablate, ABLATE, ("output",))],
)
def test_a_bad_option_is_one_sentence_before_any_file_is_opened(
    job: Callable[..., Any], command: Any, outputs: tuple[str, ...], given: dict[str, Any], message: str, tmp_path: Path
) -> None:
    """Neither raster nor relevés exist: an error about them would come first, had they been looked for."""
    asked = {"raster": "none.tif", "releves": "none.csv", **{key: str(tmp_path / f"{key}.out") for key in outputs}}
    parameters, _ = parse_parameters(command, asked)
    with pytest.raises(BotaclipError, match=message):
        job(parameters | given, Progress())
    assert not list(tmp_path.iterdir())


def test_good_options_pass_and_say_nothing(tmp_path: Path) -> None:
    (tmp_path / "extra.csv").write_text("plot_id,species\n")
    said: list[str] = []
    progress = Progress(log=lambda level, message: said.append(message))
    check_options(DEFAULTS, progress)
    check_options(DEFAULTS | {"extra_releves": f"{tmp_path / 'extra.csv'}"}, progress)
    check_options(DEFAULTS | {"habitat_field": "h", "vegeta": "habitat", "alignment": "botaclip"}, progress)
    check_options(DEFAULTS | {"adapter": "residual", "lambda": "0.5", "loss": "infonce"}, progress)
    assert said == []


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"alignment": "whitened", "adapter": "residual"}, ["--adapter", "--alignment whitened trains no adapter"]),
        ({"alignment": "canonical", "loss": "infonce", "bias": -3.0}, ["--loss, --bias", "canonical trains no"]),
        ({"alignment": "none", "lambda": "1", "vegeta": "ca"}, ["--lambda", "none trains no", "--vegeta", "reads no"]),
        ({"alignment": "supervised", "temperature": 3.0}, ["--temperature", "supervised has no contrastive"]),
        ({"alignment": "contrastive", "lambda": "1"}, ["--lambda", "no geometry-preserving term"]),
        ({"alignment": "botaclip", "species_weight": "2"}, ["--species-weight", "of joint alone"]),
        ({"targets": "gram", "loss": "infonce"}, ["--loss", "with --targets gram"]),
        ({"loss": "infonce", "bias": -3.0}, ["--bias", "with --loss infonce"]),
        ({"vegeta": "masked"}, ["--vegeta masked in the alignment canonical", "reads pca instead"]),
        ({"vegeta": "joint", "alignment": "canonical"}, ["--vegeta joint in the alignment canonical"]),
        ({"positive_distance": 5.0, "positives": "alike"}, ["--positive-distance without --positives near"]),
        ({"views": 8}, ["--views without --augmentation"]),
    ],
)
def test_options_without_effect_are_said_in_one_line(given: dict[str, Any], words: list[str]) -> None:
    said: list[tuple[str, str]] = []
    check_options(DEFAULTS | given, Progress(log=lambda level, message: said.append((level, message))))
    ((level, message),) = said
    assert level == "warning" and message.startswith("Without effect: ")
    for word in words:
        assert word in message


@pytest.mark.parametrize(
    "given",
    [
        {"alignment": "joint", "species_weight": "2", "lambda": "1", "temperature": 3.0, "adapter": "attention"},
        {"alignment": "canonical", "vegeta": "ca", "transform": "sqrt", "vegeta_axes": 8},
        {"alignment": "auto", "species_weight": "2", "bias": -3.0, "targets": "floristic"},
        {"alignment": "supervised", "learning_rate": 0.1, "adapter": "residual", "augmentation": "crop", "views": 2},
        {"alignment": "botaclip", "positives": "near,alike", "positive_distance": 5.0, "positive_similarity": 0.5},
    ],
)
def test_options_with_an_effect_are_not_said_to_have_none(given: dict[str, Any]) -> None:
    assert idle_options(DEFAULTS | given) == []
