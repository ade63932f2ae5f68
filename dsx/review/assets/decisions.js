"use strict";
// What reviewers decided, and where it is kept: in this browser, or at once in the run folder where dsx serves the page.

const DATA = JSON.parse(byId("data").textContent);
const FORMAT = "dsx-decisions/1";
const UNNAMED = "reviewer"; // who has typed no name
const NAME = /^[\p{L}\p{N}_][\p{L}\p{N}_ .@-]{0,59}$/u;

const slotOf = (part) => JSON.stringify([part.document, part.record, part.parameter]);

const reviews = {
  reviewer: "",
  own: new Map(), // slot → decision
  others: new Map(), // reviewer → slot → decision
  unsent: new Map(), // slot → decision, or null where one was undone
  unsaved: false, // changed since the last file
  kept: true, // whether this browser keeps them
  history: [], // [[slot, what was decided before]], for undo

  key() {
    return `dsx-review:${DATA.id}:${this.reviewer}`;
  },

  /** Takes up what this reviewer decided before. */
  open(reviewer) {
    if (this.reviewer && this.own.size) this.others.set(this.reviewer, this.own);
    this.reviewer = reviewer;
    this.history = [];
    const file = parsed(remembered(this.key())) ?? { decisions: [] };
    const known = this.others.get(reviewer) ?? new Map();
    this.others.delete(reviewer);
    this.own = DATA.served ? known : restated(file.decisions);
    const leftOut = DATA.served ? 0 : bySlot(file.decisions).size - this.own.size;
    if (leftOut) warn(`Left out: ${leftOut} accepted when the run said something else; decide on them again.`);
    this.unsent = new Map();
    if (DATA.served) for (const [slot, decision] of file.unsent ?? []) this.set(slot, decision);
    remember("dsx-review:reviewer", reviewer === UNNAMED ? "" : reviewer);
  },

  /** Decisions under another name become this reviewer's; how many. */
  adopt(name) {
    const adopted = this.others.get(name) ?? new Map();
    for (const [slot, decision] of adopted) this.set(slot, decision);
    this.others.delete(name);
    this.keep();
    remember(`dsx-review:${DATA.id}:${name}`, "");
    return adopted.size;
  },

  /** [slot, decision or null] of all that is decided, or taken back, at once. */
  decide(changes) {
    this.history.push(changes.map(([slot]) => [slot, this.own.get(slot) ?? null]));
    for (const [slot, decision] of changes) this.set(slot, decision);
    this.keep();
  },

  /** Takes the last decisions back; the slots they were about. */
  undo() {
    const before = this.history.pop() ?? [];
    for (const [slot, decision] of before) this.set(slot, decision);
    if (before.length) this.keep();
    return before.map(([slot]) => slot);
  },

  set(slot, decision) {
    if (decision) this.own.set(slot, decision);
    else this.own.delete(slot);
    if (DATA.served) this.unsent.set(slot, decision);
  },

  keep() {
    this.unsaved = !DATA.served;
    this.kept = remember(this.key(), JSON.stringify({ ...this.file(), unsent: [...this.unsent] }));
    if (!this.kept && !DATA.served) warn("This browser keeps nothing for this page: save the decisions before you close it.");
    if (DATA.served) send();
  },

  file() {
    return { format: FORMAT, run: DATA.run, reviewer: this.reviewer, decisions: [...this.own.values()] };
  },

  /** Takes up a file: this reviewer's decisions join those here, another's stand beside. [taken, left out] */
  load(file) {
    if (file?.format !== FORMAT || !Array.isArray(file.decisions)) throw new Error("it holds no decisions of dsx");
    const all = bySlot(file.decisions), taken = restated(file.decisions);
    if (file.reviewer === this.reviewer) {
      for (const [slot, decision] of taken) this.set(slot, decision);
      this.keep();
    } else {
      this.others.set(file.reviewer, taken);
    }
    return [taken.size, all.size - taken.size];
  },

  /** Other reviewers' decisions about a slot. */
  of(slot) {
    return [...this.others].filter(([, map]) => map.has(slot)).map(([name, map]) => [name, map.get(slot)]);
  },

  /** Whether this and another reviewer came to different values, or one says that there is no such record. */
  differ(slot) {
    const own = this.own.get(slot);
    return Boolean(own) && this.of(slot).some(([, other]) => !agrees(other, own));
  },

  /** [values that this and another reviewer decided on, those on which all agree] */
  agreement() {
    const both = [...this.own].filter(([slot, { parameter }]) => parameter && this.of(slot).length).map(([slot]) => slot);
    return [both.length, both.filter((slot) => !this.differ(slot)).length];
  },
};

