// Step through a version frame by frame, draw covers, let them be followed, and save them.

import {
  addFollowed, afterSave, boxAt, did, formatFine, newCover, newHistory, opened, otherMoment, redone, setBox, setEnd,
  setStart, toSend, undone, whyNoVersion,
} from "../lib/covers.js";
import { openStage } from "./cover_stage.js";
import { openPanel } from "./cover_panel.js";
import { openPlayer } from "./frame_player.js";
import { isTyping } from "./keys.js";
import { post } from "./request.js";

export function attach(root) {
  const stop = new AbortController();
  const sketch = JSON.parse(document.getElementById("sketch").textContent);
  start(root, sketch, stop.signal).catch((error) => {
    if (!stop.signal.aborted) root.querySelector("[data-said]").textContent = error.message;
  });
  return () => stop.abort();
}

async function start(root, sketch, signal) {
  const part = (name) => root.querySelector(`[data-${name}]`);
  const [said, clock, saving, form, bar] = ["said", "clock", "save", "another", "seek-frame"].map(part);
  const picture = { width: sketch.width, height: sketch.height };
  const videos = [...root.querySelectorAll("video")];
  let known = sketch.covers.map(({ id }) => id);
  let tried = [];
  let isSaving = false;
  let saved = opened(sketch.covers);
  let history = newHistory(saved);
  let chosen = -1;
  let filled = false;
  let following = null;
  const { times_us } = await read(root.dataset.frames, signal);

  const say = (words) => { said.textContent = words; };
  const isDirty = () => history.state !== saved;
  const cover = () => history.state[chosen];
  const draw = openStage(part("stage"), picture, {
    choose,
    draw: (box) => add(box),
    move: (index, box) => change(setBox(history.state[index], player.time(), box)),
  }, signal);
  const panel = openPanel(root, sketch.moments, {
    choose: (index) => {
      choose(index);
      const { keys } = history.state[index];
      if (!boxAt(keys, player.time())) player.go(keys[0][0]);
    },
    go: (time_us) => player.go(time_us),
    setBox: (box) => change(setBox(cover(), player.time(), box)),
    setReason: (reason) => reason && change({ ...cover(), id: null, reason }),
    setStart: (time_us) => change(setStart(cover(), Math.min(time_us, cover().keys.at(-1)[0]))),
    setEnd: (time_us) => change(setEnd(cover(), Math.max(time_us, cover().keys[0][0]))),
  }, signal);
  const player = openPlayer(videos, times_us, (frame, time_us) => {
    clock.textContent = `${formatFine(time_us)}, frame ${frame + 1} of ${times_us.length}`;
    bar.max = times_us.length - 1;
    bar.value = frame;
    bar.setAttribute("aria-valuetext", clock.textContent);
    show(false, time_us);
  }, signal);

  function show(isNew, time_us = player.time()) {
    const shown = { covers: history.state, chosen, time_us, filled };
    draw(shown);
    panel(shown, isNew);
    if (!isNew) return;
    saving.disabled = isSaving || !isDirty();
    showMake();
    part("undo").disabled = !history.past.length;
    part("redo").disabled = !history.future.length;
    for (const button of root.querySelectorAll("[data-on-chosen]")) button.disabled = chosen < 0;
  }

  function showMake() {
    const isOther = sketch.differs || form.hasAttribute("data-refused") || [...form.querySelectorAll("input, option")].some(isChanged);
    const why = whyNoVersion({ isDirty: isDirty(), ids: saved.map(({ id }) => id), inside: sketch.inside, isOther });
    part("make").disabled = Boolean(why);
    part("same").hidden = !why;
    part("same").textContent = why;
  }

  function choose(index) {
    chosen = index;
    show(true);
  }

  function become(covers, at = chosen) {
    history = did(history, covers);
    choose(Math.min(at, covers.length - 1));
  }

  function change(next) {
    become(history.state.map((one, index) => (index === chosen ? next : one)));
  }

  function add(box) {
    become([...history.state, newCover(player.time(), player.last(), box, root.dataset.reason)], history.state.length);
    say("A cover for two seconds. Say what it is, give its end, or let it be followed.");
  }

  function addInTheMiddle() {
    const { width, height } = picture;
    add([0.4 * width, 0.4 * height, 0.6 * width, 0.6 * height].map(Math.round));
  }

  async function follow() {
    if (following) return following.abort();
    const from_us = player.time();
    let box = cover() && boxAt(cover().keys, from_us);
    if (!box) return say("Choose a cover that is in this frame.");
    const until_us = cover().keys.at(-1)[0] > from_us ? cover().keys.at(-1)[0] : player.last();
    following = new AbortController();
    part("follow").textContent = "Stop following";
    const state = history.state;
    const ways = [[from_us, box]];
    let lost = "";
    try {
      while (!lost && !following.signal.aborted && ways.at(-1)[0] < until_us) {
        const [start_us, box_px] = ways.at(-1);
        const answer = await post(root.dataset.follow, {
          box_px, start_us, end_us: until_us, on_original: videos.length > 1 && !videos[1].hidden,
        });
        ({ lost } = answer);
        const more = answer.keys.filter(([at]) => at > start_us);
        if (!more.length) break;
        ways.push(...more);
        say(`Followed to ${formatFine(ways.at(-1)[0])}.`);
      }
    } catch (error) {
      lost = error.message;
    }
    following = null;
    part("follow").textContent = "Follow";
    if (signal.aborted || history.state !== state) return;
    change(addFollowed(cover(), ways));
    player.go(ways.at(-1)[0]);
    say(lost ? `Followed to ${formatFine(ways.at(-1)[0])}; then ${lost}. Correct the box here and follow on, or end it.`
      : `Followed to ${formatFine(ways.at(-1)[0])}. Look at it frame by frame.`);
  }

  async function save() {
    const sent = history.state;
    const covers = toSend(sent);
    isSaving = true;
    saving.disabled = true;
    try {
      const answer = await post(root.dataset.save, { known, tried, covers });
      known = answer.covers.map(({ id }) => id);
      tried = [];
      const after = afterSave(history, sent, answer.covers);
      const shown = after.became.get(cover());
      ({ saved, history } = after);
      chosen = history.state.indexOf(shown);
      const words = `${saved.length} cover${saved.length === 1 ? "" : "s"} saved.`;
      say(isDirty() ? `${words} What you did meanwhile is not saved yet.` : words);
    } catch (error) {
      tried = [...new Set([...tried, ...covers.map(({ client_key }) => client_key).filter(Boolean)])];
      say(error.message);
    }
    isSaving = false;
    show(true);
  }

  function toMoment(back) {
    const index = otherMoment(sketch.moments, player.time(), back);
    if (index < 0) return say(back ? "Nothing before this to look at." : "Nothing after this to look at.");
    player.go(sketch.moments[index].start_us);
    say(sketch.moments[index].why);
  }

  const acts = {
    new: addInTheMiddle,
    follow,
    begin: () => cover() && player.time() <= cover().keys.at(-1)[0] && change(setStart(cover(), player.time())),
    end: () => cover() && player.time() >= cover().keys[0][0] && change(setEnd(cover(), player.time())),
    remove: () => cover() && become(history.state.filter((_, index) => index !== chosen), history.state.length - 2),
    undo: () => { history = undone(history); choose(Math.min(chosen, history.state.length - 1)); },
    redo: () => { history = redone(history); choose(Math.min(chosen, history.state.length - 1)); },
    save: () => isDirty() && !isSaving && save(),
    back: () => player.step(-1),
    forward: () => player.step(1),
    play: () => player.toggle(),
    next: () => toMoment(false),
    previous: () => toMoment(true),
    calm: () => {
      root.querySelector("[name=neutral_s]").value = (player.time() / 1e6).toFixed(2);
      say("The new version takes the face of this frame for calm; all of it is written again.");
      showMake();
    },
    fill: () => {
      filled = !filled;
      part("fill").setAttribute("aria-pressed", filled);
      show(false);
    },
  };
  const keys = {
    " ": acts.play, n: acts.next, p: acts.previous, d: acts.new, f: acts.follow, "[": acts.begin, "]": acts.end,
    Delete: acts.remove, Backspace: acts.remove, z: acts.undo, y: acts.redo, x: acts.fill,
  };
  for (const [name, act] of Object.entries(acts)) part(name)?.addEventListener("click", act, { signal });
  const sources = [...root.querySelectorAll("[data-source]")];
  const showSource = (button) => {
    player.choose(videos[Number(button.dataset.source)]);
    for (const one of sources) one.setAttribute("aria-pressed", one === button);
  };
  for (const button of sources) button.addEventListener("click", () => showSource(button), { signal });
  form.addEventListener("change", ({ target }) => {
    if (target.name !== "exempt" || !target.checked) return;
    player.go(sketch.people[target.value]);
    if (sources[1]) showSource(sources[1]);
    say(`Person ${target.value} is seen here, and would be in the new version.`);
  }, { signal });
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || isTyping(event.target) || event.altKey || document.querySelector("dialog[open]")) return;
    if (event.ctrlKey || event.metaKey) {
      if (event.key.toLowerCase() !== "z") return;
      event.preventDefault();
      return event.shiftKey ? acts.redo() : acts.undo();
    }
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    const act = step ? () => (event.shiftKey ? player.skip(step) : player.step(step)) : keys[event.key];
    if (!act || (event.key === " " && event.target.closest("button, a, summary"))) return;
    event.preventDefault();
    act();
  }, { signal });
  form.addEventListener("input", showMake, { signal });
  bar.addEventListener("input", () => player.go(times_us[bar.valueAsNumber]), { signal });
  window.addEventListener("beforeunload", (event) => isDirty() && event.preventDefault(), { signal });
  signal.addEventListener("abort", () => following?.abort());
  show(true);
  root.dataset.open = "";
}

const isChanged = (one) => (one.tagName === "OPTION" ? one.selected !== one.defaultSelected
  : one.checked !== one.defaultChecked || one.value !== one.defaultValue);

async function read(url, signal) {
  const answer = await fetch(url, { headers: { Accept: "application/json" }, signal });
  if (!answer.ok) throw new Error("The frames could not be read. Reload the page.");
  return answer.json();
}
