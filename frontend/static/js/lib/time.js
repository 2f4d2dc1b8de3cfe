// One encounter clock, several camera files. A camera's time, stretched by its drift and moved by its offset, is the
// clock's.

export const toClock = (camera_s, { offset_ms, drift_ppm = 0 }) => camera_s * (1 + drift_ppm / 1e6) + offset_ms / 1000;
export const toCamera = (clock_s, { offset_ms, drift_ppm = 0 }) => (clock_s - offset_ms / 1000) / (1 + drift_ppm / 1e6);

/** What an element's data attributes say of its camera's clock. */
export const clockOf = ({ dataset }) => ({ offset_ms: Number(dataset.offsetMs), drift_ppm: Number(dataset.driftPpm) });

export const clamp = (value, low, high) => Math.min(Math.max(value, low), high);

/** The stretch of the clock that any of the videos covers: [{duration_s, clock}] -> {from_s, to_s}. */
export function spanOf(videos) {
  if (videos.length === 0) return { from_s: 0, to_s: 0 };
  const starts = videos.map(({ clock }) => toClock(0, clock));
  const ends = videos.map(({ clock, duration_s }) => toClock(duration_s, clock));
  return { from_s: Math.min(...starts), to_s: Math.max(...ends) };
}

/**
 * How a following video gets back on the clock: seek when it is far away, lean on its speed when it is near,
 * leave it alone within a frame. drift_s is the follower's time minus where it ought to be.
 */
export function correctDrift(drift_s, rate) {
  const size = Math.abs(drift_s);
  if (size > 0.3) return { seek: true, rate };
  if (size > 0.03) return { seek: false, rate: rate * (drift_s > 0 ? 0.95 : 1.05) };
  return { seek: false, rate };
}

/** The next window of a zoomed timeline so that `time_s` is in view; null when it already is. */
export function followWindow({ min, max }, time_s, span) {
  if (time_s >= min && time_s < max) return null;
  const width = max - min;
  const start = clamp(time_s - width * 0.1, span.from_s, Math.max(span.from_s, span.to_s - width));
  return { min: start, max: start + width };
}

/** A window of `width_s` around `time_s` inside the span; the whole span when it is wider than that. */
export function zoomWindow(width_s, time_s, span) {
  const whole = span.to_s - span.from_s;
  if (!width_s || width_s >= whole) return { min: span.from_s, max: span.to_s };
  const start = clamp(time_s - width_s / 2, span.from_s, span.to_s - width_s);
  return { min: start, max: start + width_s };
}

/** Sensible steps between time labels, in seconds, for uPlot's axis. */
export const TIME_STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600];
