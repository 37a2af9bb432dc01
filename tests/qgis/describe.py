"""Describes every algorithm of the provider."""

from __future__ import annotations

from in_qgis import answer, provider
from qgis.core import QgsProcessingParameterDefinition

Flag = QgsProcessingParameterDefinition.Flag


def described(parameter):
    default = parameter.defaultValue()
    return {
        "type": parameter.type(),
        "description": parameter.description(),
        "help": parameter.help(),
        "default": default if isinstance(default, (str, int, float, bool)) else None,
        "optional": bool(parameter.flags() & Flag.FlagOptional),
        "advanced": bool(parameter.flags() & Flag.FlagAdvanced),
        "hidden": bool(parameter.flags() & Flag.FlagHidden),
        "options": list(parameter.options()) if parameter.type() == "enum" else [],
        "parent": parameter.parentLayerParameterName() if parameter.type() == "field" else "",
        "static": parameter.type() == "enum" and parameter.usesStaticStrings(),
    }


own = provider()
answer(
    {
        algorithm.name(): {
            "title": algorithm.displayName(),
            "group": algorithm.group(),
            "help": algorithm.shortHelpString(),
            "icon": algorithm.svgIconPath(),
            "parameters": {one.name(): described(one) for one in algorithm.parameterDefinitions()},
            "outputs": {one.name(): one.type() for one in algorithm.outputDefinitions()},
        }
        for algorithm in own.algorithms()
    }
)
