import type { CountDeclaration, NumberDeclaration } from "../../optim/hyperparameter.ts";
import type { Pruner } from "./pruner.ts";

/** A kind of pruner, as a text can name it. Help, validation and errors follow from what it declares. */
export interface PrunerKind<Option extends string = string> {
  readonly name: string;
  /** One line, no full stop. */
  readonly summary: string;
  /** Each with a default. */
  readonly options: Readonly<Record<Option, NumberDeclaration | CountDeclaration>>;
  /** Of legal values. */
  build(options: Readonly<Record<Option, number>>): Omit<Pruner, "text">;
}
