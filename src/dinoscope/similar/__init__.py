"""Similar: the labelled cases a task knows, the Qdrant index of them, and the search for the nearest."""

from .case import ORIGINS, Case, Hit, SimilarCase, digest
from .facets import FACETS, Facet, Filters
from .index import CaseIndex
from .request import Query, SearchRequest
from .server import IndexFault, in_a_hurry
from .standby import Standby
from .storage import Storage

__all__ = [
    "FACETS",
    "ORIGINS",
    "Case",
    "CaseIndex",
    "Facet",
    "Filters",
    "Hit",
    "IndexFault",
    "Query",
    "SearchRequest",
    "SimilarCase",
    "Standby",
    "Storage",
    "digest",
    "in_a_hurry",
]
