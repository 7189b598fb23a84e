// How a label and a face look everywhere on the page: its color, its name.

const UNKNOWN = "#c8c8c8";

let colours = {};

export function setColours(byLabel) {
  colours = byLabel;
}

export const colourOf = (label) => colours[label] ?? UNKNOWN;

// Numbers below 0 are ranks by size: such faces are not followed.
export function nameOf(face, isShort = false) {
  if (face < 0) return `Face ${-face}`;
  return isShort ? `${face}` : `Track ${face}`;
}
