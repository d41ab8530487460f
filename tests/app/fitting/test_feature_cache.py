"""Feature cache: the same numbers as without it, read once, and never another backbone's."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from dinoscope.fitting import feature_cache
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
    first = FeatureCache(counting, tmp_path / "kept").read(files)
    again = FeatureCache(counting, tmp_path / "kept").read(files)
    pictures = [images.read(f).picture for f in files]
    assert counting.count == 4
    assert first[0] == again[0] == [images.pixel_hash(p) for p in pictures]
    assert np.array_equal(first[1], again[1])
    assert np.array_equal(first.pooled, encoder(pictures).pooled)
    assert np.array_equal(first.cells, again.cells)
    assert first.cells == pytest.approx(encoder(pictures).patches, abs=1e-2), "of 4 x 4 patches each is a cell"


def test_a_picture_is_read_once_whatever_it_is_asked_for_with(encoder, files, tmp_path):
    counting = Counting(encoder)
    cache = FeatureCache(counting, tmp_path / "kept")
    some = cache.read(files[1:3])
    again = cache.read([files[3], files[2], files[2], files[0], files[1]])
    assert counting.count == 4
    assert np.array_equal(again.pooled[[4, 1]], some.pooled)
    assert np.array_equal(again.pooled[1], again.pooled[2])
    alone = [encoder([images.read(files[i]).picture]) for i in (3, 2, 2, 0, 1)]
    assert again.pooled == pytest.approx(np.concatenate([a.pooled for a in alone]), abs=1e-5)
    assert again.pixels == [images.pixel_hash(images.read(files[i]).picture) for i in (3, 2, 2, 0, 1)]


def test_of_a_run_that_was_cut_short_only_the_last_pictures_are_read_again(encoder, files, tmp_path, monkeypatch):
    monkeypatch.setattr(feature_cache, "BATCH", 2)
    counting, whole = Counting(encoder), files[3].read_bytes()
    files[3].write_bytes(b"no picture")
    with pytest.raises(ImageError, match=str(files[3])):
        FeatureCache(counting, tmp_path / "kept").read(files)
    files[3].write_bytes(whole)
    FeatureCache(counting, tmp_path / "kept").read(files)
    assert counting.count == 4


def test_a_damaged_store_is_begun_anew(encoder, files, tmp_path):
    cache = FeatureCache(encoder, tmp_path / "kept")
    before = cache.read(files)
    cache.path.write_bytes(b"\0" * 8192)
    assert np.array_equal(cache.read(files).pooled, before.pooled)
    middle = bytearray(cache.path.read_bytes())
    middle[4096:] = b"\xff" * len(middle[4096:])
    cache.path.write_bytes(middle)
    assert np.array_equal(cache.read(files).pooled, before.pooled)
    assert np.array_equal(FeatureCache(Counting(encoder), tmp_path / "kept").read(files).cells, before.cells)


def test_a_store_that_is_damaged_while_pictures_are_read_is_begun_anew(encoder, files, tmp_path):
    cache = FeatureCache(encoder, tmp_path / "kept")
    before = cache.read(files[:2])

    class Spoiling(Counting):
        def __call__(self, pictures):
            cache.path.write_bytes(b"\0" * 8192)
            return super().__call__(pictures)

    found = FeatureCache(Spoiling(encoder), tmp_path / "kept").read(files)
    assert np.array_equal(found.pooled[:2], before.pooled)
    counting = Counting(encoder)
    assert np.array_equal(FeatureCache(counting, tmp_path / "kept").read(files).pooled, found.pooled)
    assert counting.count == 2


def test_several_readers_may_share_a_store(encoder, files, tmp_path):
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda i: FeatureCache(encoder, tmp_path / "kept").read(files[i % 4 :]), range(24)))
    for i, kept in enumerate(found):
        assert np.array_equal(kept.pooled, found[0].pooled[i % 4 :])


def test_a_changed_file_or_another_backbone_is_read_anew(encoder, other_backbone, files, tmp_path):
    counting = Counting(encoder)
    cache = FeatureCache(counting, tmp_path / "kept")
    before = cache.read(files)[1]
    drawn("colours", "blue", 9).save(files[2])
    after = cache.read(files)[1]
    assert counting.count == 5
    assert [np.array_equal(a, b) for a, b in zip(before, after, strict=True)] == [True, True, False, True]
    other = FeatureCache(Encoder(other_backbone, "other"), tmp_path / "kept").read(files)[1]
    assert not np.allclose(other, after)


def test_without_a_folder_nothing_is_kept(encoder, files, tmp_path):
    FeatureCache(encoder, None).read(files)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["0.png", "1.png", "2.png", "3.png"]


def test_a_file_that_is_no_picture_leaves_nothing_behind(encoder, files, tmp_path):
    files[1].write_bytes(b"no picture")
    with pytest.raises(ImageError):
        FeatureCache(encoder, tmp_path / "kept").read(files)
    assert not (tmp_path / "kept").exists()
