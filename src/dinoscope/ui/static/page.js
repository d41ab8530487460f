// Two things no widget does: a picture pasted anywhere on the page is uploaded, and on a phone the answer peeks up from
// below until it is in view.
document.addEventListener("paste", (event) => {
  const file = [...(event.clipboardData?.files ?? [])].find((f) => f.type.startsWith("image/"));
  const input = document.querySelector("#drop input[type=file]");
  if (!file || !input) return;
  const carrier = new DataTransfer();
  carrier.items.add(file);
  input.files = carrier.files;
  input.dispatchEvent(new Event("change", { bubbles: true }));
});
const seen = new IntersectionObserver((entries) => {
  for (const entry of entries) document.body.classList.toggle("reading-in-view", entry.isIntersecting);
});
new MutationObserver((_, watcher) => {
  const readings = document.getElementById("readings");
  if (!readings) return;
  watcher.disconnect();
  seen.observe(readings);
}).observe(document, { childList: true, subtree: true });
