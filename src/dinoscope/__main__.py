"""`python -m dinoscope` is the command `dinoscope`."""

import sys

from .cli import main

sys.exit(main())
