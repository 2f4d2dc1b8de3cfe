// The form for a version: how long it takes, and one frame as it would be.

import { formatFine } from "../lib/covers.js";
import { estimateWords } from "../lib/estimate.js";
import { hasMeaning } from "../lib/forms.js";
import { latestOnly } from "../lib/preview.js";
import { openMoments } from "./preview_moments.js";

export function attach(form) {
  const stop = new AbortController();
  const { signal } = stop;
  const known = JSON.parse(document.getElementById("estimate").textContent);
  const [time, said, picture, calm] = ["time", "previewed", "picture", "calm"].map((name) => form.querySelector(`[data-${name}]`));
  const value = (name) => form.elements.namedItem(name).value;
  const chosen = () => [...form.querySelectorAll("[name=recordings]:checked")].map((box) => box.value);

  const estimate = () => { time.textContent = estimateWords(known, chosen(), value("method")); };
  const hideMeaningless = () => {
    for (const field of form.querySelectorAll("[data-when]")) {
      const chosen = Object.fromEntries([...form.elements].filter((one) => one.name && !one.disabled).map(({ name }) => [name, value(name)]));
      field.disabled = !hasMeaning(field.dataset.when, chosen);
      field.closest(".field").hidden = field.disabled;
    }
    if (calm) calm.hidden = picture.hidden || form.elements.namedItem("neutral_s").disabled;
  };
  form.addEventListener("change", estimate, { signal });
  form.addEventListener("change", hideMeaningless, { signal });
  form.addEventListener("change", ({ target }) => {
    if (!picture || picture.hidden || !["method", "donor"].includes(target.name)) return;
    said.textContent = `${picture.alt}. Draw it again to see what you have chosen since.`;
  }, { signal });
  estimate();
  hideMeaningless();

  const show = latestOnly(async ({ button, at_us }) => {
    said.textContent = "Drawing one frame; this takes a few seconds.";
    try {
      const choice = new URLSearchParams({ method: value("method"), donor: value("donor") });
      if (at_us !== undefined) choice.set("at_us", at_us);
      const answer = await fetch(`${button.dataset.preview}?${choice}`, { signal, cache: "no-store" });
      if (!answer.ok) throw new Error(answer.status === 429 ? "Another preview is being drawn. Wait for it." : "The preview could not be drawn.");
      URL.revokeObjectURL(picture.src);
      picture.src = URL.createObjectURL(await answer.blob());
      const [donor, faces, time_us] = ["X-Donor", "X-Faces", "X-Time-Us"].map((name) => answer.headers.get(name));
      picture.alt = `The frame at ${formatFine(Number(time_us))} by ${choice.get("method")}${donor ? ` with ${donor}` : ""}`;
      picture.hidden = false;
      calm.dataset.timeUs = time_us;
      hideMeaningless();
      moments.drawn(button, Number(time_us));
      said.textContent = faces === "0" ? "No face was found in the frames that were tried."
        : `${picture.alt}. ${donor ? "Over the whole recording another donor may hide the person better and be chosen." : ""}`;
    } catch (error) {
      if (!signal.aborted) said.textContent = error.message;
    }
  });
  calm?.addEventListener("click", () => {
    const at_s = form.elements.namedItem("neutral_s");
    at_s.value = (Number(calm.dataset.timeUs) / 1e6).toFixed(2);
    at_s.focus();
  }, { signal });
  const buttons = [...form.querySelectorAll("[data-preview]")];
  const moments = buttons.length ? openMoments(form, (button, at_us) => show({ button, at_us }), (words) => { said.textContent = words; }, signal) : null;
  for (const button of buttons) {
    button.hidden = false;
    button.addEventListener("click", () => show({ button, at_us: moments.chosenOn(button) }), { signal });
  }
  return () => {
    stop.abort();
    if (picture?.src) URL.revokeObjectURL(picture.src);
  };
}
