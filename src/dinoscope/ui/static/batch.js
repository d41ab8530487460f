// Sorts the table by a column, and opens the picture of a row as the one in front of the visitor.
element.addEventListener("click", (event) => {
  const row = event.target.closest("button[data-row]");
  if (row) {
    trigger("click", { row: Number(row.dataset.row) });
    document.querySelector('#levels button[role="tab"]')?.click();
    return;
  }
  const button = event.target.closest("button[data-sort]");
  if (!button) return;
  const head = button.closest("th"), table = button.closest("table");
  const column = [...head.parentNode.children].indexOf(head);
  const down = head.getAttribute("aria-sort") === "ascending";
  for (const other of head.parentNode.children) other.removeAttribute("aria-sort");
  head.setAttribute("aria-sort", down ? "descending" : "ascending");
  const count = head.parentNode.children.length;
  // A picture that could not be read has one cell in place of its answers, between its name and its label.
  const value = (line) => {
    const place = line.querySelector(".error-cell") ? { 0: 0, [count - 1]: line.children.length - 1 }[column] : column;
    return line.children[place]?.dataset.value ?? "";
  };
  const numeric = head.classList.contains("col-number");
  const compare = numeric ? (a, b) => Number(value(a) || -1) - Number(value(b) || -1)
    : (a, b) => value(a).localeCompare(value(b), undefined, { numeric: true });
  const lines = [...table.tBodies[0].rows].sort(compare);
  table.tBodies[0].append(...(down ? lines.reverse() : lines));
});
