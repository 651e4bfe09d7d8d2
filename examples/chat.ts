/**
 * A chat room: everybody sees every line.
 *
 * Teaches: connections are actors and tell each other messages; a mailbox has a bound, so that somebody who reads
 * slowly harms nobody; what must survive a crash of a handler lives outside of it, everything else begins afresh.
 *
 *     deno task chat serve
 *     deno task chat join ann          (or: nc 127.0.0.1 8801)
 *
 * @module
 */

import {
  type Codec,
  connect,
  type Connection,
  decodeFrames,
  delimited,
  FrameTooLargeError,
  lines,
  serve,
} from "@packetboat/net";
import { command, Exit, printError, runCli, UsageError } from "./kit/cli.ts";
import { untilSignal } from "./kit/until_signal.ts";
import { addrText, endpointOf, tcpFlags } from "./kit/where.ts";

/** Longest line, in bytes; a longer one ends the connection that it came from. */
const MOST_LINE_BYTES = 1_000;
/** Lines that wait for a slow reader, at most 4 MB; then the oldest are dropped, for that reader only. */
const MOST_WAITING = 4_096;
const NAME = /^[\p{L}\p{N}_-]{1,20}$/u;
const HELP = "/who: who is here  /quit: leave  /crash: crash your handler";
const QUIT = "/quit";
const CLOSING = "* the room closes";
/** What a shell shows for a process that SIGINT ended: 128 + 2. */
const INTERRUPTED = 130;

/** A line that comes in alone goes out behind a name, and the names of all who are here make a longer one. */
const CODEC: Codec<string> = {
  ...lines({ maxFrameBytes: MOST_LINE_BYTES }),
  encode: lines().encode,
};

/** What one connection tells another: a line to show. */
type Show = string;
type Guest = Connection<string, string, Show>;

/** Who is here. Not in the handler, so that nobody leaves because of a crash. */
class Room {
  readonly #names = new Map<Guest, string>();

  nameOf(guest: Guest): string | undefined {
    return this.#names.get(guest);
  }

  get names(): string[] {
    return [...this.#names.values()].sort();
  }

  enter(guest: Guest, name: string): void {
    this.#names.set(guest, name);
    this.say(`* ${name} joined`);
  }

  leave(guest: Guest): void {
    const name = this.#names.get(guest);
    if (this.#names.delete(guest)) this.say(`* ${name} left`);
  }

  has(name: string): boolean {
    return this.names.some((other) =>
      other.toLowerCase() === name.toLowerCase()
    );
  }

  /** `tell` never waits, whoever does not read. */
  say(line: string): void {
    for (const guest of this.#names.keys()) guest.tell(line);
  }
}

const serveCommand = command({
  summary: "Open a room. Anything that sends lines can join, such as nc.",
  flags: tcpFlags(8801),
  async run(where) {
    const room = new Room();
    await using server = serve<string, string, Show>({
      ...await endpointOf(where),
      codec: CODEC,
      name: "chat",
      mailbox: { capacity: MOST_WAITING, overflow: "dropOldest" },
      onListen: (addr) => console.log(`chat: listening on ${addrText(addr)}`),
      onEvent(event) {
        if (event.kind === "malformed" || event.kind === "crashed") {
          printError("chat", event.error);
        }
      },
    }, (guest) => {
      // After a crash this runs again, for somebody who is in the room already.
      if (room.nameOf(guest) === undefined) guest.send("Your name?");
      return {
        frame: (line) => heard(room, guest, printable(line)),
        message: (line) => guest.send(line),
        malformed: () =>
          guest.send(`* a line is UTF-8, ${MOST_LINE_BYTES} bytes at most`),
        shutdown: () => guest.send(CLOSING),
        closed: () => room.leave(guest),
      };
    });
    await untilSignal(server);
  },
});

/** One line of a guest. */
function heard(room: Room, guest: Guest, line: string): unknown {
  if (line === "") return;
  if (line === QUIT) return void guest.close();
  const name = room.nameOf(guest);
  if (name === undefined) {
    if (!NAME.test(line)) {
      return guest.send(
        "A name has 1 to 20 letters, digits, - or _. Your name?",
      );
    }
    if (room.has(line)) return guest.send(`${line} is taken. Your name?`);
    guest.send(HELP);
    return room.enter(guest, line);
  }
  switch (line) {
    case "/who":
      return guest.send(`* here: ${room.names.join(", ")}`);
    case "/crash":
      throw new Error(`The handler of ${name} crashes, as asked`);
  }
  if (line.startsWith("/")) return guest.send(HELP);
  room.say(`${name}: ${line}`);
}

/** Without what could move the cursor of somebody else's terminal. */
function printable(line: string): string {
  return line.replace(/\p{Cc}/gu, "").trim();
}

const joinCommand = command({
  summary: "Join a room under a NAME: type lines, see everybody's.",
  words: "NAME",
  flags: tcpFlags(8801),
  async run(where, [name, ...others]) {
    if (name === undefined || others.length > 0) {
      throw new UsageError("Cannot join without exactly one NAME");
    }
    await using room = await connect({
      ...await endpointOf(where),
      codec: lines(),
    });
    let leaving = false;
    const leave = () => {
      leaving = true;
      room.send(QUIT);
    };
    let interrupted = false;
    Deno.addSignalListener("SIGINT", () => {
      // A room that does not answer cannot keep anybody.
      interrupted = leaving;
      if (leaving) room.abort();
      else leave();
    });
    room.send(name);
    let failure: unknown;
    void typing(room, leave).catch((error) => {
      failure = error;
      leave();
    });
    let last: string | undefined;
    for await (const line of room) console.log(last = printable(line));
    if (interrupted) throw new Exit(INTERRUPTED);
    if (failure !== undefined) throw failure;
    if (!leaving && last !== CLOSING) {
      throw new Error("Lost the room: it closed the connection");
    }
    // Nobody types any more; stdin, which waits for a line, must not keep the process.
    throw new Exit(0);
  },
});

/** What is typed goes out; the end of it says goodbye. */
async function typing(
  room: Connection<string>,
  leave: () => void,
): Promise<void> {
  const line = delimited("\n", {
    atEnd: "emit",
    maxFrameBytes: MOST_LINE_BYTES,
  });
  const decoder = new TextDecoder();
  try {
    for await (const bytes of decodeFrames(line, Deno.stdin.readable)) {
      const typed = decoder.decode(bytes).replace(/\r$/, "");
      if (typed.trim() === QUIT) break;
      if (!room.send(typed)) await room.drained();
    }
  } catch (error) {
    if (!(error instanceof FrameTooLargeError)) throw error;
    throw new Error(
      `Cannot send a line of more than ${MOST_LINE_BYTES} bytes`,
      { cause: error },
    );
  }
  leave();
}

await runCli("chat", { serve: serveCommand, join: joinCommand });
