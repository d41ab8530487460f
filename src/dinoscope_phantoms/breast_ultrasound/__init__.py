"""Breast ultrasound phantoms: a B-mode picture with a benign mass, a malignant mass or none."""

from .picture import CLASSES, draw

__all__ = ["CLASSES", "draw"]
