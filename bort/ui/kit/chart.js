// Draws one plotly figure, keeps zoom and camera over new data, reports clicked marks by id.
const STILL_PX = 4; // a press that moves further turns or zooms, it does not pick
const FINGER_PX = 12; // the same for a finger
const TAP_MS = 800; // plotly finds the mark under a finger only after it is up, and says so this late
const CELL_PX = 4; // where marks of a crowd lie closer than this, one of them is drawn

// plotly draws everything anew if the configuration changes: each of these functions exists once.
const [saveSvg, savePng] = ["svg", "png"].map((format) => (holder) =>
  window.Plotly.downloadImage(holder, { format, scale: format === "png" ? 2 : 1, filename: "bort" }));

function configOf({ modeBarButtons: [buttons], ...others }) {
  const { camera, disk } = window.Plotly.Icons;
  const saving = [
    { name: "svg", title: "Save as SVG", icon: camera, click: saveSvg },
    { name: "png", title: "Save as PNG", icon: disk, click: savePng },
  ];
  return { ...others, modeBarButtons: [[...buttons, ...saving]] };
}

function loadPlotly(url) {
  if (window.Plotly) return Promise.resolve(window.Plotly);
  window.bortPlotly ??= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = url;
    script.onload = () => resolve(window.Plotly);
    script.onerror = () => {
      window.bortPlotly = undefined;
      reject(new Error("The drawing library did not load; reload the page."));
    };
    document.head.append(script);
  });
  return window.bortPlotly;
}

function create(parent) {
  const holder = parent.querySelector(".bort-chart");
  const chart = { holder, hovered: null, press: null, tapped: -Infinity, isTouched: false, onPick: null, isDrawn: false };
  // plotly's own click event comes late or not at all on 3-D charts, and twice on some:
  // the mark under the pointer, pressed and released in place, is the pick.
  chart.onDown = (event) => (chart.press = event.button > 0 ? null : [event.clientX, event.clientY]);
  chart.onUp = (event) => {
    const [x, y] = chart.press ?? [Infinity, Infinity];
    const isFinger = event.pointerType === "touch";
    const isStill = Math.hypot(event.clientX - x, event.clientY - y) <= (isFinger ? FINGER_PX : STILL_PX);
    chart.press = null;
    if (!isStill) return;
    chart.isTouched ||= isFinger;
    // Of a finger, and on 3-D charts that were once touched, plotly only tells its own click.
    if (chart.isTouched) chart.tapped = performance.now();
    if (isFinger || chart.hovered === null) return;
    chart.tapped = -Infinity;
    chart.onPick?.(chart.hovered);
  };
  chart.onCancel = () => (chart.press = null);
  holder.addEventListener("pointerdown", chart.onDown, true);
  window.addEventListener("pointerup", chart.onUp, true);
  window.addEventListener("pointercancel", chart.onCancel, true);
  chart.observer = new ResizeObserver(() => {
    if (chart.isDrawn && holder.clientWidth) window.Plotly.Plots.resize(holder);
  });
  chart.observer.observe(holder);
  // A line through all rounds of a run: the map says where it is, a click here says where to go.
  chart.onRound = ({ detail: { name, round } }) => {
    chart.round = { ...chart.round, [name]: round };
    if (chart.isDrawn && name === chart.cursor) {
      window.Plotly.relayout(holder, { "shapes[0].x0": round, "shapes[0].x1": round });
    }
  };
  window.addEventListener("bort-round", chart.onRound);
  return chart;
}

function listen(chart) {
  const { holder } = chart;
  holder.on("plotly_hover", (event) => {
    const id = event.points.find((point) => point.customdata !== undefined)?.customdata;
    chart.hovered = id === undefined ? null : String(id);
  });
  holder.on("plotly_unhover", () => (chart.hovered = null));
  holder.on("plotly_relayout", (changed) => {
    const isZoom = Object.keys(changed).some((name) => /axis\.(range|autorange)/.test(name));
    if (isZoom && chart.figure.data.some(isCrowd)) paint(chart);
  });
  holder.on("plotly_click", ({ points }) => {
    if (performance.now() - chart.tapped > TAP_MS) return; // 3-D says it of hovering, too
    chart.tapped = -Infinity;
    const id = points.find((point) => point.customdata !== undefined)?.customdata;
    if (id !== undefined) chart.onPick?.(String(id));
  });
  holder.on("plotly_click", ({ points: [{ x: round }] }) => {
    if (chart.cursor === null) return;
    window.dispatchEvent(new CustomEvent("bort-round-asked", { detail: { name: chart.cursor, round } }));
  });
}

