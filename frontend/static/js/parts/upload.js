// Sends one camera's file in resumable pieces. Knows how to go on after a pause, a lost line and a reload.

import { formatBytes } from "../lib/format.js";
import { canRetry, explain } from "../lib/upload_errors.js";
import { backoff, describe, idle, isSameFile, next } from "../lib/uploads.js";
import { Upload } from "../../vendor/tus.js";
import { csrfToken } from "./request.js";

export function attach(root) {
  const uploader = new Uploader(root);
  return () => uploader.destroy();
}

class Uploader {
  constructor(root) {
    this.root = root;
    this.state = idle;
    this.attempt = 0;
    this.stop = new AbortController();
    this.find = (name) => root.querySelector(`[data-${name}]`);
    this.listen();
    this.show();
  }

  listen() {
    const { signal } = this.stop;
    const on = (target, name, handler) => target.addEventListener(name, handler, { signal });
    const { root } = this;
    on(this.find("file"), "change", ({ target }) => {
      const files = [...target.files];
      target.value = "";
      this.choose(files);
    });
    on(this.find("pause"), "click", () => this.pause());
    on(this.find("resume"), "click", () => this.resume());
    on(this.find("cancel"), "click", () => this.cancel());
    on(window, "online", () => this.state.phase === "waiting" && this.resume());
    for (const name of ["dragenter", "dragover"]) {
      on(root, name, (event) => {
        event.preventDefault();
        root.classList.add("upload-over");
      });
    }
    on(root, "dragleave", (event) => !root.contains(event.relatedTarget) && root.classList.remove("upload-over"));
    on(root, "drop", (event) => {
      event.preventDefault();
      root.classList.remove("upload-over");
      this.choose([...event.dataTransfer.files]);
    });
  }

  /** What the server already has of an upload begun earlier, or null. */
  begun() {
    const { begunUrl, begunFilename, begunSize, begunSent } = this.root.dataset;
    if (!begunUrl) return null;
    return { url: begunUrl, filename: begunFilename, size_bytes: Number(begunSize), sent: Number(begunSent) };
  }

  choose(files) {
    if (files.length === 0 || !["idle", "failed", "finished"].includes(this.state.phase)) return;
    const [file] = files;
    const begun = this.begun();
    const objection =
      files.length > 1 ? "One file per camera, please. Choose a single file." : this.objectionTo(file, begun);
    if (objection) this.complain(objection);
    else this.send(file, begun);
  }

  /** What can be said against a file before a byte of it is sent, or "". */
  objectionTo(file, begun) {
    const most = Number(this.root.dataset.maxBytes);
    if (begun && !isSameFile(file, begun)) {
      return `This is not “${begun.filename}”, which is partly uploaded. Choose that file, or discard it first.`;
    }
    if (file.size > most) return `This file has ${formatBytes(file.size)}; at most ${formatBytes(most)} are accepted.`;
    return file.size === 0 ? "This file is empty. Choose the recording itself." : "";
  }

  complain(message) {
    this.find("complaint").textContent = message;
    this.find("complaint").hidden = !message;
  }

  send(file, begun) {
    this.complain("");
    this.attempt = 0;
    const { endpoint, encounter, camera, chunkBytes, replace } = this.root.dataset;
    this.tus = new Upload(file, {
      endpoint,
      uploadUrl: begun?.url ?? null,
      chunkSize: Number(chunkBytes),
      metadata: { encounter, camera, filename: file.name, filetype: file.type, replace },
      retryDelays: null,
      storeFingerprintForResuming: false,
      removeFingerprintOnSuccess: true,
      onBeforeRequest: (request) => request.setHeader("X-CSRFToken", csrfToken()),
      onProgress: (sent) => this.happen({ type: "progress", sent, at_ms: performance.now() }),
      onChunkComplete: () => {
        this.attempt = 0;
      },
      onSuccess: () => this.finish(),
      onError: (error) => this.onError(error),
    });
    this.happen({ type: "choose", name: file.name, total: file.size, sent: begun?.sent ?? 0 });
    this.tus.start();
  }

  onError(error) {
    const answer = error.originalResponse;
    const status = answer?.getStatus() ?? 0;
    if (!canRetry(status)) {
      if (status === 404 || status === 410) delete this.root.dataset.begunUrl;
      return this.happen({ type: "fail", message: explain(status, answer?.getBody()) });
    }
    const retry_s = backoff(this.attempt);
    this.attempt += 1;
    this.happen({ type: "lost", retry_s });
    this.timer = setTimeout(() => this.resume(), retry_s * 1000);
  }

  pause() {
    clearTimeout(this.timer);
    this.tus.abort();
    this.happen({ type: "pause" });
  }

  resume() {
    clearTimeout(this.timer);
    this.happen({ type: "resume" });
    this.tus.start();
  }

  /** Stops and tells the server to forget what it has, also when that was begun on an earlier visit. */
  async cancel() {
    clearTimeout(this.timer);
    const url = this.tus?.url ?? this.root.dataset.begunUrl;
    try {
      await this.tus?.abort();
      if (url) await Upload.terminate(url, this.terminateOptions());
    } catch (error) {
      return this.complain(explain(error.originalResponse?.getStatus() ?? 0, error.originalResponse?.getBody()));
    }
    this.tus = null;
    delete this.root.dataset.begunUrl;
    this.complain("");
    this.happen({ type: "cancel" });
    this.tell();
  }

  terminateOptions() {
    return { retryDelays: null, onBeforeRequest: (request) => request.setHeader("X-CSRFToken", csrfToken()) };
  }

  finish() {
    this.happen({ type: "finish" });
    this.tell();
  }

  tell() {
    document.dispatchEvent(new CustomEvent("upload:done"));
  }

  happen(event) {
    this.state = next(this.state, event);
    this.show();
  }

  show() {
    const { phase, name, sent, total } = this.state;
    const { root } = this;
    const begun = phase === "idle" ? this.begun() : null;
    const working = ["sending", "paused", "waiting"].includes(phase);
    root.dataset.phase = phase;
    root.toggleAttribute("data-busy", working);
    this.find("choose").hidden = working || phase === "finished";
    this.find("status").hidden = phase === "idle" && !begun;
    this.find("name").textContent = begun?.filename ?? name;
    this.find("bar").max = begun?.size_bytes ?? (total || 1);
    this.find("bar").value = begun?.sent ?? sent;
    this.find("words").textContent = begun ? this.begunWords(begun) : describe(this.state);
    this.find("pause").hidden = !["sending", "waiting"].includes(phase);
    this.find("resume").hidden = !["paused", "waiting"].includes(phase);
    this.find("cancel").hidden = !working && !begun;
  }

  begunWords({ sent, size_bytes }) {
    const percent = Math.floor((100 * sent) / size_bytes);
    return `${percent} % was uploaded earlier. Choose the same file to continue.`;
  }

  destroy() {
    clearTimeout(this.timer);
    if (["sending", "waiting"].includes(this.state.phase)) this.tus.abort();
    this.stop.abort();
  }
}
