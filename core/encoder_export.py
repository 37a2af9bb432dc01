"""``botaclip encoders export``: makes an encoder's ONNX graph, measures what precision costs, and writes it out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from botaclip.core.encoders.fit import select_roles
from botaclip.core.encoders.graphs import graph_of
from botaclip.core.encoders.licences import licence_of
from botaclip.core.encoders.notice import notice, what_is_there
from botaclip.core.encoders.record import EncoderRecord
from botaclip.core.encoders.registry import RGB
from botaclip.core.encoders.spec import EncoderSpec
from botaclip.core.encoders.store import Store, in_mb
from botaclip.core.encoders.tiles import ImageryTiles
from botaclip.core.imagery import Imagery, open_imagery
from botaclip.core.progress import Progress
from botaclip.core.unfinished import check_writable, unfinished


def export_encoder(parameters: Mapping[str, Any], progress: Progress) -> dict[str, Any]:
    """Make a graph anew; see :func:`botaclip.core.encoder_actions.encoders`.

    Raises
    ------
    EncoderError
        The encoder is not installed, cannot be used so, or misses a band in the raster.
    OutputError
        The output exists or cannot be written.
    """
    store = Store()
    record = store.record(str(parameters["encoder"]))
    output = Path(str(parameters["output"])) if parameters.get("output") else None
    files = [] if output is None else [output, *_beside(output, record)]
    overwrite = bool(parameters.get("overwrite"))
    for file in files:
        check_writable(file, overwrite=overwrite)
    spec = EncoderSpec.of(parameters)[0]
    imagery = open_imagery(str(parameters["calibration"]), bands=None) if parameters.get("calibration") else None
    bands = _bands(parameters, record, imagery)
    tiles = None if imagery is None else ImageryTiles(imagery, imagery.value_range())
    # Nobody else makes or removes graphs of it meanwhile.
    with store.lock(record.id, progress):
        graph = graph_of(spec, bands, tiles=tiles, anew=True, store=store, progress=progress.stage(0.0, 0.95))
    about = graph.about.to_json()
    lines = [f"{record.id}, mode {graph.about.mode}, {graph.about.precision}, bands {', '.join(bands)}: "
             f"{in_mb(len(graph.onnx))}, vectors of {graph.about.dimension}."]  # fmt: skip
    if graph.about.fidelity:
        lines.append(_fidelity_line(graph.about.fidelity))
    outputs: dict[str, Any] = {"graph": about, "fidelity": dict(graph.about.fidelity), "bytes": len(graph.onnx)}
    if output is None:
        lines.append(f"It is kept in {store.folder_of(record.id)} and used from now on.")
    else:
        licence = notice(record, store.installed(record.id))
        _write(output, graph.onnx, about, licence, overwrite=overwrite)
        outputs["output"] = str(output)
        lines.append(f"Written: {', '.join(str(file) for file in files)}")
        if licence:
            lines.append(
                f"The graph is made of weights under the {licence_of(record).title}: {files[-1].name} has to stay with "
                f"it, with the licence's {what_is_there(licence)} in it."
            )
    progress.update(1.0)
    return {"print": lines, **outputs}


def _bands(parameters: Mapping[str, Any], record: EncoderRecord, imagery: Imagery | None) -> tuple[str, ...]:
    """Return the bands of the graph: those that were named, the encoder's own, the raster's, or red, green, blue."""
    named = tuple(word.strip() for word in str(parameters.get("bands") or "").split(",") if word.strip())
    if imagery is not None:
        bands = select_roles(record, imagery.scenes[0].roles, where=imagery.name)
        return named or tuple(bands)
    return named or record.bands or RGB


def _fidelity_line(fidelity: Mapping[str, Any]) -> str:
    from botaclip.core.encoders.fidelity import Fidelity

    return f"Measured on {fidelity.get('on', 'tiles')}, {Fidelity.from_json(fidelity).words}."


def _beside(output: Path, record: EncoderRecord) -> list[Path]:
    about = [output.with_suffix(".json")]
    return [*about, output.with_suffix(".licence.txt")] if notice(record, None) else about


def _write(output: Path, onnx: bytes, about: Mapping[str, Any], licence: str, *, overwrite: bool) -> None:
    with unfinished(output, overwrite=overwrite) as part:
        part.write_bytes(onnx)
    with unfinished(output.with_suffix(".json"), overwrite=overwrite) as part:
        part.write_text(json.dumps(about, indent=1, ensure_ascii=False), encoding="utf-8")
    if licence:
        with unfinished(output.with_suffix(".licence.txt"), overwrite=overwrite) as part:
            part.write_text(licence, encoding="utf-8")
