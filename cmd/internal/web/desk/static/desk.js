// The agent's desk. What the server says comes by /desk/live; what the agent does goes by POSTs; what the agent typed is
// in the outbox until the server has answered for it.
import { count, live, now, post, serverTime, timers, toast } from "/static/base.js";
import { Outbox, memory } from "/static/desk/outbox.js";
import { $, confirm, problem, say, title, typing, word } from "/static/desk/parts.js";
import { book, came, choose, chosen, recorded, refusedOutcome, renumber, showKept, unchoose } from "/static/desk/outcomes.js";
import { at, clockIn } from "/static/desk/picker.js";
import { beep, callbacks, cancel, correct, day, move, refresh, remind, seen } from "/static/desk/side.js";

const desk = $("desk"), slot = $("slot");
export const card = () => $("card");
export const id = () => card()?.dataset.assignment ?? "";
const tab = sessionStorage.getItem("redial.tab") ?? crypto.getRandomValues(new Uint32Array(2)).join("");
sessionStorage.setItem("redial.tab", tab);

let store;
try { store = localStorage; store.length; } catch { store = memory(); }
export let session = { epoch: 0, state: "signed_out", since: 0 };
let line, coming = false, shift = false, asleep = false, stale = false; // coming: the line is on its way; stale: another tab had the desk since the card was drawn
let ending = Promise.resolve(); // the end of the call, which goes before its outcome
let newest = 0, lacking = "0"; // the latest card there was; the lead in hand of which no card has come
let lastBeat = 0, heard = Date.now(), cut = false, dialling = false; // cut: the last beat did not get through
let beats = new AbortController(); // of the epoch the page has; those on their way when it comes back are of no use

export const box = new Outbox({
  store, who: desk.dataset.login,
  send: async (body) => { await ending; return post(`/desk/outcome${$("use-next").checked ? "?next=1" : ""}`, body); },
  done: (entry, m) => recorded(entry, m), refused: (entry, problem) => refusedOutcome(entry, problem), changed: () => showKept(),
});

// ---- state

export function apply(next) {
  if (!next) return;
  serverTime(next.now);
  if (next.epoch < session.epoch || (next.epoch === session.epoch && next.since < session.since)) return;
  const was = session;
  session = next;
  $("state").className = `state ${next.state}`;
  if ($("state").textContent !== next.said) $("state").textContent = next.said;
  $("why").textContent = next.why;
  $("next").textContent = next.next_said;
  for (const el of [$("since"), ...document.querySelectorAll(".state-since")]) el.dataset.since = next.since;
  shift = next.state !== "signed_out";
  stages(was);
  idle();
  tick();
  if (next.state === "ready" && was.state !== "ready") setTimeout(askDue, 2000);
}

// stages keeps the card by the session: a card that is no longer in hand goes, but what waits to be sent stays in the outbox.
function stages(was) {
  const c = card();
  if (c && session.assignment !== c.dataset.assignment && session.assignment === "0" && was.assignment === c.dataset.assignment && !box.of(id())) gone();
  if (!card() || session.assignment !== id()) return;
  if (session.state === "wrap_up") stage("ended");
  else if (session.state === "on_call" && card().dataset.stage === "offered" && !dialling && !stale) call(); // its answer was lost: asking again gives the same
}

// unread asks again for a history that could not be read.
function unread() {
  const mine = id();
  if (card()?.querySelector(".past .problem")) setTimeout(() => { if (id() === mine && !asleep) look(); }, 8000);
}

function stage(to) {
  const c = card();
  if (!c) return;
  c.dataset.stage = to;
  for (const el of c.querySelectorAll("[data-stage-is]")) el.hidden = !el.dataset.stageIs.split(" ").includes(to);
  idle();
}

function idle() {
  const state = card() ? "" : session.state === "wrap_up" && session.assignment !== "0" ? "ready" : session.state;
  for (const el of document.querySelectorAll("#idle [data-when]")) el.hidden = el.dataset.when !== state;
  $("idle").hidden = !document.querySelector("#idle [data-when]:not([hidden])");
  $("acts").hidden = !shift;
  $("ready").hidden = ["ready", "offered", "on_call"].includes(session.state) && !session.next_said;
  if (session.state === "signed_out") {
    const why = session.reason === "heartbeat_lost" ? word("desk_lost_shift") : "";
    $("start-why").hidden = !why;
    $("start-why").textContent = why;
  }
}

