/* A worker: finds the counter whose key begins as the puzzle says (ALTCHA v2, PBKDF2), and tells how
   far it is. It counts upwards from 0, since the answer lies in the second half. */
const TELL_EVERY = 20;

self.addEventListener("message", async ({ data }) => {
  try {
    self.postMessage({ solution: await solve(data) });
  } catch {
    self.postMessage({ failed: true });
  }
});

async function solve({ algorithm, cost, keyLength, keyPrefix, nonce, salt, data }) {
  const hash = algorithm.split("/")[1];
  const [start, seed] = [bytes(nonce), bytes(salt)];
  const password = new Uint8Array(start.length + 4);
  password.set(start);
  for (let counter = 0; counter <= data.most; counter += 1) {
    new DataView(password.buffer).setUint32(start.length, counter);
    const key = await crypto.subtle.importKey("raw", password, "PBKDF2", false, ["deriveBits"]);
    const how = { name: "PBKDF2", hash, iterations: cost, salt: seed };
    const derivedKey = hex(await crypto.subtle.deriveBits(how, key, keyLength * 8));
    if (derivedKey.startsWith(keyPrefix)) return { counter, derivedKey };
    if (counter % TELL_EVERY === 0) self.postMessage({ done: counter / data.most });
  }
  throw new Error("no counter fits");
}

function bytes(text) {
  return Uint8Array.from(text.match(/../g), (pair) => parseInt(pair, 16));
}

function hex(buffer) {
  return Array.from(new Uint8Array(buffer), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
