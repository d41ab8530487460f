// Tells the page which example was pressed, or which one Back and Forward lead to.
element.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-example]");
  if (button) trigger("click", { example: button.dataset.example });
});
window.addEventListener("popstate", () => {
  const example = new URLSearchParams(location.search).get("example") ?? element.querySelector("[data-example]")?.dataset.example;
  if (example && example !== document.getElementById("case-picture")?.dataset.example) trigger("click", { example });
});
