/**
 * What ONNX Runtime's WebGPU provider has no operator for, or one that is not exact, made of those that it has. An operator
 * that is missing would run on the CPU, and its operands and its result would cross the bus in every step.
 *
 * NaN stays NaN: by its loss one sees that a trial diverges.
 */
import type { LoweringRules } from "./rule.ts";
import { arrayRules } from "./webgpu/arrays.ts";
import { convolutionRules } from "./webgpu/convolution.ts";
import { elementwiseRules } from "./webgpu/elementwise.ts";
import { poolingRules } from "./webgpu/pooling.ts";
import { reductionRules } from "./webgpu/reductions.ts";

export const webgpuRules: LoweringRules = {
  ...elementwiseRules,
  ...reductionRules,
  ...arrayRules,
  ...convolutionRules,
  ...poolingRules,
};
