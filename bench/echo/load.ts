/**
 * A load generator for length-prefixed echo servers: so many connections, each with so many frames in
 * flight, of one size. Prints one line of JSON. Reads whatever comes and counts frames by the bytes; the
 * bytes of the first answers are compared, so that a server that answers rubbish is found out.
 *
 *     deno run --allow-net bench/echo/load.ts PORT FRAME_BYTES CONNECTIONS IN_FLIGHT SECONDS
 *
 * @module
 */

const [port, frameBytes, connections, inFlight, seconds] = Deno.args.map(
  Number,
);
const wireBytes = frameBytes + 4;

/** The answers expected, as a ring that is longer than any one read. */
const frame = new Uint8Array(wireBytes);
new DataView(frame.buffer).setUint32(0, frameBytes);
for (let i = 4; i < wireBytes; i++) frame[i] = (i * 31) & 0xff;

async function client(
  until: number,
): Promise<{ frames: number; latencyMs: number }> {
  const conn = await Deno.connect({ hostname: "127.0.0.1", port });
  conn.setNoDelay(true);
  const batch = new Uint8Array(wireBytes * inFlight);
  for (let i = 0; i < inFlight; i++) batch.set(frame, i * wireBytes);
  const into = new Uint8Array(Math.max(65_536, Math.min(1 << 20, wireBytes)));
  let owed = 0;
  let bytes = 0;
  let checked = 0;
  const startedMs = performance.now();
  const send = async (bytes: Uint8Array) => {
    for (let at = 0; at < bytes.length;) {
      at += await conn.write(bytes.subarray(at));
    }
  };
  let writing = send(batch);
  owed += batch.length;
  while (owed > 0) {
    const n = await conn.read(into);
    if (n === null) throw new Error("the server closed the connection");
    for (let i = 0; i < n && checked < 4 * wireBytes; i++, checked++) {
      if (into[i] !== frame[checked % wireBytes]) {
        throw new Error(`byte ${checked} of the answer is wrong`);
      }
    }
    owed -= n;
    const before = Math.floor(bytes / wireBytes);
    bytes += n;
    const whole = Math.floor(bytes / wireBytes) - before;
    if (whole > 0 && performance.now() < until) {
      await writing;
      owed += whole * wireBytes;
      writing = send(batch.subarray(0, whole * wireBytes));
    }
  }
  await writing;
  conn.close();
  const frames = bytes / wireBytes;
  return {
    frames,
    latencyMs: (performance.now() - startedMs) * inFlight / frames,
  };
}

const startMs = performance.now();
const results = await Promise.all(
  Array.from({ length: connections }, () => client(startMs + seconds * 1_000)),
);
const elapsed = (performance.now() - startMs) / 1_000;
const frames = results.reduce((sum, { frames }) => sum + frames, 0);
console.log(JSON.stringify({
  framesPerSecond: Math.round(frames / elapsed),
  megabytesPerSecond: +(frames * frameBytes / elapsed / 1e6).toFixed(1),
}));
