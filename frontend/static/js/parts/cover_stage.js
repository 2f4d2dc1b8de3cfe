// The picture on which covers are drawn: an SVG over the video, in the picture's own pixels.

import { boxAt, boxBetween, dragged } from "../lib/covers.js";

const SVG = "http://www.w3.org/2000/svg";
const CORNERS = ["nw", "ne", "sw", "se"];
const HANDLE = 0.012; // of the picture's width

/** on: { draw(box), move(index, box), choose(index) }, called when the hand has let go. */
export function openStage(svg, picture, on, signal) {
  let shown = { covers: [], chosen: -1, time_us: 0, filled: false };
  let drag = null;
  svg.setAttribute("viewBox", `0 0 ${picture.width} ${picture.height}`);

  const toPicture = ({ clientX, clientY }) => {
    const { left, top, width, height } = svg.getBoundingClientRect();
    return [(clientX - left) / width * picture.width, (clientY - top) / height * picture.height];
  };

  function boxNow() {
    const [x, y] = drag.from;
    if (drag.index < 0) return boxBetween(drag.from, drag.to, picture);
    return dragged(drag.box, [Math.round(drag.to[0] - x), Math.round(drag.to[1] - y)], picture, drag.corner);
  }

  function paint() {
    const pieces = [];
    shown.covers.forEach((cover, index) => {
      const box = drag?.index === index ? boxNow() : boxAt(cover.keys, shown.time_us);
      if (!box) return;
      const isChosen = index === shown.chosen;
      pieces.push(rectangle(box, { index, class: shown.filled ? "cover-filled" : isChosen ? "cover-chosen" : "cover" }));
      if (isChosen && !shown.filled) pieces.push(...handles(box, index));
    });
    const drawing = drag?.index === -1 && boxNow();
    if (drawing) pieces.push(rectangle(drawing, { class: "cover-chosen" }));
    svg.replaceChildren(...pieces);
  }

  function handles([left, top, right, bottom], index) {
    const size = picture.width * HANDLE;
    return CORNERS.map((corner) => {
      const x = corner.endsWith("w") ? left : right;
      const y = corner.startsWith("n") ? top : bottom;
      return rectangle([x - size, y - size, x + size, y + size], { index, corner, class: "cover-handle" });
    });
  }

  svg.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    event.preventDefault();
    const { index: said, corner = "" } = event.target.dataset;
    const index = said === undefined ? -1 : Number(said);
    const from = toPicture(event);
    drag = { index, corner, from, to: from, box: index < 0 ? null : boxAt(shown.covers[index].keys, shown.time_us) };
    svg.setPointerCapture(event.pointerId);
    if (index >= 0) on.choose(index);
  }, { signal });
  svg.addEventListener("pointermove", (event) => {
    if (!drag) return;
    drag.to = toPicture(event);
    paint();
  }, { signal });
  svg.addEventListener("pointerup", () => {
    if (!drag) return;
    const { index, box: before } = drag;
    const box = boxNow();
    drag = null;
    if (index < 0) box && on.draw(box);
    else if (box.some((edge, side) => edge !== before[side])) on.move(index, box);
    paint();
  }, { signal });
  svg.addEventListener("pointercancel", () => {
    drag = null;
    paint();
  }, { signal });

  return (next) => {
    shown = next;
    paint();
  };
}

function rectangle([left, top, right, bottom], { index, corner, class: name }) {
  const piece = document.createElementNS(SVG, "rect");
  const places = { x: left, y: top, width: right - left, height: bottom - top, class: name };
  for (const [attribute, value] of Object.entries(places)) piece.setAttribute(attribute, value);
  if (index !== undefined) piece.dataset.index = index;
  if (corner) piece.dataset.corner = corner;
  return piece;
}
