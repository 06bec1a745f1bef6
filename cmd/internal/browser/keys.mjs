// What a page is to somebody who has the keyboard alone.
import { fault } from "./lib.mjs";

// reached presses Tab through a page, or the dialog on top of it: everything that takes the focus comes in its order, shows
// that it has it, lies under nothing that stays in place, and lets it go; and nothing is for the mouse alone.
export async function reached(page, name) {
  const most = 3 * await page.evaluate(begin) + 20;
  for (let i = 0; i < most; i++) {
    await page.keyboard.press("Tab");
    if (await page.evaluate(step)) break;
  }
  const found = await page.evaluate(end);
  for (const f of found) fault(`${name} by keyboard at ${page.viewportSize().width}: ${f}`);
}

// begin finds what should be reached, and how it looks without the focus.
function begin() {
  const root = [...document.querySelectorAll("dialog:modal")].pop() ?? document.body;
  const shown = (e) => e.checkVisibility({ visibilityProperty: true });
  const told = (e) => `${e.localName}${e.id ? `#${e.id}` : ""}${e.getAttribute("name") ? `[name=${e.getAttribute("name")}]` : ""} "${(e.textContent ?? "").trim().slice(0, 30)}"`;
  const style = (e) => { const s = getComputedStyle(e); return `${s.outlineStyle} ${s.outlineWidth} ${s.outlineColor} ${s.boxShadow}`; };
  const inTurn = (e) => e.type !== "radio" || e.checked || ![...document.getElementsByName(e.name)].some((o) => o.form === e.form && (o.checked || o.compareDocumentPosition(e) & Node.DOCUMENT_POSITION_FOLLOWING));
  const tabbable = (e) => e.tabIndex >= 0 && shown(e) && e.type !== "hidden" && !e.matches(":disabled") && !e.closest("[inert]") && inTurn(e);
  const all = [...root.querySelectorAll("a[href], button, input, select, textarea, summary, [tabindex], [contenteditable]")].filter(tabbable);
  const had = root.getAttribute("tabindex");
  document.activeElement?.blur();
  root.tabIndex = -1;
  root.focus({ preventScroll: true });
  if (had === null) root.removeAttribute("tabindex");
  globalThis.keyed = { root, all, shown, told, style, plain: new Map(all.map((e) => [e, style(e)])), seen: [], stays: 0, faults: all.filter((e) => e.tabIndex > 0).map((e) => `${told(e)} is out of its turn`) };
  return all.length;
}

// step looks at what has the focus now; true when Tab has been all around.
function step() {
  const k = globalThis.keyed, e = document.activeElement;
  if (!e || e === document.body || e === k.root || e === k.seen[0] && k.seen.length > 1) return true;
  if (e === k.seen.at(-1)) return ++k.stays > 8 && k.faults.push(`${k.told(e)} keeps the focus`) > 0; // a date has fields of its own
  k.stays = 0;
  if (k.seen.includes(e)) return k.faults.push(`${k.told(e)} has the focus a second time`) > 0;
  if (k.seen.length > 0 && !(k.seen.at(-1).compareDocumentPosition(e) & Node.DOCUMENT_POSITION_FOLLOWING)) k.faults.push(`${k.told(e)} comes after ${k.told(k.seen.at(-1))}`);
  k.seen.push(e);
  const s = getComputedStyle(e);
  if (k.style(e) === k.plain.get(e) || s.outlineStyle === "none" && s.boxShadow === "none") k.faults.push(`${k.told(e)} does not show that it has the focus`);
  const points = [...e.getClientRects()].flatMap((r) => [[0.5, 0.5], [0.1, 0.1], [0.9, 0.1], [0.1, 0.9], [0.9, 0.9]].map(([x, y]) => [r.left + r.width * x, r.top + r.height * y]));
  const on = (top) => top !== null && (e.contains(top) || [...e.labels ?? []].some((l) => l.contains(top)));
  if (!points.some(([x, y]) => on(document.elementFromPoint(x, y)))) k.faults.push(`${k.told(e)} has the focus where it cannot be seen`);
  return false;
}

// end says what was wrong, and what was never reached.
function end() {
  const { root, all, shown, told, seen, faults } = globalThis.keyed;
  for (const e of all) if (e.isConnected && shown(e) && !e.matches(":disabled") && !seen.includes(e)) faults.push(`${told(e)} is not reached`);
  const points = (e) => getComputedStyle(e).cursor === "pointer";
  const clicked = [...root.querySelectorAll("*")].filter((e) => shown(e) && !e.matches(":disabled") && (e.onclick || e.matches("[onclick], [role=button]") || points(e) && !points(e.parentElement)));
  const byKeys = (e) => seen.some((s) => s.contains(e) || e.contains(s)) || seen.includes(e.control) || e.control?.type === "radio" || e.type === "radio";
  for (const e of clicked) if (!byKeys(e)) faults.push(`${told(e)} is for the mouse alone`);
  return [...new Set(faults)].slice(0, 8);
}
