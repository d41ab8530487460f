"""Chest radiograph: what films of healthy, bacterial and viral children differ in besides the disease.

Sick children are younger and are filmed in bed: ribs that are few, broad and level, arms that leave the collar bones
high, a tighter field, a softer film. The numbers were chosen on drawn films that the backbone compared with the real
training pictures of each class (folds 2 to 4 of pneumonia_cxr), within what is plausible for a child's chest.
"""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Look:
    """Means by class; single films vary about them.

    Attributes:
        wide, tall: zoom of the field of view across and down.
        cage, taper: width of the chest, and how much wider its upper part is than a cone.
        wall: thickness of the chest wall; fold: depth of the muscles at the armpit.
        core: depth of the trunk in its middle; rim_reach: how far from its outline it is round; belly_slope: how much
            deeper the belly becomes downwards; liver: depth that the liver adds.
        mottle, mottle_decay: deviation of the depth of all soft tissue, and how coarse its pattern is.
        air: depth of an aerated lung; veil: share of it that breathing shallowly costs a sick child.
        heart_full: share of the air that heart and vessels displace; heart_left: how much farther left it reaches.
        left_dome: how much lower the left hemidiaphragm stands.
        rib_pitch, rib_broad, tilt: distance of ribs, their height, their fall from back to front.
        clavicle_y: height of the collar bones at the breastbone; blade: depth of a shoulder blade.
        bone_hidden: share of a bone's contrast that is lost over dense parts.
        blur: of the focal spot, in pixels; edge, evening: strengths of the reader's fine and coarse contrast filters.
        gain, hardness: brightness and shoulder of the film's curve.
    """

    wide: float = 1.2
    tall: float = 1.2
    cage: float = 1.01
    taper: float = 0.065
    wall: float = 0.068
    fold: float = 0.05
    core: float = 0.364
    rim_reach: float = 0.22
    belly_slope: float = 0.025
    liver: float = 0.15
    mottle: float = 0.0375
    mottle_decay: float = 0.725
    air: float = 0.427
    veil: float = 0.0
    heart_full: float = 0.67
    heart_left: float = -0.02
    left_dome: float = 0.05
    rib_pitch: float = 0.148
    rib_broad: float = 0.062
    tilt: float = 0.38
    clavicle_y: float = -0.583
    blade: float = 0.063
    bone_hidden: float = 0.0
    blur: float = 0.24
    edge: float = 0.98
    evening: float = 0.4
    gain: float = 0.86
    hardness: float = 1.0


_SICK = replace(Look(), wide=1.25, clavicle_y=-0.72, blade=0.04, bone_hidden=0.2)

LOOKS = {
    "normal": Look(),
    "pneumonia_bacteria": replace(
        _SICK,
        tall=1.22,
        cage=0.96,
        taper=0.15,
        core=0.48,
        rim_reach=0.25,
        belly_slope=0.0,
        air=0.47,
        veil=0.3,
        heart_full=0.6,
        heart_left=0.05,
        rib_pitch=0.15,
        blur=0.45,
        edge=0.6,
        evening=0.55,
        gain=0.79,
        hardness=1.1,
    ),
    "pneumonia_virus": replace(
        _SICK,
        tall=1.25,
        cage=1.04,
        taper=0.12,
        wall=0.05,
        fold=0.08,
        liver=0.24,
        mottle=0.045,
        mottle_decay=0.78,
        air=0.41,
        veil=0.2,
        left_dome=0.07,
        rib_pitch=0.158,
        rib_broad=0.064,
        tilt=0.3,
        blur=0.6,
        edge=0.35,
        evening=0.9,
        gain=0.86,
    ),
}
"""Class -> what its films look like."""
