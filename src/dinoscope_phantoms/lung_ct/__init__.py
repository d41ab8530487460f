"""Chest CT phantoms: an axial slice with one of three lung cancers, or none."""

from .picture import CLASSES, draw

__all__ = ["CLASSES", "draw"]
