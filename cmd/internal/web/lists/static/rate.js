// How fast something goes and how long it will take, from the last seconds.
import { span } from "/static/base.js";

export class Rate {
  #seen = [];
  at(value) {
    const now = performance.now();
    this.#seen.push([now, value]);
    while (this.#seen.length > 2 && now - this.#seen[0][0] > 5000) this.#seen.shift();
  }
  // perSecond is 0 while it is not known.
  get perSecond() {
    const [first, last] = [this.#seen[0], this.#seen.at(-1)];
    return first && last[0] - first[0] > 300 ? ((last[1] - first[1]) * 1000) / (last[0] - first[0]) : 0;
  }
}

// later draws what the server counts only when it is asked to: its answer is the same page, with the parts filled in.
export async function later(...parts) {
  const note = document.getElementById("later");
  if (!note) return;
  const at = new URL(location.href);
  at.searchParams.set("counted", "1");
  at.searchParams.delete("did");
  const text = await fetch(at, { headers: { Accept: "text/html" } }).then((r) => (r.ok ? r.text() : "")).catch(() => "");
  if (!text) return;
  const fresh = new DOMParser().parseFromString(text, "text/html");
  note.remove();
  for (const part of document.querySelectorAll(parts.join())) {
    const theirs = fresh.getElementById(part.id);
    if (theirs) part.replaceChildren(...theirs.childNodes);
  }
}

export const fill = (text, ...values) => values.reduce((s, v) => s.replace("{}", () => v), text);
export const number = (n) => Math.round(n).toLocaleString("en");
export const left = (rest, rate, text) => (rate > 0 && rest > 0 ? fill(text, span((rest / rate) * 1000 + 999)) : "");
export function bytes(n) {
  for (const [unit, size] of [["GB", 1e9], ["MB", 1e6], ["kB", 1e3]]) if (n >= size) return `${(n / size).toFixed(1)} ${unit}`;
  return `${Math.round(n)} B`;
}
