// What is nicer with a script and works without: times in the reader's own zone, states that change by themselves, copying a link.
"use strict";
for (const element of document.querySelectorAll("time[data-moment]")) {
  const moment = new Date(element.dateTime);
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (!Number.isNaN(moment.getTime()) && zone !== "Asia/Manila") {
    const told = moment.toLocaleString(document.documentElement.lang, { dateStyle: "medium", timeStyle: "short" });
    element.append(` · ${told} (${zone})`);
  }
}
for (const element of document.querySelectorAll("[data-live]")) {
  const source = new EventSource(element.dataset.live);
  source.addEventListener("changed", () => window.htmx.ajax("GET", location.href, { target: `#${element.id}`, select: `#${element.id}`, swap: "outerHTML" }));
  source.addEventListener("done", () => { source.close(); location.reload(); });
}
for (const button of document.querySelectorAll("button[data-copy]")) {
  button.hidden = false;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(button.dataset.copy);
    button.textContent = button.dataset.done;
  });
}
