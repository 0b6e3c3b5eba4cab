/** What a study may ask for: each check throws where it asks for something else. */
import type { DeviceName } from "../../engine/device.ts";
import type { Optimizer } from "../../optim/optimizer.ts";
import { type Task, testBatchSize } from "../../tasks/task.ts";
import { isComparative } from "../pruners/comparative.ts";
import type { Pruner } from "../pruners/pruner.ts";
import { parsePruner } from "../pruners/registry.ts";
import { samplers } from "../samplers/registry.ts";
import { isRange, type SearchSpace } from "../space/domain.ts";
import { SpaceError } from "../space/values.ts";
import type { StudyRequest } from "./request.ts";
import type { RunningStatistics } from "./settings.ts";

export function checkCount(name: string, count: number | undefined): void {
  if (count !== undefined && !(Number.isSafeInteger(count) && count > 0)) {
    throw new RangeError(`Invalid ${name} ${count}: expected a positive integer`);
  }
}

/** @throws {SpaceError} where trials would wait by two ladders. */
export function checkRungs(pruners: readonly Pruner[]): void {
  const [first, second] = pruners.filter(({ rungs }) => rungs !== undefined);
  if (second === undefined) return;
  throw new SpaceError(
    `Cannot prune by ${first.text} and by ${second.text}: trials wait at the rungs of one; leave out the other`,
  );
}

/** @throws {SpaceError} for a shard of a search whose trials look at one another. */
export function checkShard(
  { shard, sampler = "grid", protocol }: StudyRequest,
  pruners: readonly string[],
): void {
  if (shard === undefined) return;
  const name = `${shard.number}/${shard.of}`;
  const refuse = (what: string) => {
    throw new SpaceError(
      `Cannot run shard ${name} of a study with ${what}, whose trials need one another's results`,
    );
  };
  if (sampler !== "grid" && samplers[sampler].learns) refuse(`the sampler ${sampler}`);
  const pruner = pruners.find((text) => isComparative(parsePruner(text)));
  if (pruner !== undefined) refuse(`the pruner ${pruner}`);
  if (protocol !== undefined) refuse(`the protocol ${protocol}`);
}

/** @throws {SpaceError} for groups on a device that has none. */
export function checkGroup(device: DeviceName, groupSize: number | undefined): void {
  if (device === "tensorflow" && groupSize !== undefined && groupSize > 1) {
    throw new SpaceError(
      `Cannot train ${groupSize} trials together on tensorflow, which trains one at a time: leave out --group`,
    );
  }
}

/** @throws {SpaceError} for a choice that makes no difference. */
export function checkRunningStatistics(
  task: Task,
  optimizer: Optimizer,
  runningStatistics: RunningStatistics | undefined,
): void {
  if (runningStatistics !== undefined && task.buffers === undefined) {
    throw new SpaceError(`${task.name} keeps no running statistics: leave out which gradient updates them`);
  }
  if (runningStatistics === "last" && optimizer.asksOnce) {
    throw new SpaceError(
      `${optimizer.name} takes one gradient a step, the first: the last can be asked for with an optimizer such as sam`,
    );
  }
}

/** @throws {SpaceError} where a batch cannot be divided as the optimizer and the accumulation of gradients ask for. */
export function checkParts(
  { hyperparameters }: Optimizer,
  space: SearchSpace,
  batchSize: number,
  accumulate: number,
): void {
  const counts = Object.entries(hyperparameters).flatMap(([name, declaration]) => {
    if (declaration.kind !== "count" || !declaration.dividesBatch) return [];
    const domain = space[name];
    if (!isRange(domain)) return domain as readonly number[];
    return Array.from({ length: domain.to - domain.from + 1 }, (_, i) => domain.from + i);
  });
  for (const parts of counts.length > 0 ? counts : [1]) {
    if (batchSize % (parts * accumulate) === 0) continue;
    const how = [parts, accumulate].filter((count) => count > 1).join(" x ");
    throw new SpaceError(
      `Cannot divide a batch of ${batchSize} into ${how} equal parts: use numbers whose product divides ${batchSize}`,
    );
  }
}

export function checkBatch(task: Task, batchSize: number): void {
  const { name, trainRows, testRows } = task.data;
  if (batchSize > trainRows) {
    throw new SpaceError(
      `Cannot train ${task.name} on batches of ${batchSize}: ${name} has ${trainRows} training rows; ` +
        "use a smaller batch size",
    );
  }
  if (testBatchSize(task) > testRows) {
    throw new SpaceError(
      `Cannot test ${task.name} on batches of ${testBatchSize(task)}: ${name} has ${testRows} test rows`,
    );
  }
}
