// "Time shown" buttons: put the moment that the player stands at into the field beside them, in the clock of the field.

import { clockOf, toCamera } from "../lib/time.js";

export function attach(root) {
  const stop = new AbortController();
  const { signal } = stop;
  let time_s = 0;
  document.addEventListener("clock", ({ detail }) => {
    time_s = detail.time_s;
  }, { signal });
  root.addEventListener("click", (event) => {
    const button = event.target.closest("[data-now]");
    if (!button) return;
    const field = button.form.querySelector("[data-offset-ms]");
    const own_s = Math.max(0, toCamera(time_s, clockOf(field)));
    field.value = field.step === "1" ? Math.floor(own_s) : own_s.toFixed(1);
  }, { signal });
  document.dispatchEvent(new CustomEvent("clock:ask"));
  return () => stop.abort();
}
