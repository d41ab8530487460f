"""Pre-training: the losses are the papers', a killed run goes on bit for bit, and the export is the teacher."""

import json
import math
import shutil
import signal

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from PIL import Image
from pydicom import Dataset
from pydicom.dataset import FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, SecondaryCaptureImageStorage
from safetensors import safe_open

from dinoscope.cli import main
from dinoscope.reading import images
from dinoscope.reading.encoder import Encoder
from dinoscope_lab.pretrain import export, probe
from dinoscope_lab.pretrain.dino import Dino, koleo, sinkhorn
from dinoscope_lab.pretrain.masked_views import info_nce
from dinoscope_lab.pretrain.objective import student, tokens_of
from dinoscope_lab.pretrain.pack import Pack
from dinoscope_lab.pretrain.pack import build as build_pack
from dinoscope_lab.pretrain.plan import Plan
from dinoscope_lab.pretrain.targets import BINS, hog_and_colour
from dinoscope_lab.pretrain.train import _batch, build, train
from dinoscope_lab.pretrain.views import MEAN, STD, Recipe, draw, normalise

STILL = Recipe(
    area=(1.0, 1.0), aspect=1.0, turn=0.0, brightness=0.0, contrast=0.0, saturation=0.0, hue=0.0, grey=0.0, blur=0.0
)
"""The recipe that changes nothing but the side on which left is."""


@pytest.fixture(autouse=True)
def one_thread():
    """Networks of this size are read fastest by one thread; put back what was set."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def plan(objective, **changes):
    return Plan(**{"objective": objective, "dim": 64, "depth": 2, "size": 56, "batch": 8, "together": 4, **changes})


def blobs(n, side=64, seed=0):
    """Pictures [n, side, side, 3] uint8 with a bright blob somewhere on a coloured ground."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:side, :side] / side
    pictures = []
    for _ in range(n):
        cy, cx, r = rng.uniform(0.2, 0.8, 2).tolist() + [rng.uniform(0.05, 0.2)]
        blob = np.exp(-((y - cy) ** 2 + (x - cx) ** 2) / r**2)[..., None]
        ground = rng.uniform(20, 160, 3) * (0.6 + 0.4 * np.sin(12 * x + rng.uniform(0, 6)))[..., None]
        pictures.append(np.clip(ground + 120 * blob, 0, 255))
    return np.stack(pictures).astype(np.uint8)


def packed(n=16):
    half = n // 2
    return Pack(blobs(n), ["one"] * half + ["two"] * half, ["a", "b"] * half, np.full(n, 2))


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
sys.path.insert(0, "tests/lab")
from test_pretrain import packed, plan, train
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


def test_a_step_in_which_no_patch_is_hidden_still_counts_the_crops():
    objective = Dino(student(64, 2, 56), 56, Recipe(), local_views=2, prototypes=32, masked=(0.0, 0.0))
    loss, parts = objective.loss(torch.from_numpy(blobs(4)), seeded())
    assert torch.isfinite(loss)
    assert parts["ibot"] == 0
    assert parts["dino"] > 0


def test_sinkhorn_gives_every_picture_one_vote_and_every_prototype_its_share():
    scores = 2 * torch.randn(48, 16, generator=seeded())
    q = sinkhorn(scores, rounds=60)
    assert q.sum(1).numpy() == pytest.approx(np.ones(48), abs=1e-5)
    assert q.sum(0).numpy() == pytest.approx(np.full(16, 3.0), abs=1e-3)
    uneven = scores.softmax(1).sum(0)
    assert sinkhorn(scores).sum(0).std() < 0.2 * uneven.std(), "three rounds must already balance"


def test_sinkhorn_keeps_the_order_of_preference_when_nothing_has_to_give_way():
    scores = 5 * torch.eye(6)
    q = sinkhorn(scores)
    assert torch.equal(q.argmax(1), torch.arange(6))
    assert torch.allclose(q, scores.softmax(1), atol=1e-5)


