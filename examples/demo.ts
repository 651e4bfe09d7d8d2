/**
 * The demo: a file's lines, again and again, through one TCP connection that is cut at random where it hurts.
 *
 * Teaches: frames come out whole whatever the cuts; a handler that throws is restarted on the same open socket
 * and loses only the frame it choked on; a peer that dies in the middle of a frame costs nobody else anything.
 *
 *     deno task demo --file /etc/services --records 200000
 *
 * The sending side is a bare socket on purpose: so each piece really is a write of its own.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { setImmediate as nextTask } from "node:timers/promises";
import { equals } from "@std/bytes";
import {
  encodeFrame,
  FrameDecoderStream,
  lengthPrefixed,
  serve,
} from "@packetboat/net";
import { Cargo, isPoisoned } from "./demo/cargo.ts";
import { showReport } from "./demo/report.ts";
import { command, Exit, runCli } from "./kit/cli.ts";
import { counting, type Tally } from "./kit/counting.ts";
import { cut } from "./kit/cut.ts";
import { readFile } from "./kit/files.ts";
import { progressBar } from "./kit/progress.ts";
import { writeAll } from "./kit/write_all.ts";

/** So many pieces at most arrive in one read. */
const STUCK_TOGETHER = 3;

const demo = command({
  summary:
    "Send a file's lines as records, cut at random, to a server whose handler crashes now and then. Lose nothing.",
  flags: {
    file: {
      type: "string",
      placeholder: "PATH",
      default: "README.md",
      help: "its lines are the records",
    },
    records: {
      type: "integer",
      min: 1,
      max: 1_000_000_000,
      default: 50_000,
      help: "how many to send",
    },
    seed: {
      type: "integer",
      min: 0,
      max: 2 ** 31 - 1,
      default: 1,
      help: "the same seed, the same cuts",
    },
  },
  async run({ file, records, seed }) {
    const cargo = new Cargo(file, await readFile(file), records);
    if (!showReport(cargo, seed, await sail(cargo, seed))) throw new Exit(1);
  },
});

/** Sends the whole cargo, and says what became of it. */
async function sail(cargo: Cargo, seed: number) {
  const codec = lengthPrefixed({ maxFrameBytes: cargo.longest + 4 });
  const sent = createHash("sha256");
  const reassembled = createHash("sha256");
  const tallies: Tally[] = [];
  const death = Promise.withResolvers<void>();
  let crashes = 0;

  // The server, as a user of the framework writes it. `counting` only looks over the codec's shoulder.
  await using server = serve({
    port: 0,
    codec: counting(codec, tallies),
    restart: { maxRestarts: Infinity },
    maxOutboxBytes: Math.max(16_777_216, codec.maxFrameBytes),
    onEvent(event) {
      if (event.kind === "crashed") crashes++;
      // What the server has to say of the client that dies half-way through a frame.
      if (event.kind === "malformed") death.resolve();
    },
  }, (connection) => ({
    frame(record) {
      reassembled.update(encodeFrame(codec, record));
      if (isPoisoned(record)) throw new Error("I cannot stomach this one");
      connection.send(record);
    },
  }));

  // The client, as unkind as can be.
  const { hostname, port } = server.addr as Deno.NetAddr;
  using wire = await Deno.connect({ hostname, port });
  wire.setNoDelay(true);

  let pieces = 0;
  let bytesSent = 0;
  async function send(): Promise<void> {
    const frames = cargo.records().map((record) => encodeFrame(codec, record));
    for (const piece of cut(frames, seed)) {
      await writeAll(wire, piece);
      sent.update(piece);
      bytesSent += piece.length;
      if (++pieces % STUCK_TOGETHER === 0) await arrival();
    }
    await wire.closeWrite();
  }

  /** In one process, a writer that never waited would be done before the reader had its turn. */
  async function arrival(): Promise<void> {
    while (server.stats.bytesIn < bytesSent && server.stats.open > 0) {
      await nextTask();
    }
  }

  let answers = 0;
  const bar = progressBar("{bar} {percentage} %   {value} of {total} records");
  async function receive(): Promise<void> {
    const expected = cargo.records().filter((record) => !isPoisoned(record));
    const received = wire.readable.pipeThrough(new FrameDecoderStream(codec));
    for await (const answer of received) {
      const { value } = expected.next();
      if (value === undefined || !equals(answer, value)) {
        throw new Error(`Answer ${answers + 1} is not what was sent`);
      }
      bar.update(++answers);
    }
  }

  async function dieHalfWay(): Promise<void> {
    const frame = encodeFrame(codec, cargo.first);
    using peer = await Deno.connect({ hostname, port });
    await writeAll(peer, frame.subarray(0, frame.length / 2));
    peer.close();
    await death.promise;
  }

  const startedAtMs = performance.now();
  bar.start(cargo.count, 0);
  try {
    await Promise.all([dieHalfWay(), receive(), send()]);
    return {
      answers,
      pieces,
      crashes,
      ms: performance.now() - startedAtMs,
      stats: server.stats,
      tally: tallies[0],
      sent: sent.digest("hex"),
      reassembled: reassembled.digest("hex"),
    };
  } finally {
    bar.stop();
  }
}

/** What one voyage came to. */
export type Voyage = Awaited<ReturnType<typeof sail>>;

await runCli("demo", { "": demo });
