// Stepped curves on anything with moveTo, lineTo and closePath. Value k holds from times[k] to times[k + 1]; null draws
// nothing, neither a line across nor an edge beside the gap.

/** Calls `draw(first, last)` for every unbroken run of values among the rows from..to. */
function eachRun({ values, from, to }, draw) {
  let first = -1;
  for (let row = from; row <= to + 1; row += 1) {
    const there = row <= to && values[row] !== null && values[row] !== undefined;
    if (there && first < 0) first = row;
    if (!there && first >= 0) {
      draw(first, row - 1);
      first = -1;
    }
  }
}

/** Traces the upper edge of the values. scale: {x(time), y(value)} to pixels. */
export function traceLine(path, { times, values, from, to }, scale) {
  eachRun({ values, from, to }, (first, last) => {
    path.moveTo(scale.x(times[first]), scale.y(values[first]));
    for (let row = first; row <= last; row += 1) {
      const y = scale.y(values[row]);
      path.lineTo(scale.x(times[row]), y);
      path.lineTo(scale.x(times[row + 1] ?? times[row]), y);
    }
  });
}

/** Traces the area between the values and those below them (0 where `below` is null) as closed shapes. */
export function traceBand(path, { times, values, below, from, to }, scale) {
  eachRun({ values, from, to }, (first, last) => {
    path.moveTo(scale.x(times[first]), scale.y(values[first]));
    for (let row = first; row <= last; row += 1) {
      const y = scale.y(values[row]);
      path.lineTo(scale.x(times[row]), y);
      path.lineTo(scale.x(times[row + 1] ?? times[row]), y);
    }
    for (let row = last; row >= first; row -= 1) {
      const y = scale.y(below ? below[row] : 0);
      path.lineTo(scale.x(times[row + 1] ?? times[row]), y);
      path.lineTo(scale.x(times[row]), y);
    }
    path.closePath();
  });
}
