"""DICOM pixels: one frame of a data set, compressed or not -> its stored values."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path

import numpy as np
from PIL import Image
from pydicom import Dataset, uid
from pydicom.dataset import FileMetaDataset
from pydicom.encaps import encapsulate, get_frame
from pydicom.pixels import get_decoder
from pydicom.pixels.utils import get_expected_length

from . import refusals

CHILD_SECONDS = 30
_PLUGINS = {"pydicom", "pillow", "gdcm"}  # the permissive ones: others may be installed, and are not asked
_JPEG = (uid.JPEGBaseline8Bit, uid.JPEGExtended12Bit)
_JPEG2000 = (uid.JPEG2000, uid.JPEG2000Lossless)
_IMAGE_PIXEL = (
    "Rows",
    "Columns",
    "SamplesPerPixel",
    "PhotometricInterpretation",
    "PlanarConfiguration",
    "BitsAllocated",
    "BitsStored",
    "HighBit",
    "PixelRepresentation",
)


def stored_values(dataset: Dataset, index: int, frames: int, subject: str) -> np.ndarray:
    """Decode one frame, counted from 0.

    Pillow and pydicom decode what they can; GDCM decodes the rest in a process of its own.

    Returns:
        [H, W] as stored, or [H, W, 3] RGB; unsigned, signed or floating-point.
    Raises:
        ImageError: if the pixels are cut short, damaged, or compressed in a way that nothing here decodes.
    """
    syntax = _transfer_syntax(dataset)
    try:
        decoder = get_decoder(syntax)
    except NotImplementedError as error:
        raise refusals.undecodable(subject, _spell(syntax)) from error
    if not syntax.is_encapsulated:
        if "PixelData" in dataset and len(dataset.PixelData) < get_expected_length(dataset):
            raise refusals.cut_short(subject)
        return decoder.as_array(dataset, index=index)[0]

    # pydicom lists decoders for 12-bit JPEG, but the permissive ones among them all decline it.
    if _PLUGINS.isdisjoint(decoder.available_plugins) or (syntax == uid.JPEGExtended12Bit and dataset.BitsStored > 8):
        raise refusals.undecodable(subject, _spell(syntax))
    offsets = None
    if "ExtendedOffsetTable" in dataset:
        offsets = (dataset.ExtendedOffsetTable, dataset.ExtendedOffsetTableLengths)
    stream = get_frame(dataset.PixelData, index, number_of_frames=frames, extended_offsets=offsets)
    single = _single_frame(dataset, syntax, stream)
    if syntax == uid.RLELossless:
        return decoder.as_array(single, index=0, decoding_plugin="pydicom")[0]
    if syntax in (*_JPEG, *_JPEG2000):
        with Image.open(io.BytesIO(stream), formats=("JPEG", "JPEG2000")) as header:
            if header.size != (dataset.Columns, dataset.Rows):  # else a small file could unpack to gigabytes
                raise refusals.damaged(subject, "DICOM")
        try:
            return decoder.as_array(single, index=0, decoding_plugin="pillow")[0]
        except RuntimeError:
            # GDCM also reads JPEG 2000 of 16-bit colours, and some that Pillow finds broken.
            if syntax in _JPEG:
                raise
    return _decode_apart(single, subject)


def _transfer_syntax(dataset: Dataset) -> uid.UID:
    """The file's own transfer syntax, or the one pydicom found out by reading where the file names none."""
    syntax = dataset.file_meta.get("TransferSyntaxUID")
    if syntax is None:
        implicit, little = dataset.original_encoding
        syntax = uid.ImplicitVRLittleEndian if implicit else uid.ExplicitVRLittleEndian
        if not little:
            syntax = uid.ExplicitVRBigEndian
        dataset.file_meta.TransferSyntaxUID = syntax
    return syntax


def _single_frame(dataset: Dataset, syntax: uid.UID, stream: bytes) -> Dataset:
    """A data set of nothing but one compressed frame and what its decoder must know."""
    single = Dataset()
    for keyword in _IMAGE_PIXEL:
        if keyword in dataset:
            setattr(single, keyword, dataset[keyword].value)
    single.NumberOfFrames = 1
    single.PixelData = encapsulate([stream])
    single["PixelData"].VR = "OB"
    single["PixelData"].is_undefined_length = True
    single.file_meta = FileMetaDataset()
    single.file_meta.TransferSyntaxUID = syntax
    return single


def _decode_apart(single: Dataset, subject: str) -> np.ndarray:
    """Decode in a child process, as a damaged frame may kill it; see dicom_child.py."""
    stream = io.BytesIO()
    single.preamble = b"\0" * 128
    single.save_as(stream, enforce_file_format=False)
    # -P: this folder must not shadow the modules that the child imports.
    command = [sys.executable, "-P", str(Path(__file__).with_name("dicom_child.py"))]
    done = subprocess.run(
        command,
        input=stream.getvalue(),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        timeout=CHILD_SECONDS,
        check=False,
    )
    if done.returncode != 0:
        raise refusals.damaged(subject, "DICOM")
    return np.load(io.BytesIO(done.stdout), allow_pickle=False)


def _spell(syntax: uid.UID) -> str:
    """A transfer syntax's name and number."""
    return str(syntax) if syntax.name == syntax else f"{syntax.name} ({syntax})"
