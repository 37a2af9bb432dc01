"""The help pages name every command and option, hang together, and can be built; most of it without Sphinx."""

from __future__ import annotations

import importlib
import importlib.util
import re
import shlex
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from botaclip.core import cli
from botaclip.core.commands import COMMANDS
from botaclip.core.options import Option

from .conftest import ROOT

DOCS = ROOT / "docs"
PAGES = sorted(page for page in DOCS.rglob("*.md") if not page.relative_to(DOCS).parts[0].startswith("_"))
COMMAND_PAGES = {page.stem: page.read_text(encoding="utf-8") for page in sorted((DOCS / "commands").glob("*.md"))}
EXAMPLES = [
    (page, line.strip())
    for page, text in COMMAND_PAGES.items()
    for line in text.splitlines()
    if line.startswith(("    botaclip ", "    qgis_process "))
]
_LINK = re.compile(r"!?\[[^\]]*\]\((?P<target>[^)\s]+)\)")
_FENCE = re.compile(r"^(```+)[^\n]*\n.*?^\1[ \t]*$", re.MULTILINE | re.DOTALL)


def extension() -> ModuleType:
    folder = str(DOCS / "_ext")
    if folder not in sys.path:
        sys.path.insert(0, folder)
    return importlib.import_module("option_table")


option_table = extension()


def words(text: str) -> str:
    """Return a page without its blocks of code."""
    return _FENCE.sub("", text)


def anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings, made by the rule of forges (and of MyST)."""
    found: set[str] = set()
    for heading in re.findall(r"^#{1,6} +(.+?)\s*$", words(page.read_text(encoding="utf-8")), re.MULTILINE):
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).replace("`", "").replace("*", "")
        slug = re.sub(r"[^\w\- ]", "", plain.lower()).replace(" ", "-")
        number = sum(1 for one in found if one == slug or re.fullmatch(rf"{re.escape(slug)}-\d+", one))
        found.add(f"{slug}-{number}" if number else slug)
    return found


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_its_place_on_the_page_of_its_group(name: str) -> None:
    group = COMMANDS[name].group.lower().replace(" ", "-")
    assert group in COMMAND_PAGES, f"write docs/commands/{group}.md and name it in docs/index.md"
    text = COMMAND_PAGES[group]
    section = re.search(rf"^## {re.escape(name)}\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    assert section is not None, f"docs/commands/{group}.md has no section '## {name}'"
    assert f"```{{option-table}} {name}\n```" in section[1]
    assert f"    botaclip {name}" in section[1], "an example is missing"
    assert sum(text.count(f"{{option-table}} {name}\n") for text in COMMAND_PAGES.values()) == 1


def test_no_command_is_shown_that_there_is_not() -> None:
    shown = {name for text in COMMAND_PAGES.values() for name in re.findall(r"\{option-table\} (\S+)", text)}
    assert shown == set(COMMANDS)


@pytest.mark.parametrize(("page", "line"), EXAMPLES, ids=[line[:60] for _, line in EXAMPLES])
def test_every_example_can_be_typed(
    page: str, line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, *rest = shlex.split(line)
    if first == "botaclip":
        monkeypatch.chdir(tmp_path)
        (tmp_path / "alps.json").touch()  # what has to be there before the command is typed
        command, _ = cli.parse(rest)
        assert command is not None and command.group.lower().replace(" ", "-") == page
        return
    assert rest[0] == "run" and rest[1].startswith("botaclip:")
    command = {one.algorithm: one for one in COMMANDS.values()}[rest[1].removeprefix("botaclip:")]
    given = {word.removeprefix("--").partition("=")[0] for word in rest[2:]}
    assert given <= {option.parameter for option in command.options}
    assert {option.parameter for option in command.options if option.required} <= given


@pytest.mark.parametrize("name", COMMANDS)
def test_the_table_names_every_option_in_all_its_words(name: str) -> None:
    command = COMMANDS[name]
    rows = option_table.rows(command)
    assert {row.flag for row in rows} == {option.flag for option in command.options}
    assert len(rows) == len(command.options)
    text = option_table.markdown(command)
    for option in command.options:
        line = next(line for line in text.splitlines() if line.startswith(f"| `{option.flag}` |"))
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        assert len(cells) == len(option_table.COLUMNS)
        plain = [re.sub(r"\\(.)", r"\1", cell) for cell in cells]
        assert plain[1] == ("" if option.name == "progress" else f"`{option.parameter}`")
        assert plain[3] == option.unit and plain[5] == option.help
        assert plain[4] == said_default(option)
        assert all(choice in plain[2] for choice in option.choices)
    assert command.summary in text and command.help in text and f"botaclip:{command.algorithm}" in text


def said_default(option: Option) -> str:
    if option.required:
        return "required"
    if isinstance(option.default, bool):
        return "yes" if option.default else "no"
    if option.default in (None, ""):
        return "not written" if option.kind.value.startswith("output") else "not given"
    return f"{option.default:g}" if isinstance(option.default, float) else str(option.default)


def test_bounds_units_and_folding_are_shown() -> None:
    by_flag = {row.flag: row for row in option_table.rows(COMMANDS["train"])}
    size = by_flag["--patch-size"]
    assert (size.parameter, size.type, size.unit, size.default, size.advanced) == (
        "PATCH_SIZE", "number, 0.1 to 100,000", "m", "100", False,
    )  # fmt: skip
    assert by_flag["--min-presences"].type == "whole number, from 2"
    assert by_flag["--plot-field"].type == "column of releves"
    assert by_flag["--output"].default == "required" and by_flag["--report"].default == "not written"
    text = option_table.markdown(COMMANDS["train"])
    first, folded = text.split("*Advanced parameters, folded away in dialogs*")
    assert "| `--patch-size` |" in first and "| `--lambda` |" in folded
    # Nothing in a help text may be taken for markup, and two hyphens stay two.
    assert r"\-\-groups" in folded and "--groups is given" not in folded


def test_every_page_is_in_the_table_of_contents() -> None:
    index = (DOCS / "index.md").read_text(encoding="utf-8")
    listed = [
        re.sub(r".*<(.+)>", r"\1", line.strip())
        for block in re.findall(r"```\{toctree\}\n(.*?)```", index, re.DOTALL)
        for line in block.splitlines()
        if line.strip() and not line.startswith(":")
    ]
    pages = {page.relative_to(DOCS).with_suffix("").as_posix() for page in PAGES}
    assert sorted(listed) == sorted(set(listed))
    assert set(listed) == pages - {"index"}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(DOCS).as_posix())
def test_every_link_leads_somewhere(page: Path) -> None:
    for target in (match["target"] for match in _LINK.finditer(words(page.read_text(encoding="utf-8")))):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        file = (page.parent / name).resolve() if name else page
        assert file.is_file(), f"{target} leads nowhere"
        assert not anchor or anchor in anchors(file), f"{name or page.name} has no heading #{anchor}"


def test_a_link_that_leads_nowhere_would_be_found() -> None:
    assert "how-many-steps-from-where-trials-on-seed-101-and-102" in anchors(DOCS / "results.md")
    assert "no-such-heading" not in anchors(DOCS / "results.md")
    assert [match["target"] for match in _LINK.finditer("a [b](c.md#d) ![e](images/f.png)")] == [
        "c.md#d", "images/f.png",
    ]  # fmt: skip


def test_images_are_small_shown_and_described() -> None:
    images = sorted((DOCS / "images").glob("*"))
    texts = "".join(page.read_text(encoding="utf-8") for page in PAGES)
    shown = re.findall(r"!\[([^\]]*)\]\((?:\.\./)?images/([^)]+)\)", texts)
    assert {name for _, name in shown} == {image.name for image in images}
    assert all(len(alternative) > 20 for alternative, _ in shown), "an image needs words for those who cannot see it"
    assert len(images) <= 12
    assert {image.name: image.stat().st_size for image in images if image.stat().st_size > 200_000} == {}


def test_the_pages_can_be_built_without_a_warning(tmp_path: Path) -> None:
    if importlib.util.find_spec("sphinx") is None or importlib.util.find_spec("myst_parser") is None:
        pytest.skip("Sphinx is not installed; make setup brings it where Python is 3.11 or newer")
    sphinx = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-d", str(tmp_path / "trees"), str(DOCS)]
    built = subprocess.run([*sphinx, str(tmp_path / "html")], capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stdout + built.stderr
    page = (tmp_path / "html" / "commands" / "maps.html").read_text(encoding="utf-8")
    assert "<table" in page and "--stride" in page and "STRIDE" in page and 'id="suitability"' in page
    # Read offline: nothing is loaded from elsewhere.
    for file in (tmp_path / "html").rglob("*.html"):
        loaded = re.findall(r'<(?:script|link|img)[^>]+(?:src|href)="(https?:[^"]+)"', file.read_text(encoding="utf-8"))
        assert not loaded, f"{file.name} loads {loaded}"


def test_dialogs_lead_to_the_page_of_their_group(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from botaclip.botaclip_qgis import help_pages

    packaged, checkout = tmp_path / "help", tmp_path / "build" / "docs"
    monkeypatch.setattr(help_pages, "FOLDERS", (packaged, checkout))
    assert help_pages.help_of(COMMANDS["suitability"]) == ""  # no pages, so no button
    (checkout / "commands").mkdir(parents=True)
    for name in COMMAND_PAGES:
        (checkout / "commands" / f"{name}.html").touch()
    maps = (checkout / "commands" / "maps.html").as_uri()
    assert help_pages.help_of(COMMANDS["suitability"]) == f"{maps}#suitability"
    assert all(help_pages.help_of(command).endswith(f".html#{name}") for name, command in COMMANDS.items())
    packaged.mkdir()
    (packaged / "index.html").touch()
    assert help_pages.help_address() == (packaged / "index.html").as_uri()
