"""Cases: the labelled pictures a task knows, and the Qdrant index that finds the nearest of them."""

from .case import ORIGINS, Case, Hit, SimilarCase
from .facets import FACETS, Facet, Filters
from .index import CaseIndex
from .storage import IndexFault, Storage

__all__ = [
    "FACETS",
    "ORIGINS",
    "Case",
    "CaseIndex",
    "Facet",
    "Filters",
    "Hit",
    "IndexFault",
    "SimilarCase",
    "Storage",
]
