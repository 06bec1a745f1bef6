// The pages of campaigns: live figures, questions in a dialog, and the form with its sentences and its preview.
import { get, live, now, post, toast } from "/static/base.js";

const $ = (selector, root = document) => root.querySelector(selector);

// put replaces a part. One that has the focus waits until the focus has gone, for a reader must not be thrown out of it.
const waiting = new Map();
function put(id, html) {
  const el = document.getElementById(id);
  if (!el || el.innerHTML === html) return;
  const open = [...el.querySelectorAll("details")].map((d) => d.open);
  if (el.contains(document.activeElement) && document.activeElement !== document.body) {
    waiting.set(el, html);
    el.addEventListener("focusout", () => setTimeout(() => {
      if (waiting.has(el) && !el.contains(document.activeElement)) { const last = waiting.get(el); waiting.delete(el); put(id, last); }
    }), { once: true });
    return;
  }
  waiting.delete(el);
  el.innerHTML = html; // drawn and escaped by the server
  el.querySelectorAll("details").forEach((d, i) => { d.open = open[i] ?? false; });
}

// Live parts, while somebody looks.
const place = $("[data-live]:not(#replan)");
let stream;
function follow() {
  stream?.close();
  stream = undefined;
  if (!place || document.hidden) return;
  stream = live(place.dataset.live, { part: (data) => { const { id, html } = JSON.parse(data); put(id, html); } });
}
document.addEventListener("visibilitychange", follow);
follow();

