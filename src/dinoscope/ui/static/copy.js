// Puts a text into the clipboard, also over plain http, where browsers have no clipboard for scripts; says whether it did.
window.copied = async (text) => {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const before = document.activeElement, area = Object.assign(document.createElement("textarea"), { value: text, readOnly: true });
    area.style.cssText = "position: fixed; top: 0; opacity: 0;";
    document.body.append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    before?.focus({ preventScroll: true });
    return done;
  }
};
// Says on a button for a moment what came of it.
window.saidOn = (button, words, seconds = 1.5) => {
  button.dataset.words ??= button.textContent;
  button.textContent = words;
  clearTimeout(button.dataset.until);
  button.dataset.until = setTimeout(() => (button.textContent = button.dataset.words), 1000 * seconds);
};
