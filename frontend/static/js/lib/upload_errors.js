// A refused or broken request of an upload -> whether to go on, and one sentence for the person.

const BY_STATUS = {
  401: "You are signed out. Sign in again in another tab, then continue.",
  403: "You may not upload to this encounter.",
  404: "The server no longer knows this upload. Choose the file again to start over.",
  409: "Another window is sending this file. Close it, then continue here.",
  410: "The server no longer knows this upload. Choose the file again to start over.",
  413: "This file is larger than the server accepts.",
  415: "This is not a video that can be read.",
  460: "A piece of the file arrived damaged. It is being sent again.",
  507: "The server has no room for this file. Ask the coordinator, then continue.",
};

/** Answers worth asking again: no answer at all, a busy server, a locked or damaged piece. */
export function canRetry(status) {
  return [0, 409, 423, 429, 460].includes(status) || (status >= 500 && status !== 507);
}

/** The server's own sentence when it gave one, ours for the status otherwise. body: text of the answer. */
export function explain(status, body = "") {
  const unknown = `The server answered ${status || "nothing"}. Try again in a moment.`;
  return sentenceFrom(body) ?? BY_STATUS[status] ?? unknown;
}

function sentenceFrom(body) {
  try {
    const message = JSON.parse(body)?.error?.message;
    return typeof message === "string" && message ? message : null;
  } catch {
    return null;
  }
}
