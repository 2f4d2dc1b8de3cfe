// The words, letters and shapes of the field, in the order every table of the product uses.

export const EMOTIONS = ["anger", "disgust", "fear", "happiness", "neutral", "sadness", "surprise"];

export const LETTERS = {
  anger: "A",
  disgust: "D",
  fear: "F",
  happiness: "H",
  neutral: "N",
  sadness: "S",
  surprise: "U",
};

export const STATUS_WORDS = {
  ok: "face read",
  no_face: "no face",
  low_confidence: "low confidence",
  irrelevant_face: "someone else’s face",
  occluded: "face covered",
  consent_withheld: "consent withheld",
  not_analysed: "not analysed",
};

export const ROLE_SHORT = { doctor: "Dr", patient: "Pt", irrelevant: "other" };

/** What one second of a lane says, in the words the whole product uses. */
export function describeSecond({ status, emotion, confidence }) {
  if (status === "ok" && emotion) return `expression classified as ${emotion}, ${confidence.toFixed(2)}`;
  return STATUS_WORDS[status] ?? "no reading";
}
