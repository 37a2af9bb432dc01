"""What this QGIS knows of the dotted names that the plugin uses, and since when it has them.

Answers, for the names in the JSON file of the second argument, ``missing`` (names it does not have) and ``since``
(name -> version of QGIS, where the documentation in this QGIS says one).
"""

from __future__ import annotations

import importlib
import json
import re
import sys
from pathlib import Path
from typing import Any

from in_qgis import answer

asked = json.loads(Path(sys.argv[2]).read_text(encoding="utf-8"))
VERSION = re.compile(r"(?:versionadded::|[Aa]dded in (?:QGIS )?(?:version )?)\s*(\d+)\.(\d+)")


def since(thing: Any, owner: str, name: str) -> list[int]:
    """Return the version from which on it is there; none where the documentation says nothing, or an older name."""
    text = str(getattr(thing, "__doc__", "") or "")
    # Enumerations that moved to Qgis keep their old names: those are as old as they were.
    moved = getattr(getattr(thing, "baseClass", None), "__name__", owner) != owner or f"Available as ``{owner}." in text
    if moved and owner != "Qgis":
        return []
    # A method's forms follow one another, each after its signature; the oldest counts. A class begins with itself.
    forms = re.split(rf"^{name}\(.*$", text, flags=re.MULTILINE)
    forms = forms[:1] if isinstance(thing, type) else forms[1:] or forms
    found = [[int(part) for part in VERSION.search(form).groups()] if VERSION.search(form) else [] for form in forms]
    return min(found, default=[])


missing: list[str] = []
versions: dict[str, list[int]] = {}
classes: list[Any] = []
for name in asked["names"]:
    parts = name.split(".")
    depth = 3 if parts[1] == "PyQt" else 2
    thing = importlib.import_module(".".join(parts[:depth]))
    owner = ""
    for index, part in enumerate(parts[depth:]):
        if not hasattr(thing, part):
            missing.append(name)
            break
        thing = getattr(thing, part)
        last = index == len(parts[depth:]) - 1
        if index == 0 and isinstance(thing, type):
            classes.append(thing)
        # An enumeration in the middle of a name is judged by its value.
        if last and (found := since(thing, owner, part)):
            versions[name] = found
        owner = owner or part
own = [one for one in dict.fromkeys(classes) if one.__module__.startswith("qgis._")]
for name in asked["methods"]:
    # It is not known of which class an object is; newer is what is newer in every class that has it.
    there = [since(getattr(one, name), one.__name__, name) for one in own if hasattr(one, name)]
    if there and all(there):
        versions[name] = min(there)
answer({"missing": missing, "since": versions, "classes": len(own)})
