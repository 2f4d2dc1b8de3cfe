// What is said about ticked rows.

export function countInWords(ticked, what = "job") {
  if (!ticked) return `Tick ${what}s to do something to all of them.`;
  return ticked === 1 ? `1 ${what} is ticked.` : `${ticked} ${what}s are ticked.`;
}
