// How a second player is kept with a first one.

export const APART_S = 0.08;

// Returns where the follower should go, or null when it is near enough not to be disturbed.
export function correction(leaderS, followerS) {
  return Math.abs(leaderS - followerS) > APART_S ? leaderS : null;
}
