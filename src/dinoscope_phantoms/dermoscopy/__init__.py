"""Dermoscopy of seven kinds of pigmented and vascular skin lesions, polarised or contact light, about 10x."""

from .picture import CLASSES, draw

__all__ = ["CLASSES", "draw"]
