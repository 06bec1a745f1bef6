// What the modules of all pages share: asking the server, live parts, toasts. No page loads anything from elsewhere.
import { over, typed } from "/static/session.js";

// Problem is why the server did not do what was asked; code "Lost" means that it could not be reached.
export class Problem extends Error {
  constructor(about) {
    super(about.message);
    Object.assign(this, { status: 0, code: "Lost", reason: "", fields: [], metadata: {} }, about);
  }
  get lost() { return this.code === "Lost"; }
  field(name) { return this.fields.find((f) => f.name === name)?.message; }
}

// ask sends a request and answers with its JSON or, if it is no JSON, its text. A body that is no string, form or blob is
// sent as JSON. It throws a Problem. When the session has ended it waits until somebody signs in again, and asks again:
// what was refused for that was not done.
export async function ask(method, path, body, { signal, headers = {}, timeout = 30000 } = {}) {
  const options = { method, headers: { Accept: "application/json, text/html;q=0.5", ...headers } };
  if (body !== undefined) {
    const raw = typeof body === "string" || body instanceof Blob || body instanceof FormData || body instanceof URLSearchParams || body instanceof ArrayBuffer;
    options.body = raw ? body : JSON.stringify(body);
    if (!raw) options.headers["Content-Type"] = "application/json";
  }
  let answer;
  do {
    try {
      const late = AbortSignal.timeout(timeout);
      answer = await fetch(path, { ...options, signal: signal ? AbortSignal.any([signal, late]) : late });
    } catch (error) {
      throw new Problem({ message: String(error) });
    }
    if (answer.status === 401) await over(method !== "GET" || typed());
  } while (answer.status === 401);
  const json = answer.headers.get("Content-Type")?.startsWith("application/json");
  if (answer.ok) return json ? answer.json() : answer.text();
  const about = json ? await answer.json() : { message: (await answer.text()).trim() };
  throw new Problem({ code: "Unknown", ...about, status: answer.status });
}
export const get = (path, options) => ask("GET", path, undefined, options);
export const post = (path, body, options) => ask("POST", path, body, options);

// live listens to server-sent events: on[name](data) for each, on.open and on.lost for the connection. It comes back by
// itself, less often the longer it takes, and ends with the session. The answer's close ends it.
export function live(path, on) {
  let source, wait = 500, timer, closed = false;
  const lost = document.getElementById("lost");
  const open = () => {
    source = new EventSource(path);
    source.onopen = () => { wait = 500; if (lost) lost.hidden = true; on.open?.(); };
    for (const name of Object.keys(on)) {
      if (name !== "open" && name !== "lost") source.addEventListener(name, (event) => on[name](event.data));
    }
    source.addEventListener("bye", () => { source.close(); over().then(() => { if (!closed) open(); }); });
    source.onerror = () => {
      if (lost) lost.hidden = false;
      on.lost?.();
      source.close();
      clearTimeout(timer);
      if (!closed) timer = setTimeout(open, wait * (0.5 + Math.random())); // not all at once after a restart
      wait = Math.min(wait * 2, 15000);
    };
  };
  const hearing = new AbortController(); // of the window, which outlives this
  const close = () => { closed = true; clearTimeout(timer); source.close(); hearing.abort(); };
  open();
  addEventListener("online", () => { if (source.readyState === EventSource.CLOSED) { clearTimeout(timer); open(); } }, hearing);
  addEventListener("pagehide", () => source.close(), hearing);
  return { close };
}

// toast tells something in passing; kind is "", "good" or "bad".
export function toast(text, kind = "", ms = 6000) {
  const p = document.createElement("p");
  p.textContent = text;
  p.className = `toast ${kind}`;
  if (kind === "good") for (const before of document.querySelectorAll("#toasts .good")) before.remove(); // the latest says it
  document.getElementById("toasts")?.append(p);
  setTimeout(() => p.remove(), ms);
}

// span writes milliseconds as 4:05 or 1:04:05.
export function span(ms) {
  const s = Math.max(0, Math.floor(ms / 1000)), two = (n) => String(n).padStart(2, "0");
  return s >= 3600 ? `${Math.floor(s / 3600)}:${two(Math.floor(s / 60) % 60)}:${two(s % 60)}` : `${Math.floor(s / 60)}:${two(s % 60)}`;
}

// count writes how long it is since or until the instant of every <time data-since="unix ms"> and <time data-until> under
// root, by the server's clock; timers does so every second.
let ahead = 0; // of the server's clock before this one, ms
export function serverTime(ms) { ahead = ms - Date.now(); }
export function now() { return Date.now() + ahead; }
export function count(root) {
  for (const el of root.querySelectorAll("time[data-since]")) el.textContent = Number(el.dataset.since) ? span(now() - Number(el.dataset.since)) : "";
  for (const el of root.querySelectorAll("time[data-until]")) {
    const left = Number(el.dataset.until) - now();
    el.textContent = span(left);
    el.classList.toggle("over", left < 0);
  }
}
export function timers(root = document) {
  count(root);
  return setInterval(() => count(root), 1000);
}
