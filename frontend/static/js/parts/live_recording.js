// Records what a live camera sees on this device, and uploads the file when the camera stops.

import { formatBytes } from "../lib/format.js";
import { canRetry, explain } from "../lib/upload_errors.js";
import { backoff } from "../lib/uploads.js";
import { Upload } from "../../vendor/tus.js";
import { csrfToken } from "./request.js";

const SLICE_MS = 2000;
const CHUNK_BYTES = 4 * 1024 * 1024;
const TYPES = ["video/webm;codecs=vp8,opus", "video/webm", "video/mp4"];

export class LocalRecording {
  constructor(root, stream) {
    this.root = root;
    this.find = (name) => root.querySelector(`[data-${name}]`);
    this.pieces = [];
    this.attempt = 0;
    const mimeType = TYPES.find((type) => MediaRecorder.isTypeSupported(type));
    this.recorder = new MediaRecorder(stream, { mimeType });
    this.recorder.ondataavailable = ({ data }) => data.size && this.pieces.push(data);
    this.recorder.onstop = () => this.upload();
    this.recorder.start(SLICE_MS);
    this.warn = (event) => event.preventDefault();
    addEventListener("beforeunload", this.warn);
  }

  finish() {
    if (this.recorder.state !== "inactive") this.recorder.stop();
  }

  upload() {
    const type = this.recorder.mimeType.split(";")[0];
    const file = new Blob(this.pieces, { type });
    this.pieces = [];
    if (file.size === 0) return this.say("Nothing was recorded.");
    this.find("upload").hidden = false;
    const { endpoint, encounter, camera } = this.root.dataset;
    const filename = `live-${camera}.${type === "video/mp4" ? "mp4" : "webm"}`;
    this.tus = new Upload(file, {
      endpoint,
      chunkSize: CHUNK_BYTES,
      metadata: { encounter, camera, filename, filetype: type },
      retryDelays: null,
      storeFingerprintForResuming: false,
      onBeforeRequest: (request) => request.setHeader("X-CSRFToken", csrfToken()),
      onProgress: (sent, total) => this.progress(sent, total),
      onSuccess: () => this.done(file.size),
      onError: (error) => this.onError(error, file),
    });
    this.tus.start();
  }

  progress(sent, total) {
    this.attempt = 0;
    this.find("bar").value = sent / total;
    this.say(`${formatBytes(sent)} of ${formatBytes(total)} uploaded. Keep this page open.`);
  }

  done(bytes) {
    removeEventListener("beforeunload", this.warn);
    this.find("bar").value = 1;
    this.say(`${formatBytes(bytes)} uploaded. The recording is with the encounter now.`);
  }

  onError(error, file) {
    const answer = error.originalResponse;
    const status = answer?.getStatus() ?? 0;
    if (canRetry(status)) {
      this.say("Connection lost. The upload goes on by itself.");
      setTimeout(() => this.tus.start(), backoff(this.attempt) * 1000);
      this.attempt += 1;
      return;
    }
    removeEventListener("beforeunload", this.warn);
    this.say(`${explain(status, answer?.getBody())} The recording can be saved instead: `);
    const link = document.createElement("a");
    link.href = URL.createObjectURL(file);
    link.download = "live-recording.webm";
    link.textContent = "save the file";
    this.find("upload-words").append(link);
  }

  say(words) {
    this.find("upload").hidden = false;
    this.find("upload-words").textContent = words;
  }
}
