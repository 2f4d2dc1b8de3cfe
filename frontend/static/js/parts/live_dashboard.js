// The doctor's dashboard: two people in large type, a quiet minute of each, and at most one suggestion.

import { LETTERS } from "../lib/labels.js";
import {
  addRows,
  cameraWords,
  detectionWords,
  finalWords,
  latencyWords,
  lineWords,
  personWords,
} from "../lib/live.js";
import { betterOffset, reconnectAfter } from "../lib/live_camera.js";
import { isTyping } from "./keys.js";
import { liveBand } from "./live_band.js";
import { LiveSuggestion } from "./live_suggestion.js";
import { readPalette } from "./palette.js";
import { post } from "./request.js";

const PING_EVERY_MS = 15_000;
const LOOK_EVERY_MS = 500;

export function attach(root) {
  const dashboard = new Dashboard(root);
  return () => dashboard.destroy();
}

class Dashboard {
  constructor(root) {
    this.root = root;
    this.find = (name) => root.querySelector(`[data-${name}]`);
    this.stop = new AbortController();
    this.state = { mode: "", silenced: false, cameras: {} };
    this.heard_ms = null;
    this.ended = null;
    this.attempt = 0;
    this.palette = readPalette();
    this.people = [...root.querySelectorAll("[data-person]")].map((section) => this.person(section));
    this.suggestion = new LiveSuggestion(this.find("suggestion"), (words) => this.complain(words));
    this.listen();
    this.connect();
    this.timer = setInterval(() => this.look(), LOOK_EVERY_MS);
  }

  person(section) {
    const name = section.dataset.person;
    const view = { rows: new Map(), palette: this.palette, hatched: name === "doctor" };
    const part = (key) => section.querySelector(`[data-${key}]`);
    return { name, view, part, band: liveBand(part("band"), view), reading: null };
  }

  listen() {
    const { signal } = this.stop;
    const on = (target, name, handler) => target.addEventListener(name, handler, { signal });
    on(this.find("silence"), "click", () => this.silence());
    on(this.find("cover-on"), "click", () => this.cover(true));
    on(this.find("cover"), "click", () => this.cover(false));
    on(document, "keydown", (event) => this.onKey(event));
    on(document, "theme", () => {
      this.palette = readPalette();
      for (const { view } of this.people) view.palette = this.palette;
      this.look();
    });
  }

  onKey(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
    if (!this.find("cover").hidden) {
      event.preventDefault();
      this.cover(false);
      return;
    }
    if (document.querySelector("dialog[open]")) return;
    const act = { c: () => this.cover(true), s: () => this.silence() }[event.key];
    if (act) {
      event.preventDefault();
      act();
    } else if (this.suggestion.onKey(event.key)) event.preventDefault();
  }

  cover(on) {
    this.find("cover").hidden = !on;
    if (on) this.find("cover").focus();
    else this.find("cover-on").focus();
  }

  async silence() {
    const silenced = !this.state.silenced;
    this.complain("");
    try {
      await post(this.root.dataset.silenceUrl, { silenced });
      this.state.silenced = silenced;
      if (silenced) this.suggestion.hide();
      this.look();
    } catch (error) {
      this.complain(error.message);
    }
  }

  connect() {
    const url = new URL(this.root.dataset.socketUrl, location.href);
    url.protocol = url.protocol.replace("http", "ws");
    this.socket = new WebSocket(url);
    this.socket.onopen = () => {
      this.clock = null;
      this.ping();
      this.pinger = setInterval(() => this.ping(), PING_EVERY_MS);
    };
    this.socket.onmessage = ({ data }) => this.take(JSON.parse(data));
    this.socket.onclose = ({ code }) => this.onClose(code);
  }

  ping() {
    this.socket.send(JSON.stringify({ type: "ping", t: Date.now() }));
  }

  onClose(code) {
    clearInterval(this.pinger);
    if (this.stop.signal.aborted || this.ended) return;
    this.heard_ms = null;
    if (finalWords[code]) {
      clearInterval(this.timer);
      this.say(finalWords[code], "bad");
      return;
    }
    this.look();
    this.retry = setTimeout(() => this.connect(), reconnectAfter(this.attempt) * 1000);
    this.attempt += 1;
  }

