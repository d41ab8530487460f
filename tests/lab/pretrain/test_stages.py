"""Pre-training in stages: a cut run ends bit for bit as one that was not, each stage begins where the last ended."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import torch
from PIL import Image

from dinoscope.cli import main
from dinoscope.reading.encoder import Encoder
from dinoscope_lab.pretrain import checkpoint, command, pack, probe
from dinoscope_lab.pretrain.plan import BUNDLED, shared, shared_steps
from dinoscope_lab.pretrain.train import build, train, train_stages
from fixtures.pretraining import blobs, packed, plan

SMALL = tuple(
    replace(p, dim=64, depth=2, size=size, source=source, batch=8, together=4, warmup=2, drop_path=0.3)
    for p, size, source in zip(BUNDLED, (28, 42), (48, 0), strict=True)
)
"""The bundled backbone's plan in small: both stages, their reduced pictures, dropped paths and falling rates."""


class Cut(Exception):
    """What a run that is killed looks like from outside."""


def same(one, other):
    one, other = one.state_dict(), other.state_dict()
    return one.keys() == other.keys() and all(torch.equal(one[k], other[k]) for k in one)


@pytest.mark.parametrize("cut_after", [2, 4, 5, 8])
def test_a_run_that_is_cut_anywhere_ends_bit_for_bit_as_one_that_is_not(cut_after, tmp_path, monkeypatch):
    """Stage 1 has four steps and stage 2 five; every step is saved, and one is the last before the cut."""
    at_once = train_stages(SMALL, packed(), tmp_path / "once", 600, steps=9)
    saved, save = [], checkpoint.save

    def save_and_die(*arguments):
        save(*arguments)
        saved.append(arguments)
        if len(saved) == cut_after:
            raise Cut

    monkeypatch.setattr(checkpoint, "save", save_and_die)
    with pytest.raises(Cut):
        train_stages(SMALL, packed(), tmp_path / "cut", 600, steps=9, save_every=-1)
    monkeypatch.setattr(checkpoint, "save", save)
    torch.manual_seed(99)
    resumed = train_stages(SMALL, packed(), tmp_path / "cut", 600, steps=9)
    assert same(at_once, resumed)


def test_the_second_stage_begins_with_the_average_of_the_first_and_with_its_heads(tmp_path):
    first = train(SMALL[0], packed(), tmp_path / "first", 600, steps=3)
    second = train(SMALL[1], packed(), tmp_path / "second", 0, start=first)
    assert same(second.teacher, first.teacher)
    assert same(second.student, first.teacher)
    assert same(second.projector, first.projector)
    assert second.place.shape == (9, 192)
    assert torch.allclose(second.place.mean(), first.place.mean(), atol=2e-2)
    assert not same(second.student, first.student)


def test_a_stage_draws_its_views_from_pictures_reduced_once():
    whole = packed()
    reduced = whole.on("cpu", 32)
    assert reduced.shape == (16, 32, 32, 3)
    wanted = [np.asarray(Image.fromarray(p).resize((32, 32), Image.Resampling.BILINEAR)) for p in whole.pictures]
    assert np.abs(reduced.numpy().astype(int) - np.stack(wanted)).max() <= 1
    assert whole.on("cpu").data_ptr() == whole.pictures.ctypes.data, "a processor holds them already"


def test_the_rate_rises_then_falls_along_a_cosine_to_its_end():
    falling = replace(SMALL[0], rate=2.0, warmup=4, end=0.3)
    assert falling.rate_at(0, 0.0) == pytest.approx(0.5)
    assert falling.rate_at(3, 0.0) == pytest.approx(2.0)
    assert falling.rate_at(50, 0.5) == pytest.approx(2.0 * 0.65)
    assert falling.rate_at(100, 1.0) == pytest.approx(0.6)
    assert replace(falling, end=1.0).rate_at(100, 0.7) == 2.0
    assert replace(falling, end=0.0).rate_at(100, 1.0) == pytest.approx(0.0)


