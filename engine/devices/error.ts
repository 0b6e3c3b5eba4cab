/** A device that cannot be used here. The message is one line that says why, and what to do. */
export class DeviceError extends Error {
  override readonly name = "DeviceError";
}
