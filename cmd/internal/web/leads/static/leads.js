// Dialogs of a lead's page. Without this module their links ask the server for the page with the dialog open.
const dialog = (name) => document.getElementById(`ask-${name}`);

function open(name, appointment) {
  const d = dialog(name);
  if (!d) return false;
  if (appointment) {
    const menu = d.querySelector("select[name=appointment]");
    if (menu) menu.value = appointment;
  }
  if (d.open) d.close();
  d.showModal();
  return true;
}

document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-dialog]");
  if (opener && open(opener.dataset.dialog, opener.dataset.appointment)) event.preventDefault();
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
addEventListener("pageshow", () => { for (const b of document.querySelectorAll("dialog button")) b.disabled = false; });

const asked = document.getElementById("lead")?.dataset.ask;
if (asked) open(asked);
