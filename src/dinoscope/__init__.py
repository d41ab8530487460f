"""DINOscope: three readings of one medical picture with a frozen, self-supervised encoder."""

import os

__version__ = "0.2.0"

# The threads of numpy's BLAS go on spinning after each product, on the cores that the network computes on: with them,
# reading a picture took twice as long. Set before numpy is imported, or it does not count.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

# The threads of torch spin for a while after each step in case another one follows. Where something else has one
# of the cores, those that wait keep from it the one that they wait for: the first answer took 18 s in place of 1.3.
# A short spin costs a quiet machine nothing. Set before torch is imported, or it does not count.
os.environ.setdefault("GOMP_SPINCOUNT", "5000")
