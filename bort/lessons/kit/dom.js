// Elements and pictures. `figure` draws again when the width changes, so text keeps its size.
const SVG = "http://www.w3.org/2000/svg";

function build(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

/** An HTML element: el("p", {class: "note", onclick: act}, "words", otherElement). */
const el = (tag, attributes, ...children) =>
  build(document.createElement(tag), attributes, children);

/** An SVG element. */
const svg = (tag, attributes, ...children) =>
  build(document.createElementNS(SVG, tag), attributes, children);

/**
 * A picture that fits its place: `draw(picture, width)` fills an empty <svg> and sets its height
 * with `size(picture, width, height)`. Returns a function that draws again.
 */
function figure(lesson, selector, draw) {
  const place = lesson.root.querySelector(selector);
  const picture = svg("svg", { "aria-label": place.dataset.alt ?? "" });
  place.append(picture);
  let width = 0;
  const again = () => {
    if (width < 40) return;
    const held = picture.getRootNode().activeElement; // the keyboard's place stays
    const name = picture.contains(held) ? held.getAttribute("aria-label") : null;
    picture.replaceChildren();
    draw(picture, width);
    const places = name === null ? [] : [...picture.querySelectorAll("[tabindex]")];
    places.find((one) => one.getAttribute("aria-label") === name)?.focus({ preventScroll: true });
    // What can be touched in it would be lost in an image.
    picture.setAttribute("role", picture.querySelector("[tabindex]") ? "group" : "img");
  };
  const observer = new ResizeObserver(([entry]) => {
    const found = Math.floor(entry.contentRect.width);
    if (found !== width) {
      width = found;
      again();
    }
  });
  observer.observe(place);
  lesson.whenLeft(() => observer.disconnect());
  return again;
}

function size(picture, width, height) {
  picture.setAttribute("viewBox", `0 0 ${width} ${height}`);
  picture.setAttribute("width", width);
  picture.setAttribute("height", height);
}

/** Words in a picture; `options` are attributes. */
const words = (x, y, text, options) => svg("text", { x, y, ...options }, text);

/** A scale from values to pixels; `.back` goes from pixels to values. */
function scale([low, high], [start, end], { log = false } = {}) {
  const [f, g] = log ? [Math.log, Math.exp] : [(x) => x, (x) => x];
  const share = (x) => (f(x) - f(low)) / (f(high) - f(low));
  const place = (x) => start + share(x) * (end - start);
  place.back = (pixel) => g(f(low) + ((pixel - start) / (end - start)) * (f(high) - f(low)));
  return place;
}

/** Where a pointer is in a picture, in its own units. */
function pointIn(picture, event) {
  const box = picture.getBoundingClientRect();
  const view = picture.viewBox.baseVal;
  return [
    ((event.clientX - box.left) / box.width) * view.width,
    ((event.clientY - box.top) / box.height) * view.height,
  ];
}

/** Follow a press on `target`, by mouse or finger, until it ends; `move([x, y])` in its picture. */
function draggable(target, picture, move) {
  target.style.touchAction = "none";
  target.addEventListener("pointerdown", (event) => {
    event.preventDefault();
    target.focus?.({ preventScroll: true });
    const follow = (moved) => move(pointIn(picture, moved));
    const end = () => {
      window.removeEventListener("pointermove", follow);
      window.removeEventListener("pointerup", end);
      window.removeEventListener("pointercancel", end);
    };
    window.addEventListener("pointermove", follow);
    window.addEventListener("pointerup", end);
    window.addEventListener("pointercancel", end);
    follow(event);
  });
}

/** Whether a key presses what has the focus: Enter, or the space bar, which would scroll. */
function isPress(event) {
  if (!["Enter", " "].includes(event.key)) return false;
  event.preventDefault();
  return true;
}

const clamp = (value, low, high) => Math.min(high, Math.max(low, value));
const thousands = (value) => Math.round(value).toLocaleString("en-US");
/** As Python writes it: exactly between two numbers, the even one. */
const percent = (value, digits = 0) => {
  const exact = 100 * value;
  const isTie = /^50*$/.test(exact.toFixed(60).split(".")[1].slice(digits));
  const shown = isTie ? (2 * Math.round((exact * 10 ** digits) / 2)) / 10 ** digits : exact;
  return `${shown.toFixed(digits)}%`;
};
