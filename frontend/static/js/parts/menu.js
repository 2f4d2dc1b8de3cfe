// A <details> menu that also closes on Escape and on a click elsewhere.

export function attach(root) {
  const stop = new AbortController();
  const { signal } = stop;
  document.addEventListener("click", (event) => {
    if (root.open && !root.contains(event.target)) root.open = false;
  }, { signal });
  root.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !root.open) return;
    root.open = false;
    root.querySelector("summary").focus();
  }, { signal });
  return () => stop.abort();
}
