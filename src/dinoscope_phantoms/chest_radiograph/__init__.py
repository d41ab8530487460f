"""Chest radiograph phantoms: a child's front view, clear, with a lobar pneumonia or with an interstitial one."""

from .picture import CLASSES, draw

__all__ = ["CLASSES", "draw"]
