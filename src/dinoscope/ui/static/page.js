// What no widget does: the whole page takes what is dropped or pasted, one file or many, and never leaves for a file.
// A visitor's own pictures never go into an address: they stay in this tab's memory, for Back and Forward to lead to.
const visit = window.dinoscope = { own: [], take };
function take(files) {
  const input = document.querySelector("#drop input[type=file]");
  if (!files.length || !input) return;
  const carrier = new DataTransfer();
  for (const file of files) carrier.items.add(file);
  input.files = carrier.files;
  input.dispatchEvent(new Event("change", { bubbles: true }));
}
// However it came: dropped, pasted, by the camera, or chosen in the browser's own dialogue.
document.addEventListener("change", (event) => {
  if (event.target.matches?.("#drop input[type=file]") && event.target.files.length) visit.own.push([...event.target.files]);
}, true);
const carriesFiles = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");
for (const kind of ["dragenter", "dragover", "dragleave", "drop"]) {
  window.addEventListener(kind, (event) => {
    if (!carriesFiles(event)) return;
    event.preventDefault();
    event.stopPropagation();
    const left = kind === "dragleave" && event.relatedTarget;
    if (kind !== "dragleave" || !left) document.body.classList.toggle("dropping", kind.startsWith("drage") || kind === "dragover");
    if (kind === "drop") take([...event.dataTransfer.files]);
  }, true);
}
document.addEventListener("paste", async (event) => {
  const files = [...(event.clipboardData?.files ?? [])];
  if (files.length) return take(files);
  const text = event.clipboardData?.getData("text/plain") ?? "";
  if (!/^data:image\/[\w.+-]+;base64,[A-Za-z0-9+/=\s]+$/.test(text.trim())) return;
  event.preventDefault();
  const [head, body] = text.trim().split(",");
  const bytes = Uint8Array.from(atob(body.replace(/\s/g, "")), (letter) => letter.charCodeAt(0));
  take([new File([bytes], "pasted picture", { type: head.slice(5).split(";")[0] })]);
});
// A slider that was moved by keys is let go with the key, as Gradio knows of pointers alone.
document.addEventListener("keyup", (event) => {
  if (event.target.matches?.("#frame input[type=range], #how-many input[type=range]") && /^(Arrow|Page|Home|End)/.test(event.key))
    event.target.dispatchEvent(new PointerEvent("pointerup", { bubbles: true }));
});
