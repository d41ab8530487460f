// Tells the page what was pressed, draws the region's box, and says when an original cannot be loaded.
const clamp = (value, low, high) => Math.min(Math.max(value, low), high);
const clicked = (event) => {
  const target = event.target.closest("[data-act]");
  if (target && !target.disabled) trigger("click", { act: target.dataset.act, case: target.dataset.case ?? "" });
};
const boxOf = (picker) => (picker.dataset.box ? picker.dataset.box.split(",").map(Number) : null);
const show = (picker, box) => {
  const frame = picker.querySelector(".box");
  const [left, top, right, bottom] = box;
  picker.dataset.box = box.join(",");
  frame.hidden = false;
  Object.assign(frame.style, {
    left: `${100 * left}%`, top: `${100 * top}%`, width: `${100 * (right - left)}%`, height: `${100 * (bottom - top)}%`,
  });
};
const search = (picker) => boxOf(picker) && trigger("click", { act: "region", box: boxOf(picker) });
const at = (picker, event) => {
  const edge = picker.getBoundingClientRect();
  return [clamp((event.clientX - edge.left) / edge.width, 0, 1), clamp((event.clientY - edge.top) / edge.height, 0, 1)];
};
let start = null;
element.addEventListener("click", clicked);
element.addEventListener("pointerdown", (event) => {
  const picker = event.target.closest(".picker");
  if (!picker || event.button) return;
  event.preventDefault();
  picker.focus({ preventScroll: true });
  picker.setPointerCapture(event.pointerId);
  start = at(picker, event);
});
element.addEventListener("pointermove", (event) => {
  const picker = event.target.closest(".picker");
  if (!picker || !start) return;
  const [x, y] = at(picker, event);
  const box = [Math.min(x, start[0]), Math.min(y, start[1]), Math.max(x, start[0]), Math.max(y, start[1])];
  if (box[2] - box[0] > 0.02 && box[3] - box[1] > 0.02) show(picker, box);
});
element.addEventListener("pointerup", (event) => {
  const picker = event.target.closest(".picker");
  if (!picker || !start) return;
  const [x, y] = at(picker, event);
  if (Math.abs(x - start[0]) <= 0.02 || Math.abs(y - start[1]) <= 0.02) {
    // A tap is the patch below it.
    const rows = Number(picker.dataset.rows), columns = Number(picker.dataset.columns);
    const row = Math.min(Math.floor(y * rows), rows - 1), column = Math.min(Math.floor(x * columns), columns - 1);
    show(picker, [column / columns, row / rows, (column + 1) / columns, (row + 1) / rows]);
  }
  start = null;
  search(picker);
});
element.addEventListener("pointercancel", () => { start = null; });
element.addEventListener("keydown", (event) => {
  const picker = event.target.closest(".picker");
  if (!picker) return;
  const rows = Number(picker.dataset.rows), columns = Number(picker.dataset.columns);
  const step = { ArrowLeft: [-1 / columns, 0], ArrowRight: [1 / columns, 0], ArrowUp: [0, -1 / rows], ArrowDown: [0, 1 / rows] }[event.key];
  if (event.key === "Enter") search(picker);
  if (!step) return;
  event.preventDefault();
  let [left, top, right, bottom] = boxOf(picker) ?? [0.375, 0.375, 0.625, 0.625];
  if (event.shiftKey) {
    right = clamp(right + step[0], left + 1 / columns, 1);
    bottom = clamp(bottom + step[1], top + 1 / rows, 1);
  } else {
    const x = clamp(step[0], -left, 1 - right), y = clamp(step[1], -top, 1 - bottom);
    left += x; right += x; top += y; bottom += y;
  }
  show(picker, [left, top, right, bottom].map((value) => clamp(value, 0, 1)));
});
element.addEventListener("error", (event) => {
  if (!event.target.matches?.("img.original")) return;
  const note = document.createElement("span");
  note.className = "unloaded";
  note.textContent = "The original cannot be shown here: no network, or a kind of file the browser does not show.";
  event.target.replaceWith(note);
}, true);
