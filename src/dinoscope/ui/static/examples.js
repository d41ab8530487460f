// Tells the page which example was pressed, or what an address asks for: at the start, and where Back and Forward lead.
const take = (wanted, there) => {
  const { example, task, method, class: target, case: other } = wanted;
  if (there) return void (dinoscope.asked = null);
  dinoscope.asked = { ...wanted, sent: true };
  trigger("click", { example: example || dinoscope.arrival, task, method, class: target, case: other });
};
element.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-example]");
  if (button) trigger("click", { example: button.dataset.example });
});
window.addEventListener("popstate", () => {
  if (dinoscope.lost) return;
  if (dinoscope.asked?.own) dinoscope.take(dinoscope.own[dinoscope.asked.own - 1]);
  else take(dinoscope.inAddress(), dinoscope.reached(dinoscope.inAddress()));
});
// The page begins with its arrival, finished.
const begun = document.getElementById("case-picture")?.dataset.example ?? "";
const { open: _, example, ...more } = dinoscope.inAddress();
take({ example, ...more }, !begun || ((example || begun) === begun && !Object.values(more).some(Boolean)));
