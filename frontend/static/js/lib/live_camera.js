// A live camera as values: the message of one frame, how fast and how large to send, and what to say about it.

const HEADER_BYTES = 8;
export const SIZES = [320, 480, 640, 960];
export const FASTEST_MS = 100;
const SLOWEST_MS = 900; // the rules count seconds: none should pass without a picture

/** 8 bytes of capture time (big endian, microseconds) and the JPEG behind them. */
export function frameMessage(capture_us, jpeg) {
  const message = new Uint8Array(HEADER_BYTES + jpeg.byteLength);
  new DataView(message.buffer).setBigUint64(0, BigInt(Math.round(capture_us)));
  message.set(new Uint8Array(jpeg), HEADER_BYTES);
  return message;
}

/** How far the server's clock is ahead, from a ping's answer: the quickest one tells best. */
export function betterOffset(known, { sent_ms, received_ms, server_us }) {
  const round_ms = received_ms - sent_ms;
  if (known && known.round_ms <= round_ms) return known;
  return { round_ms, offset_ms: server_us / 1000 - (sent_ms + round_ms / 2) };
}

export const newPace = () => ({ interval_ms: FASTEST_MS, width: 640, round_ms: null, calm: 0, agreed_ms: 0 });

/**
 * The pace after one acknowledged frame: slower and smaller while answers are late, faster and larger again after a
 * calm while. agreed_ms is the server's wish and always kept.
 */
export function nextPace(pace, { round_ms, agreed_ms }) {
  const smooth = pace.round_ms === null ? round_ms : pace.round_ms + 0.3 * (round_ms - pace.round_ms);
  const next = { ...pace, round_ms: smooth, agreed_ms: agreed_ms ?? pace.agreed_ms };
  if (smooth > 400) return { ...slower(next), calm: 0 };
  if (smooth > 200) return { ...next, calm: 0 };
  if (pace.calm < 20) return { ...next, calm: pace.calm + 1 };
  return { ...faster(next), calm: 0 };
}

function slower(pace) {
  if (pace.width > SIZES[0] && pace.interval_ms >= 400) return { ...pace, width: SIZES[SIZES.indexOf(pace.width) - 1] };
  return { ...pace, interval_ms: Math.min(SLOWEST_MS, pace.interval_ms * 1.5) };
}

function faster(pace) {
  if (pace.interval_ms > FASTEST_MS) return { ...pace, interval_ms: Math.max(FASTEST_MS, pace.interval_ms / 1.3) };
  return { ...pace, width: Math.max(pace.width, 640) };
}

export const intervalOf = (pace) => Math.max(pace.interval_ms, pace.agreed_ms);

/** A frame may go out when nothing is under way: what would wait is not taken at all. */
export const maySend = ({ unanswered, buffered }) => unanswered === 0 && buffered === 0;

const WORDS = {
  off: ["Off", "Nothing is sent until you start."],
  asking: ["Asking for the camera", "Your browser asks whether this page may use it."],
  waiting: ["Connecting", "The picture stays here until the server answers."],
  sending: ["Sending", ""],
};
const REFUSALS = {
  4401: ["Signed out", "Sign in again, then open this page anew."],
  4403: ["Not allowed", "The consent on file or your role does not allow this camera, or the link is too old."],
  4404: ["Not here", "This live session does not exist any more."],
  4409: ["Sending elsewhere", "Another device sends as this camera now. Start the camera again to send from here."],
  4413: ["Too large", "The pictures of this camera are larger than the server takes. Choose another camera."],
  4429: ["Too fast", "This camera sends more pictures than the server takes. Reload the page to try again."],
};

/** The state word and the line under it. */
export const wordsFor = (phase) => WORDS[phase] ?? WORDS.off;

/** Why a closed socket stays closed, as [word, line]; null when it is worth another try. */
export const refusal = (code) => REFUSALS[code] ?? null;

/** What an ended session says. */
export function overWords(reason) {
  if (reason === "consent_withdrawn") return ["Ended", "Consent was withdrawn, so the session has ended."];
  return ["Ended", "The session has ended. You can close this page."];
}

export const pictures = (count) => (Math.round(count) === 1 ? "1 picture" : `${Math.round(count)} pictures`);

/** 6.4, 640, 83 -> "6 pictures per second, 640 pixels wide, answered after 83 ms" */
export function describePace({ fps, width, round_ms }) {
  const round = round_ms === null ? "" : `, answered after ${Math.round(round_ms)} ms`;
  return `${pictures(fps)} per second, ${width} pixels wide${round}`;
}

/** Seconds before attempt n at a new connection: ½, 1, 2, 4, 5 … */
export const reconnectAfter = (attempt) => Math.min(5, 0.5 * 2 ** attempt);
