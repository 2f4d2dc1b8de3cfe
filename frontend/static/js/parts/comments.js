// `m` leads from one comment to the next, and after the last to the first again.

import { isTyping } from "./keys.js";

export function attach(list) {
  const stop = new AbortController();
  const { signal } = stop;
  let now_s = -1;
  document.addEventListener("clock", ({ detail }) => {
    now_s = detail.time_s;
  }, { signal });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "m" || event.ctrlKey || event.metaKey || event.altKey) return;
    if (isTyping(event.target) || document.querySelector("dialog[open]")) return;
    event.preventDefault();
    const buttons = [...list.querySelectorAll("[data-seek-s]")];
    const next = buttons.find(({ dataset }) => Number(dataset.seekS) > now_s + 0.5) ?? buttons[0];
    next.click();
    next.focus({ preventScroll: true });
  }, { signal });
  return () => stop.abort();
}
