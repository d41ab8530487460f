"""Many pictures in the browser: dropped anywhere, read into a table, fitted on; and a single one is still read."""

from __future__ import annotations

import io

import pytest

import dinoscope_phantoms as phantoms
from fixtures.tiny import archive

pytestmark = pytest.mark.browser

DROP = """([files, kind]) => {
  const carrier = new DataTransfer();
  for (const [name, bytes] of files) carrier.items.add(new File([new Uint8Array(bytes)], name, {type: kind}));
  const target = document.querySelector("#case-picture");
  for (const kind of ["dragenter", "dragover", "drop"])
    if (target.dispatchEvent(new DragEvent(kind, {dataTransfer: carrier, bubbles: true, cancelable: true})))
      throw new Error(`${kind} would leave the page`);
}"""
FOLDER = """(files) => {
  const file = (name, bytes) => ({isFile: true, name, file: (take) => take(new File([new Uint8Array(bytes)], name))});
  const folder = (name, inside) => ({isDirectory: true, name, createReader: () => {
    const parts = [inside, []];
    return {readEntries: (take) => take(parts.shift())};
  }});
  const classes = Object.entries(files).map(([name, held]) =>
    folder(name, held.map(([n, b]) => file(n, b))));
  const event = new DragEvent("drop", {bubbles: true, cancelable: true});
  const item = {webkitGetAsEntry: () => folder("ours", classes)};
  Object.defineProperty(event, "dataTransfer", {value: {items: [item], files: [], types: ["Files"]}});
  document.body.dispatchEvent(event);
}"""


REFUSING = """([name, many]) => {
  const file = (n) => ({isFile: true, name: `${n}.png`, file: (take, fail) =>
    many ? take(new File([], `${n}.png`)) : fail(new DOMException("It is gone", "NotFoundError"))});
  const parts = [Array.from({length: many || 1}, (_, n) => file(n)), []];
  const folder = {isDirectory: true, name, createReader: () => ({readEntries: (take) => take(parts.shift())})};
  const event = new DragEvent("drop", {bubbles: true, cancelable: true});
  const item = {webkitGetAsEntry: () => folder};
  Object.defineProperty(event, "dataTransfer", {value: {items: [item], files: [], types: ["Files"]}});
  document.body.dispatchEvent(event);
}"""


def png(picture) -> list[int]:
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    return list(buffer.getvalue())


def phantom(seed: int, label: str = "glioma_tumor") -> list[int]:
    return png(phantoms.draw("brain_mri", label, seed).picture)


def test_several_dropped_files_go_to_batch_and_a_row_opens_its_picture(visit):
    address = visit.page.url
    visit.page.evaluate(DROP, [[[f"{i}.png", phantom(i)] for i in range(3)], "image/png"])
    visit.page.wait_for_selector("#batch-table table.whole", timeout=90_000)
    assert visit.page.locator("#batch-table tbody tr").count() == 3
    assert "Brain MRI tumour: a guess" in visit.read("#batch-summary")
    visit.page.locator('#batch-table button[data-sort="number"]').first.click()
    shares = visit.page.locator("#batch-table tbody td.col-number").all_inner_texts()
    assert shares == sorted(shares, key=lambda s: float(s.strip("> %")))
    visit.page.locator('#batch-table button[data-row="1"]').click()
    visit.page.locator("#picture .facts", has_text="1.png").wait_for(timeout=60_000)
    assert visit.page.locator("#card-classify").is_visible()
    # One picture dropped now goes to the reading, not to the batch.
    visit.open("Batch")
    visit.page.evaluate(DROP, [[["single.png", phantom(9)]], "image/png"])
    visit.page.locator("#picture .facts", has_text="single.png").wait_for(timeout=60_000)
    assert visit.page.locator("#card-classify").is_visible()
    assert visit.page.url.partition("?")[0] == address.partition("?")[0]
    assert visit.complaints == []
    assert visit.strangers == []


