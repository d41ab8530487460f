// What the network sees: a point lights up every place that is alike, in this picture and in a case beside it. All of it
// happens here, from vectors that came once with the page: no call to the server while the pointer moves.
const clamp = (value, low, high) => Math.min(Math.max(value, low), high);
const known = new WeakMap(); // of a stage, which stays when the next picture is put into it

// One side of the board: its grid and the unit vectors of its patches.
const side = (stage) => {
  const before = known.get(stage);
  if (before?.vectors === stage.dataset.vectors) return before;
  const [rows, columns, size] = [stage.dataset.rows, stage.dataset.columns, stage.dataset.components].map(Number);
  const bytes = Int8Array.from(atob(stage.dataset.vectors), (letter) => letter.charCodeAt(0));
  const unit = new Float32Array(bytes.length);
  for (let row = 0; row < rows * columns; row++) {
    let square = 0;
    for (let k = row * size; k < (row + 1) * size; k++) square += bytes[k] * bytes[k];
    const scale = 1 / Math.max(Math.sqrt(square), 1e-9);
    for (let k = row * size; k < (row + 1) * size; k++) unit[k] = bytes[k] * scale;
  }
  const read = { rows, columns, size, unit, vectors: stage.dataset.vectors };
  known.set(stage, read);
  return read;
};

const likeness = (from, place, to) => {
  const alike = new Float32Array(to.rows * to.columns);
  for (let row = 0; row < alike.length; row++) {
    let sum = 0;
    for (let k = 0; k < to.size; k++) sum += from.unit[place * to.size + k] * to.unit[row * to.size + k];
    alike[row] = sum;
  }
  return alike;
};

const level = (board) => Number(board.querySelector(".sight-level").value) / 100;

// The places that count as alike and hang together with the point: what can be searched with.
const region = (grid, alike, place, least) => {
  const inside = new Set([place]);
  const queue = [place];
  while (queue.length) {
    const at = queue.pop(), row = Math.floor(at / grid.columns), column = at % grid.columns;
    for (const [y, x] of [[row - 1, column], [row + 1, column], [row, column - 1], [row, column + 1]]) {
      const next = y * grid.columns + x;
      if (y < 0 || x < 0 || y >= grid.rows || x >= grid.columns || inside.has(next) || alike[next] < least) continue;
      inside.add(next);
      queue.push(next);
    }
  }
  const rows = [...inside].map((at) => Math.floor(at / grid.columns)), columns = [...inside].map((at) => at % grid.columns);
  return [Math.min(...columns) / grid.columns, Math.min(...rows) / grid.rows,
    (Math.max(...columns) + 1) / grid.columns, (Math.max(...rows) + 1) / grid.rows];
};

// A veil over everything that is not alike; the browser smooths it to the picture's size.
const veil = (stage, alike, least) => {
  const { rows, columns } = side(stage), canvas = stage.querySelector("canvas");
  [canvas.width, canvas.height] = [columns, rows];
  const context = canvas.getContext("2d"), image = context.createImageData(columns, rows);
  for (let at = 0; at < alike.length; at++) {
    const lit = clamp((alike[at] - least + 0.1) / 0.2, 0, 1);
    image.data.set([8, 12, 18, Math.round(185 * (1 - lit))], 4 * at);
  }
  context.putImageData(image, 0, 0);
  canvas.hidden = false;
};

const light = (board) => {
  const [index, place] = board.dataset.point.split(",").map(Number);
  const stages = [...board.querySelectorAll(".sight-stage")], from = side(stages[index]), least = level(board);
  let share = 0;
  for (const stage of stages) {
    const alike = likeness(from, place, side(stage));
    veil(stage, alike, least);
    const mark = stage.querySelector(".sight-point");
    const at = stage === stages[index] ? place : alike.reduce((best, value, i) => (value > alike[best] ? i : best), 0);
    const { rows, columns } = side(stage);
    mark.hidden = false;
    mark.style.left = `${(100 * ((at % columns) + 0.5)) / columns}%`;
    mark.style.top = `${(100 * (Math.floor(at / columns) + 0.5)) / rows}%`;
    if (stage === stages[index]) {
      share = alike.reduce((sum, value) => sum + (value >= least), 0) / alike.length;
      board.dataset.box = index === 0 ? region(from, alike, place, least).join(",") : "";
    }
  }
  board.querySelector(".sight-share").textContent = `${Math.round(100 * share)} % of the picture is alike.`;
  const search = board.querySelector(".sight-search");
  search.disabled = !board.dataset.box;
};

