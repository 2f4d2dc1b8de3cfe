// Downloads a large private file piece by piece, goes on after a broken line, and hands it over when it is whole.

import { nextOffset, rangeFrom } from "../lib/pieces.js";
import { backoff } from "../lib/uploads.js";
import { canRetry, explain } from "../lib/upload_errors.js";

const ATTEMPTS = 6;

export function attach(root) {
  const page = new AbortController();
  const link = root.querySelector("a[download]");
  const bar = root.querySelector("progress");
  const words = root.querySelector("[role=status]");
  const cancel = root.querySelector("button");
  const size = Number(root.dataset.size);
  let going = null;

  const show = (busy, sentence) => {
    bar.hidden = cancel.hidden = !busy;
    link.toggleAttribute("aria-disabled", busy);
    root.toggleAttribute("data-busy", busy);
    words.textContent = sentence;
  };
  const download = async () => {
    going = new AbortController();
    bar.value = 0;
    show(true, "The download has begun.");
    try {
      const pieces = await fetchPieces(link.href, root.dataset.etag, size, going.signal, (share) => (bar.value = share));
      handOver(new Blob(pieces, { type: "application/zip" }), link.download);
      show(false, "The whole package has arrived.");
    } catch (error) {
      show(false, going.signal.aborted ? "The download was cancelled." : error.message);
    }
    going = null;
  };

  link.addEventListener("click", (event) => {
    event.preventDefault();
    if (!going) download();
  }, { signal: page.signal });
  cancel.addEventListener("click", () => going?.abort(), { signal: page.signal });
  return () => {
    going?.abort();
    page.abort();
  };
}

async function fetchPieces(url, etag, size, signal, report) {
  const pieces = [];
  let offset = 0;
  let attempt = 0;
  while (offset < size) {
    const piece = await askForPiece(url, etag, offset, size, signal);
    if (piece) {
      pieces.push(piece.blob);
      offset = piece.next;
      attempt = 0;
      report(offset / size);
    } else {
      if (attempt >= ATTEMPTS) throw new Error("The server does not answer. Try again later.");
      await new Promise((done) => setTimeout(done, backoff(attempt) * 1000));
      attempt += 1;
    }
  }
  return pieces;
}

/** The next piece, or null when it is worth asking again. Throws what the server complains about. */
async function askForPiece(url, etag, offset, size, signal) {
  const headers = { Range: rangeFrom(offset), "If-Range": `"${etag}"` };
  const answer = await unlessAborted(fetch(url, { headers, cache: "no-store", signal }), signal);
  if (!answer || canRetry(answer.status)) return null;
  if (answer.status !== 206) throw new Error(explain(answer.status, await answer.text()));
  const next = nextOffset(answer.headers.get("Content-Range"), offset, size);
  const blob = await unlessAborted(answer.blob(), signal);
  return blob?.size === next - offset ? { blob, next } : null;
}

const unlessAborted = (promise, signal) =>
  promise.catch((error) => {
    if (signal.aborted) throw error;
    return null;
  });

function handOver(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
