import type { DeviceFacts } from "../../engine/devices/probe/report.ts";
import { formatDomain } from "../../study/space/domain.ts";
import type { StudyRecord } from "../store/record.ts";
import { FORMAT_VERSION } from "../store/schema.ts";

/** What study.json says: all that it takes to run the study again, and what became of it. */
export function describe(record: StudyRecord): unknown {
  const { name, settings, identity, accelerator, cpu, commandLine, startedAt } = record.description;
  const { task, metric, target, optimizer, space, lrScaling = null, taskChoice } = settings;
  const { jobs, threads, groupSize, groupReason, protocol = null, shard = null } = settings;
  return {
    format: FORMAT_VERSION,
    name,
    status: record.status,
    task,
    taskFile: identity.taskFile,
    table: identity.table && { ...taskChoice.table, ...identity.table },
    text: identity.text,
    metric,
    target,
    optimizer: optimizer.name,
    base: optimizer.base ?? null,
    space: Object.fromEntries(Object.entries(space).map(([name, domain]) => [name, formatDomain(domain)])),
    conditions: settings.conditions,
    sampler: settings.sampler,
    pruners: settings.pruners,
    stopAtTarget: settings.stopAtTarget,
    budget: settings.budget,
    protocol,
    shard,
    configurations: record.configurations.length,
    leftOut: settings.leftOut,
    trials: record.counts,
    seeds: settings.seeds,
    epochs: settings.epochs,
    batchSize: settings.batchSize,
    accumulate: settings.accumulate,
    device: settings.device,
    lrScaling,
    parameterGroups: settings.parameterGroups,
    shuffle: settings.shuffle,
    runningStatistics: settings.runningStatistics,
    jobs,
    threads,
    grouping: { size: groupSize, reason: groupReason },
    versions: identity.versions,
    code: identity.code,
    accelerator: accelerator === undefined ? null : plainAccelerator(accelerator),
    cpu,
    commandLine,
    startedAt,
    endedAt: record.endedAt,
    events: record.events,
  };
}

function plainAccelerator({ model, memoryBytes, library, platform, driver }: DeviceFacts) {
  const facts = { model, memoryBytes, library, platform, driver };
  return Object.fromEntries(Object.entries(facts).map(([name, value]) => [name, value ?? null]));
}
