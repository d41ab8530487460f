// The overlay's opacity and the outline of its most salient share follow their sliders, on every map shown,
// and stay as they were set when another map takes its place.
const overlay = { opacity: 55, contour: 0 };

document.addEventListener("input", (event) => {
  if (event.target.id === "opacity-slider") overlay.opacity = Number(event.target.value);
  else if (event.target.id === "contour-slider") overlay.contour = Number(event.target.value);
  else return;
  for (const stage of document.querySelectorAll(".stage")) draw(stage);
});

new MutationObserver(() => {
  for (const stage of document.querySelectorAll(".stage:not([data-drawn])")) {
    stage.dataset.drawn = "";
    stage.querySelector(".rank").decode().then(() => draw(stage));
  }
}).observe(document.documentElement, { childList: true, subtree: true });

function draw(stage) {
  const sliders = { opacity: document.getElementById("opacity-slider"), contour: document.getElementById("contour-slider") };
  for (const [name, slider] of Object.entries(sliders)) if (slider) slider.value = overlay[name];
  const share = document.getElementById("contour-share");
  if (share) share.textContent = overlay.contour ? `${overlay.contour} %` : "none";
  stage.querySelector(".heat").style.opacity = overlay.opacity / 100;
  outline(stage, overlay.contour / 100);
}

// `.rank` holds, for each pixel, the share of the map below it as a grey level: what is brighter than a level is the
// most salient share of the picture, whatever the scale of the map.
function outline(stage, share) {
  const rank = stage.querySelector(".rank");
  const canvas = stage.querySelector(".contour");
  const [w, h, zoom] = [rank.naturalWidth, rank.naturalHeight, 4];
  [canvas.width, canvas.height] = [w * zoom, h * zoom];
  if (!share) return;
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(rank, 0, 0);
  const grey = context.getImageData(0, 0, w, h).data;
  context.clearRect(0, 0, canvas.width, canvas.height);
  const inside = (x, y) => x >= 0 && y >= 0 && x < w && y < h && grey[4 * (y * w + x)] > 255 * (1 - share);
  context.beginPath();
  for (let y = 0; y <= h; y++) {
    for (let x = 0; x <= w; x++) {
      if (inside(x, y) !== inside(x - 1, y)) { context.moveTo(x * zoom, y * zoom); context.lineTo(x * zoom, (y + 1) * zoom); }
      if (inside(x, y) !== inside(x, y - 1)) { context.moveTo(x * zoom, y * zoom); context.lineTo((x + 1) * zoom, y * zoom); }
    }
  }
  for (const [colour, width] of [["#0b0f14", 2.2], ["#ffffff", 1]]) {
    context.strokeStyle = colour;
    context.lineWidth = (width * Math.max(w, h) * zoom) / 320;
    context.lineCap = "round";
    context.stroke();
  }
}

// Who has to wait for a map reads the place in the queue on its card, and how long that took so far.
setInterval(() => {
  const line = document.querySelector("#card-explain .still ~ .line");
  if (!line) return;
  line.dataset.before ??= line.textContent;
  const told = document.querySelector("#explain-answer .progress-text")?.textContent ?? "";
  const [, place, all, seconds] = /queue: (\d+)\/(\d+)[\s|]*([\d.]+)/.exec(told) ?? [];
  const said = place ? `Waiting for its turn: place ${place} of ${all}, ${Math.round(seconds)} s so far.` : line.dataset.before;
  if (line.textContent !== said) line.textContent = said;
}, 500);