// Questions, in a dialog in place of a page of their own.
const asking = $("#asking");
document.addEventListener("click", async (event) => {
  const link = event.target.closest("a[data-ask]");
  if (!asking || !link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  const back = link.closest("[data-back]")?.dataset.back ?? "";
  try {
    asking.innerHTML = await get(`${link.getAttribute("href")}?part=1&back=${back}`);
  } catch (problem) {
    toast(problem.message, "bad");
    return;
  }
  asking.showModal();
  $("input[type=radio], #do", asking)?.focus();
});
asking?.addEventListener("click", (event) => {
  if (event.target.closest("[data-close]")) { event.preventDefault(); asking.close(); }
});

// What was just done is in the address once; a reload must not tell it again.
if ($("#did")) history.replaceState(null, "", location.pathname);

// Leads that are planned anew after a change.
const replan = $("#replan");
if (replan) {
  const bar = $("progress", replan), tell = $(".tell", replan);
  const watch = live(replan.dataset.live, {
    progress: (data) => { const { done, total } = JSON.parse(data); if (total) { bar.max = total; bar.value = done; tell.textContent = `${done} / ${total}`; } },
    done: () => { watch.close(); bar.max = bar.value = 1; tell.textContent = replan.dataset.done; },
  });
}

// Parts that take the server longer, once the page is there.
for (const part of document.querySelectorAll("[data-part]")) {
  get(part.dataset.part).then((html) => { $(".into", part).innerHTML = html; }).catch(() => {}); // the link stays
}

const form = $("#campaign-form");
if (form) edit(form);

function edit(form) {
  const zone = form.elements.zone; // a new campaign is most likely of the place where it is made
  if (!zone.value && form.elements.id.value === "0") zone.value = Intl.DateTimeFormat().resolvedOptions().timeZone ?? "";

  // Rows that come, go and move.
  let made = 0;
  for (const rows of form.querySelectorAll("[data-rows]")) {
    const into = $(".into", rows), add = $(".add", rows);
    into.querySelector("noscript")?.remove();
    add.hidden = false;
    const ready = (row) => { const acts = $(".rowacts", row); if (acts) acts.hidden = false; };
    into.querySelectorAll("[data-row]").forEach(ready);
    $("[data-add]", add).addEventListener("click", () => {
      const row = $("template", rows).content.cloneNode(true).firstElementChild, key = `n${++made}-${now()}`;
      $("input[type=hidden]", row).value = key;
      for (const box of row.querySelectorAll("[name^='rules.hours.day.']")) box.name = `rules.hours.day.${key}`;
      ready(row);
      into.append(row);
      $("input:not([type=hidden]), select", row).focus();
      changed();
    });
    rows.addEventListener("click", (event) => {
      const row = event.target.closest("[data-row]"), button = event.target.closest("button");
      if (!row || !button) return;
      if (button.matches("[data-remove]")) { const next = row.nextElementSibling ?? row.previousElementSibling; row.remove(); ($("input:not([type=hidden]), select", next ?? rows) ?? $("[data-add]", rows)).focus(); }
      if (button.matches("[data-up]")) row.previousElementSibling?.before(row);
      if (button.matches("[data-down]")) row.nextElementSibling?.after(row);
      if (button.matches("[data-up], [data-down]")) button.focus();
      changed();
    });
  }

  // The rules in sentences, as they are typed.
  let timer, asked;
  async function explain() {
    asked?.abort();
    asked = new AbortController();
    try {
      put("said", await post(form.dataset.explain, new URLSearchParams(new FormData(form)), { signal: asked.signal }));
    } catch { /* the next change asks again */ }
  }
  function changed() {
    dirty = true;
    clearTimeout(timer);
    timer = setTimeout(explain, 350);
  }
  let dirty = Boolean($("#faults, #theirs")), sent = false;
  form.addEventListener("input", changed);
  form.addEventListener("submit", () => { sent = true; });
  addEventListener("beforeunload", (event) => { if (dirty && !sent) event.preventDefault(); });
  const wrong = $("[aria-invalid]", form) ?? document.getElementById($("#faults a")?.hash.slice(1));
  if (wrong) { wrong.closest("details")?.setAttribute("open", ""); wrong.focus(); }
  $("#faults")?.addEventListener("click", (event) => {
    const target = document.getElementById(event.target.closest("a")?.hash.slice(1));
    if (!target) return;
    event.preventDefault();
    target.closest("details")?.setAttribute("open", "");
    target.focus();
  });

  // Fields of the lead, put into the script where one was writing.
  form.addEventListener("click", (event) => {
    const field = event.target.closest("[data-insert]")?.dataset.insert, script = form.elements.script;
    if (!field) return;
    script.setRangeText(field, script.selectionStart, script.selectionEnd, "end");
    script.focus();
    changed();
  });

  // What the change would move.
  const button = $("#preview"), working = $("#working"), effect = $("#effect");
  let running;
  button?.addEventListener("click", async (event) => {
    event.preventDefault();
    running?.abort();
    const mine = running = new AbortController();
    effect.textContent = "";
    working.hidden = false;
    button.disabled = true;
    $("progress", working).removeAttribute("value");
    $(".tell", working).textContent = "";
    $("#stop").focus();
    try {
      await events(form.dataset.preview, new URLSearchParams(new FormData(form)), mine.signal, {
        progress: (data) => {
          const { done, total } = JSON.parse(data), bar = $("progress", working);
          if (total) { bar.max = total; bar.value = done; $(".tell", working).textContent = `${done} / ${total}`; }
        },
        result: (html) => { effect.innerHTML = html; }, // drawn and escaped by the server
      });
    } catch (error) {
      if (!mine.signal.aborted) toast(error.message, "bad");
    }
    working.hidden = true;
    button.disabled = false;
    button.focus();
  });
  $("#stop")?.addEventListener("click", () => running?.abort());
}

// events posts a form and hears the events of the answer.
async function events(path, body, signal, on) {
  const answer = await fetch(path, { method: "POST", body, signal, headers: { Accept: "text/event-stream, application/json;q=0.5" } });
  if (!answer.ok) {
    const json = answer.headers.get("Content-Type")?.startsWith("application/json");
    throw new Error(json ? (await answer.json()).message : answer.statusText);
  }
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  for (let text = "", cut; ;) {
    const { value, done } = await reader.read();
    if (done) return;
    for (text += value; (cut = text.indexOf("\n\n")) >= 0; text = text.slice(cut + 2)) {
      const lines = text.slice(0, cut).split("\n");
      const name = lines.find((l) => l.startsWith("event: "))?.slice(7);
      on[name]?.(lines.filter((l) => l.startsWith("data: ")).map((l) => l.slice(6)).join("\n"));
    }
  }
}
