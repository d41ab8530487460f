"""What the README says of maps and places: read from the evidence, the defeats named; and the picture beside it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from PIL import Image

from dinoscope.evidence import Evidence
from dinoscope_lab import maps, see_figure
from dinoscope_lab.benchmark import explain_rows, see


def evidence(name: str, rows: list[dict]) -> Evidence:
    makes = {
        "explain": lambda: explain_rows.tables(rows, [], [], [], [], []),
        "see": lambda: see.tables(rows, [], [], []),
    }
    return Evidence(name, {}, "", 0, "", "", "", 1.0, [], makes[name]())


def overlap(name: str, method: str, value: float) -> dict:
    return {"set": name, "method": method, "overlap": value, "overlap_low": value - 0.1, "overlap_high": value + 0.1}


def of_sets(busi_published: float) -> list[dict]:
    """Two sets and their mean."""
    table = {"lgg_mri": (0.5, 0.1, 0.2), "busi": (0.3, busi_published, 0.2), maps.MEAN: (0.4, 0.2, 0.2)}
    rows = [
        overlap(s, m, v)
        for s, values in table.items()
        for m, v in zip(("vitcx", "vitcx_published", "centred_blob"), values, strict=True)
    ]
    return [*rows, overlap(maps.MEAN, "random", 0.15)]


def test_where_the_default_map_is_not_ahead_the_readme_names_the_set_and_the_rival():
    said = maps.explained(evidence("explain", of_sets(busi_published=0.4)))
    assert "on outlined lesions of 2 sets: the default map has a mean IoU of 0.40 (0.30 to 0.50)" in said
    assert "published ViT-CX 0.20, a blob in the middle 0.20, a random map 0.15" in said
    assert "It is not ahead of published ViT-CX on Breast ultrasound" in said
    assert "not ahead of a blob" not in said
    assert "It is ahead of both on every set." in maps.explained(evidence("explain", of_sets(busi_published=0.1)))
    assert maps.explained(evidence("explain", [])) == ""


def test_where_something_simpler_finds_the_place_as_often_that_comes_first():
    def seen(network: float, position: float) -> str:
        rows = [
            {"set": s, "method": m, "found": v}
            for s in ("ph2", "mean")
            for m, v in ((maps.OURS, 60.0), (maps.NETWORK, network), (maps.POSITION, position))
        ]
        return maps.seen(evidence("see", rows))

    ahead = seen(network=50.0, position=40.0)
    assert ahead.startswith("**What the network sees**: a lesion pointed at in one picture is found in another")
    assert "in 60 % of pairs (efficientnet-lite0 50 %, same position 40 %)" in ahead
    assert "alone does as well" not in ahead
    behind = seen(network=70.0, position=60.0)
    assert (
        "**What the network sees**: efficientnet-lite0 and same position are as good or better on the mean." in behind
    )
    assert "On Skin lesion (PH2) the same position alone does as well." in behind
    assert maps.FIGURE in behind
    assert maps.paragraphs({}, "") == ""


def test_the_picture_has_a_row_of_a_case_and_another_of_its_class_with_the_point_in_both(workbench, tmp_path):
    task = workbench.tasks["colours"]
    mask = np.zeros((60, 60), np.uint8)
    mask[:20, :20] = 255
    (tmp_path / "images").symlink_to(task.folder / "images")
    Image.fromarray(mask).save(tmp_path / "mask.png")
    cases = tuple(replace(c, mask="mask.png") if c.image else c for c in task.cases)
    outlined = replace(workbench, tasks={"colours": replace(task, cases=cases, folder=tmp_path)})
    see_figure.write(outlined, tmp_path / "see.png", ("colours", "not a task"))
    side, gap, line = see_figure.SIDE, see_figure.GAP, see_figure.LINE
    with Image.open(tmp_path / "see.png") as sheet:
        assert sheet.size == (4 * (side + gap) - gap, side + line)
        first = np.asarray(sheet)[line:, :side]
    # The ring lies around the middle of the outline: the upper left ninth.
    white = np.argwhere((first == 255).all(axis=2))
    assert np.abs(white.mean(axis=0) - side / 6).max() < side / 20


def test_what_was_measured_on_an_earlier_backbone_says_so_first():
    measured = {"explain": evidence("explain", of_sets(0.2))}
    assert maps.paragraphs(measured, "another").startswith(f"{maps.EARLIER}**Explain**")
    assert maps.paragraphs(measured, "").startswith("**Explain**")
