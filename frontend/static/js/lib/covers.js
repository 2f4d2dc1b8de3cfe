// Rectangles over some time, as lists of keys [microseconds, [left, top, right, bottom]]. Nothing here changes its arguments.

import { afterSave as keepWhatIsNew, keyOf } from "./edits.js";

export { did, newHistory, redone, undone } from "./edits.js";

export const HOLD_US = 2_000_000;
const LEAST_SIDE = 4;

/** Where a cover is at a time, null before its first and after its last key. */
export function boxAt(keys, time_us) {
  if (time_us < keys[0][0] || time_us > keys.at(-1)[0]) return null;
  const next = keys.findIndex(([at]) => at >= time_us);
  const [after_us, after] = keys[next];
  if (after_us === time_us) return after;
  const [before_us, before] = keys[next - 1];
  const share = (time_us - before_us) / (after_us - before_us);
  return before.map((edge, side) => edge + (after[side] - edge) * share);
}

/** A new cover over some time from one frame on. */
export function newCover(time_us, end_us, box, reason) {
  const last = Math.min(time_us + HOLD_US, end_us);
  const keys = last > time_us ? [[time_us, box], [last, box]] : [[time_us, box]];
  return { id: null, keys, hand: [time_us], reason };
}

/**
 * The cover with its box at a time as a person set it. What lies between the box that a person set before and this
 * one is moved along, the more the nearer; after it, the box stays as it was followed, or as it is now.
 */
export function setBox(cover, time_us, box) {
  const { keys } = stretchTo(cover, time_us);
  const was = boxAt(keys, time_us);
  const from_us = Math.max(keys[0][0], ...cover.hand.filter((at) => at < time_us));
  const offBy = box.map((edge, side) => edge - was[side]);
  const moved = keys
    .filter(([at]) => at !== time_us)
    .map(([at, old]) => {
      if (at <= from_us && at !== time_us) return [at, old];
      if (at > time_us) return [at, old.map((edge, side) => edge + offBy[side])];
      const share = (at - from_us) / (time_us - from_us);
      return [at, old.map((edge, side) => edge + offBy[side] * share)];
    });
  const later = cover.hand.filter((at) => at > time_us);
  const kept = later.length ? keepLater(moved, keys, time_us, Math.min(...later)) : moved;
  return { ...cover, id: null, keys: inOrder([...kept, [time_us, box]]), hand: [...new Set([...cover.hand, time_us])] };
}

/** Keys in which what a person set later stays where it was, and what lies before it is moved the less the nearer. */
function keepLater(moved, keys, time_us, later_us) {
  const before = new Map(keys);
  return moved.map(([at, box]) => {
    if (at <= time_us) return [at, box];
    const old = before.get(at);
    if (at >= later_us) return [at, old];
    const share = (at - time_us) / (later_us - time_us);
    return [at, box.map((edge, side) => edge + (old[side] - edge) * share)];
  });
}

/** The cover from a time on: shorter, or longer with the box that it begins with. */
export function setStart(cover, time_us) {
  const { keys } = stretchTo(cover, time_us);
  const box = boxAt(keys, time_us);
  return edited(cover, [[time_us, box], ...keys.filter(([at]) => at > time_us)]);
}

/** The cover up to a time, as setStart. */
export function setEnd(cover, time_us) {
  const { keys } = stretchTo(cover, time_us);
  const box = boxAt(keys, time_us);
  return edited(cover, [...keys.filter(([at]) => at < time_us), [time_us, box]]);
}

/** The cover with the way on which it was followed; what it was after that way's end is left out. */
export function addFollowed(cover, followed) {
  const from_us = followed[0][0];
  const keys = [...cover.keys.filter(([at]) => at < from_us), ...followed];
  return { ...edited(cover, keys), hand: [...new Set([...cover.hand.filter((at) => at < from_us), from_us])] };
}

function edited(cover, keys) {
  const hand = cover.hand.filter((at) => at >= keys[0][0] && at <= keys.at(-1)[0]);
  return { ...cover, id: null, keys, hand };
}

