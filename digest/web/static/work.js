// Looks for the answer to a page's challenge, apart from the page, so that it stays alive meanwhile.
// SHA-256 (FIPS 180-4) is written out: browsers have their own only where the page is encrypted.
"use strict";

const K = new Uint32Array(64);
const START = new Uint32Array(8);

function roots() {
  // The first 32 bits of the fractional parts of cube and square roots of the first primes.
  const fraction = (x) => (x - Math.floor(x)) * 4294967296;
  for (let n = 2, found = 0; found < 64; n++) {
    let prime = true;
    for (let d = 2; d * d <= n; d++) if (n % d === 0) prime = false;
    if (!prime) continue;
    if (found < 8) START[found] = fraction(Math.sqrt(n));
    K[found++] = fraction(Math.cbrt(n));
  }
}

const turn = (x, n) => (x >>> n) | (x << (32 - n));

function block(state, bytes, at, w) {
  for (let i = 0; i < 16; i++) {
    const b = at + 4 * i;
    w[i] = (bytes[b] << 24) | (bytes[b + 1] << 16) | (bytes[b + 2] << 8) | bytes[b + 3];
  }
  for (let i = 16; i < 64; i++) {
    const x = w[i - 15], y = w[i - 2];
    w[i] = (turn(y, 17) ^ turn(y, 19) ^ (y >>> 10)) + w[i - 7]
      + (turn(x, 7) ^ turn(x, 18) ^ (x >>> 3)) + w[i - 16];
  }
  let [a, b, c, d, e, f, g, h] = state;
  for (let i = 0; i < 64; i++) {
    const t = (h + (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) + ((e & f) ^ (~e & g)) + K[i] + w[i]) | 0;
    const u = ((turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    h = g; g = f; f = e; e = (d + t) | 0; d = c; c = b; b = a; a = (t + u) | 0;
  }
  state[0] += a; state[1] += b; state[2] += c; state[3] += d;
  state[4] += e; state[5] += f; state[6] += g; state[7] += h;
}

function first(bytes, w, state) {
  // The first 32 bits of the hash: no challenge asks for more zeros.
  const padded = new Uint8Array((((bytes.length + 8) >> 6) + 1) << 6);
  padded.set(bytes);
  padded[bytes.length] = 128;
  new DataView(padded.buffer).setUint32(padded.length - 4, bytes.length * 8);
  state.set(START);
  for (let at = 0; at < padded.length; at += 64) block(state, padded, at, w);
  return state[0];
}

roots();

onmessage = ({ data }) => {
  const { challenge, address, bits } = data;
  const encoder = new TextEncoder(), w = new Int32Array(64), state = new Uint32Array(8);
  for (let answer = 0; ; answer++) {
    const hash = first(encoder.encode(`${challenge}:${address}:${answer}`), w, state);
    if (hash >>> (32 - bits) === 0) {
      postMessage({ address, answer: String(answer) });
      return;
    }
  }
};
