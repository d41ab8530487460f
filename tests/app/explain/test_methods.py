"""Every method in the registry: what all share, and what each promises on a network whose answer is known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from dinoscope.errors import RequestError
from dinoscope.explain import Subject, Target, targets
from dinoscope.explain.methods import METHODS
from fixtures.tiny import drawn

SLOW = ("rise", "occlusion", "vitcx_published")


@pytest.fixture(scope="module")
def asked(encoder, workbench):
    """Makes a subject from a target on one red picture."""
    pixels = encoder.pixels([drawn("colours", "red", 3)])
    tokens = encoder.tokens(pixels)
    return lambda target: Subject.of(encoder, pixels, tokens, target)


@pytest.fixture(scope="module")
def head(workbench):
    return workbench.tasks["colours"].head


@pytest.mark.parametrize("method", METHODS)
def test_a_map_has_the_size_of_the_pixels_and_is_the_same_for_the_same_seed(asked, head, method):
    subject, explain = asked(targets.label(head, "red")), METHODS[method].explain
    first, again = explain(subject, 3, quick=True), explain(subject, 3, quick=True)
    assert first.map.shape == (56, 56)
    assert first.map.dtype == np.float32
    assert np.isfinite(first.map).all()
    assert np.array_equal(first.map, again.map)


@pytest.mark.parametrize("method", [m for m in METHODS if m not in ("rollout", "random")])
def test_a_map_depends_on_the_class_and_on_what_it_is_compared_with(asked, head, method):
    explain = METHODS[method].explain
    wanted = [targets.label(head, "red"), targets.label(head, "blue"), targets.contrast(head, "red", "green")]
    maps = [explain(asked(target), 0, quick=True).map for target in wanted]
    assert not np.allclose(maps[0], maps[1])
    assert not np.allclose(maps[0], maps[2])


@pytest.mark.parametrize("method", [m for m in METHODS if m not in SLOW])
def test_a_map_is_drawn_for_the_similarity_to_a_case(asked, workbench, method):
    vector = workbench.tasks["colours"].vectors[0]
    found = METHODS[method].explain(asked(targets.similarity(workbench.projection.of, vector)), 0, quick=True)
    assert np.isfinite(found.map).all()
    # Methods that keep only what raises the score may find nothing that does.
    assert np.ptp(found.map) > 0 or method in ("gradcam", "attention_gradients")


def test_rollout_does_not_depend_on_the_score(asked, head):
    maps = [METHODS["rollout"].explain(asked(targets.label(head, c)), 0).map for c in ("red", "blue")]
    assert np.array_equal(*maps)


def only(patch: int) -> Subject:
    """A subject on a grid of 8 x 8 whose score is high where one patch is read, whatever else is."""
    pixels = torch.ones(1, 3, 112, 112)
    same = Target(lambda pooled: pooled, lambda pooled: pooled)
    untraced = lambda: pytest.fail("needs no gradients")  # noqa: E731
    blind = lambda batch: pytest.fail("needs no pixels")  # noqa: E731
    chosen = lambda kept: (kept == patch).any(1).float()  # noqa: E731
    return Subject(pixels, torch.zeros(64, 4), (8, 8), same, 1.0, blind, chosen, blind, untraced, np.zeros(64, bool))


@pytest.mark.parametrize("method", ["rise", "occlusion"])
def test_methods_that_leave_patches_out_find_the_only_one_that_counts(method):
    saliency = METHODS[method].explain(only(2 * 8 + 5), 0).map
    assert saliency[28:42, 70:84].mean() > saliency.mean() + 2.5 * saliency.std()


@pytest.mark.parametrize("method", ["rise", "occlusion", "random"])
def test_empty_background_is_never_lit_but_by_what_stands_for_comparison(method):
    subject = only(2 * 8 + 5)
    empty = np.zeros(64, bool)
    empty[[0, 1, 2 * 8 + 5]] = True
    lit = METHODS[method].explain(subject, 0).map
    unlit = METHODS[method].explain(replace(subject, empty=empty), 0).map
    if method == "random":
        assert np.array_equal(lit, unlit)
        return
    dark = empty.reshape(8, 8).repeat(14, 0).repeat(14, 1)
    assert (unlit[dark] == unlit.min()).all()
    assert np.array_equal(lit[~dark], unlit[~dark])


@pytest.mark.parametrize("method", [*SLOW, "vitcx"])
def test_methods_of_many_passes_tell_progress_and_can_be_cancelled(asked, head, method):
    subject, told = asked(targets.label(head, "red")), []
    METHODS[method].explain(subject, 0, quick=True, progress=lambda *step: told.append(step))
    assert told[-1][0] == told[-1][1]
    with pytest.raises(KeyboardInterrupt):
        METHODS[method].explain(subject, 0, quick=True, progress=_stop)


def _stop(done: int, total: int) -> None:
    raise KeyboardInterrupt


def test_every_method_says_on_the_page_what_it_does_in_one_sentence():
    for name, method in METHODS.items():
        assert method.sentence.endswith("."), name
        assert method.sentence.count(". ") == 0, name


def test_a_class_is_not_compared_with_itself(head):
    with pytest.raises(RequestError, match="'red' cannot be compared with itself; choose another class"):
        targets.contrast(head, "red", "red")


def test_an_unfitted_head_has_the_same_weights_in_another_order(head):
    other = targets.unfitted(head, 0)
    assert not np.array_equal(other.weight, head.weight)
    assert np.array_equal(np.sort(other.weight, axis=1), np.sort(head.weight, axis=1))