/** The cover, held with its first or last box as far as a time. */
function stretchTo(cover, time_us) {
  const { keys } = cover;
  if (time_us < keys[0][0]) return { ...cover, keys: [[time_us, keys[0][1]], ...keys] };
  if (time_us > keys.at(-1)[0]) return { ...cover, keys: [...keys, [time_us, keys.at(-1)[1]]] };
  return cover;
}

const inOrder = (keys) => keys.sort(([one], [other]) => one - other);

/** A box from two corners, inside the picture and with sides to be seen; null when it has none. */
export function boxBetween([x, y], [u, v], { width, height }) {
  const within = (value, most) => Math.min(most, Math.max(0, value));
  const box = [within(Math.min(x, u), width), within(Math.min(y, v), height),
    within(Math.max(x, u), width), within(Math.max(y, v), height)].map(Math.round);
  return box[2] - box[0] < LEAST_SIDE || box[3] - box[1] < LEAST_SIDE ? null : box;
}

/** A box moved by a distance and kept inside the picture; corner: "nw", "ne", "sw" or "se" moves that corner alone. */
export function dragged(box, [dx, dy], picture, corner = "") {
  const [left, top, right, bottom] = box;
  if (corner) {
    const x = corner.endsWith("w") ? left + dx : right + dx;
    const y = corner.startsWith("n") ? top + dy : bottom + dy;
    const fixed = [corner.endsWith("w") ? right : left, corner.startsWith("n") ? bottom : top];
    return boxBetween(fixed, [x, y], picture) ?? box;
  }
  const shiftX = Math.min(picture.width - right, Math.max(-left, dx));
  const shiftY = Math.min(picture.height - bottom, Math.max(-top, dy));
  return [left + shiftX, top + shiftY, right + shiftX, bottom + shiftY];
}

/** Covers as they are sent: an unchanged one by its id, a new one by a key of its own. */
export function toSend(covers) {
  return covers.map((cover) => ({
    id: cover.id, keys: cover.keys, reason: cover.reason, client_key: cover.id === null ? keyOf(cover) : null,
  }));
}

/** Covers as the server tells them, ready to be changed. */
export const opened = (told) => told.map(({ id, keys, reason }) => ({ id, keys, reason, hand: [keys[0][0]] }));

/** What a page holds once the server has told its covers; a cover keeps where a person set its box. */
export function afterSave(history, sent, told) {
  const after = keepWhatIsNew(history, sent, told, opened);
  for (const one of sent) {
    const saved = after.became.get(one);
    if (saved) saved.hand = one.hand;
  }
  return after;
}

/** Why no other version can be made from this one now, "" when it can. inside: ids of the covers it was made with. */
export function whyNoVersion({ isDirty, ids, inside, isOther }) {
  if (isDirty) return "Save the covers first.";
  const isSame = ids.length === inside.length && ids.every((id) => inside.includes(id));
  return isSame && !isOther ? "Nothing differs from this version yet: draw a cover or remove one and save, or choose another sound." : "";
}

/** Which of frames shown at these times is seen at a time. */
export function frameAt(times_us, time_us) {
  let [low, high] = [0, times_us.length - 1];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (times_us[middle] <= time_us) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** Seconds at which a player surely shows a frame: the middle of the time for which it is shown. */
export function middleOf(times_us, frame) {
  const next = times_us[frame + 1] ?? times_us[frame] + (frame ? times_us[frame] - times_us[frame - 1] : 0);
  return (times_us[frame] + next) / 2e6;
}

/** The number of the first moment that begins after a time, or the last one before it; -1 without any. */
export function otherMoment(moments, time_us, back = false) {
  if (back) return moments.findLastIndex(({ start_us }) => start_us < time_us);
  return moments.findIndex(({ start_us }) => start_us > time_us);
}

/** 62.4 s in microseconds -> "1:02.40": hundredths tell frames apart. */
export function formatFine(time_us) {
  const hundredths = Math.round(time_us / 1e4);
  const seconds = String(Math.floor(hundredths / 100) % 60).padStart(2, "0");
  return `${Math.floor(hundredths / 6000)}:${seconds}.${String(hundredths % 100).padStart(2, "0")}`;
}
