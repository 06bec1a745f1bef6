// What a page does when its session ends: what was typed stays where it is. Somebody who signs in beside it goes on, if it
// is the same person; somebody else finds a page of their own.
const body = document.body, dialog = document.getElementById("signed-out");
let again, looks; // again: while somebody must sign in, and looks asks whether it is done

// typed says whether there is something in a field that the server does not have yet.
export function typed() {
  return [...document.querySelectorAll("main input, main textarea, main select")].some((el) => {
    if (el.type === "hidden" || el.closest("search")) return false;
    if (el.type === "checkbox" || el.type === "radio") return el.checked !== el.defaultChecked;
    if (el.type === "file") return el.files.length > 0;
    if (el.tagName === "SELECT") return el.selectedIndex !== Math.max(0, [...el.options].findLastIndex((o) => o.defaultSelected));
    return el.value !== el.defaultValue;
  });
}

// who asks whether this page's person is signed in: "same", "other" or "nobody"; "" when that cannot be asked.
async function who() {
  try {
    const answer = await fetch("/me", { headers: { Accept: "application/json" }, signal: AbortSignal.timeout(10000) });
    if (answer.status === 401) return "nobody";
    if (!answer.ok) return "";
    const { owner, role } = await answer.json();
    return owner === body.dataset.owner && role === body.dataset.role ? "same" : "other";
  } catch { return ""; }
}

const here = () => location.pathname + location.search;
const never = new Promise(() => {});

// over waits until this page's person is signed in again. Where nothing would be lost the page leaves to sign in.
export function over(keep = typed()) {
  if (!dialog) { location.assign("/signin"); return never; }
  if (!keep && !again) { location.assign(`/signin?back=${encodeURIComponent(here())}`); return never; }
  return again ??= new Promise((done) => {
    const told = dialog.querySelector(".problem");
    const look = async (asked) => {
      const is = await who();
      if (is === "other") return location.reload(); // what was typed is another's
      told.hidden = !(asked && is !== "same");
      if (is !== "same") return;
      again = undefined;
      if (dialog.open) dialog.close();
      done();
    };
    dialog.querySelector("button").onclick = () => look(true);
    dialog.oncancel = (event) => event.preventDefault(); // Escape would leave a page that works no more
    looks = look;
    told.hidden = true;
    if (!dialog.open) dialog.showModal();
  });
}

const back = () => { if (again && !document.hidden) looks(false); };
addEventListener("focus", back);
document.addEventListener("visibilitychange", back);

// A form asks first whether it would get through: what was typed would be lost with the page. Until it has come to an end,
// for a minute at most, pressing again sends nothing: what a double click did twice would be done twice.
const MOST = 60000;
let sent = new WeakMap(), sure; // sent: form → until when it is on its way; sure: the form whose submit passes, and that submit
document.addEventListener("submit", async (event) => {
  const form = event.target, by = event.submitter, method = by?.getAttribute("formmethod") ?? form.getAttribute("method");
  if (event.defaultPrevented || !body.dataset.owner || method !== "post" || form.target || form.getAttribute("action")?.startsWith("/sign")) return;
  if (sure?.form === form) { sure.event = event; return; }
  event.preventDefault();
  event.stopImmediatePropagation();
  if (sent.get(form) > performance.now()) return;
  sent.set(form, Infinity);
  let goes = false;
  try {
    if (!(await through())) return;
    sure = { form };
    form.requestSubmit(by);
    goes = sure.event && !sure.event.defaultPrevented; // a script that sends it itself keeps its own watch
  } finally {
    sure = undefined;
    sent.set(form, goes ? performance.now() + MOST : 0);
  }
}, true);
addEventListener("pageshow", () => { sent = new WeakMap(); }); // a page that is come back to may send again

// through waits until this page's person is signed in, and says whether the server can be reached.
async function through() {
  const is = await who();
  if (is === "other") { location.reload(); return never; }
  if (is === "nobody") await over(true);
  const lost = document.getElementById("lost");
  if (lost) lost.hidden = is !== "";
  if (is === "") lost?.scrollIntoView({ block: "nearest" });
  return is !== "";
}
