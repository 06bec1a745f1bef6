// The agent's desk. What the server says comes by /desk/live; what the agent does goes by POSTs; what the agent typed is
// in the outbox until the server has answered for it.
import { get, live, now, post, serverTime, span, timers, toast } from "/static/base.js";
import { Outbox, memory } from "/static/desk/outbox.js";
import { Picker, at, clockIn } from "/static/desk/picker.js";

const $ = (id) => document.getElementById(id);
const desk = $("desk"), slot = $("slot"), title = document.title;
const word = (k) => $("words").content.querySelector(`[data-k="${k}"]`)?.textContent ?? k;
const say = (k, ...args) => args.reduce((s, a) => s.replace("%s", a), word(k));
const card = () => $("card");
const id = () => card()?.dataset.assignment ?? "";
const tab = sessionStorage.getItem("redial.tab") ?? crypto.getRandomValues(new Uint32Array(2)).join("");
sessionStorage.setItem("redial.tab", tab);

let store;
try { store = localStorage; store.length; } catch { store = memory(); }
let session = { epoch: 0, state: "signed_out", since: 0 };
let line, shift = false, asleep = false, chosenAt = 0, picker, lastBeat = 0;

const box = new Outbox({
  store, who: desk.dataset.login, send: (body) => post(`/desk/outcome${$("use-next").checked ? "?next=1" : ""}`, body),
  done: (entry, m) => recorded(entry, m), refused: (entry, problem) => refusedOutcome(entry, problem), changed: () => showKept(),
});

// ---- state

