"""Peripheral blood smears in suspected B-lymphoblastic leukaemia, Wright-Giemsa stain, oil immersion."""

from .picture import CLASSES, draw

__all__ = ["CLASSES", "draw"]
