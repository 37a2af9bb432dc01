"""Every score by its name: presence, sets of species, abundance, calibration, embeddings, Boyce, effect size.

NaN wherever a score is not defined; arrays of other lengths raise ``ValueError``. Which library computes what, and why
some are our own: ``docs/dependencies.md``.
"""

from botaclip.training.abundance_metrics import mae, spearman
from botaclip.training.boyce import BoyceCurve, boyce_curve, boyce_index
from botaclip.training.calibration_metrics import calibration_slope, expected_calibration_error, reliability_bins
from botaclip.training.embedding_metrics import (
    Mantel,
    davies_bouldin,
    floristic_mantel,
    habitat_purity,
    habitat_purity_chance,
    mantel,
    median_rank,
    median_rank_chance,
    neighbour_overlap,
    neighbour_overlap_chance,
    retrieval_chance,
    retrieval_recall,
)
from botaclip.training.presence_metrics import (
    auc,
    auc_columns,
    auprc,
    brier,
    brier_columns,
    f1,
    max_tss,
    max_tss_biomod2,
    max_tss_columns,
    remove_fold_prevalence,
    sensitivity,
    specificity,
    tss,
    tss_columns,
)
from botaclip.training.species_set_metrics import f1_samples
from botaclip.training.statistics import rank_biserial

__all__ = [
    "BoyceCurve", "Mantel", "auc", "auc_columns", "auprc", "boyce_curve", "boyce_index", "brier", "brier_columns",
    "calibration_slope", "davies_bouldin", "expected_calibration_error", "f1", "f1_samples", "floristic_mantel",
    "habitat_purity", "habitat_purity_chance", "mae", "mantel", "max_tss", "max_tss_biomod2", "max_tss_columns",
    "median_rank", "median_rank_chance", "neighbour_overlap", "neighbour_overlap_chance", "rank_biserial",
    "reliability_bins", "remove_fold_prevalence", "retrieval_chance", "retrieval_recall", "sensitivity", "spearman",
    "specificity", "tss", "tss_columns",
]  # fmt: skip
