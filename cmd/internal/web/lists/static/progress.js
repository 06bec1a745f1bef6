// Follows an import: rows, rows a second, and the time that is left.
import { live } from "/static/base.js";
import { Rate, fill, left, number } from "./rate.js";

const root = document.getElementById("import");
if (root) {
  const bar = document.getElementById("bar"), rows = new Rate(), read = new Rate();
  let drawn = 0;
  const source = live(root.dataset.live, {
    import: (data) => {
      const m = JSON.parse(data);
      if (m.state === "done") { source.close(); return location.replace(`/lists/${m.list}`); }
      if (m.state === "failed") { source.close(); return location.reload(); }
      rows.at(m.rows);
      read.at(m.bytes);
      if (document.hidden || performance.now() - drawn < 400) return;
      drawn = performance.now();
      bar.max = m.size || 1;
      bar.value = m.bytes;
      document.getElementById("figures").textContent = [fill(root.dataset.figures, number(m.rows), number(rows.perSecond)), left(m.size - m.bytes, read.perSecond, root.dataset.left)].filter(Boolean).join(" · ");
      for (const key of ["leads", "problems", "duplicates"]) document.getElementById(key).textContent = number(m[key]);
    },
  });
}
