// A manager and three ugly files: columns are put right by the menus, the import is watched, its problems come back as a
// file, a list is undone; an upload goes on after a lost network and after a reload.
import { world, play, person, seen, cut, expect, note, tabTo } from "../lib.mjs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";

// mapped chooses a file and comes to its columns.
async function mapped(page, file) {
  await page.goto(`${world.base}/lists/new?campaign=${world.campaign}`);
  await page.setInputFiles("#file", typeof file === "string" ? join(world.files, file) : file);
  await page.waitForURL(/\/lists\/uploads\/\d+\/map/);
  await page.waitForSelector("#columns");
}

// becomes chooses by a menu and waits until the server has drawn what follows from it.
async function becomes(page, menu, value) {
  await Promise.all([page.waitForResponse((r) => r.url().includes("/map?")), page.selectOption(menu, value)]);
  await page.waitForSelector("#result:not([aria-busy])");
}

// imported begins the import and follows it to its list.
async function imported(page) {
  await page.click("#commit");
  await page.waitForURL((url) => /^\/lists\/(\d+|uploads\/\d+\/progress)$/.test(url.pathname));
  await page.waitForURL((url) => /^\/lists\/\d+$/.test(url.pathname));
  await page.waitForSelector("#tally");
  await page.waitForSelector("#loading", { state: "detached" });
  return page.locator("#tally dd").allTextContents().then((all) => all.slice(0, 5).map((n) => Number(n.replace(/\D/g, ""))));
}

async function problems(page) {
  const [file] = await Promise.all([page.waitForEvent("download"), page.click("#problems-csv")]);
  return readFile(await file.path(), "utf8");
}

async function eastern(page) {
  await mapped(page, "east.csv");
  expect((await page.locator("#columns").textContent()).includes("手机号码"), "the headings of a GB18030 file with a title line are not read");
  await becomes(page, "#region", "CN");
  await seen(page, "lists-map-east");
  const [, leads, bad] = await imported(page);
  expect(leads >= 8, `east.csv: ${leads} leads`);
  expect(bad >= 1, `east.csv: ${bad} problems`);
  const csv = await problems(page);
  expect(["姓名", "手机号码", "城市", "备注", "客户壬"].every((w) => csv.includes(w)), `the file of problems has other columns: ${csv.slice(0, 200)}`);
  await seen(page, "lists-show-east");
}

// reach puts a column right that nobody could guess: "Reach" is the number.
async function reach(page) {
  await mapped(page, "reach.tsv");
  const n = await page.locator("#columns tbody tr", { hasText: "Reach" }).locator("select").getAttribute("id");
  await becomes(page, `#${n}`, "ignore");
  await page.waitForSelector("#nophone");
  await becomes(page, `#${n}`, "phone");
  await page.waitForSelector("#nophone", { state: "detached" });
  await becomes(page, "#region", "US");
  const [, leads, bad] = await imported(page);
  expect(leads === 6 && bad === 1, `reach.tsv: ${leads} leads, ${bad} problems`);
}

async function mixed(page) {
  await mapped(page, "mixed.csv");
  const [, leads, bad] = await imported(page);
  expect(leads === 6 && bad >= 1, `mixed.csv: ${leads} leads, ${bad} problems`);
  const csv = await problems(page);
  expect(csv.includes("Prénom et nom") && csv.includes("Zoë Wrong"), "the file of problems lost the accents");
  await page.click("[data-dialog=undo]");
  await seen(page, "lists-undo");
  await page.click("#undo form button.main");
  await page.waitForSelector(".done");
  await page.reload();
  expect(await page.locator("[data-dialog=undo]").count() === 0, "an undone list can be undone again");
}

// workbook is a spreadsheet: numbers that are numbers there, and an import that is watched, with a reload in its middle.
async function workbook(page) {
  await mapped(page, "south.xlsx");
  await seen(page, "lists-map-workbook");
  await page.click("#commit");
  await page.waitForURL((url) => /^\/lists\/(\d+|uploads\/\d+\/progress)$/.test(url.pathname));
  await page.reload().catch((error) => { if (!/ERR_ABORTED/.test(error.message)) throw error; }); // the page went on to its list meanwhile
  await page.waitForURL((url) => /^\/lists\/\d+$/.test(url.pathname));
  await page.waitForSelector("#tally");
  await page.waitForSelector("#loading", { state: "detached" });
  const [, leads, bad] = (await page.locator("#tally dd").allTextContents()).map((n) => Number(n.replace(/\D/g, "")));
  expect(leads === 3 && bad === 1, `south.xlsx: ${leads} leads, ${bad} problems`);
  const csv = await problems(page);
  expect(csv.includes("Customer,Mobile,City") && csv.includes("ask her sister") && csv.trim().split("\n").length === 2, `the file of problems: ${csv}`);
}

// template is kept by its name, and reads the next file of the kind: its column "Line" was guessed by its cells, which are
// others there.
async function template(page) {
  const rows = (name, ...lines) => ({ name, mimeType: "text/csv", buffer: Buffer.from(["Who;Line", ...lines].join("\n")) });
  const line = page.locator("#columns tbody tr", { hasText: "Line" }).locator("select");
  await mapped(page, rows("May.csv", "Eve;+44 20 7946 0221", "Fay;+44 20 7946 0222"));
  expect(await line.inputValue() === "phone", "a column of numbers is not guessed");
  await page.fill("#save", "Exports of the south");
  await imported(page);
  await mapped(page, rows("June.csv", "Gus;ask at the desk", "Hal;see her note", "Ivy;+44 20 7946 0223"));
  await seen(page, "lists-map-template");
  expect((await page.locator("#templates").textContent()).includes("Exports of the south"), "a template that was kept is not offered");
  expect(await line.inputValue() === "phone", "a template forgets what was guessed rightly when it was made");
  const [, leads, bad] = await imported(page);
  expect(leads === 1 && bad === 2, `June.csv: ${leads} leads, ${bad} problems`);
}

