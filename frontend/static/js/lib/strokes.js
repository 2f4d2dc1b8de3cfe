// A drawing as strokes of whole numbers on a pad of 1000 × 300, whatever size it has on the screen.

export const PAD = { width: 1000, height: 300 };
const CLOSE = 3;
const MOST_POINTS = 4000;

const clamp = (value, most) => Math.min(most, Math.max(0, Math.round(value)));

/** The point of the pad under a point of the screen; rect: where the pad lies. */
export function toPad(x, y, rect) {
  const scaled = (value, start, size, most) => clamp(((value - start) / size) * most, most);
  return [scaled(x, rect.left, rect.width, PAD.width), scaled(y, rect.top, rect.height, PAD.height)];
}

/** Strokes with a point added to the last one; a point that barely moved is left out, and so is what nobody would read. */
export function withPoint(strokes, point) {
  const stroke = strokes.at(-1);
  const last = stroke.at(-1);
  const near = last && Math.hypot(point[0] - last[0], point[1] - last[1]) < CLOSE;
  if (near || strokes.flat().length >= MOST_POINTS) return strokes;
  return [...strokes.slice(0, -1), [...stroke, point]];
}

export function stateInWords(strokes) {
  if (!strokes.length) return "Nothing is drawn. With a keyboard, type the initials.";
  return strokes.length === 1 ? "Drawn with 1 stroke." : `Drawn with ${strokes.length} strokes.`;
}

/** What a hidden field holds; nothing that cannot be read breaks the page. */
export function strokesIn(text) {
  try {
    const strokes = JSON.parse(text || "[]");
    return Array.isArray(strokes) ? strokes.filter(Array.isArray) : [];
  } catch {
    return [];
  }
}
