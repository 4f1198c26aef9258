// Draws lines over parallel axes. A drag along an axis keeps what passes through it (a brush),
// a click on a line picks it, arrows and Enter pick without a pointer.
const TOP = 58, BOTTOM = 14, LEFT = 80, RIGHT = 50;
const LEAST_PX = 78; // between two axes; on a narrow screen, the picture is wider than the screen
const NEAR_PX = 12;
const STILL_PX = 4;
const SVG = "http://www.w3.org/2000/svg";

function create(parent) {
  const holder = parent.querySelector(".bort-parallel");
  const view = {
    holder, brushes: {}, near: null, drag: null, data: null, onPick: null,
    canvas: holder.querySelector("canvas"), svg: holder.querySelector("svg"),
    said: parent.querySelector("output"), ended: new AbortController(),
  };
  view.observer = new ResizeObserver(() => draw(view));
  view.observer.observe(holder);
  const { svg } = view, until = { signal: view.ended.signal };
  svg.addEventListener("pointerdown", (event) => {
    if (event.button > 0) return;
    view.near = null;
    view.drag = { axis: axisAt(view, event), from: spot(view, event), to: spot(view, event) };
    svg.setPointerCapture(event.pointerId);
  }, until);
  svg.addEventListener("pointermove", (event) => {
    if (!view.drag) return point(view, nearest(view, spot(view, event)));
    view.drag.to = spot(view, event);
    if (view.drag.axis !== null && isMoved(view.drag)) brush(view);
  }, until);
  svg.addEventListener("pointerup", (event) => {
    const { drag } = view;
    view.drag = null;
    if (!drag || isMoved(drag)) return;
    const line = nearest(view, spot(view, event));
    if (drag.axis !== null && drag.axis in view.brushes) {
      delete view.brushes[drag.axis];
      draw(view);
    } else if (line) view.onPick?.(line.id);
  }, until);
  svg.addEventListener("pointercancel", () => (view.drag = null), until); // the finger scrolls
  // A finger on an axis brushes, elsewhere it scrolls: sideways too, where the picture is too wide.
  svg.addEventListener("touchstart", (event) => {
    const isBrush = event.touches.length === 1 && axisAt(view, event.touches[0]) !== null;
    if (isBrush) event.preventDefault();
  }, { ...until, passive: false });
  svg.addEventListener("pointerleave", () => point(view, null), until);
  svg.addEventListener("keydown", (event) => onKey(view, event), until);
  for (const button of parent.querySelectorAll(".bort-save")) {
    button.addEventListener("click", () => save(view, button.dataset.format), until);
  }
  return view;
}

function onKey(view, event) {
  const lines = view.data.lines.filter((line) => passes(view, line));
  const here = lines.indexOf(view.near);
  const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
  if (step && lines.length) point(view, lines[(here + step + lines.length) % lines.length]);
  else if (event.key === "Enter" && view.near) view.onPick?.(view.near.id);
  else if (event.key === "Escape") { view.brushes = {}; draw(view); }
  else return;
  event.preventDefault();
}

const isMoved = ({ from, to }) => Math.hypot(from[0] - to[0], from[1] - to[1]) > STILL_PX;

function spot(view, event) {
  const box = view.svg.getBoundingClientRect();
  return [event.clientX - box.left, event.clientY - box.top];
}

const width = (view) => view.holder.clientWidth;
const height = (view) => view.holder.clientHeight;
const across = (view, axis) =>
  LEFT + (axis * (width(view) - LEFT - RIGHT)) / Math.max(1, view.data.axes.length - 1);
const up = (view, place) => TOP + (1 - place) * (height(view) - TOP - BOTTOM);
const placeAt = (view, y) => 1 - (y - TOP) / (height(view) - TOP - BOTTOM);

function axisAt(view, event) {
  const [x] = spot(view, event);
  const found = view.data.axes.findIndex((_, axis) => Math.abs(across(view, axis) - x) <= NEAR_PX);
  return found < 0 ? null : found;
}

function brush(view) {
  const { axis, from, to } = view.drag;
  const ends = [placeAt(view, from[1]), placeAt(view, to[1])].sort((a, b) => a - b);
  view.brushes[axis] = [Math.max(0, ends[0]), Math.min(1, ends[1])];
  draw(view);
}

const passes = (view, line) =>
  Object.entries(view.brushes).every(
    ([axis, [low, high]]) => line.places[axis] >= low - 1e-9 && line.places[axis] <= high + 1e-9);

// The line that is nearest to the pointer, among those that pass through all brushes.
function nearest(view, [x, y]) {
  const last = view.data.axes.length - 1;
  const share = ((x - LEFT) / Math.max(1, width(view) - LEFT - RIGHT)) * last;
  const left = Math.max(0, Math.min(last - 1, Math.floor(share)));
  const t = Math.max(0, Math.min(1, share - left));
  let best = null, distance = NEAR_PX;
  for (const line of view.data.lines) {
    if (!passes(view, line)) continue;
    const a = line.places[left], b = line.places[Math.min(last, left + 1)];
    const away = Math.abs(up(view, a + t * (b - a)) - y);
    if (away <= distance) [best, distance] = [line, away];
  }
  return best;
}

function point(view, line) {
  if (view.near === line) return;
  view.near = line;
  view.svg.style.cursor = line ? "pointer" : "crosshair";
  draw(view);
}

function draw(view) {
  if (!view.data || !width(view)) return;
  drawLines(view);
  drawAxes(view);
  const { lines } = view.data;
  const kept = lines.filter((line) => passes(view, line)).length;
  const brushed = Object.keys(view.brushes).length > 0;
  view.said.textContent = view.near?.text ??
    (brushed ? `${kept} of ${lines.length} pass through the brushes. Click a brush to remove it.`
             : "Drag along an axis to keep a range. Click a line to pick it.");
  view.holder.dataset.drawn = "true";
}

