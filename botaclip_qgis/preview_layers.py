"""How the layers of a look at the data are shown: plots by what becomes of them, blocks as outlines."""

from __future__ import annotations

from qgis.core import (
    QgsCategorizedSymbolRenderer,
    QgsFillSymbol,
    QgsMarkerSymbol,
    QgsRendererCategory,
    QgsSingleSymbolRenderer,
    QgsVectorLayer,
)

from botaclip.botaclip_qgis.i18n import tr

# Okabe and Ito's colours, told apart by colour-blind eyes (https://jfly.uni-koeln.de/color/).
FOLDS = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#f0e442", "#999999")
_MOST_FOLDS = 8
_STATE = """CASE WHEN "state" = 'left out' THEN 'left out' WHEN "fold" IS NULL THEN 'usable'
ELSE to_string(to_int("fold")) END"""


def style_plots(layer: QgsVectorLayer) -> None:
    """Colour usable plots by their fold; those left out are grey crosses."""
    layer.setName(tr("Plots: usable or not, and their fold"))
    index = layer.fields().indexOf("fold")
    folds = sorted(int(value) for value in layer.uniqueValues(index) if isinstance(value, (int, float)))
    categories = []
    for fold in folds:
        colour = FOLDS[(fold - 1) % len(FOLDS)]
        symbol = QgsMarkerSymbol.createSimple({
            "name": "circle", "color": colour, "outline_color": "#ffffff", "outline_width": "0.3", "size": "2.4",
        })  # fmt: skip
        words = tr("fold {number}").format(number=fold) if fold <= _MOST_FOLDS else str(fold)
        categories.append(QgsRendererCategory(str(fold), symbol, words))
    # Where no folds can be made, plots are usable all the same.
    free = QgsMarkerSymbol.createSimple({
        "name": "circle", "color": "#ffffff", "outline_color": "#222222", "outline_width": "0.5", "size": "2.4",
    })  # fmt: skip
    categories.append(QgsRendererCategory("usable", free, tr("usable, in no fold")))
    cross = QgsMarkerSymbol.createSimple({
        "name": "cross2", "color": "#555555", "outline_color": "#555555", "outline_width": "0.5", "size": "2.6",
    })  # fmt: skip
    categories.append(QgsRendererCategory("left out", cross, tr("left out")))
    layer.setRenderer(QgsCategorizedSymbolRenderer(_STATE, categories))
    layer.setMapTipTemplate("[% \"plot\" %]: [% \"state\" %] [% coalesce(\"reason\", '') %]")
    layer.triggerRepaint()


def style_blocks(layer: QgsVectorLayer) -> None:
    """Show what is held out together as dashed outlines."""
    layer.setName(tr("Blocks: held out together"))
    symbol = QgsFillSymbol.createSimple({
        "style": "no", "outline_color": "#222222", "outline_style": "dash", "outline_width": "0.35",
    })  # fmt: skip
    layer.setRenderer(QgsSingleSymbolRenderer(symbol))
    layer.triggerRepaint()
