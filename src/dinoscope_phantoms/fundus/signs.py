"""Signs of disease on the fundus phantoms: diabetic lesions, lost nerve fibres, cataract haze.

Sources: ETDRS Research Group, "Grading diabetic retinopathy from stereoscopic color fundus photographs",
Ophthalmology 98:786 (1991); Jonas, Budde and Panda-Jonas, "Ophthalmoscopic evaluation of the optic nerve
head", Surv Ophthalmol 43:293 (1999); Xiong, Li and Xu, "An approach to evaluate blurriness in retinal images
with vitreous opacity for cataract diagnosis", J Healthc Eng 2017:5645498.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .. import kit
from .anatomy import Eye
from .camera import Frame

GRADES: dict[str, dict[str, tuple[int, int]]] = {
    "mild": {"dots": (12, 24), "blots": (4, 9), "flames": (0, 2), "rings": (0, 2), "wool": (0, 1)},
    "moderate": {"dots": (14, 34), "blots": (6, 16), "flames": (0, 4), "rings": (1, 3), "wool": (0, 3)},
    "severe": {"dots": (25, 55), "blots": (18, 44), "flames": (2, 8), "rings": (1, 5), "wool": (1, 6)},
}
"""How many lesions of each kind a grade gets: lowest, and one above the highest."""

VEILS: tuple[tuple[float, float, float], ...] = (
    (0.80, 0.62, 0.38),
    (0.70, 0.60, 0.40),
    (0.86, 0.72, 0.44),
    (0.66, 0.58, 0.54),
    (0.56, 0.40, 0.24),
    (0.98, 0.84, 0.54),
    (0.50, 0.50, 0.38),
)
"""Colours of the light that a cloudy lens scatters: amber, straw, cream, grey, brown, bright yellow, grey green."""

SPREAD = 0.38
"""Deviation of the lesions' distance from their focus, in field radii: most lie within the arcades."""


@dataclass(frozen=True)
class Retina:
    """What the camera sees of an eye.

    Attributes:
        u: retina coordinate of every pixel towards the temple, [size, size].
        v: retina coordinate of every pixel downwards, [size, size].
        visible: [size, size] bool, false in the black surround.
        eye: the eye.
        frame: how the field sits in the picture.
    """

    u: np.ndarray
    v: np.ndarray
    visible: np.ndarray
    eye: Eye
    frame: Frame

    @classmethod
    def seen(cls, eye: Eye, frame: Frame, y: np.ndarray, x: np.ndarray, visible: np.ndarray) -> Retina:
        """Of the field coordinates (y, x) of every pixel."""
        return cls(*eye.retina(y, x), visible, eye, frame)

    def place(self, u, v):
        """Retina coordinates -> picture coordinates (x, y), -1 to 1."""
        y, x = self.eye.field(u, v)
        return x * self.frame.radii[1] + self.frame.centre[1], y * self.frame.radii[0] + self.frame.centre[0]

    def pixel(self, u: float, v: float) -> tuple[int, int]:
        """Row and column of a place; they may lie outside the picture."""
        x, y = self.place(u, v)
        last = len(self.u) - 1
        return round((y + 1) / 2 * last), round((x + 1) / 2 * last)

    @property
    def scale(self) -> float:
        """Pixels in a field radius."""
        return len(self.u) / 2 * float(np.sqrt(self.frame.radii[0] * self.frame.radii[1]))


@dataclass(frozen=True)
class Lesions:
    """Opacities of diabetic lesions by colour, each [size, size] in 0 to 1, their focus, their grade."""

    red: np.ndarray
    exudates: np.ndarray
    wool: np.ndarray
    site: str
    grade: str

    @property
    def mask(self) -> np.ndarray:
        """[size, size] bool: where a lesion covers at least two fifths of the pixel."""
        return (self.red > 0.4) | (self.exudates > 0.4) | (self.wool > 0.4)


