// Copies the text that it names by id, where the browser lets a page do so.

export function attach(button) {
  const stop = new AbortController();
  const said = document.getElementById(button.dataset.says);
  const source = document.getElementById(button.dataset.copies);
  button.hidden = !navigator.clipboard;
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(source.value);
      said.textContent = "Copied.";
    } catch {
      source.select();
      said.textContent = "The browser does not allow it; the text is selected, so copy it with the keyboard.";
    }
  }, { signal: stop.signal });
  return () => stop.abort();
}
