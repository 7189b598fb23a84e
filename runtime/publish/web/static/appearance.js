// The color and text of a label, and the names of faces and sources, everywhere on the page.

const UNKNOWN = "#c8c8c8";

let colors = {};

export function setColors(byLabel) {
  colors = byLabel;
}

// A label may be written from right to left; the text around it keeps its order.
export const isolated = (label) => `\u2068${label}\u2069`;

export const colorOf = (label) => colors[label] ?? UNKNOWN;

// Numbers below 0 are ranks by size, for faces that are not tracked.
export function nameOf(face, isShort = false) {
  if (face < 0) return `Face ${-face}`;
  return isShort ? `${face}` : `Track ${face}`;
}

// Viewers do not need the folders of a file. Of an address, host and path are enough: the rest may
// hold a token.
export function sourceName(source) {
  const address = /^[a-z][a-z0-9+.-]*:\/\/(?:[^@/]*@)?([^?#]*)/i.exec(source);
  if (address) return address[1].replace(/\/+$/, "") || source;
  return source.split("/").filter(Boolean).pop() ?? source;
}
