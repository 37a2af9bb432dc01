"""What docs/encoders.md says of names, options and licences is what the program has."""

from __future__ import annotations

import re
import shlex

import pytest

from botaclip.core.commands import COMMANDS
from botaclip.core.encoders import colour_texture, random_conv
from botaclip.core.encoders.record import EncoderRecord
from botaclip.core.encoders.registry import RECORDS

from .conftest import ROOT

TEXT = (ROOT / "docs" / "encoders.md").read_text(encoding="utf-8")
_CELLS = [[cell.strip() for cell in line.strip("|").split("|")] for line in TEXT.splitlines() if line.startswith("| `")]
ROWS = {cells[0].strip("`"): cells for cells in _CELLS if len(cells) == 8}
LINES = [line.strip() for line in TEXT.splitlines() if line.startswith("    botaclip ")]
LICENCES = {"etalab-2.0": "Etalab 2.0"}


def test_every_encoder_stands_in_the_table() -> None:
    assert set(ROWS) == set(RECORDS)


@pytest.mark.parametrize("record", RECORDS.values(), ids=lambda record: record.id)
def test_the_table_says_what_the_record_says(record: EncoderRecord) -> None:
    _, licence, bands, _, vector, modes, file, verified = ROWS[record.id]
    assert licence == LICENCES.get(record.licence, record.licence)
    assert modes == ", ".join(record.modes)
    assert ("**no**" in verified) != record.verified
    if record.architecture == "builtin":
        built = {"random-conv": random_conv, "colour-texture": colour_texture}[record.id]
        assert vector == f"{built.dimension(3)} (RGB), {built.dimension(4)} (RGBN)"
        return
    assert vector == str(record.dimension)
    assert ("unpinned" in file) == (bool(record.url) and not record.pinned)
    if record.bands:
        words = bands.replace("RGB", "red, green, blue").replace("near infrared", "nir")
        assert words == ", ".join(record.bands)


@pytest.mark.parametrize("line", LINES)
def test_every_command_in_it_exists_with_its_options(line: str) -> None:
    words = shlex.split(line.partition("#")[0])
    command = COMMANDS[words[1]]
    options = {option.key: option for option in command.options}
    for word in words[2:]:
        if word.startswith("--"):
            assert word[2:].replace("-", "_") in options, f"{word} in: {line}"
    actions = [option for option in command.options if option.key == "action"]
    if actions:
        assert words[2] in actions[0].choices
        if len(words) > 3 and words[3][0].islower() and words[2] != "import":
            assert words[3] in RECORDS


def test_commands_are_shown_for_every_action() -> None:
    shown = {shlex.split(line)[2] for line in LINES if line.startswith("botaclip encoders")}
    assert shown == {"list", "show", "download", "import", "export", "verify", "remove"}


def test_no_place_is_left_empty() -> None:
    assert not re.findall(r"\b[A-Z]+_TABLE\b", TEXT)


def test_no_figure_is_provisional() -> None:
    """Every table is of the idle machine: none waits for its benchmark."""
    assert [word for word in ("Provisional", "provisional", "to be replaced by") if word in TEXT] == []
    assert not re.findall(r"<!-- encoder_precision: -->\s+\*\*On a GPU", TEXT)
