"""Training: the loss falls, one seed gives one outcome, and a killed run goes on bit for bit."""

import json
import signal

import numpy as np
import pytest
import torch
from safetensors import safe_open

from dinoscope_lab.pretrain.pack import Pack
from dinoscope_lab.pretrain.train import _batch, build, train
from fixtures.pretraining import blobs, packed, plan, seeded


def loss_of(objective, seed=5):
    """Loss of the pack's pictures with the same views each time."""
    torch.manual_seed(seed)
    with torch.no_grad():
        return float(objective.loss(torch.from_numpy(packed().pictures), seeded(seed))[0])


@pytest.mark.parametrize("objective", ["views", "dino"])
def test_the_loss_falls_on_a_few_pictures(objective, tmp_path):
    short = plan(objective, batch=16, together=8, rate=1e-3, warmup=5, momentum=0.9)
    torch.manual_seed(0)
    before = loss_of(build(short))
    trained = train(short, packed(), tmp_path, 600, steps=25)
    assert loss_of(trained) < 0.9 * before


@pytest.mark.parametrize("objective", ["views", "dino"])
def test_two_runs_with_one_seed_end_with_the_same_weights_and_another_seed_with_others(objective, tmp_path):
    short = plan(objective)
    first, again, other = (
        train(short, packed(), tmp_path / name, 600, seed=seed, steps=6).state_dict()
        for name, seed in (("first", 0), ("again", 0), ("other", 1))
    )
    assert first.keys() == again.keys()
    assert all(torch.equal(first[k], again[k]) for k in first)
    assert not torch.equal(first["teacher.layernorm.bias"], other["teacher.layernorm.bias"])


@pytest.mark.parametrize("objective", ["views", "dino"])
def test_three_steps_and_three_more_are_six_steps_bit_for_bit(objective, tmp_path):
    short = plan(objective, warmup=5)
    at_once = train(short, packed(), tmp_path / "once", 600, steps=6).state_dict()
    train(short, packed(), tmp_path / "twice", 600, steps=3)
    resumed = train(short, packed(), tmp_path / "twice", 600, steps=6).state_dict()
    assert all(torch.equal(at_once[k], resumed[k]) for k in at_once)


def test_a_gradient_does_not_depend_on_which_thread_is_first():
    torch.set_num_threads(2)
    torch.manual_seed(0)
    objective, gradients = build(plan("views")), []
    for _ in range(3):
        objective.zero_grad()
        objective.loss(torch.from_numpy(blobs(16)), seeded())[0].backward()
        gradients.append([p.grad for p in objective.parameters() if p.grad is not None])
    for again in gradients[1:]:
        assert all(torch.equal(a, b) for a, b in zip(gradients[0], again, strict=True))


KILLED = """
import os, signal, sys, torch
from pathlib import Path
torch.set_num_threads(1)
sys.path.insert(0, "tests")
from fixtures.pretraining import packed, plan
from dinoscope_lab.pretrain.train import train
from dinoscope_lab.pretrain import checkpoint
state = Path(sys.argv[1])
train(plan("views"), packed(), state, 600, steps=3)
def die_half_way(tensors, path, facts):
    path.write_bytes(b"half a checkpoint")
    os.kill(os.getpid(), signal.SIGKILL)
checkpoint.save_file = die_half_way
train(plan("views"), packed(), state, 600, steps=5)
"""


def test_a_run_that_is_killed_while_it_saves_goes_on_from_the_save_before(run_python, tmp_path):
    run = run_python("-c", KILLED, str(tmp_path / "killed"))
    assert run.returncode == -signal.SIGKILL, run.stderr
    assert (tmp_path / "killed" / "checkpoint.part").read_bytes() == b"half a checkpoint"
    resumed = train(plan("views"), packed(), tmp_path / "killed", 600, steps=6).state_dict()
    at_once = train(plan("views"), packed(), tmp_path / "once", 600, steps=6).state_dict()
    assert all(torch.equal(at_once[k], resumed[k]) for k in at_once)
    assert json.loads(facts_of(tmp_path / "killed"))["step"] == 6


def facts_of(state):
    with safe_open(state / "checkpoint.safetensors", "pt") as file:
        return file.metadata()["facts"]


def test_a_checkpoint_of_another_network_is_refused(tmp_path):
    train(plan("views"), packed(), tmp_path, 600, steps=1)
    with pytest.raises(RuntimeError, match="size mismatch"):
        train(plan("views", dim=128), packed(), tmp_path, 600, steps=2)


def test_the_teacher_is_the_slow_average_of_the_student():
    objective = build(plan("dino"))
    slow, fast = objective.teacher.layernorm.bias.clone(), objective.student.layernorm.bias
    with torch.no_grad():
        fast.add_(1.0)
    objective.follow(0.9)
    assert torch.allclose(objective.teacher.layernorm.bias, slow + 0.1)
    objective.follow(0.0)
    assert torch.equal(objective.teacher.layernorm.bias, fast)


def test_an_unknown_objective_is_refused():
    with pytest.raises(ValueError, match="no objective is called 'mae'; choose views or dino"):
        build(plan("mae"))


def test_every_batch_takes_several_pictures_of_one_data_set_and_none_that_the_probe_needs(tmp_path, monkeypatch):
    asked, source = [], np.array(["large"] * 30 + ["small"] * 14)
    fold = np.array([2] * 40 + [1] * 4)

    def watched(*arguments):
        asked.append(_batch(*arguments))
        return asked[-1]

    monkeypatch.setattr("dinoscope_lab.pretrain.train._batch", watched)
    train(plan("views"), Pack(blobs(44), source.tolist(), ["k"] * 44, fold), tmp_path, 600, steps=8)
    assert len(asked) == 8
    for chosen in asked:
        assert len(chosen) == 8
        assert set(np.unique(source[chosen], return_counts=True)[1]) <= {4, 8}
    seen = np.concatenate(asked)
    assert set(source[seen]) == {"large", "small"}
    assert seen.max() < 40
