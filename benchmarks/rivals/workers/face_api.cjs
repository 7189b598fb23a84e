// `@vladmandic/face-api` in Node with TensorFlow.js's WebAssembly backend and its tiny face detector.
// Arguments and commands as in conversation.py.
const fs = require('fs');
const path = require('path');
const readline = require('readline');

// Node resolves packages from the rival's own environment
const need = require('module').createRequire(path.join(process.env.RIVAL_HOME, 'index.js'));
const tf = need('@tensorflow/tfjs');
const wasm = need('@tensorflow/tfjs-backend-wasm');
const home = path.dirname(need.resolve('@vladmandic/face-api/package.json'));
const faceapi = require(path.join(home, 'dist/face-api.node-wasm.js'));

const NAMES = { disgusted: 'disgust', fearful: 'fear', surprised: 'surprise' };
const [file, ...numbers] = process.argv.slice(2);
const [count, height, width] = numbers.map(Number);

// raw interleaved BGR, or one gray byte a pixel, to an int32 RGB tensor
function toTensor(bytes, h, w, channels) {
  const rgb = new Int32Array(h * w * 3);
  for (let i = 0; i < h * w; i++) {
    for (let c = 0; c < 3; c++) rgb[3 * i + c] = channels === 1 ? bytes[i] : bytes[3 * i + 2 - c];
  }
  return tf.tensor3d(rgb, [h, w, 3], 'int32');
}

async function readFace(bytes, side) {
  const tensor = toTensor(bytes, side, side, 1);
  const scores = await faceapi.nets.faceExpressionNet.predictExpressions(tensor);
  tf.dispose(tensor);
  const label = scores.asSortedArray()[0].expression;
  return NAMES[label] || label;
}

async function readFrame(bytes) {
  const tensor = toTensor(bytes, height, width, 3);
  const options = new faceapi.TinyFaceDetectorOptions();
  const found = await faceapi.detectAllFaces(tensor, options).withFaceExpressions();
  tf.dispose(tensor);
  return found;
}

async function timed(work) {
  const started = performance.now();
  await work();
  return performance.now() - started;
}

async function main() {
  const say = (reply) => fs.writeSync(1, `${JSON.stringify(reply)}\n`);
  console.log = console.error; // a rival that prints must not disturb the conversation
  wasm.setWasmPaths(path.join(path.dirname(need.resolve('@tensorflow/tfjs-backend-wasm')), '/'));
  await tf.setBackend('wasm');
  await tf.ready();
  await faceapi.nets.tinyFaceDetector.loadFromDisk(path.join(home, 'model'));
  await faceapi.nets.faceExpressionNet.loadFromDisk(path.join(home, 'model'));
  const clip = fs.readFileSync(file);
  const frame = (i) => clip.subarray(i * height * width * 3, (i + 1) * height * width * 3);
  let face = new Uint8Array(48 * 48).fill(128);
  let side = 48;
  say({ ready: true });
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const command = JSON.parse(line);
    const reply = {};
    if (command.do === 'faces') {
      const faces = fs.readFileSync(command.file);
      side = command.side;
      const area = side * side;
      face = faces.subarray(0, area);
      reply.labels = [];
      for (let i = 0; i < command.count; i++) {
        reply.labels.push(await readFace(faces.subarray(i * area, (i + 1) * area), side));
      }
    } else if (command.do === 'face_ms') {
      reply.ms = [];
      for (let i = 0; i < command.runs; i++) reply.ms.push(await timed(() => readFace(face, side)));
    } else if (command.do === 'frames_ms') {
      reply.ms = [];
      for (let i = 0; i < count; i++) reply.ms.push(await timed(() => readFrame(frame(i))));
    } else {
      const status = fs.readFileSync('/proc/self/status', 'ascii');
      reply.mb = Number(status.match(/VmHWM:\s+(\d+)/)[1]) / 1024;
    }
    say(reply);
  }
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
