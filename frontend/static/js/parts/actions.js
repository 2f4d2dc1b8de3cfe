// Buttons that change something and then bring the page up to date: [data-post="address"]. The root shows complaints.

import { refreshRegions } from "./regions.js";
import { post } from "./request.js";

export function attach(root) {
  const stop = new AbortController();
  const { signal } = stop;
  const complain = (words) => {
    root.textContent = words;
    root.hidden = !words;
  };
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-post]");
    if (!button) return;
    button.disabled = true;
    complain("");
    try {
      await post(button.dataset.post);
      await refreshRegions(signal);
    } catch (error) {
      complain(error.message);
    }
    button.disabled = false;
  }, { signal });
  const every_s = Number(root.dataset.refreshS);
  const timer = every_s && setInterval(() => refreshRegions(signal).catch(() => {}), every_s * 1000);
  return () => {
    clearInterval(timer);
    stop.abort();
  };
}