// dropped lets a file fall on the page instead of choosing it. How it is written is then said by the menus: its encoding,
// its separator, whether it has headings. The list's priority is given by the keyboard alone.
async function dropped(page) {
  await page.goto(`${world.base}/lists/new?campaign=${world.campaign}`);
  await page.evaluate(() => {
    const latin = Uint8Array.from("José;+44 20 7946 0321\nZoë;+44 20 7946 0322\n", (c) => c.charCodeAt(0));
    const dataTransfer = new DataTransfer();
    dataTransfer.items.add(new File([latin], "dropped.csv", { type: "text/csv" }));
    for (const type of ["dragenter", "dragover", "drop"]) document.getElementById("drop").dispatchEvent(new DragEvent(type, { dataTransfer, bubbles: true, cancelable: true }));
  });
  await page.waitForURL(/\/lists\/uploads\/\d+\/map/);
  const columns = page.locator("#columns tbody tr");
  await becomes(page, "#encoding", "windows-1251");
  expect(!(await columns.first().textContent()).includes("José"), "another encoding reads the same");
  await becomes(page, "#encoding", "windows-1252");
  await becomes(page, "#delimiter", "|");
  expect(await columns.count() === 1, "a separator that is not there makes columns");
  await becomes(page, "#delimiter", ";");
  expect(await columns.count() === 2, "the separator makes no columns");
  await becomes(page, "#header", "yes");
  expect((await columns.locator("th").first().textContent()).includes("José"), "the first row is no heading although it was said to be");
  await becomes(page, "#header", "no");
  await becomes(page, `#${await columns.filter({ hasText: "7946" }).locator("select").getAttribute("id")}`, "phone");
  const [, leads, bad] = await imported(page);
  expect(leads === 2 && bad === 0, `dropped.csv: ${leads} leads, ${bad} problems`);
  await tabTo(page, "#priority");
  await page.keyboard.press("Control+A");
  await page.keyboard.type("7");
  await page.keyboard.press("Enter");
  await page.waitForSelector(".done");
  expect(await page.inputValue("#priority") === "7", "a priority is not given by the keyboard");
}

// fast shows how fast a large file goes and how long it will take; the page's clock is turned on by a second a piece.
async function fast(browser) {
  const page = await person(browser, world.tokens.manager);
  await page.clock.install();
  await page.goto(`${world.base}/lists/new?campaign=${world.campaign}`);
  let puts = 0;
  const go = await new Promise((third) => {
    page.route(/\/data\?offset=/, async (route) => {
      await page.clock.fastForward(1000);
      if (++puts === 3) third(() => route.continue());
      else await route.continue();
    }).then(() => page.setInputFiles("#file", { name: "fast.csv", mimeType: "text/csv", buffer: Buffer.alloc(6 << 20, "name,phone\nx,1\n") }));
  });
  await page.locator("#uploads .figures", { hasText: /\d kB\/s · 0:\d\d left/ }).waitFor();
  await seen(page, "lists-sending");
  await go();
  await page.waitForURL(/\/lists\/uploads\/\d+\/map/);
  await page.context().close();
}

// Three pieces' worth of a list: the network goes before the second, the page before the third.
async function goesOn(page) {
  const rows = ["name,phone,remark"];
  for (let i = 0; i < 2400; i++) rows.push(`Caller ${i},+1 212 555 01${String(i % 100).padStart(2, "0")},${"x".repeat(900)}`);
  const file = { name: "large.csv", mimeType: "text/csv", buffer: Buffer.from(rows.join("\n")) };
  let puts = 0, held;
  const stopped = new Promise((done) => { held = done; });
  await page.route(/\/data\?offset=/, async (route) => {
    puts++;
    if (puts === 2) { await cut(page, true); return route.abort("internetdisconnected"); }
    if (puts === 4) return held();
    return route.continue();
  });
  await page.goto(`${world.base}/lists/new?campaign=${world.campaign}`);
  await page.setInputFiles("#file", file);
  await page.waitForSelector(".said.problem");
  await seen(page, "lists-offline");
  await cut(page, false);
  await stopped;
  const at = await page.locator("#uploads progress").evaluate((p) => p.value);
  expect(at > 0, "an upload begins again when the network is back");
  await page.unroute(/\/data\?offset=/);
  const offsets = [];
  page.on("request", (r) => { const m = /offset=(\d+)/.exec(r.url()); if (m) offsets.push(Number(m[1])); });
  await page.reload();
  await page.waitForURL(/\/lists\/uploads\/\d+\/map/);
  expect(offsets[0] >= at, `after a reload an upload goes on at ${offsets[0]}, not at ${at}`);
  note(`an upload of ${file.buffer.length} bytes went on at ${offsets[0]} after a reload`);
}

await play(async (browser) => {
  const page = await person(browser, world.tokens.manager);
  await eastern(page);
  await reach(page);
  await mixed(page);
  await workbook(page);
  await template(page);
  await dropped(page);
  await goesOn(page);
  await fast(browser);
});
