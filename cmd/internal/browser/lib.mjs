// What every scene is driven with: a browser, somebody signed in, and eyes for what must never be on a page.
import { chromium } from "playwright-core";
import { readFileSync, mkdirSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, join } from "node:path";

// world is what the test tells: base, tokens by role, shots (a folder for pictures) and what a scene needs besides.
export const world = JSON.parse(process.env.REDIAL_WORLD);
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const rules = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];
mkdirSync(world.shots, { recursive: true });

const faults = [];
export function fault(text) { faults.push(text); console.log(`FAULT ${text}`); }
export function expect(ok, text) { if (!ok) fault(text); return ok; }
export function note(text) { console.log(`NOTE ${text}`); }

// play runs a scene with a browser of its own; what went wrong is its exit code.
export async function play(scene) {
  const browser = await chromium.launch({
    executablePath: world.chromium, args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--js-flags=--expose-gc"],
  });
  try {
    await scene(browser);
  } catch (error) {
    fault(error.stack ?? String(error));
    await asLeft(browser);
  } finally {
    await browser.close();
  }
  process.exit(faults.length > 0 ? 1 : 0);
}

// asLeft keeps pictures of the pages as a fault left them.
async function asLeft(browser) {
  const pages = browser.contexts().flatMap((c) => c.pages());
  for (const [i, page] of pages.entries()) {
    const path = join(world.shots, `fault-${basename(process.argv[1], ".mjs")}-${i}.png`);
    await page.screenshot({ path, fullPage: true }).then(() => console.log(`LEFT ${page.url()} ${path}`)).catch((error) => console.log(`LEFT ${page.url()} ${error}`));
  }
}

// person is a browser context in which somebody of a role is signed in, with a page whose console must stay clean.
export async function person(browser, token, { width = 1280, height = 900, scheme = "light", lang = "en", ...more } = {}) {
  const context = await browser.newContext({
    viewport: { width, height }, colorScheme: scheme, locale: lang === "zh" ? "zh-CN" : "en-GB", timezoneId: "Europe/London", bypassCSP: false, ...more,
  });
  const page = await watched(await context.newPage());
  if (more.storageState) return page; // signed in before
  await page.goto(`${world.base}/signin`);
  await page.fill("#token", token);
  await Promise.all([page.waitForURL((url) => url.pathname !== "/signin"), page.click("main button")]);
  return page;
}

// watched notes every fault that a page's console, scripts and answers tell; offline is allowed to fail. What is waited for is
// there once its page's scripts have run: before, a click would lead where it leads without them.
export async function watched(page) {
  page.offline = false;
  const there = page.waitForSelector.bind(page);
  page.waitForSelector = async (...of) => {
    const found = await there(...of);
    await page.waitForLoadState();
    return found;
  };
  page.on("console", (m) => { if (m.type() === "error" && !page.offline && !page.expects?.test(m.text())) fault(`console of ${page.url()}: ${m.text()}`); });
  page.on("pageerror", (e) => fault(`script of ${page.url()}: ${e.message}`));
  page.on("request", (r) => { if (!r.url().startsWith(world.base) && !/^(blob|data):/.test(r.url())) fault(`${page.url()} asks elsewhere: ${r.url()}`); });
  page.on("response", (r) => { if (r.status() >= 400) console.log(`ANSWER ${r.status()} ${r.request().method()} ${r.url()}`); });
  page.setDefaultTimeout(20000);
  return page;
}

// cut takes the network away from a page, or gives it back.
export async function cut(page, off) {
  page.offline = page.offline || off;
  await page.context().setOffline(off);
}

// accessible looks at a page as axe does. Scripts of a test are no scripts of the page: they come in by the debugger.
export async function accessible(page, name) {
  if (!await page.evaluate(() => "axe" in globalThis)) await page.evaluate(axe);
  const found = await page.evaluate(async (only) => (await globalThis.axe.run(document, { runOnly: only, resultTypes: ["violations"] })).violations
    .map((v) => `${v.id}: ${v.nodes.slice(0, 3).map((n) => n.target.join(" ")).join(" | ")}`), rules);
  for (const f of found) fault(`${name} at ${page.viewportSize().width}: ${f}`);
}

// fits says whether a page is no wider than its window, and breaks no badge and no button of a row over lines, or amid a word.
export async function fits(page, name) {
  const at = `${name} at ${page.viewportSize().width}`;
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  expect(wide <= 0, `${at}: ${wide} px wider than the window`);
  const broken = await page.evaluate(() => [...document.querySelectorAll(".state, .badge, td .button")]
    .filter((e) => e.checkVisibility() && (e.getClientRects().length > 1 || !/[\s-]/.test(e.innerText.trim()) && e.offsetHeight > 2.6 * parseFloat(getComputedStyle(e).fontSize)))
    .map((e) => e.innerText.trim()).slice(0, 5));
  expect(broken.length === 0, `${at}: broken over lines: ${broken.join(", ")}`);
}

export async function shot(page, name) {
  await page.screenshot({ path: join(world.shots, `${name}.png`), fullPage: true });
}

// seen is all of it: axe, width, a picture.
export async function seen(page, name) {
  await fits(page, name);
  await accessible(page, name);
  await shot(page, name);
}

// looks are the windows and colours of each language; axe looks where it is true, as width and colours change what it finds.
const looks = { en: [[1280, "light", true], [390, "light"]], zh: [[390, "dark", true], [1280, "dark"]] };

// looked sees a page, as it stands, in each window and colour of its language.
export async function looked(page, name) {
  const lang = (await page.locator("html").getAttribute("lang")).slice(0, 2);
  for (const [width, scheme, axe] of looks[lang]) {
    await page.setViewportSize({ width, height: 900 });
    await page.emulateMedia({ colorScheme: scheme });
    await fits(page, name);
    if (axe) await accessible(page, name);
    await shot(page, `${name}-${width}-${scheme}-${lang}`);
  }
}

// scales weigh a page: every byte that its browser was sent since they were emptied, with nothing kept from before.
export async function scales(page) {
  const session = await page.context().newCDPSession(page);
  await session.send("Network.enable");
  await session.send("Network.setCacheDisabled", { cacheDisabled: true });
  let bytes = 0;
  session.on("Network.dataReceived", (m) => { bytes += m.dataLength; });
  return {
    empty() { bytes = 0; },
    read(name) {
      expect(bytes > 0 && bytes < 100 * 1024, `${name} is ${bytes} bytes`);
      note(`${name}: ${(bytes / 1024).toFixed(1)} kB`);
    },
  };
}

// tabTo presses Tab until an element has the focus; false when it cannot be reached so.
export async function tabTo(page, selector, most = 80) {
  for (let i = 0; i < most; i++) {
    if (await page.evaluate((s) => document.activeElement?.matches(s) ?? false, selector)) return true;
    await page.keyboard.press("Tab");
  }
  fault(`${selector} is not reached by the keyboard`);
  return false;
}
