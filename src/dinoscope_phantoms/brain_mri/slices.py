"""The slices of the head that brain MRI phantoms are drawn in."""

from . import axial, coronal, sagittal
from .head import Slice

SLICES: dict[str, Slice] = axial.SLICES | coronal.SLICES | sagittal.SLICES
