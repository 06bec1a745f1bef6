// The picker of appointments: the lead's own clock, and only the times that may be promised, unless the customer insists.
import { get } from "/static/base.js";

const lang = document.documentElement.lang || "en";
const two = (n) => String(n).padStart(2, "0");

// clockIn is what the clocks of a zone show, "14:30", at an instant.
export function clockIn(zone, ms) {
  try {
    return new Intl.DateTimeFormat("en-GB", { timeZone: zone, hour: "2-digit", minute: "2-digit", hourCycle: "h23" }).format(ms);
  } catch {
    return "";
  }
}

// at writes an instant on this computer's clock: the time, with its day when that is another than today.
export function at(ms) {
  const then = new Date(ms), time = `${two(then.getHours())}:${two(then.getMinutes())}`;
  if (then.toDateString() === new Date().toDateString()) return time;
  return `${new Intl.DateTimeFormat(lang, { month: "short", day: "numeric", weekday: "short" }).format(then)} ${time}`;
}

// instantOf is when the clocks of a zone show a wall time, in ms; NaN if that cannot be said.
function instantOf(local, zone) {
  const asUTC = Date.parse(`${local}:00Z`);
  try {
    const parts = (ms) => Object.fromEntries(new Intl.DateTimeFormat("en-GB", { timeZone: zone, hourCycle: "h23", year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit" }).formatToParts(ms).map((p) => [p.type, p.value]));
    let ms = asUTC;
    for (let i = 0; i < 2; i++) {
      const p = parts(ms);
      ms += asUTC - Date.UTC(p.year, p.month - 1, p.day, p.hour, p.minute);
    }
    return ms;
  } catch {
    return NaN;
  }
}

export class Picker {
  constructor(root, words) {
    this.root = root;
    this.words = words;
    this.day = root.querySelector("[name=day]");
    this.time = root.querySelector("[name=time]");
    this.insisted = root.querySelector("[name=insisted]");
    this.free = root.querySelector("[name=free]");
    this.byDay = new Map();
    this.day.onchange = () => { this.times(); this.here(); };
    this.time.onchange = () => this.here();
    this.free.oninput = () => this.here();
    this.insisted.onchange = () => {
      this.frees(this.insisted.checked);
      if (this.insisted.checked && !this.free.value) this.free.value = this.time.value || this.now;
      this.here();
    };
  }

  // load asks for the lead's slots; a picker that has them keeps what was chosen.
  async load(lead, focus = false) {
    this.lead = lead;
    const m = await get(`/desk/slots?lead=${lead}`);
    this.zone = m.zone;
    this.now = m.now;
    this.byDay = Map.groupBy ? Map.groupBy(m.slots, (s) => s.slice(0, 10)) : m.slots.reduce((all, s) => all.set(s.slice(0, 10), [...(all.get(s.slice(0, 10)) ?? []), s]), new Map());
    this.root.querySelector("[data-zone]").textContent = this.words("desk_zone_now").replace("%s", m.zone).replace("%s", m.now.slice(11));
    const name = new Intl.DateTimeFormat(lang, { weekday: "short", month: "short", day: "numeric", timeZone: "UTC" });
    this.day.replaceChildren(...[...this.byDay.keys()].map((d) => new Option(name.format(Date.parse(`${d}T00:00Z`)), d)));
    this.root.querySelector("[data-empty]").hidden = this.byDay.size > 0;
    this.times();
    this.here();
    if (focus) this.day.focus();
  }

  // frees lets any time be given, in place of the slots.
  frees(yes) {
    this.free.parentElement.hidden = !yes;
    this.day.disabled = this.time.disabled = !!yes;
  }

  times() {
    const was = this.time.value;
    this.time.replaceChildren(...(this.byDay.get(this.day.value) ?? []).map((s) => new Option(s.slice(11), s)));
    const same = [...this.time.options].find((o) => o.text === was.slice(11));
    if (was && same) same.selected = true;
  }

  here() {
    const b = this.value(), ms = b ? instantOf(b.local, b.zone) : NaN;
    this.root.querySelector("[data-here]").textContent = Number.isNaN(ms) ? "" : this.words("desk_is_here").replace("%s", at(ms));
    this.changed?.();
  }

  // value is the booking that is chosen; undefined: none.
  value() {
    const insisted = this.insisted.checked;
    const local = insisted ? this.free.value.slice(0, 16) : this.time.value;
    return local && this.zone ? { local, zone: this.zone, insisted } : undefined;
  }

  set(b) {
    if (!b?.local) return;
    this.insisted.checked = !!b.insisted;
    this.frees(b.insisted);
    if (b.insisted) this.free.value = b.local;
    this.day.value = b.local.slice(0, 10);
    this.times();
    this.time.value = b.local;
    this.here();
  }
}
