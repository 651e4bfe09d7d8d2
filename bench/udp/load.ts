/**
 * A load generator for datagram echo servers: so many sockets, each with so many datagrams in flight, of one
 * size. Prints one line of JSON. Of every answer the length and the first and last byte are compared. A datagram
 * may be lost: a socket that hears nothing for a while counts its window as lost and sends it again.
 *
 *     deno run --unstable-net --allow-net=127.0.0.1 bench/udp/load.ts PORT BYTES SOCKETS IN_FLIGHT SECONDS
 *
 * @module
 */

const [port, byteLength, sockets, inFlight, seconds] = Deno.args.map(Number);
const to: Deno.NetAddr = { transport: "udp", hostname: "127.0.0.1", port };

/** How long nothing has to be heard before datagrams count as lost. */
const LOST_MS = 500;

const datagram = new Uint8Array(byteLength);
for (let i = 0; i < byteLength; i++) datagram[i] = (i * 31) & 0xff;

async function client(
  untilMs: number,
): Promise<{ answers: number; lost: number }> {
  const socket = Deno.listenDatagram({
    transport: "udp",
    hostname: "127.0.0.1",
    port: 0,
  });
  const into = new Uint8Array(65_536);
  let [answers, lost, inside, heard] = [0, 0, 0, 0];
  const send = (count: number) => {
    for (; count > 0; count--, inside++) void socket.send(datagram, to);
  };
  const watch = setInterval(() => {
    if (heard === answers) {
      lost += inside;
      inside = 0;
      if (performance.now() < untilMs) send(inFlight);
      else socket.close();
    }
    heard = answers;
  }, LOST_MS);
  send(inFlight);
  try {
    while (inside > 0 || performance.now() < untilMs) {
      const [bytes] = await socket.receive(into);
      if (
        bytes.length !== byteLength || bytes[0] !== datagram[0] ||
        bytes[byteLength - 1] !== datagram[byteLength - 1]
      ) throw new Error("an answer is not what was sent");
      answers++;
      inside--;
      if (performance.now() < untilMs) send(1);
    }
    socket.close();
  } catch (error) {
    // Closed by the watch: the last answers were lost.
    if (!(error instanceof Deno.errors.Interrupted)) throw error;
  } finally {
    clearInterval(watch);
  }
  return { answers, lost };
}

const startMs = performance.now();
const results = await Promise.all(
  Array.from({ length: sockets }, () => client(startMs + seconds * 1_000)),
);
const sum = (values: number[]) => values.reduce((a, b) => a + b, 0);
console.log(JSON.stringify({
  datagrams: sum(results.map(({ answers }) => answers)),
  lost: sum(results.map(({ lost }) => lost)),
  seconds: (performance.now() - startMs) / 1_000,
}));
