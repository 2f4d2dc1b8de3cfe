// Which part of a picture is seen when it is enlarged. Places are shares of its sides, 0 to 1.

/** The middle of what is seen, so that nothing beyond the picture is. */
export function inView(centre, zoom) {
  const edge = 0.5 / zoom;
  return centre.map((share) => Math.min(1 - edge, Math.max(edge, share)));
}

/** What stays where it is while a picture is enlarged so that a place comes to the middle. */
export function originFor(centre, zoom) {
  if (zoom <= 1) return [0.5, 0.5];
  return centre.map((share) => Math.min(1, Math.max(0, (zoom * share - 0.5) / (zoom - 1))));
}

/** The place of the picture that lies at a place of the window. */
export const placeUnder = (at, centre, zoom) => at.map((share, side) => centre[side] + (share - 0.5) / zoom);

/** "30000/1001" -> seconds for which a frame is shown; 1/25 where nobody knows. */
export function frameSeconds(rate) {
  const [frames, seconds = "1"] = rate.split("/");
  const found = Number(seconds) / Number(frames);
  return Number.isFinite(found) && found > 0 ? found : 1 / 25;
}
