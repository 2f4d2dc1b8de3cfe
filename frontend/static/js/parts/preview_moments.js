// The faces of a recording, of which one is chosen for the preview: by a slider, its arrow keys, or a picture.

import { formatFine } from "../lib/covers.js";
import { nearest } from "../lib/preview.js";

/** draw(button, time_us) draws another frame; drawn() is told of each, and chosenOn() says which one is chosen. */
export function openMoments(form, draw, say, signal) {
  const [another, offered, bar, faces] = ["another", "offered", "moment", "faces"].map((name) => form.querySelector(`[data-${name}]`));
  let button = null;
  let moments = [];
  let shown_us = 0;

  async function look() {
    const asked = button;
    another.firstElementChild.disabled = true;
    say("Looking for faces all over the recording; this takes some seconds.");
    try {
      const answer = await fetch(asked.dataset.moments, { signal, cache: "no-store" });
      if (!answer.ok) throw new Error(answer.status === 429 ? "Something is being drawn. Wait for it." : "The recording could not be looked at.");
      if (asked === button) offer((await answer.json()).moments);
    } catch (error) {
      if (!signal.aborted) say(error.message);
    }
    another.firstElementChild.disabled = false;
  }

  function offer(found) {
    moments = found;
    another.hidden = moments.length > 0;
    offered.hidden = moments.length === 0;
    if (!moments.length) return say("No face was found at other moments.");
    say(`A face was found at ${moments.length} moments. Choose one.`);
    bar.max = moments.length - 1;
    faces.replaceChildren(...moments.map((moment, index) => face(moment, () => choose(index))));
    mark(nearest(moments, shown_us));
    bar.focus();
  }

  function choose(index) {
    mark(index);
    draw(button, moments[index].time_us);
  }

  function mark(index) {
    bar.value = index;
    bar.setAttribute("aria-valuetext", formatFine(moments[index].time_us));
    for (const [at, one] of [...faces.querySelectorAll("button")].entries()) one.setAttribute("aria-pressed", at === index);
  }

  another.addEventListener("click", look, { signal });
  bar.addEventListener("input", () => mark(bar.valueAsNumber), { signal });
  bar.addEventListener("change", () => choose(bar.valueAsNumber), { signal });

  return {
    drawn(on, time_us) {
      shown_us = time_us;
      if (on === button) return;
      button = on;
      moments = [];
      another.hidden = false;
      offered.hidden = true;
    },
    chosenOn: (one) => (one === button ? moments[bar.valueAsNumber]?.time_us : undefined),
  };
}

function face({ time_us, jpeg }, act) {
  const [line, button, picture] = ["li", "button", "img"].map((name) => document.createElement(name));
  button.type = "button";
  button.className = "moment";
  button.addEventListener("click", act);
  picture.src = `data:image/jpeg;base64,${jpeg}`;
  picture.alt = `The face at ${formatFine(time_us)}`;
  button.append(picture);
  line.append(button);
  return line;
}
