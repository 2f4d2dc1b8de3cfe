// What is said about ticked rows.

export function countInWords(ticked) {
  if (!ticked) return "Tick jobs to do something to all of them.";
  return ticked === 1 ? "1 job is ticked." : `${ticked} jobs are ticked.`;
}
