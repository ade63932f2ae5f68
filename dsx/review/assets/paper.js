"use strict";
// The page at the right: its picture, the boxes of the quote, and its words, which can be taken as a quote.

let pageShown = null; // {document, number, page, item}
let anchor = null; // index of the first word of a quote that is being chosen
let pageRequest = 0;
const fetchedPages = new Map();

/** A page's data, or null where it is not to be had. */
async function pageData(document_, number) {
  const key = `${document_}/${number}`;
  if (!fetchedPages.has(key)) {
    const page = DATA.served ? await fetchedPage(key) : await embeddedPage(document_, number);
    if (!page) return null;
    fetchedPages.set(key, { ...page, words: unpacked(page) });
  }
  return fetchedPages.get(key);
}

async function fetchedPage(key) {
  const response = await fetch(`pages/${key}`);
  return response.ok ? response.json() : null;
}

/** Pages stand behind the scripts, for the list and the first value to show while the rest of the file is read. */
async function embeddedPage(document_, number) {
  if (!DATA.pages[document_]?.includes(number)) return null;
  const arrived = () => document.readyState !== "loading" || byId(`page-${document_}-${number}`)?.nextElementSibling;
  while (!arrived()) await new Promise((resolve) => setTimeout(resolve, 10));
  return JSON.parse(byId(`page-${document_}-${number}`).textContent);
}

/** The words of a page: [text, boxes, whether it ends a line], null where text is left out. See dsx/review/words.py. */
function unpacked({ text, boxes, several }) {
  const counts = new Map(several);
  let [right, top, height, next] = [0, 0, 0, 0];
  const box = () => {
    const left = right + boxes[next];
    [right, top, height] = [left + boxes[next + 2], top + boxes[next + 1], height + boxes[next + 3]];
    next += 4;
    return [left, top, right, top + height].map((edge) => edge / 10);
  };
  return [...text.matchAll(/([^ \n]+)([ \n])/g)].map(([, word, after], at) => {
    const count = boxes.length ? (counts.get(at) ?? 1) : 0;
    return word === "\f" ? null : [word, Array.from({ length: count }, box), after === "\n"];
  });
}

/** The numbers of the pages that can be shown of a paper. */
function pageNumbers(document_) {
  if (!DATA.served) return DATA.pages[document_] ?? [];
  const known = pageShown?.document === document_ ? pageShown.page : null;
  return Array.from({ length: known?.of ?? 0 }, (_, at) => at + 1);
}

/** Shows the page of a quote, of the item's own by default; the one that is shown stays where the item has none. */
async function showPage(item, quote = quoteOf(item), number = (quote ?? item.machine.quote ?? item.record.quote)?.page) {
  const request = ++pageRequest;
  const document_ = item.paper.document;
  anchor = null;
  number ??= pageShown?.document === document_ ? pageShown.number : pageNumbers(document_)[0] ?? 1;
  if (pageShown?.document === document_ && pageShown.number === number) return showMarks(item, true, quote);
  let page = null;
  try {
    page = await pageData(document_, number);
  } catch {
    say("The server is gone: start dsx review again.");
  }
  if (request !== pageRequest) return;
  pageShown = { document: document_, number, page };
  byId("page-pane").replaceChildren(pageHead(item, number), page ? drawn(page) : noPage(item));
  showMarks(item, true, quote);
}

function pageHead(item, number) {
  const numbers = pageNumbers(item.paper.document);
  const at = numbers.indexOf(number);
  const go = (to, name, key, text) => el("button", { type: "button", class: "quiet", "aria-label": name, "aria-keyshortcuts": key, text,
    disabled: at < 0 || numbers[to] === undefined, onclick: () => showPage(current, undefined, numbers[to]) });
  return el("div", { class: "page-head" }, go(at - 1, "Previous page", "[", "‹"),
    el("span", { text: `${shorten(item.paper.file, 40)}, p. ${number}${ofAll(item.paper)}` }),
    go(at + 1, "Next page", "]", "›"),
    el("button", { type: "button", class: "quiet", text: "Larger", "aria-keyshortcuts": "z", "aria-pressed": "false", id: "zoom", onclick: zoom }));
}

/** How many pages there are, and whether this file holds only some. */
function ofAll(paper) {
  const all = pageShown.page?.of;
  if (!all) return "";
  return ` of ${all}${pageNumbers(paper.document).length < all ? " (cited pages only)" : ""}`;
}

