// What a state message changes on the page: numbers in place, everything else by asking the server for fresh HTML.

import { formatPercent, formatRemaining } from "./format.js";

const CLOSED_FOR_GOOD = {
  4401: "You are signed out. Reload the page to sign in again.",
  4403: "You may no longer see this encounter.",
  4404: "This encounter no longer exists.",
};

/** Why a closed socket should stay closed, or null when it is worth another try. */
export const finalReason = (code) => CLOSED_FOR_GOOD[code] ?? null;

/** One string per thing on the page that has a state; equal strings mean that only numbers changed. */
export function signature({ recordings, jobs, run }) {
  return [
    ...recordings.map(({ id, state }) => `recording ${id} ${state}`),
    ...jobs.map(({ id, state }) => `job ${id} ${state}`),
    run ? `run ${run.id} ${run.current ? "current" : "outdated"}` : "run",
  ].sort().join("\n");
}

/** "43 % · about 2 min left · reading second 12 of 40" from whatever of it is known. */
export function describeJob({ state, progress, remaining_s, message }) {
  if (state !== "running") return message ?? "";
  return [formatPercent(progress), formatRemaining(remaining_s), message].filter(Boolean).join(" · ");
}

/** A sentence for people who listen: at changes of state, and once per quarter of the work. */
export function spokenJob(job, before) {
  if (!before || before.state !== job.state) return `${job.label}: ${job.state.replaceAll("_", " ")}.`;
  const quarter = (value) => Math.floor(value * 4);
  if (job.state === "running" && quarter(job.progress) > quarter(before.progress)) {
    return `${job.label}: ${formatPercent(job.progress)}.`;
  }
  return "";
}
