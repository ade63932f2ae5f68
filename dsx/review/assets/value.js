"use strict";
// The value in the middle: what the machine says and why one should look, the quote, the buttons, the decision.

const STATUS = {
  stated: "stated", derived: "derived", inferred: "inferred", unsupported: "unsupported",
  not_reported: "not reported", failed: "failed", added: "added record",
};
const MEANING = {
  stated: "the quote says it", derived: "computed from numbers of the quote", inferred: "a choice that the quote does not name in these words",
  unsupported: "the quote does not support it", not_reported: "the machine says that the paper does not say it", failed: "there is no answer",
};
const drafts = new Map(); // slot → {quote?, note?}, chosen or typed before a decision
let editing = null; // {item, typed} while a value is corrected
const withoutQuote = ({ machine }) => `without a quote${machine.quote ? ", for the machine's does not hold this value" : ""}`;

const draftOf = (item) => drafts.get(item.slot) ?? {};
const setDraft = (item, part) => drafts.set(item.slot, { ...draftOf(item), ...part });

/** The quote that is shown: one just chosen, that of the decision, the machine's. */
function quoteOf(item) {
  const draft = draftOf(item);
  if (draft.quote !== undefined) return draft.quote;
  const decision = reviews.own.get(item.slot);
  if (decision && actionOf(item, decision) === "correct") return decision.quote;
  return decision?.quote ?? item.machine.quote ?? null;
}

const sameQuote = (one, other) => one?.text === other?.text && one?.page === other?.page;
const actionFor = ({ machine }, value) => (same(value, machine.value) && hasAnswer(machine) ? "accept" : "correct");

/** The quote that a decision takes: the reviewer's, or the machine's where it is of this value. */
function quoteFor(item, action, value) {
  if (action === "not_reported") return null;
  const draft = draftOf(item), known = reviews.own.get(item.slot)?.quote, machine = item.machine.quote ?? null;
  if (draft.quote !== undefined) return draft.quote;
  if (known && !sameQuote(known, machine)) return known;
  return machine && (action === "accept" || isHeld(item, value)) ? machine : null;
}

/** Whether the machine's quote holds a value. Of choices and numbers dsx has found out. */
function isHeld(item, value) {
  if (Array.isArray(value)) return value.length > 0 && value.every((each) => isHeld(item, each));
  if (TYPES.object(value)) return Object.values(value).every((each) => isHeld(item, each));
  const { quote, held } = item.machine;
  if (held.some((each) => same(each, value))) return true;
  if (typeof value !== "string" || item.parameter.choices.length) return false;
  const words = (text) => ` ${text.normalize("NFKC").toLowerCase().match(/[\p{L}\p{N}]+|[-−](?=\p{N})/gu)?.join(" ") ?? ""} `;
  return words(value).trim() !== "" && words(quote.text).includes(words(value));
}

function noteOf(item) {
  return draftOf(item).note ?? reviews.own.get(item.slot)?.note ?? "";
}

function renderValue(item) {
  const { machine, parameter } = item;
  const decision = reviews.own.get(item.slot);
  const overruled = decision && !item.record.added && !same(decision.value, machine.value);
  const absent = { added: "to be filled in", failed: "no answer" }[machine.status];
  filled(byId("value-pane"),
    el("p", { class: "crumb", text: [item.paper.file, item.record.title].join(" › ") }),
    el("h1", { text: parameter.name }),
    parameter.description ? el("p", { class: "description", text: parameter.description }) : null,
    el("div", { class: "values" },
      decision ? bigValue("Your value", decision.value, parameter.unit, "yours", MARKS[decision.action][1]) : null,
      !decision || overruled ? bigValue(decision ? "The machine's" : "", machine.value, parameter.unit, overruled ? "overruled" : "", absent) : null),
    facts(machine),
    machine.reasons.length ? el("ul", { class: "reasons", "aria-label": "Why to look" },
      ...machine.reasons.map(([, text]) => el("li", { text }))) : null,
    candidates(item),
    quoteBlock(item),
    itemQuotes(item),
    el("div", { id: "editor" }),
    actions(item, decision),
    noteField(item),
    decisionLine(item, decision)
  );
}

