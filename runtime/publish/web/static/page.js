// The page: numbers come as server-sent events, pictures are requested one by one (overlay.js).

import { colorOf, nameOf, setColors, sourceName } from "./appearance.js";
import { setPaused, showPictures, startAgain } from "./overlay.js";
import { add, drawTimeline, forget } from "./timeline.js";

const RETRY_MS = 2000;
const STALL_MS = 10000;
const GONE_MS = 1000;
const byId = (id) => document.getElementById(id);

let isLive = false;
let isRead = false; // the camera delivers frames and is not paused
let isPaused = false; // this page
let hasPicture = false;
let lastFrames = -1;
let lastFrameAt = 0;
let drawnSecond = -1;
let labelsKey = "";

function say(state, text, veil = "") {
  const status = byId("status");
  if (status.dataset.state !== state) status.dataset.state = state;
  if (status.textContent !== text) status.textContent = text; // screen readers announce a change
  byId("veil").textContent = veil;
  byId("veil").hidden = !veil;
}

function connect() {
  const events = new EventSource("api/events");
  let hasPast = false;
  events.addEventListener("past", (event) => {
    if (!hasPast) forget();
    hasPast = true;
    add(JSON.parse(event.data));
  });
  events.addEventListener("now", (event) => {
    isLive = true;
    show(JSON.parse(event.data));
  });
  const lose = async (text, veil) => {
    events.close();
    isLive = false;
    lastFrames = -1;
    drawnSecond = -1;
    hasPicture = false;
    startAgain();
    byId("rate").textContent = "–";
    say("bad", text, veil);
    setTimeout(retry, RETRY_MS);
  };
  events.addEventListener("end", () =>
    lose("ended", "The run has ended. This page reconnects when it is restarted."),
  );
  events.onerror = () => lose("connection lost", "No connection. Trying again.");
}

async function retry() {
  try {
    const answer = await fetch("api/state");
    if (answer.status === 401) {
      say("bad", "no access", "The token has changed. Open the page with the new one.");
    } else if (answer.ok) {
      connect();
      return;
    }
  } catch {
    // still no connection: the message stays
  }
  setTimeout(retry, RETRY_MS);
}

function show(now) {
  if (now.frames !== lastFrames) {
    lastFrames = now.frames;
    lastFrameAt = performance.now();
  }
  isRead = now.camera === "online";
  sayHowItGoes(now);
  showNumbers(now);
  if (isPaused || now.frames === 0) return;
  byId("source").textContent = sourceName(now.source);
  setColors(now.colors);
  showLegend(now.labels);
  showFaces(now);
  if (now.second !== drawnSecond) {
    drawnSecond = now.second;
    drawTimeline(now.second);
  }
}

function sayHowItGoes(now) {
  if (now.camera === "paused") {
    say("waiting", "run paused", "The run is paused. The camera is closed.");
  } else if (now.camera === "offline") {
    say("waiting", "camera lost", "The camera is lost. Trying to reconnect.");
  } else if (now.frames === 0) {
    say("waiting", "waiting", "Waiting for the first frame");
  } else if (performance.now() - lastFrameAt > STALL_MS) {
    say("waiting", "no new frames");
  } else if (isPaused) {
    say("waiting", "paused");
  } else {
    say("live", "live", hasPicture ? "" : "Waiting for the picture");
  }
}

function showFaces(now) {
  const list = byId("faces");
  const at = performance.now();
  const cards = new Map([...list.children].map((card) => [Number(card.dataset.face), card]));
  const faces = [...now.faces].sort((a, b) => Math.abs(a.face) - Math.abs(b.face));
  for (const face of faces) {
    let card = cards.get(face.face);
    if (!card) {
      card = newCard(face.face);
      const after = [...list.children].find(
        (other) => Math.abs(other.dataset.face) > Math.abs(face.face),
      );
      list.insertBefore(card, after ?? null);
    }
    cards.delete(face.face);
    card.dataset.at = at;
    card.classList.remove("gone");
    fillCard(card, face, now.labels);
  }
  // a face that is missed for a moment does not change the layout
  for (const card of cards.values()) {
    card.classList.add("gone");
    if (at - Number(card.dataset.at) > GONE_MS) card.remove();
  }
  byId("nobody").hidden = list.children.length > 0;
  const hidden = now.faces_in_all - now.faces.length;
  byId("more").hidden = hidden === 0;
  byId("more").textContent = `and ${hidden} smaller ${hidden === 1 ? "face" : "faces"}`;
  const count = now.faces_in_all;
  const title = count === 0 ? "Faces" : count === 1 ? "1 face" : `${count} faces`;
  if (byId("people-title").textContent !== title) {
    byId("people-title").textContent = title;
    byId("picture").setAttribute("aria-label", count ? `Live picture with ${title}` : "Live picture without a face");
  }
}

