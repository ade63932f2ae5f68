"use strict";
// Records that the machine did not list and reviewers add: where they belong, the form, and how they are taken back.

const UNLISTED = {
  value: null, status: "added", flags: [], rank: 9, check: true,
  reasons: [["added record", "The machine did not list this record; a reviewer added it."]],
};
const LONGEST_LABEL = 200;
let adding = null; // {item, before, places, taken} while a record is added; item: stands in the place of a value

const escaped = (part) => part.replaceAll("~", "~0").replaceAll("/", "~1");
const stepsOf = (key) => (key ? key.split("/").map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~")) : []);
const listsOf = (key) => stepsOf(key).filter((_, at) => at % 2 === 0);
const labelsOf = (key) => stepsOf(key).filter((_, at) => at % 2 === 1);
const keyAbove = (key) => key.split("/").slice(0, -2).join("/");
const isBelow = (key, above) => above === "" || `${key}/`.startsWith(`${above}/`);
const slotOfRecord = (paper, key) => slotOf({ document: paper.document, record: key, parameter: "" });
const listAt = (path) => DATA.lists.find((list) => same(list.path, path));

/** What is asked under a name of the records at a path; undefined where nothing is. */
function parameterAt(key, name) {
  return listAt(listsOf(key))?.parameters.map((at) => DATA.parameters[at]).find((parameter) => parameter.name === name);
}

// ---- which records there are ----

const recordsAdded = new Map(); // slot of the record → the record, the same as long as the page is open

/** A paper's records: the machine's, and behind those that stand beside them the ones that reviewers added. */
function recordsOf(paper) {
  if (paper.reason) return [];
  const records = [...paper.records];
  const added = [reviews.own, ...reviews.others.values()].flatMap((decisions) => [...decisions.values()])
    .filter(({ action, document: of }) => action === "add_record" && of === paper.document)
    .sort((one, other) => listsOf(one.record).length - listsOf(other.record).length);
  for (const { record: key, quote } of added) {
    const above = keyAbove(key);
    const isThere = (wanted) => records.some((record) => record.key === wanted);
    if (isThere(key) || (above && !isThere(above)) || !listAt(listsOf(key))) continue;
    const last = records.findLastIndex((record) => isBelow(record.key, above));
    records.splice((last < 0 ? records.length : last + 1), 0, recordAdded(paper, key, quote));
  }
  return records;
}

function recordAdded(paper, key, quote) {
  const slot = slotOfRecord(paper, key);
  if (!recordsAdded.has(slot)) {
    const values = listAt(listsOf(key)).parameters.map((at) => ({ ...UNLISTED, parameter: at }));
    recordsAdded.set(slot, { key, label: labelsOf(key).at(-1), title: labelsOf(key).join(" / "), values, added: true });
  }
  return Object.assign(recordsAdded.get(slot), { quote });
}

/** Takes up the records that there are now, and shows them where they are other ones than before. */
function refreshRecords() {
  if (!takeRecords()) return;
  const focused = byId("list").contains(document.activeElement);
  renderList();
  if (adding) return;
  if (current && !items.includes(current)) select(shown[0], focused);
  else if (focused) current?.row?.focus({ preventScroll: true });
}

/** What one's own decision on a value says of added records: that there is this one, and those above it. */
function sayingThereIs(paper, key) {
  const changes = [];
  for (let above = key; above; above = keyAbove(above)) {
    const slot = slotOfRecord(paper, above), record = recordsAdded.get(slot);
    if (record && reviews.own.get(slot)?.action !== "add_record") changes.push([slot, adds(paper, above, record.quote)]);
  }
  return changes;
}

const ofRecord = (paper, key, action, quote) => ({
  paper: paper.file, document: paper.document, record: key, label: labelsOf(key).at(-1), parameter: "", action, value: null,
  quote: bare(quote ?? null), note: "", at: new Date().toISOString(),
});
const adds = (paper, key, quote) => ofRecord(paper, key, "add_record", quote);

/** Whether nobody but this reviewer says that there is an added record: it is taken back, and not denied. */
function isOwnAlone({ paper, record }) {
  const slot = slotOfRecord(paper, record.key);
  return Boolean(record.added) && reviews.own.get(slot)?.action === "add_record"
    && !reviews.of(slot).some(([, other]) => other.action === "add_record");
}

/** Takes back an added record with all that one decided on it, and on those below it. */
function removeRecord(item) {
  const { paper, record } = item;
  const gone = [...reviews.own].filter(([, each]) => each.document === paper.document && isBelow(each.record, record.key));
  const rest = shown.filter((other) => !isWithin(other, item));
  const next = rest.find((other) => shown.indexOf(other) > shown.indexOf(item)) ?? rest.at(-1);
  commitAll(gone.map(([slot]) => [slot, null]));
  if (next) select(next);
  say(`${record.title}: removed; u brings it back`);
}

// ---- the form ----

/** Where a record can be added in a paper: [key of the record above, path of the list, how it reads]. */
function placesFor(paper) {
  return recordsOf(paper).flatMap(({ key, title }) =>
    DATA.lists.filter(({ path }) => same(path.slice(0, -1), listsOf(key)))
      .map(({ path }) => [key, path, key ? `${title} › ${path.at(-1)}` : path.at(-1)]));
}

function startAdding(paper = current?.paper ?? DATA.papers.find((each) => !each.reason)) {
  const places = paper ? placesFor(paper) : [];
  if (!places.length) return say("No record can be added: the parameter set has no list of records.");
  const item = { paper, record: { key: "" }, machine: { reasons: [] }, slot: slotOfRecord(paper, "") };
  editing = null;
  adding = { item, places, before: adding?.before ?? current, taken: "" };
  drafts.delete(item.slot);
  current = item;
  showList(false);
  filled(byId("value-pane"), el("p", { class: "crumb", text: paper.file }), el("h1", { text: "Add a record" }),
    el("p", { class: "description", text: "For a record that the paper has and the machine did not list. Its values are filled in next." }),
    addingForm());
  typedLabel();
  showPage(item).then(() => adding && typedLabel());
  byId("record-label").focus();
}

function addingForm() {
  const { places } = adding;
  const place = el("select", { id: "record-place", onchange: typedLabel }, ...places.map(([, , text], at) => el("option", { value: String(at), text })));
  const label = el("input", { id: "record-label", type: "text", autocomplete: "off", spellcheck: false, maxlength: String(LONGEST_LABEL),
    oninput: typedLabel, "aria-describedby": "record-problem record-quote" });
  const form = el("form", { class: "editor", novalidate: true, onsubmit: (event) => { event.preventDefault(); addRecord(); } },
    el("div", { class: "field", hidden: places.length === 1 }, el("label", { for: "record-place", text: "Which list" }), place),
    el("div", { class: "field" }, el("label", { for: "record-label", text: "Its label, in the paper's words" }), el("div", { class: "typed" }, label)),
    el("p", { class: "problem", id: "record-problem", role: "status" }),
    el("p", { class: "hint", id: "record-quote", role: "status" }),
    el("div", { class: "row-of-buttons" }, el("button", { type: "submit", class: "main", id: "add-record", text: "Add" }),
      el("button", { type: "button", class: "quiet", text: "Leave", onclick: stopAdding })));
  form.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    stopAdding();
    event.stopPropagation();
  });
  return form;
}

