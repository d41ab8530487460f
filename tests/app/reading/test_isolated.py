"""Work is bounded: what may take long or much is read in a process of its own, with limits that its sentence names."""

from __future__ import annotations

import os
import re
import resource
import struct
import threading
import time
import zlib
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from pydicom import Dataset, uid

from dinoscope.reading.formats import child, decoding, isolated, tiff
from dinoscope.reading.formats.decoded import HERE, File, Heavy
from dinoscope.reading.images import ImageError, read
from fixtures.dicom_files import HU, WINDOW, compressed, dataset, written
from fixtures.picture_files import animation, encoded, noise, pixels, refusal, scene


def heavy(data: bytes, kind: str) -> bool:
    """Whether this process leaves a file to another one."""
    try:
        decoding.decode(File(data, kind), HERE)
    except Heavy:
        return True
    except ImageError:
        return False
    return False


def nested(items: int) -> bytes:
    """A DICOM file in which a sequence of unknown length holds many empty items."""
    data = written(dataset(HU))
    sequence = struct.pack("<HH2sHI", 0x0040, 0x0275, b"SQ", 0, 0xFFFFFFFF)
    end = data.index(b"\xe0\x7f\x10\x00OW")
    return data[:end] + sequence + b"\xfe\xff\0\xe0\0\0\0\0" * items + b"\xfe\xff\xdd\xe0\0\0\0\0" + data[end:]


