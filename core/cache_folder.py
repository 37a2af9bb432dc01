"""Where things are kept so that work is not done twice. Standard library only."""

from __future__ import annotations

import os
from pathlib import Path


def cache_folder() -> Path:
    """Return where vectors and windows are kept: ``BOTACLIP_CACHE``, else the system's folder for caches."""
    named = os.environ.get("BOTACLIP_CACHE")
    if named:
        return Path(named)
    if os.name == "nt":
        return Path(os.environ.get("LOCALAPPDATA", Path.home() / "AppData" / "Local")) / "botaclip" / "cache"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "botaclip"
