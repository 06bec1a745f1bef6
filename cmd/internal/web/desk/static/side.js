// What lies beside the card: callbacks, the last call, today's figures, reminders.
import { get, now, toast } from "/static/base.js";
import { box, tell, tick } from "/static/desk/desk.js";
import { $, confirm, problem, title, word } from "/static/desk/parts.js";
import { Picker, at } from "/static/desk/picker.js";

export function move(li) {
  const d = $("move-dialog"), p = new Picker(d.querySelector(".picker"), word);
  d.querySelector("[data-who]").textContent = li.dataset.name;
  p.load(li.dataset.lead).catch((error) => problem(d.querySelector(".problem"), error.message));
  confirm(d, async () => {
    const booking = p.value();
    return booking ? tell("/desk/move", { appointment_id: li.dataset.appointment, booking }) : word("desk_choose_time");
  }).then((yes) => { if (yes) { toast(word("desk_moved"), "good"); seenOf(li); callbacks("", li.dataset.lead); } });
}

export function cancel(li) {
  const d = $("cancel-dialog");
  d.querySelector("[data-who]").textContent = li.dataset.name;
  d.querySelector("input").value = "";
  confirm(d, (form) => tell("/desk/cancel", { appointment_id: li.dataset.appointment, reason: form.reason.value.trim() }))
    .then((yes) => { if (yes) { toast(word("desk_cancelled"), "good"); seenOf(li); callbacks("", li.dataset.lead); } });
}

export function correct() {
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
  const typed = box.draft(d.dataset.assignment);
  if (!form.note.value && typed.note) form.note.value = typed.note;
  form.code.onchange = shows;
  shows();
  confirm(d, async () => {
    const outcome = shows(), body = { assignment_id: d.dataset.assignment, code: form.code.value, note: form.note.value };
    if (outcome === "APPOINTMENT" && !(body.booking = p.value())) return word("desk_choose_time");
    if (outcome === "NUMBER_CHANGED") body.new_number = form.new_number.value;
    return tell("/desk/correct", body);
  }).then((yes) => { if (yes) { box.drop(d.dataset.assignment); toast(word("desk_corrected"), "good"); day("", true); callbacks(); } });
}

let daySoon, callbacksSoon;
export function refresh() {
  clearTimeout(daySoon);
  clearTimeout(callbacksSoon);
  daySoon = setTimeout(() => day(), 300); // the next card goes first
  callbacksSoon = setTimeout(() => callbacks(), 400);
}

export async function day(due = "", anew = false) {
  try {
    const m = await get(`/desk/day${due}`);
    $("figures").innerHTML = m.figures;
    const used = $("last").contains(document.activeElement);
    if (!$("correct")?.open && (!used || anew)) {
      $("last").innerHTML = m.last;
      $("last").hidden = !m.last.trim();
      unsaid();
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

// unsaid shows what was typed in the last call and went with no outcome; correcting it begins with that.
function unsaid() {
  const button = $("correct-last"), typed = button && box.draft($("correct").dataset.assignment).note;
  if (!typed || box.of($("correct").dataset.assignment)) return;
  const p = document.createElement("p"), q = document.createElement("q");
  p.id = "unsaid";
  p.className = "problem";
  q.textContent = typed;
  p.append(`${word("desk_unsaid")} `, q);
  button.parentElement.before(p);
}

// callbacks draws the list anew, or adds a page to it. A list that is in use is left alone, unless it was a lead's row in it
// that changed: then that row, or what is above the list, has the focus afterwards.
export async function callbacks(page = "", changed = "") {
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

let flash;
export function remind(html) {
  const r = $("reminders"), fresh = document.createElement("template");
  fresh.innerHTML = html;
  const promise = fresh.content.firstElementChild?.dataset.appointment;
  if (!promise || box.sees(promise) || r.querySelector(`[data-appointment="${promise}"]`)) return; // the server tells again of what is near whenever the page comes back
  r.append(fresh.content);
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

export function seen(article = $("reminders").querySelector("article")) {
  if (article) box.saw(article.dataset.appointment);
  article?.remove();
  if ($("reminders").querySelector("article")) return;
  clearInterval(flash);
  document.title = title;
  $("reminders").hidden = true;
  $("reminders").hidePopover?.();
}

// seenOf takes the reminder of a promise away that is no more.
function seenOf(li) {
  const article = $("reminders").querySelector(`[data-appointment="${li.dataset.appointment}"]`);
  if (article) seen(article);
}

export function beep() {
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