function apply(next) {
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
  else if (session.state === "on_call" && card().dataset.stage === "offered") stage("calling");
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

function tick() {
  for (const el of desk.querySelectorAll("time[data-since]")) el.textContent = Number(el.dataset.since) ? span(now() - el.dataset.since) : "";
  for (const el of desk.querySelectorAll("time[data-at]")) if (!el.textContent) el.textContent = at(Number(el.dataset.at));
  for (const el of desk.querySelectorAll("[data-clock]")) el.textContent = clockIn(el.dataset.clock, now()) || el.textContent;
}

// ---- the card

function put(html) {
  const fresh = document.createElement("template");
  fresh.innerHTML = html;
  const next = fresh.content.firstElementChild, old = card();
  if (!next) return;
  if (old?.dataset.assignment === next.dataset.assignment) {
    if (old.querySelector(".past .problem") && !next.querySelector(".past .problem")) old.querySelector(".past").replaceWith(next.querySelector(".past"));
    return;
  }
  const busy = typing() && !slot.contains(document.activeElement);
  slot.replaceChildren(next);
  settle();
  if (chosenAt) {
    desk.dataset.nextMs = String(Math.round((performance.now() - chosenAt) * 10) / 10);
    chosenAt = 0;
  }
  if (!busy && !document.querySelector("dialog[open]")) $("who").focus({ preventScroll: true });
  if (document.hidden) document.title = `● ${word("agent_offered")} · ${title}`;
}

// settle makes a card that was drawn by the server one that works: its stage, its draft, its picker.
function settle() {
  const c = card();
  if (!c) return idle();
  picker = undefined;
  const kept = box.of(id()), draft = kept?.body ?? box.draft(id());
  $("note").value = draft.note ?? "";
  $("new-number").value = draft.new_number ?? "";
  stage(c.dataset.stage);
  if (draft.chosen === "APPOINTMENT" || draft.chosen === "NUMBER_CHANGED") choose(c.querySelector(`[data-code="${CSS.escape(draft.code)}"]`), false);
  waiting(kept && !kept.refused);
  if (kept?.refused) problem("outcome-problem", kept.refused.message);
  for (const el of c.querySelectorAll(".state-since")) el.dataset.since = session.since;
  tick();
}

function gone() {
  if (slot.contains(document.activeElement)) $("content").focus({ preventScroll: true });
  slot.replaceChildren();
  picker = undefined;
  idle();
}

function waiting(yes) {
  const c = card();
  if (!c) return;
  c.classList.toggle("kept", !!yes);
  for (const el of c.querySelectorAll(".o, #booking button, #renumber button, #note, #end")) el.disabled = !!yes;
  $("outcome-kept").hidden = !yes;
  if (yes) $("outcome-kept").textContent = word("desk_outcome_kept");
}

function problem(where, text = "") {
  const el = typeof where === "string" ? $(where) : where;
  if (!el) return;
  el.textContent = text;
  el.hidden = !text;
}

// act does something and shows what is wrong with it, if anything, where it was asked for.
async function act(path, body = {}, where = "") {
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
  if (!button || button.disabled || card().dataset.stage !== "offered") return;
  button.disabled = true;
  const m = await act("/desk/call", { assignment_id: mine }, "call-problem");
  button.disabled = false;
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
  await act("/desk/end", { assignment_id: mine }, "");
}

// ---- outcomes

function choose(button, focus = true) {
  if (!button || button.disabled) return;
  const { outcome, code } = button.dataset;
  if (!["calling", "ended"].includes(card()?.dataset.stage)) return;
  problem("outcome-problem");
  unchoose(false);
  if (outcome === "APPOINTMENT" || outcome === "NUMBER_CHANGED") {
    button.setAttribute("aria-pressed", "true");
    box.keep(id(), { code, chosen: outcome });
    if (outcome === "NUMBER_CHANGED") {
      $("renumber").hidden = false;
      if (focus) $("new-number").focus();
      return;
    }
    $("booking").hidden = false;
    const lead = card().dataset.lead, draft = box.draft(id()).booking;
    picker = new Picker($("booking").querySelector(".picker"), word);
    picker.load(lead, focus).then(() => { picker.set(draft); picker.changed = () => box.keep(id(), { booking: picker.value() }); })
      .catch((error) => problem("outcome-problem", error.message));
    return;
  }
  if (outcome === "DO_NOT_CALL") return confirm("dnc-dialog").then((yes) => yes && record(code, button));
  record(code, button);
}

function unchoose(forget = true) {
  $("booking").hidden = $("renumber").hidden = true;
  for (const b of card().querySelectorAll(".o[aria-pressed]")) b.removeAttribute("aria-pressed");
  if (forget) box.keep(id(), { code: "", chosen: "", booking: undefined });
}

const chosen = () => card().querySelector(".o[aria-pressed=true]");

function record(code, button, more = {}) {
  const mine = id(), draft = box.draft(mine);
  const body = { assignment_id: mine, code, note: $("note").value, ended_at: draft.ended_at ?? new Date(now()).toISOString(), ...more };
  chosenAt = performance.now();
  if (!box.put(mine, body, { name: card().dataset.name, label: button?.querySelector("span")?.textContent ?? code, chosen: draft.chosen })) return toast(word("desk_choose_first"), "bad");
  waiting(true);
  box.flush();
}

function recorded(entry, m) {
  const late = { LATE_KIND_AMENDED: "desk_late_amended", LATE_KIND_WAITS: "desk_late_waits" }[m.answer?.late];
  toast(say(late ?? "desk_recorded", entry.about.label, entry.about.name || word("desk_no_name")), late ? "" : "good", late ? 10000 : 3000);
  lostHidden();
  if (id() === entry.id) gone();
  apply(m.session);
  if (m.card) put(m.card);
  else if ($("use-next").checked && session.state === "wrap_up") asWished();
  refresh();
}

// asWished begins at once what was asked for during the call, when no after-call time is wanted.
function asWished() {
  if (session.next === "break") act("/desk/state", { state: "AGENT_STATE_BREAK", reason: session.next_reason });
  if (session.next === "signed_out") act("/desk/out");
}

function refusedOutcome(entry, error) {
  chosenAt = 0;
  const { before, after } = error.metadata ?? {};
  const near = [before, after].filter(Boolean).map((s) => s.replace("T", " "));
  const text = near.length ? `${error.message} ${say("desk_nearest", near.join(" / "))}` : error.message;
  if (id() !== entry.id) return toast(text, "bad", 15000);
  if (error.reason === "LEASE_EXPIRED") return gone();
  box.keep(entry.id, { note: entry.body.note, code: entry.body.code, booking: entry.body.booking, new_number: entry.body.new_number, chosen: entry.about.chosen });
  waiting(false);
  problem("outcome-problem", text);
  $("outcome-problem").scrollIntoView({ block: "nearest" });
}

// showKept lists what is not acknowledged: what waits to be sent, and what was refused and is on no card.
function showKept() {
  const all = box.all().filter((e) => e.id !== id() || (!e.refused && box.stuck));
  if (box.stuck) $("lost").hidden = false;
  $("kept").hidden = !all.length;
  $("kept").querySelector("ul").replaceChildren(...all.map((e) => {
    const li = document.createElement("li"), note = document.createElement("q");
    li.dataset.kept = e.id;
    li.append(`${e.about.name || word("desk_no_name")}: ${e.about.label} `);
    if (e.body.note) { note.textContent = e.body.note; li.append(note, " "); }
    li.append(e.refused ? say("desk_refused", e.refused.message) : word("desk_waits"), " ");
    if (e.refused) {
      for (const [key, does] of [["desk_again", () => box.again(e.id)], ["desk_discard", () => confirm("discard-dialog").then((yes) => yes && box.discard(e.id))]]) {
        const b = document.createElement("button");
        b.type = "button";
        b.textContent = word(key);
        b.onclick = does;
        li.append(b, " ");
      }
    }
    return li;
  }));
}

// ---- dialogs

// confirm opens a dialog and says whether it was agreed to. A check that answers a text keeps it open, and shows the text.
function confirm(name, check) {
  const d = typeof name === "string" ? $(name) : name, from = document.activeElement;
  return new Promise((done) => {
    d.returnValue = "";
    const form = d.querySelector("form");
    form.onsubmit = async (event) => {
      if (event.submitter?.value !== "ok" || !check) return;
      event.preventDefault();
      event.submitter.disabled = true;
      const wrong = await check(form).finally(() => { event.submitter.disabled = false; });
      problem(d.querySelector(".problem[role=alert]"), wrong ?? "");
      if (!wrong) d.close("ok");
    };
    d.onclose = () => { done(d.returnValue === "ok"); if (from?.isConnected) from.focus(); };
    problem(d.querySelector(".problem[role=alert]"));
    d.showModal();
  });
}

async function tell(path, body) {
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

function move(li) {
  const d = $("move-dialog"), p = new Picker(d.querySelector(".picker"), word);
  d.querySelector("[data-who]").textContent = li.dataset.name;
  p.load(li.dataset.lead).catch((error) => problem(d.querySelector(".problem"), error.message));
  confirm(d, async () => {
    const booking = p.value();
    return booking ? tell("/desk/move", { appointment_id: li.dataset.appointment, booking }) : word("desk_choose_time");
  }).then((yes) => { if (yes) { toast(word("desk_moved"), "good"); callbacks("", li.dataset.lead); } });
}

function cancel(li) {
  const d = $("cancel-dialog");
  d.querySelector("[data-who]").textContent = li.dataset.name;
  d.querySelector("input").value = "";
  confirm(d, (form) => tell("/desk/cancel", { appointment_id: li.dataset.appointment, reason: form.reason.value.trim() }))
    .then((yes) => { if (yes) { toast(word("desk_cancelled"), "good"); callbacks("", li.dataset.lead); } });
}

function correct() {
  const d = $("correct"), form = d.querySelector("form");
  let p;
  const shows = () => {
    const outcome = form.code.selectedOptions[0].dataset.outcome;
    for (const el of d.querySelectorAll("[data-if]")) el.hidden = el.dataset.if !== outcome;
    if (outcome === "APPOINTMENT" && !p) {
      p = new Picker(d.querySelector(".picker"), word);
      p.load(d.dataset.lead).catch((error) => problem(d.querySelector(".problem[role=alert]"), error.message));
    }
    return outcome;
  };
  form.code.onchange = shows;
  shows();
  confirm(d, async () => {
    const outcome = shows(), body = { assignment_id: d.dataset.assignment, code: form.code.value, note: form.note.value };
    if (outcome === "APPOINTMENT" && !(body.booking = p.value())) return word("desk_choose_time");
    if (outcome === "NUMBER_CHANGED") body.new_number = form.new_number.value;
    return tell("/desk/correct", body);
  }).then((yes) => { if (yes) { toast(word("desk_corrected"), "good"); day("", true); callbacks(); } });
}

// ---- what lies beside the card

let daySoon, callbacksSoon;
function refresh() {
  clearTimeout(daySoon);
  clearTimeout(callbacksSoon);
  daySoon = setTimeout(() => day(), 300); // the next card goes first
  callbacksSoon = setTimeout(() => callbacks(), 400);
}

async function day(due = "", anew = false) {
  try {
    const m = await get(`/desk/day${due}`);
    $("figures").innerHTML = m.figures;
    const used = $("last").contains(document.activeElement);
    if (!$("correct")?.open && (!used || anew)) {
      $("last").innerHTML = m.last;
      $("last").hidden = !m.last.trim();
      if (used) ($("correct-last") ?? $("content")).focus();
    }
    tick();
    if (due) {
      problem("none", m.why);
      $("due").hidden = !(m.due > now());
      $("due").querySelector("strong").textContent = m.due ? at(m.due) : "";
    }
  } catch (error) {
    if (!error.lost) console.warn(error.message);
  }
}

function askDue() {
  if (session.state === "ready" && !card() && !document.hidden) day("?due=1");
}

// callbacks draws the list anew, or adds a page to it. A list that is in use is left alone, unless it was a lead's row in it
// that changed: then that row, or what is above the list, has the focus afterwards.
async function callbacks(page = "", changed = "") {
  const today = $("callbacks-till").value === "today" ? new Date().setHours(24, 0, 0, 0) : "";
  const list = $("callbacks");
  try {
    const html = await get(`/desk/callbacks?till=${today}&page=${page}`);
    const used = list.contains(document.activeElement);
    if (page) {
      list.querySelector("[data-do=more]")?.parentElement.remove();
      list.insertAdjacentHTML("beforeend", html);
    } else if (!used || changed) {
      list.innerHTML = html;
      if (changed) (list.querySelector(`li[data-lead="${changed}"] button`) ?? $("callbacks-till")).focus();
    }
    tick();
  } catch (error) {
    if (!error.lost) console.warn(error.message);
  }
  list.removeAttribute("aria-busy");
}

// ---- reminders

let flash;
function remind(html) {
  const r = $("reminders");
  r.insertAdjacentHTML("beforeend", html);
  r.hidden = false;
  if (r.showPopover && !r.matches(":popover-open")) r.showPopover();
  beep();
  clearInterval(flash);
  let on = false;
  const turn = () => { on = !on; document.title = on ? `⏰ ${word("desk_reminder_title")}` : title; };
  turn();
  flash = setInterval(turn, 2000);
  tick();
  callbacks();
}

function seen(article = $("reminders").querySelector("article")) {
  article?.remove();
  if ($("reminders").querySelector("article")) return;
  clearInterval(flash);
  document.title = title;
  $("reminders").hidden = true;
  $("reminders").hidePopover?.();
}

function beep() {
  if (!$("use-sound").checked) return;
  try {
    const audio = new AudioContext(), tone = audio.createOscillator(), loud = audio.createGain();
    loud.gain.value = 0.1;
    tone.connect(loud).connect(audio.destination);
    tone.start();
    tone.stop(audio.currentTime + 0.4);
    tone.onended = () => audio.close();
  } catch { /* a browser without sound still shows it */ }
}

// ---- the connection

async function beat() {
  if (!shift || asleep) return;
  lastBeat = Date.now();
  try {
    const m = await post("/desk/beat", { epoch: session.epoch, assignment_id: session.assignment }, { timeout: 10000 });
    apply(m.session);
    if (card() && session.assignment === "0" && !box.of(id())) gone();
  } catch (error) {
    if (error.reason === "SIGNED_IN_ELSEWHERE") elsewhere();
    else if (error.reason === "WRONG_STATE") look();
  }
}

// look asks how things stand, after something that cannot be told from an event.
async function look() {
  close();
  connect();
}

function close() { line?.close(); line = undefined; }

function connect(take = false) {
  close();
  asleep = false;
  $("elsewhere").hidden = true;
  $("bar").inert = $("hand").inert = false;
  let fresh = take;
  const path = { toString() { const known = fresh ? "" : `&epoch=${session.epoch}`; fresh = false; return `/desk/live?tab=${tab}${known}`; } };
  line = live(path, {
    open: () => { box.wait = 0; box.flush(); showKept(); },
    lost: () => showKept(),
    beat,
    session: (data) => { apply(JSON.parse(data)); beatSoon(); },
    card: put,
    nothing: () => { if (card() && !box.of(id())) gone(); },
    revoked: (data) => { const m = JSON.parse(data); if (m.assignment === id()) { gone(); toast(m.said, "bad", 10000); } },
    reminder: remind,
    notice: (data) => { const m = JSON.parse(data); if (m.said && m.reason !== "wrap_up_over") toast(m.said, "", 9000); },
    trouble: (data) => toast(JSON.parse(data).said, "bad"),
    out: (data) => { close(); apply({ ...JSON.parse(data) }); if (!box.of(id())) gone(); idle(); lostHidden(); },
    elsewhere: () => elsewhere(),
  });
}

const lostHidden = () => { const el = $("lost"); if (el) el.hidden = true; };
const beatSoon = () => { if (Date.now() - lastBeat > 5000) beat(); };

function elsewhere() {
  close();
  asleep = true;
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

const typing = () => { const el = document.activeElement; return !!el && (el.isContentEditable || ["TEXTAREA", "SELECT"].includes(el.tagName) || (el.tagName === "INPUT" && !["checkbox", "radio", "button"].includes(el.type))); };
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
  book: () => { const booking = picker?.value(); if (!booking) return problem("outcome-problem", word("desk_choose_time")); record(chosen().dataset.code, chosen(), { booking }); },
  renumber: () => record(chosen().dataset.code, chosen(), { new_number: $("new-number").value.trim() }),
  unchoose: () => { const b = chosen(); unchoose(); b?.focus(); },
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

$("break-form").onsubmit = (event) => {
  event.preventDefault();
  const form = event.target, reason = event.submitter?.value || form.other.value.trim();
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
  if (event.target.id === "new-number") does.renumber();
  else if (event.target.closest("#booking")) does.book();
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
