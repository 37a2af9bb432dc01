"""Every text of the plugin is collected, and every language says all of it, with the same placeholders."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from botaclip.botaclip_qgis import option_words
from botaclip.core.commands import COMMANDS

from .conftest import ROOT
from .script_modules import script

translations, ts_file = script("translations"), script("ts_file")
FRENCH = ROOT / "i18n" / "botaclip_fr.ts"


def messages(**texts: str) -> dict:
    return {text: ts_file.Message(text, "") for text in texts.values()}


# --- What is collected ------------------------------------------------------------------------------------------------


def test_literals_are_found_in_order_also_over_several_lines() -> None:
    code = (
        'def f():\n    g(tr("Second {count}").format(count=1), tr("Third"))\n'
        'x = tr(\n    "a long text "\n    "over two lines"\n)\ny = not_tr("no"); z = "neither"\n'
    )
    assert list(translations.literals(code, "a.py")) == ["Second {count}", "Third", "a long text over two lines"]


@pytest.mark.parametrize("call", ['f"{x}"', "name", '"a" + b', '"%s" % b', '""', "3", "other.label(one)", "label(one)"])
def test_what_cannot_be_read_is_an_error_with_file_and_line(call: str) -> None:
    with pytest.raises(translations.ExtractionError, match=r"^botaclip_qgis/a\.py, line 2: tr\(.* gets no literal"):
        list(translations.literals(f"\ntr({call})\n", "botaclip_qgis/a.py"))


@pytest.mark.parametrize("code", ['tr("a", "b")', "tr()", 'tr("a", disambiguation="b")', 'self.tr("a")'])
def test_other_ways_to_translate_are_errors(code: str) -> None:
    with pytest.raises(translations.ExtractionError, match="a.py, line 1"):
        list(translations.literals(code, "a.py"))


@pytest.mark.parametrize(
    "code",
    ["tr(option_words.label(option))",
     "from botaclip.botaclip_qgis.option_words import label as words\ntr(words(option))"],
)  # fmt: skip
def test_the_words_of_the_option_table_come_from_the_table(code: str) -> None:
    assert list(translations.literals(code, "a.py")) == []


def test_the_option_table_is_collected_whole() -> None:
    collected = translations.collect()
    for command in COMMANDS.values():
        assert {command.title, command.group, command.summary, command.help} <= set(collected)
        for option in command.options:
            if option.name != "progress":  # Processing has its own
                assert {option_words.label(option), option.help} <= set(collected), option.name
    assert "years" in collected
    assert collected["Date tolerance: left out beyond it [years]"].note == "label of --date-tolerance"
    assert COMMANDS["train"].option("progress").help not in collected
    assert "tr" not in collected and "auto" not in collected and "demo-data" not in collected
    unit = collected["Unit: {unit}."]
    assert unit.places == ("../botaclip_qgis/parameters.py",)


def test_no_line_numbers_so_that_the_file_changes_only_with_the_texts() -> None:
    assert "line=" not in FRENCH.read_text(encoding="utf-8")


# --- Merging and filling in ------------------------------------------------------------------------------------------


@pytest.fixture
def plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A plugin that says two things, and an option table that says nothing."""
    (tmp_path / "botaclip_qgis").mkdir()
    code = 'tr("Map {name}: 100 %")\ntr("Open <b>it</b>")\n'
    (tmp_path / "botaclip_qgis" / "a.py").write_text(code, encoding="utf-8")
    monkeypatch.setattr(option_words, "strings", lambda: iter(()))
    return tmp_path


def run(plugin: Path, *words: str) -> int:
    return translations.main([*words], root=plugin, folder=plugin / "i18n")


def test_merging_keeps_adds_and_removes(plugin: Path) -> None:
    path = plugin / "i18n" / "botaclip_de.ts"
    old = [ts_file.Message("Gone", "Weg"), ts_file.Message("Map {name}: 100 %", "Karte {name}: 100 %")]
    ts_file.write_ts(path, "de", old)
    assert run(plugin) == 0
    assert [(one.source, one.translation) for one in ts_file.read_ts(path)] == [
        ("Map {name}: 100 %", "Karte {name}: 100 %"), ("Open <b>it</b>", "")
    ]  # fmt: skip
    first = path.read_bytes()
    assert run(plugin) == 0 and path.read_bytes() == first


