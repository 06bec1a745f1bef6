// Reads the file anew when a menu changes, and draws what came of it in place: no control that has the focus is replaced.
import { toast } from "/static/base.js";

const form = document.getElementById("map"), lang = document.documentElement.lang;
const countries = new Intl.DisplayNames([lang], { type: "region" });
for (const option of document.querySelectorAll("#region option:not([value])")) {
  option.value = option.text;
  option.textContent = `${option.value} – ${countries.of(option.value)}`;
}
const zones = document.getElementById("zones");
zones.append(...(Intl.supportedValuesOf?.("timeZone") ?? []).map((zone) => new Option(zone, zone)));
document.getElementById("look").hidden = true;
fillMenus();
const template = document.getElementById("template"), use = document.getElementById("use");
if (use) {
  use.hidden = true;
  template.elements.template.addEventListener("change", () => template.requestSubmit());
}

// fillMenus gives the menus that were drawn with their choice alone what the first one offers.
function fillMenus() {
  const [first, ...rest] = document.querySelectorAll("#columns select");
  for (const menu of rest.filter((m) => m.options.length === 1)) {
    const chosen = menu.value;
    menu.replaceChildren(...[...first.options].map((o) => new Option(o.text, o.value)));
    menu.value = chosen;
  }
}

// query is the form without what says nothing: menus of columns that are as guessed.
function query(more = {}) {
  const q = new URLSearchParams(Object.entries(more));
  for (const [name, value] of new FormData(form)) {
    const n = /^[cg](\d+)$/.exec(name)?.[1];
    if (n && form.elements[`c${n}`].value === form.elements[`g${n}`].value) continue;
    if (value !== "" && name !== "size" && name !== "save") q.set(name, value);
  }
  return q;
}

let turn = 0;
async function look(more) {
  const mine = ++turn, address = `${form.action}?${query(more)}`;
  for (const id of ["columns", "result"]) document.getElementById(id)?.setAttribute("aria-busy", "true");
  try {
    const answer = await fetch(address, { headers: { Accept: "text/html" } });
    if (answer.redirected) return location.assign(answer.url);
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (mine !== turn) return;
    if (!fresh.getElementById("map")) throw new Error(fresh.querySelector("main .problem")?.textContent || answer.statusText);
    history.replaceState(null, "", address);
    draw(fresh);
  } catch (error) {
    toast(error instanceof TypeError ? document.getElementById("words").dataset.lost : error.message, "bad");
  } finally {
    for (const id of ["columns", "result"]) document.getElementById(id)?.removeAttribute("aria-busy");
  }
}

// draw takes over what the server drew.
function draw(fresh) {
  form.elements.read.value = fresh.querySelector("[name=read]").value;
  for (const id of ["encoding", "delimiter", "header", "sheet"]) {
    const menu = document.getElementById(id), guess = fresh.getElementById(id)?.options[0].textContent;
    if (menu && guess) menu.options[0].textContent = guess;
  }
  const failed = fresh.getElementById("failure"), failure = document.getElementById("failure");
  if (failure.textContent !== failed.textContent) failure.replaceChildren(...failed.childNodes);
  failure.hidden = failed.hidden;
  document.getElementById("commit").disabled = fresh.getElementById("commit").disabled;
  swap("nophone", fresh, document.querySelector(".actions"));
  const mine = [...document.querySelectorAll("#columns tbody tr")], theirs = [...fresh.querySelectorAll("#columns tbody tr")];
  if (mine.length && mine.length === theirs.length) mine.forEach((row, i) => redraw(row, theirs[i]));
  else swap("columns", fresh);
  fillMenus();
  swap("result", fresh);
}

// swap replaces a part by the fresh one, adds it before a place or at the form's end, or takes it away.
function swap(id, fresh, before) {
  const old = document.getElementById(id), part = fresh.getElementById(id);
  if (old && part) old.replaceWith(part);
  else if (part && before) before.before(part);
  else if (part) form.append(part);
  else old?.remove();
}

function redraw(row, fresh) {
  row.className = fresh.className;
  row.querySelector("select").value = fresh.querySelector("select").value;
  row.querySelector("input").value = fresh.querySelector("input").value;
  for (const cell of ["th", ".because", ".samples"]) row.querySelector(cell).replaceChildren(...fresh.querySelector(cell).childNodes);
}

let typing;
form.addEventListener("change", (event) => { if (!["name", "priority", "save", "template"].includes(event.target.name)) { clearTimeout(typing); typing = setTimeout(look, 50); } });
form.addEventListener("submit", (event) => {
  const by = event.submitter;
  if (by?.formMethod === "post") return;
  event.preventDefault();
  look(by?.name ? { [by.name]: by.value } : {});
});
