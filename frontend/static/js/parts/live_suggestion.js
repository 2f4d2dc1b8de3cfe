// The one suggestion that may stand on a live dashboard, with its evidence and three answers. It makes no sound.

import { post } from "./request.js";

const KEYS = { 1: "helped", 2: "not_now", 3: "wrong" };
const WAITS_MS = 60_000;

export class LiveSuggestion {
  constructor(root, complain) {
    this.root = root;
    this.complain = complain;
    this.stop = new AbortController();
    this.find = (name) => root.querySelector(`[data-${name}]`);
    for (const button of root.querySelectorAll("[data-answer]")) {
      button.addEventListener("click", () => this.answer(button.dataset.answer), { signal: this.stop.signal });
    }
  }

  /** Shows a suggestion in the place of an older one; unanswered it leaves by itself. */
  offer(suggestion) {
    if (this.current?.id === suggestion.id) return;
    this.current = suggestion;
    this.find("text").textContent = suggestion.text;
    this.find("text").lang = suggestion.language;
    const lines = suggestion.why.map((words) => {
      const line = document.createElement("li");
      line.textContent = words;
      return line;
    });
    this.find("evidence").replaceChildren(...lines);
    this.find("framework").textContent = suggestion.framework;
    this.find("citations").textContent = suggestion.citations.join(" · ");
    this.find("why").open = false;
    this.root.hidden = false;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.hide(), WAITS_MS);
  }

  onKey(key) {
    if (this.root.hidden || !KEYS[key]) return false;
    this.answer(KEYS[key]);
    return true;
  }

  async answer(answer) {
    const { current } = this;
    this.complain("");
    try {
      await post(current.answer_url, { answer });
      if (this.current === current) this.hide();
    } catch (error) {
      this.complain(error.message);
    }
  }

  hide() {
    clearTimeout(this.timer);
    this.root.hidden = true;
  }

  destroy() {
    this.stop.abort();
    clearTimeout(this.timer);
  }
}
