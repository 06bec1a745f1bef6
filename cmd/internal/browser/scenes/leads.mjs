// A manager finds a lead, sees why it waits, suppresses its number and records a consent, once refused; moves a lead of an
// uploaded file by the keyboard alone, and withdraws it; signing out everywhere reaches another browser.
import { world, play, person, seen, expect, tabTo } from "../lib.mjs";

// moved lets a lead of a file, which has neither source nor external id, go on in another campaign, without a mouse.
async function moved(page) {
  await page.goto(`${world.base}/leads`);
  await tabTo(page, "[name=q]");
  await page.keyboard.type("Ida of a file");
  await page.keyboard.press("Enter");
  await page.waitForSelector("#leads-rows");
  await tabTo(page, "#leads-rows tbody a");
  await page.keyboard.press("Enter");
  await page.waitForSelector("#lead");
  const was = await page.getAttribute("#lead", "data-lead");
  await tabTo(page, "[data-dialog=move]");
  await page.keyboard.press("Enter");
  await page.waitForSelector("#ask-move[open]");
  await seen(page, "leads-move");
  await tabTo(page, "#ask-move [name=to]");
  await page.keyboard.type("Winter");
  await tabTo(page, "#ask-move button.main");
  await page.keyboard.press("Enter");
  await page.waitForSelector("#lead-did");
  expect((await page.locator(".leads-head").textContent()).includes("Winter offer"), "a lead that was moved is not in the other campaign");
  expect(await page.getAttribute("#lead", "data-lead") !== was, "a lead that was moved keeps its id");
}

// withdrawn takes the lead out for good, pressing twice: it is asked for once.
async function withdrawn(page) {
  await page.click("[data-dialog=withdraw]");
  await page.waitForSelector("#ask-withdraw[open]");
  await page.fill("#ask-withdraw-reason", "wants nothing of us");
  await page.dblclick("#ask-withdraw button.main");
  await page.waitForSelector(".leads-head .state.withdrawn");
  expect(await page.locator("[data-dialog=reopen]").count() === 1, "a lead that was withdrawn cannot be reopened");
}

await play(async (browser) => {
  const page = await person(browser, world.tokens.manager);
  await page.goto(`${world.base}/leads`);
  await page.fill("[name=q]", "+442079460001");
  await page.keyboard.press("Enter");
  await page.waitForSelector("#leads-rows");
  expect(await page.locator("#leads-rows tbody tr").count() === 1, "a number finds more than its lead");
  await page.click("#leads-rows tbody a");
  await page.waitForSelector("#lead");
  expect(await page.locator("#lead-gates tbody tr").count() > 3, "nothing says why a lead waits");
  await page.click("[data-dialog=suppress]");
  await page.waitForSelector("#ask-suppress[open]");
  await seen(page, "leads-suppress");
  await page.fill("#ask-suppress [name=reason]", "asked us to stop");
  await page.click("#ask-suppress button.main");
  await page.waitForSelector("#lead-did");
  expect((await page.locator(".leads-numbers").textContent()).includes("✗"), "a suppressed number does not say so");
  await seen(page, "leads-suppressed");

  page.expects = /status of 400/; // a refused form is an answer of its own
  await page.click("[data-dialog=consent]");
  await page.fill("#ask-consent-proof", "form 7");
  await page.click("#ask-consent button.main");
  await page.waitForSelector("#ask-consent-scopes-wrong");
  expect(await page.evaluate(() => document.activeElement.name) === "scopes", "the wrong field has not the focus");
  expect(await page.inputValue("#ask-consent-proof") === "form 7", "what was typed is lost with a refusal");
  await seen(page, "leads-consent");
  await page.keyboard.press("Space");
  await page.dblclick("#ask-consent button.main");
  await page.waitForSelector(".leads-consents [data-dialog=revoke]");
  expect(await page.locator(".leads-consents > li").count() === 1, "a consent that was pressed twice is recorded twice");
  const told = (await page.locator("#lead-history li").allTextContents()).find((text) => /(planned|taken in|suppressed|offered|called).{1,25}\1/.test(text));
  expect(!told, `the timeline says it twice: ${told}`);
  await moved(page);
  await withdrawn(page);

  const other = await person(browser, world.tokens.manager);
  await page.locator("header details:has(form[action='/signout-everywhere']) summary").click();
  await page.click("form[action='/signout-everywhere'] button");
  await page.waitForURL(/\/signin/);
  await other.goto(`${world.base}/leads`);
  expect(new URL(other.url()).pathname === "/signin", "signing out everywhere leaves another browser signed in");
});
