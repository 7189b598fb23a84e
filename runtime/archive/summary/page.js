"use strict";
const data = JSON.parse(document.getElementById("data").textContent);
const cells = Uint8Array.from(atob(data.heat), (sign) => sign.charCodeAt(0));
const width = data.labels.length;
const rgb = (label) => data.colors[label];
const css = (label) => `rgb(${rgb(label).join(",")})`;
const count = (number) => Math.round(number).toLocaleString("en-US");
const share = (part, whole) => (whole ? `${((100 * part) / whole).toFixed(1)}%` : "–");

function clock(seconds) {
  const whole = Math.max(0, Math.round(seconds));
  const pad = (number) => String(number).padStart(2, "0");
  return `${Math.floor(whole / 3600)}:${pad(Math.floor(whole / 60) % 60)}:${pad(whole % 60)}`;
}

function make(tag, className, ...children) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  element.append(...children);
  return element;
}

function swatch(label) {
  const element = make("span", "swatch");
  element.style.background = css(label);
  return element;
}

function bidi(text) {
  return make("bdi", "", text);
}

function showTiles() {
  const total = data.seconds.reduce((sum, value) => sum + value, 0);
  const tiles = [
    ["Videos", count(data.videos)],
    ["Processed", clock(data.lookedAt)],
    ["With a face", share(data.seen, data.lookedAt)],
    ["Uncertain", share(data.seconds[width - 1], total)],
    ["Faces", count(data.faces)],
    ["Tracks", count(data.tracks)],
  ];
  if (data.pictures) tiles.push(["Pictures", count(data.pictures)]);
  for (const [name, value] of tiles) {
    document.getElementById("tiles").append(make("div", "", make("dt", "", name), make("dd", "", value)));
  }
}

function showDistribution() {
  const ofVideos = data.videos > 0;
  const values = ofVideos ? data.seconds : data.pictureFaces;
  document.getElementById("distribution-note").textContent = ofVideos
    ? "Total time of faces with each label in videos; two faces at the same time count twice."
    : "Faces in pictures with each label.";
  const total = values.reduce((sum, value) => sum + value, 0);
  data.labels.forEach((label, at) => {
    const fill = make("div", "fill");
    fill.style.width = total ? `${(100 * values[at]) / total}%` : "0";
    fill.style.background = css(label);
    const figure = `${ofVideos ? clock(values[at]) : count(values[at])}  (${share(values[at], total)})`;
    document.getElementById("distribution").append(
      make("div", "bar", make("span", "", bidi(label)), make("div", "track", fill), make("span", "figure", figure)),
    );
  });
}

function cell(row, column) {
  const start = (row * data.cells + column) * width;
  return cells.subarray(start, start + width);
}

function likeliest(values) {
  let best = 0;
  for (let at = 1; at < width; at += 1) if (values[at] > values[best]) best = at;
  return best;
}

function paint(canvas, row, chosen) {
  const context = canvas.getContext("2d");
  const image = context.createImageData(data.cells, 1);
  for (let column = 0; column < data.cells; column += 1) {
    const values = cell(row, column);
    const at = chosen < 0 ? likeliest(values) : chosen;
    const strength = chosen < 0 ? values.reduce((sum, value) => sum + value, 0) : values[at];
    // the square root makes small values visible
    const alpha = Math.round(255 * Math.sqrt(Math.min(255, strength) / 255));
    image.data.set([...rgb(data.labels[at]), alpha], 4 * column);
  }
  context.putImageData(image, 0, 0);
}

// Seconds are known per step: a cell of a short video is a part of one.
function describe(row, column) {
  const item = data.rows[row];
  const from = Math.floor((column * item.length) / data.cells / data.step) * data.step;
  const to = Math.ceil(((column + 1) * item.length) / data.cells / data.step) * data.step;
  const where = item.count > 1 ? item.name : `${item.name}, ${clock(from)} to ${clock(Math.ceil(Math.min(to, item.length)))}`;
  return `${where}: ${inWords([...cell(row, column)].map((value) => value / 255))}`;
}

function describeRow(row) {
  const sums = new Array(width).fill(0);
  for (let column = 0; column < data.cells; column += 1) cell(row, column).forEach((value, at) => { sums[at] += value; });
  return `${data.rows[row].name}, ${clock(data.rows[row].length)}: ${inWords(sums.map((sum) => sum / 255 / data.cells))}`;
}

function inWords(shares) {
  const shown = data.labels
    .map((label, at) => [label, shares[at]])
    .filter(([, value]) => value > 0.005)
    .sort((one, other) => other[1] - one[1])
    .slice(0, 3)
    .map(([label, value]) => `${label} ${Math.round(100 * value)}%`);
  const total = shares.reduce((sum, value) => sum + value, 0);
  const words = shown.length ? `${shown.join(", ")} of the time` : "no face";
  return total > 1.02 ? `${words}; two faces at the same time count twice` : words;
}

