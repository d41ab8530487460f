"""DINOscope: classify, explain and compare one medical picture with a frozen DINOv2."""

from __future__ import annotations

import sys
from pathlib import Path

# A Space installs the requirements, not this package.
sys.path.insert(0, str(Path(__file__).resolve().parent / "src"))

from dinoscope.demo import serve
from dinoscope_phantoms import picture

if __name__ == "__main__":
    serve(picture)
