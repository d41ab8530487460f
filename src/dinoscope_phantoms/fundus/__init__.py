"""Eye fundus photographs: normal, diabetic retinopathy, glaucoma, cataract."""

from .picture import CLASSES, draw

__all__ = ["CLASSES", "draw"]
