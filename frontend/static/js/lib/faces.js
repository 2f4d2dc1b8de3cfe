// Face boxes over a video: which samples belong to this moment, and where they lie on the screen.

/** First index whose t_ms is not below `time_ms`. */
function firstAtOrAfter(t_ms, time_ms) {
  let low = 0;
  let high = t_ms.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (t_ms[middle] < time_ms) low = middle + 1;
    else high = middle;
  }
  return low;
}

/**
 * Rows of the sample nearest to time_ms (one row per face), or [] when none is within tolerance_ms: a box is never
 * left standing over a face that was not looked at.
 */
export function rowsNear(t_ms, time_ms, tolerance_ms = 150) {
  const after = firstAtOrAfter(t_ms, time_ms);
  const candidates = [t_ms[after - 1], t_ms[after]].filter((value) => value !== undefined);
  if (candidates.length === 0) return [];
  const nearest = candidates.reduce((best, value) =>
    Math.abs(value - time_ms) < Math.abs(best - time_ms) ? value : best,
  );
  if (Math.abs(nearest - time_ms) > tolerance_ms) return [];
  const rows = [];
  for (let row = firstAtOrAfter(t_ms, nearest); t_ms[row] === nearest; row += 1) rows.push(row);
  return rows;
}

/** Half the usual distance between samples, at least 60 ms: how far a box may stand from its own moment. */
export function toleranceOf(t_ms) {
  const steps = [];
  for (let row = 1; row < t_ms.length && steps.length < 50; row += 1) {
    if (t_ms[row] > t_ms[row - 1]) steps.push(t_ms[row] - t_ms[row - 1]);
  }
  if (steps.length === 0) return 150;
  steps.sort((a, b) => a - b);
  return Math.max(60, steps[steps.length >> 1] / 2 + 20);
}

/** Where a picture lies inside its element under object-fit: contain, in the element's own pixels. */
export function containedRect(element, picture) {
  if (!picture.width || !picture.height) return { x: 0, y: 0, width: element.width, height: element.height };
  const scale = Math.min(element.width / picture.width, element.height / picture.height);
  const width = picture.width * scale;
  const height = picture.height * scale;
  return { x: (element.width - width) / 2, y: (element.height - height) / 2, width, height };
}

/** A box in parts of the frame -> pixels of the element. */
export function boxOnScreen([x, y, w, h], rect) {
  return { x: rect.x + x * rect.width, y: rect.y + y * rect.height, width: w * rect.width, height: h * rect.height };
}
