import { describeGroup } from "../../study/settings/group_rules.ts";
import type { StudySettings } from "../../study/settings/settings.ts";
import { formatNumber } from "../../results/format.ts";

/** What sets the trainings of a study apart from usual ones, whatever their hyper-parameters: a line each. */
export function trainingNotes(
  { lrScaling, batchSize, accumulate, parameterGroups }: StudySettings,
): string[] {
  const notes: string[] = [];
  if (lrScaling) {
    const { rule, batch, factor } = lrScaling;
    const ratio = rule === "linear" ? `${batchSize}/${batch}` : `the root of ${batchSize}/${batch}`;
    notes.push(`lr scaled by ${ratio} = ${formatNumber(factor)}`);
  }
  if (accumulate > 1) notes.push(`each batch in ${accumulate} parts of ${batchSize / accumulate} rows`);
  const own = parameterGroups.filter(({ overrides }) => Object.keys(overrides).length > 0);
  return [...notes, ...own.map(describeGroup)];
}
