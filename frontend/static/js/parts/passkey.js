// A form that is sent with a passkey's answer: [data-options] names the JSON in the page, [data-options-url] the address.

import { credentialAsData, optionsToCreate, optionsToGet, sentenceFor } from "../lib/passkeys.js";

async function optionsOf({ options, optionsUrl }) {
  if (options) return JSON.parse(document.getElementById(options).textContent);
  const answer = await fetch(optionsUrl, { headers: { Accept: "application/json" } });
  if (!answer.ok) throw new Error(`the server answered ${answer.status}.`);
  return answer.json();
}

async function ask(form, signal) {
  const { creation_options: creation, request_options: request } = await optionsOf(form.dataset);
  const alone = form.elements.passwordless?.checked ?? false;
  return creation
    ? navigator.credentials.create({ ...optionsToCreate(creation, alone), signal })
    : navigator.credentials.get({ ...optionsToGet(request), signal });
}

export function attach(form) {
  const stop = new AbortController();
  const { signal } = stop;
  const button = form.querySelector("[type=submit]");
  const complaint = form.querySelector("[data-complaint]");
  if (!window.PublicKeyCredential) return () => {};
  form.querySelector("[data-unsupported]").hidden = true;
  button.hidden = false;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    button.disabled = true;
    complaint.hidden = true;
    try {
      form.elements.credential.value = JSON.stringify(credentialAsData(await ask(form, signal)));
      form.submit();
    } catch (error) {
      complaint.textContent = sentenceFor(error);
      complaint.hidden = false;
      button.disabled = false;
    }
  }, { signal });
  return () => stop.abort();
}
