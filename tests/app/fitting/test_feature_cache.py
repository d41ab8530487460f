"""Feature cache: the same numbers as without it, read once, and never another backbone's."""

from __future__ import annotations

import numpy as np
import pytest

from dinoscope.fitting.feature_cache import FeatureCache
from dinoscope.reading import images
from dinoscope.reading.encoder import Encoder
from dinoscope.reading.images import ImageError
from fixtures.tiny import drawn


@pytest.fixture
def files(tmp_path):
    paths = [tmp_path / f"{i}.png" for i in range(4)]
    for i, path in enumerate(paths):
        drawn("colours", "red", i).save(path)
    return paths


class Counting:
    """An encoder that counts the pictures it is given."""

    def __init__(self, encoder):
        self.encoder, self.fingerprint, self.count = encoder, encoder.fingerprint, 0

    def __call__(self, pictures):
        self.count += len(pictures)
        return self.encoder(pictures)


def test_features_come_back_as_they_were_without_reading_again(encoder, files, tmp_path):
    counting = Counting(encoder)
    first = FeatureCache(counting, tmp_path / "kept").read("reds", files)
    again = FeatureCache(counting, tmp_path / "kept").read("reds", files)
    pictures = [images.read(f).picture for f in files]
    assert counting.count == 4
    assert first[0] == again[0] == [images.pixel_hash(p) for p in pictures]
    assert np.array_equal(first[1], again[1])
    assert np.array_equal(first.pooled, encoder(pictures).pooled)
    assert np.array_equal(first.cells, again.cells)
    assert first.cells == pytest.approx(encoder(pictures).patches, abs=1e-2), "of 4 x 4 patches each is a cell"


def test_a_changed_file_or_another_backbone_is_read_anew(encoder, other_backbone, files, tmp_path):
    counting = Counting(encoder)
    cache = FeatureCache(counting, tmp_path / "kept")
    before = cache.read("reds", files)[1]
    drawn("colours", "blue", 9).save(files[2])
    after = cache.read("reds", files)[1]
    assert counting.count == 8
    assert [np.array_equal(a, b) for a, b in zip(before, after, strict=True)] == [True, True, False, True]
    other = FeatureCache(Encoder(other_backbone, "other"), tmp_path / "kept").read("reds", files)[1]
    assert not np.allclose(other, after)


def test_without_a_folder_nothing_is_kept(encoder, files, tmp_path):
    FeatureCache(encoder, None).read("reds", files)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["0.png", "1.png", "2.png", "3.png"]


def test_a_file_that_is_no_picture_leaves_nothing_behind(encoder, files, tmp_path):
    files[1].write_bytes(b"no picture")
    with pytest.raises(ImageError):
        FeatureCache(encoder, tmp_path / "kept").read("reds", files)
    assert not (tmp_path / "kept").exists()
