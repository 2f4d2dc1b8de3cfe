// What one upload is doing, as a value: every event gives the next state, every state its words.

import { formatBytes, formatRemaining } from "./format.js";

export const idle = Object.freeze({ phase: "idle", name: "", sent: 0, total: 0, speed: null, retry_s: 0, message: "" });

const ALLOWED = {
  idle: ["choose"],
  sending: ["progress", "pause", "lost", "fail", "finish", "cancel"],
  paused: ["resume", "cancel", "progress"],
  waiting: ["resume", "progress", "pause", "cancel", "fail", "lost", "finish"],
  failed: ["choose", "cancel"],
  finished: ["choose"],
};

const STEPS = {
  choose: (state, { name, total, sent = 0 }) => ({ ...idle, phase: "sending", name, total, sent }),
  progress: (state, { sent, at_ms }) => ({
    ...measured(state, sent, at_ms),
    phase: state.phase === "waiting" ? "sending" : state.phase,
  }),
  pause: (state) => ({ ...state, phase: "paused", speed: null, last: undefined }),
  resume: (state) => ({ ...state, phase: "sending", speed: null, last: undefined }),
  lost: (state, { retry_s }) => ({ ...state, phase: "waiting", retry_s, speed: null, last: undefined }),
  fail: (state, { message }) => ({ ...state, phase: "failed", message, speed: null }),
  finish: (state) => ({ ...state, phase: "finished", sent: state.total, speed: null }),
  cancel: () => idle,
};

/** The state after an event; an event that makes no sense now changes nothing. */
export function next(state, event) {
  return ALLOWED[state.phase].includes(event.type) ? STEPS[event.type](state, event) : state;
}

/** Speed in bytes per second, smoothed over about five seconds so that the time left does not jump. */
function measured(state, sent, at_ms) {
  const last = state.last;
  if (!last || at_ms <= last.at_ms || sent < last.sent) return { ...state, sent, last: { sent, at_ms } };
  const elapsed_s = (at_ms - last.at_ms) / 1000;
  if (elapsed_s < 0.25) return { ...state, sent };
  const now = (sent - last.sent) / elapsed_s;
  const weight = 1 - Math.exp(-elapsed_s / 5);
  const speed = state.speed === null ? now : state.speed + weight * (now - state.speed);
  return { ...state, sent, speed, last: { sent, at_ms } };
}

/** One line that says how far it is. */
export function describe(state) {
  const part = `${formatBytes(state.sent)} of ${formatBytes(state.total)}`;
  switch (state.phase) {
    case "sending":
      return [part, ...speedWords(state)].join(" · ");
    case "paused":
      return `Paused at ${part}`;
    case "waiting":
      return `Connection lost at ${part}. Trying again in ${state.retry_s} s; nothing that was sent is lost.`;
    case "failed":
      return state.message;
    case "finished":
      return `${formatBytes(state.total)} uploaded. The file is being checked.`;
    default:
      return "";
  }
}

function speedWords({ speed, sent, total }) {
  if (!speed || speed <= 0) return [];
  return [`${formatBytes(speed)}/s`, formatRemaining((total - sent) / speed)];
}

/** Seconds to wait before attempt n (0, 1, 2 …): 1, 2, 4 … up to 30. */
export const backoff = (attempt) => Math.min(30, 2 ** attempt);

/** Letters and digits alone: the server cleans names, so only they can be compared. */
const core = (name) => name.normalize("NFC").replace(/[^\p{L}\p{N}]/gu, "").toLowerCase();

/** Is this the file that was begun? Same name and size, since the browser tells nothing else before reading it. */
export function isSameFile(file, begun) {
  const cut = begun.filename.length >= 120;
  return file.size === begun.size_bytes && (cut || core(file.name) === core(begun.filename));
}
