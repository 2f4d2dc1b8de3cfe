// What a live dashboard shows, as values: words for a person, the band of the last minute, lines about the connection.

import { formatPercent } from "./format.js";
import { STATUS_WORDS } from "./labels.js";
import { pictures } from "./live_camera.js";

export const BAND_S = 60;
const QUIET_MS = 4000;

/** The state of one person in large type: {word, emotion, known}. Without enough seen of late, no emotion. */
export function personWords(reading, camera) {
  if (!camera?.connected && !reading) return { word: "no camera yet", emotion: null, known: false };
  if (!camera?.connected) return { word: "camera away", emotion: null, known: false };
  if (!reading) return { word: "looking", emotion: null, known: false };
  if (!reading.enough) return { word: "too little seen", emotion: null, known: false };
  if (!reading.emotion) return { word: STATUS_WORDS[reading.status] ?? "no face", emotion: null, known: false };
  return { word: reading.emotion, emotion: reading.emotion, known: true };
}

/** "face seen in 93 % of the last 30 s", and whether the face at rest counts as neutral */
export function detectionWords(reading) {
  const detection = reading?.detection;
  if (detection === null || detection === undefined) return "not measured";
  const seen = `face seen in ${formatPercent(detection)} of the last 30 s`;
  return reading.calibrated ? `${seen} · measured from the face at rest` : seen;
}

export function cameraWords(camera) {
  if (!camera?.connected) return "camera away";
  return `${pictures(camera.fps)} per second`;
}

/** Keeps the rows of the last minute, one per second, by camera. */
export function addRows(rows, added, now_second) {
  const kept = new Map(rows);
  for (const row of added) kept.set(row.second, row);
  for (const second of kept.keys()) if (second <= now_second - BAND_S) kept.delete(second);
  return kept;
}

/** Columns of the band's chart: every second of the minute, and per emotion 1 where it holds, null elsewhere. */
export function bandColumns(rows, now_second, emotions) {
  const seconds = Array.from({ length: BAND_S + 1 }, (_, step) => now_second - BAND_S + 1 + step);
  return [
    seconds,
    ...emotions.map((emotion) =>
      seconds.map((second) => (rows.get(second)?.status === "ok" && rows.get(second).emotion === emotion ? 1 : null)),
    ),
  ];
}

/** Stretches of equal seconds for painting: [{from_s, to_s, status, emotion}]. */
export function bandStretches(rows) {
  const found = [];
  for (const row of [...rows.values()].sort((one, other) => one.second - other.second)) {
    const emotion = row.status === "ok" ? row.emotion : null;
    const last = found.at(-1);
    const goesOn = last && last.to_s === row.second && last.status === row.status && last.emotion === emotion;
    if (goesOn) last.to_s = row.second + 1;
    else found.push({ from_s: row.second, to_s: row.second + 1, status: row.status, emotion });
  }
  return found;
}

/** The line above the people: [words, tone]. */
export function lineWords({ open, mode, silenced, heard_ms, now_ms, ended }) {
  if (ended === "consent_withdrawn") return ["Consent was withdrawn. The session has ended and nothing more is shown.", "bad"];
  if (ended) return ["The session has ended.", "calm"];
  if (!open) return ["Connection lost. Trying again; what the cameras send is still kept.", "bad"];
  if (heard_ms === null || now_ms - heard_ms > QUIET_MS) return ["Connected. Waiting for a camera.", "calm"];
  if (mode === "none") return ["Running. In this session nothing is shown.", "calm"];
  if (silenced) return ["Running. Suggestions are silenced.", "calm"];
  return ["Running.", "calm"];
}

export const finalWords = {
  4401: "You are signed out. Reload the page to sign in again.",
  4403: "The dashboard is for the doctor of this encounter alone, and only while consent allows it.",
  4404: "This live session does not exist, or you have no access to it.",
};

/** "shown 84 ms after it happened (95 % within 143 ms)" */
export const latencyWords = ({ p50_ms, p95_ms }) =>
  `shown ${Math.round(p50_ms)} ms after it happened (95 % within ${Math.round(p95_ms)} ms)`;