const dark = (board) => {
  delete board.dataset.point;
  delete board.dataset.kept;
  board.querySelectorAll("canvas, .sight-point").forEach((node) => { node.hidden = true; });
  board.querySelector(".sight-share").textContent = "";
  board.querySelector(".sight-search").disabled = true;
};

const placeAt = (stage, event) => {
  const edge = stage.getBoundingClientRect(), { rows, columns } = side(stage);
  const column = clamp(Math.floor(((event.clientX - edge.left) / edge.width) * columns), 0, columns - 1);
  return clamp(Math.floor(((event.clientY - edge.top) / edge.height) * rows), 0, rows - 1) * columns + column;
};

const point = (stage, place, keep) => {
  const board = stage.closest(".sight");
  const index = [...board.querySelectorAll(".sight-stage")].indexOf(stage);
  board.dataset.point = `${index},${place}`;
  if (keep) board.dataset.kept = "";
  light(board);
};

element.addEventListener("pointermove", (event) => {
  const stage = event.target.closest(".sight-stage");
  if (stage && !("kept" in stage.closest(".sight").dataset)) point(stage, placeAt(stage, event), false);
});
element.addEventListener("pointerdown", (event) => {
  const stage = event.target.closest(".sight-stage");
  if (stage && !event.button) point(stage, placeAt(stage, event), true);
});
element.addEventListener("pointerout", (event) => {
  const board = event.target.closest(".sight");
  if (board && !("kept" in board.dataset) && event.target.closest(".sight-stage") && !event.relatedTarget?.closest?.(".sight-stage")) dark(board);
});
element.addEventListener("keydown", (event) => {
  const stage = event.target.closest(".sight-stage");
  if (!stage) return;
  if (event.key === "Escape") return dark(stage.closest(".sight"));
  const step = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[event.key];
  if (!step) return;
  event.preventDefault();
  const board = stage.closest(".sight"), { rows, columns } = side(stage);
  const index = [...board.querySelectorAll(".sight-stage")].indexOf(stage);
  const [of, at] = (board.dataset.point ?? "-1,0").split(",").map(Number);
  const place = of === index ? at : Math.floor(rows / 2) * columns + Math.floor(columns / 2);
  const row = clamp(Math.floor(place / columns) + step[0], 0, rows - 1), column = clamp((place % columns) + step[1], 0, columns - 1);
  point(stage, row * columns + column, true);
});
element.addEventListener("input", (event) => {
  const board = event.target.closest(".sight");
  if (!board) return;
  if (event.target.matches(".sight-blend")) board.style.setProperty("--blend", event.target.value / 100);
  if (event.target.matches(".sight-level") && board.dataset.point) light(board);
});
element.addEventListener("click", (event) => {
  const board = event.target.closest(".sight");
  if (!board) return;
  if (event.target.matches(".sight-release")) dark(board);
  if (event.target.matches(".sight-search") && board.dataset.box) {
    trigger("click", { act: "region", of: "picture", box: board.dataset.box.split(",").map(Number) });
    document.getElementById("card-similar")?.click();
  }
});
// Another picture takes the place of this one in the same nodes: the sliders stay, and what they say goes on.
new MutationObserver((changes) => {
  for (const { attributeName, target } of changes) if (attributeName === "data-vectors") dark(target.closest(".sight"));
  for (const board of element.querySelectorAll(".sight")) {
    const blend = String(board.querySelector(".sight-blend").value / 100);
    if (board.style.getPropertyValue("--blend") !== blend) board.style.setProperty("--blend", blend);
  }
}).observe(element, { childList: true, subtree: true, attributeFilter: ["style", "data-vectors"] });
