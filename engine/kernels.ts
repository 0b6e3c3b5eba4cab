/**
 * What each TensorFlow.js kernel does to shapes and types: one rule a kernel, which makes the node that stands for its
 * result. A kernel that is not here cannot be part of a compiled function.
 */
import { arrayKernels } from "./kernels/arrays.ts";
import { convolutionKernels } from "./kernels/convolution.ts";
import { elementwiseKernels } from "./kernels/elementwise.ts";
import { reductionKernels } from "./kernels/reductions.ts";
import type { KernelRules } from "./kernels/rule.ts";

export const kernelRules: KernelRules = {
  ...elementwiseKernels,
  ...reductionKernels,
  ...arrayKernels,
  ...convolutionKernels,
};
