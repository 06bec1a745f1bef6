// A newcomer opens the link of a demonstration, is an agent, takes a call, comes back, and is a supervisor.
import { world, play, watched, seen, fits, accessible, expect } from "../lib.mjs";

await play(async (browser) => {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, locale: "en-GB", timezoneId: "Europe/London" });
  const page = await watched(await context.newPage());
  await page.goto(world.link);
  await page.waitForURL(/\/guide/);
  await seen(page, "guide");
  await page.click("#be-agent button");
  await page.waitForURL(/\/desk/);
  await page.waitForSelector("#desk[data-on]");
  await page.click("#start");
  await page.waitForSelector("#card[data-stage=offered]");
  await seen(page, "guide-desk");
  await page.click("#call");
  await page.waitForSelector("#card[data-stage=calling]");
  await page.click("#end");
  await page.waitForSelector("#card[data-stage=ended]");
  const id = await page.locator("#card").getAttribute("data-assignment");
  await page.click("#card .o[data-outcome=NO_ANSWER]");
  await page.waitForFunction((was) => document.getElementById("card")?.dataset.assignment !== was, id);
  await page.click("form.acting button");
  await page.waitForURL(/\/guide/);
  await page.click("#be-supervisor button");
  await page.waitForURL(/\/floor/);
  await page.waitForSelector("#floor-agents tr[data-id]");
  expect(await page.locator("#floor-agents tr[data-id]").count() > 1, "the floor of a demonstration is empty");
  await fits(page, "guide-floor");
  await accessible(page, "guide-floor");
  await page.click("form.acting button");
  await page.waitForURL(/\/guide/);
});
