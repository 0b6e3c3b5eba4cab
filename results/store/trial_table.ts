/** The trials of a study: in the database, and what a process has seen of them in memory. */
import { costOf } from "../../study/cost.ts";
import type { ChosenConfiguration, NewTrial, TrialEntry, TrialState } from "../../study/ledger.ts";
import type { StudySettings } from "../../study/settings/settings.ts";
import { decodeCheckpoint, encodeCheckpoint, type TrialCheckpoint } from "../../study/training/checkpoint.ts";
import type { EpochMetrics, Measured, Stage, TrialOutcome } from "../../study/trial.ts";
import { figureColumns, type TrialFigures, trialFigures } from "../figures.ts";
import { decodeCurve, encodeCurve } from "./curve.ts";
import type { Database, SqlRow, SqlValue } from "./database.ts";
import { toBlob } from "./numbers.ts";

/** What a running trial has measured. */
interface Measuring {
  readonly epochs: EpochMetrics[];
  readonly seconds: number[];
  /** Whether the database has all of it. */
  isKept: boolean;
}

export class TrialTable {
  readonly entries: TrialEntry[] = [];
  readonly #byIndex = new Map<number, TrialEntry>();
  readonly #database: Database;
  readonly #settings: StudySettings;
  readonly #process: number;
  readonly #measuring = new Map<number, Measuring>();
  /** The last change that was seen or made. */
  #change = 0;

  /** @param process that claims trials. */
  constructor(database: Database, settings: StudySettings, process: number) {
    this.#database = database;
    this.#settings = settings;
    this.#process = process;
  }

  /** Reads what other processes have changed. */
  catchUp(configurations: readonly ChosenConfiguration[]): void {
    const rows = this.#database.all("SELECT * FROM trials WHERE change > ? ORDER BY id", this.#change);
    for (const row of rows) {
      this.#read(row, configurations);
      this.#change = Math.max(this.#change, row.change as number);
    }
  }

  plan({ index, configuration, seed, stage, pauseAfter }: NewTrial): void {
    this.#database.run(
      "INSERT INTO trials (id, configuration, seed, stage, state, pause_after, change) " +
        "VALUES (?, ?, ?, ?, 'planned', ?, ?)",
      ...[index, configuration.index, seed, stage, pauseAfter ?? null, ++this.#change],
    );
    this.#enter({ index, configuration, seed, stage, pauseAfter, state: "planned", epochs: 0 });
  }

  /** Whether a planned trial starts, or has a checkpoint that can be read. */
  canGoOn(trial: TrialEntry): boolean {
    if (trial.position === undefined) return true;
    try {
      return this.#checkpointOf(trial) !== undefined;
    } catch {
      return false;
    }
  }

  /** Forgets the checkpoint of a planned trial. */
  startAnew(trial: TrialEntry): void {
    this.#database.run("DELETE FROM checkpoints WHERE trial = ?", trial.index);
    trial.position = undefined;
    this.#set(trial, "planned", { position: null });
  }

  /** @returns where the trial goes on; undefined where it starts. */
  claim(trial: TrialEntry): TrialCheckpoint | undefined {
    this.#database.run("UPDATE trials SET attempts = attempts + 1 WHERE id = ?", trial.index);
    // Another process may have gone on with it since this one last measured it.
    this.#measuring.delete(trial.index);
    this.#set(trial, "running", { process: this.#process });
    return trial.position === undefined ? undefined : this.#checkpointOf(trial);
  }

  /** @returns whether the trial was this process's to end. */
  finish(index: number, outcome: TrialOutcome): boolean {
    const trial = this.#byIndex.get(index)!;
    if (!this.#owns(trial)) return false;
    this.#end(trial, outcome);
    return true;
  }

  pause(trial: TrialEntry, checkpoint: TrialCheckpoint): void {
    if (!this.#owns(trial)) return;
    this.checkpoint(trial, checkpoint);
    this.#keep(trial);
    this.#measuring.delete(trial.index);
    this.#set(trial, "paused");
  }

  promote(trial: TrialEntry, pauseAfter: number | undefined): void {
    trial.pauseAfter = pauseAfter;
    this.#set(trial, "planned", { pause_after: pauseAfter ?? null });
  }

  /** Ends a paused trial. */
  prune(trial: TrialEntry, reason: string): void {
    const { record, compileSeconds, seconds, groupSize } = this.#checkpointOf(trial)!;
    this.#end(trial, {
      status: "pruned",
      reason,
      ...record,
      groupSize,
      stepMs: record.stepTimes.samples,
      compileSeconds,
      wallSeconds: seconds,
    });
  }

