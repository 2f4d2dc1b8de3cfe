// One or two cameras on one encounter clock. Says "clock" while time moves, hears "seek".

import { formatClock } from "../lib/format.js";
import { clamp, clockOf, correctDrift, spanOf, toCamera, toClock } from "../lib/time.js";
import { isTyping } from "./keys.js";

const SPEEDS = [0.25, 0.5, 1, 1.5, 2];

/** How a player left, so that fresh HTML for the same recordings goes on from there, playing if it played. */
let left = { time_s: 0, speed: 1, playing: false };

export function attach(root) {
  const player = new Player(root);
  return () => player.destroy();
}

class Player {
  constructor(root) {
    this.root = root;
    this.stop = new AbortController();
    this.cameras = [...root.querySelectorAll("[data-camera]")].map((figure) => ({
      video: figure.querySelector("video"),
      name: figure.dataset.camera,
      clock: clockOf(figure),
      duration_s: Number(figure.dataset.durationS),
    }));
    this.videos = this.cameras.filter(({ video }) => video);
    this.span = spanOf(this.cameras);
    this.time_s = clamp(left.time_s, Math.max(0, this.span.from_s), this.span.to_s);
    this.playing = false;
    this.find = (name) => root.querySelector(`[data-${name}]`);
    this.prepare();
    this.listen();
    this.setSpeed(left.speed);
    this.show();
    if (this.time_s > 0) this.seek(this.time_s);
    if (left.playing) this.play();
  }

  prepare() {
    for (const { video } of this.videos) video.controls = false;
    const tools = this.find("controls");
    tools.hidden = false;
    const scrub = this.find("scrub");
    scrub.min = this.span.from_s;
    scrub.max = this.span.to_s;
    this.find("play").disabled = this.videos.length === 0;
    const [off, ...audible] = [...this.find("sound").options].map(({ value }) => value);
    this.find("sound").disabled = audible.length === 0;
    this.hear(left.heard === off || audible.includes(left.heard) ? left.heard : audible[0] ?? off);
  }

  listen() {
    const { signal } = this.stop;
    const on = (target, name, handler) => target.addEventListener(name, handler, { signal });
    on(this.find("play"), "click", () => this.toggle());
    on(this.find("boxes"), "click", () => this.toggleBoxes());
    on(this.find("speed"), "change", (event) => this.setSpeed(Number(event.target.value)));
    on(this.find("sound"), "change", (event) => this.hear(event.target.value));
    on(this.find("scrub"), "input", (event) => this.seek(Number(event.target.value)));
    on(document, "seek", ({ detail }) => this.seek(detail.time_s));
    on(document, "clock:ask", () => this.announce());
    on(document, "keydown", (event) => this.onKey(event));
    for (const { video } of this.videos) {
      on(video, "click", () => this.toggle());
      on(video, "seeked", () => this.announce());
      on(video, "loadeddata", () => this.announce());
    }
  }

  onKey(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
    if (document.querySelector("dialog[open]")) return;
    const pressesIt = event.key === " " && event.target.closest("button, summary, a, input");
    const ownArrows = event.key.startsWith("Arrow") && event.target.matches("input[type=range]");
    const act = this.keys()[event.key];
    if (!act || pressesIt || ownArrows) return;
    event.preventDefault();
    act(event.shiftKey ? 10 : 1);
  }

  keys() {
    return {
      " ": () => this.toggle(),
      k: () => this.toggle(),
      b: () => this.toggleBoxes(),
      j: () => this.seek(this.time_s - 5),
      l: () => this.seek(this.time_s + 5),
      ArrowLeft: (step) => this.seek(this.time_s - step),
      ArrowRight: (step) => this.seek(this.time_s + step),
      ",": () => this.stepFrame(-1),
      ".": () => this.stepFrame(1),
      "<": () => this.nextSpeed(-1),
      ">": () => this.nextSpeed(1),
    };
  }

  stepFrame(direction) {
    this.pause();
    this.seek(this.time_s + direction / 25);
  }

