"""Every option of training is named in the documentation, with the default that it has."""

from __future__ import annotations

import re

import pytest

from botaclip.core.commands import COMMANDS
from botaclip.core.options import Option
from botaclip.core.training_options import ALIGNMENT, FOLDS, HEAD, KEPT, LOCATIONS, TARGETS

from .conftest import ROOT

PAGE = (ROOT / "docs" / "training.md").read_text(encoding="utf-8")
TEXT = (ROOT / "README.md").read_text(encoding="utf-8") + "".join(
    path.read_text(encoding="utf-8") for path in sorted((ROOT / "docs").glob("*.md"))
)


def named(name: str, text: str) -> bool:
    return re.search(rf"--{re.escape(name)}(?![a-z-])", text) is not None


@pytest.mark.parametrize("command", ["train", "evaluate", "ablate"])
def test_every_option_is_named_somewhere(command: str) -> None:
    missing = [option.name for option in COMMANDS[command].options if not named(option.name, TEXT)]
    assert not missing, f"named in no page: {', '.join(missing)}"


@pytest.mark.parametrize(
    "option", (*ALIGNMENT, *FOLDS, *HEAD, *KEPT, *TARGETS, *LOCATIONS), ids=lambda option: option.name
)
def test_the_page_about_training_explains_it(option: Option) -> None:
    assert named(option.name, PAGE)
    # What the page says of the default is the default.
    said = re.search(rf"`--{re.escape(option.name)}` \(default `?([^`),:;]+(?:,[\d.]+)*)", PAGE)
    if said is not None and option.default is not None:
        default = f"{option.default:g}" if isinstance(option.default, (int, float)) else str(option.default)
        assert said[1].replace("−", "-").split(" ")[0] == default
    assert not [choice for choice in option.choices if not re.search(rf"\b{re.escape(choice)}\b", PAGE)]


def test_no_option_is_named_that_there_is_not() -> None:
    known = {option.name for command in COMMANDS.values() for option in command.options} | {"help"}
    assert set(re.findall(r"--([a-z][a-z-]*[a-z])", PAGE)) <= known


def test_where_the_defaults_differ_from_the_usual_recipe_is_said() -> None:
    defaults = {option.name: option.default for option in ALIGNMENT}
    assert (defaults["schedule"], defaults["stopping"]) == ("constant", "head")
    assert "**differ from the usual recipe**" in PAGE and "`--schedule cosine --stopping retrieval`" in PAGE
