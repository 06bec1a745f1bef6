// Small things that every part of the desk uses.
export const $ = (id) => document.getElementById(id);
export const title = document.title;
export const word = (k) => $("words").content.querySelector(`[data-k="${k}"]`)?.textContent ?? k;
export const say = (k, ...args) => args.reduce((s, a) => s.replace("%s", a), word(k));

// typing says whether keys are for a field.
export const typing = () => { const el = document.activeElement; return !!el && (el.isContentEditable || ["TEXTAREA", "SELECT"].includes(el.tagName) || (el.tagName === "INPUT" && !["checkbox", "radio", "button"].includes(el.type))); };

// problem shows a text where it belongs; none hides it.
export function problem(where, text = "") {
  const el = typeof where === "string" ? $(where) : where;
  if (!el) return;
  el.textContent = text;
  el.hidden = !text;
}

// confirm opens a dialog and says whether it was agreed to. A check that answers a text keeps it open, and shows the text.
export function confirm(name, check) {
  const d = typeof name === "string" ? $(name) : name, from = document.activeElement;
  return new Promise((done) => {
    d.returnValue = "";
    const form = d.querySelector("form");
    form.onsubmit = async (event) => {
      if (event.submitter?.value !== "ok" || !check) return;
      event.preventDefault();
      event.submitter.disabled = true;
      const wrong = await check(form).finally(() => { event.submitter.disabled = false; });
      problem(d.querySelector(".problem[role=alert]"), wrong ?? "");
      if (!wrong) d.close("ok");
    };
    d.onclose = () => { done(d.returnValue === "ok"); if (from?.isConnected) from.focus(); };
    problem(d.querySelector(".problem[role=alert]"));
    d.showModal();
  });
}
