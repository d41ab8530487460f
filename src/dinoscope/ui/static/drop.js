// Many at once - several files, a folder, a ZIP archive - go to Batch, however they came; a single picture is read.
const PICTURE = "#drop input[type=file]", BATCH = "#batch-drop input[type=file]";
const packed = (file) => /\.zip$/i.test(file.name) || /^application\/(x-)?zip/.test(file.type);
const many = (files) => files.length > 1 || files.some(packed);
const tab = (name) => [...document.querySelectorAll("#levels button[role=tab]")].find((b) => b.textContent.trim() === name);

async function toBatch(files) {
  tab("Batch")?.click();
  let input;
  for (let tries = 0; tries < 100 && !(input = document.querySelector(BATCH)); tries++) await new Promise((go) => setTimeout(go, 50));
  if (!input) return;
  const carrier = new DataTransfer();
  for (const file of files) carrier.items.add(file);
  input.files = carrier.files;
  input.dispatchEvent(new Event("change", { bubbles: true }));
}

// Why a folder is not sent, below the button that takes pictures.
function say(sentence) {
  document.getElementById("drop-said")?.remove();
  if (!sentence) return;
  const box = Object.assign(document.createElement("div"), { id: "drop-said", className: "error", textContent: sentence });
  box.setAttribute("role", "alert");
  document.getElementById("drop").after(box);
}
document.addEventListener("change", (event) => event.target.matches?.(`${PICTURE}, ${BATCH}`) && say(""), true);

// Each takes the event before the page's own listeners, and leaves them what is a single picture.
window.addEventListener("drop", async (event) => {
  const entries = [...(event.dataTransfer?.items ?? [])].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  const files = [...(event.dataTransfer?.files ?? [])], folders = entries.some((entry) => entry.isDirectory);
  if (!folders && !many(files)) {
    if (files.length) tab("This picture")?.click();
    return;
  }
  event.preventDefault();
  event.stopImmediatePropagation();
  document.body.classList.remove("dropping");
  say("");
  try {
    toBatch(folders ? [await archive(entries)] : files);
  } catch (fault) {
    say(fault.message);
  }
}, true);
window.addEventListener("paste", (event) => {
  const files = [...(event.clipboardData?.files ?? [])];
  if (!many(files)) {
    if (files.length || (event.clipboardData?.getData("text/plain") ?? "").startsWith("data:image/")) tab("This picture")?.click();
    return;
  }
  event.stopImmediatePropagation();
  toBatch(files);
}, true);
window.addEventListener("change", (event) => {
  const files = [...(event.target.files ?? [])];
  if (!event.target.matches?.(PICTURE) || !many(files)) return;
  event.stopImmediatePropagation();
  event.target.value = "";
  toBatch(files);
}, true);

// A folder as a ZIP archive without compression, so that the folders in it arrive as labels.
const TABLE = Uint32Array.from({ length: 256 }, (_, n) => {
  for (let bit = 0; bit < 8; bit++) n = n & 1 ? 0xedb88320 ^ (n >>> 1) : n >>> 1;
  return n;
});
function checksum(bytes) {
  let sum = ~0;
  for (const byte of bytes) sum = TABLE[(sum ^ byte) & 255] ^ (sum >>> 8);
  return ~sum >>> 0;
}
const tried = (reading, path) => reading.catch(() => {
  throw new Error(`“${path}” cannot be read: leave it out, or choose the pictures themselves.`);
});
async function* below(entry, path = "") {
  const name = path + entry.name;
  if (entry.isFile) return yield [name, await tried(new Promise((take, fail) => entry.file(take, fail)), name)];
  const reader = entry.createReader();
  for (;;) {
    const part = await tried(new Promise((take, fail) => reader.readEntries(take, fail)), name);
    if (!part.length) return;
    for (const inner of part) yield* below(inner, `${path}${entry.name}/`);
  }
}
// Fields of a record, each as [bytes, value].
function record(...fields) {
  const bytes = new Uint8Array(fields.reduce((sum, [size]) => sum + size, 0));
  let at = 0;
  for (const [size, value] of fields) for (let i = 0; i < size; i++) bytes[at++] = (value / 2 ** (8 * i)) & 255;
  return bytes;
}
async function archive(entries) {
  const parts = [], contents = [];
  const most = Number(document.querySelector("[data-most]").dataset.most);
  let offset = 0, listed = 0;
  for (const entry of entries)
    for await (const [path, file] of below(entry)) {
      if (contents.length === 2 * most) throw new Error(`“${entries[0].name}” holds more than ${most.toLocaleString("en")} files, the limit. Send it in parts.`);
      const bytes = new Uint8Array(await tried(file.arrayBuffer(), path)), name = new TextEncoder().encode(path);
      // UTF-8 names, stored, 1 January 1980.
      const facts = [[2, 20], [2, 0x800], [2, 0], [2, 0], [2, 33], [4, checksum(bytes)], [4, bytes.length], [4, bytes.length], [2, name.length], [2, 0]];
      const head = record([4, 0x04034b50], ...facts);
      const line = record([4, 0x02014b50], [2, 20], ...facts, [2, 0], [2, 0], [2, 0], [4, 0], [4, offset]);
      parts.push(head, name, bytes);
      contents.push(line, name);
      offset += head.length + name.length + bytes.length;
      listed += line.length + name.length;
    }
  const count = contents.length / 2;
  const end = record([4, 0x06054b50], [2, 0], [2, 0], [2, count], [2, count], [4, listed], [4, offset], [2, 0]);
  return new File([...parts, ...contents, end], `${entries[0].name}.zip`, { type: "application/zip" });
}