def test_koleo_is_minus_the_mean_log_distance_to_the_nearest_neighbour():
    x = np.random.default_rng(0).standard_normal((12, 5))
    unit = x / np.linalg.norm(x, axis=1, keepdims=True)
    distance = np.linalg.norm(unit[:, None] - unit[None], axis=2)
    np.fill_diagonal(distance, np.inf)
    wanted = -np.log(distance.min(1)).mean()
    assert float(koleo(torch.tensor(x, dtype=torch.float32))) == pytest.approx(wanted, abs=1e-4)


def test_koleo_prefers_features_that_are_spread_out():
    spread, crowded = torch.eye(4), torch.eye(4) + 3
    assert koleo(spread) < koleo(crowded)
    assert float(koleo(spread)) == pytest.approx(-math.log(math.sqrt(2)), abs=1e-5)


def test_info_nce_is_the_log_loss_of_finding_the_twin():
    z = np.random.default_rng(1).standard_normal((10, 7))
    unit = z / np.linalg.norm(z, axis=1, keepdims=True)
    losses = []
    for i in range(10):
        weight = np.exp(unit @ unit[i] / 0.2)
        losses.append(-np.log(weight[(i + 5) % 10] / (weight.sum() - weight[i])))
    found = info_nce(torch.tensor(z, dtype=torch.float32), 0.2)
    assert float(found) == pytest.approx(np.mean(losses), abs=1e-4)


def test_info_nce_vanishes_when_twins_agree_and_strangers_do_not():
    twins = torch.eye(4).repeat(2, 1)
    assert float(info_nce(twins, 0.05)) < 1e-6
    assert float(info_nce(torch.ones(8, 4), 0.05)) == pytest.approx(math.log(7), abs=1e-5)


def edges(direction, side=28):
    """[1, 3, side, side] with stripes whose brightness changes along `direction` (degrees, 0 is to the right)."""
    y, x = torch.meshgrid(torch.arange(side), torch.arange(side), indexing="ij")
    along = math.cos(math.radians(direction)) * x + math.sin(math.radians(direction)) * y
    return (0.5 + 0.3 * torch.sin(along * 0.7)).expand(1, 3, side, side)


def votes(views, patch=14):
    """Share of each direction in the middle patches, [BINS]."""
    hog = hog_and_colour(views, patch)[0, :, : 4 * BINS].reshape(-1, BINS, 4)
    return hog.mean((0, 2)) / hog.mean((0, 2)).sum()


@pytest.mark.parametrize(("direction", "number"), [(0, 0), (20, 1), (60, 3), (100, 5), (160, 8), (180, 0), (240, 3)])
def test_an_edge_votes_for_its_direction(direction, number):
    shares = votes(edges(direction))
    assert int(shares.argmax()) == number
    assert shares[number] > 0.5


def test_a_direction_between_two_bins_votes_for_both():
    shares = votes(edges(90))
    assert set(shares.topk(2).indices.tolist()) == {4, 5}
    assert float(shares[4]) == pytest.approx(float(shares[5]), rel=0.05)


def test_a_flat_patch_has_its_colour_and_no_direction():
    colour = torch.tensor([0.9, 0.45, 0.225])
    target = hog_and_colour(colour.view(1, 3, 1, 1).expand(1, 3, 28, 28), 14)
    assert target.shape == (1, 4, 48)
    assert target[0, :, 36:].reshape(4, 3, 4) == pytest.approx(((colour - 0.45) / 0.225).view(1, 3, 1).expand(4, 3, 4))
    hog = target[0, :, :36]
    assert hog.std() < 0.02 * hog.mean()


def test_every_patch_has_directions_of_the_same_length():
    views = torch.rand(2, 3, 28, 28, generator=seeded())
    lengths = hog_and_colour(views, 14)[..., :36].norm(dim=-1)
    assert lengths.numpy() == pytest.approx(np.full((2, 4), 3.0), abs=1e-4)


def test_directions_do_not_depend_on_brightness_and_hardly_on_contrast():
    views = edges(37)
    wanted = hog_and_colour(views, 14)[..., :36]
    assert torch.allclose(hog_and_colour(views + 0.1, 14)[..., :36], wanted, atol=1e-4)
    assert torch.allclose(hog_and_colour(0.5 * views, 14)[..., :36], wanted, atol=0.01)


