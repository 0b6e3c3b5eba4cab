/** What went wrong in a study, and what happened to it. */
import type { RecordedTrial, StudyEvent } from "../../../results/store/record.ts";
import { plural } from "../announcement.ts";
import { localTime } from "./extent.ts";

const REASONS_SHOWN = 5;
const EVENTS_SHOWN = 5;

/**
 * Why trials diverged or failed, the most frequent reason first; reasons that differ in numbers alone are one.
 *
 * @returns undefined where none did.
 */
export function failuresInWords(trials: readonly RecordedTrial[]): string | undefined {
  const groups = new Map<string, RecordedTrial[]>();
  for (const trial of trials) {
    if (trial.state !== "diverged" && trial.state !== "failed") continue;
    const key = `${trial.state} ${trial.reason?.replaceAll(/\d+(\.\d+)?(e[+-]?\d+)?/g, "#")}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [trial]);
    else group.push(trial);
  }
  if (groups.size === 0) return undefined;
  const all = [...groups.values()].sort((a, b) => b.length - a.length);
  const lines = all.slice(0, REASONS_SHOWN).map((group) => {
    const [{ state, reason, index }] = group;
    return `  ${group.length} ${state}: ${reason} (${group.length > 1 ? "first in " : ""}trial ${index})`;
  });
  const left = all.length - lines.length;
  return ["Failures", ...lines, ...left > 0 ? [`  and ${plural(left, "other reason")}`] : []].join("\n");
}

/** The last events; undefined where there are none. */
export function eventsInWords(events: readonly StudyEvent[]): string | undefined {
  if (events.length === 0) return undefined;
  const shown = events.slice(-EVENTS_SHOWN);
  const left = events.length - shown.length;
  return [
    left > 0 ? `Events, the last ${shown.length} of ${events.length}` : "Events",
    ...shown.map(({ at, text }) => `  ${localTime(at)}  ${text}`),
  ].join("\n");
}
