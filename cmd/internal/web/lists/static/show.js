// Asks before what cannot be undone, and adds rows to the form of hours.
import { later } from "./rate.js";

for (const button of document.querySelectorAll("[data-dialog]")) {
  button.addEventListener("click", () => document.getElementById(button.dataset.dialog).showModal());
}
for (const button of document.querySelectorAll("[data-close]")) button.addEventListener("click", () => button.closest("dialog").close());
later("#use", "#undo-numbers", "#by-reason");
const more = document.getElementById("more"), windows = document.getElementById("windows");
if (more) {
  more.hidden = false;
  more.addEventListener("click", () => {
    const row = windows.lastElementChild.cloneNode(true), n = windows.children.length;
    for (const input of row.querySelectorAll("input")) {
      input.name = input.name[0] + n;
      if (input.type === "checkbox") input.checked = false;
      else input.value = "";
    }
    windows.append(row);
    row.querySelector("input").focus();
  });
}
// A list that is being taken in is asked for again until it is not.
if (document.getElementById("loading")) {
  const timer = setInterval(async () => {
    if (document.hidden) return;
    const text = await fetch(location.pathname, { headers: { Accept: "text/html" } }).then((r) => (r.ok ? r.text() : "")).catch(() => "");
    const fresh = new DOMParser().parseFromString(text, "text/html"), tally = fresh.getElementById("tally");
    if (tally) document.getElementById("tally").replaceChildren(...tally.childNodes);
    if (tally && !fresh.getElementById("loading")) { clearInterval(timer); location.reload(); }
  }, 2000);
}
document.querySelector(".done")?.focus();
if (new URLSearchParams(location.search).has("did")) history.replaceState(null, "", location.pathname);
