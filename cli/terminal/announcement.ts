/** What is said of a study before it runs. */
import { type ChosenDevice, describeDevice } from "../../engine/devices/choose.ts";
import { formatValue, studyTitle } from "../../results/format.ts";
import type { TrialState } from "../../study/ledger.ts";
import type { StudySettings } from "../../study/settings/settings.ts";
import { isRange } from "../../study/space/domain.ts";
import { formatNumber } from "../../results/format.ts";
import { duration } from "./progress.ts";
import { trainingNotes } from "./training_notes.ts";

/** How much is about to run, where, which values, and what was left out. */
export function announcement(
  settings: StudySettings,
  device: ChosenDevice = { name: settings.device },
): string {
  const { leftOut, seeds, epochs, batchSize, jobs, threads, space, points } = settings;
  const what = points === undefined ? `${settings.sampler.name} search` : plural(points, "configuration");
  const lines = [
    studyTitle(settings),
    `  ${what} x ${plural(seeds.length, "seed")}, ${plural(epochs, "epoch")}, batch ${batchSize}, ` +
    plural(jobs, "job") + (threads > 1 ? ` of ${threads} threads` : ""),
  ];
  lines.push(
    ...[...deviceNotes(device), ...groupNotes(settings), ...searchNotes(settings), ...trainingNotes(settings)]
      .map((note) => `  ${note}`),
  );
  for (const [name, domain] of Object.entries(space)) {
    if (isRange(domain)) {
      const { distribution, from, to } = domain;
      lines.push(`  ${name} ${formatNumber(from)} to ${formatNumber(to)}, ${distribution}`);
    } else if (domain.length > 1) {
      lines.push(`  ${name} ${shortened(domain.map((value) => formatValue(value)))}`);
    }
  }
  const all = leftOut.reduce((sum, { count }) => sum + count, points ?? 0);
  for (const { reason, count } of leftOut) lines.push(`  left out ${count} of ${all} points: ${reason}`);
  return lines.join("\n");
}

/** `on webgpu: NVIDIA H200, 140 GiB (the fastest that works here)`; nothing of the CPU where it is what was asked for. */
export function deviceNotes({ name, because, facts }: ChosenDevice): string[] {
  if (name === "cpu") return because === undefined ? [] : [`on cpu: ${because}; optbench doctor says why`];
  const what = facts === undefined ? "" : `: ${describeDevice(facts)}`;
  const software = facts?.kind === "software" ? ", which is software" : "";
  return [`on ${name}${what}${software}${because === undefined ? "" : ` (${because})`}`];
}

/** On an accelerator, where it is not the task alone that settles it. */
function groupNotes({ device, groupSize, groupReason }: StudySettings): string[] {
  return device === "cpu" ? [] : [`up to ${plural(groupSize, "trial")} at once: ${groupReason}`];
}

/** Budget, pruners, conditions, protocol and shard, as far as there are some. */
function searchNotes(
  { budget, pruners, stopAtTarget, conditions, protocol, shard }: StudySettings,
): string[] {
  const { trials, seconds, epochs } = budget;
  const limits = [
    trials !== undefined ? [`${trials} trials`] : [],
    seconds !== undefined ? [duration(seconds)] : [],
    epochs !== undefined ? [`${epochs} epochs`] : [],
  ].flat();
  return [
    limits.length > 0 ? [`at most ${limits.join(", ")}`] : [],
    pruners.map((pruner) => `pruned by ${pruner}`),
    stopAtTarget ? ["a trial ends at its target"] : [],
    conditions.map(({ name, when }) => `${name} only where ${when}`),
    protocol === undefined
      ? []
      : [`protocol ${protocol.name}: the best is trained again with ${protocol.seeds.length} seeds`],
    shard === undefined ? [] : [`part ${shard.number} of ${shard.of}`],
  ].flat();
}

/** `12 completed, 1 failed, 35 planned` */
export function tally(counts: Readonly<Partial<Record<TrialState, number>>>): string {
  const order: readonly TrialState[] = [
    ...["completed", "pruned", "diverged", "failed", "running", "paused", "planned"] as const,
  ];
  const found = order.filter((state) => counts[state]).map((state) => `${counts[state]} ${state}`);
  return found.length === 0 ? "no trial yet" : found.join(", ");
}

/** A list, or its beginning and end if it is long. */
function shortened(values: readonly string[]): string {
  if (values.length <= 7) return values.join(", ");
  return `${values.slice(0, 3).join(", ")}, ..., ${values.at(-1)} (${values.length} values)`;
}

export function plural(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? "" : "s"}`;
}