  nextSpeed(direction) {
    const place = SPEEDS.indexOf(this.speed) + direction;
    this.setSpeed(SPEEDS[clamp(place, 0, SPEEDS.length - 1)]);
  }

  setSpeed(speed) {
    this.speed = speed;
    this.find("speed").value = String(speed);
    for (const { video } of this.videos) video.playbackRate = speed;
  }

  hear(name) {
    this.find("sound").value = name;
    for (const camera of this.videos) camera.video.muted = camera.name !== name;
  }

  toggleBoxes() {
    const on = this.find("boxes").getAttribute("aria-pressed") !== "true";
    this.find("boxes").setAttribute("aria-pressed", on);
    document.dispatchEvent(new CustomEvent("boxes", { detail: { on } }));
  }

  toggle() {
    if (this.playing) this.pause();
    else this.play();
  }

  play() {
    if (this.videos.length === 0) return;
    if (this.time_s >= this.span.to_s - 0.05) this.seek(this.span.from_s);
    this.playing = true;
    this.last_ms = performance.now();
    this.frame = requestAnimationFrame((now_ms) => this.tick(now_ms));
    this.show();
  }

  pause() {
    this.playing = false;
    cancelAnimationFrame(this.frame);
    for (const { video } of this.videos) video.pause();
    this.show();
  }

  seek(time_s) {
    this.time_s = clamp(time_s, this.span.from_s, this.span.to_s);
    for (const camera of this.videos) {
      camera.video.currentTime = clamp(toCamera(this.time_s, camera.clock), 0, camera.duration_s);
    }
    this.show();
  }

  /** The first video that covers this moment leads; without one the clock goes on by itself. */
  tick(now_ms) {
    if (!this.playing) return;
    const elapsed_s = ((now_ms - this.last_ms) / 1000) * this.speed;
    this.last_ms = now_ms;
    const lead = this.videos.find((camera) => this.covers(camera));
    if (!lead) this.time_s += elapsed_s;
    else if (!lead.video.paused && !lead.video.seeking) this.time_s = toClock(lead.video.currentTime, lead.clock);
    for (const camera of this.videos) this.keepOnClock(camera, camera === lead);
    if (this.time_s >= this.span.to_s - 0.02) return this.pause();
    this.show();
    this.frame = requestAnimationFrame((next_ms) => this.tick(next_ms));
  }

  covers({ video, clock, duration_s }) {
    const own_s = toCamera(this.time_s, clock);
    return own_s >= 0 && own_s < duration_s - 0.05 && !video.ended && !video.error;
  }

  keepOnClock(camera, leads) {
    const { video } = camera;
    if (!this.covers(camera)) return video.pause();
    if (video.paused) video.play().catch(() => this.pause());
    if (leads || video.seeking) {
      if (leads && video.playbackRate !== this.speed) video.playbackRate = this.speed;
      return;
    }
    const { seek, rate } = correctDrift(video.currentTime - toCamera(this.time_s, camera.clock), this.speed);
    if (seek) video.currentTime = toCamera(this.time_s, camera.clock);
    if (video.playbackRate !== rate) video.playbackRate = rate;
  }

  show() {
    const [at, end] = [formatClock(this.time_s), formatClock(this.span.to_s)];
    const words = `${at} / ${end}`;
    const time = this.find("clock");
    if (time.textContent !== words) {
      time.textContent = words;
      this.find("scrub").setAttribute("aria-valuetext", `${at} of ${end}`);
    }
    this.find("scrub").value = this.time_s;
    this.find("play").setAttribute("aria-label", this.playing ? "Pause" : "Play");
    this.find("icon-play").toggleAttribute("hidden", this.playing);
    this.find("icon-pause").toggleAttribute("hidden", !this.playing);
    this.announce();
  }

  announce() {
    document.dispatchEvent(new CustomEvent("clock", { detail: { time_s: this.time_s, playing: this.playing } }));
  }

  destroy() {
    left = { time_s: this.time_s, speed: this.speed, playing: this.playing, heard: this.find("sound").value };
    this.pause();
    this.stop.abort();
  }
}
