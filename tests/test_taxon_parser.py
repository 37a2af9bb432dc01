"""Names of taxa as people write them down."""

from __future__ import annotations

import csv

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.conftest import shared

from botaclip.core.taxon_parser import parse_name


@pytest.mark.parametrize(
    ("verbatim", "name"),
    [
        ("Poa annua", "Poa annua"),
        ("Poa annua L.", "Poa annua"),
        ("Corylus cornuta Marshall var. californica (A. DC.) Sharp", "Corylus cornuta var. californica"),
        ("Acer nigrum Michx. f.", "Acer nigrum"),
        ("Bifora americana Benth. & Hook. f. ex S. Watson", "Bifora americana"),
        ("Fagus sylvatica f. purpurea (Aiton) C.K. Schneid.", "Fagus sylvatica f. purpurea"),
        ("Pinus nigra J.F. Arnold ssp. laricio Maire", "Pinus nigra subsp. laricio"),
        ("Solidago rugosa Mill. ssp. rugosa var. villosa (Pursh) Fernald",
         "Solidago rugosa subsp. rugosa var. villosa"),
        ("Erodium cicutarium (L.) L'Hér. ex Aiton", "Erodium cicutarium"),
        ("Symphyotrichum lateriflorum (L.) Á. Löve & D. Löve var. lateriflorum",
         "Symphyotrichum lateriflorum var. lateriflorum"),
        ("Carex ×höstiana DC.", "Carex × höstiana"),
        ("Mentha x piperita L.", "Mentha × piperita"),
        ("x Cupressocyparis leylandii", "× Cupressocyparis leylandii"),
        ("×Festulolium loliaceum (Huds.) P. Fourn.", "× Festulolium loliaceum"),
        ("Salix alba L. × Salix fragilis L.", "Salix alba × fragilis"),
        ("Quercus robur x Q. petraea", "Quercus robur × petraea"),
        ("Prunus domestica nothosubsp. italica", "Prunus domestica nothosubsp. italica"),
        ("Festuca ovina agg.", "Festuca ovina"),
        ("Taraxacum officinale s.l.", "Taraxacum officinale"),
        ("Galium mollugo s. str.", "Galium mollugo"),
        ("Ranunculus acris sl", "Ranunculus acris"),
        ("Viola canina auct. non L.", "Viola canina"),
        ("Acer platanoides 'Crimson King'", "Acer platanoides"),
        ("Acer platanoides 'Unknown vari", "Acer platanoides"),
        ("Bombus (Pyrobombus) lapidarius", "Bombus lapidarius"),
        ("Taraxacum sect. Ruderalia Kirschner et al.", "Taraxacum sect. Ruderalia"),
        ("Malus yunnanensis veitchii", "Malus yunnanensis veitchii"),
        ("Betula glandulosa/nana", "Betula glandulosa/nana"),
        ("Picea abies juv.", "Picea abies"),
        ("Poa\u00a0 annua", "Poa annua"),
    ],
)
def test_names(verbatim: str, name: str) -> None:
    parsed = parse_name(verbatim)
    assert (parsed.name, parsed.level, parsed.doubtful) == (name, "species", False)


@pytest.mark.parametrize(
    "verbatim",
    ["Carex cf. nigra", "cf. Carex nigra", "Carex aff. nigra", "Carex cf.nigra", "Carex nigra ?", "Carex nigra (cf.)",
     "Carex nigra? L."],
)  # fmt: skip
def test_doubt(verbatim: str) -> None:
    parsed = parse_name(verbatim)
    assert (parsed.name, parsed.level, parsed.doubtful) == ("Carex nigra", "species", True)


@pytest.mark.parametrize(
    ("verbatim", "name"),
    [
        ("Carex sp.", "Carex sp."), ("Carex spp", "Carex sp."), ("Carex species", "Carex sp."),
        ("Carex indet.", "Carex sp."), ("Carex sp. 2", "Carex sp. 2"), ("Carex sp2", "Carex sp2"),
        ("sp.", "sp."), ("indet.", "indet."), ("Unknown plant", "Unknown plant"), ("unidentified", "unidentified"),
        ("Malus unidentified species", "Malus unidentified species"), ("Plantae sp.", "Plantae sp."),
        ("Graminée indéterminée", "Graminée indéterminée"), ("cf. Carex sp.", "cf. Carex sp."),
        ("Inconnue", "Inconnue"), ("unbekannte Art", "unbekannte Art"),
    ],
)  # fmt: skip
def test_names_of_no_species(verbatim: str, name: str) -> None:
    parsed = parse_name(verbatim)
    assert parsed.level == "unidentified"
    assert parsed.name == name or (verbatim.startswith("cf.") and parsed.name == "Carex sp.")


@pytest.mark.parametrize(("verbatim", "name"), [("Carex", "Carex"), ("Carex L.", "Carex"), ("Carex cf.", "Carex"),
                                                ("Poaceae", "Poaceae"), ("Malus 'Everest'", "Malus")])
def test_a_genus_alone(verbatim: str, name: str) -> None:
    assert (parse_name(verbatim).name, parse_name(verbatim).level) == (name, "genus")


@pytest.mark.parametrize(
    "verbatim",
    ["Cist_pani", "1234", "ABIALB", "sp1", "species 3", "Lady fern, common", "White flowered little orchid",
     "poa annua", "Carpinus bet.", "Malus Tschonoskii", "bare ground", "C. nigra", "x", "?"],
)  # fmt: skip
def test_codes_and_other_words_are_left_as_they_are(verbatim: str) -> None:
    parsed = parse_name(verbatim)
    assert (parsed.name, parsed.level) == (verbatim, "unread")


@given(st.text(max_size=40))
def test_any_text_gives_a_name_and_a_name_stays_itself(text: str) -> None:
    parsed = parse_name(text)
    assert parsed.level in ("species", "genus", "unidentified", "unread")
    if parsed.level == "species":
        assert parse_name(parsed.name).name == parsed.name


def test_names_of_real_releves() -> None:
    """All 535 names with authors of NEON's table become the name it gives without; all 141 others are told apart."""
    with (shared("data/neon_releves_rgb") / "releves.csv").open(encoding="utf-8") as stream:
        rows = {(row["scientific_name"], row["species"], row["is_species"]) for row in csv.DictReader(stream)}
    parsed = {verbatim: parse_name(verbatim) for verbatim, _, _ in rows}
    named = [(parsed[verbatim].name, name) for verbatim, name, is_species in rows if is_species == "1"]
    agree = sum(name == given.replace(" ssp. ", " subsp. ") for name, given in named)
    assert (agree, len(named)) == (535, 535)
    assert {verbatim for verbatim, _, is_species in rows if is_species == "0"} == {
        verbatim for verbatim, name in parsed.items() if name.level != "species"
    }
