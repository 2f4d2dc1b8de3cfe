// One way to send what changes something: with the page's CSRF token, answering data or throwing a sentence.

import { explain } from "../lib/upload_errors.js";

export const csrfToken = () => document.querySelector("meta[name=csrf-token]").content;

export async function post(url, data = {}) {
  const answer = await fetch(url, {
    method: "POST",
    headers: { "Content-Type": "application/json", Accept: "application/json", "X-CSRFToken": csrfToken() },
    body: JSON.stringify(data),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(explain(answer.status, text));
  return text ? JSON.parse(text) : null;
}
