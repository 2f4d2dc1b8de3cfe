// A pad to sign on with mouse, pen or finger. What is drawn stands in the hidden field, also after an error.

import { PAD, stateInWords, strokesIn, toPad, withPoint } from "../lib/strokes.js";

export function attach(root) {
  const stop = new AbortController();
  const { signal } = stop;
  const pad = root.querySelector("canvas");
  const field = root.querySelector("input[name=drawing]");
  const clear = root.querySelector("[data-clear]");
  const state = root.querySelector("[role=status]");
  const context = pad.getContext("2d");
  let strokes = strokesIn(field.value);
  let drawingWith = null;

  const paint = () => {
    context.clearRect(0, 0, PAD.width, PAD.height);
    Object.assign(context, { lineWidth: 6, lineCap: "round", lineJoin: "round", strokeStyle: getComputedStyle(pad).color });
    for (const stroke of strokes) {
      context.beginPath();
      stroke.forEach(([x, y], at) => (at ? context.lineTo(x, y) : context.moveTo(x, y)));
      if (stroke.length === 1) context.lineTo(...stroke[0]);
      context.stroke();
    }
  };
  const tell = () => {
    field.value = strokes.length ? JSON.stringify(strokes) : "";
    state.textContent = stateInWords(strokes);
    clear.disabled = !strokes.length;
    paint();
  };
  const follow = (event) => {
    const rect = pad.getBoundingClientRect();
    const moves = event.getCoalescedEvents?.() ?? [];
    for (const { clientX, clientY } of moves.length ? moves : [event]) {
      strokes = withPoint(strokes, toPad(clientX, clientY, rect));
    }
    paint();
  };
  const end = (event) => {
    if (event.pointerId !== drawingWith) return;
    drawingWith = null;
    tell();
  };

  pad.addEventListener("pointerdown", (event) => {
    if (drawingWith !== null || event.button > 0) return;
    drawingWith = event.pointerId;
    pad.setPointerCapture(event.pointerId);
    strokes = [...strokes, []];
    follow(event);
  }, { signal });
  pad.addEventListener("pointermove", (event) => {
    if (event.pointerId === drawingWith) follow(event);
  }, { signal });
  pad.addEventListener("pointerup", end, { signal });
  pad.addEventListener("pointercancel", end, { signal });
  clear.addEventListener("click", () => {
    strokes = [];
    tell();
  }, { signal });
  document.addEventListener("theme", paint, { signal });
  root.hidden = false;
  tell();
  return () => stop.abort();
}
