// What every scene is driven with: a browser, somebody signed in, and eyes for what must never be on a page.
import { chromium } from "playwright-core";
import { readFileSync, mkdirSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

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
    const path = join(world.shots, `fault-${world.scene}-${i}.png`);
    await page.screenshot({ path, fullPage: true }).then(() => console.log(`LEFT ${page.url()} ${path}`)).catch((error) => console.log(`LEFT ${page.url()} ${error}`));
  }
}

// person is a browser context in which somebody of a role is signed in, with a page whose console must stay clean.
export async function person(browser, token, { width = 1280, height = 900, scheme = "light", lang = "en", ...more } = {}) {
  const context = await browser.newContext({
    viewport: { width, height }, colorScheme: scheme, locale: lang === "zh" ? "zh-CN" : "en-GB", timezoneId: "Europe/London", bypassCSP: false, ...more,
  });
  const page = await watched(await context.newPage());
  await page.goto(`${world.base}/signin`);
  await page.fill("#token", token);
  await Promise.all([page.waitForURL((url) => url.pathname !== "/signin"), page.click("main button")]);
  return page;
}

// watched notes every fault that a page's console, scripts and answers tell; offline is allowed to fail.
export async function watched(page) {
  page.offline = false;
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
  await page.evaluate(axe);
  const found = await page.evaluate(async (only) => (await globalThis.axe.run(document, { runOnly: only })).violations
    .map((v) => `${v.id}: ${v.nodes.slice(0, 3).map((n) => n.target.join(" ")).join(" | ")}`), rules);
  for (const f of found) fault(`${name} at ${page.viewportSize().width}: ${f}`);
}

// fits says whether a page is no wider than its window.
export async function fits(page, name) {
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  expect(wide <= 0, `${name} at ${page.viewportSize().width}: ${wide} px wider than the window`);
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

// weigh is how many bytes a fresh load of a path takes, everything included.
export async function weigh(page, path) {
  const session = await page.context().newCDPSession(page);
  await session.send("Network.enable");
  await session.send("Network.setCacheDisabled", { cacheDisabled: true });
  let bytes = 0;
  session.on("Network.dataReceived", (m) => { bytes += m.dataLength; });
  await page.goto(world.base + path, { waitUntil: "load" });
  await page.waitForTimeout(300);
  await session.detach();
  return bytes;
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
