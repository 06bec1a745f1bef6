// What came of a call: chosen, recorded by way of the outbox, and what the server said of it.
import { now, toast } from "/static/base.js";
import { act, apply, box, card, gone, id, lostHidden, put, session, waiting } from "/static/desk/desk.js";
import { $, confirm, problem, say, word } from "/static/desk/parts.js";
import { Picker } from "/static/desk/picker.js";
import { refresh } from "/static/desk/side.js";

let chosenAt = 0, picker; // the picker of the card in hand

export function choose(button, focus = true) {
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
    const mine = id(), lead = card().dataset.lead, draft = box.draft(id()).booking;
    const p = picker = new Picker($("booking").querySelector(".picker"), word);
    p.load(lead, focus).then(() => { p.set(draft); p.changed = () => box.keep(mine, { booking: p.value() }); })
      .catch((error) => problem("outcome-problem", error.message));
    return;
  }
  if (outcome === "DO_NOT_CALL") {
    const mine = id();
    confirm("dnc-dialog").then((yes) => yes && id() === mine && record(code, button)); // never of a card that came meanwhile
    return;
  }
  record(code, button);
}

export function unchoose(forget = true) {
  $("booking").hidden = $("renumber").hidden = true;
  for (const b of card().querySelectorAll(".o[aria-pressed]")) b.removeAttribute("aria-pressed");
  if (forget) box.keep(id(), { code: "", chosen: "", booking: undefined });
}

export const chosen = () => card().querySelector(".o[aria-pressed=true]");

// book and renumber record what was chosen with what it needs besides.
export function book() {
  const booking = picker?.value();
  if (!booking) return problem("outcome-problem", word("desk_choose_time"));
  record(chosen().dataset.code, chosen(), { booking });
}

export function renumber() { record(chosen().dataset.code, chosen(), { new_number: $("new-number").value.trim() }); }

// came notes how long the next card took after an outcome, for whoever measures it.
export function came() {
  if (chosenAt) $("desk").dataset.nextMs = String(Math.round((performance.now() - chosenAt) * 10) / 10);
  chosenAt = 0;
}

function record(code, button, more = {}) {
  const mine = id(), draft = box.draft(mine);
  const body = { assignment_id: mine, code, note: $("note").value, ended_at: draft.ended_at ?? new Date(now()).toISOString(), ...more };
  chosenAt = performance.now();
  if (!box.put(mine, body, { name: card().dataset.name, label: button?.querySelector("span")?.textContent ?? code, chosen: draft.chosen })) return toast(word("desk_choose_first"), "bad");
  waiting(true);
  box.flush();
}

export function recorded(entry, m) {
  const late = { LATE_KIND_AMENDED: "desk_late_amended", LATE_KIND_WAITS: "desk_late_waits" }[m.answer?.late];
  toast(say(late ?? "desk_recorded", entry.about.label, entry.about.name || word("desk_no_name")), late ? "" : "good", late ? 10000 : 3000);
  lostHidden();
  if (id() === entry.id) gone();
  showKept();
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

export function refusedOutcome(entry, error) {
  chosenAt = 0;
  if (id() !== entry.id) return toast(error.message, "bad", 15000);
  if (error.reason === "LEASE_EXPIRED") return gone();
  box.keep(entry.id, { note: entry.body.note, code: entry.body.code, booking: entry.body.booking, new_number: entry.body.new_number, chosen: entry.about.chosen });
  waiting(false);
  problem("outcome-problem", error.message);
  $("outcome-problem").scrollIntoView({ block: "nearest" });
}

// showKept lists what is not acknowledged: what waits to be sent, and what was refused and is on no card.
export function showKept() {
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
