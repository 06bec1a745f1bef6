import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

// The module with what it takes from the shared one, which needs a page.
const read = (path) => readFileSync(new URL(path, import.meta.url), "utf8");
const span = read("../../page/static/base.js").match(/export function span[^]*?\n}/)[0];
const source = read("../static/rate.js").replace(/^import .*$/m, span.replace("export ", ""));
const { Rate, bytes, fill, left } = await import(`data:text/javascript;base64,${Buffer.from(source).toString("base64")}`);

let now = 0;
Object.defineProperty(globalThis, "performance", { value: { now: () => now } });

// seen is a rate to which values were told, each at its instant in ms.
function seen(...all) {
  const rate = new Rate();
  for (const [at, value] of all) { now = at; rate.at(value); }
  return rate.perSecond;
}

test("a rate is not known at once", () => {
  assert.equal(seen(), 0);
  assert.equal(seen([1000, 500]), 0);
  assert.equal(seen([1000, 0], [1300, 500]), 0);
});

test("it is that of the last seconds", () => {
  assert.equal(seen([0, 0], [1000, 300]), 300);
  assert.equal(seen([0, 0], [4000, 100], [6000, 2100], [9000, 5100]), 1000);
  assert.equal(seen([0, 0], [20000, 4000]), 200, "two are kept however long ago the first was");
});

test("what is left is told once the rate is known, and in full seconds", () => {
  assert.equal(left(1000, 0, "{} left"), "");
  assert.equal(left(0, 100, "{} left"), "");
  assert.equal(left(1000, 300, "{} left"), "0:04 left");
  assert.equal(left(360000, 100, "noch {}"), "noch 1:00:00");
});

test("sizes have a unit, and texts their values as they are", () => {
  assert.deepEqual([0, 999, 1000, 2.5e6, 3.21e9].map(bytes), ["0 B", "999 B", "1.0 kB", "2.5 MB", "3.2 GB"]);
  assert.equal(fill("{} of {}", "$&", "2"), "$& of 2");
});