/** Whether two decisions come to one value, or both say that there is no such record. */
const agrees = (one, other) => same(one.value, other.value) && (one.action === "no_record") === (other.action === "no_record");

function bySlot(decisions) {
  return new Map(decisions.map((decision) => [slotOf(decision), decision]));
}

/** By slot, those that are about what is asked today. To accept null without saying what was asked accepts the machine's. */
function restated(decisions) {
  const machine = (each) => bySlotOfItems.get(slotOf(each))?.machine.value ?? null;
  const stated = decisions.map((each) => (acceptsAny(each) ? { ...each, value: machine(each) } : each));
  return new Map([...bySlot(stated)].filter(([, decision]) => isCurrent(decision)));
}

const acceptsAny = ({ action, value, asked }) => action === "accept" && value === null && !asked;

/** Whether a decision is about what its parameter asks today, and its value is legal today. */
function isCurrent(decision) {
  const { asked, action, value } = decision, item = bySlotOfItems.get(slotOf(decision));
  const parameter = item?.parameter ?? parameterAt(decision.record, decision.parameter);
  if (!parameter || action === "no_record") return true;
  const today = parameter.asked;
  if (asked && (asked.unit !== today.unit || asked.values !== today.values)) return false;
  if (!asked && action === "accept" && item && !item.record.added && !same(value, item.machine.value)) return false;
  return (!asked && action !== "accept") || value === null || !problemWith(parameter.schema, value);
}

/** Whether the machine says something: not where it failed, nor in a record that it did not list. */
const hasAnswer = ({ status }) => status !== "failed" && status !== "added";

/** What a decision comes to beside the machine's value: to accept what is not it is to correct it. */
function actionOf(item, { action, value, asked }) {
  if (action !== "accept" || acceptsAny({ action, value, asked })) return action;
  if (same(value, item.machine.value) && hasAnswer(item.machine)) return action;
  return value === null ? "not_reported" : "correct";
}

function parsed(text) {
  try {
    return text ? JSON.parse(text) : null;
  } catch {
    return null;
  }
}

function remembered(key) {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

function remember(key, text) {
  try {
    localStorage.setItem(key, text);
    return true;
  } catch {
    return false;
  }
}

// ---- served: every decision goes to the run folder at once, one request at a time ----

let sending = false, failing = false;
const showUnsent = () => (document.body.dataset.unsent = String(reviews.unsent.size));
let onReviews = () => {};

async function send() {
  showUnsent();
  if (sending || !reviews.unsent.size) return;
  sending = true;
  const batch = [...reviews.unsent];
  const decided = batch.filter(([, decision]) => decision).map(([, decision]) => decision);
  const undone = batch.filter(([, decision]) => !decision).map(([slot]) => JSON.parse(slot));
  const body = JSON.stringify({ ...reviews.file(), decisions: decided, undone });
  const reviewer = reviews.reviewer;
  let again = 0;
  try {
    const response = await fetch("decisions", { method: "POST", body, headers: { "Content-Type": "application/json" } });
    const answer = await response.json();
    if (!response.ok) throw new Error(answer.reason);
    if (reviewer === reviews.reviewer) {
      for (const [slot, decision] of batch) {
        if (reviews.unsent.get(slot) === decision) reviews.unsent.delete(slot);
      }
      const stored = bySlot(answer.reviews.find((file) => file.reviewer === reviewer)?.decisions ?? []);
      for (const slot of answer.left_out.map((part) => JSON.stringify(part))) {
        if (reviews.unsent.has(slot)) continue; // decided on again meanwhile
        if (stored.has(slot)) reviews.own.set(slot, stored.get(slot));
        else reviews.own.delete(slot);
      }
      remember(reviews.key(), JSON.stringify({ ...reviews.file(), unsent: [...reviews.unsent] }));
    }
    const [first, ...more] = answer.reasons;
    if (first) warn(`Not written into the run folder: ${first}${more.length ? `; and ${more.length} more` : ""}`);
    else if (failing) warn("");
    failing = false;
    takeReviews(answer.reviews);
  } catch (problem) {
    warn(`Not written into the run folder (${problem.message}). This browser keeps it and tries again.`);
    failing = true;
    again = 5000;
  }
  sending = false;
  showUnsent();
  if (reviews.unsent.size) setTimeout(send, again);
}

function takeReviews(files) {
  for (const file of files) {
    if (file.reviewer !== reviews.reviewer) reviews.others.set(file.reviewer, bySlot(file.decisions));
  }
  onReviews();
}

async function fetchReviews() {
  const response = await fetch("reviews");
  if (!response.ok) throw new Error((await response.json()).reason);
  return response.json();
}
