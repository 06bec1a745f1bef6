// Dialogs of a lead's page. Without this module their links ask the server for the page with the dialog open.
const dialog = (name) => document.getElementById(`ask-${name}`);

function open(name, of, opener) {
  const d = dialog(name);
  if (!d) return false;
  const menu = of && d.querySelector("select[name=appointment], select[name=consent]");
  if (menu) menu.value = of;
  d.removeAttribute("open"); // by the server, without its backdrop
  d.showModal();
  d.addEventListener("close", () => (opener ?? document.querySelector(`[data-dialog="${name}"]`))?.focus(), { once: true });
  return true;
}

document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-dialog]");
  if (opener && open(opener.dataset.dialog, opener.dataset.of, opener)) event.preventDefault();
  const closer = event.target.closest("[data-close]");
  if (closer) {
    event.preventDefault();
    closer.closest("dialog")?.close();
  }
});
document.addEventListener("keydown", (event) => { // links that act as buttons answer the space bar, too
  if (event.key === " " && event.target.matches?.("a[role=button]")) {
    event.preventDefault();
    event.target.click();
  }
});
document.addEventListener("submit", (event) => {
  if (event.target.method === "post") for (const b of event.target.querySelectorAll("button")) b.disabled = true;
});
addEventListener("pageshow", () => { for (const b of document.querySelectorAll(".leads-ask button")) b.disabled = false; });
document.addEventListener("input", (event) => { // what is put right is no longer called wrong
  const note = document.getElementById(`${event.target.id}-wrong`);
  event.target.removeAttribute("aria-invalid");
  if (note && event.target.closest(".leads-ask")) note.hidden = true;
});

const asked = document.getElementById("lead")?.dataset.ask;
if (asked) open(asked);
