import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

const source = readFileSync(new URL("../static/outbox.js", import.meta.url));
const { Outbox, memory, waits } = await import(`data:text/javascript;base64,${source.toString("base64")}`);

// desk is an outbox over a server that answers what it is told to, in turn.
function desk(answers = [], store = memory(), more = {}) {
  const d = { sent: [], done: [], refused: [], timers: [], store, clock: 1000 };
  d.box = new Outbox({
    store, who: "ann", now: () => d.clock++,
    send: async (body) => { d.sent.push(body); const a = answers.shift() ?? "ok"; if (a === "ok") return { answer: body }; throw a; },
    done: (entry) => d.done.push(entry.id), refused: (entry, problem) => d.refused.push([entry.id, problem.reason]),
    later: (f, ms) => { d.timers.push([f, ms]); }, ...more,
  });
  return d;
}
const lost = { code: "Lost", message: "no network" };
const refusal = { code: "InvalidArgument", status: 400, reason: "booking_in_past", message: "over" };

test("an outcome is sent once and forgotten with its draft", async () => {
  const d = desk();
  d.box.keep("7", { note: "half a word" });
  assert.equal(d.box.put("7", { code: "BUSY" }), true);
  await d.box.flush();
  assert.deepEqual(d.sent, [{ code: "BUSY" }]);
  assert.deepEqual(d.done, ["7"]);
  assert.deepEqual(d.box.all(), []);
  assert.deepEqual(d.box.draft("7"), {});
  await d.box.flush();
  assert.equal(d.sent.length, 1);
});

test("what cannot be sent is sent again by itself, less and less often, and the same", async () => {
  const d = desk([lost, { status: 503, code: "Unavailable" }, { status: 429, code: "ResourceExhausted", retry_ms: 4321 }]);
  d.box.put("7", { code: "BUSY" });
  await d.box.flush();
  assert.equal(d.box.stuck, true);
  assert.equal(d.box.all().length, 1);
  for (let i = 0; i < 3; i++) await d.timers[i][0]();
  assert.deepEqual(d.timers.map(([, ms]) => ms), [1000, 2000, 4321]);
  assert.deepEqual(d.sent, Array(4).fill({ code: "BUSY" }));
  assert.deepEqual(d.done, ["7"]);
  assert.equal(d.box.stuck, false);
});

test("an outcome on its way never becomes another one", async () => {
  const d = desk([lost]);
  d.box.put("7", { code: "BUSY" });
  assert.equal(d.box.put("7", { code: "SOLD" }), false);
  await d.box.flush();
  assert.equal(d.box.put("7", { code: "SOLD" }), false);
  await d.box.flush();
  assert.deepEqual(d.sent, [{ code: "BUSY" }, { code: "BUSY" }]);
});

test("a reload finds what was not answered, and sends it in order", async () => {
  const d = desk([lost]);
  d.box.put("8", { code: "A" });
  d.box.put("7", { code: "B" });
  d.box.keep("9", { note: "typing" });
  await d.box.flush();
  const after = desk([], d.store);
  after.clock = 2000;
  assert.equal(after.box.draft("9").note, "typing");
  await after.box.flush();
  assert.deepEqual(after.sent, [{ code: "A" }, { code: "B" }]);
});

test("a refusal keeps the words, lets the others go on, and may be mended", async () => {
  const d = desk([refusal]);
  d.box.put("7", { code: "APPOINTMENT", note: "words" });
  d.box.put("8", { code: "BUSY" });
  await d.box.flush();
  assert.deepEqual(d.refused, [["7", "booking_in_past"]]);
  assert.deepEqual(d.done, ["8"]);
  assert.equal(d.box.of("7").body.note, "words");
  assert.equal(d.box.of("7").refused.message, "over");
  await d.box.flush();
  assert.equal(d.sent.length, 2, "a refused one waits for its agent");
  assert.equal(d.box.put("7", { code: "BUSY", note: "words" }), true);
  await d.box.flush();
  assert.deepEqual(d.done, ["8", "7"]);
});

test("a refused one is sent again or thrown away when asked", async () => {
  const d = desk([refusal, refusal]);
  d.box.put("7", { code: "A" });
  await d.box.flush();
  await d.box.again("7");
  assert.equal(d.sent.length, 2);
  d.box.discard("7");
  await d.box.flush();
  assert.equal(d.sent.length, 2);
  assert.deepEqual(d.box.all(), []);
});

test("two flushes at once send it once", async () => {
  const d = desk();
  d.box.put("7", { code: "A" });
  await Promise.all([d.box.flush(), d.box.flush()]);
  assert.equal(d.sent.length, 1);
});

test("agents of one browser do not send each other's", async () => {
  const d = desk([lost]);
  d.box.put("7", { code: "A" });
  await d.box.flush();
  const bob = desk([], d.store, { who: "bob" });
  await bob.box.flush();
  assert.deepEqual(bob.sent, []);
});

test("without storage it is sent all the same, until it is answered", async () => {
  const full = memory();
  full.setItem = () => { throw new Error("quota"); };
  const d = desk([lost, lost], full);
  assert.equal(d.box.keep("7", { note: "x" }), false);
  assert.equal(d.box.put("7", { code: "A" }), true);
  await d.box.flush();
  await d.timers[0][0]();
  await d.timers[1][0]();
  assert.equal(d.sent.length, 3);
  assert.deepEqual(d.done, ["7"]);
  await d.box.flush();
  assert.equal(d.sent.length, 3);
});

test("without storage the next outcome takes no other's place", async () => {
  const full = memory();
  full.setItem = () => { throw new Error("quota"); };
  const d = desk([lost], full);
  d.box.put("7", { code: "A" });
  await d.box.flush();
  d.box.put("8", { code: "B" });
  assert.equal(d.box.of("7").body.code, "A");
  await d.timers[0][0]();
  assert.deepEqual(d.done.toSorted(), ["7", "8"]);
  assert.equal(d.box.all().length, 0);
});

test("what was typed without an outcome is known", () => {
  const d = desk();
  assert.equal(d.box.notes(), false);
  d.box.keep("7", { note: "x" });
  assert.equal(d.box.notes(), true);
  d.box.put("7", { code: "A" });
  assert.equal(d.box.notes(), false);
});

test("drafts of another day are dropped, what waits to be sent is not", async () => {
  const d = desk();
  d.box.keep("7", { note: "old" });
  d.box.put("8", { code: "A" });
  const later = desk([], d.store, { now: () => 1000 + 25 * 3600 * 1000 });
  assert.deepEqual(later.box.draft("7"), {});
  assert.equal(later.box.all().length, 1);
});

test("what may pass and what may not", () => {
  for (const p of [lost, { status: 401 }, { status: 408 }, { status: 429 }, { status: 500 }, { status: 503 }]) assert.equal(waits(p), true, JSON.stringify(p));
  for (const p of [{ status: 400 }, { status: 403 }, { status: 404 }, { status: 409 }]) assert.equal(waits(p), false, JSON.stringify(p));
});
