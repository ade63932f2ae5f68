"use strict";
// Elements. Text is only ever set as text: what a paper says is never read as HTML.

const byId = (id) => document.getElementById(id);

/** An element with properties (class, text, dataset, aria-…, on…) and children; null children are left out. */
function el(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "text") element.textContent = value;
    else if (name === "class") element.className = value;
    else if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name in element && typeof value !== "string") element[name] = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  return children.length ? filled(element, ...children) : element;
}

/** The element with these children in place of its own. */
function filled(element, ...children) {
  element.replaceChildren(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

/** How a value reads: lists parted by "; ", what has no value as a dash. */
function plain(value) {
  if (value === null || value === undefined) return "–";
  if (Array.isArray(value)) return value.map(plain).join("; ");
  if (typeof value === "object") return JSON.stringify(value);
  if (typeof value === "boolean") return value ? "yes" : "no";
  return String(value);
}

const percent = (share) => `${Math.round(share * 100)} %`;
const shorten = (text, length) => (text.length > length ? `${text.slice(0, length - 1)}…` : text);
const same = (one, other) => JSON.stringify(one) === JSON.stringify(other);

let speechTimer = 0;
/** Tells what happened, to eyes and screen readers. */
function say(text) {
  const status = byId("status");
  status.textContent = text;
  clearTimeout(speechTimer);
  speechTimer = setTimeout(() => (status.textContent = ""), 6000);
}

/** Stays until it is told to go (with ""): something that loses work otherwise. */
function warn(text) {
  byId("alert").textContent = text;
}
