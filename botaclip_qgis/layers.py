"""How result layers look when Processing loads them."""

from __future__ import annotations

from pathlib import Path

from qgis.core import (
    QgsMapLayer,
    QgsProcessingContext,
    QgsProcessingFeedback,
    QgsProcessingLayerPostProcessorInterface,
)

# QGIS keeps no Python reference of a post-processor, and would call a dead one.
_KEPT: list[_OwnStyle] = []
_MOST_KEPT = 50


class _OwnStyle(QgsProcessingLayerPostProcessorInterface):
    """Loads the style that lies beside the file again, over Processing's default style for results."""

    def postProcessLayer(
        self, layer: QgsMapLayer, context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> None:
        path = Path(layer.styleURI())
        if path.is_file():
            message, loaded = layer.loadDefaultStyle()
            if not loaded:
                feedback.pushDebugInfo(f"{path}: {message}")
            layer.triggerRepaint()


def name_and_style(path: str, name: str, context: QgsProcessingContext) -> None:
    """Give the layer that Processing is going to load from ``path`` its name and its own style."""
    if not context.willLoadLayerOnCompletion(path):
        return
    details = context.layerToLoadOnCompletionDetails(path)
    details.name = name
    details.forceName = True
    styler = _OwnStyle()
    _KEPT.append(styler)
    del _KEPT[:-_MOST_KEPT]
    details.setPostProcessor(styler)
