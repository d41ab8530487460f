"""Similar: the labelled cases a task knows, the Qdrant index of them, and the search for the nearest."""

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
