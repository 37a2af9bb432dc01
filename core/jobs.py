"""Which function does which command; nothing is imported before it is asked for. Standard library only."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from typing import Any

from botaclip.core.errors import OptionError
from botaclip.core.progress import Progress

Job = Callable[[dict[str, Any], Progress], dict[str, Any]]

JOBS: Mapping[str, str] = {
    "demo-data": "botaclip.core.demo_landscape.job:demo_data",
    "preview": "botaclip.training.preview:preview",
    "sample": "botaclip.core.sample:sample",
    "train": "botaclip.training.train:train",
    "evaluate": "botaclip.training.evaluate:evaluate",
    "ablate": "botaclip.training.ablation:ablate",
    "embed": "botaclip.core.embed:embed",
    "suitability": "botaclip.core.suitability:suitability",
    "predict": "botaclip.core.predict:predict",
    "aoa": "botaclip.core.aoa:aoa",
    "similarity": "botaclip.core.similarity:similarity",
    "change": "botaclip.core.change:change",
    "threshold": "botaclip.core.threshold_map:threshold",
    "lists": "botaclip.core.area_lists:lists",
    "richness": "botaclip.core.richness:richness",
    "report": "botaclip.training.report_job:report",
    "clusters": "botaclip.training.clusters:clusters",
    "info": "botaclip.core.model_report:info",
    "verify": "botaclip.core.model_report:verify",
    "devices": "botaclip.core.device_trials:devices",
    "setup": "botaclip.core.setup_environment:setup",
    "encoders": "botaclip.core.encoder_actions:encoders",
    "cache": "botaclip.core.cache_actions:cache",
    "diagnostics": "botaclip.core.diagnostics:report",
    # Asked for by the QGIS faces and the command line themselves, never by name.
    "click": "botaclip.core.click:click",
    "estimate": "botaclip.core.estimate:estimate",
}


def resolve(command: str, jobs: Mapping[str, str | Job] = JOBS) -> Job:
    """Return the function of ``command``.

    Raises
    ------
    OptionError
        There is no such command.
    ImportError
        A package that the job needs is not in this environment.
    """
    if command not in jobs:
        raise OptionError(f"there is no command {command!r}", remedy=f"use one of {', '.join(sorted(jobs))}")
    target = jobs[command]
    if callable(target):
        return target
    module, _, function = target.partition(":")
    job: Job = getattr(importlib.import_module(module), function)
    return job