function bigValue(title, value, unit, kind, absent = "not reported") {
  const shownValue = value === null ? absent : plain(value);
  const size = shownValue.length > 36 ? "long" : "";
  return el("div", { class: `big ${kind} ${value === null ? "none" : size}` },
    title ? el("span", { class: "whose", text: title }) : null,
    el(kind === "overruled" ? "s" : "span", { class: "what", text: shownValue, id: kind === "yours" ? "your-value" : "machine-value" }),
    value !== null && unit ? el("span", { class: "unit", text: unit }) : null);
}

function facts(machine) {
  const sure = machine.confidence;
  return el("p", { class: "facts" },
    el("span", { class: `badge ${machine.status}`, text: STATUS[machine.status], title: MEANING[machine.status] }),
    sure === undefined ? null : el("span", { class: "confidence" }, meter(sure), `${percent(sure)} sure`),
    machine.raw === undefined ? null
      : el("span", { class: "raw", text: `written “${shorten(plain(machine.raw), 80)}”${machine.unit ? ` ${machine.unit}` : ""}` }));
}

function meter(share) {
  const fill = el("i");
  fill.style.width = percent(share).replace(" ", "");
  return el("span", { class: "meter", "aria-hidden": "true" }, fill);
}

function candidates(item) {
  const list = item.machine.candidates;
  if (!list) return null;
  return el("div", { class: "candidates" }, el("h2", { text: "Candidates" }), el("ol", {},
    ...list.map(([value, chance], at) => el("li", {},
      el("button", { type: "button", onclick: () => takeCandidate(at) },
        at < 9 ? el("kbd", { text: String(at + 1) }) : null, el("span", { class: "what", text: plain(value) }),
        meter(chance), el("span", { class: "chance", text: percent(chance) }))))));
}

function quoteBlock(item) {
  const quote = quoteOf(item);
  const chosen = draftOf(item).quote !== undefined;
  if (!quote) {
    return el("div", { class: "quote" }, el("p", { class: "empty", text: "No quote. Click words of the page to take them as one." }));
  }
  return el("figure", { class: chosen ? "quote chosen" : "quote" },
    el("blockquote", { id: "quote", text: shorten(quote.text, 1500) }),
    el("figcaption", {}, el("span", { text: `p. ${quote.page}${chosen ? ", chosen by you" : ""}` }),
      chosen ? el("button", { type: "button", class: "quiet", text: "Back to the first", onclick: () => chooseQuote(item, undefined) }) : null));
}

/** A list's items where each has a quote of its own: a row a item, which shows its quote on the page. */
function itemQuotes(item) {
  const items = item.machine.items;
  if (!items) return null;
  return el("div", { class: "items" }, el("h2", { text: "The quote of each" }), el("ul", {},
    ...items.map(({ value, status, confidence, quote }) => el("li", {},
      el("button", { type: "button", onclick: () => quote && showPage(item, quote) },
        el("span", { class: "what", text: plain(value) }), el("span", { class: `badge ${status}`, text: STATUS[status] }),
        confidence === undefined ? null : el("span", { class: "confidence" }, meter(confidence), percent(confidence)),
        quote ? el("span", { class: "page", text: `p. ${quote.page}` }) : null,
        quote ? el("q", { text: shorten(quote.text, 500) }) : null)))));
}

function actions(item, decision) {
  const button = (key, text, action, kind = "") =>
    el("button", { type: "button", class: kind, "aria-keyshortcuts": key, onclick: action,
      "aria-pressed": decision ? String(actionOf(item, decision) === kind) : null }, el("span", { text }), el("kbd", { text: key, "aria-hidden": "true" }));
  const answered = hasAnswer(item.machine);
  return el("div", { class: "actions", role: "group", "aria-label": "Decide" },
    answered ? button("a", "Accept", () => decide("accept"), "accept") : null,
    button("c", answered ? "Correct" : "Fill in", startCorrecting, "correct"),
    button("n", "Not reported", () => decide("not_reported"), "not_reported"),
    item.record.key ? button("x", isOwnAlone(item) ? "Remove record" : "No such record", denyRecord, "no_record") : null,
    DATA.lists.length ? button("r", "Add a record", () => startAdding(), "add") : null,
    button("u", "Undo", undo, "undo"));
}

