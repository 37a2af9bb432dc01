"""The 84 elements of the ODMAP protocol, by section and number.

Zurell et al. (2020), A standard protocol for reporting species distribution models, Ecography 43, 1261-1277,
doi:10.1111/ecog.04960. Identifiers are those of the authors' own application, so that a table written here can be
brought there.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator


@dataclasses.dataclass(frozen=True)
class Element:
    """One element of ODMAP.

    Parameters
    ----------
    id
        Such as ``o_authorship_1``.
    section, part, name
        ``Overview``, ``Authorship``, ``Study title``.
    """

    id: str
    section: str
    part: str
    name: str


# Section, part, key of the part, elements in order.
_PARTS = (
    ("Overview", "Authorship", "o_authorship", ("Study title", "Author names", "Contact", "Study link")),
    ("Overview", "Model objective", "o_objective", ("Model objective", "Target output")),
    ("Overview", "Focal taxon", "o_taxon", ("Focal taxon",)),
    ("Overview", "Location", "o_location", ("Location",)),
    ("Overview", "Scale of analysis", "o_scale",
     ("Spatial extent", "Spatial resolution", "Temporal extent", "Temporal resolution", "Boundary")),
    ("Overview", "Biodiversity data", "o_bio", ("Observation type", "Response data type")),
    ("Overview", "Predictors", "o_predictors", ("Predictor types",)),
    ("Overview", "Hypotheses", "o_concept", ("Hypotheses",)),
    ("Overview", "Assumptions", "o_assumptions", ("Model assumptions",)),
    ("Overview", "Algorithms", "o_algorithms", ("Modelling techniques", "Model complexity", "Model averaging")),
    ("Overview", "Workflow", "o_workflow", ("Model workflow",)),
    ("Overview", "Software", "o_software", ("Software", "Code availability", "Data availability")),
    ("Data", "Biodiversity data", "d_bio",
     ("Taxon names", "Taxonomic reference system", "Ecological level", "Data sources", "Sampling design", "Sample size",
      "Clipping", "Scaling", "Cleaning", "Absence data", "Background data", "Errors and biases")),
    ("Data", "Data partitioning", "d_part", ("Training data", "Validation data", "Test data")),
    ("Data", "Predictor variables", "d_pred",
     ("Predictor variables", "Data sources", "Spatial extent", "Spatial resolution", "Coordinate reference system",
      "Temporal extent", "Temporal resolution", "Data processing", "Errors and biases", "Dimension reduction")),
    ("Data", "Transfer data", "d_proj",
     ("Data sources", "Spatial extent", "Spatial resolution", "Temporal extent", "Temporal resolution",
      "Models and scenarios", "Data processing", "Quantification of novelty")),
    ("Model", "Variable pre-selection", "m_preselect", ("Variable pre-selection",)),
    ("Model", "Multicollinearity", "m_multicol", ("Multicollinearity",)),
    ("Model", "Model settings", "m_settings", ("Model settings (fitting)", "Model settings (extrapolation)")),
    ("Model", "Model estimates", "m_estim", ("Coefficients", "Parameter uncertainty", "Variable importance")),
    ("Model", "Model selection, averaging, ensembles", "m_selection",
     ("Model selection", "Model averaging", "Model ensembles")),
    ("Model", "Analysis and correction of non-independence", "m_depend",
     ("Spatial autocorrelation", "Temporal autocorrelation", "Nested data")),
    ("Model", "Threshold selection", "m_threshold", ("Threshold selection",)),
    ("Assessment", "Performance statistics", "a_perform",
     ("Performance on training data", "Performance on validation data", "Performance on test data")),
    ("Assessment", "Plausibility check", "a_plausibility", ("Response shapes", "Expert judgement")),
    ("Prediction", "Prediction output", "p_output", ("Prediction unit", "Post-processing")),
    ("Prediction", "Uncertainty quantification", "p_uncertainty",
     ("Algorithmic uncertainty", "Input data uncertainty", "Parameter uncertainty", "Scenario uncertainty",
      "Novel environments")),
)  # fmt: skip


def _elements() -> Iterator[Element]:
    for section, part, key, names in _PARTS:
        for number, name in enumerate(names, start=1):
            yield Element(f"{key}_{number}", section, part, name)


ELEMENTS = tuple(_elements())
