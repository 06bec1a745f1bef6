// A desk with all that is ever on it, in both languages, widths and colours: before the shift, a reminder, a card that is
// offered, in a call and ended, the picker of times, a dialog, the last call put right, a break.
import { world, play, person, looked, scales, expect } from "../lib.mjs";
import { reached } from "../keys.mjs";
import { translated } from "../words.mjs";

const stage = (page, name) => page.locator(`#card[data-stage=${name}]`).waitFor();

async function seen(page, name, lang) {
  if (lang === "zh") await translated(page, name);
  await looked(page, name);
}

async function shift(page, lang) {
  await page.goto(`${world.base}/desk`);
  await page.locator("#start").waitFor();
  await seen(page, "desk-before", lang);
  await page.click("#start");
  await page.locator("#reminders article").waitFor();
  await seen(page, "desk-reminded", lang);
  await page.click("#reminders [data-do=seen]");
  await page.locator("#reminders article").waitFor({ state: "detached" });

  await page.click("#callbacks [data-do=cancel]"); // near a promise an agent is kept free for it
  await seen(page, "desk-cancel", lang);
  await page.fill("#cancel-dialog [name=reason]", "called us");
  await page.click("#cancel-dialog button.main");
  await stage(page, "offered");
  const scale = await scales(page);
  await page.reload();
  await stage(page, "offered");
  await page.locator("#last:not([hidden])").waitFor();
  await seen(page, "desk-offered", lang);
  scale.read(`the desk with a card in ${lang}`);
  await page.locator("#settings summary").click();
  await reached(page, "desk-offered");
  await page.click("#decline");
  await seen(page, "desk-decline", lang);
  await reached(page, "desk-decline");
  await page.keyboard.press("Escape");

  await page.click("#call");
  await stage(page, "calling");
  await seen(page, "desk-calling", lang);
  await reached(page, "desk-calling");
  await page.click("#end");
  await stage(page, "ended");
  await seen(page, "desk-ended", lang);
  await page.click("#card .o[data-outcome=APPOINTMENT]");
  await page.waitForFunction(() => document.querySelector("#booking [name=day]")?.options.length > 0);
  await seen(page, "desk-picker", lang);
  await reached(page, "desk-picker");
  const was = await page.locator("#card").getAttribute("data-assignment");
  await page.locator("#booking [name=day]").selectOption({ index: 1 });
  await page.click("#booking [data-do=book]");
  await page.locator(`#card[data-stage=offered]:not([data-assignment="${was}"])`).waitFor();

  await page.locator(`#correct[data-assignment="${was}"]`).waitFor({ state: "attached" });
  await page.click("#correct-last");
  await seen(page, "desk-correct", lang);
  await reached(page, "desk-correct");
  await page.keyboard.press("Escape");
  await page.click("#breaks summary");
  await page.locator("#break-form button").first().click();
  await page.click("#decline");
  await page.click("#decline-dialog button.main");
  await page.locator("#idle [data-when=break]:not([hidden])").waitFor();
  await seen(page, "desk-break", lang);
  expect(await page.locator("#card").count() === 0, "a card stays on the desk in a break");
}

await play(async (browser) => {
  for (const [lang, login] of [["en", "ann"], ["zh", "zoe"]]) {
    const page = await person(browser, world.tokens[login], { lang });
    await page.context().addInitScript(() => addEventListener("click", (event) => {
      if (event.target.closest?.("a[href^='tel:']")) event.preventDefault();
    }, true));
    await shift(page, lang);
    await page.context().close();
  }
});
