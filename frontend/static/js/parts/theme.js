// The button that goes round system -> light -> dark. Without script there is the system's theme.

const ORDER = ["system", "light", "dark"];

const announce = () => document.dispatchEvent(new CustomEvent("theme"));

function read() {
  const theme = document.documentElement.dataset.theme;
  return ORDER.includes(theme) ? theme : "system";
}

function write(theme) {
  if (theme === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  try {
    if (theme === "system") localStorage.removeItem("theme");
    else localStorage.setItem("theme", theme);
  } catch {
    // The choice then lasts for this page only.
  }
  announce();
}

export function attach(root) {
  const stop = new AbortController();
  const { signal } = stop;
  const say = root.querySelector("[data-name]");
  const show = () => {
    say.textContent = read();
    for (const icon of root.querySelectorAll("[data-icon]")) {
      icon.toggleAttribute("hidden", icon.dataset.icon !== read());
    }
  };
  root.addEventListener("click", () => {
    write(ORDER[(ORDER.indexOf(read()) + 1) % ORDER.length]);
    show();
  }, { signal });
  for (const media of ["(prefers-color-scheme: dark)", "print"]) {
    matchMedia(media).addEventListener("change", announce, { signal });
  }
  root.hidden = false;
  show();
  return () => stop.abort();
}
