"use strict";
// Puts the parts together: keys, buttons, progress, the reviewer's name, files of decisions.

function renderProgress() {
  const done = items.filter((item) => reviews.own.has(item.slot)).length;
  const left = items.filter((item) => item.machine.check && !reviews.own.has(item.slot)).length;
  const [both, agreed] = reviews.agreement();
  byId("track").firstElementChild.style.width = `${(100 * done) / Math.max(items.length, 1)}%`;
  byId("track").setAttribute("aria-valuemax", String(items.length));
  byId("track").setAttribute("aria-valuenow", String(done));
  const parts = [done && done === items.length ? "all decided" : `${done} of ${items.length} decided`, left ? `${left} need eyes` : ""];
  if (both) parts.push(`reviewers agree on ${agreed} of ${both}`);
  byId("progress").textContent = parts.filter(Boolean).join(" · ");
  byId("save").classList.toggle("due", reviews.unsaved);
}

function setReviewer() {
  const name = byId("reviewer").value.trim() || UNNAMED;
  if (!NAME.test(name)) return say("A name has letters, digits, blanks and . @ - _ only.");
  byId("reviewer").value = name === UNNAMED ? "" : name;
  byId("reviewer").classList.remove("wanted");
  if (name === reviews.reviewer) return;
  const wasUnnamed = reviews.reviewer === UNNAMED;
  reviews.open(name);
  const adopted = wasUnnamed && !DATA.served && !reviews.own.size ? reviews.adopt(UNNAMED) : 0;
  if (adopted) say(`${decisionsOf(adopted)} made without a name: now ${name}'s`);
  refresh();
  if (DATA.served) send();
}

function refresh() {
  refreshRecords();
  items.forEach(refreshRow);
  refreshCounts();
  renderFilters();
  renderProgress();
  if (current && !editing && !adding) renderValue(current);
}

function save() {
  const file = JSON.stringify(reviews.file(), null, 1);
  const link = el("a", { href: URL.createObjectURL(new Blob([file], { type: "application/json" })), download: `${DATA.run}-${reviews.reviewer}.json` });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  reviews.unsaved = false;
  renderProgress();
  const unnamed = reviews.reviewer === UNNAMED ? "; type your name at the top, it stands in the file" : "";
  say(`${decisionsOf(reviews.own.size)} saved as ${link.download}${unnamed}`);
}

async function load() {
  const input = byId("load-file");
  for (const file of input.files) {
    try {
      const [taken, left] = reviews.load(JSON.parse(await file.text()));
      say(`${decisionsOf(taken)} of ${file.name}`);
      if (left) warn(`${file.name}: left out, for their parameters have another unit, type, choices or bounds now: ${decisionsOf(left)}.`);
    } catch (problem) {
      warn(`${file.name}: ${problem.message}`);
    }
  }
  input.value = "";
  refresh();
}

const decisionsOf = (count) => `${count} decision${count === 1 ? "" : "s"}`;
const narrow = matchMedia("(max-width: 820px)");

function showList(shownNow) {
  document.body.classList.toggle("list-open", shownNow);
  byId("show-list").setAttribute("aria-expanded", String(shownNow));
}

const KEYS = {
  j: () => select(neighbour(1)), ArrowDown: () => select(neighbour(1)),
  k: () => select(neighbour(-1)), ArrowUp: () => select(neighbour(-1)),
  a: () => decide("accept"), n: () => decide("not_reported"), c: startCorrecting, x: denyRecord, r: () => startAdding(), u: undo,
  m: () => byId("note")?.focus(), w: toWords, "[": () => turnPage(-1), "]": () => turnPage(1), z: zoom, s: save,
  "/": () => byId("search").focus(), "?": () => byId("help").showModal(), Escape: () => (adding ? stopAdding() : showList(false)),
};

function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || byId("help").open) return;
  const typing = event.target.closest("input, textarea, select");
  if (typing) {
    if (event.key === "Escape") (current?.row ?? document.body).focus();
    return;
  }
  if (/^[1-9]$/.test(event.key)) takeCandidate(Number(event.key) - 1);
  else if (KEYS[event.key]) KEYS[event.key]();
  else return;
  event.preventDefault();
}

const TABLE = "A table with them: dsx export RUN -o table.xlsx --decisions";

async function start() {
  byId("run").textContent = DATA.run;
  byId("set").textContent = DATA.set;
  filled(byId("meanings"), ...Object.entries(MEANING).map(([status, text]) =>
    el("div", {}, el("dt", { text: STATUS[status] }), el("dd", { text }))));
  byId("where-kept").textContent = DATA.served
    ? `Each decision is written into the run folder at once. ${TABLE} ${DATA.run}/reviews`
    : `Decisions stay in this browser until you save them as a file. ${TABLE} ${DATA.run}-NAME.json`;
  takeRecords();
  renderFilters();
  if (DATA.served) {
    try {
      takeReviews(await fetchReviews());
    } catch (problem) {
      warn(`The decisions of before could not be read: ${problem.message}`);
    }
    setInterval(() => fetchReviews().then(takeReviews).catch(() => {}), 15000);
    send();
  }
  byId("reviewer").value = DATA.reviewer || remembered("dsx-review:reviewer") || "";
  setReviewer();
  onReviews = () => {
    refreshRecords();
    items.forEach(refreshRow);
    renderProgress();
    if (current && !editing && !adding && !byId("value-pane").contains(document.activeElement)) renderValue(current);
  };
  onSelect = (item) => {
    editing = adding = null;
    renderValue(item);
    showPage(item);
    showList(false);
    if (narrow.matches) scrollTo(0, 0);
  };
  renderList();
  byId("filter").addEventListener("change", () => { renderFilters(); renderList(); select(shown[0], false); });
  byId("order").addEventListener("change", () => { renderList(); select(shown[0], false); });
  byId("search").addEventListener("input", renderList);
  byId("search").addEventListener("keydown", (event) => { if (event.key === "Enter") select(shown[0]); });
  byId("reviewer").addEventListener("change", setReviewer);
  byId("save").addEventListener("click", save);
  byId("load").addEventListener("click", () => byId("load-file").click());
  byId("load-file").addEventListener("change", load);
  byId("help-button").addEventListener("click", () => byId("help").showModal());
  byId("show-list").addEventListener("click", () => showList(!document.body.classList.contains("list-open")));
  document.addEventListener("keydown", onKey);
  addEventListener("beforeunload", (event) => { if ((reviews.unsaved || reviews.unsent.size) && !reviews.kept) event.preventDefault(); });
  addEventListener("storage", (event) => { if (!DATA.served && event.key === reviews.key()) { reviews.open(reviews.reviewer); refresh(); } });
  select(shown[0], !narrow.matches);
  document.body.classList.add("ready");
}

start();
