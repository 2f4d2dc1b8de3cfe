// A file that is asked for in pieces: which to ask for next, and what an answer brought.

/** The header that asks for everything from an offset on; the server answers with as much as it gives at once. */
export const rangeFrom = (offset) => `bytes=${offset}-`;

/**
 * Where the next piece begins after an answer with this Content-Range header, e.g. "bytes 0-3/10".
 * Throws when the answer is not the piece that was asked for, so that no file is put together wrongly.
 */
export function nextOffset(contentRange, offset, size) {
  const [, start, end, total] = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(contentRange ?? "") ?? [];
  if (Number(start) !== offset || Number(total) !== size || Number(end) < offset) {
    throw new Error(`Expected the piece from byte ${offset} of ${size}, got “${contentRange ?? "none"}”.`);
  }
  return Number(end) + 1;
}
