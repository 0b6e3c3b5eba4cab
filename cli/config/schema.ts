/**
 * The JSON Schema of configuration files, for editors: it follows from the declarations of options and hyper-parameters.
 *
 * Which hyper-parameters `space` may hold depends on `opt` and `base`. Each optimizer's stand under its name in `$defs`,
 * and conditions on `opt` and `base` refer to them. What a text such as `log:0.01..1:5` means is left to optbench.
 */
import { type Declaration, type Declarations, legalRange } from "../../optim/hyperparameter.ts";
import { DEFAULT_BASE, ruleNames, wrapperNames } from "../../optim/registry.ts";
import { DEFAULT_OPTIMIZER } from "../declare/training.ts";
import { allSettings, isPaired, proposalsFor, type Setting, spaceSections } from "./settings.ts";

/** A JSON Schema, or a part of one. */
export interface Schema {
  readonly [keyword: string]: unknown;
}

/** The schema (draft 2020-12) of the files that `optbench sweep` and `tune` take. */
export function studySchema(): Schema {
  const settings = allSettings();
  const sections = spaceSections();
  const declarations = Object.values(sections).flatMap((section) => Object.values(section));
  const space = { type: ["object", "null"], description: "values to try of each hyper-parameter" };
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: "Configuration of an optbench study",
    description: "The options of optbench sweep and tune, and under space the hyper-parameters to search.",
    type: ["object", "null"],
    properties: {
      $schema: { type: "string" },
      ...Object.fromEntries(settings.map((setting) => [setting.key, settingSchema(setting)])),
      space,
    },
    patternProperties: otherSpellings(settings.map(({ key }) => key), "#/properties"),
    additionalProperties: false,
    allOf: [...ruleNames.map(whereRule), ...wrapperNames.map(whereWrapper)],
    $defs: {
      ...Object.fromEntries(
        Object.entries(sections).map(([name, section]) => [name, sectionSchema(name, section)]),
      ),
      wrapped: { allOf: ruleNames.map(whereBase) },
      of_a_rule: namesSchema(ruleNames.map((name) => sections[name])),
      of_a_wrapper: namesSchema(wrapperNames.map((name) => sections[name])),
      ...Object.fromEntries(
        declarations.map((declaration) => [valuesName(declaration), valuesSchema(declaration)]),
      ),
    },
  };
}

/** Options whose value is one of the names that completion proposes, by their placeholder. */
const CLOSED = ["NAME", "PROTOCOL", "TYPE", "WHEN", "WHICH"];
/** Options whose value is one text, whatever is in it. */
const SINGLE = ["DIR", "FILE", "TASK", "TIME"];
const SCALAR: Schema = { type: ["string", "number", "boolean"] };

function settingSchema(setting: Setting): Schema {
  const { metavar, isRepeatable, help: description } = setting;
  const proposals = proposalsFor(setting);
  if (metavar === undefined) return { type: "boolean", description };
  if (metavar === "N") return { type: "integer", minimum: 0, description };
  if (CLOSED.includes(metavar)) return { enum: proposals, description };
  const examples = proposals.length === 0 ? {} : { examples: proposals };
  if (SINGLE.includes(metavar)) return { type: "string", description, ...examples };
  const text = isRepeatable ? { type: "string" } : SCALAR;
  const one = isPaired(metavar) ? { anyOf: [text, { type: "object", additionalProperties: SCALAR }] } : text;
  return { anyOf: [one, listOf(one)], description, ...examples };
}

/** The hyper-parameters that one optimizer declares. */
function sectionSchema(section: string, declarations: Declarations): Schema {
  const schemas = Object.entries(declarations).map(([name, declaration]) => {
    const tried = declaration.sweep ?? declaration.default;
    return [name, {
      $ref: `#/$defs/${valuesName(declaration)}`,
      description: `${declaration.meaning}: ${legalRange(declaration)}`,
      ...tried === undefined ? {} : { default: tried },
    }];
  });
  return {
    properties: Object.fromEntries(schemas),
    patternProperties: otherSpellings(Object.keys(declarations), `#/$defs/${section}/properties`),
  };
}

/** The names of the hyper-parameters of some optimizers, with nothing said of their values. */
function namesSchema(sections: readonly Declarations[]): Schema {
  const names = new Set(sections.flatMap(Object.keys).flatMap((name) => [name, respelled(name)]));
  return { properties: Object.fromEntries([...names].map((name) => [name, true])) };
}

/** Where the values of all hyper-parameters of a kind and range stand: `number_from_0_below_1`. */
function valuesName(declaration: Declaration): string {
  const { kind } = declaration;
  if (kind === "flag" || kind === "schedule") return kind;
  const below = kind === "number" && declaration.below !== Infinity ? `_below_${declaration.below}` : "";
  return `${kind}_from_${declaration.min}${below}`;
}

/** The values of a hyper-parameter: one, a list, or a text of the command line. */
function valuesSchema(declaration: Declaration): Schema {
  const one = { anyOf: [itemSchema(declaration), TEXTS[declaration.kind]] };
  return { anyOf: [one, listOf(one)] };
}

function itemSchema(declaration: Declaration): Schema {
  switch (declaration.kind) {
    case "flag":
      return { type: "boolean" };
    case "count":
      return { type: "integer", minimum: declaration.min };
    case "schedule":
      return { type: "string" };
    case "number": {
      const { min, below } = declaration;
      return { type: "number", minimum: min, ...below === Infinity ? {} : { exclusiveMaximum: below } };
    }
  }
}

/** Numbers and ranges: only how they begin. */
const NUMERIC: Schema = { type: "string", pattern: "^\\s*([-+.\\d]|[a-z]+:)" };
const TEXTS: Readonly<Record<Declaration["kind"], Schema>> = {
  number: NUMERIC,
  count: NUMERIC,
  flag: { type: "string", pattern: "^\\s*(true|false)\\s*(,\\s*(true|false)\\s*)*$" },
  schedule: { type: "string" },
};

function whereRule(name: string): Schema {
  return where("opt", name, DEFAULT_OPTIMIZER, { properties: { base: false, space: searched(name) } });
}

function whereWrapper(name: string): Schema {
  const properties = { space: searched(name, "of_a_rule") };
  return where("opt", name, DEFAULT_OPTIMIZER, { $ref: "#/$defs/wrapped", properties });
}

function whereBase(name: string): Schema {
  return where("base", name, DEFAULT_BASE, { properties: { space: searched(name, "of_a_wrapper") } });
}

/** What holds where a key has a value; where the key is absent, it has its default. */
function where(key: string, value: string, otherwise: string, then: Schema): Schema {
  const condition = { properties: { [key]: { const: value } } };
  return { if: value === otherwise ? condition : { ...condition, required: [key] }, then };
}

/** A space that holds nothing but what these definitions, and the one for every optimizer, declare. */
function searched(...definitions: readonly string[]): Schema {
  const allOf = [...definitions, "every"].map((name) => ({ $ref: `#/$defs/${name}` }));
  return { allOf, unevaluatedProperties: false };
}

/** `batch_size` for `batch-size`, and the other way round: both are read, though only one is proposed. */
function otherSpellings(keys: readonly string[], pointer: string): Schema {
  const others = keys.filter((key) => respelled(key) !== key);
  return Object.fromEntries(others.map((key) => [`^${respelled(key)}$`, { $ref: `${pointer}/${key}` }]));
}

function respelled(key: string): string {
  return key.includes("-") ? key.replaceAll("-", "_") : key.replaceAll("_", "-");
}

function listOf(items: Schema): Schema {
  return { type: "array", items, minItems: 1 };
}
