"""One compressed DICOM frame on stdin -> its pixels as .npy on stdout, in a process that may die.

GDCM is the decoder of JPEG Lossless and JPEG-LS whose licence is permissive, and it ends the whole process
(std::terminate) on some damaged streams: one broken file would take the demo down for everybody. So this runs
apart; `dicom_pixels.py` caps its time, and takes its death for a damaged file. A core dump would hold the
visitor's picture, so there is none.
"""

import io
import sys

import numpy as np
from pydicom import dcmread
from pydicom.pixels import get_decoder

MEMORY = 4 * 2**30


def main() -> None:
    try:
        import resource  # not on Windows, where the time limit alone must do
    except ImportError:
        pass
    else:
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    dataset = dcmread(io.BytesIO(sys.stdin.buffer.read()))
    decoder = get_decoder(dataset.file_meta.TransferSyntaxUID)
    pixels, _ = decoder.as_array(dataset, index=0, decoding_plugin="gdcm")
    npy = io.BytesIO()
    np.save(npy, pixels)
    sys.stdout.buffer.write(npy.getvalue())


if __name__ == "__main__":
    main()