def test_patches_come_in_reading_order():
    views = torch.zeros(1, 3, 28, 42)
    views[:, :, :14, 28:] = 1.0
    mean = hog_and_colour(views, 14)[0, :, 36:].mean(1)
    assert int(mean.argmax()) == 2
    assert len(mean) == 6


def test_views_of_the_identity_recipe_are_the_picture_or_its_mirror_image():
    pictures = torch.from_numpy(blobs(32))
    seen = draw(pictures, 64, STILL, seeded())
    plain = pictures.permute(0, 3, 1, 2).float() / 255
    straight = (seen - plain).abs().amax((1, 2, 3)) < 1e-3
    mirrored = (seen - plain.flip(3)).abs().amax((1, 2, 3)) < 1e-3
    assert (straight ^ mirrored).all()
    assert 6 <= int(straight.sum()) <= 26, "about half of them are mirrored"


def test_views_follow_their_generator():
    pictures = torch.from_numpy(blobs(6))
    first, again, other = (draw(pictures, 56, Recipe(), seeded(s)) for s in (3, 3, 4))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert first.shape == (6, 3, 56, 56)
    assert first.dtype == torch.float32
    assert 0 <= float(first.min()) < float(first.max()) <= 1


def test_views_leave_the_pictures_as_they_were():
    pictures = torch.from_numpy(blobs(6))
    draw(pictures, 56, Recipe(blur=1.0), seeded())
    assert np.array_equal(pictures.numpy(), blobs(6))


def test_a_crop_covers_the_asked_share_of_the_picture():
    ramp = torch.arange(100.0).mul(2.55).round().to(torch.uint8).view(1, 1, 100, 1).expand(64, 100, 100, 3)
    quarter = Recipe(**{**STILL.__dict__, "area": (0.25, 0.25)})
    seen = draw(ramp, 56, quarter, seeded())
    width = seen.mean((1, 2)).amax(1) - seen.mean((1, 2)).amin(1)
    assert width.numpy() == pytest.approx(np.full(64, 0.5), abs=0.03)


def test_grey_views_have_no_colour():
    seen = draw(torch.from_numpy(blobs(4)), 56, Recipe(grey=1.0), seeded())
    assert float((seen.amax(1) - seen.amin(1)).max()) < 0.02


def test_normalised_views_are_what_the_exported_preprocessing_says(tiny_backbone):
    processing = json.loads((tiny_backbone / "preprocessor_config.json").read_text())
    assert (tuple(processing["image_mean"]), tuple(processing["image_std"])) == (MEAN, STD)
    view = torch.tensor(MEAN).view(1, 3, 1, 1) + torch.tensor(STD).view(1, 3, 1, 1)
    assert torch.allclose(normalise(view), torch.ones(1, 3, 1, 1))


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


@pytest.fixture(scope="module")
def unlabelled(tmp_path_factory):
    """A tree of pictures that nobody has labelled."""
    folder = tmp_path_factory.mktemp("tree")
    for i, picture in enumerate(blobs(12)):
        (folder / f"{i % 2}").mkdir(exist_ok=True)
        Image.fromarray(picture).save(folder / f"{i % 2}" / f"{i}.png")
    return folder


def test_the_command_goes_from_a_tree_of_pictures_to_a_backbone(unlabelled, tmp_path, capsys):
    shared = ["pretrain", "--images", str(unlabelled), "--state", str(tmp_path / "state"), "--device", "cpu"]
    shared += ["--dim", "64", "--depth", "2", "--size", "56", "--batch", "8", "--together", "4", "--pack-size", "64"]
    assert main([*shared, "--steps", "2", "--export", str(tmp_path / "two")]) == 0
    assert "12 pictures to learn from, 0 to probe with" in capsys.readouterr().out
    assert main([*shared, "--minutes", "0", "--export", str(tmp_path / "same")]) == 0
    assert main([*shared, "--steps", "4", "--export", str(tmp_path / "four")]) == 0
    assert "resumed at step 2" in capsys.readouterr().out
    two, same, four = (Encoder.load(str(tmp_path / name), tmp_path).fingerprint for name in ("two", "same", "four"))
    assert two == same != four


