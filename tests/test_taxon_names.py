"""Which names are one taxon, which name no species, and what is said of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from botaclip.core.errors import ReleveError
from botaclip.core.tables import read_table
from botaclip.core.taxon_names import AcceptedNames, describe_names, indexes_of, merged_names, read_names


def accepted(folder: Path, text: str, *, normalise: bool = True) -> AcceptedNames:
    path = folder / "taxa.csv"
    path.write_text("name;accepted\n" + text)
    return AcceptedNames.of(read_table(path), normalise=normalise)


def statuses(written: list[str], **options: object) -> list[tuple[str, str]]:
    return [(taxon.name, taxon.status) for taxon in read_names(written, **options)]  # type: ignore[arg-type]


WRITTEN = ["Poa annua", "Poa annua L.", "Carex cf. nigra", "Carex sp.", "Carex", "Poaceae", "Unknown", "Code_7"]


def test_statuses() -> None:
    assert statuses(WRITTEN) == [
        ("Poa annua", "exact"), ("Poa annua", "normalised"), ("Carex nigra", "normalised"), ("Carex sp.", "left out"),
        ("Carex", "exact"), ("Poaceae", "left out"), ("Unknown", "left out"), ("Code_7", "unmatched"),
    ]  # fmt: skip


def test_a_genus_is_none_where_most_names_are_species() -> None:
    """Codes and vernacular names of one word are species; among binomials one word is a genus."""
    assert statuses(["Carex", "Cistpani", "Birch"]) == [
        ("Carex", "exact"), ("Cistpani", "exact"), ("Birch", "exact"),
    ]  # fmt: skip
    assert statuses(["Poa annua", "Salix alba", "Carex"])[2] == ("Carex", "left out")


def test_kept_and_verbatim() -> None:
    assert [status for _, status in statuses(WRITTEN, unidentified="keep")].count("left out") == 0
    assert statuses(["Carex spp."], unidentified="keep") == [("Carex sp.", "normalised")]
    assert statuses(["Poa annua L.", "Code_7", "indet."], names="verbatim") == [
        ("Poa annua L.", "exact"), ("Code_7", "exact"), ("indet.", "left out"),
    ]  # fmt: skip


def test_names_that_differ_by_case_are_one() -> None:
    assert statuses(["poa annua", "Poa annua", "salix alba"]) == [
        ("Poa annua", "normalised"), ("Poa annua", "exact"), ("salix alba", "unmatched"),
    ]  # fmt: skip


def test_synonyms(tmp_path: Path) -> None:
    table = accepted(tmp_path, "Poa annua L.;\nAira x Host;Poa annua\n7;Salix alba L.\nCarex sp.;Carex nigra\n"
                               "Old one;Older one\nOlder one;Newest one\n")
    names = ["Poa annua", "Poa annua Mill.", "AIRA X HOST", "7", "Carex sp.", "Old one", "Abies alba", "indet."]
    assert statuses(names, accepted=table) == [
        ("Poa annua", "exact"), ("Poa annua", "normalised"), ("Poa annua", "synonym"), ("Salix alba", "synonym"),
        ("Carex nigra", "synonym"), ("Newest one", "synonym"), ("Abies alba", "unmatched"), ("indet.", "left out"),
    ]  # fmt: skip


def test_tables_of_names_that_contradict_themselves(tmp_path: Path) -> None:
    with pytest.raises(ReleveError, match=r"'A b' has two accepted names, 'Poa annua' \(row 2\) and 'Salix alba'"):
        accepted(tmp_path, "A b;Poa annua\nA b;Salix alba\n")
    with pytest.raises(ReleveError, match="in a circle"):
        accepted(tmp_path, "A b;C d\nC d;A b\n")
    (tmp_path / "other.csv").write_text("synonym;valid\na;b\n")
    with pytest.raises(ReleveError, match="no column 'name'; the columns are 'synonym', 'valid'"):
        AcceptedNames.of(read_table(tmp_path / "other.csv"), normalise=True)


def test_what_is_said(tmp_path: Path) -> None:
    taxa = read_names(WRITTEN)
    said = describe_names(taxa, {name: 2 for name in WRITTEN}, None)
    assert said[0] == "Names: 2 exact, 2 normalised, 1 unmatched, 3 left out."
    text = " ".join(said)
    for words in ("'Poa annua L.' as 'Poa annua'", "1 names with cf., aff. or ? count as the species they name: "
                  "Carex cf. nigra.", "3 names of no species",
                  "left out with their 6 rows: Carex sp., Poaceae, Unknown.",
                  "1 names are not written as scientific names (codes, vernacular names) and were kept as they are: "
                  "Code_7."):
        assert words in text, words
    table = accepted(tmp_path, "Poa annua;Aira annua\n")
    text = " ".join(describe_names(read_names(["Poa annua", "Abies alba"], accepted=table), {}, table))
    assert "1 synonyms were replaced, for example 'Poa annua' by 'Aira annua'." in text
    assert "taxa.csv and were kept as they are: Abies alba." in text


def test_indexes() -> None:
    kept, of = indexes_of(read_names(WRITTEN))
    assert kept.tolist() == ["Carex", "Carex nigra", "Code_7", "Poa annua"]
    assert of.tolist() == [3, 3, 1, -1, 0, -1, -1, 2]
    assert merged_names(read_names(WRITTEN)) == {"Poa annua": ["Poa annua", "Poa annua L."]}
