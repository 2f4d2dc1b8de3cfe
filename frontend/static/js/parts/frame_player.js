// One picture of a video at a time: both videos of a page show the same frame, one of them is seen.

import { frameAt, middleOf } from "../lib/covers.js";

const SECOND_US = 1e6;

/** tell(frame, time_us) is called whenever another frame is seen. */
export function openPlayer(videos, times_us, tell, signal) {
  let seen = videos[0];
  let frame = 0;
  let waiting = null;

  const show = (next) => {
    frame = Math.min(times_us.length - 1, Math.max(0, next));
    tell(frame, times_us[frame]);
    if (seen.seeking) waiting = frame;
    else seen.currentTime = middleOf(times_us, frame);
  };
  const follow = () => {
    if (seen.paused) return;
    frame = frameAt(times_us, seen.currentTime * SECOND_US);
    tell(frame, times_us[frame]);
    requestAnimationFrame(follow);
  };
  for (const video of videos) {
    video.addEventListener("seeked", () => {
      if (video !== seen || waiting === null) return;
      const goal = waiting;
      waiting = null;
      video.currentTime = middleOf(times_us, goal);
    }, { signal });
    video.addEventListener("play", () => requestAnimationFrame(follow), { signal });
    video.addEventListener("pause", () => video === seen && show(frame), { signal });
  }
  show(0);
  return {
    frame: () => frame,
    time: () => times_us[frame],
    last: () => times_us.at(-1),
    step: (count) => {
      seen.pause();
      show(frame + count);
    },
    skip: (seconds) => {
      seen.pause();
      show(frameAt(times_us, times_us[frame] + seconds * SECOND_US));
    },
    go: (time_us) => {
      seen.pause();
      show(frameAt(times_us, time_us));
    },
    toggle: () => (seen.paused ? seen.play().catch(() => {}) : seen.pause()),
    choose: (video) => {
      seen.pause();
      seen = video;
      for (const one of videos) one.hidden = one !== video;
      show(frame);
    },
  };
}
