// Finds [data-part="name"], loads parts/<name>.js and attaches it. A part returns how to detach it.

const PARTS = {
  actions: () => import("./parts/actions.js"),
  comments: () => import("./parts/comments.js"),
  compare: () => import("./parts/compare.js"),
  covers: () => import("./parts/covers.js"),
  copy: () => import("./parts/copy.js"),
  hiding_form: () => import("./parts/hiding_form.js"),
  keys: () => import("./parts/keys.js"),
  list: () => import("./parts/list.js"),
  live_camera: () => import("./parts/live_camera.js"),
  live_dashboard: () => import("./parts/live_dashboard.js"),
  local_time: () => import("./parts/local_time.js"),
  menu: () => import("./parts/menu.js"),
  moments: () => import("./parts/moments.js"),
  note: () => import("./parts/note.js"),
  overlay: () => import("./parts/overlay.js"),
  package: () => import("./parts/package.js"),
  passkey: () => import("./parts/passkey.js"),
  player: () => import("./parts/player.js"),
  progress: () => import("./parts/progress.js"),
  selection: () => import("./parts/selection.js"),
  signature: () => import("./parts/signature.js"),
  spans: () => import("./parts/spans.js"),
  theme: () => import("./parts/theme.js"),
  timeline: () => import("./parts/timeline.js"),
  upload: () => import("./parts/upload.js"),
  who: () => import("./parts/who.js"),
};
const attached = new WeakMap();

function rootsIn(scope) {
  const inside = [...scope.querySelectorAll("[data-part]")];
  return scope.matches?.("[data-part]") ? [scope, ...inside] : inside;
}

async function attachOne(root) {
  attached.set(root, () => {});
  const { attach } = await PARTS[root.dataset.part]();
  if (root.isConnected) attached.set(root, attach(root));
}

const attachAll = (scope) =>
  Promise.all(rootsIn(scope).filter((root) => !attached.has(root)).map(attachOne));

function detachAll(scope) {
  for (const root of rootsIn(scope)) {
    attached.get(root)?.();
    attached.delete(root);
  }
}

document.addEventListener("region:leave", (event) => detachAll(event.target));
document.addEventListener("region:enter", (event) => attachAll(event.target));
await attachAll(document);
document.documentElement.dataset.ready = "";
