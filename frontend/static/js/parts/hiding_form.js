// The form for a version: how long it takes, and one frame as it would be.

import { estimateWords } from "../lib/estimate.js";

export function attach(form) {
  const stop = new AbortController();
  const { signal } = stop;
  const known = JSON.parse(document.getElementById("estimate").textContent);
  const [time, said, picture] = ["time", "previewed", "picture"].map((name) => form.querySelector(`[data-${name}]`));
  const value = (name) => form.elements.namedItem(name).value;
  const chosen = () => [...form.querySelectorAll("[name=recordings]:checked")].map((box) => box.value);

  const estimate = () => { time.textContent = estimateWords(known, chosen(), value("method")); };
  form.addEventListener("change", estimate, { signal });
  form.addEventListener("change", ({ target }) => {
    if (!picture || picture.hidden || !["method", "donor"].includes(target.name)) return;
    said.textContent = `${picture.alt}. Draw it again to see what you have chosen since.`;
  }, { signal });
  estimate();

  async function show(button, buttons) {
    for (const one of buttons) one.disabled = true;
    said.textContent = "Drawing one frame; this takes a few seconds.";
    try {
      const choice = new URLSearchParams({ method: value("method"), donor: value("donor") });
      const answer = await fetch(`${button.dataset.preview}?${choice}`, { signal, cache: "no-store" });
      if (!answer.ok) throw new Error(answer.status === 429 ? "Another preview is being drawn. Wait for it." : "The preview could not be drawn.");
      URL.revokeObjectURL(picture.src);
      picture.src = URL.createObjectURL(await answer.blob());
      const [donor, faces] = ["X-Donor", "X-Faces"].map((name) => answer.headers.get(name));
      picture.alt = `A frame by ${value("method")}${donor ? ` with ${donor}` : ""}`;
      picture.hidden = false;
      said.textContent = faces === "0" ? "No face was found in the frames that were tried."
        : `${picture.alt}. ${donor ? "Over the whole recording another donor may hide the person better and be chosen." : ""}`;
    } catch (error) {
      if (!signal.aborted) said.textContent = error.message;
    }
    for (const one of buttons) one.disabled = false;
  }
  const buttons = [...form.querySelectorAll("[data-preview]")];
  for (const button of buttons) {
    button.hidden = false;
    button.addEventListener("click", () => show(button, buttons), { signal });
  }
  return () => {
    stop.abort();
    if (picture?.src) URL.revokeObjectURL(picture.src);
  };
}
