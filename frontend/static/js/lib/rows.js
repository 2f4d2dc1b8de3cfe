// Which row of a table a key leads to.

const STEPS = { j: 1, ArrowDown: 1, k: -1, ArrowUp: -1 };

/** at: the row now, -1 before any; arrows move only inside of the table, elsewhere they scroll. Null: this key does not move. */
export function rowAfter(key, at, count, inside) {
  const step = STEPS[key];
  if (!step || !count || (key.startsWith("Arrow") && !inside)) return null;
  if (at < 0) return step > 0 ? 0 : count - 1;
  return Math.min(count - 1, Math.max(0, at + step));
}
