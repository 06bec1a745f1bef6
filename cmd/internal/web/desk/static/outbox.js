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

  // forget drops drafts of another day.
  forget() {
    for (const id of this.keys("draft")) {
      if (!(this.read(`draft.${id}`)?.at > this.now() - day)) this.store.removeItem(`${this.prefix}draft.${id}`);
    }
  }

  draft(id) { return this.read(`draft.${id}`) ?? {}; }
  keep(id, fields) { return this.write(`draft.${id}`, { ...this.draft(id), ...fields, at: this.now() }); }
  drop(id) { this.store.removeItem(`${this.prefix}draft.${id}`); }

  // all are the outcomes that are not acknowledged, oldest first.
  all() { return this.keys("out").map((id) => this.read(`out.${id}`)).filter(Boolean).sort((a, b) => a.at - b.at); }
  of(id) { return this.read(`out.${id}`); }

  // put keeps an outcome for sending. One that is on its way already stays as it is, and the answer is false; one that
  // was refused may be another now.
  put(id, body, about = {}) {
    const there = this.of(id);
    if (there && !there.refused) return false;
    this.fallen = undefined;
    const entry = { id: String(id), body, about, at: this.now() };
    if (!this.write(`out.${id}`, entry)) this.fallen = entry; // no storage: it is sent from here, once more after each failure
    this.changed();
    return true;
  }

  discard(id) {
    this.store.removeItem(`${this.prefix}out.${id}`);
    if (this.fallen?.id === String(id)) this.fallen = undefined;
    this.drop(id);
    this.changed();
  }

  // again lets an outcome that was refused be sent once more, as it is.
  again(id) {
    const entry = this.of(id);
    if (entry) this.write(`out.${id}`, { ...entry, refused: undefined });
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
        if (!this.write(`out.${entry.id}`, sorry)) this.fallen = undefined;
        this.changed();
        this.refused(sorry, problem);
        continue;
      }
      this.wait = 0;
      this.stuck = false;
      this.store.removeItem(`${this.prefix}out.${entry.id}`);
      if (this.fallen?.id === entry.id) this.fallen = undefined;
      this.drop(entry.id);
      this.changed();
      this.done(entry, answer);
    }
  }

  first() { return this.all().find((entry) => !entry.refused) ?? this.fallen; }
}
