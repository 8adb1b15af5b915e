"use strict";
// Tables as CSV files, for spreadsheets and notebooks.
const Csv = (() => {
  // A text that a spreadsheet would take for a formula begins with a quote: names may come from anywhere.
  const cell = (value) => {
    if (value === null || value === undefined) return "";
    if (typeof value === "number") return String(value);
    const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : String(value);
    return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };

  const text = (rows) => rows.map((row) => `${row.map(cell).join(",")}\r\n`).join("");

  const download = (name, rows) => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([text(rows)], { type: "text/csv" }));
    link.download = `${name.replace(/[^\p{L}\p{N}]+/gu, "-")}.csv`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  };

  // A button that saves what `rows` returns then, an array of arrays with the heads first.
  const button = (name, what, rows) => {
    const made = document.createElement("button");
    Object.assign(made, { type: "button", className: "csv", textContent: "CSV", ariaLabel: `Save ${what} as CSV` });
    made.addEventListener("click", () => download(name, rows()));
    return made;
  };

  return { text, button };
})();
