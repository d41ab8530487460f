"""Conditions: filters in the words of Qdrant."""

from __future__ import annotations

from collections.abc import Sequence

from qdrant_client import models

from .facets import Filters


def of(filters: Filters | None, without: Sequence[str] = ()) -> models.Filter | None:
    """The condition for a search; None where nothing is asked for.

    Args:
        without: labels that a case must not have.
    """
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
    must_not = [models.FieldCondition(key="labels", match=models.MatchAny(any=list(without)))] if without else []
    return models.Filter(must=[*must], must_not=[*must_not]) if must or must_not else None
