"""Parameter tables of the help pages, made from the option table of the program (``core/commands.py``).

The directive ``{option-table} suitability`` writes a command's summary and help and the table of its parameters. All
but the directive works without Sphinx, so that the tests can hold the pages against the option table.
"""

from __future__ import annotations

import dataclasses
import importlib.util
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if "botaclip" not in sys.modules:
    _BOOT = Path(__file__).resolve().parents[2] / "core" / "worker_boot.py"
    _SPEC = importlib.util.spec_from_file_location("_botaclip_boot", _BOOT)
    assert _SPEC is not None and _SPEC.loader is not None
    _SPEC.loader.exec_module(importlib.util.module_from_spec(_SPEC))

from botaclip.core.commands import COMMANDS  # noqa: E402
from botaclip.core.options import OUTPUT_KINDS, Command, Kind, Option  # noqa: E402

if TYPE_CHECKING:
    from sphinx.application import Sphinx

# Processing shows progress itself.
NOT_IN_PROCESSING = frozenset({"progress"})
# What a reader has to write.
_TYPES = {
    Kind.RASTER: "raster file or folder of tiles",
    Kind.RASTERS: "raster files, separated by ;",
    Kind.FOLDER: "folder",
    Kind.FILE: "file",
    Kind.TABLE: "table or vector layer",
    Kind.TABLES: "tables, separated by ;",
    Kind.POINTS: "point layer or table",
    Kind.MASK: "polygon layer",
    Kind.MODEL: "model file, or bundled",
    Kind.MODELS: "model files, separated by ;",
    Kind.CRS: "CRS",
    Kind.EXTENT: "xmin,xmax,ymin,ymax",
    Kind.TEXT: "text",
    Kind.LIST: "words, separated by commas",
    Kind.INTEGER: "whole number",
    Kind.NUMBER: "number",
    Kind.FLAG: "yes or no",
    Kind.OUTPUT_FOLDER: "folder to write",
    Kind.OUTPUT_RASTER: "raster to write",
    Kind.OUTPUT_VECTOR: "vector layer to write",
    Kind.OUTPUT_MODEL: "model file to write",
    Kind.OUTPUT_HTML: "HTML file to write",
    Kind.OUTPUT_JSON: "JSON file to write",
    Kind.OUTPUT_FILE: "file to write",
    Kind.OUTPUT_TABLE: "table to write",
}
COLUMNS = ("Command line", "Processing", "Type", "Unit", "Default", "What it is")


@dataclasses.dataclass(frozen=True)
class Row:
    """One parameter as the pages show it; all of it plain text."""

    flag: str
    parameter: str
    type: str
    unit: str
    default: str
    help: str
    advanced: bool

    @classmethod
    def of(cls, option: Option) -> Row:
        """Return the row of an option."""
        return cls(
            option.flag, "" if option.name in NOT_IN_PROCESSING else option.parameter, _type(option), option.unit,
            _default(option), option.help, option.advanced,
        )  # fmt: skip


def rows(command: Command) -> list[Row]:
    """Return a command's parameters in the order of its dialog, the folded ones last."""
    return sorted((Row.of(option) for option in command.options), key=lambda row: row.advanced)


def markdown(command: Command) -> str:
    """Return what the directive stands for: summary, help, names, and one or two tables."""
    names = (
        f"*Command line:* `botaclip {command.name}`. *Processing toolbox:* BotaCLIP → {command.group} → "
        f"{command.title} (`botaclip:{command.algorithm}`)."
    )
    parts = [f"**{command.summary}** {command.help}", names]
    for advanced, title in ((False, "Parameters"), (True, "Advanced parameters, folded away in dialogs")):
        shown = [row for row in rows(command) if row.advanced is advanced]
        if shown:
            parts += [f"*{title}*", _table(shown)]
    return "\n\n".join(parts) + "\n"


def _table(shown: list[Row]) -> str:
    lines = ["| " + " | ".join(COLUMNS) + " |", "|" + "---|" * len(COLUMNS)]
    for row in shown:
        cells = (
            f"`{row.flag}`", f"`{row.parameter}`" if row.parameter else "", row.type, row.unit, row.default, row.help
        )  # fmt: skip
        lines.append("| " + " | ".join(cell if cell.startswith("`") else _plain(cell) for cell in cells) + " |")
    return "\n".join(lines)


def _plain(text: str) -> str:
    """Return text in which nothing is taken for Markdown, and two hyphens stay two."""
    for letter in "\\`*_{}[]<>|#~$":
        text = text.replace(letter, f"\\{letter}")
    return text.replace("--", "\\-\\-")


def _type(option: Option) -> str:
    if option.kind is Kind.CHOICE:
        return "one of " + ", ".join(option.choices)
    if option.kind is Kind.FIELD:
        return f"column of {option.parent}"
    text = _TYPES[option.kind]
    low, high = option.minimum, option.maximum
    if low is not None and high is not None:
        return f"{text}, {low:,.10g} to {high:,.10g}"
    if low is not None:
        return f"{text}, from {low:,.10g}"
    return text


def _default(option: Option) -> str:
    if option.required:
        return "required"
    if option.kind is Kind.FLAG:
        return "yes" if option.default else "no"
    if option.default in (None, ""):
        return "not written" if option.kind in OUTPUT_KINDS else "not given"
    return f"{option.default:g}" if isinstance(option.default, float) else str(option.default)


def setup(app: Sphinx) -> dict[str, Any]:
    """Add the directive to Sphinx."""
    from docutils import nodes
    from sphinx.util.docutils import SphinxDirective

    class OptionTable(SphinxDirective):
        """``{option-table} COMMAND``."""

        required_arguments = 1

        def run(self) -> list[nodes.Node]:
            """Return the nodes of the command's text and tables."""
            name = self.arguments[0]
            if name not in COMMANDS:
                raise self.error(f"there is no command {name!r} in core/commands.py")
            # The table lies outside the pages: what it says is as old as these files.
            for file in sorted((Path(__file__).resolve().parents[2] / "core").glob("*options.py")):
                self.env.note_dependency(str(file))
            self.env.note_dependency(str(Path(__file__).resolve().parents[2] / "core" / "commands.py"))
            return self.parse_text_to_nodes(markdown(COMMANDS[name]))

    app.add_directive("option-table", OptionTable)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
