"""Puts the worker with small jobs in place of the real one."""

from __future__ import annotations

from pathlib import Path

from botaclip.botaclip_qgis import algorithm, environment
from botaclip.core.worker_client import WorkerClient

BOOT = Path(__file__).resolve().with_name("fake_boot.py")


def new_worker(needs: str = "run") -> WorkerClient:
    """Return a client of the worker with small jobs."""
    return WorkerClient(environment.worker_python(needs), boot=BOOT)


algorithm.new_worker = new_worker
