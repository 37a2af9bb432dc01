"""How result layers look when Processing loads them."""

from __future__ import annotations

from collections.abc import Sequence
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
    """Loads the style that lies beside the file again, over Processing's default style for results; and its page."""

    def postProcessLayer(
        self, layer: QgsMapLayer, context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> None:
        path = Path(layer.styleURI())
        if path.is_file():
            message, loaded = layer.loadDefaultStyle()
            if not loaded:
                feedback.pushDebugInfo(f"{path}: {message}")
            layer.triggerRepaint()
        # Processing loads no metadata page by itself.
        if Path(layer.metadataUri()).is_file():
            layer.loadDefaultMetadata()


def name_and_style(
    asked: str, written: Sequence[str], name: str, group: str, context: QgsProcessingContext, *,
    own_names: bool = False,
) -> None:
    """Give the layers that Processing is going to load their names and their own styles.

    Parameters
    ----------
    asked
        The destination that was asked for; Processing loads it if the user wants that.
    written
        The files to load in its place: itself, or one for each CRS of the imagery.
    name
        The layer's name; of several, the beginning of their names.
    group
        Of the layer tree, for several.
    context
        The run's.
    own_names
        Whether each of them is called like its file, in a group of the layer's name.
    """
    if not context.willLoadLayerOnCompletion(asked):
        return
    if list(written) != [asked]:
        first = context.layerToLoadOnCompletionDetails(asked)
        layers = context.layersToLoadOnCompletion()
        del layers[asked]
        for path in written:
            layers[path] = QgsProcessingContext.LayerDetails(
                name, first.project, first.outputName, first.layerTypeHint
            )
        context.setLayersToLoadOnCompletion(layers)
    for path in written:
        details = context.layerToLoadOnCompletionDetails(path)
        if own_names:
            details.name = Path(path).stem
        else:
            details.name = name if len(written) == 1 else f"{name}, {own_part(path, asked)}"
        details.forceName = True
        if len(written) > 1 or own_names:
            details.groupName = name if own_names else group
        styler = _OwnStyle()
        _KEPT.append(styler)
        del _KEPT[:-_MOST_KEPT]
        details.setPostProcessor(styler)


def own_part(path: str, asked: str) -> str:
    """Return what a file's name has beyond that of the destination: ``EPSG_32618`` as ``EPSG:32618``."""
    part = Path(path).stem.removeprefix(Path(asked).stem).strip("_ ")
    word, _, code = part.partition("_")
    if word == "EPSG" and code.isdigit():
        return f"EPSG:{code}"
    return f"EPSG:{part}" if part.isdigit() else part or Path(path).stem
