"""Encoder: the frozen DINOv2 - pictures in, CLS and patch tokens out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from . import backbone, hub, walk
from .backbone import FILES, EncoderError
from .dinov2 import Dinov2
from .one_thread import in_one_thread

EPSILON = 1e-6
"""Added to a variance, so that a blank picture has a gradient, too."""
AT_ONCE = 8
"""Pictures that a processor reads in one pass: tokens of more do not fit its caches, and each takes a sixth longer."""


@dataclass(frozen=True)
class Features:
    """What the encoder sees in N pictures, float32.

    Attributes:
        cls: [N, D] CLS tokens after the final norm.
        patches: [N, h * w, D] patch tokens after the final norm, in reading order.
        grid: (h, w) patches down and across.
        pooled: [N, P] what heads and the projection read, as `pool` makes it.
    """

    cls: np.ndarray
    patches: np.ndarray
    grid: tuple[int, int]
    pooled: np.ndarray


@dataclass(frozen=True)
class Tokens:
    """Features of a batch that is still on its device, for scoring and explaining.

    Attributes:
        cls: [N, D]; patches: [N, h * w, D], both after the final norm.
        before: [N, h * w, D] patch tokens after the last block's first norm, what ViT-CX reads.
        grid: (h, w).
        pooled: [N, P] what heads and the projection read, as `pool` makes it.
    """

    cls: Tensor
    patches: Tensor
    before: Tensor
    grid: tuple[int, int]
    pooled: Tensor


def pool(outputs: Sequence[Tensor], prefix: int = 1) -> Tensor:
    """Tokens of some blocks -> [N, 3 D blocks] float32: CLS, mean and standard deviation of each one's patch tokens.

    Args:
        outputs: of each block [N, T, D], in the order of the outcome: first the last block's after the final norm,
            then earlier ones as they leave their block.
        prefix: how many of the T tokens come before the patches.
    """
    parts = []
    for tokens in outputs:
        patches = tokens[:, prefix:].float()
        mean = patches.mean(dim=1, keepdim=True)
        # Torch's own variance over this dimension takes ten times as long: a twentieth of a whole pass.
        spread = ((patches - mean).square().mean(dim=1) + EPSILON).sqrt()
        parts += [tokens[:, 0].float(), mean.squeeze(1), spread]
    return torch.cat(parts, dim=1)


@dataclass(frozen=True)
class Trace:
    """One picture's way through the network with its graph kept, for methods that need gradients or attention.

    Attributes:
        tokens: as `Encoder.tokens` gives them, to be differentiated.
        normed: [1, T, D] every token after the last block's first norm, in the graph.
        entering: [1, T, D] a block, every token as it enters it, in the graph.
        attentions: [1, heads, T, T] a block, rows sum to 1, in the graph.
        prefix: how many of the T tokens come before the patches: CLS, then registers.
    """

    tokens: Tokens
    normed: Tensor
    entering: tuple[Tensor, ...]
    attentions: tuple[Tensor, ...]
    prefix: int


class Encoder:
    """A DINOv2-shaped vision transformer with its preprocessing. Never trained here; safe to share by threads.

    Attributes:
        name: what it was loaded by; folder: where its files lie.
        dim: D, the width of a token.
        blocks: how many of its last blocks are pooled; width: P, the length of what heads and the projection read.
        size: side in pixels to which pictures are squashed before they are read.
        patch: side of a patch in pixels.
        fingerprint: sha256 over weights, config, preprocessing and the number of blocks, 64 hex digits.
    """

    def __init__(self, folder: Path, name: str, device: str = "cpu", dtype: torch.dtype = torch.float32) -> None:
        """Load from a local folder that holds `FILES`.

        Raises:
            EncoderError: for a missing or damaged file, or a network that is not DINOv2-shaped.
        """
        model, processing, self.size = backbone.read(folder, name, dtype)
        config = model.config
        self.name, self.folder = name, folder
        self.device = torch.device(device)
        self.dtype = dtype
        self.model = model.to(self.device).eval().requires_grad_(False)
        self.dim: int = config.hidden_size
        self.blocks: int = min(backbone.BLOCKS, config.num_hidden_layers)
        self.width = 3 * self.dim * self.blocks
        self.patch: int = config.patch_size
        self.prefix = 1 + config.num_register_tokens
        mean, std = processing.get("image_mean", (0.5,) * 3), processing.get("image_std", (0.5,) * 3)
        self.mean, self.std = (torch.tensor(v, device=self.device).view(1, 3, 1, 1) for v in (mean, std))
        self.fingerprint = backbone.fingerprint(folder)
        # Without instructions for it, a processor emulates bfloat16 more slowly than it does float32.
        self.half_pays = self.device.type == "cuda" or torch.cpu._is_avx512_bf16_supported()

    @classmethod
    def load(cls, name_or_path: str, bundled: Path, device: str = "cpu", dtype: torch.dtype = torch.float32) -> Encoder:
        """Load a backbone by name.

        Args:
            name_or_path: `bundled`, a local folder, or a hub id among `hub.REVISIONS`.
            bundled: folder of the bundled backbone.
            device: `cpu`, `cuda`, or `auto` for a GPU where there is one.
            dtype: float32 or bfloat16.
        Raises:
            EncoderError: when the name is unknown, the hub cannot be reached or a file is damaged.
        """
        if device == "auto":
            device = "cuda" if torch.cuda.is_available() else "cpu"
        elif device == "cuda" and not torch.cuda.is_available():
            raise EncoderError("there is no GPU that can be used here; set DINOSCOPE_DEVICE to auto or cpu")
        if name_or_path == "bundled":
            return cls(bundled, "bundled", device, dtype)
        if Path(name_or_path).is_dir():
            return cls(Path(name_or_path), Path(name_or_path).name, device, dtype)
        try:
            folder = hub.download(name_or_path, FILES)
        except hub.HubError as fault:
            raise EncoderError(str(fault)) from fault
        return cls(folder, name_or_path, device, dtype)

    def pixels(self, pictures: Sequence[Image.Image], side: int | None = None) -> Tensor:
        """Pictures -> normalised pixels [N, 3, side, side] float32; without a side, of the size it reads at.

        The whole picture is squashed to a square rather than cropped: a lesion at its edge must not vanish.
        """
        square = (side or self.size, side or self.size)
        arrays = [np.asarray(p.convert("RGB").resize(square, Image.Resampling.BICUBIC)) for p in pictures]
        x = torch.from_numpy(np.stack(arrays)).to(self.device).permute(0, 3, 1, 2).float() / 255
        return (x - self.mean) / self.std

    def levels(self, pixels: Tensor) -> np.ndarray:
        """Normalised pixels [N, 3, h, w] -> the levels they came from, [N, h, w, 3] float32 from 0 to 1."""
        return (pixels * self.std + self.mean).permute(0, 2, 3, 1).cpu().numpy()

    @in_one_thread
    @torch.inference_mode()
    def tokens(self, pixels: Tensor, hurried: bool = False) -> Tokens:
        """Normalised pixels [N, 3, h, w] -> tokens; sides must be divisible by the patch size.

        Args:
            hurried: compute in bfloat16 where that is faster, for the many passes of an explanation.
        Raises:
            ValueError: when a side is not.
        """
        height, width = pixels.shape[-2:]
        if height % self.patch or width % self.patch:
            raise ValueError(f"pixels of {height} x {width} do not divide into patches of {self.patch}")
        if hurried and self.half_pays and self.device.type == "cpu":
            # A processor attends in bfloat16 faster when attention is written out: a sixth of the pass.
            return self._walk(self.embed(pixels), self._grid(pixels), hurried)[0]
        with torch.autocast(self.device.type, torch.bfloat16, enabled=hurried and self.half_pays):
            after, entering = self.model(pixels.to(self.dtype))
            # Input of the last block through its first norm, without a hook that two threads could share.
            before = self.model.blocks[-1].norm1(entering[-1])
        return self._gathered(after, entering[1:], before, self._grid(pixels))

    def _gathered(self, after: Tensor, earlier: Sequence[Tensor], before: Tensor, grid: tuple[int, int]) -> Tokens:
        """Tokens of a pass: after the final norm, as they leave each earlier block, and as the last one norms them."""
        pooled = pool([after, *reversed(earlier)][: self.blocks], self.prefix)
        patches = after[:, self.prefix :].float()
        return Tokens(after[:, 0].float(), patches, before[:, self.prefix :].float(), grid, pooled)

    @in_one_thread
    @torch.inference_mode()
    def leaving(self, pixels: Tensor, before: int) -> Tensor:
        """Normalised pixels [N, 3, h, w] -> patch tokens [N, h * w, D] float32 as they leave a block.

        Args:
            before: so many blocks follow it; 0 for the last one, whose tokens come after the final norm.
        """
        after, entering = self.model(pixels.to(self.dtype))
        state = entering[-before] if before else after
        return state[:, self.prefix :].float()

    @in_one_thread
    def trace(self, pixels: Tensor, hurried: bool = False) -> Trace:
        """Normalised pixels [1, 3, h, w] -> tokens and attentions that can be differentiated, also by the pixels.

        Walks through the blocks itself: the network's own attention gives no weights in its fast form, and
        switching that form would switch it for every thread.

        Args:
            hurried: as in `tokens`.
        """
        if pixels.shape[0] != 1:
            raise ValueError(f"one picture is traced at a time, not {pixels.shape[0]}")
        attentions: list[Tensor] = []
        with torch.enable_grad():
            tokens, normed, entering = self._walk(self.embed(pixels), self._grid(pixels), hurried, attentions.append)
        return Trace(tokens, normed, tuple(entering), tuple(attentions), self.prefix)

    @in_one_thread
    def embed(self, pixels: Tensor) -> Tensor:
        """Normalised pixels [N, 3, h, w] -> what enters the first block [N, T, D]: prefix and patches, placed."""
        with torch.autocast(self.device.type, enabled=False):
            return self.model.embeddings(pixels.to(self.dtype))

    @in_one_thread
    @torch.inference_mode()
    def chosen(self, embedded: Tensor, kept: Tensor, hurried: bool = False) -> Tokens:
        """Read one picture through some of its patches only, as in pre-training: the others are not there at all.

        Positions and prefix tokens stay. The cost is that of the patches that are kept.

        Args:
            embedded: [1, T, D] from `embed`, shared by all sets.
            kept: [B, n] int64 patches in reading order, from 0; n >= 1, the same for every set.
            hurried: as in `tokens`.
        Returns:
            tokens of each set; patches [B, n, D] in the order of `kept`, on a grid of (1, n).
        Raises:
            ValueError: when nothing is kept.
        """
        state = walk.gather(embedded, kept, self.prefix)
        return self._walk(state, (1, kept.shape[1]), hurried)[0]

    @in_one_thread
    @torch.inference_mode()
    def swapped(self, embedded: Tensor, other: Tensor, where: Tensor, hurried: bool = False) -> Tokens:
        """Read a picture some of whose patches are another picture's; both are embedded once.

        Args:
            embedded, other: [1, T, D] from `embed`.
            where: [B, h * w] bool, true where a patch is the other picture's.
            hurried: as in `tokens`.
        """
        theirs = torch.nn.functional.pad(where, (self.prefix, 0))[..., None]
        return self._walk(torch.where(theirs, other, embedded), (1, where.shape[1]), hurried)[0]

    def _walk(
        self, state: Tensor, grid: tuple[int, int], hurried: bool, attended: walk.Attended = lambda weights: None
    ) -> tuple[Tokens, Tensor, list[Tensor]]:
        """Embedded tokens [N, T, D] -> what they become; after the last first norm; as they enter each block."""
        hurried = hurried and self.half_pays
        model = self._halved if hurried and self.device.type == "cpu" else self.model
        with torch.autocast(self.device.type, torch.bfloat16, enabled=hurried):
            after, entering, normed = walk.through(model, state, attended)
            return self._gathered(after, entering[1:], normed, grid), normed, entering

    def _grid(self, pixels: Tensor) -> tuple[int, int]:
        return pixels.shape[2] // self.patch, pixels.shape[3] // self.patch

    @cached_property
    def _halved(self) -> Dinov2:
        """The model with its linear layers in bfloat16, made once."""
        return walk.halved(self.model)

    def __call__(self, pictures: Sequence[Image.Image], batch: int = 32) -> Features:
        """Read pictures, at most `batch` at a time."""
        if self.device.type == "cpu":
            batch = min(batch, AT_ONCE)
        parts = [self.tokens(self.pixels(pictures[i : i + batch])) for i in range(0, len(pictures), batch)]
        return Features(
            np.concatenate([p.cls.cpu().numpy() for p in parts]),
            np.concatenate([p.patches.cpu().numpy() for p in parts]),
            parts[0].grid,
            np.concatenate([p.pooled.cpu().numpy() for p in parts]),
        )
