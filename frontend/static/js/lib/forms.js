// What a form would send, as plain data: empty fields are null, and a field with a scale is a whole number of smaller units.

/** entries: [name, value] pairs; scales: by name. { at_ms: "1.25" } with a scale of 1000 becomes { at_ms: 1250 }. */
export function plainData(entries, scales = {}) {
  return Object.fromEntries(
    [...entries].map(([name, value]) => {
      if (value === "") return [name, null];
      return [name, scales[name] ? Math.round(Number(value) * scales[name]) : value];
    }),
  );
}

/**
 * Whether a field means something beside the other choices of a form. when: "name:value value;name:value"; all must hold.
 * chosen: value by name; a field that means nothing itself has none (undefined), and forbids nothing.
 */
export function hasMeaning(when, chosen) {
  return when.split(";").every((condition) => {
    const [name, values] = condition.split(":");
    return chosen[name] === undefined || values.split(" ").includes(chosen[name]);
  });
}