def test_stages_share_steps_and_time_as_their_plans_say():
    assert sum(shared_steps(BUNDLED, 1001)) == 1001
    assert shared_steps(SMALL, 9) == [4, 5]
    assert shared(BUNDLED, 491) == pytest.approx([201, 290])


def test_the_budget_counts_every_call_and_is_kept(tmp_path):
    """Two seconds in all: the first call spends them, the second finds nothing left and exports the same."""
    first = train(plan("views"), packed(), tmp_path, 2.0)
    facts = json.loads(checkpoint_facts(tmp_path))
    assert 2.0 <= facts["seconds"] < 10
    assert facts["pictures"] == 8 * facts["step"]
    again = train(plan("views"), packed(), tmp_path, 2.0)
    assert same(first, again)
    assert json.loads(checkpoint_facts(tmp_path)) == facts


def checkpoint_facts(state):
    with checkpoint.safe_open(state / "checkpoint.safetensors", "pt") as file:
        return file.metadata()["facts"]


def test_weights_to_start_from_bring_their_own_shape(tmp_path, tiny_backbone):
    begun = train(plan("views", dim=128, depth=3, size=42), packed(), tmp_path, 0, start=tiny_backbone)
    assert begun.student.config.hidden_size == 64
    assert len(begun.student.encoder.layer) == 2
    encoder = Encoder.load(str(tiny_backbone), tiny_backbone)
    assert same(begun.teacher, encoder.model)


def test_blocks_are_compiled_where_it_is_asked_for(tmp_path, monkeypatch):
    compiled = []

    def compile_(function, **options):
        assert options == {"dynamic": False}
        compiled.append(function)
        return function

    monkeypatch.setattr(torch, "compile", compile_)
    plain = train(plan("views"), packed(), tmp_path / "plain", 600, steps=2)
    assert compiled == []
    again = train(plan("views"), packed(), tmp_path / "compiled", 600, steps=2, compiled=True)
    assert len(compiled) == 2
    assert same(plain, again)


def test_compiled_blocks_give_the_same_loss(monkeypatch):
    """As PyTorch traces them; what its code generator makes of the trace takes a minute and is its own matter."""
    monkeypatch.setattr(torch, "compile", partial(torch.compile, backend="eager"))
    losses = []
    for compiled in (False, True):
        torch.manual_seed(0)
        objective = build(replace(SMALL[0], drop_path=0.0))
        if compiled:
            objective.compile_blocks()
        loss, _ = objective.loss(torch.from_numpy(packed().pictures), torch.Generator().manual_seed(0))
        loss.backward()
        losses.append(float(loss.detach()))
    assert losses[0] == pytest.approx(losses[1], rel=1e-6)


def spread(n, seed, width=40):
    rng = np.random.default_rng(seed)
    truth = np.arange(n) % 3
    rows = rng.normal(size=(n, width)) + 4 * np.eye(3, width)[truth]
    return torch.from_numpy(rows).float(), torch.from_numpy(truth)


def test_both_probes_find_the_class_and_knn_is_the_majority_of_five():
    (known, truth), (asked, wanted) = spread(90, 0), spread(60, 1)
    for judge in (probe.knn, probe.ridge):
        assert (judge(known, truth, asked) == wanted).float().mean() > 0.9
    near = known / known.norm(dim=1, keepdim=True)
    votes = (asked / asked.norm(dim=1, keepdim=True) @ near.T).topk(5).indices
    clear = [int(np.bincount(truth[v]).argmax()) for v in votes if np.bincount(truth[v]).max() >= 3]
    rows = [i for i, v in enumerate(votes) if np.bincount(truth[v]).max() >= 3]
    assert probe.knn(known, truth, asked)[rows].tolist() == clear


def test_a_ridge_of_few_rows_is_that_of_many_columns():
    """The answer in the rows' own span is that of the columns, and a rare class counts as much as a frequent one."""
    known, truth = spread(30, 2, width=29)
    wide = torch.cat([known, torch.zeros(30, 2)], 1)
    asked = spread(200, 3, width=29)[0]
    few = probe.ridge(known, truth, asked)
    many = probe.ridge(wide, truth, torch.cat([asked, torch.zeros(200, 2)], 1))
    assert torch.equal(few, many)
    repeated = torch.cat([torch.arange(30), torch.arange(0, 30, 3).repeat(5)])
    assert (probe.ridge(known[repeated], truth[repeated], asked) == few).float().mean() > 0.99


