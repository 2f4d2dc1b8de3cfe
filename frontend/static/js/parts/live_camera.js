// One camera of a live session: preview, frames over the socket at a pace that never queues, one button.

import {
  betterOffset,
  describePace,
  frameMessage,
  intervalOf,
  maySend,
  newPace,
  nextPace,
  overWords,
  reconnectAfter,
  refusal,
  wordsFor,
} from "../lib/live_camera.js";

const JPEG_QUALITY = 0.7;
const UNANSWERED_FOR_MS = 5000;

export function attach(root) {
  const camera = new LiveCamera(root);
  return () => camera.destroy();
}

class LiveCamera {
  constructor(root) {
    this.root = root;
    this.find = (name) => root.querySelector(`[data-${name}]`);
    this.video = this.find("preview");
    this.canvas = document.createElement("canvas");
    this.phase = "off";
    this.attempt = 0;
    this.stop = new AbortController();
    const { signal } = this.stop;
    this.find("toggle").addEventListener("click", () => this.toggle(), { signal });
    this.find("device").addEventListener("change", () => this.changeCamera(), { signal });
  }

  /** Whether the camera is on, or about to be. */
  get isOn() {
    return this.phase !== "off" && this.phase !== "over";
  }

  toggle() {
    if (this.isOn) this.end("off");
    else this.start();
  }

  async start() {
    this.show("asking");
    if (!(await this.openCamera())) return;
    this.pace = newPace();
    await this.startRecording();
    if (this.isOn) this.connect();
  }

  async changeCamera() {
    if (this.isOn) await this.openCamera();
  }

  /** Returns whether the camera is open: it may have been refused, or stopped while the browser still asked. */
  async openCamera() {
    const chosen = this.find("device").value;
    try {
      const stream = await navigator.mediaDevices.getUserMedia({
        video: { width: { ideal: 1280 }, height: { ideal: 720 }, deviceId: chosen ? { exact: chosen } : undefined },
        audio: this.find("record")?.checked ?? false,
      });
      this.dropStream();
      this.stream = stream;
    } catch (error) {
      this.show("off");
      this.find("detail").textContent = `The camera did not open (${error.name}). Allow it in the browser and try again.`;
      return false;
    }
    if (!this.isOn) {
      this.dropStream();
      return false;
    }
    this.video.srcObject = this.stream;
    await this.video.play();
    await this.listDevices();
    return this.isOn;
  }

  async listDevices() {
    const devices = (await navigator.mediaDevices.enumerateDevices()).filter(({ kind }) => kind === "videoinput");
    const current = this.stream.getVideoTracks()[0].getSettings().deviceId;
    const options = devices.map(({ deviceId, label }, place) => {
      return new Option(label || `Camera ${place + 1}`, deviceId, false, deviceId === current);
    });
    this.find("device").replaceChildren(...options);
    this.find("choice").hidden = devices.length < 2;
  }

  connect() {
    if (this.phase !== "sending") this.show("waiting");
    this.socket?.close();
    const url = new URL(this.root.dataset.socketUrl, location.href);
    url.protocol = url.protocol.replace("http", "ws");
    const socket = new WebSocket(url);
    socket.binaryType = "arraybuffer";
    this.socket = socket;
    this.unanswered = new Map();
    this.clock = null;
    socket.onmessage = ({ data }) => socket === this.socket && this.take(JSON.parse(data));
    socket.onclose = ({ code }) => socket === this.socket && this.onClose(code);
  }

  take(message) {
    if (message.type === "hello") {
      this.attempt = 0;
      this.agreed_ms = message.interval_ms;
      this.answered = [];
      this.show("sending");
      for (let round = 0; round < 4; round += 1) this.ping();
      this.next(0);
    } else if (message.type === "pong") {
      const answer = { sent_ms: message.t, received_ms: Date.now(), server_us: message.now };
      this.clock = betterOffset(this.clock, answer);
      this.tellRecording();
    } else if (message.type === "ack") this.acknowledged(message);
    else if (message.type === "end") this.end("over", overWords(message.reason));
  }

  ping() {
    this.socket.send(JSON.stringify({ type: "ping", t: Date.now() }));
  }

