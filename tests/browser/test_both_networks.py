"""Two networks on the page: the shipped heads answer, the badge names both, and a visit fits a head of its own."""

from __future__ import annotations

import httpx
import pytest

from dinoscope.fusion import place
from dinoscope.settings import ROOT
from dinoscope_lab.benchmark.serving import once_there, started
from fixtures.tiny import archive

pytestmark = [pytest.mark.browser, pytest.mark.slow]

NETWORK = "efficientnet-lite0"


def test_a_visit_reads_with_two_networks_and_fits_a_head_on_both(visit_at):
    pytest.importorskip("efficientnet_lite_pytorch", reason="the second network is not installed here")
    assert any(place(ROOT / "model_assets", NETWORK).iterdir())
    with started(settings={"DINOSCOPE_FUSION": NETWORK}) as (address, process, _):
        once_there(process, lambda: httpx.get(address, timeout=30).raise_for_status())
        visit = visit_at(address)
        page = visit.page
        assert "EfficientNet-Lite0" in page.locator("body").inner_text()
        visit.another()
        page.set_input_files(
            "#drop input[type=file]", {"name": "ours.zip", "mimeType": "application/zip", "buffer": archive()}
        )
        page.wait_for_selector("#batch-table table.whole", timeout=90_000)
        page.get_by_text("Fit a head on these").click()
        page.get_by_label("Every picture shows another patient").check()
        page.locator("#batch-fit-button").click()
        assert "is a head of this visit now" in visit.read("#batch-fitted p.answer")
        page.locator('#batch-table button[data-row="0"]').click()
        page.locator("#card-classify", has_text="Cold").wait_for(timeout=60_000)
        page.wait_for_selector("#card-explain img", timeout=60_000)
        assert visit.complaints == []
        assert visit.strangers == []
