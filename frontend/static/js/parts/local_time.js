// A time the server wrote in UTC, shown in the reader's zone with the zone named.

import { formatMoment } from "../lib/format.js";

export function attach(root) {
  root.textContent = formatMoment(new Date(root.dateTime));
  return () => {};
}