function noteField(item) {
  const input = el("textarea", { id: "note", rows: 1, placeholder: "Note (m)", "aria-label": "Note", oninput: () => setDraft(item, { note: input.value }) });
  input.value = noteOf(item);
  input.addEventListener("change", () => {
    const decision = reviews.own.get(item.slot);
    if (decision && decision.note !== input.value) commit(item, { ...decision, note: input.value });
  });
  return input;
}

function decisionLine(item, decision) {
  if (!decision) return null;
  const others = reviews.of(item.slot);
  const time = new Date(decision.at).toLocaleString([], { dateStyle: "medium", timeStyle: "short" });
  return el("div", { class: "decided" },
    el("p", { text: `You: ${MARKS[actionOf(item, decision)][1]}, ${time}` }),
    ...others.map(([name, other]) => el("p", { class: agrees(other, decision) ? "agrees" : "differs",
      text: `${name}: ${MARKS[actionOf(item, other)][1]}${other.value === null ? "" : `, ${shorten(plain(other.value), 60)}`}` })));
}

// ---- deciding ----

function decide(action, value = current?.machine.value) {
  if (!current || adding) return;
  if (action === "accept" && !hasAnswer(current.machine)) return say("There is no value to accept.");
  const item = current;
  const quote = bare(quoteFor(item, action, value));
  const reported = action === "not_reported" ? null : value;
  const at = new Date().toISOString();
  commit(item, { ...placeOf(item), action, value: reported, quote, note: noteOf(item), at, asked: item.parameter.asked });
  const unquoted = action === "correct" && !quote ? `, ${withoutQuote(item)}` : "";
  say(`${item.parameter.name}: ${MARKS[action][1]}${unquoted}`);
  select(neighbour(1, true) ?? neighbour(1) ?? item);
}

const bare = (quote) => quote && { text: quote.text, page: quote.page, boxes: quote.boxes ?? [] };

/** Keeps a decision; quote and note are its own from now on. A record with a value is one, and so are those above it. */
function commit(item, decision) {
  const denies = decision.action === "no_record";
  const others = denies ? [] : items.filter((other) => isWithin(item, other)
    && reviews.own.get(other.slot)?.action === "no_record" && other !== item);
  const added = denies ? [] : sayingThereIs(item.paper, item.record.key);
  commitAll([[item.slot, decision], ...others.map((other) => [other.slot, null]), ...added]);
}

/** [slot, decision or null] of values and of added records, at once. */
function commitAll(changes) {
  if (reviews.reviewer === UNNAMED) byId("reviewer").classList.add("wanted");
  for (const [slot] of changes) drafts.delete(slot);
  editing = null;
  reviews.decide(changes);
  changed(changes.map(([slot]) => slot));
}

/** Whether an item's record is that of another, or is below it. */
const isWithin = (item, other) => item.paper === other.paper && other.record.key !== ""
  && `${item.record.key}/`.startsWith(`${other.record.key}/`);

/** Says of the record that is looked at, and of those below it, that the paper has no such record. */
function denyRecord() {
  if (!current || adding) return;
  if (!current.record.key) return say("This is of the paper itself, which there is.");
  if (isOwnAlone(current)) return removeRecord(current);
  const at = new Date().toISOString();
  const denied = items.filter((other) => isWithin(other, current));
  const added = new Set(denied.map(({ record }) => record).filter((record) => record.added));
  commitAll([
    ...denied.map((item) => [item.slot, { ...placeOf(item), action: "no_record", value: null, quote: null, note: noteOf(item), at,
      asked: item.parameter.asked }]),
    ...[...added].map(({ key }) => [slotOfRecord(current.paper, key), ofRecord(current.paper, key, "no_record")]),
  ]);
  say(`${current.record.title}: no such record; u takes it back`);
  select(neighbour(1, true) ?? neighbour(1) ?? current);
}

