/** An optimizer's state, by parameter and slot, as a program's flat inputs and results: `w1/momentum_buffer`. */
import type { Tensor } from "@tensorflow/tfjs";
import type { State, Tensors } from "../../optim/optimizer.ts";

export function flattenState(state: State): Record<string, Tensor> {
  const flat: Record<string, Tensor> = {};
  for (const [name, slots] of Object.entries(state)) {
    for (const [slot, tensor] of Object.entries(slots)) flat[`${name}/${slot}`] = tensor;
  }
  return flat;
}

export function unflattenState(inputs: Tensors, params: readonly string[], slots: readonly string[]): State {
  const state: Record<string, Record<string, Tensor>> = Object.fromEntries(params.map((name) => [name, {}]));
  for (const flat of slots) {
    const slash = flat.lastIndexOf("/");
    state[flat.slice(0, slash)][flat.slice(slash + 1)] = inputs[flat];
  }
  return state;
}
