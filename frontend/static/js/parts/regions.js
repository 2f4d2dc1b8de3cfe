// Brings parts of the page up to date with what the server would render now. Scripts never write that HTML themselves.

/** Replaces every [data-region] whose data-version changed, except where somebody is at work ([data-busy]). */
export async function refreshRegions(signal) {
  const answer = await fetch(location.href, { headers: { Accept: "text/html" }, signal });
  if (!answer.ok || answer.redirected) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const old of document.querySelectorAll("[data-region]")) {
    const made = fresh.querySelector(`[data-region="${old.dataset.region}"]`);
    if (made && made.dataset.version !== old.dataset.version && !old.querySelector("[data-busy]")) replace(old, made);
  }
}

function replace(old, made) {
  const hadFocus = old.contains(document.activeElement);
  old.dispatchEvent(new CustomEvent("region:leave", { bubbles: true }));
  old.replaceWith(document.adoptNode(made));
  made.dispatchEvent(new CustomEvent("region:enter", { bubbles: true }));
  if (!hadFocus) return;
  made.tabIndex = -1;
  made.focus({ preventScroll: true });
}