export function tick() {
  count(desk);
  for (const el of desk.querySelectorAll("time[data-at]")) if (!el.textContent) el.textContent = at(Number(el.dataset.at));
  for (const el of desk.querySelectorAll("[data-clock]")) el.textContent = clockIn(el.dataset.clock, now()) || el.textContent;
}

// ---- the card

export function put(html) {
  const fresh = document.createElement("template");
  fresh.innerHTML = html;
  const next = fresh.content.firstElementChild, old = card();
  if (!next || Number(next.dataset.assignment) < newest) return; // what was on its way while a later card came by another
  newest = Number(next.dataset.assignment);
  if (old?.dataset.assignment === next.dataset.assignment && !stale) {
    if (old.querySelector(".past .problem") && !next.querySelector(".past .problem")) old.querySelector(".past").replaceWith(next.querySelector(".past"));
    unread();
    return;
  }
  stale = false;
  const busy = typing() && !slot.contains(document.activeElement);
  slot.replaceChildren(next);
  settle();
  showKept();
  came();
  if (!busy && !document.querySelector("dialog[open]")) $("who").focus({ preventScroll: true });
  if (document.hidden) document.title = `● ${word("agent_offered")} · ${title}`;
}

// settle makes a card that was drawn by the server one that works: its stage, its draft, its picker.
function settle() {
  const c = card();
  if (!c) return idle();
  const kept = box.of(id()), draft = kept?.body ?? box.draft(id());
  $("note").value = draft.note ?? "";
  $("new-number").value = draft.new_number ?? "";
  stage(c.dataset.stage);
  if (draft.chosen === "APPOINTMENT" || draft.chosen === "NUMBER_CHANGED") choose(c.querySelector(`[data-code="${CSS.escape(draft.code)}"]`), false);
  waiting(kept && !kept.refused);
  unread();
  if (kept?.refused) problem("outcome-problem", kept.refused.message);
  for (const el of c.querySelectorAll(".state-since")) el.dataset.since = session.since;
  tick();
}

export function gone() {
  stale = false;
  if (card() && card().dataset.stage !== "offered" && box.draft(id()).note && !box.of(id())) { // what was typed is for the outcome that the call still needs
    toast(word("desk_note_left"), "", 15000);
    refresh();
  }
  if (slot.contains(document.activeElement)) $("content").focus({ preventScroll: true });
  slot.replaceChildren();
  idle();
}

export function waiting(yes) {
  const c = card();
  if (!c) return;
  c.classList.toggle("kept", !!yes);
  for (const el of c.querySelectorAll(".o, #booking button, #renumber button, #note, #end")) el.disabled = !!yes;
  $("outcome-kept").hidden = !yes;
  if (yes) $("outcome-kept").textContent = word("desk_outcome_kept");
}

// act does something and shows what is wrong with it, if anything, where it was asked for.
export async function act(path, body = {}, where = "") {
  try {
    const m = await post(path, body);
    apply(m.session);
    if (m.card) put(m.card);
    problem(where);
    return m.answer ?? {};
  } catch (error) {
    const text = error.lost ? word("desk_lost_call") : error.message;
    if (where) problem(where, text); else toast(text, "bad");
    if (error.reason === "LEASE_EXPIRED" || (path === "/desk/call" && ["SUPPRESSED", "NOT_CALLABLE_NOW"].includes(error.reason))) { gone(); toast(text, "bad"); look(); }
    return undefined;
  }
}

async function call() {
  const button = $("call"), mine = id();
  if (!button || dialling || card().dataset.stage !== "offered") return;
  dialling = button.disabled = true;
  const m = await act("/desk/call", { assignment_id: mine }, "call-problem");
  dialling = button.disabled = false;
  if (!m || id() !== mine) return;
  $("number").textContent = m.number;
  if (m.extension) $("extension").textContent = say("desk_extension", m.extension);
  $("call-since").dataset.since = Date.parse(m.placedAt);
  stage("calling");
  tick();
  if (/^tel:[+0-9;=a-z.-]+$/i.test(m.telUri)) {
    $("tel").href = m.telUri;
    if (desk.dataset.demo !== "true") $("tel").click();
  }
  if (!typing()) $("end").focus({ preventScroll: true });
}

async function end() {
  const mine = id();
  if (card()?.dataset.stage !== "calling") return;
  box.keep(mine, { ended_at: new Date(now()).toISOString() });
  stage("ended");
  ending = act("/desk/end", { assignment_id: mine }, "");
  await ending;
}

// tell does something and answers with what is wrong with it; undefined: nothing.
export async function tell(path, body) {
  try {
    const m = await post(path, body);
    apply(m.session);
    return undefined;
  } catch (error) {
    return error.lost ? word("desk_lost_call") : error.message;
  }
}

