// The live floor: rows that changed come once a second at most and are changed in place, so that focus and selection stay;
// times are counted here. A page in the background listens to nothing and counts nothing.
import { get, live, now, post, serverTime, span, toast } from "/static/base.js";

const root = document.getElementById("floor");
const $ = (selector, of = root) => of.querySelector(selector);
const table = root && $("#floor-agents");

if (root && table) agents();
if (root) parts();
forms(document);

function agents() {
  const usual = { on_call: 20, wrap_up: 3, offered: 1, ready: 15, break: 30 }, key = "redial_floor_limits";
  let limits = { ...usual };
  try { limits = { ...usual, ...JSON.parse(localStorage.getItem(key) ?? "{}") }; } catch { /* none kept, or none may be */ }
  const words = Object.fromEntries([...$("#floor-words").content.children].map((i) => [i.dataset.k, i.textContent]));
  const groups = new Map([...table.tBodies].map((b) => [b.dataset.state, b]));
  const rows = new Map(); // by id
  const lines = new Map([...root.querySelectorAll("#floor-campaigns tr[data-id]")].map((tr) => [tr.dataset.id, tr]));
  const name = $("#floor-name");
  let shows = "", by = "since", down = true, stale = false, heard;
  serverTime(Number(root.dataset.now));

  const put = (node, text) => { if (node.textContent !== text) node.textContent = text; };
  const hold = (tr) => {
    const [th, state, time, lead, campaign] = tr.cells;
    return { tr, th, tag: state.children[0], why: state.children[1], time: time.children[0], alarm: time.children[1], lead, campaign, help: $("a", tr.cells[5]) };
  };
  // Times are counted of rows on the screen or near it alone: each of them costs a layout.
  const near = new IntersectionObserver((all) => {
    for (const e of all) {
      const r = rows.get(e.target.dataset.id);
      if (r && (r.near = e.isIntersecting)) put(r.time, span(now() - r.is.since));
    }
  }, { rootMargin: "50% 0px" });
  for (const tr of table.querySelectorAll("tr[data-id]")) {
    const r = hold(tr);
    r.is = { id: tr.dataset.id, state: tr.dataset.state, since: Number(tr.dataset.since), name: r.th.textContent, login: r.th.title, lead_name: r.lead.textContent, campaign: r.campaign.textContent };
    rows.set(tr.dataset.id, r);
    near.observe(tr);
  }

  // move puts a row elsewhere and keeps the focus and the selection that are in it. It asks nothing that costs a layout, as
  // whether the selection is collapsed does.
  function move(into, tr, before = null) {
    const chosen = getSelection(), focus = tr.contains(document.activeElement) ? document.activeElement : null;
    const kept = tr.contains(chosen.anchorNode) || tr.contains(chosen.focusNode) ? [chosen.anchorNode, chosen.anchorOffset, chosen.focusNode, chosen.focusOffset] : null;
    if (into.moveBefore && tr.isConnected) into.moveBefore(tr, before); else into.insertBefore(tr, before);
    if (focus && document.activeElement !== focus) focus.focus({ preventScroll: true });
    if (kept) chosen.setBaseAndExtent(...kept);
  }
  function row(is) {
    let r = rows.get(is.id);
    if (is.state === "signed_out" || !groups.has(is.state)) return r && leave(r);
    if (!r) {
      r = hold($("#floor-row").content.firstElementChild.cloneNode(true));
      r.tr.dataset.id = is.id;
      rows.set(is.id, r);
      near.observe(r.tr);
    }
    if (r.is?.state !== is.state) {
      r.tr.dataset.state = is.state;
      r.tag.className = `state ${is.state}`;
      move(groups.get(is.state), r.tr);
    }
    r.is = is;
    if (r.near) put(r.time, span(now() - is.since));
    put(r.th, is.name);
    r.th.title = is.login;
    put(r.tag, words[is.state]);
    put(r.why, [is.why, is.next].filter(Boolean).join(" "));
    put(r.campaign, is.campaign ?? "");
    const a = $("a", r.lead);
    if (is.lead && is.lead !== "0") {
      const link = a ?? r.lead.appendChild(document.createElement("a"));
      link.href = `/leads/${is.lead}`;
      put(link, is.lead_name || is.lead);
    } else a?.remove();
    r.help.href = `/floor/agent?login=${encodeURIComponent(is.login)}`;
    r.help.setAttribute("aria-label", `${r.help.textContent} ${is.name}`);
  }
  function leave(r) {
    if (r.tr.contains(document.activeElement)) $("[data-show='']").focus();
    near.unobserve(r.tr);
    r.tr.remove();
    rows.delete(r.is.id);
  }
  function line(is) {
    let tr = lines.get(is.id);
    if (!tr) {
      tr = $("#floor-line").content.firstElementChild.cloneNode(true);
      tr.dataset.id = is.id;
      $("#floor-campaigns tbody").append(tr);
      lines.set(is.id, tr);
    }
    const a = $("th a", tr);
    a.href = `/campaigns/${is.id}`;
    put(a, is.name);
    for (const f of ["attempts", "connects", "due", "open", "held", "promises", "soon"]) put($(`[data-f=${f}]`, tr), String(is[f]));
    put($("[data-f=share]", tr), is.attempts ? `${Math.floor(is.connects * 100 / is.attempts)} %` : "");
    $("[data-f=next_due]", tr).dataset.ms = is.next_due;
    clock($("[data-f=next_due]", tr));
  }
  const local = new Intl.DateTimeFormat(document.documentElement.lang, { hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZoneName: "short" });
  const clock = (time) => { if (Number(time.dataset.ms)) put(time, local.format(Number(time.dataset.ms))); else put(time, ""); };

  // tick counts times, marks who is too long in a state, and hides what is not asked for.
  let alarmed = -1;
  function tick() {
    const at = now(), part = name.value.trim().toLowerCase(), counts = { all: 0, alarm: 0 };
    let seen = 0;
    const inGroup = {};
    for (const r of rows.values()) {
      const ms = at - r.is.since, limit = limits[r.is.state] * 60000, late = limit > 0 && ms > limit;
      counts.all++;
      counts[r.is.state] = (counts[r.is.state] ?? 0) + 1;
      if (late) counts.alarm++;
      if (r.late !== late) { r.late = late; r.alarm.hidden = !late; r.tr.classList.toggle("late", late); }
      const show = (!shows || (shows === "alarm" ? late : shows === r.is.state)) && (!part || `${r.is.name} ${r.is.login}`.toLowerCase().includes(part));
      if (r.tr.hidden === show && !(r.tr.contains(document.activeElement) && !show)) r.tr.hidden = !show;
      if (!r.tr.hidden) { seen++; inGroup[r.is.state] = true; if (r.near) put(r.time, span(ms)); }
    }
    for (const [state, body] of groups) { const hide = !inGroup[state]; if (body.hidden !== hide) body.hidden = hide; counts[state] ??= 0; }
    for (const el of root.querySelectorAll("#floor-now [data-count]")) put(el, String(counts[el.dataset.count] ?? 0));
    table.hidden = seen === 0;
    $("#floor-nobody").hidden = counts.all > 0;
    $("#floor-no-match").hidden = seen > 0 || counts.all === 0;
    if (alarmed !== counts.alarm) { // told aloud when somebody is added, never each second
      if (alarmed >= 0 && counts.alarm > alarmed) put($("#floor-alarms"), `${$("#floor-alarms").dataset.text} ${counts.alarm}`);
      alarmed = counts.alarm;
    }
    if (stale) sort();
  }
  // sort orders the rows of each group, unless somebody is in the table just now: then it waits.
  function sort(force) {
    const chosen = getSelection();
    if (!force && (table.contains(document.activeElement) || table.matches(":hover") || (!chosen.isCollapsed && table.contains(chosen.anchorNode)))) { stale = true; return; }
    stale = false;
    const value = (r) => by === "since" ? -r.is.since : (r.is[by] ?? "");
    const order = (a, b) => { const x = value(a), y = value(b); return (by === "since" ? x - y : x.localeCompare(y)) * (down ? -1 : 1) || a.is.login.localeCompare(b.is.login); };
    for (const [state, body] of groups) {
      let at = body.rows[0].nextElementSibling;
      for (const r of [...rows.values()].filter((r) => r.is.state === state).sort(order)) {
        if (r.tr === at) at = at.nextElementSibling; else move(body, r.tr, at);
      }
    }
  }
  function take(raw) {
    const u = JSON.parse(raw);
    serverTime(u.at);
    if (u.whole) {
      const there = new Set((u.agents ?? []).map((a) => a.id));
      for (const r of [...rows.values()]) if (!there.has(r.is.id)) leave(r);
      const goOn = new Set((u.campaigns ?? []).map((c) => c.id));
      for (const [id, tr] of lines) if (!goOn.has(id)) { tr.remove(); lines.delete(id); }
    }
    for (const a of u.agents ?? []) row(a);
    for (const c of u.campaigns ?? []) line(c);
    $("#floor-no-campaign").hidden = lines.size > 0;
    for (const what of ["missed", "late"]) follow(what, u[what]);
    follow("agents", rows.size);
    if (u.campaigns) follow("promises", [...lines.values()].some((tr) => $("[data-f=promises]", tr).textContent !== "0"));
    if (u.agents) stale = true;
    tick();
  }

  $("#floor-now").addEventListener("click", (event) => {
    const b = event.target.closest("button");
    if (b?.dataset.show !== undefined) {
      shows = b.dataset.show;
      for (const one of root.querySelectorAll("[data-show]")) one.setAttribute("aria-pressed", String(one === b));
      tick();
    } else if (b?.dataset.sort) {
      down = by === b.dataset.sort ? !down : b.dataset.sort === "since";
      by = b.dataset.sort;
      for (const th of table.tHead.rows[0].cells) if (th.ariaSort) th.ariaSort = $(`[data-sort=${by}]`, th) ? (down ? "descending" : "ascending") : "none";
      sort(true);
    }
  });
  name.addEventListener("input", tick);
  const inputs = [...root.querySelectorAll("[data-limit]")];
  const fill = () => { for (const i of inputs) i.value = limits[i.dataset.limit]; };
  fill();
  const keep = () => { try { localStorage.setItem(key, JSON.stringify(limits)); } catch { /* not kept */ } tick(); };
  for (const i of inputs) i.addEventListener("input", () => { if (i.value !== "" && i.validity.valid) { limits[i.dataset.limit] = Number(i.value); keep(); } });
  $("#floor-limits-reset").addEventListener("click", () => { limits = { ...usual }; fill(); keep(); });

  // Who may be given a promise is offered when it is asked for.
  document.addEventListener("focusin", (event) => {
    if (event.target.getAttribute?.("list") === "floor-logins") $("#floor-logins").replaceChildren(...[...rows.values()].map((r) => new Option(r.is.name, r.is.login)));
  });
  let timer;
  const awake = () => {
    clearInterval(timer);
    heard?.close();
    heard = undefined;
    if (document.hidden) return;
    heard = live(root.dataset.live, { floor: take, problem: (raw) => toast(JSON.parse(raw).message, "bad") });
    timer = setInterval(tick, 1000);
    tick();
  };
  document.addEventListener("visibilitychange", awake);
  for (const time of root.querySelectorAll("[data-ms]")) clock(time);
  awake();
}

