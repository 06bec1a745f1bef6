// A session that ends takes nothing along that somebody typed; whoever signs out, or comes after, leaves or finds nothing.
import { world, play, person, seen, expect, watched } from "../lib.mjs";

// ended ends the session of a page's browser, as an admin or another tab would.
async function ended(page) {
  page.expects = /401|403/; // 403: a page that the next person may not see
  await page.evaluate(() => fetch("/signout", { method: "POST", redirect: "manual" }));
}

// aside signs somebody in in a second tab, by the dialog of the first.
async function aside(page, token) {
  const [tab] = await Promise.all([page.context().waitForEvent("page"), page.click("#signed-out a")]);
  await watched(tab);
  await tab.fill("#token", token);
  await Promise.all([tab.waitForURL(/\/signed-in$/), tab.click("main button")]);
  await tab.close();
  await page.bringToFront();
}

async function goOn(page) {
  if (await page.locator("#signed-out[open]").count()) await page.click("#signed-out button").catch(() => {}); // the focus may have been quicker
  await page.waitForSelector("#signed-out:not([open])", { state: "attached" });
}

// asked is a script's request: the sentences of rules follow what is typed.
async function asked(page, lang) {
  await page.goto(`${world.base}/campaigns/${world.campaign}/edit`);
  const said = await page.locator("#said").textContent(), most = lang === "en" ? "17" : "18";
  await ended(page);
  await page.fill("[name='rules.max_attempts']", most);
  await page.waitForSelector("#signed-out[open]");
  await seen(page, `session-over-${lang}`);
  await page.keyboard.press("Escape");
  await page.click("#signed-out button");
  await page.waitForSelector("#signed-out .problem:not([hidden])");
  await aside(page, world.tokens.manager);
  await goOn(page);
  await page.waitForFunction((was) => document.getElementById("said").textContent !== was, said);
  expect(await page.inputValue("[name='rules.max_attempts']") === most, "what was typed is lost");
}

// sent is a form without a script of its own.
async function sent(page) {
  await page.fill("[name=name]", "Typed before the session ended");
  await ended(page);
  await page.click("#save");
  await page.waitForSelector("#signed-out[open]");
  await aside(page, world.tokens.manager);
  await goOn(page);
  await page.waitForURL(new RegExp(`/campaigns/${world.campaign}(\\?|$)`));
  expect((await page.locator("h1").textContent()).includes("Typed before the session ended"), "the form was not sent once signed in");
}

// another signs in beside: what the first one typed is neither sent nor shown.
async function another(page) {
  await page.goto(`${world.base}/campaigns/${world.campaign}/edit`);
  await ended(page);
  await page.fill("[name='rules.max_attempts']", "19");
  await page.waitForSelector("#signed-out[open]");
  await aside(page, world.tokens.supervisor);
  await page.click("#signed-out button").catch(() => {});
  await page.waitForSelector("body[data-role=supervisor], body.narrow");
  expect(!(await page.content()).includes('value="19"'), "somebody else sees what was typed");
}

// out leaves nothing behind, but outcomes that nobody else has.
async function out(page) {
  await page.goto(world.base);
  await page.evaluate(() => new Promise((done) => {
    localStorage.setItem("redial_uploads", '[{"id":"1","name":"leads.csv","owner":"x"}]');
    localStorage.setItem("redial.desk.li.draft.7", '{"note":"her husband will call"}');
    localStorage.setItem("redial.desk.li.out.7", '{"id":"7"}');
    const open = indexedDB.open("redial", 1);
    open.onupgradeneeded = () => open.result.createObjectStore("files");
    open.onsuccess = () => { open.result.close(); done(); };
  }));
  await page.click("details.who summary");
  await Promise.all([page.waitForURL(/\/signin\?out=1$/), page.click("form[action='/signout'] button")]);
  await page.waitForSelector("body[data-out=done]");
  const left = await page.evaluate(async () => [...Object.keys(localStorage), ...(await indexedDB.databases()).map((d) => d.name)].sort().join(" "));
  expect(left === "redial.desk.li.out.7", `left behind: ${left}`);
  await seen(page, "signed-out");
}

await play(async (browser) => {
  for (const lang of ["en", "zh"]) {
    const page = await person(browser, world.tokens.manager, { lang });
    await asked(page, lang);
    if (lang === "en") {
      await sent(page);
      await out(page);
    } else {
      await another(page);
    }
    await page.context().close();
  }
});
