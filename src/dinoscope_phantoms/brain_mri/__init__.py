"""Phantoms of brain MRI: contrast-enhanced T1 slices with a glioma, a meningioma, a pituitary tumour or none."""

from .picture import CLASSES, draw

__all__ = ["CLASSES", "draw"]
