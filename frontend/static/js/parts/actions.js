// Buttons and forms that change something and then bring the page up to date: [data-post="address"] and
// [data-post-form="address"]. The root shows complaints.

import { plainData } from "../lib/forms.js";
import { refreshRegions } from "./regions.js";
import { post } from "./request.js";

export function attach(root) {
  const stop = new AbortController();
  const { signal } = stop;
  const complain = (words) => {
    root.textContent = words;
    root.hidden = !words;
  };
  const send = async (button, url, data) => {
    button.disabled = true;
    complain("");
    try {
      await post(url, data);
      await refreshRegions(signal);
    } catch (error) {
      complain(error.message);
      root.scrollIntoView({ block: "nearest" });
    }
    button.disabled = false;
  };
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-post]");
    if (button) send(button, button.dataset.post);
  }, { signal });
  document.addEventListener("submit", (event) => {
    const form = event.target.closest("[data-post-form]");
    if (!form) return;
    event.preventDefault();
    const scaled = [...form.querySelectorAll("[data-scale]")].map(({ name, dataset }) => [name, Number(dataset.scale)]);
    const data = plainData(new FormData(form), Object.fromEntries(scaled));
    send(event.submitter ?? form.querySelector("[type=submit]"), form.dataset.postForm, data);
  }, { signal });
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-seek]");
    if (!button) return;
    document.dispatchEvent(new CustomEvent("seek", { detail: { time_s: Number(button.dataset.seek) } }));
  }, { signal });
  const every_s = Number(root.dataset.refreshS);
  const timer = every_s && setInterval(() => refreshRegions(signal).catch(() => {}), every_s * 1000);
  return () => {
    clearInterval(timer);
    stop.abort();
  };
}
