// SPDX-License-Identifier: Apache-2.0
// Sorts tables by their headers (click, Enter, Space) and shows where a figure comes from where there is no mouse.
"use strict";
(function () {
  // What a cell is sorted by: its value, else the number it begins with, else its text; null = not known, goes last.
  function keyOf(cell) {
    var text = cell.textContent.trim();
    if (cell.dataset.v !== undefined) return parseFloat(cell.dataset.v);
    if (text === "" || text === "-") return null;
    var number = /^[^\d+-]{0,2}\s*(-?\d+(?:\.\d+)?)(?:\s*([kMG])\b|[^A-Za-z]|$)/.exec(text);
    return number ? parseFloat(number[1]) * ({ k: 1e3, M: 1e6, G: 1e9 }[number[2]] || 1) : text.toLowerCase();
  }

  function compare(a, b) {
    if (a === null || b === null) return (a === null) - (b === null);
    if (typeof a === "number" && typeof b === "number") return a - b;
    if (typeof a !== typeof b) return typeof a === "number" ? -1 : 1;
    return a < b ? -1 : a > b ? 1 : 0;
  }

  function sort(table, header, column) {
    var was = header.getAttribute("aria-sort"), body = table.tBodies[0];
    var first = header.classList.contains("n") && header.dataset.better === "more" ? "descending" : "ascending";
    var second = first === "ascending" ? "descending" : "ascending";
    var now = was === first ? second : was === second ? "none" : first;
    table.querySelectorAll("thead th").forEach(function (h) { h.removeAttribute("aria-sort"); });
    var rows = Array.from(table.original);
    if (now !== "none") {
      header.setAttribute("aria-sort", now);
      var sign = now === "ascending" ? 1 : -1;
      rows = rows.filter(function (r) { return !r.classList.contains("group"); })
        .map(function (r, i) { return { row: r, key: keyOf(r.cells[column]), i: i }; })
        .sort(function (a, b) {
          var known = (a.key === null) - (b.key === null);
          return known || sign * compare(a.key, b.key) || a.i - b.i;
        })
        .map(function (x) { return x.row; })
        .concat(rows.filter(function (r) { return r.classList.contains("group"); }));
    }
    table.classList.toggle("sorted", now !== "none");
    rows.forEach(function (r) { body.appendChild(r); });
  }

  document.querySelectorAll("table.sortable").forEach(function (table) {
    var column = 0;
    table.original = Array.from(table.tBodies[0].rows);
    Array.from(table.tHead.rows[0].cells).forEach(function (header) {
      var at = column, button = document.createElement("button");
      column += header.colSpan;
      if (header.classList.contains("pm") || !header.textContent.trim()) return;
      button.type = "button";
      while (header.firstChild) button.appendChild(header.firstChild);
      header.appendChild(button);
      button.addEventListener("click", function () { sort(table, header, at); });
    });
  });

  // A tap on a figure writes its source under the table.
  document.querySelectorAll(".from").forEach(function (line) {
    var table = line.previousElementSibling.querySelector("table"), picked = null;
    table.addEventListener("click", function (event) {
      var cell = event.target.closest("td[title]");
      if (picked) picked.classList.remove("picked");
      picked = cell;
      line.textContent = cell ? cell.title : "";
      if (cell) cell.classList.add("picked");
    });
  });

  // Paper has nothing to click on.
  window.addEventListener("beforeprint", function () {
    document.querySelectorAll("details:not(.long)").forEach(function (d) { d.open = true; });
  });
})();
