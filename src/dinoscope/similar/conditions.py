"""Conditions: filters in the words of Qdrant."""

from __future__ import annotations

from qdrant_client import models

from .facets import Filters


def of(filters: Filters | None) -> models.Filter | None:
    """The condition for a search; None where nothing is asked for."""
    asked = filters or Filters()
    must = [
        models.FieldCondition(key=key, match=models.MatchAny(any=list(wanted)))
        for key, wanted in {"labels": asked.labels, "origin": asked.origins, **asked.choices}.items()
        if wanted
    ]
    must += [
        models.FieldCondition(key=key, range=models.Range(gte=low, lte=high))
        for key, (low, high) in asked.ranges.items()
    ]
    return models.Filter(must=[*must]) if must else None