function decline() {
  if (card()?.dataset.stage !== "offered") return;
  const mine = id();
  confirm("decline-dialog", async (form) => {
    const reason = form.reason.value || form.other.value.trim();
    return reason ? tell("/desk/decline", { assignment_id: mine, reason }) : word("desk_reason_needed");
  }).then((yes) => { if (yes) { $("decline-dialog").querySelector("form").reset(); box.drop(mine); if (id() === mine) gone(); } });
}

function askDue() {
  if (session.state === "ready" && !card() && !document.hidden) day("?due=1");
}

// ---- the connection

async function beat() {
  if (!shift || asleep || coming) return;
  lastBeat = Date.now();
  const { signal } = beats;
  try {
    const m = await post("/desk/beat", { epoch: session.epoch, assignment_id: session.assignment }, { timeout: 10000, signal });
    apply(m.session);
    if (card() && session.assignment === "0" && !box.of(id())) gone();
    const lacks = session.assignment === id() || box.of(session.assignment) ? "0" : session.assignment;
    if (cut || Date.now() - heard > 35000 || (lacks !== "0" && lacks === lacking)) look(); // the server is there, and its events are not
    cut = false;
    lacking = lacks;
  } catch (error) {
    if (signal.aborted) return;
    // A beat that the server heard while this very page came back, as after a laptop's sleep, is refused like one of a page
    // that was taken over: which it is, the server says to whoever looks.
    if (error.lost) { cut = true; $("lost").hidden = false; } else if (["SIGNED_IN_ELSEWHERE", "WRONG_STATE"].includes(error.reason) && !coming) look();
  }
}

// look asks how things stand, after something that cannot be told from an event.
function look() {
  connect();
}

function close() { line?.close(); line = undefined; }

function connect(take = false) {
  close();
  asleep = false;
  $("elsewhere").hidden = true;
  $("bar").inert = $("hand").inert = false;
  let fresh = take;
  const path = { toString() { // at every opening, those after a lost connection too
    const known = fresh ? "" : `&epoch=${session.epoch}`;
    fresh = false;
    coming = true;
    beats.abort();
    beats = new AbortController();
    return `/desk/live?tab=${tab}${known}`;
  } };
  heard = Date.now();
  line = live(path, {
    open: () => { heard = Date.now(); box.wait = 0; box.flush(); showKept(); },
    lost: () => { coming = false; showKept(); },
    beat: () => { heard = Date.now(); beat(); },
    session: (data) => { coming = false; apply(JSON.parse(data)); beatSoon(); },
    card: put,
    nothing: () => { if (card() && !box.of(id()) && session.assignment !== id()) gone(); }, // a card that came meanwhile stays
    revoked: (data) => { const m = JSON.parse(data); if (m.assignment === id()) { gone(); toast(m.said, "bad", 10000); } },
    reminder: remind,
    notice: (data) => { const m = JSON.parse(data); if (m.said && m.reason !== "wrap_up_over") toast(m.said, "", 9000); },
    trouble: (data) => toast(JSON.parse(data).said, "bad"),
    out: (data) => { close(); apply({ ...JSON.parse(data) }); if (!box.of(id())) gone(); idle(); lostHidden(); },
    elsewhere: () => elsewhere(),
  });
}

export const lostHidden = () => { const el = $("lost"); if (el) el.hidden = true; };
const beatSoon = () => { if (Date.now() - lastBeat > 5000) beat(); };

function elsewhere() {
  close();
  asleep = stale = true;
  $("elsewhere").hidden = false;
  $("bar").inert = $("hand").inert = true;
  lostHidden();
}

async function start(ready) {
  const m = await act("/desk/start", { ready });
  if (!m) return;
  connect(true);
  refresh();
}

// ---- hands on it

const ready = () => { if (!$("ready").hidden && shift) act("/desk/state", { state: "AGENT_STATE_READY" }); };
const doing = {
  C: call, H: end, X: decline, G: ready, A: () => seen(),
  N: () => $("note")?.focus(),
  B: () => { if (shift) { $("breaks").open = true; $("breaks").querySelector("button").focus(); } },
};

addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.repeat || asleep) return;
  if (event.key === "Escape" && $("breaks").open) { $("breaks").open = false; $("breaks").querySelector("summary").focus(); return; }
  if (document.querySelector("dialog[open]") || (!event.altKey && (typing() || !$("use-keys").checked))) return;
  const key = /^(Digit|Numpad)\d$/.test(event.code) ? event.code.slice(-1) : /^[a-z]$/i.test(event.key) ? event.key.toUpperCase() : /^Key/.test(event.code) ? event.code.slice(3) : "";
  if (!key) return;
  const button = card()?.querySelector(`.o[data-key="${key}"]`);
  if (button && card().dataset.stage !== "offered") { event.preventDefault(); choose(button); } else if (doing[key]) { event.preventDefault(); doing[key](); }
});

const clicks = {
  call, end, decline, ready, back: ready, wrapped: ready, take: () => connect(true), "correct-last": correct,
  start: () => start(true), "start-break": () => start(false),
  out: () => {
    $("out-hint").textContent = word(["on_call", "wrap_up"].includes(session.state) && session.assignment !== "0" ? "desk_out_after" : "desk_out_now");
    confirm("out-dialog").then((yes) => yes && act("/desk/out"));
  },
};
const does = {
  book, renumber, unchoose: () => { const b = chosen(); unchoose(); b?.focus(); },
  pick: (el) => act("/desk/pick", { epoch: session.epoch, lead_id: el.closest("li").dataset.lead }),
  move: (el) => move(el.closest("li")), cancel: (el) => cancel(el.closest("li")),
  more: (el) => callbacks(el.dataset.page), seen: (el) => seen(el.closest("article")),
};
desk.addEventListener("click", (event) => {
  const el = event.target.closest("button");
  if (!el) return;
  if (el.classList.contains("o")) choose(el);
  else if (el.dataset.do) does[el.dataset.do]?.(el);
  else clicks[el.id]?.();
});

// Who leaves the pages may leave an outcome behind that nobody else has.
for (const form of document.querySelectorAll('form[action^="/signout"]')) {
  form.addEventListener("submit", (event) => {
    if (form.dataset.sure || !(box.all().length || box.notes())) return;
    event.preventDefault();
    confirm("unsent-dialog").then((yes) => { if (yes) { form.dataset.sure = "1"; form.requestSubmit(); } });
  });
}

$("break-form").onsubmit = (event) => {
  event.preventDefault();
  const form = event.target, own = form.other.value.trim();
  const reason = own && document.activeElement === form.other ? own : event.submitter?.value || own; // Enter in the field presses the first button
  if (!reason) return form.other.focus();
  $("breaks").open = false;
  form.other.value = "";
  act("/desk/state", { state: "AGENT_STATE_BREAK", reason });
};
$("callbacks-till").onchange = () => callbacks();
slot.addEventListener("submit", (event) => event.preventDefault());
slot.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.target.tagName !== "INPUT") return;
  event.preventDefault();
  if (event.target.id === "new-number") renumber();
  else if (event.target.closest("#booking")) book();
});
slot.addEventListener("input", (event) => {
  if (event.target.id !== "note" && event.target.id !== "new-number") return;
  const ok = box.keep(id(), { [event.target.name]: event.target.value });
  $("note-kept").textContent = word(ok ? "desk_note_kept" : "desk_note_unkept");
});
for (const [name, key] of [["use-next", "next"], ["use-keys", "keys"], ["use-sound", "sound"]]) {
  const known = store.getItem(`redial.${key}`);
  if (known !== null) $(name).checked = known === "1";
  $(name).onchange = () => { store.setItem(`redial.${key}`, $(name).checked ? "1" : "0"); desk.classList.toggle("no-keys", !$("use-keys").checked); if (key === "sound") beep(); };
}
desk.classList.toggle("no-keys", !$("use-keys").checked);
addEventListener("online", () => { box.wait = 0; box.flush(); });
addEventListener("storage", (event) => { if (event.key?.startsWith(box.prefix)) showKept(); });
document.addEventListener("visibilitychange", () => { if (!document.hidden) { if (!$("reminders").querySelector("article")) document.title = title; tick(); askDue(); } });
// A browser may freeze a page that nobody looks at; one that holds a lock it lets be.
navigator.locks?.request(`redial.desk.${tab}`, () => new Promise(() => {})).catch(() => {});

const first = JSON.parse(desk.dataset.session);
session.since = -1;
apply(first);
settle();
showKept();
timers(desk);
setInterval(() => { if (!document.hidden) tick(); }, 15000);
setInterval(() => { if (Date.now() - lastBeat > 20000) beat(); }, 5000);
setInterval(() => { if (!document.hidden) { callbacks(); askDue(); } }, 60000);
if (shift) connect(true);
box.flush();
day();
callbacks();
desk.dataset.on = "1";
