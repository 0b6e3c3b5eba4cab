/** A task of the user's own that cannot be used. The message is one line that names the file, the field and the fix. */
export class TaskError extends Error {
  override readonly name = "TaskError";
}
