// What a page says, in the language it speaks.
import { fault } from "./lib.mjs";

const typed = ["Spring offer", "Good day, this is Ann of Redial. Am I speaking with", "Asked for Plan B; will decide with her brother.", "von und zu"];

// translated looks for English on a page in Chinese: two words of it in a row, but for what is marked as English, commands,
// and what people typed.
export async function translated(page, name) {
  const found = await page.evaluate((typed) => {
    const english = (text) => /[A-Za-z]{2,},? [a-z]{2,}/.test(typed.reduce((rest, t) => rest.replaceAll(t, "…"), text.replace(/\s+/g, " ").replace(/dialctl [a-z ]+/, "…")));
    const out = (e) => e.closest("[lang=en], code, kbd, samp, script, style, template, noscript");
    const said = [];
    const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walk.nextNode()) if (!out(walk.currentNode.parentElement)) said.push(walk.currentNode.data);
    for (const e of document.body.querySelectorAll("*")) if (!out(e)) for (const a of ["aria-label", "title", "placeholder", "alt"]) said.push(e.getAttribute(a) ?? "");
    return [...new Set(said.filter(english))].slice(0, 8);
  }, typed);
  for (const f of found) fault(`${name} says in English: ${f.trim()}`);
}
