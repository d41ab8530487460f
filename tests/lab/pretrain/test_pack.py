"""From a tree of pictures to a pack, and from there to a backbone."""

import shutil

import numpy as np
import pytest
from PIL import Image
from pydicom import Dataset
from pydicom.dataset import FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, SecondaryCaptureImageStorage

from dinoscope.cli import main
from dinoscope.reading import images
from dinoscope.reading.encoder import Encoder
from dinoscope_lab.pretrain.pack import build as build_pack
from fixtures.pretraining import blobs


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
