// Buttons that lead to a second of the encounter: the player and the timeline go there.

export function attach(root) {
  const stop = new AbortController();
  root.addEventListener("click", (event) => {
    const button = event.target.closest("[data-seek-s]");
    if (!button) return;
    const time_s = Number(button.dataset.seekS);
    document.dispatchEvent(new CustomEvent("seek", { detail: { time_s } }));
    if (!document.querySelector("[data-part=player] video")) {
      document.dispatchEvent(new CustomEvent("clock", { detail: { time_s } }));
    }
    document.querySelector("[data-part=timeline]")?.scrollIntoView({ block: "center" });
  }, { signal: stop.signal });
  return () => stop.abort();
}
