// A supervisor watches an agent go through the states without a reload, helps out of one, and gives a promise to another.
import { world, play, person, seen, expect, tabTo } from "../lib.mjs";

const stage = (page, name) => page.waitForSelector(`#card[data-stage=${name}]`);
const row = (state) => `#floor-agents tr[data-id][data-state=${state}]`;

// promised lets the agent book an appointment of its own.
async function promised(agent) {
  await agent.click("#call");
  await stage(agent, "calling");
  await agent.click("#end");
  await stage(agent, "ended");
  await agent.click("#card .o[data-outcome=APPOINTMENT]");
  await agent.waitForFunction(() => document.querySelector("#booking [name=day]")?.options.length > 0);
  await agent.locator("#booking [name=day]").selectOption({ index: 1 }); // near a promise an agent is kept free for it
  await agent.click("#booking [data-do=book]");
  await stage(agent, "offered");
}

// reckoned waits until what is ahead counts with so many agents, and says nothing else of them.
async function reckoned(floor, agents) {
  await floor.waitForFunction((n) => document.getElementById("floor-ahead").textContent.includes(`${n} ×`), agents, { timeout: 40000 });
  expect(!(await floor.locator("#floor-ahead").textContent()).includes("no agent is signed in"), `it is said that nobody is signed in, and ${agents} are`);
}

// expected tells by the keyboard alone how many agents there will be; the chart's labels fit on a narrow screen.
async function expected(floor) {
  await floor.locator("#floor-ahead select").focus();
  await tabTo(floor, "#floor-ahead [name=agents]", 3);
  await floor.keyboard.type("40");
  await floor.keyboard.press("Enter");
  await reckoned(floor, 40);
  await floor.setViewportSize({ width: 390, height: 900 });
  const cut = await floor.evaluate(() => [...document.querySelectorAll(".floor-chart text")].filter((text) => {
    const is = text.getBoundingClientRect(), most = text.ownerSVGElement.getBoundingClientRect();
    return is.width > 0 && (is.top < most.top || is.left < most.left || is.right > most.right || is.bottom > most.bottom);
  }).map((text) => text.textContent));
  expect(cut.length === 0, `labels of the chart are cut off: ${cut}`);
  await seen(floor, "floor-ahead-390");
  await floor.setViewportSize({ width: 1280, height: 900 });
}

// finished has a manager finish the other campaign; a floor that is told all again no longer shows it.
async function finished(browser, floor) {
  const line = floor.locator("#floor-campaigns tbody tr[data-id]", { hasText: "Winter offer" });
  const manager = await person(browser, world.tokens.manager);
  await manager.goto(world.base + await line.locator("a").getAttribute("href"));
  await manager.click("[data-ask=finish]");
  await manager.click("#asking[open] #do");
  await manager.waitForSelector("#did");
  await manager.context().close();
  await floor.evaluate(() => document.dispatchEvent(new Event("visibilitychange"))); // as a tab that is come back to
  await line.waitFor({ state: "detached" });
  expect(await floor.locator("#floor-no-campaign").isHidden(), "it is said that there is no campaign, and there is one");
}

// handedOver gives all promises of an agent who is away back to the other.
async function handedOver(floor, agent) {
  await floor.goto(`${world.base}/floor/agent?login=ben`);
  const form = floor.locator("form[action='/floor/hand-over']");
  await form.locator("[name=to]").fill("ann");
  await form.locator("[name=reason]").fill("Ben is away, too");
  await form.locator("button").click();
  await form.waitFor({ state: "detached" });
  await agent.locator("#callbacks-till").selectOption("");
  await agent.waitForSelector("#callbacks .note", { state: "detached" });
}

await play(async (browser) => {
  const floor = await person(browser, world.tokens.supervisor);
  await floor.goto(`${world.base}/floor`);
  await floor.waitForSelector("#floor-agents", { state: "attached" });
  await floor.evaluate(() => { globalThis.sameLoad = true; });
  const agent = await person(browser, world.tokens.agent);
  await agent.context().addInitScript(() => addEventListener("click", (event) => {
    if (event.target.closest?.("a[href^='tel:']")) event.preventDefault();
  }, true));
  await agent.goto(`${world.base}/desk`);
  await agent.waitForSelector("#desk[data-on]");
  await agent.click("#start");
  await stage(agent, "offered");
  await floor.waitForSelector(row("offered"));
  await agent.click("#call");
  await stage(agent, "calling");
  await floor.waitForSelector(row("on_call"));
  await reckoned(floor, 1);
  await seen(floor, "floor-on-call");
  await agent.click("#end");
  await floor.waitForSelector(row("wrap_up"));
  await agent.click("#card .o[data-outcome=NO_ANSWER]");
  await stage(agent, "offered");
  await promised(agent);
  await floor.waitForFunction(() => Number(document.querySelector("#floor-campaigns tr[data-id] [data-f=attempts]").textContent) === 2);
  expect(await floor.evaluate(() => globalThis.sameLoad === true), "the floor was loaded again");

  await floor.click(`${row("offered")} a.button`);
  await floor.waitForSelector("#floor-dialog[open] form[action='/floor/state']");
  await seen(floor, "floor-help");
  await floor.check("#floor-dialog input[name=state][value=break]");
  await floor.fill("#floor-dialog form[action='/floor/state'] input[name=reason]", "headset is broken");
  await floor.click("#floor-dialog form[action='/floor/state'] button.main");
  await floor.waitForSelector(row("break"));
  await agent.waitForSelector("#idle [data-when=break]:not([hidden])");
  expect(await agent.locator("#card").count() === 0, "an agent who was sent to a break keeps the card");

  await finished(browser, floor);
  await expected(floor);

  await floor.goto(`${world.base}/floor/promises?all=1`);
  await seen(floor, "floor-promises");
  await floor.locator("form[action='/floor/reassign']").first().waitFor({ state: "attached" });
  const fold = floor.locator("details", { has: floor.locator("form[action='/floor/reassign']") }).first();
  if (await fold.count()) await fold.locator("summary").click();
  const form = floor.locator("form[action='/floor/reassign']").first();
  await form.locator("[name=to]").fill("ben");
  await form.locator("[name=reason]").fill("Ann is away");
  await form.locator("button").first().click();
  await floor.waitForFunction(() => [...document.querySelectorAll("main td")].some((td) => td.textContent.includes("ben")));
  await agent.locator("#callbacks-till").selectOption("");
  await agent.waitForSelector("#callbacks .note");
  await handedOver(floor, agent);
});
