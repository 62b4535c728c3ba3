"use strict";
// Sorts and filters the tables. Without it the page is the same, in the order it was written.
(() => {
  const hide = document.getElementById("hide-names");
  const said = document.getElementById("said");
  const shown = (cell) => cell.innerText.trim();

  // What a cell is sorted by: a number where it has one, else the words that can be seen now.
  const key = (row, column) => {
    const cell = row.cells[column];
    const value = cell.dataset.value;
    if (value === undefined) return shown(cell).toLocaleLowerCase();
    return value === "" ? NaN : Number(value);
  };

  const compare = (a, b) => {
    if (typeof a === "string" || typeof b === "string") {
      return String(a).localeCompare(String(b), "en", { numeric: true });
    }
    return a - b;
  };

  const sort = (table, column, direction) => {
    const body = table.tBodies[0];
    const rows = [...body.rows].map((row) => [key(row, column), row]);
    const empty = ([value]) => Number.isNaN(value) || value === "";
    rows.sort(([a, x], [b, y]) => {
      if (empty([a]) || empty([b])) return Number(empty([a])) - Number(empty([b]));
      return direction * compare(a, b);
    });
    body.append(...rows.map(([, row]) => row));
    for (const head of table.tHead.rows[0].cells) head.removeAttribute("aria-sort");
    const head = table.tHead.rows[0].cells[column];
    head.setAttribute("aria-sort", direction > 0 ? "ascending" : "descending");
    return shown(head);
  };

  for (const table of document.querySelectorAll("table.sorts")) {
    for (const head of table.tHead.rows[0].cells) {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => {
        const now = head.getAttribute("aria-sort");
        const first = head.matches(".number, .most-first") ? "descending" : "ascending";
        const other = first === "ascending" ? "descending" : "ascending";
        const next = now === first ? other : first;
        const name = sort(table, head.cellIndex, next === "ascending" ? 1 : -1);
        said.textContent = `Sorted by ${name}, ${next}.`;
      });
    }
  }

  for (const form of document.querySelectorAll(".filters")) {
    const table = document.getElementById(form.dataset.table);
    const [word, state] = [form.querySelector("input"), form.querySelector("select")];
    const count = form.querySelector("output");
    const filter = () => {
      const wanted = word.value.trim().toLocaleLowerCase();
      const rows = [...table.tBodies[0].rows];
      for (const row of rows) row.hidden = false;
      // Of the first cell only what can be seen is searched: a hidden name is not found.
      const texts = rows.map((row) =>
        [shown(row.cells[0]), ...[...row.cells].slice(1).map((cell) => cell.textContent)].join(" "));
      let left = 0;
      rows.forEach((row, i) => {
        const states = (row.dataset.states || "").split(" ");
        const fits = texts[i].toLocaleLowerCase().includes(wanted);
        row.hidden = !(fits && (!state.value || states.includes(state.value)));
        left += row.hidden ? 0 : 1;
      });
      count.textContent = `${left} of ${rows.length} shown`;
    };
    form.hidden = false;
    form.addEventListener("input", filter);
    form.addEventListener("submit", (event) => event.preventDefault());
    hide.addEventListener("change", filter);
    filter();
  }

  // The order of names would give them away: hidden, the rows follow the numbers.
  hide.addEventListener("change", () => {
    for (const table of document.querySelectorAll("table.people")) {
      sort(table, 0, 1);
    }
    said.textContent = hide.checked ? "Names are hidden." : "Names are shown.";
  });
  // A browser that comes back to the page keeps the tick, and says nothing of it.
  if (hide.checked) hide.dispatchEvent(new Event("change"));
})();