function drawLines(view) {
  const { canvas, data } = view;
  const ratio = window.devicePixelRatio || 1;
  canvas.width = width(view) * ratio;
  canvas.height = height(view) * ratio;
  const pen = canvas.getContext("2d");
  pen.scale(ratio, ratio);
  pen.lineJoin = "round";
  const trace = (line, thick) => {
    pen.strokeStyle = line.colour;
    pen.lineWidth = thick;
    pen.beginPath();
    line.places.forEach((place, axis) => pen.lineTo(across(view, axis), up(view, place)));
    pen.stroke();
  };
  for (const line of data.lines) {
    pen.globalAlpha = passes(view, line) ? 1 : 0.1;
    trace(line, line.width);
  }
  pen.globalAlpha = 1;
  if (view.near) trace(view.near, 4);
}

// A long title in two lines: "size on disk, int8 (MB)" is cut after "disk,".
function inTwo(title) {
  if (title.length <= 14) return ["", title];
  const words = title.split(" ");
  const lengths = words.map((_, k) => Math.max(words.slice(0, k).join(" ").length, words.slice(k).join(" ").length));
  const cut = lengths.indexOf(Math.min(...lengths));
  return [words.slice(0, cut).join(" "), words.slice(cut).join(" ")];
}

function drawAxes(view) {
  const { svg, data } = view;
  svg.replaceChildren();
  const add = (name, attributes, text) => {
    const made = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    if (text !== undefined) made.textContent = text;
    svg.append(made);
  };
  data.axes.forEach((axis, number) => {
    const x = across(view, number);
    const isLast = number === data.axes.length - 1;
    const at = { "text-anchor": isLast ? "end" : "middle", fill: data.muted, x: isLast ? x + RIGHT - 4 : x };
    add("line", { x1: x, x2: x, y1: up(view, 0), y2: up(view, 1), stroke: data.muted, "stroke-opacity": 0.6 });
    const [first, second] = inTwo(axis.title);
    add("text", { ...at, y: 12, fill: data.text, "font-weight": 600 }, first);
    add("text", { ...at, y: 27, fill: data.text, "font-weight": 600 }, second);
    add("text", { ...at, y: 42 }, axis.note);
    for (const [text, place] of axis.ticks) {
      add("line", { x1: x - 3, x2: x + 3, y1: up(view, place), y2: up(view, place), stroke: data.muted });
      add("text", {
        x: x - 7, y: up(view, place) + 4, "text-anchor": "end", fill: data.muted,
        stroke: data.background, "stroke-width": 3, "paint-order": "stroke",
      }, text);
    }
    const range = view.brushes[number];
    if (range) add("rect", {
      x: x - 8, width: 16, y: up(view, range[1]), height: Math.max(2, up(view, range[0]) - up(view, range[1])),
      fill: data.accent, "fill-opacity": 0.3, stroke: data.accent,
    });
  });
}

// Everything as one SVG: the lines, which a canvas shows, below the axes.
function whole(view) {
  const made = view.svg.cloneNode(true);
  const add = (name, attributes) => {
    const part = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) part.setAttribute(key, value);
    return part;
  };
  const size = { width: width(view), height: height(view) };
  const lines = view.data.lines.map((line) => add("polyline", {
    points: line.places.map((place, axis) => `${across(view, axis).toFixed(1)},${up(view, place).toFixed(1)}`).join(" "),
    fill: "none", stroke: line.colour, "stroke-width": line.width, "stroke-opacity": passes(view, line) ? 1 : 0.1,
  }));
  made.prepend(add("rect", { ...size, fill: view.data.background }), ...lines);
  for (const [key, value] of Object.entries({ ...size, "font-family": "sans-serif", "font-size": 12 })) made.setAttribute(key, value);
  return new Blob([new XMLSerializer().serializeToString(made)], { type: "image/svg+xml" });
}

async function save(view, format) {
  let picture = whole(view);
  if (format === "png") {
    const drawn = Object.assign(new Image(), { src: URL.createObjectURL(picture) });
    await drawn.decode();
    const canvas = Object.assign(document.createElement("canvas"), { width: 2 * width(view), height: 2 * height(view) });
    canvas.getContext("2d").drawImage(drawn, 0, 0, canvas.width, canvas.height);
    picture = await new Promise((done) => canvas.toBlob(done));
  }
  const link = document.createElement("a");
  link.href = URL.createObjectURL(picture);
  link.download = `bort.${format}`;
  link.click();
}

export default function (component) {
  const { parentElement, data, setTriggerValue } = component;
  const view = (parentElement.bortParallel ??= create(parentElement));
  const axes = JSON.stringify(data.axes);
  if (view.axes !== axes) view.brushes = {}; // they stand at other values, or on other axes
  view.axes = axes;
  const call = (view.call = {});
  view.near = data.lines.find((line) => line.id === view.near?.id) ?? null;
  view.data = data;
  view.onPick = (id) => setTriggerValue("pick", id);
  view.holder.style.height = data.height;
  view.holder.style.minWidth = `${LEFT + RIGHT + LEAST_PX * (data.axes.length - 1)}px`;
  view.svg.setAttribute("aria-label", data.alt);
  draw(view);
  return () => {
    if (view.call !== call) return; // overtaken by another one, which uses the view
    view.observer.disconnect();
    view.ended.abort();
    delete parentElement.bortParallel;
  };
}
