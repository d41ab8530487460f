"""Fit: the head is scikit-learn's, its probabilities are honest, and the test fold leaves no trace."""

import json
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from safetensors import safe_open

from dinoscope import tasks
from dinoscope.fitting import fit
from dinoscope.fitting.features import read_phantoms, read_public
from dinoscope.reading import images, scope
from dinoscope.reading.projection import Projection
from fixtures.coloured import picture, quiet, rows_of, write_set

WRITTEN = ("head.safetensors", "vectors.safetensors", "cases.jsonl")


@pytest.fixture(scope="module")
def no_phantoms(encoder, tmp_path_factory):
    return read_phantoms(encoder, tmp_path_factory.mktemp("none"))


def fitted(encoder, folder, phantoms, out):
    public = read_public(encoder, folder, None, quiet)
    facts = fit.fit_task("colours", public, phantoms, Projection.plain(384, encoder.fingerprint), out, quiet)
    return facts, {name: content(out / name) for name in WRITTEN}


def content(path):
    """What a file says: its bytes, or for safetensors its facts (which come in any order) and its tensors' bytes."""
    if path.suffix != ".safetensors":
        return path.read_bytes()
    with safe_open(path, "numpy") as file:
        names = sorted(file.keys())
        return file.metadata(), [(n, file.get_tensor(n).dtype, file.get_tensor(n).tobytes()) for n in names]


def test_fold_0_reaches_neither_head_nor_index_nor_reference(encoder, no_phantoms, tmp_path):
    first, one = fitted(encoder, write_set(tmp_path / "a", rows_of()), no_phantoms, tmp_path / "A" / "colours")
    second, two = fitted(
        encoder, write_set(tmp_path / "b", rows_of(test_seed=1)), no_phantoms, tmp_path / "B" / "colours"
    )
    assert one == two, {name for name in WRITTEN if one[name] != two[name]}
    assert first["metrics"]["pictures"] == second["metrics"]["pictures"] == 6
    ids = {json.loads(line)["id"] for line in one["cases.jsonl"].splitlines()}
    assert ids == {f"{fold}-{i}" for fold in range(1, 5) for i in range(6)}


@pytest.mark.parametrize("fold", [1, 3])
def test_another_picture_in_any_other_fold_does_reach_them(encoder, no_phantoms, tmp_path, fold):
    changed = [(n, y, f, picture(y, 777) if n == f"{fold}-0" else p) for n, y, f, p in rows_of()]
    _, one = fitted(encoder, write_set(tmp_path / "a", rows_of()), no_phantoms, tmp_path / "A" / "colours")
    _, two = fitted(encoder, write_set(tmp_path / "b", changed), no_phantoms, tmp_path / "B" / "colours")
    assert all(one[name] != two[name] for name in WRITTEN)


def test_pictures_that_repeat_a_test_picture_are_dropped_wherever_they_stand(encoder, tmp_path):
    rows = rows_of()
    shown = {name: p for name, _, _, p in rows}
    rows += [("0-00-copy-of-0-1", "green", 3, shown["0-1"]), ("z-copy-of-0-1", "green", 1, shown["0-1"])]
    rows += [("a-copy-of-4-1", "green", 2, shown["4-1"])]
    said = []
    public = read_public(encoder, write_set(tmp_path / "set", rows), None, said.append)
    assert any("left out: 3 copies of another picture (0-00-copy-of-0-1 = 0-1, " in sentence for sentence in said)
    ids = {c.id for c in public.cases}
    assert "0-1" in ids
    assert not ids & {"0-00-copy-of-0-1", "z-copy-of-0-1"}
    assert len(ids & {"4-1", "a-copy-of-4-1"}) == 1, "of copies outside the test fold, one stays"
    assert len(public.cases) == len(public.pooled) == 30


def test_a_copy_in_another_file_format_is_the_same_picture(encoder, tmp_path):
    folder = write_set(tmp_path / "set", [*rows_of(), ("copy", "red", 3, picture("red", 0))])
    Image.open(folder / "0-0.png").save(folder / "0-0.bmp")
    table = folder / "labels.csv"
    table.write_text(table.read_text().replace("0-0.png", "0-0.bmp"))
    assert "copy" not in {c.id for c in read_public(encoder, folder, None, quiet).cases}


def test_features_stay_beside_their_cases_when_copies_are_dropped(encoder, tmp_path):
    rows = rows_of()
    rows.insert(0, ("0-00-copy", "red", 4, rows[3][3]))
    folder = write_set(tmp_path / "set", rows)
    public = read_public(encoder, folder, None, quiet)
    for case, pooled in list(zip(public.cases, public.pooled, strict=True))[::5]:
        alone = encoder([images.read(folder / f"{case.id}.png").picture]).pooled[0]
        assert pooled == pytest.approx(alone, abs=1e-4)


def test_the_scopes_reference_is_what_the_scope_measures_for_the_held_out_pictures(encoder, tiny_assets):
    """The scope looks at a task's real cases only, so phantoms must not bring the reference nearer."""
    task = tasks.load(tiny_assets / "tasks" / "colours", encoder.fingerprint)
    held = [c.fold == 1 and c.origin == "public" for c in task.cases]
    projection = Projection.load(tiny_assets / "tasks" / "projection.safetensors", encoder.fingerprint)
    distances = np.sort(scope.distances(*map(projection.for_scope, (task.vectors[held], task.training))))
    assert task.reference == pytest.approx(distances, abs=1e-3)


def test_phantoms_alone_make_a_task(encoder, tiny_assets, tmp_path):
    phantoms = read_phantoms(encoder, tiny_assets / "tasks" / "colours")
    facts = fit.fit_task("colours", None, phantoms, Projection.plain(384, encoder.fingerprint), tmp_path, quiet)
    assert facts["cases"] == {"public": 0, "phantom": 12}
    assert facts["metrics"] == {}
    assert facts["fitted_on"] == 9
    assert tasks.load(tmp_path, encoder.fingerprint).head.classes == ("blue", "green", "red")


@pytest.mark.parametrize(("with_drawn", "without", "weight"), [(0.9, 0.8, 1.0), (0.8, 0.8, 1.0), (0.7, 0.8, 0.0)])
def test_drawn_cases_leave_training_where_real_fold_1_is_read_worse_for_them(
    encoder, tiny_assets, tmp_path, monkeypatch, with_drawn, without, weight
):
    def fit_head(known, held, fingerprint, drawn=None, exclusive=True):
        return replace(honest(known, held, fingerprint), phantom_weight=0.0 if drawn is None else 1.0)

    honest, right = fit.fit_head, iter((with_drawn, without))
    monkeypatch.setattr(fit, "fit_head", fit_head)
    monkeypatch.setattr(fit, "on_held", lambda head, held: next(right))
    public = read_public(encoder, write_set(tmp_path / "set", rows_of()), None, quiet)
    phantoms = read_phantoms(encoder, tiny_assets / "tasks" / "colours")
    space = Projection.plain(encoder.width, encoder.fingerprint)
    facts = fit.fit_task("colours", public, phantoms, space, tmp_path / "task", quiet)
    assert facts["phantom_weight"] == weight
    assert facts["drawn_in_training"] == {"with": with_drawn, "without": without}
    assert ("without_phantoms" in facts["metrics"]) is (weight > 0)
    assert ("with_phantoms" in facts["metrics"]) is (weight == 0)
