// Listen to a recording, mark what must not be heard, and save it.

import { formatFine } from "../lib/covers.js";
import { did, newHistory, redone, undone } from "../lib/edits.js";
import {
  HOLD_US, afterSave, isItsBeginning, joinPieces, newSpan, opened, otherSpan, otherStyle, setEnd, setStart, spanAt, styleWords, toSend,
  withSpan,
} from "../lib/spans.js";
import { isTyping } from "./keys.js";
import { post } from "./request.js";
import { openLane } from "./sound_lane.js";
import { openSoundPlayer } from "./sound_player.js";

const STEP_US = 100_000;

export function attach(root) {
  const stop = new AbortController();
  start(root, stop.signal).catch((error) => {
    if (!stop.signal.aborted) root.querySelector("[data-said]").textContent = error.message;
  });
  return () => stop.abort();
}

async function start(root, signal) {
  const part = (name) => root.querySelector(`[data-${name}]`);
  const [said, clock, list, form, bar, saving, progress] = ["said", "clock", "spans", "chosen", "seek", "save", "heard"].map(part);
  const told = JSON.parse(document.getElementById("marked").textContent);
  const whole_us = told.duration_us;
  let known = told.spans.map(({ id }) => id);
  let tried = [];
  let saved = opened(told.spans);
  let history = newHistory(saved);
  let chosen = null;
  let voices = [];
  let listened_us = 0;
  let listening = null;
  let isSaving = false;
  let asItWillBe = false;
  const say = (words) => { said.textContent = words; };
  say("Reading the sound.");
  const sound = await read(root.dataset.sound, signal);
  const isDirty = () => history.state !== saved;

  const lane = openLane(part("lane"), sound, whole_us, {
    go: (time_us) => player.go(time_us),
    choose: (span) => choose(span),
    mark: (from_us, to_us) => add(newSpan(from_us, to_us, whole_us)),
  }, signal);
  const player = openSoundPlayer(root.querySelector("video"), { delay_us: sound.delay_us, whole_us }, (time_us) => {
    clock.textContent = `${formatFine(time_us)} of ${formatFine(whole_us)}`;
    bar.value = time_us / 1e6;
    bar.setAttribute("aria-valuetext", clock.textContent);
    player?.hush(asItWillBe && spanAt(history.state, time_us) !== null);
    draw(time_us);
  }, signal);

  function draw(time_us = player.time()) {
    lane.draw({ spans: history.state, chosen, voices, time_us });
  }

  function show() {
    list.replaceChildren(...history.state.map((span) => item(span, span === chosen, () => {
      choose(span);
      player.go(span.start_us);
    })));
    part("none").hidden = history.state.length > 0;
    form.hidden = !chosen;
    if (chosen) {
      set(form.elements.namedItem("start"), (chosen.start_us / 1e6).toFixed(2));
      set(form.elements.namedItem("end"), (chosen.end_us / 1e6).toFixed(2));
      set(form.elements.namedItem("style"), chosen.style);
    }
    saving.disabled = isSaving || !isDirty();
    part("undo").disabled = !history.past.length;
    part("redo").disabled = !history.future.length;
    part("voices").hidden = voices.length === 0;
    for (const button of root.querySelectorAll("[data-on-chosen]")) button.disabled = !chosen;
    draw();
  }

  function choose(span) {
    chosen = span;
    show();
  }

  function become(spans, next) {
    history = did(history, spans);
    choose(next);
  }

  /** Only what differs is a change; edges that would cross leave the span as it is. */
  function change(next) {
    if (next !== chosen) become(withSpan(history.state, chosen, next), next);
    else show();
  }

  function add(span) {
    if (!span) return say("There is nothing between these two times.");
    become(withSpan(history.state, null, span), span);
    say(`Marked from ${formatFine(span.start_us)} to ${formatFine(span.end_us)}. Set its end, and listen to it.`);
  }

  function begin() {
    const at = player.time();
    if (chosen && isItsBeginning(chosen, at)) return change(setStart(chosen, at));
    add(newSpan(at, at + HOLD_US, whole_us));
  }

  function end() {
    if (!chosen) return say("Begin a span first, or choose one.");
    if (player.time() <= chosen.start_us) return say("This is before the span begins.");
    change(setEnd(chosen, player.time(), whole_us));
  }

  function travel(back) {
    const places = [...history.state, ...voices.map(([start_us, end_us]) => ({ start_us, end_us }))];
    const found = otherSpan(places, player.time(), back);
    if (!found) return say(back ? "Nothing before this." : "Nothing after this.");
    choose(history.state.find((one) => one.start_us === found.start_us) ?? null);
    player.go(found.start_us);
  }

  function takeVoice() {
    const found = voices.find(([from, to]) => player.time() >= from && player.time() < to);
    if (!found) return say("Nobody was heard to speak here.");
    add(newSpan(...found, whole_us));
  }

  function takeAll() {
    const fresh = voices.map(([from, to]) => newSpan(from, to, whole_us))
      .filter((one) => one && !history.state.some(({ start_us, end_us }) => start_us <= one.start_us && end_us >= one.end_us));
    if (!fresh.length) return say(`All voices found are marked already, up to ${formatFine(listened_us)}.`);
    become(fresh.reduce((all, one) => withSpan(all, null, one), history.state), null);
    say(`${counted(fresh)} marked, up to ${formatFine(listened_us)}. The machine may miss voices: listen to it.`);
  }

  async function propose() {
    if (listening) return listening.abort();
    listening = new AbortController();
    part("propose").textContent = "Stop";
    progress.hidden = false;
    let [found, at] = [[], 0];
    try {
      while (at < whole_us && !listening.signal.aborted && !signal.aborted) {
        const answer = await post(root.dataset.speech, { start_us: at });
        found = joinPieces(found, answer.spans);
        at = answer.end_us;
        [voices, listened_us] = [found, at];
        progress.value = at / whole_us;
        say(`Listened to ${formatFine(at)} of ${formatFine(whole_us)}.`);
        draw();
      }
      const soFar = at < whole_us ? " so far" : "";
      say(found.length ? `Somebody speaks in ${found.length} places${soFar}. Mark where a name or a place is said.`
        : `Nobody was heard to speak${soFar}. The machine may be wrong: listen to it.`);
    } catch (error) {
      say(error.message);
    }
    listening = null;
    part("propose").textContent = "Find where somebody speaks";
    progress.hidden = true;
    show();
  }

  async function save() {
    const sent = history.state;
    const spans = toSend(sent);
    isSaving = true;
    saving.disabled = true;
    try {
      const answer = await post(root.dataset.save, { known, tried, spans });
      known = answer.spans.map(({ id }) => id);
      tried = [];
      const after = afterSave(history, sent, answer.spans);
      ({ saved, history } = after);
      chosen = after.became.get(chosen) ?? null;
      const words = `${counted(saved)} saved.`;
      say(isDirty() ? `${words} What you did meanwhile is not saved yet.` : words);
    } catch (error) {
      tried = [...new Set([...tried, ...spans.map(({ client_key }) => client_key).filter(Boolean)])];
      say(error.message);
    }
    isSaving = false;
    show();
  }

  const acts = {
    play: () => player.toggle(),
    begin,
    end,
    style: () => chosen && change(otherStyle(chosen)),
    remove: () => chosen && become(withSpan(history.state, chosen, null), null),
    undo: () => { history = undone(history); choose(history.state.includes(chosen) ? chosen : null); },
    redo: () => { history = redone(history); choose(history.state.includes(chosen) ? chosen : null); },
    listen: () => chosen && player.listen(chosen),
    next: () => travel(false),
    previous: () => travel(true),
    take: takeVoice,
    all: takeAll,
    propose,
    save: () => isDirty() && !isSaving && save(),
    fill: () => {
      asItWillBe = !asItWillBe;
      part("fill").setAttribute("aria-pressed", asItWillBe);
      player.hush(asItWillBe && spanAt(history.state, player.time()) !== null);
    },
  };
  const keys = {
    " ": acts.play, "[": acts.begin, "]": acts.end, b: acts.style, Delete: acts.remove, Backspace: acts.remove, z: acts.undo,
    y: acts.redo, l: acts.listen, n: acts.next, p: acts.previous, t: acts.take, x: acts.fill, Escape: () => choose(null),
  };
  for (const [name, act] of Object.entries(acts)) part(name)?.addEventListener("click", act, { signal });
  root.querySelector("video")?.addEventListener("click", acts.play, { signal });
  part("zoom").addEventListener("change", ({ target }) => lane.zoom(Number(target.value)), { signal });
  bar.addEventListener("input", () => player.go(bar.valueAsNumber * 1e6), { signal });
  form.addEventListener("submit", (event) => event.preventDefault(), { signal });
  form.addEventListener("change", ({ target }) => {
    if (!target.validity.valid || !chosen) return;
    const time_us = Math.round(target.valueAsNumber * 1e6);
    if (target.name === "style") change(target.value === chosen.style ? chosen : otherStyle(chosen));
    else change(target.name === "start" ? setStart(chosen, time_us) : setEnd(chosen, time_us, whole_us));
  }, { signal });
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || isTyping(event.target) || event.altKey || document.querySelector("dialog[open]")) return;
    if (event.ctrlKey || event.metaKey) {
      if (event.key.toLowerCase() !== "z") return;
      event.preventDefault();
      return event.shiftKey ? acts.redo() : acts.undo();
    }
    const step = { ArrowLeft: -STEP_US, ArrowRight: STEP_US }[event.key];
    const act = step ? () => player.step(event.shiftKey ? 10 * step : step) : keys[event.key];
    if (!act || (event.key === " " && event.target.closest("button, a, summary"))) return;
    event.preventDefault();
    act();
  }, { signal });
  window.addEventListener("beforeunload", (event) => isDirty() && event.preventDefault(), { signal });
  signal.addEventListener("abort", () => listening?.abort());
  say("");
  player.go(0);
  show();
  root.dataset.open = "";
}

function item(span, isChosen, act) {
  const [line, button] = ["li", "button"].map((name) => document.createElement(name));
  button.type = "button";
  button.className = "button button-plain button-small";
  button.textContent = `${formatFine(span.start_us)} to ${formatFine(span.end_us)}, ${styleWords(span)}`;
  if (isChosen) button.setAttribute("aria-current", "true");
  button.addEventListener("click", act);
  line.append(button);
  return line;
}

const counted = ({ length }) => `${length} span${length === 1 ? "" : "s"}`;

function set(input, value) {
  if (input.value !== String(value)) input.value = value;
}

async function read(url, signal) {
  const answer = await fetch(url, { headers: { Accept: "application/json" }, signal });
  if (!answer.ok) throw new Error("The sound could not be read. Reload the page.");
  return answer.json();
}
