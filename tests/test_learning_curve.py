"""Error by steps: the figures that are drawn are those of the candidates."""

from __future__ import annotations

from botaclip.training.learning_curve import learning_curve_plot, learning_curves

CANDIDATES = [
    {"label": "supervised, 320 steps", "relative_error": 0.80},
    {"label": "supervised, 40 steps", "relative_error": 0.9},
    {"label": "joint, lambda 0.1, 40 steps", "relative_error": 0.87},
    {"label": "joint, lambda 0.1, 160 steps", "relative_error": 0.86},
    {"label": "joint, lambda 0.1, species weight 3, 40 steps", "relative_error": 0.88},
    {"label": "supervised, 40 steps", "relative_error": 0.85, "penalty": 3.0},
    {"label": "canonical, 4 axes", "relative_error": 0.89}, {"label": "none", "relative_error": 0.94},
    {"label": "contrastive, 640 steps", "relative_error": None},
]  # fmt: skip


def test_curves_are_the_lowest_errors_in_the_order_of_the_steps() -> None:
    curves, levels = learning_curves(CANDIDATES)
    assert curves == {
        "supervised": [(40, 0.85), (320, 0.80)], "joint, lambda 0.1": [(40, 0.87), (160, 0.86)],
    }, "one checkpoint is no curve"  # fmt: skip
    assert levels == {"canonical, 4 axes": 0.89, "none": 0.94}


def test_the_figure_is_an_svg_and_only_there_when_something_was_trained_by_steps() -> None:
    drawn = learning_curve_plot(CANDIDATES)
    assert drawn is not None and b"<svg" in drawn[:2000] and drawn == learning_curve_plot(CANDIDATES)
    assert learning_curve_plot(CANDIDATES[-3:-1]) is None
