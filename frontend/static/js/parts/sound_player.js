// Plays a recording by its own clock, which begins at the first frame; a player's may begin earlier.

const SECOND_US = 1e6;
const AROUND_US = 700_000;

/** video: null for a file that browsers cannot play; then there is a time to mark at, and nothing to hear. */
export function openSoundPlayer(video, { delay_us, whole_us }, tell, signal) {
  let time_us = 0;
  let stop_us = Infinity;
  const within = (next) => Math.min(whole_us, Math.max(0, Math.round(next)));
  const set = (next) => {
    time_us = within(next);
    if (video) video.currentTime = (time_us + delay_us) / SECOND_US;
    tell(time_us);
  };
  const follow = () => {
    if (!video || video.paused) return;
    time_us = within(video.currentTime * SECOND_US - delay_us);
    if (time_us >= stop_us) video.pause();
    tell(time_us);
    requestAnimationFrame(follow);
  };
  video?.addEventListener("play", () => requestAnimationFrame(follow), { signal });
  video?.addEventListener("pause", () => {
    stop_us = Infinity;
    tell(time_us);
  }, { signal });
  const play = () => video?.play().catch(() => {});
  return {
    time: () => time_us,
    step: (by_us) => set(time_us + by_us),
    go: set,
    toggle: () => (video?.paused ?? true ? play() : video.pause()),
    /** Plays a span with a little around it. */
    listen({ start_us, end_us }) {
      set(start_us - AROUND_US);
      stop_us = end_us + AROUND_US;
      play();
    },
    hush: (isHushed) => { if (video) video.volume = isHushed ? 0 : 1; },
  };
}
