// How long the work on some recordings takes, from what is known of a method.

import { formatRemaining } from "./format.js";

/** A sentence for the chosen recordings and method. speeds: [recorded seconds per second, measured here]. */
export function estimateWords({ lengths_s, speeds, workers }, chosen, method) {
  const [speed, isMeasured] = speeds[method] ?? [];
  const media_s = chosen.reduce((sum, recording) => sum + (lengths_s[recording] ?? 0), 0);
  if (!speed || !media_s) return "Choose a recording, and the time it takes is estimated here.";
  const words = formatRemaining(media_s / speed / Math.max(1, workers)).replace(" left", "");
  const basis = isMeasured ? "by the latest jobs here" : "by the benchmark, for nothing was measured here yet";
  const nobody = workers ? "" : " No worker is running now.";
  return `Takes ${words} with ${Math.max(1, workers)} worker${workers > 1 ? "s" : ""}, ${basis}.${nobody}`;
}
