"""QGIS in French shows the plugin in French, word for word as in the ``.ts``; what is typed stays as it is."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.conftest import ROOT
from tests.qgis_support import Qgis, make_qgis
from tests.script_modules import script

from botaclip.botaclip_qgis import option_words
from botaclip.core.commands import COMMANDS

lrelease, setup, ts_file = script("lrelease"), script("setup"), script("ts_file")

SUITABILITY = COMMANDS["suitability"]
# Qt takes the language from LANG; how file names are written stays as it is.
FRENCH = {"LANG": "fr_FR.UTF-8", "LC_CTYPE": "C.UTF-8", "LC_ALL": "", "LANGUAGE": ""}


@pytest.fixture(scope="module")
def qgis() -> Iterator[Qgis]:
    if lrelease.find_lrelease() is None:
        pytest.skip("lrelease is not installed")
    setup.make_translations()
    yield from make_qgis()


@pytest.fixture(scope="module")
def french(qgis: Qgis) -> dict:
    return qgis.script("translated", "fr")


@pytest.fixture(scope="module")
def english(qgis: Qgis) -> dict:
    return qgis.script("translated", "en")


@pytest.fixture(scope="module")
def said() -> dict[str, str]:
    """The French of every text, from the source of the translation."""
    return {one.source: one.translation for one in ts_file.read_ts(ROOT / "i18n" / "botaclip_fr.ts")}


def test_an_algorithm_is_french_word_for_word(french: dict, said: dict[str, str]) -> None:
    shown = french["algorithms"]["botaclip:suitability"]
    assert shown["title"] == said[SUITABILITY.title] == "Aptitude de l'habitat par espèce"
    assert shown["group"] == said["Maps"] == "Cartes"
    assert shown["help"] == f"{said[SUITABILITY.summary]}\n\n{said[SUITABILITY.help]}"
    species = shown["parameters"]["SPECIES"]
    assert species["label"] == said["Species: separated by commas; empty: all"]
    assert species["label"] == "Espèces\u00a0: séparées par des virgules\u00a0; si vide\u00a0: toutes"
    assert species["help"] == said[SUITABILITY.option("species").help]
    stride = shown["parameters"]["STRIDE"]
    assert stride["label"] == "Pas\u00a0: taille de pixel de la carte [m]"
    assert stride["help"] == f"{said[SUITABILITY.option('stride').help]} Unité\u00a0: m."
    state = shown["parameters"]["RANDOM_STATE"]
    assert state["help"] == f"{said[SUITABILITY.option('random-state').help]} Par défaut\u00a0: 1."
    output = shown["parameters"]["OUTPUT"]
    assert output["help"].endswith(" Un fichier du même nom est remplacé.")
    assert shown["outputs"]["SUMMARY"] == "Résumé"
    assert "végétation" in shown["tags"] and "suitability" in shown["tags"]
    assert french["long name"] == said["BotaCLIP: species to expect from imagery and relevés"]


def test_every_algorithm_is_french(french: dict, said: dict[str, str]) -> None:
    assert len(french["algorithms"]) == len(COMMANDS)
    for command in COMMANDS.values():
        shown = french["algorithms"][f"botaclip:{command.algorithm}"]
        assert (shown["title"], shown["group"]) == (said[command.title], said[command.group])
        assert shown["summary"] == said[command.summary]
        for option in option_words.shown_options(command):
            parameter = shown["parameters"][option.parameter]
            assert parameter["label"] == said[option_words.label(option)]
            assert parameter["help"].startswith(said[option.help])


def test_under_english_nothing_is_translated(english: dict) -> None:
    shown = english["algorithms"]["botaclip:suitability"]
    assert shown["title"] == "Species suitability" and shown["group"] == "Maps"
    assert shown["parameters"]["STRIDE"]["label"] == "Stride: pixel size of the map [m]"
    assert shown["parameters"]["STRIDE"]["help"] == SUITABILITY.option("stride").help_with_default


def test_what_is_typed_is_the_same_in_both(french: dict, english: dict) -> None:
    """Models, scripts and the history name algorithms, parameters and choices."""

    def typed(shown: dict) -> dict:
        return {
            name: (one["group id"], {key: part["choices"] for key, part in one["parameters"].items()},
                   list(one["outputs"]))
            for name, one in shown["algorithms"].items()
        }  # fmt: skip

    assert typed(french) == typed(english)
    assert typed(french)["botaclip:cache"][1]["PART"] == ["all", "vectors", "windows", "graphs"]


def test_it_starts_without_a_window_and_leaves_nothing_behind(french: dict, english: dict) -> None:
    assert french["windows"] == english["windows"] == []
    assert french["after"] == "Train a model", "the translation goes with the plugin"


def test_qgis_process_lists_and_helps_in_french(qgis: Qgis, said: dict[str, str]) -> None:
    def listed(environment: dict[str, str]) -> dict[str, str]:
        lines = qgis.process("list", environment=environment).stdout.splitlines()
        pairs = (line.strip().partition("\t") for line in lines if line.strip().startswith("botaclip:"))
        return {name: title for name, _, title in pairs}

    titles = {f"botaclip:{command.algorithm}": command.title for command in COMMANDS.values()}
    assert listed(FRENCH) == {name: said[title] for name, title in titles.items()}
    assert listed({**FRENCH, "LANG": "en_GB.UTF-8"}) == titles
    helped = qgis.process("help", "botaclip:suitability", environment=FRENCH).stdout
    assert said[SUITABILITY.summary] in helped and said[SUITABILITY.help] in helped
    assert f"SPECIES: {said['Species: separated by commas; empty: all']}" in helped
