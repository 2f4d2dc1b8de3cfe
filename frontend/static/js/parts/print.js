// A button that prints the page; every browser can save that as PDF.

export function attach(button) {
  const show = () => print();
  button.addEventListener("click", show);
  button.hidden = false;
  return () => button.removeEventListener("click", show);
}
