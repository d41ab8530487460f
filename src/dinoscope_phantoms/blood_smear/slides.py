"""Slides: the looks of stain, film and cells that the smears of each class come in.

The colours and sizes are constants rounded by hand: chosen by eye against the real set and, while tuning,
checked against values sampled from its pixels. No code here reads a real picture.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

RED_CELL_UM = 7.5
"""Width of an erythrocyte in micrometres, the ruler of every smear."""

Colour = tuple[int, int, int]
Range = tuple[float, float]
Count = tuple[int, int]


@dataclass(frozen=True)
class Palette:
    """Colours (red, green, blue; 0 to 255) of one stain under one lamp.

    Attributes:
        light: empty plasma in the middle of the field; `corner` at its edge.
        red: a red cell of normal thickness.
        violet, magenta: the two ends between which nuclei are dyed.
        plasm: basophilic cytoplasm.
        smudge: smudge cells and granular cytoplasm.
    """

    light: Colour
    corner: Colour
    red: Colour
    violet: Colour
    magenta: Colour
    plasm: Colour
    smudge: Colour


@dataclass(frozen=True)
class Slide:
    """One way the smears of a class look; every range is drawn from anew for each field.

    Attributes:
        stain: name of the look, to filter by; `share` is how often it is drawn.
        red_width: width of a red cell in percent of the picture's side.
        red_cover: share of the field that the red cells would fill without overlap.
        pallor: depth of the red cells' pale centre, 0 to 1; `spikes` crenates them.
        rouleaux: share of the red cells that lie in chains.
        count, width: number of lymphoid cells and their width in micrometres.
        uneven: deviation of that width within a field, as a share of it.
        crowd: chance that a cell lies against another.
        blebs, ruffle: mean number of knobs on a cell's outline, and its fine unevenness.
        nuclear, density, pink, grain, clumps, cleft: see `cells.Chromatin`.
        nucleoli: mean number of visible nucleoli.
        large, granulocyte, smudge: mean number of other nucleated cells, which the mask leaves out.
        platelets: number of platelets and specks.
        focus: blur of the nucleated cells in pixels at 224; `red_blur` is the factor on it for red cells.
        stretch: height over width of a round cell (the real set was squeezed to a square).
    """

    stain: str
    colours: Palette
    share: float = 1.0
    red_width: Range = (6.2, 7.6)
    red_cover: Range = (0.4, 0.7)
    pallor: Range = (0.2, 0.9)
    spikes: float = 0.0
    rouleaux: float = 0.1
    count: Count = (3, 10)
    width: Range = (10.5, 12.5)
    uneven: float = 0.1
    crowd: float = 0.3
    blebs: float = 0.3
    ruffle: float = 0.005
    nuclear: Range = (0.84, 0.97)
    density: Range = (0.8, 1.05)
    pink: Range = (0.0, 0.5)
    grain: float = 0.09
    clumps: float = 0.06
    cleft: float = 0.1
    nucleoli: float = 0.3
    large: float = 0.0
    granulocyte: float = 0.0
    smudge: float = 0.6
    platelets: Count = (2, 14)
    focus: Range = (0.5, 1.1)
    red_blur: Range = (0.7, 1.3)
    stretch: Range = (1.1, 1.28)


# Haematogones: small, of mixed sizes, condensed chromatin without nucleoli, among larger mature forms.
_benign = partial(
    Slide, count=(2, 10), width=(6.8, 10.2), uneven=0.18, nuclear=(0.82, 0.95), density=(0.7, 1.5),
    pink=(0.0, 0.7), grain=0.04, clumps=0.13, cleft=0.12, crowd=0.12, nucleoli=0.05,
)  # fmt: skip
# Blasts of one size, hardly any cytoplasm, ruffled outline.
_early = partial(
    Slide, count=(3, 12), width=(10.4, 12.4), uneven=0.08, density=(0.75, 1.0), clumps=0.05,
    crowd=0.35, blebs=1.6, ruffle=0.011, nucleoli=0.2, focus=(0.4, 0.8),
)  # fmt: skip
# Many blasts of uneven size, more cytoplasm, nucleoli.
_pre = partial(
    Slide, width=(10.6, 13.4), uneven=0.16, nuclear=(0.76, 0.94), density=(0.6, 1.0), crowd=0.5,
    blebs=0.4, clumps=0.08, grain=0.1, pink=(0.15, 0.9), nucleoli=0.9,
)  # fmt: skip
# Few, large, palely stained blasts among ring-shaped red cells.
_pro = partial(
    Slide, count=(3, 8), width=(10.6, 13.0), crowd=0.25, pink=(0.2, 1.0), blebs=0.5,
    stretch=(1.18, 1.36), platelets=(0, 8), red_width=(5.7, 6.7), red_cover=(0.26, 0.46),
    focus=(0.55, 0.9), red_blur=(1.0, 1.7),
)  # fmt: skip

_LILAC = Palette(
    light=(255, 255, 246), corner=(238, 228, 252), red=(212, 202, 230), violet=(122, 88, 242),
    magenta=(184, 84, 234), plasm=(182, 170, 244), smudge=(222, 150, 236),
)  # fmt: skip
_BLUE_GREY = Palette(
    light=(254, 255, 250), corner=(224, 236, 248), red=(172, 190, 214), violet=(130, 102, 244),
    magenta=(178, 120, 240), plasm=(172, 178, 242), smudge=(216, 164, 236),
)  # fmt: skip
_GREEN_GREY = Palette(
    light=(255, 255, 248), corner=(232, 238, 244), red=(188, 198, 208), violet=(120, 90, 240),
    magenta=(182, 108, 236), plasm=(180, 178, 240), smudge=(216, 150, 234),
)  # fmt: skip
_GHOST = Palette(
    light=(255, 255, 252), corner=(244, 240, 254), red=(232, 226, 240), violet=(118, 60, 230),
    magenta=(206, 82, 228), plasm=(206, 190, 246), smudge=(226, 130, 230),
)  # fmt: skip
_ROULEAUX = Palette(
    light=(253, 255, 250), corner=(220, 230, 254), red=(176, 190, 217), violet=(132, 104, 247),
    magenta=(166, 120, 248), plasm=(150, 138, 242), smudge=(216, 170, 242),
)  # fmt: skip
_CRENATED = Palette(
    light=(255, 255, 250), corner=(224, 226, 252), red=(192, 199, 223), violet=(134, 98, 246),
    magenta=(168, 114, 246), plasm=(154, 138, 242), smudge=(222, 150, 238),
)  # fmt: skip
_AZURE = Palette(
    light=(253, 255, 252), corner=(194, 212, 255), red=(162, 186, 234), violet=(136, 112, 248),
    magenta=(184, 138, 248), plasm=(142, 166, 244), smudge=(216, 176, 244),
)  # fmt: skip
_YELLOW = Palette(
    light=(250, 255, 234), corner=(208, 218, 238), red=(150, 175, 210), violet=(134, 108, 246),
    magenta=(174, 126, 246), plasm=(148, 154, 240), smudge=(212, 160, 236),
)  # fmt: skip
_PALE = Palette(
    light=(255, 255, 248), corner=(236, 238, 252), red=(194, 203, 222), violet=(196, 156, 250),
    magenta=(224, 168, 251), plasm=(186, 184, 247), smudge=(242, 216, 249),
)  # fmt: skip
_YELLOW_GREEN = Palette(
    light=(252, 255, 230), corner=(226, 238, 242), red=(190, 203, 217), violet=(188, 138, 246),
    magenta=(218, 152, 246), plasm=(184, 180, 242), smudge=(240, 206, 244),
)  # fmt: skip

SLIDES: dict[str, tuple[Slide, ...]] = {
    "benign": (
        _benign("lilac", _LILAC, pallor=(0.5, 1.0), large=2.2, granulocyte=0.5),
        _benign(
            "blue-grey", _BLUE_GREY, share=1.6, red_width=(6.6, 9.2), red_cover=(0.48, 0.82), large=1.8,
            smudge=0.9,
        ),
        _benign(
            "green-grey", _GREEN_GREY, red_cover=(0.5, 0.8), spikes=0.12, rouleaux=0.35, focus=(0.6, 1.8),
            large=2.4, granulocyte=0.3,
        ),
        _benign(
            "ghost", _GHOST, share=0.5, pallor=(0.0, 0.6), large=1.6, granulocyte=0.6, smudge=0.4,
        ),
    ),
    "early": (
        _early(
            "grey rouleaux", _ROULEAUX, share=2.0, red_width=(6.6, 8.0), red_cover=(0.42, 0.68),
            pallor=(0.0, 0.4), rouleaux=0.85, spikes=0.05, red_blur=(1.3, 3.0), smudge=0.5,
        ),
        _early(
            "crenated", _CRENATED, red_width=(6.6, 7.8), red_cover=(0.45, 0.65), pallor=(0.1, 0.7),
            spikes=0.14, platelets=(10, 60), smudge=1.0,
        ),
    ),
    "pre": (
        _pre(
            "azure", _AZURE, share=4.0, red_width=(6.2, 7.2), red_cover=(0.32, 0.68), pallor=(0.45, 1.0),
            count=(10, 36), smudge=1.8, focus=(0.5, 0.9),
        ),
        _pre(
            "yellow plasma", _YELLOW, red_cover=(0.25, 0.6), pallor=(0.0, 0.8), rouleaux=0.4, count=(2, 12),
            smudge=0.8,
        ),
    ),
    "pro": (
        _pro("pale", _PALE, share=3.0, pallor=(0.55, 1.0), smudge=0.5),
        _pro("yellow-green", _YELLOW_GREEN, pallor=(0.5, 1.0)),
    ),
}  # fmt: skip
