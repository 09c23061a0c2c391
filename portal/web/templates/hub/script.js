"use strict";
// A server that starts tells how far it is; then, or if it failed, the hub has another page at this address.
const again = (milliseconds) => setTimeout(() => location.reload(), milliseconds);
const starting = document.querySelector("[data-events]");
if (starting) {
  const bar = starting.querySelector("progress");
  const lines = starting.querySelector("ul");
  const source = new EventSource(starting.dataset.events);
  source.addEventListener("message", (event) => {
    const told = JSON.parse(event.data);
    if (typeof told.progress === "number") bar.value = told.progress;
    if (told.message) {
      const line = document.createElement("li");
      line.textContent = told.message;
      lines.append(line);
    }
    if (told.ready || told.failed) {
      source.close();
      again(told.ready ? 0 : 1000);
    }
  });
  source.addEventListener("error", () => { if (source.readyState === EventSource.CLOSED) again(3000); });
}
if (document.querySelector("[data-again]")) again(3000);
