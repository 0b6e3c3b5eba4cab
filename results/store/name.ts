import type { StudySettings } from "../../study/settings/settings.ts";

/** In local time, as in `lars-digits_mlp-20260131-142530` or, for a wrapper, `sam_sgd-digits_mlp-20260131-142530`. */
export function studyName({ optimizer, task }: StudySettings, time: Date): string {
  const [year, ...rest] = [
    time.getFullYear(),
    time.getMonth() + 1,
    time.getDate(),
    time.getHours(),
    time.getMinutes(),
    time.getSeconds(),
  ];
  const [month, day, hours, minutes, seconds] = rest.map((part) => String(part).padStart(2, "0"));
  const label = optimizer.base === undefined ? optimizer.name : `${optimizer.name}_${optimizer.base}`;
  return `${label}-${task}-${year}${month}${day}-${hours}${minutes}${seconds}`;
}
