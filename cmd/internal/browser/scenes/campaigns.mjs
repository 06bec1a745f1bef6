// A manager makes a campaign, changes it while its sentences follow, looks at what a change moves, and pauses in two
// clicks; in both languages. Another one is made and finished by the keyboard alone.
import { world, play, person, seen, expect, tabTo } from "../lib.mjs";

// follows types into a field and waits for the sentences to change.
async function follows(page, field, value) {
  const said = await page.locator("#said").textContent();
  await page.locator(`[name="${field}"]`).fill(value);
  await page.waitForFunction((was) => document.getElementById("said").textContent !== was, said);
  return page.locator("#said").textContent();
}

// once presses a form's button again and again, while the page asks whether it would get through and while it is sent: it is
// sent once.
async function once(page, path, button) {
  let sends = 0;
  page.on("request", (r) => { if (r.method() === "POST" && new URL(r.url()).pathname === path) sends++; });
  const press = () => page.evaluate((s) => document.querySelector(s).click(), button);
  let asked = false; // a route that ended here would lose the request that follows at once, now and then
  await page.route("**/me", async (route) => { if (!asked) { asked = true; await press(); } await route.continue(); });
  await page.evaluate((s) => document.addEventListener("submit", () => setTimeout(() => document.querySelector(s).click()), { once: true }), button);
  await page.dblclick(button, { noWaitAfter: true });
  await page.waitForURL((url) => url.pathname !== path);
  expect(sends === 1, `a form that was pressed four times was sent ${sends} times`);
}

async function made(page, name) {
  await page.goto(`${world.base}/campaigns`);
  await page.click("#new");
  await page.waitForURL(/\/campaigns\/new$/); // loaded, scripts included
  await page.fill("[name=name]", name);
  await page.fill("[name=zone]", "Europe/London");
  await page.fill("[name=region]", "GB");
  await follows(page, "rules.max_attempts", "7");
  await once(page, "/campaigns/new", "#save");
  await page.waitForURL(/\/campaigns\/\d+/);
  expect((await page.locator("h1").textContent()).includes(name), "a campaign that was made is not shown");
}

// changed edits the running campaign, and sees first what it moves.
async function changed(page, lang) {
  await page.goto(`${world.base}/campaigns/${world.campaign}/edit`);
  const said = await follows(page, "rules.max_attempts", lang === "en" ? "9" : "8");
  expect(said.includes(lang === "en" ? "9" : "8"), `the sentences do not tell the number of attempts: ${said}`);
  await page.click("#preview");
  await page.waitForSelector("#moves");
  await seen(page, `campaigns-edit-${lang}`);
  await page.click("#save");
  await page.waitForURL(new RegExp(`/campaigns/${world.campaign}(\\?|$)`));
}

// paused takes two clicks, and so does going on.
async function paused(page, lang) {
  await page.goto(`${world.base}/campaigns`);
  const card = `#campaign-${world.campaign}`;
  await page.click(`${card} [data-ask=pause]`);
  await page.waitForSelector("#asking[open] #do");
  await seen(page, `campaigns-pause-${lang}`);
  await page.click("#asking #do");
  await page.waitForSelector(`${card} [data-state=paused]`);
  await page.click(`${card} [data-ask=start]`);
  await page.waitForSelector("#asking[open] #do");
  await page.click("#asking #do");
  await page.waitForSelector(`${card} [data-state=running]`);
}

// finished makes a campaign and finishes it, without a mouse.
async function finished(page) {
  await page.goto(`${world.base}/campaigns`);
  await tabTo(page, "#new");
  await page.keyboard.press("Enter");
  await page.waitForSelector("#campaign-form");
  for (const [field, text] of [["name", "Winter offer"], ["zone", "Europe/London"], ["region", "GB"]]) {
    await tabTo(page, `[name=${field}]`);
    await page.keyboard.press("Control+A");
    await page.keyboard.type(text);
  }
  await tabTo(page, "#save", 300);
  await page.keyboard.press("Enter");
  await page.waitForURL(/\/campaigns\/\d+/);
  expect((await page.locator("h1").textContent()).includes("Winter offer"), "a campaign is not made by the keyboard");
  await tabTo(page, "[data-ask=finish]");
  await page.keyboard.press("Enter");
  await page.waitForSelector("#asking[open] #do");
  await seen(page, "campaigns-finish");
  await tabTo(page, "#do");
  await page.keyboard.press("Enter");
  await page.waitForSelector("[data-state=finished]");
  expect(await page.locator("[data-ask]").count() === 0, "a campaign that finished is asked for more");
}

await play(async (browser) => {
  for (const lang of ["en", "zh"]) {
    const page = await person(browser, world.tokens.manager, { lang });
    await made(page, lang === "en" ? "Autumn offer" : "秋季回访");
    await changed(page, lang);
    await paused(page, lang);
    if (lang === "en") await finished(page);
    await page.context().close();
  }
});
