"""What is exported is the teacher, and the probe reads it as the encoder does."""

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image

from dinoscope.reading.encoder import Encoder
from dinoscope_lab.pretrain import export, probe
from dinoscope_lab.pretrain.objective import student, tokens_of
from dinoscope_lab.pretrain.pack import Pack
from dinoscope_lab.pretrain.train import train
from fixtures.pretraining import blobs, packed, plan, seeded


def test_the_exported_encoder_sees_what_the_teacher_saw(tmp_path):
    teacher = train(plan("views"), packed(), tmp_path / "state", 600, steps=2).teacher
    export.write(teacher, 56, tmp_path / "backbone")
    encoder = Encoder.load(str(tmp_path / "backbone"), tmp_path)
    assert (encoder.dim, encoder.size, encoder.patch) == (64, 56, 14)
    weights = encoder.model.state_dict()
    assert weights.keys() == teacher.state_dict().keys()
    for name, weight in teacher.state_dict().items():
        assert torch.equal(weights[name], weight.half().float()), name
    pixels = encoder.pixels([Image.fromarray(p) for p in blobs(3)])
    seen = encoder.tokens(pixels)
    with torch.no_grad():
        wanted = tokens_of(teacher, pixels)
    assert torch.allclose(seen.cls, wanted[:, 0], atol=0.01)
    assert torch.allclose(seen.patches, wanted[:, 1:], atol=0.01)


def test_exporting_twice_writes_the_same_files(tmp_path):
    torch.manual_seed(0)
    model = student(64, 2, 56)
    for name in ("a", "b"):
        export.write(model, 56, tmp_path / name)
    assert len(list((tmp_path / "a").iterdir())) == 3
    for file in (tmp_path / "a").iterdir():
        assert file.read_bytes() == (tmp_path / "b" / file.name).read_bytes()


def test_tokens_of_all_patches_in_order_are_the_plain_tokens():
    torch.manual_seed(0)
    model = student(64, 2, 56).eval()
    pixels = torch.randn(2, 3, 56, 56, generator=seeded())
    with torch.no_grad():
        plain = model(pixels).last_hidden_state
        assert torch.allclose(tokens_of(model, pixels), plain, atol=1e-5)
        assert torch.allclose(tokens_of(model, pixels, torch.arange(16).repeat(2, 1)), plain, atol=1e-5)
        few = tokens_of(model, pixels, torch.tensor([[0, 5, 9], [1, 2, 3]]))
    assert few.shape == (2, 4, 64)


def test_a_kept_patch_is_seen_with_its_own_place():
    """What lies in hidden patches must not matter, what lies in kept ones must."""
    torch.manual_seed(0)
    model = student(64, 2, 56).eval()
    pixels = torch.randn(1, 3, 56, 56, generator=seeded())
    kept = torch.tensor([[5]])
    painted, touched = pixels.clone(), pixels.clone()
    painted[:, :, 28:, :] = 9.0
    touched[:, :, 14:28, 14:28] = 9.0
    with torch.no_grad():
        seen, same, other = (tokens_of(model, p, kept) for p in (pixels, painted, touched))
    assert torch.equal(seen, same)
    assert not torch.allclose(seen, other, atol=1e-2)


def test_the_probe_tells_apart_what_can_be_told_apart():
    rng = np.random.default_rng(0)
    label = np.array(["dark", "bright"] * 30)
    level = np.where(label == "dark", 40, 200)[:, None, None, None]
    pictures = np.clip(level + rng.normal(0, 10, (60, 56, 56, 3)), 0, 255).astype(np.uint8)
    fold = np.repeat([2, 3, 1], 20)
    torch.manual_seed(0)
    model = student(64, 2, 56)
    scores = probe.run(model, Pack(pictures, ["set"] * 60, label.tolist(), fold), 56)
    assert scores["knn"] == scores["ridge"] == {"set": 100.0, "mean": 100.0}
    shuffled = probe.run(model, Pack(pictures, ["set"] * 60, rng.permutation(label).tolist(), fold), 56)
    assert shuffled["ridge"]["mean"] < 90
    assert model.training


def test_the_probe_is_silent_without_validation_pictures():
    assert probe.run(student(64, 2, 56), packed(), 56) == {"knn": {}, "ridge": {}}


def test_pooled_features_of_the_probe_are_those_of_the_encoder(tiny_backbone, encoder):
    pictures = blobs(3, side=56)
    pooled = probe.features(export.trainable(encoder), pictures, 56)
    wanted = encoder([Image.fromarray(p) for p in pictures]).pooled[:, : 3 * encoder.dim]  # of the last block
    assert F.cosine_similarity(pooled, torch.from_numpy(wanted)).min() > 0.999