  checkpoint(trial: TrialEntry, checkpoint: TrialCheckpoint): void {
    if (!this.#owns(trial)) return;
    const sql = "INSERT OR REPLACE INTO checkpoints VALUES (?, ?, ?)";
    this.#database.run(sql, trial.index, Date.now(), encodeCheckpoint(checkpoint));
    trial.position = `${checkpoint.epoch}.${checkpoint.step}`;
    this.#set(trial, trial.state, { position: trial.position });
  }

  /** Remembers an epoch until `flush`. */
  epoch(trial: TrialEntry, metrics: EpochMetrics, seconds: number): void {
    let measuring = this.#measuring.get(trial.index);
    // What a checkpoint brought along is in the database.
    if (measuring === undefined) this.#measuring.set(trial.index, measuring = this.#measured(trial.index));
    // A trial that died on the way repeats epochs that were measured before.
    measuring.epochs.length = measuring.seconds.length = metrics.epoch - 1;
    measuring.epochs.push(metrics);
    measuring.seconds.push(seconds);
    measuring.isKept = false;
    trial.epochs = metrics.epoch;
    if (this.#settings.pruners.length > 0) {
      trial.costs = measuring.epochs.map((epoch) => costOf(epoch, this.#settings.metric));
    }
  }

  /** Writes the epochs that are only remembered. */
  flush(): void {
    for (const index of this.#measuring.keys()) this.#keep(this.#byIndex.get(index)!);
  }

  /** Makes the running trials of a process planned ones again, and counts them. */
  giveBack(process: number): number {
    const running = this.#database.all(
      "SELECT id FROM trials WHERE process = ? AND state = 'running'",
      process,
    );
    for (const { id } of running) this.#set(this.#byIndex.get(id as number)!, "planned");
    return running.length;
  }

  /** Makes failed trials planned ones. */
  retryFailed(): void {
    for (const trial of this.entries.filter(({ state }) => state === "failed")) {
      this.#set(trial, "planned", { reason: null, ended_at: null });
    }
  }

  #enter(trial: TrialEntry): void {
    this.entries.push(trial);
    this.#byIndex.set(trial.index, trial);
  }

  #read(row: SqlRow, configurations: readonly ChosenConfiguration[]): void {
    const index = row.id as number;
    if (!this.#byIndex.has(index)) {
      this.#enter({
        index,
        configuration: configurations[row.configuration as number],
        seed: row.seed as number,
        stage: row.stage as Stage,
        state: "planned",
        epochs: 0,
      });
    }
    const trial = this.#byIndex.get(index)!;
    trial.state = row.state as TrialState;
    trial.epochs = row.epochs as number;
    trial.position = row.position as string | null ?? undefined;
    trial.pauseAfter = row.pause_after as number | null ?? undefined;
    const isMeasured = trial.state === "completed" || trial.state === "pruned";
    const needsCurve = trial.epochs > 0 && (trial.state === "pruned" || this.#settings.pruners.length > 0);
    const epochs = needsCurve ? this.#measured(index).epochs : [];
    if (this.#settings.pruners.length > 0) {
      trial.costs = epochs.map((epoch) => costOf(epoch, this.#settings.metric));
    }
    trial.last = !isMeasured ? undefined : trial.state === "pruned" ? epochs.at(-1) : {
      epoch: trial.epochs,
      trainLoss: row.train_loss as number,
      testLoss: row.test_loss as number,
      testAccuracy: row.test_accuracy as number | null ?? undefined,
    };
  }

  /** Another process may have taken a trial whose process seemed dead. */
  #owns({ index }: TrialEntry): boolean {
    const row = this.#database.one("SELECT state, process FROM trials WHERE id = ?", index);
    return row?.state === "running" && row.process === this.#process;
  }

  #end(trial: TrialEntry, outcome: TrialOutcome): void {
    const { status, reason = null } = outcome;
    const measured = outcome.status === "failed" ? undefined : outcome;
    trial.epochs = measured?.epochs.length ?? 0;
    trial.position = undefined;
    trial.last = status === "completed" || status === "pruned" ? measured!.epochs.at(-1) : undefined;
    if (this.#settings.pruners.length > 0) {
      trial.costs = measured?.epochs.map((epoch) => costOf(epoch, this.#settings.metric)) ?? [];
    }
    const figures: TrialFigures = trialFigures(outcome, this.#settings);
    const columns = Object.entries(figureColumns).map(([name, column]) =>
      [column, figures[name as keyof TrialFigures] ?? null] as const
    );
    this.#set(trial, status, {
      ...{ reason, position: null, epochs: trial.epochs, ended_at: Date.now() },
      ...Object.fromEntries(columns),
    });
    for (const table of ["checkpoints", "curves", "step_times", "trajectories"]) {
      this.#database.run(`DELETE FROM ${table} WHERE trial = ?`, trial.index);
    }
    this.#measuring.delete(trial.index);
    if (measured !== undefined) this.#keepMeasured(trial, measured);
  }

  #keepMeasured({ index }: TrialEntry, { epochs, epochSeconds, stepMs, trajectory }: Measured): void {
    if (epochs.length > 0) this.#keepCurve(index, epochs, epochSeconds);
    if (stepMs.length > 0) this.#database.run("INSERT INTO step_times VALUES (?, ?)", index, toBlob(stepMs));
    if (trajectory !== undefined && trajectory.length > 0) {
      this.#database.run("INSERT INTO trajectories VALUES (?, ?)", index, toBlob(trajectory.flat()));
    }
  }

