// The three cards are the tabs of what unfolds below them: click, Enter, arrows, Home and End, as tabs anywhere else.
// Which one is open stays in the address, beside the example; a visitor's own picture never goes there.
const visit = window.dinoscope = { asked: new URLSearchParams(location.search).get("example"), arrival: null };
const ROOMS = ["classify", "explain", "similar"];
const cardOf = (room) => document.getElementById(`card-${room}`);

function open(room, focus) {
  document.body.dataset.card = room;
  for (const name of ROOMS) {
    const mine = name === room;
    cardOf(name)?.setAttribute("aria-selected", mine);
    cardOf(name)?.setAttribute("tabindex", mine ? "0" : "-1");
  }
  if (focus) cardOf(room)?.focus();
  address("replace");
}

// Gradio's containers take no roles of their own, so they are named once they are there.
function name() {
  if (!cardOf("similar") || !document.getElementById("panel-similar") || document.getElementById("cards").role === "tablist") return;
  const list = document.getElementById("cards");
  list.setAttribute("role", "tablist");
  list.setAttribute("aria-label", "Answers about this picture");
  for (const room of ROOMS) {
    const panel = document.getElementById(`panel-${room}`);
    cardOf(room).setAttribute("role", "tab");
    cardOf(room).setAttribute("aria-controls", panel.id);
    panel.setAttribute("role", "tabpanel");
    panel.setAttribute("aria-label", cardOf(room).querySelector(".title")?.textContent ?? room);
  }
  const asked = new URLSearchParams(location.search).get("open");
  open(ROOMS.includes(asked) ? asked : document.body.dataset.card ?? "classify");
}

function address(how) {
  const example = document.getElementById("case-picture")?.dataset.example ?? "";
  if (visit.asked && visit.asked !== example) return; // it is on its way
  visit.asked = null;
  const query = new URLSearchParams(location.search), card = document.body.dataset.card;
  const kept = { example: example === visit.arrival ? "" : example, open: card === "classify" ? "" : card };
  for (const [key, value] of Object.entries(kept)) value ? query.set(key, value) : query.delete(key);
  const wanted = `${location.pathname}${query.size ? `?${query}` : ""}${location.hash}`;
  if (wanted !== `${location.pathname}${location.search}${location.hash}`) history[`${how}State`](null, "", wanted);
}

let shown;
function mark() {
  const example = document.getElementById("case-picture")?.dataset.example;
  visit.arrival ??= example ?? null;
  if (shown !== undefined && example !== undefined && example !== shown) address("push");
  shown = example ?? shown;
  for (const button of document.querySelectorAll("#examples [data-example]"))
    if (button.getAttribute("aria-pressed") !== String(button.dataset.example === example))
      button.setAttribute("aria-pressed", button.dataset.example === example);
}

new MutationObserver(() => { mark(); name(); }).observe(document.documentElement, { childList: true, subtree: true, attributeFilter: ["data-example"] });

document.addEventListener("click", (event) => {
  const card = event.target.closest?.("#cards > .card-tab");
  if (card) open(card.id.replace("card-", ""));
});
document.addEventListener("keydown", (event) => {
  const card = event.target.closest?.("#cards > .card-tab");
  if (!card || event.target !== card) return;
  const place = ROOMS.indexOf(card.id.replace("card-", ""));
  const to = { ArrowRight: place + 1, ArrowDown: place + 1, ArrowLeft: place + 2, ArrowUp: place + 2, Home: 0, End: 2, Enter: place, " ": place }[event.key];
  if (to === undefined) return;
  event.preventDefault();
  open(ROOMS[to % 3], true);
});