function turnPage(by) {
  const numbers = pageNumbers(current?.paper.document);
  const to = numbers[numbers.indexOf(pageShown?.number) + by];
  if (to !== undefined) showPage(current, undefined, to);
}

function zoom() {
  const larger = byId("page-pane").classList.toggle("larger");
  byId("zoom")?.setAttribute("aria-pressed", String(larger));
  if (current) showMarks(current, true);
}

function noPage(item) {
  return el("p", { class: "empty", text: DATA.served || !item.machine.quote
    ? "Nothing is known of this page." : "The paper was not there when this page was made: dsx review --papers names its folder." });
}

function drawn(page) {
  const words = el("div", { class: "words", id: "words", role: "listbox", "aria-multiselectable": "true", tabindex: "-1",
    "aria-label": "Words of the page; the first and the last one that you mark become the quote" });
  for (const part of page.picture ? placedWords(page) : flowingWords(page)) words.append(part); // there may be very many
  words.addEventListener("click", (event) => {
    const at = wordAt(event.target);
    if (at !== null) markWord(at);
  });
  words.addEventListener("keydown", wordKeys);
  const first = words.querySelector("[role=option]");
  if (first) first.tabIndex = 0;
  if (!page.picture) return el("div", { class: "flow" }, words);
  const picture = el("img", { src: `data:image/webp;base64,${page.picture}`, alt: "" });
  const sheet = el("div", { class: "sheet" }, picture, el("div", { class: "marks", id: "marks" }), words);
  sheet.style.aspectRatio = `${page.width} / ${page.height}`;
  return el("div", { class: "scroll", id: "scroll", tabindex: "-1" }, sheet);
}

function placedWords(page) {
  return page.words.flatMap(([text, boxes], at) => boxes.map((box, part) => {
    const word = option(text, at, part > 0);
    place(word, box, page);
    return word;
  }));
}

function flowingWords(page) {
  return page.words.flatMap((word, at) => {
    if (word === null) return [el("p", { class: "gap", role: "presentation", text: "…" })];
    const [text, , endsLine] = word;
    return [option(text, at, false, text), " ", ...(endsLine ? [el("br")] : [])];
  });
}

/** One word. Its further parts, after a line's end, are for the eye only. */
function option(text, at, further, content = null) {
  const properties = further ? { "aria-hidden": "true" } : { role: "option", "aria-selected": "false", "aria-label": text, tabindex: "-1" };
  return el("span", { class: "word", "data-at": String(at), text: content, ...properties });
}

function place(element, [x0, y0, x1, y1], page) {
  element.style.left = `${(100 * x0) / page.width}%`;
  element.style.top = `${(100 * y0) / page.height}%`;
  element.style.width = `${(100 * (x1 - x0)) / page.width}%`;
  element.style.height = `${(100 * (y1 - y0)) / page.height}%`;
}

const wordAt = (element) => (element.dataset?.at === undefined ? null : Number(element.dataset.at));

/** The quotes that are marked: the item's and, where that is the machine's, those of a list's items. */
function markedQuotes(item) {
  const own = quoteOf(item);
  const ofItems = sameQuote(own, item.machine.quote) ? (item.machine.items ?? []).map((each) => each.quote) : [];
  return [own, ...ofItems.filter((quote, at) => !sameQuote(quote, own) && ofItems.findIndex((other) => sameQuote(other, quote)) === at)].filter(Boolean);
}

/** Draws the boxes of the item's quotes on the page that is shown. to: the quote that is scrolled to. */
function showMarks(item, scroll = false, to = quoteOf(item)) {
  const marks = byId("marks");
  const page = pageShown?.page;
  const isItsPage = page && pageShown.document === item.paper.document;
  const quotes = isItsPage ? markedQuotes(item).filter((quote) => quote.page === pageShown.number) : [];
  const first = Math.max(quotes.findIndex((quote) => quote.text === to?.text), 0);
  selectWords(draftOf(item).quote?.words ?? null);
  if (marks) {
    marks.className = draftOf(item).quote === undefined ? "marks" : "marks chosen";
    const boxes = quotes.map((quote) => (quote.boxes ?? []).map((box) => {
      const mark = el("i");
      place(mark, box, page);
      return mark;
    }));
    marks.replaceChildren(...boxes.flat());
    if (scroll && boxes[first]?.length) centre(boxes[first][0]);
  } else if (quotes.length) {
    markQuotesInFlow(quotes, first, scroll);
  }
}

