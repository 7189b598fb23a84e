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
  const most = Math.max(...values, 1e-9);
  data.labels.forEach((label, at) => {
    const fill = make("div", "fill");
    fill.style.width = `${(100 * values[at]) / most}%`;
    fill.style.background = css(label);
    const figure = `${ofVideos ? clock(values[at]) : count(values[at])}  (${share(values[at], total)})`;
    document.getElementById("distribution").append(
      make("div", "bar", make("span", "", label), make("div", "track", fill), make("span", "figure", figure)),
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

function describe(row, column) {
  const item = data.rows[row];
  const values = cell(row, column);
  const from = (column * item.length) / data.cells;
  const to = ((column + 1) * item.length) / data.cells;
  const shown = data.labels
    .map((label, at) => [label, values[at]])
    .filter(([, value]) => value > 2)
    .sort((one, other) => other[1] - one[1])
    .slice(0, 3)
    .map(([label, value]) => `${label} ${Math.round(value / 2.55)}%`);
  const where = item.count > 1 ? item.name : `${item.name}, ${clock(from)} to ${clock(to)}`;
  return `${where}: ${shown.join(", ") || "no face"}`;
}

function showRows() {
  const canvases = data.rows.map((item, row) => {
    const canvas = make("canvas");
    canvas.width = data.cells;
    canvas.height = 1;
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", item.name);
    const columnAt = (event) => {
      const box = canvas.getBoundingClientRect();
      const column = Math.floor(((event.clientX - box.left) / box.width) * data.cells);
      return Math.min(data.cells - 1, Math.max(0, column));
    };
    const tip = document.getElementById("tip");
    canvas.addEventListener("pointermove", (event) => {
      tip.textContent = describe(row, columnAt(event));
      tip.hidden = false;
      tip.style.left = `${Math.min(event.clientX + 12, innerWidth - tip.offsetWidth - 8)}px`;
      tip.style.top = `${event.clientY + 16}px`;
    });
    canvas.addEventListener("pointerleave", () => { tip.hidden = true; });
    canvas.addEventListener("click", (event) => {
      if (item.href) open(`${item.href}#t=${((columnAt(event) * item.length) / data.cells).toFixed(1)}`);
    });
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
