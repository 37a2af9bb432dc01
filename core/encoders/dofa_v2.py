"""DOFA v2: patches of 14 pixels, and a ViT with LayerScale behind them. Needs torch.

Not held against an official output: there is none at hand, so records of it say ``verified=False``. The structure is
that of the published checkpoints (``dofav2_vit_*_e150.pth``): the weight generator of v1 under ``patch_embed``, a
transformer of timm's under ``model``. What is pooled is our choice: tokens after that transformer's last norm.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from botaclip.core.encoders.dofa import WavelengthConvolution, tokens_a_side, vit_sizes, wavelengths_of
from botaclip.core.encoders.frozen import FrozenEncoder, load_state
from botaclip.core.encoders.record import EncoderRecord
from botaclip.core.encoders.vit import Trunk

# A second norm, heads, and what pretraining leaves behind.
_TOLERATED = ("norm.", "fc_norm.", "head.", "mask_token", "projector.", "model.fc_norm.", "model.head.")


class DofaV2(FrozenEncoder):
    """DOFA v2: class token and map of tokens, both after the transformer's last norm.

    Parameters
    ----------
    width, depth, heads, patch_px, image_px
        Size of the network, of its patches, and of the image that its positions were learned on.
    """

    def __init__(self, width: int, depth: int, heads: int, *, patch_px: int = 14, image_px: int = 224) -> None:
        super().__init__()
        self.dimension = width
        self.token_px = patch_px
        self.patch_embed: nn.Module = WavelengthConvolution(width, patch_px)
        side = tokens_a_side(image_px, patch_px)
        self.model = Trunk(width, depth, heads, side, layer_scale=True, norm=True)

    def features(self, pixels: Tensor) -> tuple[Tensor | None, Tensor]:
        """Return the class token and the map of tokens, normed."""
        patches = self.patch_embed(pixels)
        assert self.model.norm is not None
        seen = self.model.norm(self.model.after_blocks(patches))
        return seen[:, 0], seen[:, 1:].transpose(1, 2).reshape(patches.shape)

    def prepare(self, height_px: int, width_px: int) -> None:
        """Interpolate the positions to this size of input once."""
        sides = (tokens_a_side(side, self.token_px) for side in (height_px, width_px))
        self.model.prepare_positions(*sides)


def build(
    record: EncoderRecord,
    state: Mapping[str, Tensor],
    *,
    bands: Sequence[str],
    wavelengths: Sequence[float] | None = None,
    stage: int | None = None,
) -> FrozenEncoder:
    """Return DOFA v2 for these bands; see :func:`botaclip.core.encoders.architecture.build`.

    Raises
    ------
    EncoderError
        A band's wavelength is not known, or the checkpoint does not fit.
    """
    bands_um = wavelengths_of(bands, wavelengths)
    with torch.device("meta"):
        encoder = DofaV2(**vit_sizes(record, patch_px=14))
    load_state(encoder, state, name=record.title or record.id, tolerated=_TOLERATED)
    assert isinstance(encoder.patch_embed, WavelengthConvolution)
    encoder.patch_embed = encoder.patch_embed.eval().folded(bands_um)
    return encoder.frozen()
