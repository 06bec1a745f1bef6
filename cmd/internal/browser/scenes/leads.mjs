// A manager finds a lead, sees why it waits, suppresses its number and records a consent, once refused; signing out everywhere reaches another browser.
import { world, play, person, seen, expect } from "../lib.mjs";

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
  await page.click("#ask-consent button.main");
  await page.waitForSelector(".leads-consents [data-dialog=revoke]");

  const other = await person(browser, world.tokens.manager);
  await page.locator("header details:has(form[action='/signout-everywhere']) summary").click();
  await page.click("form[action='/signout-everywhere'] button");
  await page.waitForURL(/\/signin/);
  await other.goto(`${world.base}/leads`);
  expect(new URL(other.url()).pathname === "/signin", "signing out everywhere leaves another browser signed in");
});
