"use strict";
// The list at the left: papers, their records, their values; what needs eyes first.

/** All values of the run and of added records. slot: its place; parameter: what was asked; machine: what the run stored. */
let items = [];
let bySlotOfItems = new Map();

/** Takes up the values that there are now; whether they are others than before. */
function takeRecords() {
  const known = bySlotOfItems;
  items = DATA.papers.flatMap((paper) => recordsOf(paper).flatMap((record) => record.values.map((machine) => {
    const parameter = DATA.parameters[machine.parameter];
    const slot = slotOf({ document: paper.document, record: record.key, parameter: parameter.name });
    return known.get(slot) ?? { paper, record, parameter, machine, slot, row: null };
  })));
  bySlotOfItems = new Map(items.map((item) => [item.slot, item]));
  items.forEach((item, at) => (item.at = at));
  return items.length !== known.size || items.some((item) => !known.has(item.slot));
}

const FILTERS = [
  ["all", "All values", () => true],
  ["check", "Needs eyes", (item) => item.machine.check],
  ["open", "Undecided", (item) => !reviews.own.has(item.slot)],
  ["check-open", "Needs eyes, undecided", (item) => item.machine.check && !reviews.own.has(item.slot)],
  ["decided", "Decided", (item) => reviews.own.has(item.slot)],
  ["differ", "Reviewers differ", (item) => reviews.differ(item.slot)],
  ["noted", "With a note", (item) => Boolean(reviews.own.get(item.slot)?.note)],
  ["absent", "Not reported", (item) => item.machine.value === null && hasAnswer(item.machine)],
];
const machines = DATA.papers.flatMap((paper) => paper.records.flatMap((record) => record.values));
for (const kind of new Set([...machines.flatMap(({ reasons }) => reasons.map(([each]) => each)), "added record"])) {
  const has = (item) => item.machine.reasons.some(([each]) => each === kind);
  FILTERS.push([`reason:${kind}`, kind[0].toUpperCase() + kind.slice(1), has]);
}

let shown = []; // the items of the list, in its order
let current = null; // the item that is looked at
let onSelect = () => {};

/** Fills the filter's choices, with counts. */
function renderFilters() {
  const select = byId("filter");
  const chosen = select.value || "all";
  const options = FILTERS.map(([key, name, test]) => [key, name, items.filter(test).length]);
  select.replaceChildren(
    ...options
      .filter(([key, , count]) => count || key === chosen || ["all", "check", "open"].includes(key))
      .map(([key, name, count]) => el("option", { value: key, text: `${name} (${count})` }))
  );
  select.value = chosen;
}

function renderList() {
  const test = FILTERS.find(([key]) => key === byId("filter").value)[2];
  const words = byId("search").value.toLowerCase().split(/\s+/).filter(Boolean);
  const eyes = byId("order").value === "eyes";
  const chosen = items.filter((item) => test(item) && words.every((word) => haystack(item).includes(word)));
  const list = byId("list");
  const groups = grouped(chosen, (item) => item.paper, eyes);
  shown = [];
  counters.clear();
  list.replaceChildren(
    ...groups.map(([paper, ofPaper]) =>
      el("section", { class: "paper" }, paperHead(paper, ofPaper),
        ...grouped(ofPaper, (item) => item.record, eyes).flatMap(([record, ofRecord]) => [
          el("h3", { text: record.title }),
          el("ul", {}, ...ofRecord.map(row)),
        ]), adder(paper, "-1"))
    ),
    ...(words.length || byId("filter").value !== "all" ? [] : [...emptyPapers(), ...failedPapers()])
  );
  if (!list.childElementCount) list.append(el("p", { class: "empty", text: "No value is like that." }));
  refreshCounts();
  if (current) markCurrent();
}

function grouped(chosen, keyOf, eyes) {
  const groups = new Map();
  for (const item of chosen) {
    if (!groups.has(keyOf(item))) groups.set(keyOf(item), []);
    groups.get(keyOf(item)).push(item);
  }
  const entries = [...groups];
  if (!eyes) return entries;
  for (const [, group] of entries) group.sort((one, other) => other.machine.rank - one.machine.rank || one.at - other.at);
  return entries.sort(([, one], [, other]) => other[0].machine.rank - one[0].machine.rank || one[0].at - other[0].at);
}

