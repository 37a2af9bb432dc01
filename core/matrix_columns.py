"""What the names of a matrix's columns tell: species, things known of plots, or measurements that read like species."""

from __future__ import annotations

import re

from botaclip.core.taxon_parser import parse_name

# From so large a share of columns that look like names of taxa on, those that do not are no species.
_TAXA = 0.6
_TAXON = re.compile(r"^[×xX]?\s?[A-ZÀ-ÖØ-Þ][a-zà-öø-ÿ-]+[ ._].+")
# Two words as in a binomial, which are something measured all the same: "Soil moisture", "Herb layer (%)".
_MEASURED = re.compile(
    r"[\s._](?:total|cover|height|depth|moisture|humidity|temperature|layer|richness|ph)\s*(?:\([^)]*\)\s*)?$"
    r"|\(\s*(?:%|cm|m|mm|°c?)\s*\)\s*$|%\s*$", re.IGNORECASE,
)  # fmt: skip
# Words of site descriptions that may stand in what reads like a binomial; such a column is asked about.
_SITE_WORDS = frozenset(
    """soil bare rock rocks stone stones gravel litter canopy herb herbs shrub shrubs tree trees moss mosses lichen
    lichens water dead wood leaf slope vegetation ground grazing mean nitrogen sand clay silt humus index
    hauteur recouvrement strate sol litière roche boden streu deckung höhe""".split()
)
_CODE = re.compile(r"^[A-Za-z]{3,8}[-_. ]?[A-Za-z]{0,8}\d{0,3}$")  # CARENIG, Care_nig, AAA1
_NAMED = re.compile(r"[ ._].*[A-ZÀ-ÖØ-Þ]")  # "unkn_Malv" among names of taxa, but not "soil_depth" or "NDVI"
_OF_PLOTS = frozenset(
    """x y z easting northing lon lat long longitude latitude decimallongitude decimallatitude x_coord y_coord
    xcoord ycoord epsg srid crs geodeticdatum id fid ogc_fid objectid gid plot plotid plot_id releve releve_nr
    plotobservationid date year month day eventdate annee jahr site block group habitat eunis region country
    locality transect observer author layer stratum altitude alt elevation elev slope aspect exposition exposure
    inclination inclinatio pente area surface surf_area plot_size plotsize releve_area cover percent_cover
    cover_percent cover_pct abundance count richness species_richness shannon simpson evenness total sum ph
    uncertainty coordinateuncertaintyinmeters location_uncertainty temperature precipitation canopy litter
    bare_ground bare_soil rock rocks stones frequency constancy family ellenberg remarks comment comments
    notes""".split()
)
_PREFIXES = ("cov_", "cover_", "covertotal", "total_", "height_", "n_", "nb_", "num_", "mean_", "slope_", "altitude_",
             "elevation_")  # fmt: skip


def are_species(columns: list[str]) -> bool:
    """Whether columns of covers can be the species of a matrix: several, or one with the name of a taxon."""
    return len(columns) >= 2 or any(map(_TAXON.match, columns))


def are_taxa(columns: list[str]) -> bool:
    """Whether columns are species by their names alone, so that a repeated plot is an error and no other layout."""
    taxa = sum(bool(_TAXON.match(name)) and not _MEASURED.search(name) for name in columns)
    return len(columns) >= 2 and taxa >= _TAXA * len(columns)


def doubtful(species: list[str]) -> list[str]:
    """Return the columns that do not look like names or codes of species, where most do look like names."""
    binomials = {name for name in species if _is_binomial(name)}
    if len(binomials) < _TAXA * len(species):
        return []
    return [name for name in species if name not in binomials and (not _CODE.match(name) or _site_words(name))]


def _is_binomial(name: str) -> bool:
    return not _site_words(name) and bool(_TAXON.match(name)) and parse_name(name).level not in ("unread", "genus")


def _site_words(name: str) -> bool:
    return bool(_SITE_WORDS & set(re.split(r"[\W_\d]+", name.casefold())))


def of_plots(name: str) -> bool:
    """Whether a column is called like something known of plots."""
    plain = re.sub(r"[^a-z0-9]+", "_", re.sub(r"\(.*?\)", "", name).casefold()).strip("_")
    return plain in _OF_PLOTS or plain.startswith(_PREFIXES)


def chosen_species(candidates: list[str]) -> tuple[list[str], list[str]]:
    """Return which columns of covers are species, and which are left out because they are named like measurements."""
    measured = [name for name in candidates if _MEASURED.search(name)]
    if len(measured) > len(candidates) - len(measured):  # every species is called "Poa annua (%)"
        measured = []
    others = [name for name in candidates if name not in measured]
    if sum(bool(_TAXON.match(name)) for name in others) < _TAXA * len(others):
        return candidates, []
    return [name for name in others if _TAXON.match(name) or _NAMED.search(name)], measured
