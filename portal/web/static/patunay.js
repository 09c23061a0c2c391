// What is nicer with a script and works without: times in the reader's own zone, states that change by themselves, copying a link, dropping a file anywhere.
"use strict";
for (const element of document.querySelectorAll("time[data-moment]")) {
  const moment = new Date(element.dateTime);
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (!Number.isNaN(moment.getTime()) && zone !== element.dataset.moment) {
    const how = { day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
    const parts = new Intl.DateTimeFormat(document.documentElement.lang === "fil" ? "fil-PH" : "en-GB", how).formatToParts(moment);
    const { day, month, year, hour, minute } = Object.fromEntries(parts.map((part) => [part.type, part.value]));
    element.append(`\u00a0· ${day} ${month} ${year}, ${hour}:${minute} (${zone})`);
  }
}
// A hub believes a script of a page only with the page's token: other people's servers stand on the same host.
const token = document.body.dataset.token;
for (const element of document.querySelectorAll("[data-live]")) {
  const source = new EventSource(`${element.dataset.live}${element.dataset.live.includes("?") ? "&" : "?"}_xsrf=${encodeURIComponent(token)}`);
  const part = { target: `#${element.id}`, select: `#${element.id}`, swap: "outerHTML", headers: { "X-XSRFToken": token } };
  source.addEventListener("changed", () => window.htmx.ajax("GET", location.href, part));
  source.addEventListener("done", () => { source.close(); location.reload(); });
}
// On a phone a table that is wider than the screen, or squeezed until a row is taller than seven lines, becomes cards, a row each, where every value
// stands behind the name of its column.
const phone = window.matchMedia("(max-width: 36rem)");
const TALL_PX = 180;
function fits(table) {
  return table.scrollWidth <= table.parentElement.clientWidth && !table.classList.contains("lines")
    && ![...table.tBodies[0].rows].some((row) => row.cells.length > 1 && row.offsetHeight > TALL_PX && !row.querySelector("svg, img"));
}
function stack() {
  for (const table of document.querySelectorAll(".wide > table")) {
    table.classList.remove("stacked");
    if (!phone.matches || fits(table)) continue;
    table.classList.add("stacked");
    // Who listens to the page must hear a table still, although it is not laid out as one.
    const roles = { table: [table], rowgroup: table.querySelectorAll("thead, tbody"), row: table.rows, columnheader: table.querySelectorAll("thead th"),
      rowheader: table.querySelectorAll("tbody th"), cell: table.querySelectorAll("td") };
    for (const [role, elements] of Object.entries(roles)) for (const element of elements) element.setAttribute("role", role);
    const names = [...table.querySelectorAll("thead th")].map((heading) => (heading.querySelector("a") ?? heading).firstChild?.textContent.trim() ?? "");
    for (const row of table.tBodies[0].rows) for (const [place, value] of [...row.cells].entries()) {
      value.dataset.label = names[place] ?? "";
      value.classList.toggle("nothing", ["", "—"].includes(value.textContent.trim()) && !value.querySelector("svg, input, img"));
    }
  }
}
stack();
phone.addEventListener("change", stack);
document.addEventListener("htmx:afterSettle", stack);
document.addEventListener("toggle", stack, true);
for (const button of document.querySelectorAll("button[data-copy]")) {
  button.hidden = false;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(button.dataset.copy);
    button.textContent = button.dataset.done;
  });
}
// A web server breaks off what is too large, without a word.
function weigh(field) {
  const bytes = [...field.files].reduce((sum, file) => sum + file.size, 0);
  field.setCustomValidity(bytes > field.dataset.megabytes * 2 ** 20 ? field.dataset.tooLarge : "");
}
for (const field of document.querySelectorAll("input[type=file][data-megabytes]")) {
  field.addEventListener("change", () => { weigh(field); field.reportValidity(); });
}
for (const field of document.querySelectorAll("input[type=file][data-drop]")) {
  // A file that misses the small field would otherwise be opened by the browser, and the page be gone.
  const carriesFile = (event) => event.dataTransfer && [...event.dataTransfer.types].includes("Files");
  const light = (on) => document.body.classList.toggle("dropping", on);
  for (const told of document.querySelectorAll("[data-drop-told]")) told.hidden = false;
  document.addEventListener("dragover", (event) => { if (carriesFile(event)) { event.preventDefault(); light(true); } });
  document.addEventListener("dragleave", (event) => { if (!event.relatedTarget) light(false); });
  document.addEventListener("drop", (event) => {
    if (!carriesFile(event)) return;
    event.preventDefault();
    light(false);
    if (!event.dataTransfer.files.length) return;
    field.files = event.dataTransfer.files;
    weigh(field);
    field.form.requestSubmit();
  });
}
