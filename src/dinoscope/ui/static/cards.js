// The three cards are the tabs of what unfolds below them: click, Enter, arrows, Home and End, as tabs anywhere else.
// What is on the page stays in the address - example, task, open card, method, class, case -, so that a reload, Back,
// Forward and a link lead to it; of a picture that is no example the open card alone. Of a visitor's own one the history
// holds its number among those of this tab, counted from 1; of one that cannot be brought again, such as a drawing, 0.
const KEYS = ["example", "task", "method", "class", "case"];
const ROOMS = ["classify", "explain", "similar"];
const inAddress = () => {
  const query = new URLSearchParams(location.search);
  return Object.fromEntries([...KEYS, "open"].map((key) => [key, query.get(key) ?? ""]));
};
// `asked` is what an address asks for and the page does not show yet.
const visit = Object.assign(window.dinoscope, { asked: inAddress(), arrival: null, inAddress });
const cardOf = (room) => document.getElementById(`card-${room}`);

function open(room, focus) {
  document.body.dataset.card = room;
  for (const name of ROOMS) {
    const mine = name === room;
    cardOf(name)?.setAttribute("aria-selected", mine);
    cardOf(name)?.setAttribute("tabindex", mine ? "0" : "-1");
  }
  if (focus) cardOf(room)?.focus();
  remember();
}

// Where the cards stand one below the other, what a tap unfolds would lie below the screen.
function unroll(room) {
  open(room);
  if (!matchMedia("(max-width: 760px)").matches) return;
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  document.getElementById(`panel-${room}`)?.scrollIntoView({ behavior: calm ? "instant" : "smooth", block: "start" });
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
  const asked = inAddress().open;
  unfold(asked);
}

// What the page shows; undefined for an answer that is on its way.
function onPage() {
  const said = (panel, marked, name) => {
    const box = document.querySelector(`#${panel} [data-${marked}]`);
    return box ? box.dataset[name] : document.querySelector(`#${panel} .error`) ? "" : undefined;
  };
  return { example: document.getElementById("case-picture")?.dataset.example, task: said("classify-answer", "asked", "asked"),
    method: said("explain-answer", "method", "method"), class: said("explain-answer", "class", "class"),
    case: said("similar-answer", "case", "case") };
}

// Whether the page shows what an address asks for.
visit.reached = (asked) => {
  const found = onPage();
  return KEYS.every((key) => found[key] === (asked[key] || (key === "example" ? visit.arrival : "")));
};

// The number of the picture that is shown; null of an example. What was chosen last is what an upload shows.
let seen, number = null;
function ownNumber() {
  const picture = document.getElementById("case-picture"), source = picture?.getAttribute("src");
  if (source !== seen) number = picture?.dataset.example ? null : "uploaded" in (picture?.dataset ?? {}) ? visit.own.length : 0;
  seen = source;
  return number;
}

let settled = false, shown;
function remember() {
  const own = ownNumber();
  const found = onPage(), now = inAddress(), whole = KEYS.every((key) => found[key] !== undefined);
  if (found.example === undefined || !document.body.dataset.card) return;
  if (visit.asked) {
    visit.asked.begun ||= visit.asked.sent && !whole;
    const there = visit.asked.own ? own > visit.asked.before : visit.reached(visit.asked) || (visit.asked.begun && whole);
    if (!there) return; // it is on its way
    visit.asked = null;
    [shown, settled] = [own ?? found.example, false];
  }
  const other = shown !== undefined && (own ?? found.example) !== shown;
  const kept = {};
  const began = other || (own === null && settled && whole && KEYS.some((key) => found[key] !== now[key] && !(key === "example" && !now[key])));
  shown = own ?? found.example;
  settled = whole;
  for (const key of KEYS) kept[key] = own !== null ? "" : found[key] ?? (other ? "" : now[key]);
  // The arrival needs no name, unless something else is asked about it.
  if (kept.example === visit.arrival && KEYS.every((key) => key === "example" || !kept[key])) kept.example = "";
  const level = document.querySelector("#levels button[role=tab][aria-selected=true]")?.textContent.trim().toLowerCase();
  kept.open = level && level !== "this picture" ? level : document.body.dataset.card === "classify" ? "" : document.body.dataset.card ?? "";
  const query = new URLSearchParams(location.search);
  for (const [key, value] of Object.entries(kept)) value ? query.set(key, value) : query.delete(key);
  const wanted = `${location.pathname}${query.size ? `?${query}` : ""}${location.hash}`;
  const same = wanted === `${location.pathname}${location.search}${location.hash}` && (history.state?.own ?? null) === own;
  if (!same) history[began ? "pushState" : "replaceState"]({ own }, "", wanted);
}

function mark() {
  const example = document.getElementById("case-picture")?.dataset.example;
  visit.arrival ??= example ?? null;
  remember();
  for (const button of document.querySelectorAll("#examples [data-example]"))
    if (button.getAttribute("aria-pressed") !== String(button.dataset.example === example))
      button.setAttribute("aria-pressed", button.dataset.example === example);
}

// Which card, or which tab of the level above, an address asks for.
function unfold(wanted) {
  const tabs = [...document.querySelectorAll("#levels button[role=tab]")];
  const level = tabs.find((tab) => tab.textContent.trim().toLowerCase() === wanted) ?? tabs.find((tab) => tab.textContent.trim() === "This picture");
  if (level?.getAttribute("aria-selected") === "false") level.click();
  open(ROOMS.includes(wanted) ? wanted : document.body.dataset.card ?? "classify");
}
window.addEventListener("popstate", (event) => {
  const wanted = inAddress();
  if (!wanted.open) document.body.dataset.card = "classify";
  const own = event.state?.own ?? null;
  visit.lost = own !== null && !visit.own[own - 1]; // the picture stays that is shown
  visit.asked = visit.lost ? null : own ? { own, before: visit.own.length } : wanted;
  unfold(wanted.open);
});

new MutationObserver(() => { mark(); name(); }).observe(document.documentElement, { childList: true, subtree: true, attributeFilter: ["data-example", "data-method", "data-class", "data-case", "data-asked"] });

document.addEventListener("click", (event) => {
  if (event.target.closest?.("#levels button[role=tab]")) setTimeout(remember);
  const card = event.target.closest?.("#cards > .card-tab");
  if (card) unroll(card.id.replace("card-", ""));
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
