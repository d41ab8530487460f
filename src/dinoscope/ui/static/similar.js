// Tells the page what was pressed, draws the region's box, and shows which case a point of the map is.
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

// The map of the cases: the point nearest to the pointer is meant, so that a finger hits it, too; arrows lead from
// point to point, Enter opens the one that is reached.
let tip = 0;
const pointed = (event, reach) => {
  const map = event.target.closest(".case-map");
  if (!map) return null;
  const toScreen = map.getScreenCTM();
  let found = null;
  for (const circle of map.querySelectorAll("circle[data-case]")) {
    const x = toScreen.a * circle.cx.baseVal.value + toScreen.e, y = toScreen.d * circle.cy.baseVal.value + toScreen.f;
    const far = Math.hypot(x - event.clientX, y - event.clientY);
    if (far < reach) [found, reach] = [circle, far];
  }
  return found;
};
const show_case = (circle, event) => {
  const frame = event.target.closest(".map-frame"), box = frame?.querySelector(".case-tip");
  if (!box || box.dataset.case === (circle?.dataset.case ?? "")) return;
  frame.querySelector(".hit")?.classList.remove("hit");
  circle?.classList.add("hit");
  box.dataset.case = circle?.dataset.case ?? "";
  box.hidden = !circle;
  if (!circle) return;
  const edge = frame.getBoundingClientRect(), point = circle.getBoundingClientRect();
  const left = point.left - edge.left, right = left > edge.width / 2;
  Object.assign(box.style, { top: `${Math.max(0, point.top - edge.top - 40)}px`,
    left: right ? "auto" : `${left + 16}px`, right: right ? `${edge.width - left + 6}px` : "auto" });
  box.querySelector("span").textContent = circle.dataset.name;
  const picture = box.querySelector("img"), mine = ++tip;
  picture.hidden = true;
  // Not for every point that the pointer crosses on its way.
  setTimeout(async () => {
    if (mine !== tip) return;
    const asked = new URLSearchParams({ task: box.dataset.task, case: circle.dataset.case });
    const answer = await fetch(`case-picture?${asked}`).catch(() => null);
    if (answer?.status !== 200 || mine !== tip) return;
    const url = URL.createObjectURL(await answer.blob());
    picture.onload = () => URL.revokeObjectURL(url);
    picture.src = url;
    picture.hidden = false;
  }, 120);
};
element.addEventListener("pointermove", (event) => event.pointerType === "mouse" && show_case(pointed(event, 14), event));
element.addEventListener("pointerout", (event) => {
  if (event.pointerType === "mouse" && !event.relatedTarget?.closest?.(".map-frame")) show_case(null, event);
});
element.addEventListener("click", (event) => {
  const circle = pointed(event, event.pointerType === "mouse" ? 14 : 26);
  if (!circle) return;
  show_case(circle, event);
  trigger("click", { act: "open", case: circle.dataset.case });
});
element.addEventListener("keydown", (event) => {
  const map = event.target.closest(".case-map");
  if (!map) return;
  const there = map.querySelector(".hit");
  if (event.key === "Escape") return show_case(null, event);
  if (event.key === "Enter" && there) return trigger("click", { act: "open", case: there.dataset.case });
  const [right, down] = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key] ?? [0, 0];
  if (!right && !down) return;
  event.preventDefault();
  const place = (circle) => [circle.cx.baseVal.value, circle.cy.baseVal.value];
  const [x, y] = place(there ?? map.querySelector("circle.you"));
  let next = null, least = Infinity;
  for (const circle of map.querySelectorAll("circle[data-case]")) {
    const [dx, dy] = [place(circle)[0] - x, place(circle)[1] - y];
    const along = right * dx + down * dy, far = along + 2 * Math.abs(right ? dy : dx);
    if (along > 0 && far < least) [next, least] = [circle, far];
  }
  if (next) show_case(next, event);
});
element.addEventListener("focusout", (event) => event.target.closest(".case-map") && show_case(null, event));