function showTip(text, left, top) {
  const tip = document.getElementById("tip");
  tip.textContent = text;
  tip.hidden = false;
  tip.style.left = `${Math.max(8, Math.min(left, innerWidth - tip.offsetWidth - 8))}px`;
  tip.style.top = `${top}px`;
}

function hideTip() {
  document.getElementById("tip").hidden = true;
}

// A slider over time. Of all rows, the last used one is in the tab order.
function makeStrip(item, row) {
  const canvas = make("canvas");
  Object.assign(canvas, { width: data.cells, height: 1, tabIndex: row ? -1 : 0 });
  const state = { role: "slider", "aria-label": describeRow(row), "aria-valuemin": 0, "aria-valuemax": data.cells - 1 };
  for (const [name, value] of Object.entries(state)) canvas.setAttribute(name, value);
  const show = (column) => {
    canvas.setAttribute("aria-valuenow", column);
    canvas.setAttribute("aria-valuetext", describe(row, column));
  };
  const openAt = (column) => {
    if (item.href) open(`${item.href}#t=${((column * item.length) / data.cells).toFixed(1)}`);
  };
  const columnAt = (event) => {
    const box = canvas.getBoundingClientRect();
    const column = Math.floor(((event.clientX - box.left) / box.width) * data.cells);
    return Math.min(data.cells - 1, Math.max(0, column));
  };
  const tipHere = () => {
    const column = Number(canvas.getAttribute("aria-valuenow"));
    const box = canvas.getBoundingClientRect();
    showTip(describe(row, column), box.left + ((column + 0.5) * box.width) / data.cells, box.bottom + 6);
  };
  canvas.addEventListener("pointermove", (event) => showTip(describe(row, columnAt(event)), event.clientX + 12, event.clientY + 16));
  canvas.addEventListener("pointerleave", hideTip);
  canvas.addEventListener("pointerdown", (event) => show(columnAt(event)));
  canvas.addEventListener("click", (event) => openAt(columnAt(event)));
  canvas.addEventListener("focus", () => {
    document.querySelector("#rows canvas[tabindex='0']").tabIndex = -1;
    canvas.tabIndex = 0;
    tipHere();
  });
  canvas.addEventListener("blur", hideTip);
  canvas.addEventListener("keydown", (event) => {
    const column = Number(canvas.getAttribute("aria-valuenow"));
    const moved = { ArrowLeft: column - 1, ArrowRight: column + 1, PageDown: column - 10, PageUp: column + 10, Home: 0, End: data.cells - 1 }[event.key];
    const other = { ArrowUp: row - 1, ArrowDown: row + 1 }[event.key];
    if (event.key === "Enter") openAt(column);
    else if (moved !== undefined) show(Math.min(data.cells - 1, Math.max(0, moved)));
    else if (other !== undefined) document.querySelectorAll("#rows canvas")[other]?.focus();
    else return;
    event.preventDefault();
    if (document.activeElement === canvas) tipHere();
  });
  show(0);
  return canvas;
}

function showRows() {
  const canvases = data.rows.map((item, row) => {
    const canvas = makeStrip(item, row);
    const name = make("span", "name", bidi(item.name));
    name.title = item.name;
    document.getElementById("rows").append(make("div", "row", name, canvas, make("span", "figure", clock(item.length))));
    return canvas;
  });
  const paintAll = (chosen) => canvases.forEach((canvas, row) => paint(canvas, row, chosen));
  ["most frequent", ...data.labels].forEach((label, at) => {
    const input = make("input");
    Object.assign(input, { type: "radio", name: "shown", value: String(at - 1), checked: at === 0 });
    input.addEventListener("change", () => paintAll(at - 1));
    document.getElementById("choice").append(make("label", "", input, ...(at ? [swatch(label)] : []), label));
  });
  document.getElementById("rows-note").textContent = data.rows.some((item) => item.count > 1)
    ? "neighboring videos share a row, since there are many."
    : "its color is the most frequent expression, stronger where faces are visible longer.";
  document.getElementById("timeline").hidden = data.rows.length === 0;
  paintAll(-1);
}

function showClips() {
  let any = false;
  for (const [label, clips] of Object.entries(data.clips)) {
    if (!clips.length) continue;
    any = true;
    const list = make("ol");
    for (const clip of clips) {
      const link = make("a", "", bidi(`${clip.name} ${clock(clip.start)}`));
      link.href = `${clip.href}#t=${clip.start}`;
      link.title = `${clip.name} at ${clock(clip.start)}`;
      list.append(make("li", "", link, make("span", "figure", `${clip.seconds.toFixed(1)} s`)));
    }
    document.getElementById("clips").append(make("section", "", make("h3", "", swatch(label), label), list));
  }
  document.getElementById("best").hidden = !any;
}

showTiles();
showDistribution();
showRows();
showClips();
document.getElementById("options").textContent = JSON.stringify(data.options, null, 2);
