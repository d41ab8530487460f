"""Fused: the backbone and a network trained on ImageNet, both frozen, read together by heads, search and scope.

Source: Truong et al., "How transferable are self-supervised features in medical image classification tasks?", ML4H
2021, PMLR 158: encoders that were trained in different ways know different things.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from PIL import Image

from .efficientnet import EfficientNet
from .encoder import Encoder, Features


class Fused(Encoder):
    """The backbone, except that what heads and the projection read of a picture has the rival's features behind it.

    A pass that is to be explained (`tokens`, `trace`) is the backbone's own and knows nothing of the rival.

    Attributes:
        backbone, rival: the two; width: of both together.
        fingerprint: of both, so that heads and vectors of one alone are never taken for theirs.
    """

    def __init__(self, backbone: Encoder, rival: EfficientNet) -> None:
        """Join two loaded networks; nothing is copied."""
        self.__dict__.update(backbone.__dict__)
        self.backbone, self.rival = backbone, rival
        self.name = f"{backbone.name} with {rival.name}"
        self.width = backbone.width + rival.width
        joined = f"{backbone.fingerprint} with {rival.fingerprint}"
        self.fingerprint = hashlib.sha256(joined.encode()).hexdigest()

    def __call__(self, pictures: Sequence[Image.Image], batch: int = 32) -> Features:
        """Read pictures with both, at most `batch` at a time; patches are the backbone's."""
        seen = self.backbone(pictures, batch)
        return replace(seen, pooled=np.concatenate([seen.pooled, self.beside(pictures, batch)], axis=1))

    def beside(self, pictures: Sequence[Image.Image], batch: int = 32) -> np.ndarray:
        """[N, Q] float32: what the rival alone adds."""
        return self.rival(pictures, batch).pooled
