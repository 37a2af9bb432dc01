"""Which column is the plot, the species, the cover...: what the names of columns say. Standard library only.

Names as vegetation databases write them (Turboveg, sPlot, EVA, FloraVeg, Darwin Core, SOPHY, national ones), in
English, French, German, Spanish and Italian. A guess is shown and can be changed; nothing is read by it unseen.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

# The most telling first: of two columns that fit, the one whose name stands earlier is taken.
NAMES: dict[str, tuple[str, ...]] = {
    "plot-field": (
        "plot_id", "plotid", "plot", "releve_id", "releveid", "releve", "releve_nr", "relevenr", "releve_no",
        "plotobservationid", "plot_observation_id", "plot_name", "plotname", "num_releve", "no_releve", "id_releve",
        "cd_releve", "numero_releve", "eventid", "aufnahme", "aufnahme_nr", "aufnahmenr", "inventario", "rilievo",
        "plot_code", "site_plot", "sample", "sample_id", "station", "quadrat",
    ),
    "species-field": (
        "species", "species_name", "speciesname", "taxon", "taxon_name", "taxonname", "scientificname",
        "scientific_name", "matched_concept", "turboveg2_concept", "nom_valide", "nom_complet", "nom_scientifique",
        "nom_taxon", "lb_nom", "espece", "nom", "taxa", "art", "artname", "especie", "specie", "latin_name", "name",
    ),
    "cover-field": (
        "cover", "cover_percent", "cover_perc", "coverperc", "cover_code", "cover_pct", "percent_cover", "abundance",
        "abundance_dominance", "abondance", "abondance_dominance", "recouvrement", "coefficient", "deckung",
        "deckungsgrad", "cobertura", "copertura", "organismquantity", "braun_blanquet", "bb",
    ),
    "layer-field": ("layer", "stratum", "strate", "schicht", "estrato", "strato", "vegetation_layer"),
    "date-field": (
        "date", "date_of_recording", "date_of_survey", "survey_date", "eventdate", "date_releve", "date_obs", "datum",
        "aufnahmedatum", "fecha", "data", "year", "annee", "jahr",
    ),
    "habitat-field": (
        "habitat", "eunis", "eunis_code", "eunis_habitat", "habitat_code", "biotop", "biotope", "vegetation_type",
        "syntaxon", "alliance", "association", "cd_hab",
    ),
    "x-field": (
        "x", "easting", "longitude", "lon", "long", "decimallongitude", "x_l93", "x_lambert93", "coord_x", "utm_e",
        "rechtswert", "x_coord", "utm_x", "east", "este",
    ),
    "y-field": (
        "y", "northing", "latitude", "lat", "decimallatitude", "y_l93", "y_lambert93", "coord_y", "utm_n",
        "hochwert", "y_coord", "utm_y", "north", "norte",
    ),
    "uncertainty-field": (
        "uncertainty_m", "location_uncertainty", "location_uncertainty_m", "coordinateuncertaintyinmeters", "precision",
        "precision_m", "location_precision",
    ),
    "area-field": (
        "area_m2", "plot_area", "releve_area", "releve_area_m2", "surface", "surface_m2", "plot_size",
        "samplesizevalue",
    ),
    "site-field": ("site", "site_id", "siteid", "locality_id"),
}  # fmt: skip


def normalised(name: str) -> str:
    """Return a column's name without accents and units, lower case, its words joined by ``_``."""
    plain = "".join(one for one in unicodedata.normalize("NFKD", name) if not unicodedata.combining(one))
    words = re.sub(r"\(.*?\)|\[.*?\]", " ", plain).replace("%", " percent ")
    return "_".join(re.findall(r"[0-9a-z]+", words.lower()))


def guess_fields(columns: Iterable[str]) -> dict[str, str]:
    """Return which column is which, by the option's name; without those that no column's name tells.

    Parameters
    ----------
    columns
        Of one table, as they are written.
    """
    named: dict[str, str] = {}
    for column in columns:
        named.setdefault(normalised(column), column)
    found: dict[str, str] = {}
    for field, names in NAMES.items():
        for name in names:
            if name in named and named[name] not in found.values():
                found[field] = named[name]
                break
    return found
