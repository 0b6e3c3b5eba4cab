import assert from "node:assert/strict";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import type { GroupOutcome } from "../study/training/member.ts";
import { type PoolOptions, WorkerPool } from "../study/workers/pool.ts";
import { runScript } from "./cli.ts";
import { type Ending, endSoon, follow, until } from "./_running.ts";
import { inTemporaryFolder } from "./_sweeps.ts";
import { ENDLESS, moduleTask, request } from "./workers/request.ts";

const timeout = { timeout: 60_000 };

const statuses = (outcomes: readonly GroupOutcome[]) => outcomes.map(({ status }) => status);
const reasons = (outcomes: readonly GroupOutcome[]) =>
  outcomes.map((outcome) => "reason" in outcome ? outcome.reason : outcome.status);

async function withPool(use: (pool: WorkerPool) => Promise<void>, options?: PoolOptions): Promise<void> {
  const pool = new WorkerPool(1, options);
  try {
    await use(pool);
  } finally {
    await pool.close();
  }
}

test("a pool trains a group, and reports each epoch of each member", timeout, () =>
  withPool(async (pool) => {
    const epochs: string[] = [];
    let last = 0;
    const outcomes = await pool.run(request(), {
      onEpoch(member, { epoch }, seconds) {
        epochs.push(`${member} ${epoch}`);
        assert.ok(seconds >= last);
        last = seconds;
      },
    });
    assert.deepEqual(statuses(outcomes), ["completed", "completed"]);
    assert.deepEqual(epochs.sort(), ["0 1", "0 2", "1 1", "1 2"]);
  }));

test(
  "a group that pauses goes on in another worker, with the same numbers",
  timeout,
  () =>
    withPool(async (pool) => {
      const whole = await pool.run(request());
      const paused = await pool.run(request({ pauseAfter: 1 }));
      assert.deepEqual(statuses(paused), ["paused", "paused"]);
      const { members, ...rest } = request();
      const resumed = members.map((member, i) => {
        const outcome = paused[i];
        return { ...member, ...outcome.status === "paused" && { checkpoint: outcome.checkpoint } };
      });
      await withPool(async (another) => {
        const outcomes = await another.run({ ...rest, members: resumed });
        const metrics = (outcomes: readonly GroupOutcome[]) =>
          outcomes.map((outcome) => outcome.status === "completed" && outcome.epochs);
        assert.deepEqual(metrics(outcomes), metrics(whole));
      });
    }),
);

test("checkpoints of each member are told of while a group trains", timeout, () =>
  withPool(async (pool) => {
    const epochs = new Map<number, number>();
    await pool.run(request({ checkpointMs: 0 }), {
      onCheckpoint: (checkpoints) => checkpoints.forEach(({ epoch }, member) => epochs.set(member, epoch)),
    });
    assert.deepEqual([...epochs], [[0, 2], [1, 2]]);
  }));

test(
  "a program that the runtime refuses fails its trials with the reason, each time",
  timeout,
  () =>
    withPool(async (pool) => {
      const { program } = request();
      const [[turn, train]] = Object.entries(program.train);
      const garbage = { ...train, bytes: new Uint8Array([1, 2, 3, 4]) };
      const refused = request({ programKey: "garbage", program: { ...program, train: { [turn]: garbage } } });
      const outcomes = await pool.run(refused);
      assert.deepEqual(statuses(outcomes), ["failed", "failed"]);
      for (const reason of reasons(outcomes)) assert.ok(reason);
      assert.deepEqual(await pool.run(refused), outcomes);
      assert.deepEqual(statuses(await pool.run(request())), ["completed", "completed"]);
    }),
);

test("a task that does not exist fails its trials with the reason", timeout, () =>
  withPool(async (pool) => {
    const outcomes = await pool.run(request({ task: { task: "digits" } }));
    assert.deepEqual(statuses(outcomes), ["failed", "failed"]);
    for (const reason of reasons(outcomes)) assert.match(reason!, /"digits"/);
    assert.deepEqual(statuses(await pool.run(request())), ["completed", "completed"]);
  }));

for (
  const [does, module, reason] of [
    ["exits", "exits", /^the worker process ended with code 7: out of luck$/],
    ["is killed", "is_killed", /^the worker process was killed by SIGKILL \(out of memory\?\)$/],
    ["crashes natively", "aborts", /^the worker process crashed \(SIG(ABRT|TRAP|ILL)\)[^\n]*$/],
    [
      "throws where nothing catches it",
      "throws",
      /^the worker process ended with code 1: RangeError: nobody catches this$/,
    ],
    [
      "rejects where nothing awaits it",
      "rejects",
      /^the worker process ended with code 1: RangeError: nobody awaits this$/,
    ],
    ["hangs", "hangs", /^no sign of life for 4 s: the worker process was ended$/],
  ] as const
) {
  test(
    `a worker that ${does} fails its trials with the reason, and is replaced`,
    timeout,
    () =>
      withPool(async (pool) => {
        const failed = await pool.run(request({ task: moduleTask(module) }));
        assert.deepEqual(statuses(failed), ["failed", "failed"]);
        for (const text of reasons(failed)) assert.match(text!, reason);
        assert.deepEqual(statuses(await pool.run(request())), ["completed", "completed"]);
      }, module === "hangs" ? { hangMs: 4000 } : {}),
  );
}

