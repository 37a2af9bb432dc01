"""The names that others rely on."""

from __future__ import annotations

from botaclip.training import metrics


def test_every_promised_name_is_there() -> None:
    for name in ("tss", "max_tss", "boyce_index", "expected_calibration_error", "calibration_slope", "davies_bouldin",
                 "retrieval_recall", "rank_biserial"):  # fmt: skip
        assert callable(getattr(metrics, name))
    assert set(metrics.__all__) <= set(dir(metrics)) and metrics.rank_biserial([1, 2, -3]) == 0.0
