// The picture and the boxes over it. One picture is requested at a time, when the last one has been
// drawn: a slow connection skips frames and does not lag behind.

import { colorOf, isolated, nameOf } from "./appearance.js";

const canvas = document.getElementById("picture");
const boxes = document.getElementById("boxes");
const stage = document.getElementById("stage");

let number = 0;
let isPaused = false;
let asking = new AbortController();

const pause = (ms) => new Promise((done) => setTimeout(done, ms));

export function setPaused(value) {
  isPaused = value;
}

// After a lost connection the frame numbers may belong to another run.
export function startAgain() {
  number = 0;
  asking.abort();
}

export async function showPictures(onShown) {
  for (;;) {
    if (isPaused || document.hidden) {
      await pause(200);
      continue;
    }
    asking = new AbortController();
    try {
      const answer = await fetch(`frame.jpg?after=${number}`, { signal: asking.signal });
      if (answer.status !== 200) {
        await pause(answer.status === 204 ? 300 : 2000);
        continue;
      }
      const overlay = JSON.parse(answer.headers.get("Fer-Edge-Overlay"));
      const image = await createImageBitmap(await answer.blob());
      number = overlay.number;
      draw(image, overlay.faces);
      image.close();
      onShown();
    } catch {
      await pause(1000);
    }
  }
}

function draw(image, faces) {
  if (canvas.width !== image.width || canvas.height !== image.height) {
    canvas.width = image.width;
    canvas.height = image.height;
  }
  canvas.getContext("2d").drawImage(image, 0, 0);
  fitBoxes();
  while (boxes.children.length > faces.length) boxes.lastChild.remove();
  while (boxes.children.length < faces.length) {
    const box = document.createElement("div");
    box.className = "box";
    box.append(document.createElement("span"));
    boxes.append(box);
  }
  faces.forEach((face, i) => place(boxes.children[i], face));
}

// A tall picture is narrower than the area for it.
function fitBoxes() {
  const scale = Math.min(canvas.clientWidth / canvas.width, canvas.clientHeight / canvas.height);
  boxes.style.width = `${scale * canvas.width}px`;
  boxes.style.height = `${scale * canvas.height}px`;
}

function place(box, face) {
  const [left, top, right, bottom] = face.box;
  box.style.left = `${100 * left}%`;
  box.style.top = `${100 * top}%`;
  box.style.width = `${100 * (right - left)}%`;
  box.style.height = `${100 * (bottom - top)}%`;
  box.style.setProperty("--hue", colorOf(face.label));
  const height = boxes.clientHeight;
  box.classList.toggle("low", top * height < 34);
  box.classList.toggle("right", left > 0.7);
  box.classList.toggle("small", (bottom - top) * height < 70);
  box.firstChild.textContent = `${nameOf(face.face, true)} · ${isolated(face.label)}`;
}

new ResizeObserver(fitBoxes).observe(stage);