const placeOf = (item) => ({
  paper: item.paper.file, document: item.paper.document, record: item.record.key, label: item.record.label ?? null,
  parameter: item.parameter.name,
});

function takeCandidate(at) {
  const candidate = current?.machine.candidates?.[at];
  if (!candidate) return;
  decide(actionFor(current, candidate[0]), candidate[0]);
}

function chooseQuote(item, quote) {
  setDraft(item, { quote });
  if (quote === undefined) {
    const { quote: _, ...rest } = draftOf(item);
    drafts.set(item.slot, rest);
  }
  if (editing) {
    byId("value-pane").querySelector(".quote").replaceWith(quoteBlock(item));
    editing.typed();
  } else renderValue(item);
  showMarks(item);
  const next = hasAnswer(item.machine) ? "a accepts the machine's value with it, c corrects it" : "c fills the value in";
  say(quote ? `Quote chosen; ${next}.` : "The first quote again.");
}

function startCorrecting() {
  if (!current || adding) return;
  const item = current;
  const problem = el("p", { class: "problem", id: "problem", role: "status" });
  const unquoted = el("p", { class: "hint", id: "unquoted", role: "status" });
  const save = el("button", { type: "submit", class: "main", text: "Keep" });
  const typed = () => {
    const read = editor.read();
    const reason = read.problem ?? problemWith(item.parameter.schema, read.value);
    problem.textContent = reason;
    save.disabled = Boolean(reason);
    const action = reason ? null : actionFor(item, read.value);
    unquoted.textContent = action === "correct" && !quoteFor(item, action, read.value)
      ? `It is kept ${withoutQuote(item)}. Click its words on the page, or mark them with w before c.` : "";
    for (const input of editor.form.querySelectorAll("input, textarea")) input.setAttribute("aria-invalid", String(Boolean(reason)));
    return reason ? null : read;
  };
  const known = reviews.own.get(item.slot)?.value ?? item.machine.value;
  const editor = valueEditor(item.parameter, known, typed);
  const submit = (event) => {
    event?.preventDefault();
    const read = typed();
    if (read) decide(actionFor(item, read.value), read.value);
  };
  const cancel = el("button", { type: "button", class: "quiet", text: "Leave", onclick: stopCorrecting });
  const form = el("form", { class: "editor", novalidate: true, onsubmit: submit }, editor.form, problem, unquoted, el("div", { class: "row-of-buttons" }, save, cancel));
  form.addEventListener("keydown", (event) => {
    if (event.key === "Escape") stopCorrecting();
    else if (event.key === "Enter" && (event.ctrlKey || event.metaKey || event.target.type === "radio" || event.target.type === "checkbox")) submit(event);
    else return;
    event.stopPropagation();
  });
  for (const input of editor.form.querySelectorAll("input, textarea")) input.setAttribute("aria-describedby", "problem unquoted");
  editing = { item, typed };
  byId("editor").replaceChildren(form);
  typed();
  const first = editor.form.querySelector("input:checked") ?? editor.form.querySelector("input, textarea");
  form.scrollIntoView({ block: "nearest" });
  first?.focus();
  first?.select?.();
}

function stopCorrecting() {
  editing = null;
  if (current) renderValue(current);
  current?.row?.focus({ preventScroll: true });
}

function undo() {
  const slots = adding ? [] : reviews.undo();
  if (!slots.length) return say("There is nothing to undo.");
  editing = null;
  changed(slots);
  const undone = slots.map((slot) => bySlotOfItems.get(slot)).filter(Boolean);
  const item = undone.includes(current) ? current : undone[0];
  if (!item) return say("The record that was added is gone again.");
  if (!shown.includes(item)) showAll();
  select(item);
  say(`${undone.length > 1 ? item.record.title : item.parameter.name}: undone`);
}

/** After decisions came, changed or went. */
function changed(slots) {
  refreshRecords();
  const ofItems = slots.map((slot) => bySlotOfItems.get(slot)).filter(Boolean);
  ofItems.forEach(refreshRow);
  refreshCounts();
  renderFilters();
  renderProgress();
  if (ofItems.includes(current)) renderValue(current);
}
