// Spans of sound over some time, in microseconds from the first frame. Nothing here changes its arguments.

import { afterSave as keepWhatIsNew, keyOf } from "./edits.js";

export const HOLD_US = 1_000_000;
const LEAST_US = 20_000;
const NEAR_US = 2_000_000; // before a span, in which its beginning is moved and no other one begun
const STYLES = { mute: "silence", bleep: "bleep" };

export const styleWords = ({ style }) => STYLES[style];

/** A new span between two times, in either order; null when there is too little between them. */
export function newSpan(one_us, other_us, whole_us, style = "mute") {
  const within = (time_us) => Math.round(Math.min(whole_us, Math.max(0, time_us)));
  const [start_us, end_us] = [within(Math.min(one_us, other_us)), within(Math.max(one_us, other_us))];
  return end_us - start_us < LEAST_US ? null : { id: null, start_us, end_us, style };
}

/** The span from a time on, or up to one; as it was when nothing of it would be left. */
export const setStart = (span, start_us) => edited(span, { start_us: Math.max(0, start_us) });
export const setEnd = (span, end_us, whole_us) => edited(span, { end_us: Math.min(whole_us, end_us) });
export const otherStyle = (span) => edited(span, { style: span.style === "mute" ? "bleep" : "mute" });

function edited(span, change) {
  const next = { ...span, ...change, id: null };
  return next.end_us - next.start_us >= LEAST_US ? next : span;
}

/** Whether a beginning told at a time is that of a span, which then grows; no sound of a span is given back. */
export const isItsBeginning = (span, time_us) => time_us <= span.start_us && time_us > span.start_us - NEAR_US;

/** Spans in the order of their beginnings. */
export const inOrder = (spans) => [...spans].sort((one, other) => one.start_us - other.start_us || one.end_us - other.end_us);

/** Spans with one instead of another; null adds, or leaves out. */
export const withSpan = (spans, old, next) => inOrder([...spans.filter((one) => one !== old), ...(next ? [next] : [])]);

export const spanAt = (spans, time_us) => spans.find(({ start_us, end_us }) => time_us >= start_us && time_us < end_us) ?? null;

/** The first that begins after a time, or the last one before it; null without any. */
export function otherSpan(spans, time_us, back = false) {
  const sorted = inOrder(spans);
  const found = back ? sorted.findLast(({ start_us }) => start_us < time_us) : sorted.find(({ start_us }) => start_us > time_us);
  return found ?? null;
}

/** Where somebody speaks, told in pieces, of which one may begin before its piece: what was cut is one again. */
export function joinPieces(found, more) {
  const joined = [...found];
  for (const [start_us, end_us] of more) {
    const one = [start_us, end_us];
    while (joined.length && one[0] - joined.at(-1)[1] <= LEAST_US) {
      const last = joined.pop();
      one[0] = Math.min(last[0], one[0]);
      one[1] = Math.max(last[1], one[1]);
    }
    joined.push(one);
  }
  return joined;
}

/** The loudest level in each of `width` columns of a window, 0 where there is no sound. */
export function columnsOf({ levels, step_us }, from_us, to_us, width) {
  const each_us = (to_us - from_us) / width;
  return Array.from({ length: width }, (_, column) => {
    const first = Math.floor((from_us + column * each_us) / step_us);
    const last = Math.max(first + 1, Math.ceil((from_us + (column + 1) * each_us) / step_us));
    let most = 0;
    for (let at = Math.max(0, first); at < Math.min(last, levels.length); at += 1) most = Math.max(most, levels[at]);
    return most;
  });
}

/** Spans as they are sent: an unchanged one by its id, a new one by a key of its own. */
export function toSend(spans) {
  return spans.map((span) => ({ ...span, client_key: span.id === null ? keyOf(span) : null }));
}

/** Spans as the server tells them, ready to be changed. */
export const opened = (told) => told.map(({ id, start_us, end_us, style }) => ({ id, start_us, end_us, style }));

export const afterSave = (history, sent, told) => keepWhatIsNew(history, sent, told, opened);
