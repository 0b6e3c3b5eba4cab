/** The tables of a study's database. Times are milliseconds since 1970, arrays of numbers little-endian float64. */
import { figureColumns } from "../figures.ts";

/** Raised by one for every change that a reader has to know of. 1 and 2 were folders of CSV files alone. */
export const FORMAT_VERSION = 4;

const figures = Object.values(figureColumns).map((column) => `${column} REAL`).join(", ");

export const SCHEMA = `
  -- "format", and "study": what was asked for, on what, as JSON.
  CREATE TABLE study (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE processes (
    id INTEGER PRIMARY KEY, pid INTEGER NOT NULL, host TEXT NOT NULL, command_line TEXT NOT NULL,
    started_at REAL NOT NULL, beat_at REAL NOT NULL, ended_at REAL
  );
  CREATE TABLE configurations (
    id INTEGER PRIMARY KEY, draw INTEGER NOT NULL, point TEXT, hyperparameters TEXT NOT NULL
  );
  CREATE TABLE trials (
    id INTEGER PRIMARY KEY, configuration INTEGER NOT NULL, seed INTEGER NOT NULL, stage TEXT NOT NULL,
    state TEXT NOT NULL, reason TEXT,
    -- How often it was begun, and by which process last.
    attempts INTEGER NOT NULL DEFAULT 0, process INTEGER,
    -- Where it goes on, and where it waits for others.
    position TEXT, pause_after INTEGER,
    epochs INTEGER NOT NULL DEFAULT 0, ended_at REAL, ${figures},
    -- Numbers the changes of all trials.
    change INTEGER NOT NULL
  );
  CREATE INDEX trials_by_change ON trials (change);
  -- For each epoch: train loss, test loss, test accuracy (NaN where there is none), seconds.
  CREATE TABLE curves (trial INTEGER PRIMARY KEY, epochs BLOB NOT NULL, has_accuracy INTEGER NOT NULL);
  -- A sample for each call into the runtime.
  CREATE TABLE step_times (trial INTEGER PRIMARY KEY, ms BLOB NOT NULL);
  -- x and y before the first step and after each.
  CREATE TABLE trajectories (trial INTEGER PRIMARY KEY, points BLOB NOT NULL);
  CREATE TABLE checkpoints (trial INTEGER PRIMARY KEY, taken_at REAL NOT NULL, data BLOB NOT NULL);
  CREATE TABLE events (id INTEGER PRIMARY KEY, at REAL NOT NULL, process INTEGER, text TEXT NOT NULL);
`;
