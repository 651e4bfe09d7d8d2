import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  actorChild,
  type ChildSpec,
  type ExitReason,
  type ReplyTo,
  RestartLimitError,
  spawn,
  supervise,
  type Supervisor,
} from "../../actor.ts";
import { Family } from "./family.ts";

function limitError(reason: ExitReason): RestartLimitError {
  assert(reason.kind === "failed");
  assert(reason.error instanceof RestartLimitError);
  return reason.error;
}

Deno.test("a supervisor past its limit ends the rest and fails with RestartLimitError and its history", async () => {
  const family = new Family();
  const { clock, onEvent } = family;
  const [a, b, c] = ["A", "B", "C"].map((name) => family.member(name));
  const tree = await supervise([a.spec, b.spec, c.spec], {
    name: "root",
    maxRestarts: 1,
    clock,
    onEvent,
  });
  await clock.advance(7);
  b.die("throw");
  await clock.advance(3);
  a.die("reject");
  const error = limitError(await tree.exited);
  assertEquals(
    error.message,
    'Cannot restart "root/A": 2 failures within 5000 ms, limit is 1',
  );
  assertEquals(
    error.history.map(({ atMs, error }) => [atMs, (error as Error).message]),
    [[7, "B threw"], [10, "A rejected"]],
  );
  assertEquals((error.cause as Error).message, "A rejected");
  assertEquals(await family.log(), "+A +B +C -B +B -A -C -B");
  assertEquals(family.events, [
    "B crashed: B threw, again",
    "B restarted",
    "A crashed: A rejected",
  ]);
  assertEquals(b.ref.tell("throw"), "stopped");
  assertEquals(await tree.stop(), await tree.exited);
  assertEquals(clock.pendingTimers, 0);
});

Deno.test("a grandchild past its limit fails its supervisor, whose parent rebuilds the branch, refs alive", async () => {
  const family = new Family();
  const { clock } = family;
  const a = family.member("A");
  const b = family.member("B");
  const other = family.member("O");
  const events: string[] = [];
  const branch: ChildSpec = {
    name: "branch",
    start: () =>
      supervise([a.spec, b.spec], {
        name: "branch",
        strategy: "oneForAll",
        maxRestarts: 1,
        clock,
      }),
  };
  await using root = await supervise([other.spec, branch], {
    name: "root",
    clock,
    onEvent: (event) => events.push(`${event.actor} ${event.kind}`),
  });
  assertEquals(await family.log(), "+O +A +B");
  b.die("throw");
  assertEquals(await family.log(), "-B -A +A +B");
  b.die("throw");
  assertEquals(await family.log(), "-B -A +A +B");
  assertEquals(events, ["branch crashed", "branch restarted"]);
  assertEquals(root.children.map(({ name, restarts }) => [name, restarts]), [
    ["O", 0],
    ["branch", 1],
  ]);
  assertEquals(b.ref.phase, "running");
  b.die("throw");
  assertEquals(await family.log(), "-B -A +A +B");
});

Deno.test("escalation up to the root ends everything, each history within the next", async () => {
  const family = new Family();
  const { clock } = family;
  const a = family.member("A");
  const nest = (name: string, children: ChildSpec[]): ChildSpec => ({
    name,
    start: () => supervise(children, { name, maxRestarts: 1, clock }),
  });
  const top = await supervise([nest("middle", [nest("bottom", [a.spec])])], {
    name: "top",
    maxRestarts: 1,
    clock,
  });
  let ended = false;
  top.exited.then(() => ended = true);
  let deaths = 0;
  for (await family.log(); !ended; await family.log()) {
    a.die("throw");
    deaths++;
    assert(deaths <= 8);
  }
  assertEquals(deaths, 8);
  const byTop = limitError(await top.exited);
  assertEquals(byTop.history.length, 2);
  const byMiddle = byTop.history[1].error as RestartLimitError;
  assert(byMiddle instanceof RestartLimitError);
  const byBottom = byMiddle.history[1].error as RestartLimitError;
  assert(byBottom instanceof RestartLimitError);
  assertEquals((byBottom.cause as Error).message, "A threw");
  assertEquals(a.ref.phase, "stopped");
  assertEquals(clock.pendingTimers, 0);
});

