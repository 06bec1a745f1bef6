// A newcomer opens the link of a demonstration, reads three steps, is an agent and takes a call, is a manager, is a
// supervisor: each place is at work, and as the steps say.
import { world, play, person, watched, looked, note, scales, seen, expect } from "../lib.mjs";
import { reached } from "../keys.mjs";
import { translated } from "../words.mjs";

// back leaves a part for the guide.
async function back(page) {
  await page.click("form.acting button");
  await page.waitForURL(/\/guide/);
}

async function guide(page, lang) {
  const scale = await scales(page);
  await page.goto(`${world.base}/guide`);
  const steps = await page.locator(".guide-steps > li").allTextContents();
  expect(steps.length === 3 && steps.every((s) => s.length > 60), `the guide has the steps ${steps}`);
  if (lang === "zh") await translated(page, "guide");
  await looked(page, "guide");
  scale.read(`the guide in ${lang}`);
  await reached(page, "guide");
}

async function agent(page) {
  await page.click("#be-agent button");
  await page.waitForURL(/\/desk/);
  await page.waitForSelector("#desk[data-on]");
  await page.click("#start");
  await page.waitForSelector("#card[data-stage=offered]");
  await seen(page, "guide-desk");
  const took = [];
  for (let i = 0; i < 7; i++) took.push(await call(page));
  note(`outcome to next card beside the simulated agents: ${took.sort((a, b) => a - b).join(", ")} ms`);
}

// call takes the card in hand and says how long the next one took.
async function call(page) {
  await page.click("#call");
  await page.waitForSelector("#card[data-stage=calling]");
  await page.click("#end");
  await page.waitForSelector("#card[data-stage=ended]");
  const id = await page.locator("#card").getAttribute("data-assignment");
  await page.click("#card .o[data-outcome=NO_ANSWER]");
  await page.waitForFunction((was) => document.querySelector("#card[data-stage=offered]") && document.getElementById("card").dataset.assignment !== was, id);
  return Number(await page.locator("#desk").getAttribute("data-next-ms"));
}

// manager finds the campaign with the step's four minutes in its rules, may change it, and finds its list.
async function manager(page) {
  await page.click("#be-manager button");
  await page.waitForURL(/\/campaigns$/);
  await page.locator("[data-campaign] [data-state=running]").first().waitFor();
  await seen(page, "guide-campaigns");
  await page.locator("[data-campaign] a[href$='/edit']").first().click();
  await page.waitForURL(/\/edit$/);
  const rules = await page.locator("#said").textContent();
  expect(/\b4 min/.test(rules), `no rule of the demonstration has four minutes: ${rules}`);
  await page.goto(`${world.base}/lists`);
  expect(await page.locator("main tbody tr").count() > 0, "the demonstration's lists are not there");
  await seen(page, "guide-lists");
}

// supervisor finds five simulated agents, beside whoever was one before.
async function supervisor(page) {
  await page.click("#be-supervisor button");
  await page.waitForURL(/\/floor/);
  await page.waitForSelector("#floor-agents tr[data-id]");
  const agents = await page.locator("#floor-agents tr[data-id] th").evaluateAll((all) => all.map((th) => th.title));
  expect(agents.filter((a) => a !== "you").length === 5, `the floor of a demonstration has ${agents}`);
  await seen(page, "guide-floor");
}

await play(async (browser) => {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, locale: "en-GB", timezoneId: "Europe/London" });
  const page = await watched(await context.newPage());
  await page.goto(world.link);
  await page.waitForURL(/\/guide/);
  const zh = await person(browser, "", { lang: "zh", storageState: await context.storageState() });
  await guide(zh, "zh");
  await zh.context().close();
  await guide(page, "en");
  for (const part of [agent, manager, supervisor]) {
    await part(page);
    await back(page);
  }
});
