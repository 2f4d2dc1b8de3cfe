// What a person does on a page: taken back and done again, and sent so that nothing is kept twice.

/** What was done, to be taken back and done again. States are never changed. */
export function newHistory(state) {
  return { past: [], state, future: [] };
}

export const did = ({ past, state }, next) => ({ past: [...past, state], state: next, future: [] });

export function undone({ past, state, future }) {
  return past.length ? { past: past.slice(0, -1), state: past.at(-1), future: [state, ...future] } : { past, state, future };
}

export function redone({ past, state, future }) {
  return future.length ? { past: [...past, state], state: future[0], future: future.slice(1) } : { past, state, future };
}

const clientKeys = new WeakMap();

/** What the server knows a new thing by, the same however often it is sent. */
export function keyOf(thing) {
  if (!clientKeys.has(thing)) {
    const bytes = [...crypto.getRandomValues(new Uint8Array(16))];
    clientKeys.set(thing, bytes.map((byte) => byte.toString(16).padStart(2, "0")).join(""));
  }
  return clientKeys.get(thing);
}

/**
 * What a page holds once the server has told what there is: what is saved, and the history with whatever was done
 * while the sent state was on its way still to be saved. open(told): ready to be changed. became: what each thing
 * turned into.
 */
export function afterSave(history, sent, told, open) {
  const saved = open(told);
  const became = new Map();
  for (const one of sent) {
    const index = told.findIndex(({ id, client_key }) => (
      one.id === null ? client_key?.replaceAll("-", "") === keyOf(one) : id === one.id
    ));
    became.set(one, saved[index] ?? null);
  }
  const begun = newHistory(saved);
  if (history.state === sent) return { saved, history: begun, became };
  // Of a thing taken back meanwhile the row is gone, so that it is a new one.
  for (const one of history.state) if (!became.has(one)) became.set(one, { ...one, id: null });
  const mine = new Set(became.values());
  const state = [...history.state.map((one) => became.get(one)).filter(Boolean), ...saved.filter((one) => !mine.has(one))];
  return { saved, history: did(begun, state), became };
}
