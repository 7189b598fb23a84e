// The color of a label and the name of a face, everywhere on the page.

const UNKNOWN = "#c8c8c8";

let colors = {};

export function setColors(byLabel) {
  colors = byLabel;
}

export const colorOf = (label) => colors[label] ?? UNKNOWN;

// Numbers below 0 are ranks by size, for faces that are not tracked.
export function nameOf(face, isShort = false) {
  if (face < 0) return `Face ${-face}`;
  return isShort ? `${face}` : `Track ${face}`;
}
