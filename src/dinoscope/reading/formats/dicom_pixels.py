"""DICOM pixels: one frame of a data set, compressed or not -> its stored values."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from PIL import Image
from pydicom import Dataset, uid
from pydicom.dataset import FileMetaDataset
from pydicom.encaps import encapsulate, get_frame
from pydicom.pixels import get_decoder
from pydicom.pixels.utils import get_expected_length

from . import headers, refusals
from .decoded import Effort, Heavy
from .dicom_dataset import is_encapsulated

_PLUGINS = {"pydicom", "pillow", "gdcm"}  # the permissive ones: others may be installed, and are not asked
_JPEG = (uid.JPEGBaseline8Bit, uid.JPEGExtended12Bit)
_LOSSLESS = (uid.JPEGLosslessSV1, uid.JPEGLossless)
_JPEG_LS = (uid.JPEGLSNearLossless, uid.JPEGLSLossless)
_JPEG2000 = (uid.JPEG2000, uid.JPEG2000Lossless)
_OTHER_J2K = (uid.HTJ2KLossless, uid.HTJ2KLosslessRPCL, uid.HTJ2K, uid.JPEG2000MCLossless, uid.JPEG2000MC)
_ITEM = b"\xfe\xff\0\xe0"
_IN_PYTHON = 1 << 20
"""Bytes of a run-length encoded frame that may be decoded here: pydicom takes a second for some of them."""
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


def stored_values(dataset: Dataset, index: int, subject: str, effort: Effort, said: list[str]) -> np.ndarray:
    """Decode one frame, counted from 0.

    Pillow and pydicom decode what they can; GDCM, which may die of a damaged frame, decodes the rest apart.

    Args:
        said: gains a sentence where the file's transfer syntax is not what its pixels are.
    Returns:
        [H, W] as stored, without bits that are no part of the value, or [H, W, 3] RGB.
    Raises:
        ImageError: if the pixels are cut short, damaged, or compressed in a way that nothing here decodes.
        Heavy: if decoding them takes more than this process may spend.
    """
    effort.check(pixels=dataset.Rows * dataset.Columns)
    syntax = _transfer_syntax(dataset)
    if not syntax.is_transfer_syntax:
        raise refusals.undecodable(subject, _spell(syntax))
    if is_encapsulated(dataset):
        values = _compressed(dataset, syntax, index, subject, effort, said)
    else:
        if "PixelData" in dataset and len(dataset.PixelData) < get_expected_length(dataset):
            raise refusals.cut_short(subject)
        if syntax.is_encapsulated:
            said.append(f"The file says that it is compressed ({syntax.name}), but its pixels are not.")
            syntax = dataset.file_meta.TransferSyntaxUID = uid.ExplicitVRLittleEndian
        values = _decoder(syntax, subject).as_array(dataset, index=index, correct_unused_bits=False)[0]
    return values if values.dtype.kind == "f" else without_unused_bits(values, dataset)


def _decoder(syntax: uid.UID, subject: str) -> Any:  # pydicom annotates its decoders' options wrongly
    try:
        return get_decoder(syntax)
    except NotImplementedError as error:
        raise refusals.undecodable(subject, _spell(syntax)) from error


def _compressed(
    dataset: Dataset, labelled: uid.UID, index: int, subject: str, effort: Effort, said: list[str]
) -> np.ndarray:
    """Decode one compressed frame."""
    effort.check(parts=dataset.PixelData.count(_ITEM))
    offsets = None
    if "ExtendedOffsetTable" in dataset:
        offsets = (dataset.ExtendedOffsetTable, dataset.ExtendedOffsetTableLengths)
    frames = int(dataset.NumberOfFrames)
    stream = get_frame(dataset.PixelData, index, number_of_frames=frames, extended_offsets=offsets)
    syntax = _syntax_of(stream, labelled)
    if syntax != labelled:
        says = "uncompressed" if not labelled.is_encapsulated else f"compressed as {labelled.name}"
        said.append(f"The file says that it is {says}, but its pixels are compressed: read as {syntax.name}.")
    decoder = _decoder(syntax, subject)
    # pydicom lists decoders for 12-bit JPEG, but the permissive ones among them all decline it.
    if _PLUGINS.isdisjoint(decoder.available_plugins) or (syntax == uid.JPEGExtended12Bit and dataset.BitsStored > 8):
        raise refusals.undecodable(subject, _spell(syntax))
    single = _single_frame(dataset, syntax, stream)
    if syntax == uid.RLELossless:
        if len(stream) > _IN_PYTHON and not effort.apart:
            raise Heavy
        return decoder.as_array(single, index=0, decoding_plugin="pydicom", correct_unused_bits=False)[0]
    if syntax in (*_JPEG, *_JPEG2000):
        effort.check(pixels=dataset.Rows * dataset.Columns * headers.passes(stream))
        with Image.open(io.BytesIO(stream), formats=("JPEG", "JPEG2000")) as header:
            if header.size != (dataset.Columns, dataset.Rows):  # else a small file could unpack to gigabytes
                reason = (
                    f"it says that it has {dataset.Columns} x {dataset.Rows} pixels, but its compressed frame "
                    f"has {header.width} x {header.height}. Export it again and upload that."
                )
                raise refusals.odd(subject, "DICOM", reason)
        try:
            return decoder.as_array(single, index=0, decoding_plugin="pillow")[0]
        except RuntimeError:
            # GDCM also reads JPEG 2000 of 16-bit colours, and some that Pillow finds broken.
            if syntax in _JPEG:
                raise
    if not effort.apart:
        raise Heavy
    return decoder.as_array(single, index=0, decoding_plugin="gdcm")[0]


def _transfer_syntax(dataset: Dataset) -> uid.UID:
    """The file's own transfer syntax, or the one pydicom found out by reading where the file names none."""
    syntax = uid.UID(str(dataset.file_meta.get("TransferSyntaxUID") or "").strip(" \0"))
    if not syntax:
        implicit, little = dataset.original_encoding
        syntax = uid.ImplicitVRLittleEndian if implicit else uid.ExplicitVRLittleEndian
        if not little:
            syntax = uid.ExplicitVRBigEndian
    dataset.file_meta.TransferSyntaxUID = syntax
    return syntax


