"""The healthy eye of the fundus phantoms: pigment, choroid, macula, optic disc and cup.

Sizes (disc about 1.8 mm high, its centre 4.5 to 5 mm nasal of the fovea and slightly above it, a 45 degree
field about 13 mm across): Kanski and Bowling, "Clinical Ophthalmology", 7th ed. (2011).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .. import kit

PIGMENTS: dict[str, tuple[float, float, float]] = {
    "amber": (0.66, 0.38, 0.15),
    "brown": (0.52, 0.28, 0.11),
    "gold": (0.72, 0.48, 0.20),
    "brick": (0.64, 0.29, 0.17),
    "rose": (0.68, 0.43, 0.35),
    "peach": (0.80, 0.57, 0.43),
    "olive": (0.53, 0.37, 0.15),
    "dusk": (0.42, 0.28, 0.22),
}
"""Colour of the lit retina by its look, red, green and blue in 0 to 1; chosen by eye."""


@dataclass(frozen=True)
class Eye:
    """One eye as it lies in the camera's field.

    Attributes:
        side: 1 for a left eye (temple on the right of the picture), -1 for a right one.
        disc: its centre in field coordinates (y, x).
        disc_radii: half axes (v, u) in field radii.
        fovea: its place in retina coordinates (u, v).
        tilt: turn of the head in radians.
        cup_ratio: vertical cup-to-disc ratio.
        cup_at: the cup's centre in retina coordinates (u, v).
        pigment: a key of `PIGMENTS`.
    """

    side: int
    disc: tuple[float, float]
    disc_radii: tuple[float, float]
    fovea: tuple[float, float]
    tilt: float
    cup_ratio: float
    cup_at: tuple[float, float]
    pigment: str

    def retina(self, y: np.ndarray, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Field coordinates -> retina coordinates (u, v)."""
        u, v = self.side * (x - self.disc[1]), y - self.disc[0]
        c, s = np.cos(self.tilt), np.sin(self.tilt)
        return c * u + s * v, c * v - s * u

    def field(self, u: np.ndarray, v: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Retina coordinates -> field coordinates (y, x)."""
        c, s = np.cos(self.tilt), np.sin(self.tilt)
        return s * u + c * v + self.disc[0], self.side * (c * u - s * v) + self.disc[1]


def backdrop(rng: np.random.Generator, eye: Eye, u: np.ndarray, v: np.ndarray) -> np.ndarray:
    """Retina without disc and vessels, [size, size, 3]: pigment, choroid, macula, nerve fibre sheen."""
    size = u.shape[0]
    base = np.array(PIGMENTS[eye.pigment], dtype=np.float32) * rng.normal(1, 0.05, 3).astype(np.float32)
    patchy = 1 + 0.035 * kit.fractal(rng, size, size * 0.22, 4, 0.6)
    grain = 1 + 0.012 * kit.noise(rng, size, 2.6 * size / 224)
    picture = base * (patchy * grain)[..., None]
    picture = picture * (1 + np.array([0.02, -0.03, -0.05]) * kit.noise(rng, size, size * 0.35)[..., None])
    away = np.hypot(u - eye.fovea[0], v - eye.fovea[1])
    tessellation = min(rng.normal(0.3, 0.4), 0.75)
    if tessellation > 0.05:
        bands = _choroid(rng, eye, u, v)
        where = kit.smoothstep(away + 0.18 * kit.noise(rng, size, size * 0.3), 0.1, 0.75)
        bands = bands * (
            tessellation * (0.35 + 0.65 * where) * kit.smoothstep(kit.noise(rng, size, size * 0.35), -1.6, 0.8)
        )
        picture = picture * (1 + bands[..., None] * np.array([0.21, 0.15, 0.05], dtype=np.float32))
    return _macula(rng, _sheen(rng, picture, eye, u, v), away)


def _choroid(rng, eye, u, v):
    """Choroidal vessels as a net of bands in -1 to 1: noise smeared along the way to the vortex veins."""
    size = u.shape[0]
    heading = np.arctan2(v * 1.25, u - 0.45 * eye.fovea[0]) + 0.3 * kit.noise(rng, size, size * 0.15)
    dy, dx = np.sin(heading), np.cos(heading) * eye.side
    seeds = kit.noise(rng, size, 4.6 * size / 224)
    reach = size / 224
    net = np.mean([kit.warp(seeds, t * reach * dy, t * reach * dx) for t in np.linspace(-7, 7, 7)], axis=0)
    net = net / net.std()
    broken = 0.55 + 0.45 * kit.noise(rng, size, 14 * size / 224)
    lines = kit.smoothstep(np.abs(net + 0.3 * kit.noise(rng, size, 9 * size / 224)), 1.2, 0.0) * 1.5 - 0.6
    return lines * np.clip(broken, 0.05, 1.3) + 0.15 * net


def _sheen(rng, picture, eye, u, v):
    """Pale arcs of nerve fibres above and below the disc, as in young eyes."""
    strength = rng.uniform(0, 0.09)
    angle = np.abs(np.abs(np.arctan2(v, u + 0.02)) - rng.uniform(1.0, 1.3))
    d = np.hypot(u, v)
    glow = np.exp(-((angle / 0.5) ** 2)) * np.exp(-d / 0.45)
    fibres = 1 + 0.25 * kit.noise(rng, u.shape[0], 3 * u.shape[0] / 224)
    halo = np.exp(-((d / rng.uniform(0.35, 0.7)) ** 2)) * rng.uniform(0.02, 0.28)
    return picture + (strength * glow * fibres)[..., None] * np.array([0.8, 0.9, 0.7]) + halo[..., None] * picture


def _macula(rng, picture, away):
    """The darker macula: luteal pigment absorbs blue, denser pigment the rest; sometimes a foveal reflex."""
    wide = np.exp(-((away / rng.uniform(0.2, 0.3)) ** 2)) * rng.uniform(0.12, 0.34)
    pit = np.exp(-((away / rng.uniform(0.07, 0.12)) ** 2)) * rng.uniform(0.12, 0.42)
    picture = picture * (1 - wide[..., None] * np.array([0.75, 1.0, 1.0]))
    picture = picture * (1 - pit[..., None] * np.array([0.7, 1.0, 0.95]))
    if rng.random() < 0.2:
        reflex = np.exp(-((away / 0.018) ** 2)) * rng.uniform(0.05, 0.22)
        picture = picture + reflex[..., None]
    return picture


def disc(
    rng: np.random.Generator,
    picture: np.ndarray,
    eye: Eye,
    u: np.ndarray,
    v: np.ndarray,
    atrophy: float,
    pallor: float,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Lay the optic disc on the retina.

    Args:
        atrophy: 0 to 1, how marked the pale crescent beside the disc is.
        pallor: 0 to 1, how clearly the cup stands out from the rim.
    Returns:
        The picture, and the normalised radii [size, size] of disc and cup: 1 on their rims.
    """
    size = u.shape[0]
    wobble = 0.035 * kit.noise(rng, size, size * 0.09)
    d = kit.ellipse(v, u, (0, 0), eye.disc_radii) + wobble
    base = np.array(PIGMENTS[eye.pigment], dtype=np.float32)
    if atrophy > 0:
        picture = _crescent(rng, picture, eye, u, v, d, atrophy)
    soft = rng.uniform(0.07, 0.2)
    cool = base[2] / base[0] - 0.3
    rim_colour = 0.5 * base + 0.5 * np.array([1.16, 0.6, 0.34 + 0.5 * cool]) * rng.normal(1, 0.05, 3)
    paler = kit.smoothstep(u / eye.disc_radii[1], -0.9, 0.9)[..., None] * np.array([0.08, 0.17, 0.07])
    rim = rim_colour + paler + 0.03 * kit.noise(rng, size, 3 * size / 224)[..., None]
    face = kit.smoothstep(d, 1 + soft, 1 - soft)
    bloom = kit.smoothstep(d, 2.3, 0.8) ** 2 * rng.uniform(0.03, 0.14)
    picture = kit.mix(picture + bloom[..., None] * rim_colour, rim, face)
    cup_radii = (eye.disc_radii[0] * eye.cup_ratio, eye.disc_radii[1] * eye.cup_ratio * 0.95)
    cup = kit.ellipse(v, u, (eye.cup_at[1], eye.cup_at[0]), cup_radii) + 0.5 * wobble
    cup_colour = np.array([1.12, 0.97, 0.64 + 0.7 * cool]) * rng.normal(1, 0.03) + 0.12 * (base - 0.4)
    edge = rng.uniform(0.25, 0.6) if eye.cup_ratio < 0.55 else rng.uniform(0.09, 0.2)
    # The bowl is lit from the temporal side, its floor is uneven.
    bowl = 1 - 0.07 * (u - eye.cup_at[0]) / cup_radii[1] * (cup < 1.3) + 0.035 * kit.noise(rng, size, 7 * size / 224)
    cup_colour = cup_colour * bowl[..., None]
    picture = kit.mix(picture, cup_colour, kit.smoothstep(cup, 1 + edge, 1 - edge) * pallor)
    pores = kit.smoothstep(kit.noise(rng, size, 2.4 * size / 224), 0.6, 1.8) * kit.smoothstep(cup, 0.8, 0.4)
    picture = picture * (1 - (pores * rng.uniform(0, 0.3))[..., None] * np.array([0.6, 0.9, 1.0]))
    return picture, d, cup


def _crescent(rng, picture, eye, u, v, d, atrophy):
    """Parapapillary atrophy: sclera shows through beside the disc, with a pigmented border."""
    size = u.shape[0]
    grow = 1 + rng.uniform(0.15, 0.45) * atrophy
    shift = (rng.normal(0, 0.02), (grow - 0.95) * eye.disc_radii[1])
    ring = kit.ellipse(v, u, shift, (eye.disc_radii[0] * grow, eye.disc_radii[1] * grow))
    ring = ring + 0.05 * kit.noise(rng, size, size * 0.05)
    mottled = 0.7 + 0.3 * kit.noise(rng, size, size * 0.03)
    beside = kit.smoothstep(u / eye.disc_radii[1] + 0.6 * kit.noise(rng, size, size * 0.06), 0.4, 1.3)
    dark = np.exp(-(((ring - 1.06) / 0.15) ** 2)) * beside * (d > 0.9) * max(rng.normal(0, 0.12), 0) * atrophy
    picture = picture * (1 - dark[..., None])
    amount = np.clip(kit.smoothstep(ring, 1.04, 0.92) * mottled * (0.25 + 0.4 * atrophy), 0, 1)
    return kit.mix(picture, picture * 0.6 + np.array([0.36, 0.29, 0.17]), amount)


def paint_vessels(
    picture: np.ndarray, veins: np.ndarray, arteries: np.ndarray, reflex: np.ndarray, density: float
) -> np.ndarray:
    """Blood absorbs green and blue: veins darken the retina more than arteries; wide ones carry a reflex."""
    picture = picture * (1 - density * veins[..., None] * np.array([0.24, 0.46, 0.34], dtype=np.float32))
    picture = picture * (1 - density * arteries[..., None] * np.array([0.1, 0.36, 0.3], dtype=np.float32))
    return picture * (1 + density * reflex[..., None] * np.array([0.12, 0.2, 0.16], dtype=np.float32))
