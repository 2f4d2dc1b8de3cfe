// Two players as one: the original follows whatever is done to the de-identified version. Side by side, or one over
// the other with a divider between them; both enlarged at the same place.

import { correction } from "../lib/follow.js";
import { formatClock } from "../lib/format.js";
import { frameSeconds, inView, originFor, placeUnder } from "../lib/loupe.js";
import { isTyping } from "./keys.js";

const STEP = 0.06; // of what is seen, for each press of an arrow key
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

export function attach(root) {
  const leader = root.querySelector("[data-leader]");
  const follower = root.querySelector("[data-follower]");
  const stop = new AbortController();
  const { signal } = stop;
  if (follower) tie(leader, follower, signal);
  const look = openLoupe(root, signal);
  const play = openControls(root, leader, signal);
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || isTyping(event.target) || event.ctrlKey || event.metaKey || event.altKey) return;
    if (document.querySelector("dialog[open]") || (ARROWS[event.key] && event.target.closest("[type=range]"))) return;
    if (event.key === " " && event.target.closest("button, a, summary")) return;
    if (!look(event) && !play(event)) return;
    event.preventDefault();
  }, { signal });
  root.dataset.open = "";
  return () => { stop.abort(); follower?.pause(); };
}

function tie(leader, follower, signal) {
  const align = () => {
    const goal = correction(leader.currentTime, follower.currentTime);
    if (goal !== null) follower.currentTime = goal;
  };
  leader.addEventListener("play", () => { align(); follower.play().catch(() => {}); }, { signal });
  leader.addEventListener("pause", () => {
    follower.pause();
    follower.currentTime = leader.currentTime;
  }, { signal });
  leader.addEventListener("ratechange", () => { follower.playbackRate = leader.playbackRate; }, { signal });
  leader.addEventListener("seeked", () => { follower.currentTime = leader.currentTime; }, { signal });
  leader.addEventListener("timeupdate", align, { signal });
}

/** Own controls, for those of a browser would be enlarged and covered with the picture. Returns what takes a key. */
function openControls(root, leader, signal) {
  const part = (name) => root.querySelector(`[data-${name}]`);
  const [button, bar, clock, sound] = ["play", "bar", "clock", "sound"].map(part);
  const frame_s = frameSeconds(root.dataset.rate);
  leader.controls = false;
  part("tools").hidden = false;
  const show = () => {
    if (Number.isFinite(leader.duration)) bar.max = leader.duration;
    bar.value = leader.currentTime;
    clock.textContent = `${formatClock(leader.currentTime)} of ${formatClock(leader.duration)}`;
    bar.setAttribute("aria-valuetext", clock.textContent);
    button.textContent = leader.paused ? "Play" : "Pause";
  };
  const toggle = () => (leader.paused ? leader.play().catch(() => {}) : leader.pause());
  const step = (seconds) => {
    leader.pause();
    leader.currentTime = Math.min(leader.duration || 0, Math.max(0, leader.currentTime + seconds));
  };
  for (const name of ["timeupdate", "seeked", "play", "pause", "loadedmetadata"]) {
    leader.addEventListener(name, show, { signal });
  }
  button.addEventListener("click", toggle, { signal });
  bar.addEventListener("input", () => { leader.currentTime = bar.valueAsNumber; }, { signal });
  sound?.addEventListener("click", () => {
    leader.muted = !leader.muted;
    sound.setAttribute("aria-pressed", !leader.muted);
  }, { signal });
  for (const one of root.querySelectorAll("[data-step]")) {
    one.addEventListener("click", () => step(Number(one.dataset.step) * frame_s), { signal });
  }
  for (const one of root.querySelectorAll("[data-at]")) {
    one.addEventListener("click", () => {
      leader.pause();
      leader.currentTime = Number(one.dataset.at);
      leader.scrollIntoView({ block: "nearest" });
    }, { signal });
  }
  show();
  return ({ key, shiftKey }) => {
    if (key === " ") toggle();
    else if (key === "ArrowLeft" || key === "ArrowRight") step((shiftKey ? 1 : frame_s) * (key === "ArrowLeft" ? -1 : 1));
    else return false;
    return true;
  };
}

/** How the pictures are shown. Returns what takes a key. */
function openLoupe(root, signal) {
  const stage = root.querySelector("[data-stage]");
  const choice = root.querySelector("[data-zoom]");
  const divider = root.querySelector("[data-divider]");
  const views = [...root.querySelectorAll("[data-view]")];
  let centre = [0.5, 0.5];
  let dragged = false;
  const zoom = () => Number(choice.value);
  const show = () => {
    centre = inView(centre, zoom());
    const [x, y] = originFor(centre, zoom());
    stage.style.setProperty("--zoom", zoom());
    stage.style.setProperty("--x", `${100 * x}%`);
    stage.style.setProperty("--y", `${100 * y}%`);
    if (divider) stage.style.setProperty("--divider", `${divider.value}%`);
  };
  const isDivided = () => stage.classList.contains("compare-divided");
  const shareOf = (window_, { clientX, clientY }) => {
    const { left, top, width, height } = window_.getBoundingClientRect();
    return [(clientX - left) / width, (clientY - top) / height];
  };
  const become = (view) => {
    stage.classList.toggle("compare-divided", view === "divider");
    root.querySelector("[data-divider-field]").hidden = view !== "divider";
    for (const one of views) one.setAttribute("aria-pressed", one.dataset.view === view);
  };
  choice.addEventListener("change", show, { signal });
  divider?.addEventListener("input", show, { signal });
  for (const one of views) one.addEventListener("click", () => become(one.dataset.view), { signal });
  stage.addEventListener("pointerdown", () => { dragged = false; }, { signal });
  stage.addEventListener("pointermove", (event) => {
    const window_ = event.target.closest("[data-window]");
    if (!isDivided() || !window_ || event.buttons !== 1) return;
    dragged = true;
    divider.value = 100 * shareOf(window_, event)[0];
    show();
  }, { signal });
  stage.addEventListener("click", (event) => {
    const window_ = event.target.closest("[data-window]");
    if (!window_ || zoom() <= 1 || dragged) return;
    centre = placeUnder(shareOf(window_, event), centre, zoom());
    show();
  }, { signal });
  show();
  return ({ key, target }) => {
    if (key === "z") choice.selectedIndex = (choice.selectedIndex + 1) % choice.options.length;
    else if (key === "v" && views.length) become(isDivided() ? "beside" : "divider");
    else if (ARROWS[key] && target.closest("[data-stage]") && zoom() > 1) {
      centre = centre.map((share, side) => share + ARROWS[key][side] * STEP * (4 / zoom()));
    } else return false;
    show();
    return true;
  };
}
