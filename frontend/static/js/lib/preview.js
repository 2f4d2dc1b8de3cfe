// Which frame of a recording a preview shows.

/** The number of the moment nearest to a time. */
export function nearest(moments, time_us) {
  const away = moments.map((one) => Math.abs(one.time_us - time_us));
  return away.indexOf(Math.min(...away));
}

/**
 * One drawing at a time: whoever asks while one is drawn gets the latest wish drawn after it, and none in between.
 * draw(wish) returns a promise.
 */
export function latestOnly(draw) {
  let isDrawing = false;
  let waiting = null;
  return async function ask(wish) {
    waiting = wish;
    if (isDrawing) return;
    isDrawing = true;
    while (waiting) {
      const next = waiting;
      waiting = null;
      await draw(next);
    }
    isDrawing = false;
  };
}