def test_a_dropped_folder_keeps_its_folders_as_labels(visit):
    files = {label: [[f"{i}.png", phantom(40 + i, label)] for i in range(2)] for label in ("no_tumor", "glioma_tumor")}
    visit.page.evaluate(FOLDER, files)
    visit.page.wait_for_selector("#batch-table table.whole", timeout=90_000)
    assert "Balanced accuracy" in visit.read("#batch-summary")
    assert visit.page.locator("#batch-table td.col-label").all_inner_texts()[0].startswith("glioma_tumor")
    assert visit.complaints == []


def test_a_head_is_fitted_on_an_archive_and_reads_the_next_picture(phone):
    phone.page.set_input_files(
        "#drop input[type=file]", {"name": "ours.zip", "mimeType": "application/zip", "buffer": archive()}
    )
    phone.page.wait_for_selector("#batch-table table.whole", timeout=90_000)
    phone.page.get_by_text("Fit a head on these").tap()
    phone.page.locator("#batch-fit-button").tap()
    assert "Say first which pictures show the same patient" in phone.read("#batch-fitted .error")
    phone.page.get_by_label("Every picture shows another patient").check()
    phone.page.locator("#batch-fit-button").tap()
    assert "is a head of this visit now" in phone.read("#batch-fitted p.answer")
    assert "Measured by cross-validation" in phone.read("#batch-summary")
    with phone.page.expect_download() as taken:
        phone.page.locator("#batch-parcel").tap()
    assert taken.value.suggested_filename == "dinoscope-head.zip"
    with phone.page.expect_download() as taken:
        phone.page.locator("#batch-csv").tap()
    assert "Not a medical device" in taken.value.path().read_text(encoding="utf-8-sig")
    phone.page.locator('#batch-table button[data-row="0"]').tap()
    phone.page.locator("#card-classify", has_text="Cold").wait_for(timeout=60_000)
    assert phone.page.locator("#picture .warning", has_text="fitted on this very picture").count() == 1
    phone.open("Evidence")
    said = phone.page.locator("#evidence-task .answer", has_text="By cross-validation on the 12 pictures")
    said.wait_for(timeout=60_000)
    assert phone.page.locator("#measured input").input_value() == "Yours: Our pictures"
    assert "own-" not in phone.page.locator("#evidence-task").inner_html()
    assert phone.page.evaluate("() => document.documentElement.scrollWidth") <= 391
    assert phone.complaints == []
    assert phone.strangers == []


def test_a_folder_that_cannot_be_sent_says_why(visit):
    visit.page.evaluate(REFUSING, ["ours", 0])
    assert "“ours/0.png” cannot be read: leave it out" in visit.read("#drop-said")
    visit.page.evaluate(REFUSING, ["full", 2001])
    visit.page.locator("#drop-said", has_text="“full” holds more than 2,000 files, the limit.").wait_for()
    visit.page.evaluate(DROP, [[["single.png", phantom(9)]], "image/png"])
    visit.page.locator("#picture .facts", has_text="single.png").wait_for(timeout=60_000)
    assert visit.page.locator("#drop-said").count() == 0
    assert visit.complaints == []


def test_a_column_is_sorted_where_a_file_could_not_be_read(visit):
    files = [[f"{label}/{i}.png", phantom(i, label)] for i in range(2) for label in ("glioma_tumor", "no_tumor")]
    held = {name: [] for name in ("glioma_tumor", "no_tumor")}
    for path, data in files:
        held[path.split("/")[0]].append([path.split("/")[1], data])
    held["no_tumor"].append(["broken.png", list(b"\x89PNG\r\n\x1a\n")])
    visit.page.evaluate(FOLDER, held)
    visit.page.wait_for_selector("#batch-table table.whole", timeout=90_000)
    for heading in visit.page.locator('#batch-table button[data-sort="number"]').all():
        heading.click()
        column = heading.evaluate("(b) => [...b.closest('tr').children].indexOf(b.closest('th'))")
        values = visit.page.locator("#batch-table tbody tr:not(:has(.error-cell))").evaluate_all(
            "(rows, column) => rows.map((row) => Number(row.children[column].dataset.value))", column
        )
        assert values == sorted(values)
        assert len(values) == 4
        first = visit.page.locator("#batch-table tbody tr").first
        assert first.locator(".error-cell").count() == 1