test("a worker that dies leaves its neighbours alone", timeout, async () => {
  const pool = new WorkerPool(2);
  try {
    const [failed, sound] = await Promise.all([
      pool.run(request({ task: moduleTask("is_killed") })),
      pool.run(request()),
    ]);
    assert.deepEqual([statuses(failed), statuses(sound)], [["failed", "failed"], ["completed", "completed"]]);
  } finally {
    await pool.close();
  }
});

test("what a task prints disturbs nothing", timeout, () =>
  withPool(async (pool) => {
    const outcomes = await pool.run(request({ task: moduleTask("prints") }));
    assert.deepEqual(statuses(outcomes), ["completed", "completed"]);
  }));

test(
  "an error of a listener stops its group and is thrown, and the pool goes on",
  timeout,
  () =>
    withPool(async (pool) => {
      const failing = pool.run(request({ epochs: ENDLESS }), {
        onEpoch() {
          throw new Error("disk full");
        },
      });
      await assert.rejects(failing, { message: "disk full" });
      assert.deepEqual(statuses(await pool.run(request())), ["completed", "completed"]);
    }),
);

test("a group that cannot be sent is refused, and the pool goes on", timeout, () =>
  withPool(async (pool) => {
    const members = [(() => {}) as never];
    await assert.rejects(pool.run(request({ members })));
    assert.deepEqual(statuses(await pool.run(request())), ["completed", "completed"]);
  }));

test("closing a pool ends the trials in progress as failed, and later ones too", timeout, async () => {
  const pool = new WorkerPool(1);
  let close: Promise<void> | undefined;
  const outcomes = await pool.run(request({ epochs: ENDLESS }), {
    onEpoch: () => close ??= pool.close(),
  });
  const stopped = ["the study was stopped", "the study was stopped"];
  assert.deepEqual(reasons(outcomes), stopped);
  await close;
  assert.deepEqual(reasons(await pool.run(request())), stopped);
});

/** Whether no such process runs. A zombie has ended: what took it over is slow to notice. */
function isGone(pid: string): boolean {
  const { stdout } = spawnSync("ps", ["-o", "stat=", "-p", pid], { encoding: "utf8" });
  return /^(Z.*)?$/.test(stdout.trim());
}

/** Runs a program with a pool of two, does something once it trains, and checks that its workers end with it. */
async function withProgram(
  way: string,
  then: (child: ChildProcess) => void,
): Promise<Ending> {
  let ending: Ending | undefined;
  await inTemporaryFolder(async (folder) => {
    const pidsFile = join(folder, "pids");
    const script = fileURLToPath(new URL("./workers/program.ts", import.meta.url));
    const running = follow(
      spawn(process.execPath, [...runScript, script, way], {
        env: { ...process.env, PIDS_FILE: pidsFile },
        stdio: ["ignore", "pipe", "pipe"],
        // A process group of its own, to be sent what a terminal sends.
        detached: true,
      }),
    );
    try {
      const pids = () => existsSync(pidsFile) ? readFileSync(pidsFile, "utf8").trim().split("\n") : [];
      const isReady = () => running.stdout().includes("ready") && pids().length === 2;
      await until("its workers were ready", running, isReady);
      then(running.child);
      ending = await endSoon(running);
      const start = performance.now();
      while (!pids().every(isGone)) {
        assert.ok(performance.now() - start < 10_000, "a worker outlived its program");
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    } finally {
      running.child.kill("SIGKILL");
    }
  });
  return ending!;
}

for (
  const [end, code] of [["closes", 0], ["exits", 3], ["throws", 1]] as const
) {
  test(`no worker is left when the program ${end}, and nothing keeps it from ending`, timeout, async () => {
    const ending = await withProgram(end, () => {});
    assert.deepEqual([ending.code, ending.signal], [code, null]);
  });
}

for (const [way, does] of [["waits", "trains"], ["hangs", "hangs"]] as const) {
  test(`a worker that ${does} is not left when the program is killed`, timeout, async () => {
    const { signal } = await withProgram(way, (child) => process.kill(child.pid!, "SIGKILL"));
    assert.equal(signal, "SIGKILL");
  });
}

test("what a terminal sends to its process group reaches no worker", timeout, async () => {
  const { code, stdout } = await withProgram("waits", (child) => process.kill(-child.pid!, "SIGINT"));
  assert.deepEqual([code, stdout], [0, "ready\nwent on\n"]);
});