function newCard(face) {
  const card = document.createElement("li");
  card.className = "face";
  card.dataset.face = face;
  const title = document.createElement("h3");
  const name = document.createElement("span");
  name.className = "name";
  name.textContent = nameOf(face);
  title.append(document.createElement("span"), document.createElement("span"), name);
  card.append(title, document.createElement("ul"));
  return card;
}

function fillCard(card, face, labels) {
  const [title, list] = card.children;
  card.style.setProperty("--hue", colorOf(face.label));
  title.children[0].textContent = face.label;
  title.children[0].title = face.label;
  // the probability is that of the top bar: "uncertain 38%" would be misread
  title.children[1].textContent = face.label === "uncertain" ? "" : percent(face.probability);
  const top = face.scores.indexOf(Math.max(...face.scores));
  if (list.children.length !== labels.length) {
    list.replaceChildren(...labels.map(newBar));
  }
  labels.forEach((label, i) => {
    const row = list.children[i];
    row.className = i === top ? "top" : "";
    row.children[0].textContent = label;
    row.children[0].title = label;
    const bar = row.children[1].firstChild;
    bar.style.setProperty("--share", face.scores[i]);
    bar.style.setProperty("--hue", colorOf(label));
    row.children[2].textContent = percent(face.scores[i]);
  });
}

function newBar() {
  const row = document.createElement("li");
  const bar = document.createElement("div");
  bar.className = "bar";
  bar.setAttribute("aria-hidden", "true"); // the value next to it says the same
  bar.append(document.createElement("i"));
  row.append(document.createElement("span"), bar, document.createElement("span"));
  return row;
}

const percent = (share) => `${Math.round(100 * share)}%`;

function showLegend(labels) {
  const key = labels.join("\n");
  if (key === labelsKey) return;
  labelsKey = key;
  byId("legend").replaceChildren(
    ...[...labels, "uncertain"].map((label) => {
      const item = document.createElement("li");
      item.textContent = label;
      item.className = label === "uncertain" ? "uncertain" : "";
      item.style.setProperty("--hue", colorOf(label));
      return item;
    }),
  );
}

function showNumbers(now) {
  byId("rate").textContent = now.rate_hz.toFixed(1);
  byId("median").textContent = now.latency_ms.median.toFixed(1);
  byId("p95").textContent = now.latency_ms.p95.toFixed(1);
  byId("frames").textContent = now.frames.toLocaleString("en");
  byId("dropped").textContent = now.dropped.toLocaleString("en");
  byId("uptime").textContent = duration(now.uptime_s);
  const stages = Object.entries(now.stages_mean_ms).filter(([, ms]) => ms > 0);
  const total = stages.reduce((sum, [, ms]) => sum + ms, 0);
  byId("stage-bar").hidden = stages.length === 0;
  fit(byId("stage-bar"), stages.length, "i");
  fit(byId("stages"), stages.length, "li");
  stages.forEach(([name, ms], i) => {
    const piece = byId("stage-bar").children[i];
    const item = byId("stages").children[i];
    const fade = 1 - (0.75 * i) / Math.max(1, stages.length - 1);
    piece.style.width = `${(100 * ms) / total}%`;
    piece.style.setProperty("--fade", fade);
    item.style.setProperty("--fade", fade);
    item.textContent = `${name} ${ms.toFixed(2)} ms`;
  });
}

function fit(parent, count, tag) {
  while (parent.children.length > count) parent.lastChild.remove();
  while (parent.children.length < count) parent.append(document.createElement(tag));
}

function duration(seconds) {
  const minutes = Math.floor(seconds / 60);
  if (minutes < 1) return `${Math.floor(seconds)} s`;
  if (minutes < 60) return `${minutes} min`;
  if (minutes < 2880) return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
  return `${Math.floor(minutes / 1440)} days`;
}

byId("pause").addEventListener("click", () => {
  isPaused = !isPaused;
  setPaused(isPaused);
  byId("pause").textContent = isPaused ? "Resume" : "Pause";
});
window.addEventListener("resize", () => (drawnSecond = -1));
// a strip does not change with the color scheme by itself
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => (drawnSecond = -1));

connect();
showPictures(() => {
  hasPicture = true;
  if (isLive && isRead && !byId("veil").hidden) byId("veil").hidden = true;
});