/** The key that is typed, and why it cannot be added ("" where it can). */
function keyTyped() {
  const label = byId("record-label").value.trim().replace(/\s+/g, " ");
  const [above, path] = adding.places[Number(byId("record-place").value)];
  const key = [above, escaped(path.at(-1)), escaped(label)].filter((part, at) => at || part).join("/");
  const isThere = recordsOf(adding.item.paper).some((record) => record.key.toLowerCase() === key.toLowerCase());
  return [key, label ? (isThere ? "there is a record of this label" : "") : "type a label"];
}

function typedLabel() {
  const [, problem] = keyTyped(), { quote } = draftOf(adding.item);
  byId("record-problem").textContent = problem;
  byId("add-record").disabled = Boolean(problem);
  byId("record-quote").textContent = quote ? `Quote: “${shorten(quote.text, 200)}”, p. ${quote.page}`
    : `Click the first and the last word of its name on the page to take them as label and quote.${elsewhere(adding.item.paper)}`;
}

/** That pages are missing here; "" where all can be shown. */
const elsewhere = (paper) => (DATA.served || pageNumbers(paper.document).length === pageShown?.page?.of ? ""
  : " This file holds the pages that values are quoted from; dsx review --serve shows all.");

/** Words of the page become the record's quote, and its label unless another was typed. */
function nameRecord(quote) {
  const input = byId("record-label");
  setDraft(adding.item, { quote });
  if (input.value === adding.taken) input.value = adding.taken = quote.text.slice(0, LONGEST_LABEL);
  typedLabel();
  showMarks(adding.item);
}

function addRecord() {
  const [key, problem] = keyTyped(), { item: { paper, slot } } = adding, { quote } = draftOf(adding.item);
  if (problem) return;
  const change = [slotOfRecord(paper, key), adds(paper, key, quote)];
  const above = sayingThereIs(paper, keyAbove(key)), { before } = adding;
  drafts.delete(slot);
  [adding, current] = [null, before];
  commitAll([change, ...above]);
  const first = items.find((item) => item.paper === paper && item.record.key === key) ?? before;
  if (first && !shown.includes(first)) showAll();
  select(first);
  say(`${labelsOf(key).join(" / ")}: added; c fills a value in`);
}

function stopAdding() {
  const { before, item } = adding;
  drafts.delete(item.slot);
  [adding, current] = [null, before];
  if (before) select(before);
  else byId("value-pane").replaceChildren();
}