// A crowd is what plotly draws with WebGL. Without a graphics card that takes most of a chart's time,
// and most marks lie on others: one is drawn for each place and colour. Zooming in draws the rest.
const isCrowd = (trace) => trace.type === "scattergl" && Array.isArray(trace.x);

function thinned(trace, layout, holder) {
  if (!isCrowd(trace)) return trace;
  const column = cells(trace.x, layout.xaxis, rangeOf(holder, "xaxis"), holder.clientWidth);
  const row = cells(trace.y, layout.yaxis, rangeOf(holder, "yaxis"), holder.clientHeight);
  const { color } = trace.marker;
  const found = new Map(); // the first mark of each place
  for (let i = trace.x.length - 1; i >= 0; i--) {
    found.set(`${column[i]} ${row[i]} ${Array.isArray(color) ? color[i] : ""}`, i);
  }
  return only(trace, [...found.values()].sort((a, b) => a - b), trace.x.length);
}

// Where an axis begins and ends; null if that follows from the marks.
function rangeOf(holder, axis) {
  const { range, autorange } = holder.layout?.[axis] ?? {};
  return range && !autorange ? [...range] : null;
}

// The cell of each value along an axis; all beyond one of its ends are in one.
function cells(values, axis, range, pixels) {
  const places = axis.type === "log" ? values.map(Math.log10) : values;
  const known = places.filter(Number.isFinite); // a logarithmic axis does not draw 0
  const [low, high] = range ?? known.reduce(([a, b], place) => [Math.min(a, place), Math.max(b, place)], [Infinity, -Infinity]);
  const count = pixels / CELL_PX;
  return places.map((place) => Math.floor(Math.max(-1, Math.min(count, (count * (place - low)) / (high - low || 1)))));
}

// A trace with some of its marks: each list of one entry for each mark is shortened.
function only(value, kept, count) {
  if (Array.isArray(value)) return value.length === count ? kept.map((i) => value[i]) : value;
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, only(part, kept, count)]));
}

async function paint(chart, isAgain = false) {
  const { holder, figure } = chart;
  const ranges = () => JSON.stringify(["xaxis", "yaxis"].map((axis) => rangeOf(holder, axis)));
  const before = ranges();
  const traces = figure.data.map((trace) => thinned(trace, figure.layout, holder));
  await window.Plotly.react(holder, traces, { ...figure.layout, autosize: true }, chart.config);
  // A reader's zoom, or new axes, are known only now.
  if (!isAgain && figure.data.some(isCrowd) && ranges() !== before) await paint(chart, true);
}

async function draw(chart, data) {
  await loadPlotly(data.library);
  const { holder } = chart;
  if (!holder.isConnected) return;
  holder.style.height = data.height;
  if (chart.content === data.figure) return;
  const figure = JSON.parse(data.figure);
  const round = chart.round?.[chart.cursor];
  if (round !== undefined) Object.assign(figure.layout.shapes[0], { x0: round, x1: round });
  const camera = holder.layout?.scene?.camera;
  if (camera) figure.layout.scene.camera = camera; // plotly forgets it when an axis turns log
  // With a finger, a drag scrolls the page; the toolbar still offers zoom.
  if (!figure.layout.scene && matchMedia("(pointer: coarse)").matches) figure.layout.dragmode = false;
  delete figure.layout.height; // plotly takes the holder's
  Object.assign(chart, { figure, config: configOf(data.config), content: data.figure });
  await paint(chart);
  if (!chart.isDrawn) listen(chart);
  chart.isDrawn = true;
  holder.dataset.drawn = "true";
}

function remove(parent, chart) {
  chart.observer.disconnect();
  chart.holder.removeEventListener("pointerdown", chart.onDown, true);
  window.removeEventListener("pointerup", chart.onUp, true);
  window.removeEventListener("pointercancel", chart.onCancel, true);
  window.removeEventListener("bort-round", chart.onRound);
  if (chart.isDrawn) window.Plotly.purge(chart.holder);
  delete chart.holder.dataset.drawn;
  delete parent.bortChart;
}

export default function (component) {
  const { parentElement, data, setTriggerValue } = component;
  const chart = (parentElement.bortChart ??= create(parentElement));
  const call = (chart.call = {});
  chart.cursor = data.cursor;
  chart.onPick = data.picks ? (id) => setTriggerValue("pick", id) : null;
  chart.holder.setAttribute("role", "figure");
  chart.holder.setAttribute("aria-label", data.alt);
  chart.holder.classList.toggle("is-pickable", data.picks);
  draw(chart, data).catch((error) => (chart.holder.textContent = error.message));
  // A call that another one has overtaken ends after that one began, and must leave its chart alone.
  return () => chart.call === call && remove(parentElement, chart);
}
