/** Data of the user's own that cannot be used. The message is one line that names the file, the place and the fix. */
export class DatasetError extends Error {
  override readonly name = "DatasetError";
}
