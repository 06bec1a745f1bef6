// What an agent typed is kept here until the server has answered for it: drafts by assignment, and outcomes on their way.
// An outcome is kept before it is sent, is sent again until it is answered, and never becomes another one meanwhile: the
// server takes an assignment's outcome once, so that sending the same again is safe. Nothing here knows the page.

// waits says whether a failure may pass: nobody answered, the server is busy, or the agent must sign in first.
export function waits(problem) {
  const { code, status = 0 } = problem ?? {};
  return code === "Lost" || status === 0 || status === 401 || status === 408 || status === 429 || status >= 500;
}

// memory stands in for a browser's storage that may not be used.
export function memory() {
  const all = new Map();
  return {
    get length() { return all.size; },
    key: (i) => [...all.keys()][i] ?? null,
    getItem: (k) => all.get(k) ?? null,
    setItem: (k, v) => void all.set(k, String(v)),
    removeItem: (k) => void all.delete(k),
  };
}

const day = 24 * 3600 * 1000;

export class Outbox {
  // store: localStorage or alike; who: the agent's login; send(body): answers, or throws a problem;
  // done(entry, answer), refused(entry, problem), changed(): told of what happens; later(f, ms): setTimeout or alike.
  constructor({ store, who, send, done = () => {}, refused = () => {}, changed = () => {}, now = () => Date.now(), later = (f, ms) => setTimeout(f, ms) }) {
    Object.assign(this, { store, send, done, refused, changed, now, later });
    this.prefix = `redial.desk.${who}.`;
    this.wait = 0; // ms until the next try, grown with each that failed
    this.stuck = false; // the last try did not get through
    this.fallen = new Map(); // outcomes for which there was no room in the store, by assignment
    this.forget();
  }

  read(key) {
    try { return JSON.parse(this.store.getItem(this.prefix + key)); } catch { return null; }
  }

  // write says whether it could be kept where a reload finds it.
  write(key, value) {
    try { this.store.setItem(this.prefix + key, JSON.stringify(value)); return true; } catch { return false; }
  }

  keys(kind) {
    const found = [], start = `${this.prefix}${kind}.`;
    for (let i = 0; i < this.store.length; i++) {
      const key = this.store.key(i);
      if (key?.startsWith(start)) found.push(key.slice(start.length));
    }
    return found;
  }

  // saw notes that the agent knows of a reminder; sees says whether they do.
  saw(id) { return this.write(`seen.${id}`, { at: this.now() }); }
  sees(id) { return !!this.read(`seen.${id}`); }

  // forget drops drafts and reminders of another day.
  forget() {
    for (const kind of ["draft", "seen"]) {
      for (const id of this.keys(kind)) {
        if (!(this.read(`${kind}.${id}`)?.at > this.now() - day)) this.store.removeItem(`${this.prefix}${kind}.${id}`);
      }
    }
  }

  draft(id) { return this.read(`draft.${id}`) ?? {}; }
  keep(id, fields) { return this.write(`draft.${id}`, { ...this.draft(id), ...fields, at: this.now() }); }
  // notes says whether anything was typed for which there is no outcome yet.
  notes() { return this.keys("draft").some((id) => this.draft(id).note && !this.of(id)); }
  drop(id) { this.store.removeItem(`${this.prefix}draft.${id}`); }

  // all are the outcomes that are not acknowledged, oldest first.
  all() { return [...new Set([...this.keys("out"), ...this.fallen.keys()])].map((id) => this.of(id)).filter(Boolean).sort((a, b) => a.at - b.at); }
  of(id) { return this.fallen.get(String(id)) ?? this.read(`out.${id}`); }

  // set keeps an outcome in the store or, where there is no room, here: a reload would lose it, and until then it is sent.
  set(entry) {
    if (this.write(`out.${entry.id}`, entry)) this.fallen.delete(entry.id);
    else this.fallen.set(entry.id, entry);
  }

  take(id) {
    this.store.removeItem(`${this.prefix}out.${id}`);
    this.fallen.delete(String(id));
  }

  // put keeps an outcome for sending. One that is on its way already stays as it is, and the answer is false; one that
  // was refused may be another now.
  put(id, body, about = {}) {
    const there = this.of(id);
    if (there && !there.refused) return false;
    this.set({ id: String(id), body, about, at: this.now() });
    this.changed();
    return true;
  }

  discard(id) {
    this.take(id);
    this.drop(id);
    this.changed();
  }

  // again lets an outcome that was refused be sent once more, as it is.
  again(id) {
    const entry = this.of(id);
    if (entry) this.set({ ...entry, refused: undefined });
    this.wait = 0;
    return this.flush();
  }

  // flush sends what waits, one after the other; what cannot be sent now is sent later, by itself.
  flush() {
    this.flying ??= this.sendAll().finally(() => { this.flying = undefined; });
    return this.flying;
  }

  async sendAll() {
    clearTimeout(this.timer);
    for (let entry; (entry = this.first());) {
      let answer;
      try {
        answer = await this.send(entry.body);
      } catch (problem) {
        if (waits(problem)) {
          this.stuck = true;
          this.wait = Math.min((this.wait || 500) * 2, 15000);
          this.timer = this.later(() => this.flush(), problem.retry_ms || this.wait);
          this.changed();
          return;
        }
        this.stuck = false;
        const sorry = { ...entry, refused: { reason: problem.reason ?? "", message: problem.message } };
        this.set(sorry);
        this.changed();
        this.refused(sorry, problem);
        continue;
      }
      this.wait = 0;
      this.stuck = false;
      this.take(entry.id);
      this.drop(entry.id);
      this.changed();
      this.done(entry, answer);
    }
  }

  first() { return this.all().find((entry) => !entry.refused); }
}
