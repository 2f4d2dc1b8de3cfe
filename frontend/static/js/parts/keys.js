// `?` opens the dialog with the keys of this page.

const TYPED_INTO = "input:not([type=checkbox], [type=radio], [type=range]), select, textarea, [contenteditable]";

export const isTyping = (target) => target instanceof Element && target.closest(TYPED_INTO) !== null;

export function attach(dialog) {
  const stop = new AbortController();
  const { signal } = stop;
  const open = () => dialog.open || dialog.showModal();
  document.addEventListener("keydown", (event) => {
    if (event.key !== "?" || event.ctrlKey || event.metaKey || isTyping(event.target)) return;
    event.preventDefault();
    open();
  }, { signal });
  for (const button of document.querySelectorAll("[data-open-keys]")) {
    button.hidden = false;
    button.addEventListener("click", open, { signal });
  }
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close();
  }, { signal });
  return () => stop.abort();
}
