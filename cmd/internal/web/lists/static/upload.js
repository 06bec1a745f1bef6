// Sends files in pieces, and goes on where it was: after a lost connection by itself, after a reload with the file that
// the browser kept or that is chosen again.
import { get, post, ask, toast } from "/static/base.js";
import { all, remember, forget, keepFile, keptFile, printOf, tidy } from "./keep.js";
import { Rate, bytes, fill, left } from "./rate.js";

const LEAST = 64 << 10, MOST = 1 << 20; // bytes of a piece: about a second's
const form = document.getElementById("new"), drop = document.getElementById("drop"), input = document.getElementById("file");
const words = document.getElementById("words")?.dataset;
const pause = (ms) => new Promise((done) => {
  const timer = setTimeout(done, ms);
  addEventListener("online", () => { clearTimeout(timer); done(); }, { once: true });
});

class Sending {
  constructor(record) {
    this.record = record;
    this.el = document.getElementById("sending").content.firstElementChild.cloneNode(true);
    this.el.id = `upload-${record.id}`;
    this.el.querySelector("h2").textContent = record.name;
    this.el.querySelector(".drop-it").onclick = () => this.discard();
    this.el.querySelector(".again input").onchange = (event) => this.again(event.target.files[0]);
    document.getElementById("uploads").append(this.el);
    this.rate = new Rate();
    this.show(record.at ?? 0);
  }

  show(at) {
    const { size } = this.record, speed = this.rate.perSecond;
    const bar = this.el.querySelector("progress");
    bar.max = size || 1;
    bar.value = at;
    const percent = size ? Math.floor((at * 100) / size) : 100;
    this.el.querySelector(".figures").textContent = [fill(words.figures, bytes(at), bytes(size), percent), speed > 0 ? `${bytes(speed)}/s` : "", left(size - at, speed, words.left)].filter(Boolean).join(" · ");
  }

  say(text, bad = false) {
    const said = this.el.querySelector(".said");
    if (said.textContent !== text) said.textContent = text;
    said.classList.toggle("problem", bad);
  }

  async again(file) {
    if (!file) return;
    if (file.size !== this.record.size || (await printOf(file)) !== this.record.print) return this.say(words.other, true);
    this.el.querySelector(".again").hidden = true;
    this.say("");
    keepFile(this.record.id, file);
    this.run(file);
  }

  askAgain() {
    this.el.querySelector(".again").hidden = false;
  }

  async discard() {
    this.stopped = true;
    try {
      await post(`/lists/uploads/${this.record.id}/discard`);
    } catch (error) {
      if (error.lost) { this.stopped = false; return this.say(error.message, true); }
    }
    await forget(this.record.id);
    this.el.remove();
    input.focus();
  }

  // run sends what is missing, then goes to where the file's columns are shown.
  async run(file) {
    let wait = 500, size = LEAST * 4, at;
    while (!this.stopped) {
      try {
        at ??= (await get(`/lists/uploads/${this.record.id}/state`)).size;
        this.rate.at(at);
        this.show(at);
        if (at >= file.size) break;
        const piece = await file.slice(at, at + size).arrayBuffer(), began = performance.now();
        at = (await ask("PUT", `/lists/uploads/${this.record.id}/data?offset=${at}`, piece, { headers: { "Content-Type": "application/octet-stream" }, timeout: 120000 })).size;
        this.say("");
        wait = 500;
        const took = performance.now() - began;
        if (took < 500) size = Math.min(MOST, size * 2);
        else if (took > 2000) size = Math.max(LEAST, size / 2);
      } catch (error) {
        if (this.stopped) return;
        if (error.name === "NotReadableError" || error.name === "NotFoundError") { this.say(words.gone, true); return this.askAgain(); }
        if (error.reason === "WRONG_OFFSET") { at = Number(error.metadata.size); continue; }
        if (!error.lost && error.status < 500 && error.status !== 429) return this.say(fill(words.refused, error.message), true);
        this.say(error.status === 429 ? words.busy : words.lost, true);
        this.rate = new Rate(); // no speed and no time left are shown while nothing goes
        this.show(this.el.querySelector("progress").value);
        size = LEAST;
        await pause(error.retry_ms || wait);
        wait = Math.min(wait * 2, 15000);
        at = undefined;
      }
    }
    if (this.stopped) return;
    this.say(words.done);
    await forget(this.record.id);
    location.assign(`/lists/uploads/${this.record.id}/map`);
  }
}

async function begin(file) {
  if (!file) return;
  if (file.size === 0) return toast(words.empty, "bad");
  const button = document.getElementById("send");
  button.disabled = true;
  try {
    const campaign = Number(form.elements.campaign.value);
    const asked = { campaign, file_name: file.name, request_id: `web-${Date.now().toString(36)}-${Math.random().toString(36).slice(2)}` };
    const { id } = await post("/lists/uploads", asked);
    const record = { id, campaign, name: file.name, size: file.size, print: await printOf(file) };
    remember(record);
    keepFile(id, file);
    form.reset();
    form.elements.campaign.value = String(campaign);
    new Sending(record).run(file);
  } catch (error) {
    toast(error.message, "bad");
  } finally {
    button.disabled = false;
  }
}

// resume goes on with what a visit before has left.
async function resume() {
  tidy();
  for (const record of all()) {
    let state;
    try {
      state = await get(`/lists/uploads/${record.id}/state`);
    } catch (error) {
      if (error.status === 404 || error.status === 403) await forget(record.id);
      if (!error.lost && error.status < 500) continue;
      state = { state: "receiving", size: 0 };
    }
    if (state.state !== "receiving") { await forget(record.id); continue; }
    const sending = new Sending({ ...record, at: state.size }), file = await keptFile(record.id);
    if (file) sending.run(file);
    else { sending.say(words.stopped); sending.askAgain(); }
  }
}

if (form) {
  form.addEventListener("submit", (event) => { event.preventDefault(); begin(input.files[0]); });
  input.addEventListener("change", () => begin(input.files[0]));
  document.getElementById("send").hidden = true;
  for (const name of ["dragenter", "dragover"]) addEventListener(name, (event) => { event.preventDefault(); drop.classList.add("over"); });
  for (const name of ["dragleave", "drop"]) addEventListener(name, (event) => { event.preventDefault(); if (name === "drop" || !event.relatedTarget) drop.classList.remove("over"); });
  addEventListener("drop", (event) => { for (const file of event.dataTransfer.files) begin(file); });
  resume();
}