def test_missing_is_printed_and_filled_in(plugin: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(plugin, "--language", "fr") == 0
    capsys.readouterr()
    assert run(plugin, "--missing") == 0
    assert json.loads(capsys.readouterr().out) == {"Map {name}: 100 %": "", "Open <b>it</b>": ""}
    assert run(plugin, "--check") == 1
    filled = plugin / "fr.json"
    said = {"Map {name}: 100 %": "Carte {name} : 100 %", "Open <b>it</b>": "<b>Ouvrir</b> « ceci » ?"}
    filled.write_text(json.dumps(said), encoding="utf-8")
    assert run(plugin, "--fill", str(filled)) == 0
    assert run(plugin, "--check") == 0
    found = [one.translation for one in ts_file.read_ts(plugin / "i18n" / "botaclip_fr.ts")]
    assert found == ["Carte {name}\u00a0: 100\u00a0%", "<b>Ouvrir</b> «\u00a0ceci\u00a0»\u00a0?"]


def test_with_several_languages_one_is_to_be_named(plugin: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for language in ("de", "fr"):
        assert run(plugin, "--language", language) == 0
    (plugin / "fr.json").write_text('{"Open <b>it</b>": "<b>Ouvrir</b>"}', encoding="utf-8")
    with pytest.raises(SystemExit):
        run(plugin, "--fill", str(plugin / "fr.json"))
    assert "--fill needs --language, one of de, fr" in capsys.readouterr().err
    assert run(plugin, "--language", "fr", "--fill", str(plugin / "fr.json")) == 0
    files = {one: ts_file.read_ts(plugin / "i18n" / f"botaclip_{one}.ts")[1].translation for one in ("de", "fr")}
    assert files == {"de": "", "fr": "<b>Ouvrir</b>"}


def test_what_the_plugin_does_not_say_is_left_out_and_named(
    plugin: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (plugin / "fr.json").write_text('{"Mapp": "Carte", "Open <b>it</b>": "<b>Ouvrir</b>"}', encoding="utf-8")
    assert run(plugin, "--language", "fr", "--fill", str(plugin / "fr.json")) == 0
    assert "does not say it:\n  'Mapp'\n" in capsys.readouterr().err
    assert [one.translation for one in ts_file.read_ts(plugin / "i18n" / "botaclip_fr.ts")] == ["", "<b>Ouvrir</b>"]


# --- Checking --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "said", "complaint"),
    [
        ("{count} plots", "{nombre} placettes", r"\{count\}, \{nombre\} not as often"),
        ("{a} of {b}", "{a} sur {a}", "not as often"),
        ("Open <b>it</b>", "Ouvrir <i>ceci</i>", "</b>, </i>, <b>, <i> not as often"),
        ("Not with --groups.", "Pas avec --groupes.", "--groupes, --groups not as often"),
        ("&Image", "Image", "& not as often"),
        ("Name: it", "Nom : ceci", "a space that may break"),
        ("Name ", "Nom", "spaces at the ends"),
        ("Name", "", "not translated: 'Name'"),
    ],
)
def test_a_translation_that_says_something_else_is_found(source: str, said: str, complaint: str) -> None:
    (found,) = translations.problems(messages(a=source), {source: said}, "fr")
    assert re.search(complaint, found)


def test_a_text_that_is_gone_is_found() -> None:
    assert translations.problems({}, {"Gone": "Parti"}, "fr") == ["no longer a text of the plugin: 'Gone'"]


def test_the_words_of_a_choice_stay_as_they_are_typed() -> None:
    help = COMMANDS["cache"].option("action").help
    kept = "show : montrer ; clear : vider."
    assert translations.problems(messages(a=help), {help: translations.typography(kept, "fr")}, "fr") == []
    lost = translations.typography("montrer : montrer ; vider : vider.", "fr")
    (found,) = translations.problems(messages(a=help), {help: lost}, "fr")
    assert found.startswith("clear, show must stay as typed")


def test_a_text_may_begin_with_a_mark() -> None:
    assert translations.problems(messages(a="; then"), {"; then": "\u00a0; puis"}, "fr") == []


def test_french_spaces() -> None:
    told = translations.typography("Il a 1 024 pixels : « vrai » ! 100 m, EPSG:2154, x,y", "fr")
    assert told == "Il a 1\u00a0024 pixels\u00a0: «\u00a0vrai\u00a0»\u00a0! 100\u00a0m, EPSG:2154, x,y"
    assert translations.typography("Is it : so ?", "de") == "Is it : so ?"


# --- The languages there are -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", translations.languages(ROOT / "i18n"))
def test_a_language_is_complete_and_correct(language: str) -> None:
    known = {one.source: one.translation for one in ts_file.read_ts(ROOT / "i18n" / f"botaclip_{language}.ts")}
    assert translations.problems(translations.collect(), known, language) == []


def test_french_is_there() -> None:
    assert "fr" in translations.languages(ROOT / "i18n")
    known = {one.source: one.translation for one in ts_file.read_ts(FRENCH)}
    assert known["Train a model"] == "Entraîner un modèle"
    # What both languages write alike is a name, a symbol or a word; no sentence is left as it was.
    alike = [re.sub(r"{\w+}", "", text) for text, said in known.items() if text == said]
    assert [text for text in alike if len(re.findall(r"[a-z]{2,}", text)) > 3] == []


def test_the_plugin_looks_in_the_context_that_is_written() -> None:
    code = (ROOT / "botaclip_qgis" / "i18n.py").read_text(encoding="utf-8")
    assert f'CONTEXT = "{ts_file.CONTEXT}"' in code
