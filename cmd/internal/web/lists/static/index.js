// Reminds of files that were on their way when the page was left.
import { all } from "./keep.js";
import { later } from "./rate.js";

later(".counted");

const pending = document.getElementById("pending"), records = all();
if (records.length && document.getElementById("upload")) {
  const text = document.createElement("p"), go = document.createElement("a");
  text.className = "note";
  text.textContent = `${pending.dataset.label} ${records.map((r) => r.name).join(", ")} `;
  go.href = "/lists/new";
  go.textContent = pending.dataset.go;
  text.append(go);
  pending.append(text);
  pending.hidden = false;
}
const filter = document.getElementById("filter");
filter?.addEventListener("change", () => filter.requestSubmit());