def test_a_pack_holds_every_picture_as_the_encoder_reads_it(unlabelled, tmp_path):
    pack = build_pack(unlabelled, None, 32, tmp_path)
    files = sorted(unlabelled.rglob("*.png"))
    assert pack.label == [p.parent.name for p in files]
    assert len(pack.training) == 12
    for row, file in zip(pack.pictures, files, strict=True):
        wanted = images.read(file).picture.resize((32, 32), Image.Resampling.BICUBIC)
        assert near(row, wanted)


def near(row, wanted):
    """The same picture but for what WebP leaves out."""
    return row.shape == np.asarray(wanted).shape and np.abs(row.astype(int) - np.asarray(wanted)).mean() < 4


def write_dicom(path, pixels):
    """A minimal grey DICOM file of 16-bit pixels [h, w]."""
    scan = Dataset()
    scan.file_meta = FileMetaDataset()
    scan.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    scan.SOPClassUID = scan.file_meta.MediaStorageSOPClassUID = SecondaryCaptureImageStorage
    scan.SOPInstanceUID = scan.file_meta.MediaStorageSOPInstanceUID = "1.2.3"
    scan.set_pixel_data(pixels, "MONOCHROME2", 16)
    scan.save_as(path, enforce_file_format=True)


def test_deep_grey_and_dicom_are_packed_as_the_encoder_reads_them(tmp_path):
    folder = tmp_path / "tree"
    folder.mkdir()
    deep = (np.arange(64 * 64).reshape(64, 64) * 12 + 2000).astype(np.uint16)
    Image.fromarray(deep).save(folder / "a.png")
    write_dicom(folder / "b.dcm", deep)
    pack = build_pack(folder, None, 64, tmp_path / "state")
    for row, name in zip(pack.pictures, ("a.png", "b.dcm"), strict=True):
        wanted = images.read(folder / name).picture.resize((64, 64), Image.Resampling.BICUBIC)
        assert near(row, wanted)
        assert row.std() > 20


def test_a_pack_is_reused_without_reading_the_pictures_again(unlabelled, tmp_path):
    first = build_pack(unlabelled, None, 32, tmp_path)
    again = build_pack(tmp_path / "nowhere", None, 32, tmp_path)
    assert np.array_equal(first.pictures, again.pictures)


def test_a_pack_that_was_cut_off_goes_on_after_its_last_whole_part(unlabelled, tmp_path):
    whole = build_pack(unlabelled, None, 32, tmp_path / "whole", megabytes=2e-4)
    parts = sorted((tmp_path / "whole" / "pictures-32").glob("*.webps"))
    assert len(parts) > 3
    cut = tmp_path / "cut" / "pictures-32"
    shutil.copytree(tmp_path / "whole" / "pictures-32", cut)
    (cut / "whole.json").unlink()
    for name in [p.name for p in parts[2:]]:
        (cut / name).unlink()
        (cut / name).with_suffix(".json").unlink()
    (cut / "002.part").write_bytes(b"half")
    kept = (cut / "001.webps").stat().st_mtime_ns
    again = build_pack(unlabelled, None, 32, tmp_path / "cut", megabytes=2e-4)
    assert (cut / "001.webps").stat().st_mtime_ns == kept
    assert np.array_equal(again.pictures, whole.pictures)
    assert again.label == whole.label


def test_a_pack_begun_with_other_pictures_is_not_gone_on_with(unlabelled, tmp_path):
    build_pack(unlabelled, None, 32, tmp_path)
    (tmp_path / "pictures-32" / "whole.json").unlink()
    Image.fromarray(blobs(1)[0]).save(tmp_path / "other.png")
    with pytest.raises(ValueError, match="holds the beginning of a pack of other pictures; remove it and start again"):
        build_pack(tmp_path, None, 32, tmp_path)


def test_pooled_features_of_the_probe_are_those_of_the_encoder(tiny_backbone, encoder):
    pictures = blobs(3, side=56)
    pooled = probe.features(encoder.model, pictures, 56)
    wanted = encoder([Image.fromarray(p) for p in pictures]).pooled[:, : 3 * encoder.dim]  # of the last block
    assert F.cosine_similarity(pooled, torch.from_numpy(wanted)).min() > 0.999
