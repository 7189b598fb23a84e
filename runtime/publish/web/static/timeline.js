// The last minutes: one strip per face, colored by expression, as high as its probability.

import { colorOf, isolated, nameOf } from "./appearance.js";

const MAX_ROWS = 10;
const SHORTEST_S = 60;
const rows = document.getElementById("rows");
const start = document.getElementById("axis-start");

let spanS = 300;
let mostFaces = Infinity; // of a second
let seconds = new Map(); // number -> [[face, label, probability], ...]
let first = Infinity;

export function forget() {
  seconds = new Map();
  first = Infinity;
}

export function add(past) {
  spanS = past.span_s;
  mostFaces = past.most_faces;
  for (const [number, moments] of past.seconds) {
    seconds.set(number, moments);
    first = Math.min(first, number);
  }
}

export function drawTimeline(now) {
  for (const number of seconds.keys()) if (number < now - spanS) seconds.delete(number);
  const shownS = Math.min(spanS, Math.max(SHORTEST_S, now - Math.min(first, now)));
  const faces = recentFaces();
  const isCut = [...seconds.values()].some((moments) => moments.length === mostFaces) || faces.size === MAX_ROWS;
  document.getElementById("cut").hidden = !isCut;
  document.getElementById("cut").textContent = `Shown are the ${mostFaces} largest faces of each second, and of these the ${MAX_ROWS} most recent.`;
  document.getElementById("quiet").hidden = faces.size > 0;
  document.getElementById("axis").hidden = faces.size === 0;
  start.textContent = shownS < 120 ? `${shownS} seconds ago` : `${Math.round(shownS / 60)} minutes ago`;
  const known = new Map([...rows.children].map((row) => [Number(row.dataset.face), row]));
  for (const [face, row] of known) if (!faces.has(face)) row.remove();
  for (const face of [...faces.keys()].sort((a, b) => Math.abs(a) - Math.abs(b))) {
    const row = known.get(face) ?? newRow(face);
    rows.append(row);
    fill(row, face, faces.get(face), now, shownS);
  }
}

// The most recent faces, each with the count of each label.
function recentFaces() {
  const faces = new Map();
  for (const number of [...seconds.keys()].sort((a, b) => b - a)) {
    for (const [face, label] of seconds.get(number)) {
      if (!faces.has(face)) {
        if (faces.size === MAX_ROWS) continue;
        faces.set(face, new Map());
      }
      const counts = faces.get(face);
      counts.set(label, (counts.get(label) ?? 0) + 1);
    }
  }
  return faces;
}

function newRow(face) {
  const row = document.createElement("li");
  row.dataset.face = face;
  const name = document.createElement("span");
  name.textContent = nameOf(face);
  const strip = document.createElement("canvas");
  strip.setAttribute("aria-hidden", "true"); // the share next to it says the same in words
  const share = document.createElement("span");
  share.className = "share";
  row.append(name, strip, share);
  return row;
}

function fill(row, face, counts, now, shownS) {
  const total = [...counts.values()].reduce((sum, count) => sum + count, 0);
  const [label, count] = [...counts].sort((a, b) => b[1] - a[1])[0];
  row.children[2].textContent = `mostly ${isolated(label)}, ${Math.round((100 * count) / total)}%`;

  const strip = row.children[1];
  const ratio = window.devicePixelRatio || 1;
  const width = Math.round(strip.clientWidth * ratio);
  const height = Math.round(strip.clientHeight * ratio);
  if (strip.width !== width || strip.height !== height) {
    strip.width = width;
    strip.height = height;
  }
  const brush = strip.getContext("2d");
  brush.clearRect(0, 0, width, height);
  const step = width / shownS;
  const soft = getComputedStyle(strip).color;
  for (const [number, moments] of seconds) {
    const moment = moments.find(([other]) => other === face);
    if (!moment) continue;
    const [, shown, probability] = moment;
    const left = Math.round(width - (now - number) * step);
    const right = Math.round(width - (now - number - 1) * step);
    const isUncertain = shown === "uncertain";
    const tall = isUncertain ? 3 * ratio : Math.max(0.2, probability) * height;
    brush.fillStyle = isUncertain ? soft : colorOf(shown);
    brush.fillRect(left, height - tall, right - left, tall);
  }
}
