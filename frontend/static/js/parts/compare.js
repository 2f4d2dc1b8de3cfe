// Two players as one: the original follows whatever is done to the de-identified version.

import { correction } from "../lib/follow.js";

export function attach(root) {
  const leader = root.querySelector("[data-leader]");
  const follower = root.querySelector("[data-follower]");
  if (!follower) return () => {};
  const stop = new AbortController();
  const { signal } = stop;
  const align = () => {
    const goal = correction(leader.currentTime, follower.currentTime);
    if (goal !== null) follower.currentTime = goal;
  };
  leader.addEventListener("play", () => { align(); follower.play().catch(() => {}); }, { signal });
  leader.addEventListener("pause", () => { follower.pause(); align(); }, { signal });
  leader.addEventListener("ratechange", () => { follower.playbackRate = leader.playbackRate; }, { signal });
  for (const name of ["seeking", "seeked", "timeupdate"]) leader.addEventListener(name, align, { signal });
  return () => { stop.abort(); follower.pause(); };
}
