// An agent's promise comes near: the reminder cannot be missed, with the desk in the background too, and a key says that it
// was seen.
import { world, play, person, seen, expect } from "../lib.mjs";

await play(async (browser) => {
  const page = await person(browser, world.tokens.agent);
  await page.context().addInitScript(() => addEventListener("click", (event) => {
    if (event.target.closest?.("a[href^='tel:']")) event.preventDefault();
  }, true));
  await page.goto(`${world.base}/desk`);
  await page.waitForSelector("#desk[data-on]");
  await page.click("#start");
  await page.locator("#card[data-stage=offered]").waitFor();
  await page.keyboard.press("c");
  await page.locator("#card[data-stage=calling]").waitFor();
  await page.keyboard.press("h");
  await page.locator("#card[data-stage=ended]").waitFor();
  await page.keyboard.press(await page.locator("#card .o[data-outcome=APPOINTMENT]").first().getAttribute("data-key"));
  await page.waitForFunction(() => document.querySelector("#booking [name=day]")?.options.length > 0);
  const time = page.locator("#booking [name=time]");
  if (await time.locator("option").count() < 3) await page.locator("#booking [name=day]").selectOption({ index: 1 }); // shortly before midnight
  await time.selectOption({ index: 2 });
  await page.click("#booking [data-do=book]");
  const reminder = page.locator("#reminders article[data-appointment]");
  await reminder.waitFor({ timeout: 40000 });
  expect(await page.locator("#reminders").evaluate((el) => el.matches(":popover-open")), "the reminder lies below other things");
  await page.waitForFunction(() => document.title.startsWith("⏰"));
  await page.waitForFunction(() => !document.title.startsWith("⏰")); // it blinks, which a tab in the background shows
  expect(/\d:\d\d/.test(await reminder.locator("time[data-until]").textContent()), "the reminder does not say how long it is until then");
  await seen(page, "desk-reminder");
  await page.reload(); // before it was seen: it is there again
  await page.waitForSelector("#desk[data-on]");
  await reminder.waitFor();
  await page.keyboard.press("a");
  await reminder.waitFor({ state: "detached" });
  await page.reload();
  await page.waitForSelector("#callbacks li[data-appointment]"); // it is still promised
  await page.waitForFunction(() => document.querySelector("#state").textContent && !document.querySelector("#callbacks[aria-busy]"));
  expect(await reminder.count() === 0, "a reminder that was seen comes back");
  expect(!(await page.title()).startsWith("⏰"), "a reminder that was seen goes on in the title");
});