def diabetic(rng: np.random.Generator, retina: Retina) -> Lesions:
    """Draw a grade, then scatter its microaneurysms, haemorrhages, hard exudates and cotton wool spots."""
    grade = str(rng.choice(list(GRADES), p=[0.3, 0.4, 0.3]))
    counts = {kind: int(rng.integers(*span)) for kind, span in GRADES[grade].items()}
    focus, site = _focus(rng, retina.eye.fovea)
    size = retina.u.shape[0]
    ragged = kit.noise(rng, size, 3.2 * size / 224)
    red, exudates, wool = (np.zeros((size, size), dtype=np.float32) for _ in range(3))
    for at in _places(rng, counts["dots"], retina, focus):
        r = rng.uniform(0.007, 0.011)
        _stamp(red, retina, at, (r, r), 0, 0.1 * ragged, rng.uniform(0.6, 0.95))
    for at in _places(rng, counts["blots"], retina, focus):
        r = 0.012 + 0.026 * rng.random() ** 2.5
        _stamp(
            red,
            retina,
            at,
            (r * rng.uniform(0.6, 1), r),
            rng.uniform(0, 3),
            0.22 * ragged,
            rng.uniform(0.6, 1),
        )
    for at in _places(rng, counts["flames"], retina, (0.3, 0.0)):
        radii = (rng.uniform(0.012, 0.02), rng.uniform(0.04, 0.075))
        _stamp(red, retina, at, radii, _fibre_angle(at), 0.5 * ragged, rng.uniform(0.65, 0.9))
    for _ in range(counts["rings"]):
        _exudate_ring(rng, exudates, retina, focus, ragged)
    for at in _places(rng, counts["wool"], retina, (0.25, rng.choice([-0.4, 0.4]))):
        radii = (rng.uniform(0.03, 0.075), rng.uniform(0.022, 0.045))
        _stamp(wool, retina, at, radii, _fibre_angle(at), 0.16 * ragged, rng.uniform(0.6, 0.95), softness=0.75)
    return Lesions(red, exudates, wool, site, grade)


def _focus(rng, fovea):
    """Where the lesions crowd, as (u, v) and in words."""
    place = rng.choice(["macula", "superior arcade", "inferior arcade", "temporal to macula", "posterior pole"])
    offset = {
        "macula": (0.0, 0.0),
        "superior arcade": (-0.15, -0.45),
        "inferior arcade": (-0.15, 0.45),
        "temporal to macula": (0.35, 0.0),
        "posterior pole": (-0.2, 0.0),
    }[str(place)]
    return (fovea[0] + offset[0], fovea[1] + offset[1]), str(place)


def _places(rng, count, retina: Retina, focus):
    """Up to `count` visible places (u, v) around the focus, off the disc and mostly off the very fovea."""
    found: list[tuple[float, float]] = []
    tries = 0
    size = retina.u.shape[0]
    while len(found) < count and tries < 12 * count:
        tries += 1
        u, v = focus[0] + rng.normal(0, SPREAD), focus[1] + rng.normal(0, SPREAD)
        row, column = retina.pixel(u, v)
        if np.hypot(u, v) < 1.35 * retina.eye.disc_radii[0] or not (0 <= row < size and 0 <= column < size):
            continue
        if retina.visible[row, column]:
            found.append((u, v))
    return found


def _fibre_angle(at):
    """Direction of the nerve fibres at a place: out of the disc, bending round the macula."""
    return np.arctan2(at[1], at[0] + 0.25 * abs(at[1]))


def _stamp(layer, retina: Retina, at, radii, angle, ragged, opacity, softness=0.42):
    """Add one blob, half axes (across, along) its angle, to a layer; only the window around it is touched."""
    row, column = retina.pixel(*at)
    reach = int(2.2 * max(radii) * retina.scale + 3)
    size = layer.shape[0]
    rows = slice(max(row - reach, 0), min(row + reach + 1, size))
    columns = slice(max(column - reach, 0), min(column + reach + 1, size))
    window = (rows, columns)
    d = kit.ellipse(retina.v[window], retina.u[window], (at[1], at[0]), radii, -angle) + ragged[window]
    # A blob of two pixels must not fall between them: its edge is never softer or narrower than a pixel.
    edge = max(softness, 0.6 / (min(radii) * retina.scale))
    blob = opacity * kit.smoothstep(d, 1 + edge, 1 - edge) * retina.visible[window]
    layer[window] = np.maximum(layer[window], blob)