// follow reads a part again when its count has changed; one that takes the server longer says how rarely.
function follow(what, n) {
  const part = document.querySelector(`[data-follows=${what}]`);
  if (!part || part.dataset.n === String(n)) return;
  const first = part.dataset.n === undefined;
  part.dataset.n = n;
  if (part.dataset.least) part.dataset.stale = "1";
  else if (!first) load(part);
}

// busy says whether somebody is at work in a part: it is not replaced then.
function busy(part) {
  const chosen = getSelection();
  return part.contains(document.activeElement) || part.querySelector("details[open] form") || (!chosen.isCollapsed && part.contains(chosen.anchorNode));
}
async function load(part, force) {
  if (!force && (document.hidden || busy(part))) { part.dataset.stale = "1"; return; }
  delete part.dataset.stale;
  try {
    const html = await get(part.dataset.part);
    if (!force && busy(part)) { part.dataset.stale = "1"; return; }
    const opened = [...part.querySelectorAll("details")].map((d) => d.open);
    const shown = new DOMParser().parseFromString(html, "text/html");
    part.replaceChildren(...shown.body.childNodes);
    part.querySelectorAll("details").forEach((d, i) => { if (!d.querySelector("form")) d.open = opened[i] ?? false; });
    forms(part);
  } catch (problem) {
    if (!problem.lost) toast(problem.message, "bad");
  }
  part.removeAttribute("aria-busy");
}
function parts() {
  const all = [...root.querySelectorAll("[data-part]")];
  for (const part of all) {
    load(part, true);
    const each = Number(part.dataset.every), least = Number(part.dataset.least ?? 0);
    let last = Date.now(), again = 0;
    setInterval(() => {
      const now = Date.now();
      if (document.hidden || !((part.dataset.stale && now - again > least * 1000) || (each && now - last > each * 1000))) return;
      again = last = now;
      load(part);
    }, 5000);
    part.addEventListener("click", (event) => {
      const a = event.target.closest("a[data-page]");
      if (!a || event.metaKey || event.ctrlKey) return;
      event.preventDefault();
      part.dataset.part = a.getAttribute("href");
      load(part, true).then(() => { const h = part.querySelector("h2"); h.tabIndex = -1; h.focus(); });
    });
    part.addEventListener("submit", (event) => {
      if (event.target.method !== "get") return;
      event.preventDefault();
      part.dataset.part = `${event.target.getAttribute("action")}?${new URLSearchParams(new FormData(event.target))}`;
      load(part, true).then(() => part.querySelector("select")?.focus());
    });
  }
  const dialog = document.getElementById("floor-dialog");
  root.addEventListener("click", async (event) => {
    const a = event.target.closest("a[href^='/floor/agent?']");
    if (!a || event.metaKey || event.ctrlKey) return;
    event.preventDefault();
    try {
      const shown = new DOMParser().parseFromString(await get(a.getAttribute("href")), "text/html");
      dialog.firstElementChild.replaceChildren(...shown.body.childNodes);
      const timer = setInterval(() => { const t = dialog.querySelector("[data-since]"); if (t) t.textContent = span(now() - Number(t.dataset.since)); }, 1000);
      dialog.addEventListener("close", () => clearInterval(timer), { once: true });
      forms(dialog);
      dialog.showModal();
    } catch (problem) { toast(problem.message, "bad"); }
  });
}

// forms sends forms without leaving the page, and says what was done or why not.
function forms(within) {
  for (const form of within.querySelectorAll(".floor form[method=post]")) {
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      const told = form.querySelector(".problem"), body = new URLSearchParams(new FormData(form, event.submitter));
      const buttons = [...form.querySelectorAll("button")];
      told.hidden = true;
      for (const b of buttons) b.disabled = true;
      try {
        const done = await post(form.getAttribute("action"), body, { timeout: 120000 });
        toast(done.said, "good");
        form.closest("dialog")?.close();
        const part = form.closest("[data-part]");
        if (part) { await load(part, true); const h = part.querySelector("h2"); h.tabIndex = -1; h.focus(); }
        else if (root) for (const one of root.querySelectorAll("[data-part*=promises]")) load(one);
        else location.reload();
      } catch (problem) {
        told.textContent = problem.message;
        told.hidden = false;
      }
      for (const b of buttons) b.disabled = false;
    });
  }
}