  take(message) {
    this.attempt = 0;
    if (message.type === "reading") this.takeReading(message);
    else if (message.type === "state") this.takeState(message);
    else if (message.type === "suggestion") this.suggestion.offer(message);
    else if (message.type === "latency") this.find("latency").textContent = latencyWords(message);
    else if (message.type === "end") this.end(message.reason);
    else if (message.type === "pong") {
      const answer = { sent_ms: message.t, received_ms: Date.now(), server_us: message.now };
      this.clock = betterOffset(this.clock, answer);
    }
  }

  takeReading(reading) {
    this.heard_ms = performance.now();
    const person = this.people.find(({ name }) => name === reading.person);
    person.reading = reading;
    this.state.cameras[reading.person] ??= { connected: true, fps: 0 };
    this.showPerson(person);
    requestAnimationFrame(() => this.tellShown(reading.t));
  }

  /** Tells how long after its capture a reading stood on the screen, on the server's clock. */
  tellShown(capture_us) {
    if (!this.clock || this.socket.readyState !== WebSocket.OPEN) return;
    const ms = Date.now() + this.clock.offset_ms - capture_us / 1000;
    this.socket.send(JSON.stringify({ type: "shown", ms: Math.max(0, ms) }));
  }

  takeState(state) {
    if (state.rows.length || state.people.length) this.heard_ms = performance.now();
    this.state = { ...this.state, ...state };
    this.second = Math.floor((state.now - state.started) / 1e6);
    for (const person of this.people) {
      const own = state.rows.filter(({ camera }) => camera === person.name);
      person.view.rows = addRows(person.view.rows, own, this.second);
      const now = state.people.find((one) => one.person === person.name);
      if (now) person.reading = { status: person.reading?.status ?? "no_face", ...now };
      this.showPerson(person);
      person.band.show(this.second);
    }
    this.look();
  }

  showPerson({ name, part, reading }) {
    const camera = this.state.cameras[name];
    const { word, emotion, known } = personWords(reading, camera);
    const state = part("state");
    if (part("word").textContent !== word) part("word").textContent = word;
    state.dataset.known = known;
    const shape = part("shape");
    shape.toggleAttribute("hidden", !emotion);
    shape.dataset.colour = emotion ?? "";
    if (emotion) shape.querySelector("use").setAttribute("href", `#shape-${emotion}`);
    state.title = emotion ? `Expression classified as ${emotion} (${LETTERS[emotion]})` : "";
    part("detection").textContent = detectionWords(reading);
    part("camera").textContent = cameraWords(camera);
  }

  /** What changes by itself: the line about the connection, and people whose camera has gone. */
  look() {
    const silence = this.find("silence");
    silence.setAttribute("aria-pressed", this.state.silenced);
    silence.hidden = this.state.mode !== "sparse" && this.state.mode !== "";
    const open = this.socket.readyState === WebSocket.OPEN;
    const facts = { ...this.state, open, heard_ms: this.heard_ms, now_ms: performance.now(), ended: this.ended };
    this.say(...lineWords(facts));
    if (!open) {
      for (const person of this.people) {
        person.reading = null;
        this.state.cameras[person.name] = undefined;
        this.showPerson(person);
      }
    }
  }

  say(words, tone) {
    const line = this.find("line");
    if (line.textContent !== words) line.textContent = words;
    line.dataset.tone = tone;
  }

  complain(words) {
    const place = this.find("complaint");
    place.textContent = words;
    place.hidden = !words;
  }

  end(reason) {
    this.ended = reason || "ended";
    clearInterval(this.timer);
    this.suggestion.hide();
    for (const person of this.people) {
      person.reading = null;
      this.state.cameras = {};
      person.view.rows = new Map();
      person.band.show(this.second ?? 0);
      this.showPerson(person);
    }
    this.say(...lineWords({ ended: this.ended }));
    for (const button of this.root.querySelectorAll(".live-tools button")) button.hidden = true;
  }

  destroy() {
    this.stop.abort();
    clearInterval(this.timer);
    clearInterval(this.pinger);
    clearTimeout(this.retry);
    this.suggestion.destroy();
    for (const { band } of this.people) band.destroy();
    this.socket.close();
  }
}
