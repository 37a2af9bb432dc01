"""The terms that encoders' weights come under. Standard library only.

Summaries are ours and short; what binds is the text behind the address.
"""

from __future__ import annotations

from collections.abc import Mapping

from botaclip.core.encoders.record import EncoderRecord, Licence
from botaclip.core.encoders.registry import RECORDS

LICENCES: Mapping[str, Licence] = {
    licence.id: licence
    for licence in (
        Licence(
            "CC0-1.0", "Creative Commons Zero 1.0", "https://creativecommons.org/publicdomain/zero/1.0/",
            "No conditions.",
        ),
        Licence(
            "CC-BY-4.0", "Creative Commons Attribution 4.0", "https://creativecommons.org/licenses/by/4.0/",
            "Any use, also commercial; name the authors, link the licence, and say what was changed.",
        ),
        Licence(
            "etalab-2.0", "Licence Ouverte / Open Licence 2.0 (Etalab)",
            "https://www.etalab.gouv.fr/licence-ouverte-open-licence/",
            "Any use, also commercial; name the source (IGN) and the date of its last update.",
        ),
        Licence(
            "DINOv3", "DINOv3 License (Meta, 19 August 2025)",
            "https://github.com/facebookresearch/dinov3/blob/main/LICENSE.md",
            "Worldwide, free of charge, also commercial. Whoever passes the weights on, or anything derived from them "
            "(an ONNX export, a model file that holds it), does so under the same agreement and with a copy of it. "
            "Publications acknowledge DINOv3. No use for weapons, military or nuclear purposes or espionage, or "
            "against trade controls; no reverse engineering. It ends on breach; Californian law; Meta may amend it.",
            accept=True, text_file="LICENSE.md",
        ),
    )
}  # fmt: skip


# What weights are called, in whatever record or file, that come under a licence which has to be accepted.
_FAMILIES: Mapping[str, str] = {"dinov3": "DINOv3"}


def family_licence(*names: str) -> str:
    """Return the key of the licence that weights come under whoever describes them; empty where none is known.

    Parameters
    ----------
    names
        What is known of them: architecture, name in timm, name of the file.
    """
    said = " ".join(names).lower()
    return next((licence for family, licence in _FAMILIES.items() if family in said), "")


def licence_of(record: EncoderRecord) -> Licence:
    """Return a record's licence; what a user's own record says in words has no text and need not be accepted.

    No such record says DINOv3's away: whatever is built as one, or named after one, comes under it.
    """
    own = RECORDS.get(record.id) != record  # the registry's records state theirs
    bound = family_licence(record.architecture, str(record.variant.get("timm", "")), record.file) if own else ""
    known = LICENCES.get(bound or record.licence)
    if known is not None:
        return known
    return Licence(
        record.licence, record.licence or "not stated", "",
        "Not known here; you are responsible for using the weights as their licence allows.",
    )  # fmt: skip