def _exudate_ring(rng, layer, retina: Retina, focus, ragged):
    """Specks of hard exudate on part of a ring round leaking vessels, or in a loose heap."""
    centre = _places(rng, 1, retina, focus)
    if not centre:
        return
    (cu, cv), heap = centre[0], rng.random() < 0.35
    radius = rng.uniform(0.05, 0.14)
    start, span = rng.uniform(0, 2 * np.pi), rng.uniform(2.2, 6.0)
    for _ in range(rng.integers(12, 46)):
        angle = start + span * rng.random()
        distance = radius * (rng.random() ** 0.6 if heap else rng.normal(1, 0.13))
        at = (cu + distance * np.cos(angle), cv + distance * np.sin(angle))
        if np.hypot(*at) < 1.2 * retina.eye.disc_radii[0]:
            continue
        r = 0.0055 + 0.012 * rng.random() ** 3
        _stamp(
            layer,
            retina,
            at,
            (r * rng.uniform(0.6, 1), r),
            rng.uniform(0, 3),
            0.4 * ragged,
            rng.uniform(0.65, 0.95),
        )


def paint_pale(rng: np.random.Generator, picture: np.ndarray, lesions: Lesions) -> np.ndarray:
    """Exudates (waxy yellow) and cotton wool (greyish white): deeper than the vessels, so painted first."""
    waxy = np.array([0.98, 0.88, 0.52]) * rng.normal(1, 0.03)
    woolly = np.array([0.92, 0.88, 0.74]) * rng.normal(1, 0.03)
    return kit.mix(kit.mix(picture, woolly, 0.8 * lesions.wool), waxy, 0.9 * lesions.exudates)


def paint_red(picture: np.ndarray, lesions: Lesions, density: float) -> np.ndarray:
    """Blood in the retina: absorbs green and blue as the veins do, more where it lies thicker."""
    return picture * (1 - density * lesions.red[..., None] * np.array([0.32, 0.66, 0.52], dtype=np.float32))


def fibre_loss(rng: np.random.Generator, picture: np.ndarray, u: np.ndarray, v: np.ndarray, down: int) -> np.ndarray:
    """Darker wedge above (`down` -1) or below (1) the macula, where a thinned rim has lost its fibres."""
    angle = np.arctan2(down * v, u + 0.12 * np.abs(v)) - rng.uniform(0.75, 1.05)
    d = np.hypot(u, v)
    wedge = (
        np.exp(-((angle / rng.uniform(0.12, 0.22)) ** 4)) * kit.smoothstep(d, 0.15, 0.3) * kit.smoothstep(d, 1.3, 0.6)
    )
    return picture * (1 - rng.uniform(0.06, 0.16) * wedge[..., None])


def cloud(rng: np.random.Generator, picture: np.ndarray, y: np.ndarray, x: np.ndarray, haze: float) -> np.ndarray:
    """See the fundus through a cloudy lens: light scatters, and the yellowed nucleus swallows blue.

    Args:
        haze: 0 clear to 1 nothing visible: the share of the contrast that is lost.
    """
    size = picture.shape[0]
    scattered = kit.blur(picture, size * (0.002 + rng.uniform(0.012, 0.032) * haze**3))
    glare = kit.blur(picture, size * 0.14)
    tint = np.array(VEILS[rng.integers(len(VEILS))]) * rng.uniform(0.8, 1.12)
    lit = np.clip(glare.mean(axis=-1, keepdims=True) / 0.36, 0.5, 1.5)
    own = rng.uniform(0.2, 0.8)
    veil = own * glare + (1 - own) * tint * lit
    uneven = 1 + 0.24 * kit.noise(rng, size, size * 0.3) - 0.1 * (np.hypot(y, x) - 0.5)
    amount = np.clip(haze * uneven, 0, 0.985)[..., None]
    picture = scattered * (1 - amount) + veil * amount
    return picture * np.array([1, 1 - 0.04 * haze, 1 - 0.3 * haze * rng.uniform(-0.5, 1)])
