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

import { TextLineStream } from "@std/streams";
import { connect, type Connection, lines, serve } from "@packetboat/net";
import { command, Exit, runCli, UsageError } from "./kit/cli.ts";
import { untilSignal } from "./kit/until_signal.ts";
import { addrText, endpointOf, tcpFlags } from "./kit/where.ts";

/** Longest line, in bytes; a longer one ends the connection that it came from. */
const MOST_LINE_BYTES = 1_000;
/** Lines that wait for a slow reader, at most 4 MB; then the oldest are dropped, for that reader only. */
const MOST_WAITING = 4_096;
const NAME = /^[\p{L}\p{N}_-]{1,20}$/u;
const HELP = "/who: who is here  /quit: leave  /crash: crash your handler";

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
      codec: lines({ maxFrameBytes: MOST_LINE_BYTES }),
      name: "chat",
      mailbox: { capacity: MOST_WAITING, overflow: "dropOldest" },
      onListen: (addr) => console.log(`chat: listening on ${addrText(addr)}`),
      onEvent(event) {
        if (event.kind === "malformed" || event.kind === "crashed") {
          console.error(`chat: ${(event.error as Error).message}`);
        }
      },
    }, (guest) => {
      // After a crash this runs again, for somebody who is in the room already.
      if (room.nameOf(guest) === undefined) guest.send("Your name?");
      return {
        frame: (line) => heard(room, guest, printable(line)),
        message: (line) => guest.send(line),
        shutdown: () => guest.send("* the room closes"),
        closed: () => room.leave(guest),
      };
    });
    await untilSignal(server);
  },
});

/** One line of a guest. */
function heard(room: Room, guest: Guest, line: string): unknown {
  if (line === "") return;
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
    case "/quit":
      return void guest.close();
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
    Deno.addSignalListener("SIGINT", () => room.send("/quit"));
    room.send(name);
    void typing(room);
    for await (const line of room) console.log(printable(line));
    // Nobody types any more; stdin, which waits for a line, must not keep the process.
    throw new Exit(0);
  },
});

/** What is typed goes out; the end of it says goodbye. */
async function typing(room: Connection<string>): Promise<void> {
  const typed = Deno.stdin.readable.pipeThrough(new TextDecoderStream())
    .pipeThrough(new TextLineStream());
  for await (const line of typed) {
    if (!room.send(line)) await room.drained();
  }
  room.send("/quit");
}

await runCli("chat", { serve: serveCommand, join: joinCommand });
