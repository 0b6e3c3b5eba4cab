/** How far the timing of training steps is. */
import type { Effort } from "../../study/timing/effort.ts";
import { subjectLabel } from "../../results/timing/figures.ts";
import type { TimingObserver } from "../../study/timing/run.ts";
import type { Subject } from "../../study/timing/subject.ts";
import { bar, showProgress } from "./progress.ts";

/** How often a plain line is due. */
const LINE_MS = 2000;

/** What was measured of a subject so far. */
interface Taken {
  samples: number;
  ms: number;
}

/** @param tasks the subjects of each task. */
export function showTiming(
  tasks: readonly (readonly Subject[])[],
  effort: Pick<Effort, "samples" | "ms">,
  quiet: boolean,
): Required<TimingObserver> & { clear(): void } {
  const progress = showProgress(quiet, LINE_MS);
  const taken = new Map<Subject, Taken>(tasks.flat().map((subject) => [subject, { samples: 0, ms: 0 }]));
  const ofTask = (subject: Subject) => tasks.find((subjects) => subjects.includes(subject))!;
  const fraction = (subject: Subject) => {
    const { samples, ms } = taken.get(subject)!;
    return Math.min(1, samples / effort.samples, effort.ms > 0 ? ms / effort.ms : 1);
  };
  const tell = (subject: Subject, done: number, what: string) => {
    const text = `${subject.task.task}: ${what}`;
    progress.update(() => `${bar(done, 24)} ${text}`, () => text);
  };
  return {
    onPrepare(subject) {
      const subjects = ofTask(subject);
      const place = subjects.indexOf(subject);
      const what = `preparing ${place + 1} of ${subjects.length}, ${subjectLabel(subject)}`;
      tell(subject, place / subjects.length, what);
    },
    onSample(subject, { ms }) {
      const sum = taken.get(subject)!;
      sum.samples++;
      sum.ms += ms;
      const subjects = ofTask(subject);
      const done = subjects.reduce((total, each) => total + fraction(each), 0) / subjects.length;
      tell(subject, done, `measured ${Math.round(100 * done)} %`);
    },
    clear: () => progress.clear(),
  };
}