/** Scrolls the page, and nothing around it, to a mark. */
function centre(mark) {
  const scroll = byId("scroll");
  const [outer, inner] = [scroll.getBoundingClientRect(), mark.getBoundingClientRect()];
  scroll.scrollBy(inner.left - outer.left - 24, inner.top - outer.top - outer.height / 2.5);
}

function markQuotesInFlow(quotes, first, scroll) {
  const words = pageShown.page.words.map((word) => (word ? word[0] : "\n"));
  const ranges = quotes.map((quote) => {
    const wanted = quote.text.split(/\s+/).filter(Boolean);
    const start = words.findIndex((_, at) => wanted.every((word, on) => words[at + on]?.includes(word)));
    return [start, start < 0 ? start : start + wanted.length];
  });
  for (const element of byId("words").querySelectorAll(".word")) {
    const at = wordAt(element);
    element.classList.toggle("quoted", ranges.some(([start, end]) => at >= start && at < end));
  }
  const word = byId("words").querySelector(`[data-at="${ranges[first][0]}"]`);
  if (scroll && word) byId("words").parentElement.scrollTop = word.offsetTop - 160;
}

// ---- choosing a quote: the first and the last word ----

function markWord(at) {
  if (!current || !pageShown?.page) return;
  const [first, last] = anchor === null ? [at, at] : [Math.min(anchor, at), Math.max(anchor, at)];
  anchor = anchor === null ? at : null;
  const words = pageShown.page.words.slice(first, last + 1).filter(Boolean);
  const text = words.map(([word]) => word).join(" ");
  const quote = { text, page: pageShown.number, boxes: lines(words.flatMap(([, boxes]) => boxes)), words: [first, last] };
  if (adding) nameRecord(quote);
  else chooseQuote(current, quote);
}

/** Boxes that stand on one line of print are joined. */
function lines(boxes) {
  const joined = [];
  for (const [x0, y0, x1, y1] of boxes) {
    const line = joined.at(-1);
    const overlap = line ? Math.min(line[3], y1) - Math.max(line[1], y0) : 0;
    if (line && overlap > 0.3 * Math.min(line[3] - line[1], y1 - y0) && x0 >= line[2] - (y1 - y0)) {
      joined[joined.length - 1] = [line[0], Math.min(line[1], y0), Math.max(line[2], x1), Math.max(line[3], y1)];
    } else joined.push([x0, y0, x1, y1]);
  }
  return joined;
}

function selectWords(range) {
  for (const element of byId("words")?.querySelectorAll("[role=option]") ?? []) {
    const at = wordAt(element);
    element.setAttribute("aria-selected", String(Boolean(range) && at >= range[0] && at <= range[1]));
  }
}

const WORD_STEPS = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: 10, ArrowUp: -10 };

function wordKeys(event) {
  const options = [...byId("words").querySelectorAll("[role=option]")];
  const at = options.indexOf(event.target);
  if (event.key in WORD_STEPS && at >= 0) {
    const to = options[Math.max(0, Math.min(options.length - 1, at + WORD_STEPS[event.key]))];
    options[at].tabIndex = -1;
    to.tabIndex = 0;
    to.focus();
  } else if ((event.key === " " || event.key === "Enter") && at >= 0) {
    markWord(wordAt(event.target));
  } else if (event.key === "Escape") {
    (current?.row ?? byId("record-label"))?.focus();
  } else return;
  event.preventDefault();
  event.stopPropagation();
}

/** Puts the focus on the words: on the quote's first, where it is on this page. */
function toWords() {
  const words = byId("words");
  const mark = byId("marks")?.firstElementChild?.getBoundingClientRect();
  const options = [...(words?.querySelectorAll("[role=option]") ?? [])];
  const near = mark && options.find((element) => {
    const box = element.getBoundingClientRect();
    return box.left >= mark.left - 2 && box.top < mark.bottom && box.bottom > mark.top;
  });
  const to = near ?? words?.querySelector(".quoted") ?? options[0];
  if (!to) return;
  for (const element of options) element.tabIndex = element === to ? 0 : -1;
  to.focus();
}
