"""Filters are read the same way from every data set, and a wrong one is refused in words."""

from __future__ import annotations

import pytest

from dinoscope.errors import RequestError
from dinoscope.similar import Case, Facet, Filters, facets


def case(**metadata) -> Case:
    return Case("a", ("ant",), "public", metadata=metadata)


@pytest.mark.parametrize(
    ("metadata", "read"),
    [
        ({"age": "057Y"}, {"age": 57.0}),
        ({"age": "006M"}, {"age": 0.5}),
        ({"age": "026W"}, {"age": pytest.approx(0.5, abs=0.01)}),
        ({"age": "011D"}, {"age": pytest.approx(0.03, abs=0.001)}),
        ({"age": "57.5 years"}, {"age": 57.5}),
        ({"lesion_size": "3M"}, {"lesion_size": 3.0}),
        ({"age": "80.0", "sex": "F"}, {"age": 80.0, "sex": "female"}),
        ({"sex": "Male"}, {"sex": "male"}),
        ({"localization": "back"}, {"site": "back"}),
        ({"site": "none", "laterality": "unknown", "age": ""}, {}),
        ({"plane": "axial", "eye": "left"}, {"view": "axial", "side": "left"}),
        ({"lesion_size": 1.41, "seed": 7}, {"lesion_size": 1.41}),
    ],
)
def test_a_data_sets_own_spelling_becomes_the_common_one(metadata, read):
    assert facets.values(case(**metadata)) == read


def test_a_task_has_only_the_facets_that_tell_its_cases_apart():
    cases = [case(age=30, sex="M", view="PA"), case(age=61.5, sex="F", view="PA"), case()]
    assert facets.of(cases) == (Facet("age", low=30.0, high=61.5), Facet("sex", ("female", "male")))


def test_filters_survive_json():
    entry = {"labels": ["ant"], "origins": ["public"], "sex": ["female"], "age": [40.0, None]}
    assert Filters.of(entry).json() == entry
    assert Filters.of({}) == Filters()


@pytest.mark.parametrize(
    ("entry", "sentence"),
    [
        ({"colour": ["red"]}, "no filter is called “colour”; choose from labels, origins, age, sex"),
        ({"age": [70, 40]}, "the filter age goes from 70 to 40; give the lower number first"),
        ({"age": "old"}, r"the filter age must be \[lowest, highest\], null for no limit"),
        ({"labels": [3]}, r"`labels` is a list of 1; give a list of names"),
    ],
)
def test_a_wrong_filter_is_refused_with_its_value(entry, sentence):
    with pytest.raises(RequestError, match=sentence):
        Filters.of(entry)