function haystack(item) {
  const parts = [item.paper.file, item.record.title, item.parameter.name, plain(item.machine.value)];
  item.haystack ??= parts.join(" ").toLowerCase();
  return item.haystack;
}

/** Takes filter and search away. */
function showAll() {
  byId("filter").value = "all";
  byId("search").value = "";
  renderFilters();
  renderList();
}

const counters = new Map(); // paper → [its values in the list, the element that counts]

function paperHead(paper, ofPaper) {
  const counter = el("span", { class: "count" });
  counters.set(paper, [ofPaper, counter]);
  return el("h2", {}, el("span", { class: "file", text: paper.file, title: paper.file }), counter);
}

/** Counts again what is left to check of each paper. */
function refreshCounts() {
  for (const [ofPaper, counter] of counters.values()) {
    const left = ofPaper.filter((item) => item.machine.check && !reviews.own.has(item.slot)).length;
    counter.textContent = left ? `${left} to check` : "";
  }
}

/** The button that adds a record to a paper; a key does it too, for the paper that is looked at. */
function adder(paper, tabindex = "0") {
  return DATA.lists.length ? el("button", { type: "button", class: "quiet adder", tabindex, text: "Add a record", onclick: () => startAdding(paper) }) : null;
}

/** Papers of which there is no value at all. */
function emptyPapers() {
  const withValues = new Set(items.map((item) => item.paper));
  return DATA.papers.filter((paper) => !paper.reason && !withValues.has(paper)).map((paper) =>
    filled(el("section", { class: "paper" }), el("h2", {}, el("span", { class: "file", text: paper.file, title: paper.file })),
      el("p", { class: "empty", text: "The machine found no record in it." }), adder(paper)));
}

function failedPapers() {
  return DATA.papers.filter((paper) => paper.reason).map((paper) =>
    el("section", { class: "paper" }, el("h2", {}, el("span", { class: "file", text: paper.file })),
      el("p", { class: "empty", text: `Not read: ${paper.reason}` })));
}

function row(item) {
  shown.push(item);
  item.row = el("button", { type: "button", tabindex: "-1", onclick: () => select(item) });
  refreshRow(item);
  return el("li", {}, item.row);
}

const MARKS = {
  accept: ["✓", "accepted"], correct: ["✎", "corrected"], not_reported: ["∅", "not reported"], no_record: ["✕", "no such record"],
};

/** Draws one row again, after a decision. */
function refreshRow(item) {
  if (!item.row) return;
  const decision = reviews.own.get(item.slot);
  const action = decision && actionOf(item, decision);
  const [mark, said] = decision ? MARKS[action] : [item.machine.check ? "●" : "", ""];
  const reason = item.machine.reasons[0]?.[0];
  const value = decision ? decision.value : item.machine.value;
  const differs = reviews.differ(item.slot);
  item.row.className = ["row", decision ? action : item.machine.check ? "check" : "", differs ? "differs" : ""]
    .filter(Boolean).join(" ");
  item.row.title = item.parameter.name;
  filled(item.row,
    el("span", { class: "mark", "aria-hidden": "true", text: mark }),
    el("span", { class: "name", text: item.parameter.name }),
    el("span", { class: "short", text: shorten(plain(value), 40) }),
    el("span", { class: "why", text: said || (item.machine.check ? reason : "") }),
    differs ? el("span", { class: "why", text: "reviewers differ" }) : null
  );
}

function select(item, focus = true) {
  if (!item) return;
  current = item;
  markCurrent(focus);
  onSelect(item);
}

function markCurrent(focus = false) {
  for (const row of byId("list").querySelectorAll("[aria-current]")) {
    row.removeAttribute("aria-current");
    row.tabIndex = -1;
  }
  const row = (adding ? adding.before : current)?.row;
  if (!row?.isConnected) return;
  row.setAttribute("aria-current", "true");
  row.tabIndex = 0;
  row.scrollIntoView({ block: "nearest" });
  if (focus && !byId("list-pane").matches(".hidden")) row.focus({ preventScroll: true });
}

/** The item `by` places further in the list; undecided: the next one that waits for a decision. */
function neighbour(by, undecided = false) {
  let at = shown.indexOf(adding ? adding.before : current);
  do at += by; while (undecided && shown[at] && reviews.own.has(shown[at].slot));
  return shown[at];
}
