// Two things no widget does: a picture pasted anywhere on the page is uploaded, and the overlay's opacity follows its slider.
document.addEventListener("paste", (event) => {
  const file = [...(event.clipboardData?.files ?? [])].find((f) => f.type.startsWith("image/"));
  const input = document.querySelector("#drop input[type=file]");
  if (!file || !input) return;
  const carrier = new DataTransfer();
  carrier.items.add(file);
  input.files = carrier.files;
  input.dispatchEvent(new Event("change", { bubbles: true }));
});
document.addEventListener("input", (event) => {
  if (event.target.id !== "opacity-slider") return;
  const heat = document.querySelector(".stage .heat");
  if (heat) heat.style.opacity = event.target.value / 100;
});