def elements(count: int) -> bytes:
    """A DICOM file of many empty elements, eight bytes each."""
    data = written(dataset(HU))
    place = data.index(b"\xe0\x7f\x10\x00OW")
    many = (struct.pack("<HH2sH", 0x0041 + 2 * (i // 50000), 0x1000 + i % 50000, b"LO", 0) for i in range(count))
    return data[:place] + b"".join(many) + data[place:]


def test_a_file_of_many_parts_is_read_apart():
    assert not heavy(elements(1000), "DICOM")
    assert heavy(elements(60_000), "DICOM")
    assert not heavy(nested(1000), "DICOM")
    assert heavy(nested(60_000), "DICOM")


def test_a_sequence_that_is_parsed_late_counts_as_well():
    made = dataset(np.stack([HU, HU]))
    made.PerFrameFunctionalGroupsSequence = [Dataset()] * 2
    data = written(made)
    place = data.index(b"\x00\x52\x30\x92SQ\0\0") + 8
    (length,) = struct.unpack_from("<I", data, place)
    items = b"\xfe\xff\0\xe0\0\0\0\0" * 110_000
    assert heavy(data[:place] + struct.pack("<I", len(items)) + items + data[place + 4 + length :], "DICOM")


def test_large_pictures_and_long_ways_to_a_frame_are_read_apart():
    assert heavy(encoded(Image.new("L", (5000, 3000))), "PNG")
    assert not heavy(encoded(Image.new("L", (4000, 3000))), "PNG")
    progressive = encoded(Image.new("L", (2000, 2000), 7), "JPEG", progressive=True)
    scan = progressive[progressive.rindex(b"\xff\xda") : -2]
    assert not heavy(progressive, "JPEG")
    assert heavy(progressive[:-2] + scan * 40 + b"\xff\xd9", "JPEG")
    with pytest.raises(Heavy):
        decoding.decode(File(animation("GIF"), "GIF", frame=3), replace(HERE, pixels=4000))


def test_a_picture_in_many_small_parts_is_read_apart():
    data = encoded(scene())
    chunk = bytes(4) + b"teXt" + struct.pack(">I", zlib.crc32(b"teXt"))
    assert heavy(data[:33] + chunk * 60_000 + data[33:], "PNG")
    jpeg = encoded(scene(), "JPEG")
    assert heavy(jpeg[:2] + b"\xff\xfe\0\2" * 60_000 + jpeg[2:], "JPEG")
    assert heavy(encoded(scene(), "GIF") + bytes(21_000_000), "GIF")


def test_compressed_frames_in_many_fragments_or_scans_are_read_apart():
    stream = encoded(Image.new("L", (64, 64)), "JPEG", progressive=True)
    scan = stream[stream.rindex(b"\xff\xda") : -2]
    many = stream[:-2] + scan * 40_000 + b"\xff\xd9"
    grey = np.zeros((64, 64), np.uint8)
    assert heavy(written(compressed(grey, uid.JPEGBaseline8Bit, many)), "DICOM")
    assert not heavy(written(compressed(grey, uid.JPEGBaseline8Bit, stream)), "DICOM")
    data = written(compressed(grey, uid.JPEGBaseline8Bit, stream))
    end = data.rindex(b"\xfe\xff\xdd\xe0")
    assert heavy(data[:end] + b"\xfe\xff\0\xe0\0\0\0\0" * 60_000 + data[end:], "DICOM")


def test_a_large_tiff_without_compression_is_read_here():
    assert not heavy(encoded(Image.effect_noise((3000, 4000), 90).convert("RGB"), "TIFF"), "TIFF")


def test_a_tiff_of_many_strips_is_read_apart():
    data = encoded(scene(), "TIFF")
    many = tiff.read(data, HERE).pages[0]
    assert many.first(tiff.WIDTH) == 64
    entry = data.index(struct.pack("<HH", 273, 4))
    count = struct.pack("<I", 200_000)
    assert heavy(data[: entry + 4] + count + data[entry + 8 :] + bytes(800_000), "TIFF")


@pytest.mark.parametrize("kind", ["PNG", "DICOM"])
def test_what_is_read_apart_is_what_would_have_been_read_here(kind):
    data = written(dataset(HU, **WINDOW)) if kind == "DICOM" else encoded(noise())
    here, there = read(data), isolated.read(File(data, kind))
    assert np.array_equal(pixels(here), pixels(there))
    assert (here.facts, here.warnings, here.frames) == (there.facts, there.warnings, there.frames)


def test_a_refusal_apart_has_its_own_words_and_the_files_name():
    with pytest.raises(ImageError) as caught:
        isolated.read(File(encoded(Image.new("L", (20, 40))), "PNG", '"scan.png"'))
    assert str(caught.value).startswith('"scan.png" is 20 x 40 pixels; each side needs at least 32.')


def test_too_long_names_the_limit(monkeypatch):
    monkeypatch.setattr(isolated, "SECONDS", 1)
    assert re.fullmatch(
        "The picture takes more than [12] seconds to read, which is the limit. "
        "Export a single frame of it, or save it as PNG, and upload that.",
        refusal(nested(4_000_000)),
    )


def test_too_much_memory_names_the_limit(monkeypatch):
    monkeypatch.setattr(isolated, "_run", lambda file: b'{"limit": "memory"}\n')
    with pytest.raises(ImageError) as caught:
        isolated.read(File(b"", "PNG"))
    assert str(caught.value) == (
        "The picture needs more than 3 GB of memory to read, which is the limit. "
        "Export a single frame of it, or scale it down, and upload that."
    )


def test_memory_that_runs_out_apart_is_told_and_hurts_nobody(monkeypatch):
    monkeypatch.setattr(isolated, "MEMORY", 1 << 30)
    body = [(b"IHDR", struct.pack(">IIBBBBB", 9992, 9992, 1, 0, 0, 0, 0))]
    body += [(b"IDAT", zlib.compress(bytes(1250 * 9992), 1)), (b"IEND", b"")]
    chunks = (struct.pack(">I", len(d)) + n + d + struct.pack(">I", zlib.crc32(n + d)) for n, d in body)
    assert "needs more than 1 GB of memory" in refusal(b"\x89PNG\r\n\x1a\n" + b"".join(chunks))


def test_only_so_many_are_read_at_once_and_the_others_wait(monkeypatch):
    running, most, lock = 0, 0, threading.Lock()

    def run(file: File) -> bytes:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        time.sleep(0.05)
        with lock:
            running -= 1
        return b'{"error": "read"}\n'

    monkeypatch.setattr(isolated, "_run", run)
    said: list[str] = []

    def visit() -> None:
        try:
            isolated.read(File(b"", "PNG"))
        except ImageError as error:
            said.append(str(error))

    threads = [threading.Thread(target=visit) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert said == ["read"] * 8
    assert most == isolated.AT_ONCE


def test_who_waits_too_long_is_told(monkeypatch):
    monkeypatch.setattr(isolated, "WAIT_SECONDS", 0.01)
    monkeypatch.setattr(isolated, "_slots", threading.BoundedSemaphore(1))
    isolated._slots.acquire()
    with pytest.raises(ImageError) as caught:
        isolated.read(File(b"", "PNG"))
    assert str(caught.value) == (
        "The picture waited 0.01 seconds behind other large files and was not read. Try again in a minute."
    )


def test_a_deflated_file_is_unpacked_within_bounds():
    data = written(dataset(np.zeros((6000, 6000), np.uint16), uid.DeflatedExplicitVRLittleEndian))
    assert len(data) < 100_000
    assert heavy(data, "DICOM")


@pytest.mark.parametrize("fault", [ValueError("current limit exceeds maximum limit"), None])
def test_a_system_that_takes_no_limit_of_memory_takes_the_others(monkeypatch, fault):
    """macOS raises so for RLIMIT_AS; elsewhere an operator may have given less than what is asked for."""
    asked = {}

    def take(kind, limits):
        if fault and kind == resource.RLIMIT_AS:
            raise fault
        asked[kind] = limits

    monkeypatch.setattr(resource, "setrlimit", take)
    monkeypatch.setattr(resource, "getrlimit", lambda _: (10, 10))
    monkeypatch.setattr(os, "nice", lambda _: 0)
    child.limit(20, 4 << 30)
    assert asked == {resource.RLIMIT_CORE: (0, 0), resource.RLIMIT_CPU: (10, 10)} | (
        {} if fault else {resource.RLIMIT_AS: (10, 10)}
    )