  /** Writes the curve of a running trial. */
  #keep(trial: TrialEntry): void {
    const measuring = this.#measuring.get(trial.index);
    if (measuring === undefined || measuring.isKept || !this.#owns(trial)) return;
    this.#keepCurve(trial.index, measuring.epochs, measuring.seconds);
    measuring.isKept = true;
    this.#set(trial, trial.state, { epochs: trial.epochs });
  }

  #keepCurve(index: number, epochs: readonly EpochMetrics[], seconds: readonly number[]): void {
    this.#database.run("INSERT OR REPLACE INTO curves VALUES (?, ?, ?)", ...[
      index,
      encodeCurve(epochs, seconds),
      Number(epochs.every((epoch) => epoch.testAccuracy !== undefined)),
    ]);
  }

  #measured(index: number): Measuring {
    const row = this.#database.one("SELECT * FROM curves WHERE trial = ?", index);
    if (row === undefined) return { epochs: [], seconds: [], isKept: true };
    const { trainLoss, testLoss, testAccuracy, seconds } = decodeCurve(row);
    const epochs = Array.from(trainLoss, (loss, i): EpochMetrics => ({
      epoch: i + 1,
      trainLoss: loss,
      testLoss: testLoss[i],
      ...testAccuracy && { testAccuracy: testAccuracy[i] },
    }));
    return { epochs, seconds: [...seconds], isKept: true };
  }

  #checkpointOf({ index }: TrialEntry): TrialCheckpoint | undefined {
    const row = this.#database.one("SELECT data FROM checkpoints WHERE trial = ?", index);
    return row && decodeCheckpoint(row.data as Uint8Array);
  }

  #set(trial: TrialEntry, state: TrialState, columns: Readonly<Record<string, SqlValue>> = {}): void {
    trial.state = state;
    const names = Object.keys(columns).map((name) => `, ${name} = ?`).join("");
    this.#database.run(
      `UPDATE trials SET state = ?, change = ?${names} WHERE id = ?`,
      ...[state, ++this.#change, ...Object.values(columns), trial.index],
    );
  }
}
