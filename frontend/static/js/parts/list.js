// A table that is walked with the keyboard: j and k move, Enter opens the row, x chooses it, / goes to the search.

import { rowAfter } from "../lib/rows.js";
import { isTyping } from "./keys.js";

const OPENS = "th a, td a";
const CHOOSES = "input[type=checkbox]";

export function attach(root) {
  const stop = new AbortController();
  const rows = () => [...root.querySelectorAll("tbody tr")];
  const current = () => document.activeElement?.closest("tbody tr");

  const goTo = (row) => {
    const target = row.querySelector(OPENS) ?? row.querySelector(CHOOSES) ?? row;
    if (target === row) row.tabIndex = -1;
    target.focus();
    row.scrollIntoView({ block: "nearest" });
  };
  const choose = (row) => {
    const box = row?.querySelector(CHOOSES);
    box?.click();
    return Boolean(box);
  };
  const search = () => {
    const field = document.querySelector("[role=search] input[name=q]");
    field?.focus();
    field?.select();
    return Boolean(field);
  };
  const open = (row) => {
    const link = row?.querySelector(OPENS);
    if (!link || document.activeElement.matches("a, button")) return false;
    link.click();
    return true;
  };
  const move = (key) => {
    const all = rows();
    const inside = root.contains(document.activeElement);
    const to = rowAfter(key, all.indexOf(current()), all.length, inside);
    if (to === null) return false;
    goTo(all[to]);
    return true;
  };

  document.addEventListener("keydown", (event) => {
    const { key, target } = event;
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping(target) || document.querySelector("dialog[open]")) return;
    const row = root.contains(target) ? target.closest("tbody tr") : null;
    const done = { x: () => choose(row), "/": search, Enter: () => open(row) }[key]?.() ?? move(key);
    if (done) event.preventDefault();
  }, { signal: stop.signal });
  return () => stop.abort();
}
