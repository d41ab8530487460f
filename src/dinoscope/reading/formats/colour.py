"""Colour profiles: the colours that the sender sees -> sRGB, which is what the heads were fitted on."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image, ImageCms

CONVERTED = "colours converted from the file's own profile to sRGB"
UNUSABLE = "The file's colour profile cannot be used, so its colours are shown as stored and may be off."
_DARK = 63
"""White, where 14 bits are stored in 16 and read at 8."""
_SPACES = {"RGB": "RGB", "GRAY": "L", "CMYK": "CMYK"}
_SAME = 2
"""Levels by which colours may differ from sRGB before they are converted: sRGB's own profiles differ by as much."""


def to_srgb(image: Image.Image, profile: bytes) -> tuple[Image.Image, bool]:
    """Convert by an embedded ICC profile, relative colorimetric; alpha stays as it is.

    Args:
        image: RGB, RGBA, L, LA or CMYK.
        profile: the bytes of an ICC profile.
    Returns:
        The picture, L or RGB, with its alpha; and whether any colour changed: the profile may be sRGB's own.
    Raises:
        ValueError: if the profile is damaged, or of another colour space than the picture.
    """
    alpha = image.getchannel("A") if image.mode in ("RGBA", "LA") else None
    opaque = image.convert({"RGBA": "RGB", "LA": "L"}.get(image.mode, image.mode))
    try:
        own = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        space = _SPACES.get(own.profile.xcolor_space.strip(), "")
        if (space == "L" and opaque.mode == "RGB") or (space != opaque.mode and opaque.mode != "L"):
            raise ValueError(f"the profile is for {own.profile.xcolor_space.strip()}, the picture is {opaque.mode}")
        grey = opaque.mode == "L"
        if grey and space == "RGB":  # grey under a profile for colours: its grey axis
            opaque = opaque.convert("RGB")
        intent = ImageCms.Intent.RELATIVE_COLORIMETRIC
        transform = ImageCms.buildTransform(own, ImageCms.createProfile("sRGB"), opaque.mode, "RGB", intent)
    except (ImageCms.PyCMSError, OSError, TypeError) as error:
        raise ValueError(str(error)) from error
    if opaque.mode != "CMYK" and not _changes(transform, opaque.mode):
        return image, False
    converted = ImageCms.applyTransform(opaque, transform)
    assert converted is not None  # None is for changes in place
    if grey:
        converted = converted.getchannel("G")
    if alpha is not None:
        converted.putalpha(alpha)
    return converted, True


def _changes(transform: ImageCms.ImageCmsTransform, mode: str) -> bool:
    """Whether a transform moves any of a grid of colours by more than rounding does."""
    steps = np.linspace(0, 255, 18).astype(np.uint8)
    grid = np.stack(np.meshgrid(steps, steps, steps), axis=-1).reshape(-1, 18, 3)
    image = Image.fromarray(grid if mode == "RGB" else np.ascontiguousarray(grid[..., 0]))
    after = ImageCms.applyTransform(image, transform)
    return bool(np.abs(np.asarray(after).astype(int) - np.asarray(image.convert("RGB"))).max() > _SAME)


def dark(picture: Image.Image) -> tuple[str, ...]:
    """A warning where values of 16 bits that were read at 8 leave a dark picture."""
    if np.asarray(picture).max() > _DARK:
        return ()
    return (
        "The values reach only a small part of their 16 bits, as a 12-bit camera's do, so the picture is dark. "
        "Stretch them to the full range when saving.",
    )