  /** When the own recording began, on the server's clock, so that its file has its place in the session. */
  tellRecording() {
    if (!this.recorded_ms) return;
    const t = Math.round((this.recorded_ms + this.clock.offset_ms) * 1000);
    this.socket.send(JSON.stringify({ type: "recording", t }));
    this.recorded_ms = null;
  }

  acknowledged({ t, interval_ms }) {
    const sent_ms = this.unanswered.get(t);
    if (sent_ms === undefined) return;
    this.unanswered.delete(t);
    const now_ms = performance.now();
    this.answered = [...this.answered.filter((at_ms) => now_ms - at_ms < 2000), now_ms];
    this.pace = nextPace(this.pace, { round_ms: now_ms - sent_ms, agreed_ms: interval_ms });
    if (this.isDue) this.next(0);
  }

  next(after_ms) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.tick(), after_ms);
  }

  async tick() {
    const socket = this.socket;
    const sending = () => this.phase === "sending" && socket === this.socket && socket.readyState === WebSocket.OPEN;
    if (!sending()) return;
    const began_ms = performance.now();
    this.forgetUnanswered(began_ms);
    this.isDue = !maySend({ unanswered: this.unanswered.size, buffered: socket.bufferedAmount });
    if (!this.isDue) await this.send(socket);
    if (!sending()) return;
    this.say(...wordsFor("sending"), describePace({ ...this.pace, fps: this.answered.length / 2 }));
    this.next(Math.max(0, intervalOf(this.pace) - (performance.now() - began_ms)));
  }

  /** An answer that never comes must not stop the camera for good; the socket then is most likely dead. */
  forgetUnanswered(now_ms) {
    for (const [t, sent_ms] of this.unanswered) {
      if (now_ms - sent_ms > UNANSWERED_FOR_MS) {
        this.unanswered.delete(t);
        this.socket.close();
      }
    }
  }

  async send(socket) {
    const { videoWidth, videoHeight } = this.video;
    if (!videoWidth) return;
    const scale = Math.min(1, this.pace.width / videoWidth);
    this.canvas.width = Math.round(videoWidth * scale);
    this.canvas.height = Math.round(videoHeight * scale);
    const capture_us = Math.round((Date.now() + (this.clock?.offset_ms ?? 0)) * 1000);
    this.canvas.getContext("2d").drawImage(this.video, 0, 0, this.canvas.width, this.canvas.height);
    const blob = await new Promise((done) => this.canvas.toBlob(done, "image/jpeg", JPEG_QUALITY));
    if (!blob || socket.readyState !== WebSocket.OPEN) return;
    this.unanswered.set(capture_us, performance.now());
    socket.send(frameMessage(capture_us, await blob.arrayBuffer()));
  }

  onClose(code) {
    clearTimeout(this.timer);
    if (!this.isOn) return;
    const words = refusal(code);
    if (words) {
      this.end("over", words);
      return;
    }
    this.show("waiting");
    if (code === 4503) this.find("detail").textContent = "The server is full. Trying again.";
    this.retry = setTimeout(() => this.connect(), reconnectAfter(this.attempt) * 1000);
    this.attempt += 1;
  }

  async startRecording() {
    if (!this.find("record")?.checked) return;
    const { LocalRecording } = await import("./live_recording.js");
    this.recording = new LocalRecording(this.root, this.stream);
    this.recorded_ms = Date.now();
  }

  end(phase, words) {
    this.show(phase, words);
    clearTimeout(this.timer);
    clearTimeout(this.retry);
    this.socket?.close();
    this.recording?.finish();
    this.recording = null;
    this.dropStream();
    this.video.srcObject = null;
  }

  dropStream() {
    for (const track of this.stream?.getTracks() ?? []) track.stop();
    this.stream = null;
  }

  show(phase, words = wordsFor(phase)) {
    this.phase = phase;
    this.say(...words);
    const word = this.find("word");
    word.dataset.phase = phase;
    this.find("toggle").textContent = this.isOn ? "Stop the camera" : "Start the camera";
    const choice = this.find("record");
    if (choice) choice.disabled = this.isOn;
  }

  say(word, line, more = "") {
    const shown = this.find("word");
    if (shown.textContent !== word) shown.textContent = word;
    this.find("detail").textContent = [line, more].filter(Boolean).join(" ");
  }

  destroy() {
    this.end("off");
    this.stop.abort();
  }
}