def _syntax_of(stream: bytes, labelled: uid.UID) -> uid.UID:
    """What a compressed frame is by its own markers; the label where it is of that family, or bears no marker."""
    family: tuple[uid.UID, ...]
    if stream[:2] == b"\xff\xd8":
        frame = next((m for m, _, _ in headers.segments(stream) if 0xC0 <= m <= 0xC3 or m == 0xF7), None)
        family = {0xC3: _LOSSLESS, 0xF7: _JPEG_LS}.get(frame or 0, _JPEG)
    elif stream[:4] == b"\xff\x4f\xff\x51" or stream[4:8] == b"jP  ":
        family = (*_JPEG2000, *_OTHER_J2K)
    elif not labelled.is_encapsulated and 1 <= int.from_bytes(stream[:4], "little") <= 15:
        family = (uid.RLELossless,)
    else:
        return labelled
    return labelled if labelled in family else family[0]


def without_unused_bits(values: np.ndarray, dataset: Dataset) -> np.ndarray:
    """Only the bits that Bits Stored and High Bit name, with their sign: others may hold an overlay. PS3.5 8.1.1.

    pydicom does so for native and run-length encoded pixels that are aligned to the right; this does for all.
    """
    bits = 8 * values.dtype.itemsize
    stored, high = int(dataset.BitsStored), int(dataset.HighBit)
    aligned = high if not is_encapsulated(dataset) and high < bits else stored - 1
    if stored >= bits:
        return values
    signed = values.astype(f"{'i' if dataset.PixelRepresentation else 'u'}{values.dtype.itemsize}")
    return (signed << (bits - 1 - aligned)) >> (bits - stored)


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


def _spell(syntax: uid.UID) -> str:
    """A transfer syntax's name and number."""
    return str(syntax) if syntax.name == syntax else f"{syntax.name} ({syntax})"