ARGUMENTS = ["--dim", "64", "--depth", "2", "--batch", "8", "--together", "4", "--pack-size", "48", "--device", "cpu"]


def test_the_command_goes_through_its_stages_and_tells_them_in_the_card(tmp_path, capsys):
    tree, more = tmp_path / "tree", tmp_path / "more" / "scans"
    for folder, pictures in ((tree / "k", blobs(8)), (more, blobs(6, seed=1))):
        folder.mkdir(parents=True)
        for i, picture in enumerate(pictures):
            Image.fromarray(picture).save(folder / f"{i}.png")
    said = ["pretrain", "--images", str(tree), "--unlabelled", str(more.parent), "--state", str(tmp_path / "state")]
    said += [*ARGUMENTS, "--stage", "size=28,source=32,end=0.3", "--stage", "size=42,end=0,share=2", "--steps", "6"]
    assert main([*said, "--export", str(tmp_path / "out"), "--part", "0.001"]) == 0
    told = capsys.readouterr().out
    assert "14 pictures to learn from, 0 to probe with" in told
    assert "stage 1 of 2: views at 28 px" in told
    assert "4 steps, 32 pictures in" in told
    card = (tmp_path / "out" / "MODEL_CARD.md").read_text()
    assert "2 steps of 8 pictures on views of 28 px; 4 steps of 8 pictures on views of 42 px" in card.replace("\n", " ")
    assert "6 of them from sets without labels" in card
    assert Encoder.load(str(tmp_path / "out"), tmp_path).size == 42
    assert len(list((tmp_path / "state" / "pictures-48").glob("*.webps"))) > 2


def test_the_bundled_plan_is_asked_for_by_name():
    parser = command.argparse.ArgumentParser()
    command.add_arguments(parser)
    asked = parser.parse_args(["--images", "i", "--state", "s", "--plan", "bundled"])
    assert command.stages(asked) == BUNDLED
    assert [p.size for p in BUNDLED] == [112, 154]
    assert BUNDLED[-1].end == 0


@pytest.mark.parametrize("stage", ["sise=28", "size=large", "size", "recipe=1"])
def test_a_stage_that_says_nothing_is_named(stage, tmp_path, capsys):
    assert main(["pretrain", "--images", str(tmp_path), "--state", str(tmp_path), "--stage", stage]) == 1
    assert f"--stage {stage!r} sets nothing; give KNOB=VALUE with one of objective, dim" in capsys.readouterr().err


def test_an_unlabelled_picture_that_shows_a_held_out_one_is_left_out(tmp_path):
    """Not by its name or its file, but by what it decodes to."""
    folder, more = tmp_path / "data" / "one", tmp_path / "more" / "scans"
    folder.mkdir(parents=True)
    more.mkdir(parents=True)
    pictures = blobs(10)
    lines = ["id,file,label,group,fold,official"]
    for i, picture in enumerate(pictures):
        Image.fromarray(picture).save(folder / f"{i}.png")
        lines.append(f"{i},{i}.png,k,{i},{i % 5},train")
    (tmp_path / "data" / "splits").mkdir()
    (tmp_path / "data" / "splits" / "one.csv").write_text("\n".join(lines))
    for name, picture in (("copy of test", pictures[0]), ("copy of probe", pictures[1]), ("new", blobs(1, seed=9)[0])):
        Image.fromarray(picture).save(more / f"{name}.bmp")
    built = pack.build(tmp_path / "data", tmp_path / "data" / "splits", 64, tmp_path / "state", more.parent)
    assert [s for s in built.source if s == "scans"] == ["scans"]
    assert len(built.training) == 6 + 1
    assert len(built.validation) == 2, "the probe's own pictures are not copies of themselves"
    assert math.isclose(float(np.abs(built.pictures[-1].astype(int) - blobs(1, seed=9)[0]).mean()), 0, abs_tol=4)
