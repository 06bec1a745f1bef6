// Every page of an office in the middle of its day, in both languages, widths and colours: no fault on the console, nothing
// wider than the window, nothing for axe, nothing for the mouse alone, no English on a page in Chinese, under 100 kB.
import { world, play, person, watched, looked, scales, expect, note } from "../lib.mjs";
import { reached } from "../keys.mjs";
import { translated } from "../words.mjs";
import { join } from "node:path";

const of = `campaign=${world.campaign}`;

// paths are the pages by role; those of a list and of its columns are there once a manager has brought files.
const paths = (list, upload) => ({
  supervisor: ["/", "/floor", "/floor/promises?all=1", "/floor/missed?all=1", "/floor/late", `/floor/ahead?${of}`, "/floor/agent?login=fay"],
  manager: [
    "/campaigns", "/campaigns/new", `/campaigns/${world.campaign}`, `/campaigns/${world.campaign}/edit`, `/campaigns/${world.campaign}/why`, `/campaigns/${world.campaign}/finish`,
    "/lists", "/lists/new", `/lists/${list}`, `/lists/uploads/${upload}/map?region=CN`, "/leads", `/leads?${of}`, `/leads/${world.lead}`,
  ],
  quality: ["/", `/leads/${world.lead}`],
});

// full waits until a page has all that it brings by itself.
async function full(page) {
  await page.waitForFunction(() => document.querySelectorAll("[aria-busy=true], #later").length === 0);
}

async function visited(page, scale, role, path, lang) {
  const name = `${role}${path.replace(/\?.*/, "").replaceAll("/", "-")}`;
  scale.empty();
  await page.goto(world.base + path);
  await full(page);
  const there = new URL(page.url());
  expect(there.pathname + there.search === path, `${role} asked for ${path} and came to ${page.url()}`);
  expect(await page.locator("h1").count() === 1, `${name} has ${await page.locator("h1").count()} h1`);
  expect((await page.locator("html").getAttribute("lang")).startsWith(lang), `${name} speaks another language`);
  if (lang === "zh") await translated(page, name);
  await looked(page, name);
  scale.read(`${role} ${path} in ${lang}`);
  await reached(page, name);
}

// chosen brings a file and comes to its columns.
async function chosen(page, file) {
  await page.goto(`${world.base}/lists/new?${of}`);
  await page.setInputFiles("#file", join(world.files, file));
  await page.waitForURL(/\/lists\/uploads\/\d+\/map/);
  return /uploads\/(\d+)/.exec(page.url())[1];
}

// brought is a list with problems, and a file whose columns are not said yet.
async function brought(page) {
  await chosen(page, "mixed.csv");
  await page.click("#commit");
  await page.waitForURL(/\/lists\/\d+$/);
  const list = /(\d+)$/.exec(page.url())[1];
  return [list, await chosen(page, "east.csv")];
}

// sending is a file on its way up, and an import on its way: each is held where it is.
async function sending(page) {
  const rows = ["name,phone,remark"];
  for (let i = 0; i < 6000; i++) rows.push(`Caller ${i},+1 212 555 01${String(i % 100).padStart(2, "0")},${"x".repeat(300)}`);
  const file = { name: "large.csv", mimeType: "text/csv", buffer: Buffer.from(rows.join("\n")) };
  let sent = 0, go;
  const gone = new Promise((done) => { go = done; });
  await page.route(/\/data\?offset=/, async (route) => { if (++sent > 1) await gone; await route.continue(); });
  await page.route(/\/live$/, () => {});
  await page.goto(`${world.base}/lists/new?${of}`);
  await page.setInputFiles("#file", file);
  await page.waitForFunction(() => document.querySelector("#uploads progress")?.value > 0);
  await looked(page, "manager-lists-sending");
  await reached(page, "manager-lists-sending");
  go();
  await page.waitForURL(/\/map/);
  await page.click("#commit");
  await page.waitForURL(/\/progress$|\/lists\/\d+$/);
  if (page.url().endsWith("/progress")) await looked(page, "manager-lists-progress");
  else note("the import was over before its progress could be looked at");
  await page.unrouteAll({ behavior: "ignoreErrors" });
}

// begun is when the record knows of the promise that nobody kept, and the floor shows an agent in each state.
async function begun(browser) {
  const page = await person(browser, world.tokens.supervisor);
  await page.goto(`${world.base}/floor`);
  await page.waitForSelector("[data-part*=missed] table");
  for (const state of ["ready", "offered", "on_call", "wrap_up", "break"]) await page.waitForSelector(`#floor-agents tr[data-id][data-state=${state}]`);
  await page.context().close();
}

await play(async (browser) => {
  await begun(browser);
  const states = {};
  let all;
  for (const lang of ["en", "zh"]) {
    const stranger = await watched(await (await browser.newContext({ locale: lang })).newPage());
    await visited(stranger, await scales(stranger), "", "/signin", lang);
    await stranger.context().close();
    for (const role of ["manager", "supervisor", "quality"]) {
      const page = await person(browser, world.tokens[role], { lang, storageState: states[role] });
      states[role] = await page.context().storageState();
      all ??= paths(...await brought(page));
      const scale = await scales(page);
      for (const path of all[role]) await visited(page, scale, role, path, lang);
      if (role === "manager") await sending(page);
      await page.context().close();
    }
  }
});
