/**
 * Convolutions with padding in numbers, which the packages' kernels refuse: they know "valid" and "same" alone. The input
 * is padded before the kernel, and the gradient loses its margins after it.
 */
import * as tf from "@tensorflow/tfjs";

/** Before and after, for each axis of an image [batch, height, width, channels]. */
type Pads = [number, number][];
type Inputs = Readonly<Record<string, tf.Tensor>>;
type Shape4D = [number, number, number, number];

/** Has a kernel compute with "valid", from some of its inputs and attributes. */
type ValidKernel = (inputs: Inputs, attrs?: { inputShape: Shape4D }) => tf.Tensor;

const paddedKernels: Readonly<
  Record<string, (kernel: ValidKernel, inputs: Inputs, pads: Pads, inputShape: Shape4D) => tf.Tensor>
> = {
  Conv2D: (kernel, { x, filter }, pads) => kernel({ x: x.pad(pads), filter }),
  Conv2DBackpropFilter: (kernel, { x, dy }, pads) => kernel({ x: x.pad(pads), dy }),
  Conv2DBackpropInput(kernel, inputs, pads, inputShape) {
    const padded = inputShape.map((size, axis) => size + pads[axis][0] + pads[axis][1]) as Shape4D;
    return kernel(inputs, { inputShape: padded }).slice(pads.map(([before]) => before), inputShape);
  },
};

/** Has the kernels of a backend that is registered take padding in numbers. */
export function padConvolutions(backendName: string): void {
  for (const [name, compute] of Object.entries(paddedKernels)) {
    const kernel = tf.getKernel(name, backendName);
    tf.unregisterKernel(name, backendName);
    tf.registerKernel({
      ...kernel,
      kernelFunc({ inputs, attrs, backend }) {
        const { pad, inputShape } = attrs as unknown as { pad: string | number | Pads; inputShape: Shape4D };
        if (typeof pad === "string") return kernel.kernelFunc({ inputs, attrs, backend });
        const valid: ValidKernel = (inputs, changed) =>
          kernel.kernelFunc({ inputs, attrs: { ...attrs, ...changed, pad: "valid" }, backend }) as tf.Tensor;
        const pads: Pads = typeof pad === "number" ? [[0, 0], [pad, pad], [pad, pad], [0, 0]] : pad;
        return compute(valid, inputs as unknown as Inputs, pads, inputShape);
      },
    });
  }
}
