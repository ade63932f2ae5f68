"use strict";
// Does a value fit a parameter? The keywords that parameters may have (JSON Schema 2020-12), first problem in words.

const TYPES = {
  string: (value) => typeof value === "string",
  number: (value) => typeof value === "number" && Number.isFinite(value),
  integer: (value) => typeof value === "number" && Number.isInteger(value),
  boolean: (value) => typeof value === "boolean",
  array: Array.isArray,
  object: (value) => typeof value === "object" && value !== null && !Array.isArray(value),
  null: (value) => value === null,
};
const TYPE_NAMES = {
  string: "text", number: "a number", integer: "a whole number", boolean: "yes or no", array: "a list",
  object: "an object", null: "nothing",
};
const FORMATS = {
  date: (text) => {
    const parts = /^(\d{4})-(\d\d)-(\d\d)$/.exec(text);
    const day = parts && new Date(`${text}T00:00:00Z`);
    return Boolean(parts) && !Number.isNaN(day.getTime()) && day.toISOString().slice(0, 10) === text;
  },
};

/** The first reason why `value` does not fit `schema`; "" where it fits. */
function problemWith(schema, value) {
  if (schema === true) return "";
  if (schema === false) return "nothing is allowed here";
  if (schema.enum && !schema.enum.some((choice) => same(choice, value))) return "not one of the choices";
  if ("const" in schema && !same(schema.const, value)) return `must be ${plain(schema.const)}`;
  const types = schema.type === undefined ? [] : [schema.type].flat();
  if (types.length && !types.some((type) => TYPES[type](value))) {
    return `must be ${types.map((type) => TYPE_NAMES[type]).join(" or ")}`;
  }
  for (const key of ["anyOf", "oneOf"]) {
    if (!schema[key]) continue;
    const problems = schema[key].map((branch) => problemWith(branch, value));
    const fitting = problems.filter((problem) => !problem).length;
    if (!fitting) return problems[0];
    if (key === "oneOf" && fitting > 1) return "fits more than one of the cases";
  }
  for (const branch of schema.allOf ?? []) {
    const problem = problemWith(branch, value);
    if (problem) return problem;
  }
  if (typeof value === "number") return problemWithNumber(schema, value);
  if (typeof value === "string") return problemWithText(schema, value);
  if (Array.isArray(value)) return problemWithList(schema, value);
  return TYPES.object(value) ? problemWithObject(schema, value) : "";
}

function problemWithNumber(schema, value) {
  if (value < schema.minimum) return `must be ${schema.minimum} or more`;
  if (value > schema.maximum) return `must be ${schema.maximum} or less`;
  if (value <= schema.exclusiveMinimum) return `must be more than ${schema.exclusiveMinimum}`;
  if (value >= schema.exclusiveMaximum) return `must be less than ${schema.exclusiveMaximum}`;
  if (schema.multipleOf) {
    const steps = value / schema.multipleOf; // 0.3 is a multiple of 0.1, though not in binary
    if (Math.abs(steps - Math.round(steps)) > 1e-9 * Math.max(1, Math.abs(steps))) {
      return `must be a multiple of ${schema.multipleOf}`;
    }
  }
  return "";
}

function problemWithText(schema, value) {
  const length = [...value].length;
  if (length < schema.minLength) return `at least ${schema.minLength} characters`;
  if (length > schema.maxLength) return `${length} characters; at most ${schema.maxLength}`;
  if (schema.pattern && !expression(schema.pattern).test(value)) return `must look like ${schema.pattern}`;
  if (FORMATS[schema.format] && !FORMATS[schema.format](value)) return `must be a ${schema.format}, as 2024-06-28`;
  return "";
}

function expression(pattern) {
  try {
    return new RegExp(pattern, "u");
  } catch {
    return new RegExp(pattern);
  }
}

function problemWithList(schema, value) {
  if (value.length < schema.minItems) return `at least ${schema.minItems} in the list`;
  if (value.length > schema.maxItems) return `${value.length} in the list; at most ${schema.maxItems}`;
  const first = schema.prefixItems ?? [];
  for (const [at, item] of value.entries()) {
    const of = at < first.length ? first[at] : schema.items;
    const problem = of === undefined ? "" : problemWith(of, item);
    if (problem) return `${at + 1}. (${shorten(plain(item), 20)}): ${problem}`;
  }
  if (schema.uniqueItems && new Set(value.map((item) => JSON.stringify(item))).size < value.length) {
    return "one of them stands there twice";
  }
  return "";
}

function problemWithObject(schema, value) {
  const missing = (schema.required ?? []).find((name) => !(name in value));
  if (missing !== undefined) return `${missing} is missing`;
  for (const [name, part] of Object.entries(value)) {
    const of = schema.properties?.[name] ?? schema.additionalProperties;
    const problem = of === undefined ? "" : problemWith(of, part);
    if (problem) return `${name}: ${problem}`;
  }
  return "";
}

/** What was typed, as a value of a scalar schema. Text that is no number stays text, and does not fit a number. */
function fromTyped(schema, typed) {
  const text = typed.trim();
  const types = [schema, ...(schema.anyOf ?? []), ...(schema.oneOf ?? [])].flatMap((part) => [part.type ?? []].flat());
  if (types.includes("number") || types.includes("integer")) {
    const digits = text.replace(/\u2212/g, "-");
    if (/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(digits)) return Number(digits);
  }
  if (types.includes("boolean") && /^(true|false|yes|no)$/i.test(text)) return /^(true|yes)$/i.test(text);
  const choices = [schema, ...(schema.anyOf ?? [])].flatMap((part) => part.enum ?? []);
  const choice = choices.find((each) => String(each) === text);
  return choice === undefined ? text : choice;
}
