"use strict";
// The form for a corrected value: fields that fit the parameter's schema, checked at every stroke.

/** {form, read() → {value} or {problem}}. typed: called at each change. */
function valueEditor(parameter, value, typed) {
  const { schema } = parameter;
  const described = new Map(parameter.choices.map(([choice, text]) => [JSON.stringify(choice), text]));
  const itemChoices = schema.type === "array" ? schema.items?.enum : null;
  if (schema.enum) return choiceEditor(schema.enum, [value], described, "radio", typed);
  if (schema.type === "boolean") return choiceEditor([true, false], [value], described, "radio", typed);
  if (itemChoices) return choiceEditor(itemChoices, Array.isArray(value) ? value : [], described, "checkbox", typed);
  if (schema.type === "array" && isScalar(schema.items ?? {})) return linesEditor(schema, value, typed);
  if (isScalar(schema)) return lineEditor(parameter, value, typed);
  return jsonEditor(value, typed);
}

function isScalar(schema) {
  const branches = schema.anyOf ?? schema.oneOf ?? [schema];
  return branches.every((branch) => branch.enum || ![branch.type ?? "string"].flat().some((t) => t === "array" || t === "object"));
}

function choiceEditor(choices, chosen, described, type, typed) {
  const inputs = choices.map((choice, at) =>
    el("input", { type, name: "choice", id: `choice-${at}`, checked: chosen.some((each) => same(each, choice)), onchange: typed })
  );
  const labels = inputs.map((input, at) =>
    el("label", { class: "choice", for: input.id }, input,
      el("span", { text: plain(choices[at]) }), el("small", { text: described.get(JSON.stringify(choices[at])) ?? "" }))
  );
  const read = () => {
    const checked = choices.filter((_, at) => inputs[at].checked);
    if (type === "checkbox") return { value: checked };
    return checked.length ? { value: checked[0] } : { problem: "choose one" };
  };
  return { form: el("fieldset", {}, el("legend", { text: type === "radio" ? "The right value" : "All that hold" }), ...labels), read };
}

function lineEditor(parameter, value, typed) {
  const { schema } = parameter;
  const long = (schema.maxLength ?? 0) > 60;
  const numeric = /number|integer/.test(JSON.stringify([schema.type, schema.anyOf ?? []]));
  const properties = { id: "typed", oninput: typed, autocomplete: "off", spellcheck: false };
  const input = long ? el("textarea", { ...properties, rows: 3 })
    : el("input", { ...properties, type: "text", inputmode: numeric ? "decimal" : "text" });
  input.value = value === null ? "" : String(value);
  const unit = parameter.unit ? el("span", { class: "unit", text: parameter.unit }) : null;
  const form = el("div", { class: "field" }, el("label", { for: "typed", text: "The right value" }), el("div", { class: "typed" }, input, unit));
  const read = () => (input.value.trim() ? { value: fromTyped(schema, input.value) } : { problem: "type a value, or Esc and n for not reported" });
  return { form, read };
}

function linesEditor(schema, value, typed) {
  const input = el("textarea", { id: "typed", rows: 5, oninput: typed, spellcheck: false });
  input.value = (Array.isArray(value) ? value : []).map(String).join("\n");
  const read = () => ({ value: input.value.split("\n").filter((line) => line.trim()).map((line) => fromTyped(schema.items ?? {}, line)) });
  return { form: el("div", { class: "field" }, el("label", { for: "typed", text: "The right values, one a line" }), input), read };
}

function jsonEditor(value, typed) {
  const input = el("textarea", { id: "typed", rows: 6, oninput: typed, spellcheck: false, class: "code" });
  input.value = value === null ? "" : JSON.stringify(value, null, 1);
  const read = () => {
    try {
      return { value: JSON.parse(input.value) };
    } catch {
      return { problem: "not JSON yet" };
    }
  };
  return { form: el("div", { class: "field" }, el("label", { for: "typed", text: "The right value, as JSON" }), input), read };
}
