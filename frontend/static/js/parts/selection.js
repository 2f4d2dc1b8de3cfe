// Ticked rows of a table: counts them, ticks all, and keeps the list as it is while something is ticked.

import { countInWords } from "../lib/selection.js";

export function attach(root) {
  const stop = new AbortController();
  const all = root.querySelector("[data-all]");
  const count = root.querySelector("[data-count]");
  const boxes = [...root.querySelectorAll("tbody input[type=checkbox]")];
  if (!all || !count) return () => {};
  all.hidden = false;
  root.addEventListener("change", ({ target }) => {
    if (target === all) for (const box of boxes) box.checked = all.checked;
    const ticked = boxes.filter((box) => box.checked).length;
    all.checked = ticked === boxes.length;
    all.indeterminate = ticked > 0 && ticked < boxes.length;
    count.textContent = countInWords(ticked, root.dataset.what);
    count.toggleAttribute("data-busy", ticked > 0);
  }, { signal: stop.signal });
  return () => stop.abort();
}
