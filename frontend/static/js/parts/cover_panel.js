// Beside the picture: what to look at, the covers, and the numbers of the one that is chosen.

import { boxAt, formatFine } from "../lib/covers.js";

const SIDES = ["left", "top", "right", "bottom"];

/** on: { choose(index), go(time_us), setBox(box), setReason(text), setStart(us), setEnd(us) }. */
export function openPanel(root, moments, on, signal) {
  const part = (name) => root.querySelector(`[data-${name}]`);
  const [list, form, empty] = ["covers", "chosen", "no-covers"].map(part);
  const field = (name) => form.elements.namedItem(name);

  part("moments")?.replaceChildren(...moments.map(({ start_us, end_us, why }) => {
    const words = start_us === end_us ? formatFine(start_us) : `${formatFine(start_us)} to ${formatFine(end_us)}`;
    return item(`${words}: ${why}`, () => on.go(start_us));
  }));

  form.addEventListener("change", ({ target }) => {
    if (!target.validity.valid) return;
    if (target.name === "reason") on.setReason(target.value.trim());
    else if (target.name === "start") on.setStart(Math.round(target.valueAsNumber * 1e6));
    else if (target.name === "end") on.setEnd(Math.round(target.valueAsNumber * 1e6));
    else setSide();
  }, { signal });
  form.addEventListener("submit", (event) => event.preventDefault(), { signal });

  function setSide() {
    const box = SIDES.map((side) => field(side).valueAsNumber);
    const isBox = box.every(Number.isFinite) && box[0] < box[2] && box[1] < box[3];
    field("right").setCustomValidity(isBox ? "" : "Left has to be smaller than right, and top than bottom.");
    if (isBox) on.setBox(box);
    else field("right").reportValidity();
  }

  return ({ covers, chosen, time_us }, isNew) => {
    if (isNew) {
      empty.hidden = covers.length > 0;
      list.replaceChildren(...covers.map(({ keys, reason }, index) => {
        const words = `${reason}, ${formatFine(keys[0][0])} to ${formatFine(keys.at(-1)[0])}`;
        return item(words, () => on.choose(index), index === chosen);
      }));
      form.hidden = chosen < 0;
    }
    if (chosen < 0) return;
    const { keys, reason } = covers[chosen];
    const box = boxAt(keys, time_us);
    for (const [at, side] of SIDES.entries()) set(field(side), box ? Math.round(box[at]) : "");
    if (!isNew) return;
    set(field("reason"), reason);
    set(field("start"), (keys[0][0] / 1e6).toFixed(2));
    set(field("end"), (keys.at(-1)[0] / 1e6).toFixed(2));
  };
}

function set(input, value) {
  if (input.value !== String(value)) input.value = value;
}

function item(words, act, isChosen = false) {
  const [line, button] = ["li", "button"].map((name) => document.createElement(name));
  button.type = "button";
  button.className = "button button-plain button-small";
  button.textContent = words;
  if (isChosen) button.setAttribute("aria-current", "true");
  button.addEventListener("click", act);
  line.append(button);
  return line;
}