Deno.test("a branch whose rebuild fails counts as one more failure of the branch", async () => {
  const family = new Family();
  const { clock } = family;
  const a = family.member("A");
  const top = await supervise([{
    name: "branch",
    start: () => supervise([a.spec], { maxRestarts: 0, clock }),
  }], { name: "top", maxRestarts: 2, clock });
  a.starts.push("fail", "fail", "fail");
  a.die("throw");
  const error = limitError(await top.exited);
  assertEquals(
    error.history.map(({ error }) => (error as Error).constructor.name),
    ["RestartLimitError", "Error", "Error"],
  );
  assertEquals(await family.log(), "+A -A +A -A +A -A");
});

for (
  const [restart, rebuilt] of [["onFailure", true], ["never", false]] as const
) {
  Deno.test(`a branch with restart "${restart}" that gives up is ${rebuilt ? "rebuilt" : "forgotten"}`, async () => {
    const family = new Family();
    const { clock } = family;
    const a = family.member("A");
    await using top = await supervise([{
      name: "branch",
      restart,
      start: () => supervise([a.spec], { maxRestarts: 0, clock }),
    }], { clock });
    a.die("throw");
    assertEquals(await family.log(), rebuilt ? "+A -A +A" : "+A -A");
    assertEquals(top.children.length, rebuilt ? 1 : 0);
  });
}

Deno.test("a tree stops its branches right to left, each of them right to left", async () => {
  const family = new Family();
  const { clock } = family;
  const [a, b, c, d] = ["A", "B", "C", "D"].map((name) => family.member(name));
  const nest = (name: string, children: ChildSpec[]): ChildSpec => ({
    name,
    start: () => supervise(children, { clock }),
  });
  const top = await supervise([
    nest("left", [a.spec, b.spec]),
    nest("right", [c.spec, d.spec]),
  ], { clock });
  assertEquals(await family.log(), "+A +B +C +D");
  await top.stop();
  assertEquals(await family.log(), "-D -C -B -A");
  assertEquals(clock.pendingTimers, 0);
});

Deno.test("a ref of actorChild comes back to life with its branch: empty mailbox, next incarnation", async () => {
  const child = actorChild<ReplyTo<number> | "crash">("c", (context) => ({
    receive(message) {
      if (message === "crash") throw new Error("crash");
      message(context.incarnation);
    },
  }));
  const branch = (): Promise<Supervisor> =>
    supervise([child], { maxRestarts: 0 });
  const first = await branch();
  assertEquals(await child.ref.ask<number>((r) => r), 0);
  const exit = child.ref.exited;
  child.ref.tell("crash");
  child.ref.tell("crash");
  assertEquals((await first.exited).kind, "failed");
  assertEquals((await exit).kind, "failed");
  assertEquals(child.ref.tell("crash"), "stopped");
  await using _second = await branch();
  assertEquals(await child.ref.ask<number>((r) => r), 1);
  await assertRejects(branch, TypeError, "it runs already");
  assertEquals(await child.ref.ask<number>((r) => r), 1);
});

Deno.test("a spawned actor is a child too: a fresh one at every start", async () => {
  const refs: ReturnType<typeof spawn<string>>[] = [];
  await using tree = await supervise([{
    name: "s",
    start() {
      const ref = spawn<string>(() => ({
        receive() {
          throw new Error("boom");
        },
      }));
      refs.push(ref);
      return ref;
    },
  }]);
  refs[0].tell("x");
  await refs[0].exited;
  await new Promise((done) => setTimeout(done, 0));
  assertEquals(refs.length, 2);
  assertEquals(tree.children[0].child, refs[1]);
});
