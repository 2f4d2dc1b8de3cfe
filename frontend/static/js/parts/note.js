// `n` opens the form of a note at the second where the playhead stands.

import { isTyping } from "./keys.js";

export function attach(details) {
  const stop = new AbortController();
  const { signal } = stop;
  const field = (name) => details.querySelector(`[name=${name}]`);
  let now_s = 0;
  document.addEventListener("clock", ({ detail }) => {
    now_s = detail.time_s;
  }, { signal });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "n" || event.ctrlKey || event.metaKey || event.altKey) return;
    if (isTyping(event.target) || document.querySelector("dialog[open]")) return;
    event.preventDefault();
    details.open = true;
    field("second").value = Math.max(0, Math.floor(now_s));
    field("text").focus();
  }, { signal });
  return () => stop.abort();
}
