// Follows an encounter over its socket, and by asking every few seconds while the socket is down.

import { describeJob, finalReason, signature, spokenJob } from "../lib/progress.js";
import { backoff } from "../lib/uploads.js";
import { refreshRegions } from "./regions.js";

const POLL_MS = 4000;

export function attach(root) {
  const follower = new Follower(root);
  return () => follower.destroy();
}

class Follower {
  constructor(root) {
    this.root = root;
    this.stop = new AbortController();
    this.jobs = new Map();
    this.attempt = 0;
    const state = JSON.parse(document.getElementById("encounter-state").textContent);
    this.seen = signature(state);
    this.take(state);
    document.addEventListener("upload:done", () => this.refresh(), { signal: this.stop.signal });
    this.connect();
  }

  connect() {
    const url = new URL(this.root.dataset.socketUrl, location.href);
    url.protocol = url.protocol.replace("http", "ws");
    this.socket = new WebSocket(url);
    this.socket.onopen = () => {
      clearInterval(this.poller);
      this.poller = null;
    };
    this.socket.onmessage = ({ data }) => {
      this.attempt = 0;
      this.take(JSON.parse(data));
    };
    this.socket.onclose = ({ code }) => this.onClose(code);
  }

  onClose(code) {
    if (this.stop.signal.aborted) return;
    const reason = finalReason(code);
    if (reason) {
      clearInterval(this.poller);
      this.root.classList.remove("visually-hidden");
      this.say(reason);
      return;
    }
    this.poller ??= setInterval(() => this.poll(), POLL_MS);
    this.retry = setTimeout(() => this.connect(), backoff(this.attempt) * 1000);
    this.attempt += 1;
  }

  async poll() {
    try {
      const answer = await fetch(this.root.dataset.stateUrl, {
        headers: { Accept: "application/json" },
        signal: this.stop.signal,
      });
      if (answer.ok) this.take(await answer.json());
    } catch {
      // Still offline; the next round asks again.
    }
  }

  take(state) {
    const now = signature(state);
    if (now !== this.seen) {
      this.seen = now;
      this.refresh();
    }
    for (const job of state.jobs) this.showJob(job);
  }

  showJob(job) {
    const row = document.querySelector(`[data-job="${job.id}"]`);
    if (row) {
      const bar = row.querySelector("progress");
      if (bar) bar.value = job.progress;
      row.querySelector("[data-words]").textContent = describeJob(job);
    }
    const before = this.jobs.get(job.id);
    const spoken = before && spokenJob(job, before);
    if (spoken) this.say(spoken);
    this.jobs.set(job.id, job);
  }

  /** One refresh at a time, one more when something changed meanwhile, and again later when the line is down. */
  async refresh() {
    this.wanted = true;
    if (this.refreshing) return;
    this.refreshing = true;
    try {
      while (this.wanted) {
        this.wanted = false;
        await refreshRegions(this.stop.signal);
      }
      for (const job of this.jobs.values()) this.showJob(job);
    } catch {
      if (!this.stop.signal.aborted) this.later = setTimeout(() => this.refresh(), POLL_MS);
    } finally {
      this.refreshing = false;
    }
  }

  say(words) {
    this.root.textContent = words;
  }

  destroy() {
    this.stop.abort();
    this.socket.close();
    clearTimeout(this.retry);
    clearTimeout(this.later);
    clearInterval(this.poller);
  }
}
