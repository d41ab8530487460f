"""DINOscope: three readings of one medical picture with a frozen, self-supervised encoder."""

import os

# The threads of numpy's BLAS go on spinning after each product, on the cores that the network computes on: with them,
# reading a picture took twice as long. Set before numpy is imported, or it does not count.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
