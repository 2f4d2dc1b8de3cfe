// Numbers as people read them. Spaces between number and unit do not break.

const NBSP = "\u00a0";

/** 62.4 -> "1:02"; an hour or more -> "1:01:02". Negative times keep their sign. */
export function formatClock(seconds) {
  if (!Number.isFinite(seconds)) return "–:––";
  const sign = seconds < 0 ? "−" : "";
  const whole = Math.floor(Math.abs(seconds));
  const s = String(whole % 60).padStart(2, "0");
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return `${sign}${minutes}:${s}`;
  return `${sign}${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, "0")}:${s}`;
}

/** 5_242_880 -> "5.2 MB": decimal units, as file managers and disks are sold. */
export function formatBytes(bytes) {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  const digits = unit === 0 || value >= 99.95 ? 0 : 1;
  return `${value.toFixed(digits)}${NBSP}${units[unit]}`;
}

/** Seconds -> "about 3 min left"; unknown -> "". */
export function formatRemaining(seconds) {
  if (seconds === null || seconds === undefined || !Number.isFinite(seconds)) return "";
  if (seconds < 5) return "a few seconds left";
  if (seconds < 50) return `about ${Math.ceil(seconds / 10) * 10}${NBSP}s left`;
  if (seconds < 3570) return `about ${Math.max(1, Math.round(seconds / 60))}${NBSP}min left`;
  return `about ${(seconds / 3600).toFixed(1)}${NBSP}h left`;
}

/** 0.8213, 276 -> "82 % of 276 s". Nothing to measure -> "not measured", never 0. */
export function formatShare(ratio, totalSeconds) {
  if (ratio === null || ratio === undefined || !totalSeconds) return "not measured";
  return `${formatPercent(ratio)} of ${Math.round(totalSeconds)}${NBSP}s`;
}

/** 0.8213 -> "82 %"; small but present shares read "< 1 %", nearly all reads "> 99 %". */
export function formatPercent(ratio) {
  if (ratio > 0 && ratio < 0.005) return `<${NBSP}1${NBSP}%`;
  if (ratio < 1 && ratio > 0.995) return `>${NBSP}99${NBSP}%`;
  return `${Math.round(ratio * 100)}${NBSP}%`;
}

/** A moment in a time zone, named: "12 Mar 2025, 14:05 CET". Without a zone, the reader's own. */
export function formatMoment(date, timeZone = undefined) {
  return new Intl.DateTimeFormat("en-GB", {
    day: "numeric",
    month: "short",
    year: "numeric",
    hour: "2-digit",
    minute: "2-digit",
    timeZoneName: "short",
    timeZone,
  }).format(date);
}

/** The detection rate with the seconds that were to be classified, as readings.py writes it. */
export function formatDetection(summary) {
  const counted = Object.entries(summary.seconds).filter(([status]) => status !== "consent_withheld");
  return formatShare(summary.detection_rate, counted.reduce((sum, [, seconds]) => sum + seconds, 0));
}
