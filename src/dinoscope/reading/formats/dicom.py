"""DICOM: one frame of a file -> an RGB picture, shown as the file itself asks."""

from __future__ import annotations

import numpy as np
from PIL import Image
from pydicom import Dataset

from . import colour, dicom_dataset, dicom_tables, dicom_view, refusals
from .decoded import Decoded, Effort, File, Heavy, ImageError
from .dicom_pixels import stored_values


def decode(file: File, effort: Effort) -> Decoded:
    """Decode one frame of a DICOM file; the middle one where none is asked for, as a volume's first is mostly air.

    Raises:
        ImageError: with a sentence, whatever is wrong with the file.
        Heavy: if that takes more than this process may spend.
    """
    try:
        return _decode(file, effort)
    except (ImageError, Heavy, MemoryError):
        raise
    # pydicom and the decoders behind it meet a damaged file with nearly any exception. This is the border.
    except Exception as error:
        raise refusals.damaged(file.subject, "DICOM") from error


def _decode(file: File, effort: Effort) -> Decoded:
    dataset, ragged = dicom_dataset.read(file, effort)
    dicom_dataset.check_content(dataset, ragged, file.subject)
    rows, columns = dataset.get("Rows"), dataset.get("Columns")
    if not (isinstance(rows, int) and isinstance(columns, int)):
        reason = "it does not say how many rows and columns its picture has. Export it again and upload that."
        raise refusals.odd(file.subject, "DICOM", reason)
    refusals.check_size(file.subject, columns, rows)
    warnings = dicom_dataset.mend(dataset, file.subject)
    frames = int(dataset.NumberOfFrames)
    shown = (frames + 1) // 2 if file.frame is None else file.frame
    refusals.check_frame(file.subject, frames, shown)

    stored = stored_values(dataset, shown - 1, file.subject, effort, warnings)
    view = dicom_view.View(dataset, shown - 1, warnings=warnings)
    picture = _picture(stored, view, file.subject)
    facts = [f"{_kind(dataset)}, {columns} x {rows} pixels, {_depth(dataset, stored)}", *view.notes]
    if frames > 1:
        facts.append(f"frame {shown} of {frames}")
    warnings += refusals.squeezed(*view.pixel_size())
    if str(dataset.get("BurnedInAnnotation", "")).upper() == "YES":
        warnings.append("The file says that text is burnt into its pixels; it may identify the patient.")
    return Decoded(picture.convert("RGB"), frames, shown, tuple(facts), tuple(warnings))


def _picture(stored: np.ndarray, view: dicom_view.View, subject: str) -> Image.Image:
    """Greys through the file's view, colours as they are or through their palette and profile."""
    dataset = view.dataset
    if dataset.PhotometricInterpretation in dicom_dataset.GREYS:
        return Image.fromarray(dicom_view.shades(stored, view, subject))
    bits = int(dataset.BitsStored)
    if dataset.PhotometricInterpretation == "PALETTE COLOR":
        stored, bits = dicom_tables.palette(dataset, view.little_endian, stored)
    picture = Image.fromarray(_eight_bits(stored, bits))
    if bits == 16:
        view.warnings += colour.dark(picture)
    optical = dataset.get("OpticalPathSequence") or [dataset]
    if profile := dataset.get("ICCProfile") or optical[0].get("ICCProfile"):
        try:
            picture, changed = colour.to_srgb(picture, profile)
            view.notes += [colour.CONVERTED] * changed
        except ValueError:
            view.warnings.append(colour.UNUSABLE)
    return picture


def _eight_bits(samples: np.ndarray, bits: int) -> np.ndarray:
    """Colour samples of `bits` bits -> uint8: the upper bits of deep ones, all of the range of shallow ones."""
    if bits >= 8:
        return (samples >> (bits - 8)).astype(np.uint8)
    return np.rint(samples * (255 / (2**bits - 1))).astype(np.uint8)


def _kind(dataset: Dataset) -> str:
    """ "DICOM" with the modality, which is a short code such as CT; anything longer is left out."""
    modality = str(dataset.get("Modality", ""))
    return f"DICOM {modality}" if modality.isascii() and modality.isalnum() and len(modality) <= 4 else "DICOM"


def _depth(dataset: Dataset, stored: np.ndarray) -> str:
    """The bits a pixel, for the facts."""
    if stored.dtype.kind == "f":
        return "floating-point grey"
    if dataset.PhotometricInterpretation == "PALETTE COLOR":
        return "palette colours"
    if dataset.PhotometricInterpretation in dicom_dataset.GREYS:
        return f"{int(dataset.BitsStored)}-bit grey"
    bits = int(dataset.BitsStored)
    return f"{bits}-bit colours{', read at 8 bits' if bits > 8 else ''}"
