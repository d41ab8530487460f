// Tells the page which example was pressed, which one the address asks for, or which one Back and Forward lead to.
const take = (example) => {
  if (example && example !== document.getElementById("case-picture")?.dataset.example) trigger("click", { example });
};
element.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-example]");
  if (button) trigger("click", { example: button.dataset.example });
});
window.addEventListener("popstate", () => take(new URLSearchParams(location.search).get("example") ?? dinoscope.arrival));
take(dinoscope.asked);
