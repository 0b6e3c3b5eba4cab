import type { Device } from "../../device.ts";
import { EAGER_PACE } from "./eager.ts";
import { loadTensorflow, type Tensorflow } from "./package.ts";

/** TensorFlow's own library, on a GPU where it has one and on the CPU otherwise. It runs functions eagerly (eager.ts). */
export class TensorflowDevice implements Device {
  readonly name = "tensorflow";
  readonly pace = EAGER_PACE;
  readonly tensorflow: Tensorflow;

  /**
   * @param from the folder where the package is looked for. Default: `tensorflowFolder()`.
   * @throws {Error} where there is none, or where it cannot be loaded.
   */
  constructor(from?: string) {
    this.tensorflow = loadTensorflow(from);
  }

  async release(): Promise<void> {}
}
