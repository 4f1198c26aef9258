// The map as SVG: each mark as a shape, or the whole as a picture where there are very many.
const BORT_MAP_SHAPES_AT_MOST = 20_000;

function bortMapSvg(view, core) {
  const { stage, screen, colour, kind, starts, round, data, dev } = view;
  const w = stage.clientWidth, h = stage.clientHeight, parts = [];
  const tag = (name, attributes) => parts.push(
    `<${name} ${Object.entries(attributes).map(([key, value]) => `${key}="${value}"`).join(" ")}/>`);
  const place = (i) => [screen[2 * i].toFixed(1), screen[2 * i + 1].toFixed(1)];
  const line = (i, stroke, opacity) => {
    const [x1, y1] = place(core.parentOf(view, i)), [x2, y2] = place(i);
    tag("line", { x1, y1, x2, y2, stroke, "stroke-opacity": opacity });
  };
  const paint = (i) => `rgb(${colour.subarray(4 * i, 4 * i + 3).join(",")})`;
  const end = starts[round + 1];
  const shown = [];
  for (let i = 0; i < end; i++) if (colour[4 * i + 3]) shown.push(i);
  if (shown.length > BORT_MAP_SHAPES_AT_MOST) return null;
  const deep = (i) => {
    const [x, y, z] = [0, 1, 2].map((j) => view.place[3 * i + j] - view.centre[j]);
    return view.turn[2] * x + view.turn[5] * y + view.turn[8] * z;
  };
  if (view.is3d) {
    const depths = new Map(shown.map((i) => [i, deep(i)]));
    shown.sort((a, b) => depths.get(a) - depths.get(b));
  }
  if (view.lines) shown.filter((i) => i >= Math.max(dev, starts[round])).forEach((i) => line(i, paint(i), 0.35));
  const size = view.n > 8_000 ? 6 : 8;
  for (const i of shown) {
    const [cx, cy] = place(i), r = (size / 2) * (i >= starts[round] ? 1.25 : 1), own = paint(i);
    const fog = view.is3d ? 0.62 + 0.38 * Math.max(-1, Math.min(1, deep(i) / view.reach)) : 1;
    const opacity = ((colour[4 * i + 3] / 255) * fog).toFixed(2);
    const fill = { fill: own, "fill-opacity": opacity };
    const edge = { fill: "none", stroke: own, "stroke-opacity": opacity, "stroke-width": 0.45 * r };
    const shape = kind[i], k = 1.1 * r;
    const cross = `M${cx - 0.8 * r} ${cy - 0.8 * r}l${1.6 * r} ${1.6 * r}m0 ${-1.6 * r}l${-1.6 * r} ${1.6 * r}`;
    const diamond = `M${cx} ${cy - k}l${k} ${k}l${-k} ${k}l${-k} ${-k}z`;
    if (shape === 1) tag("path", { d: cross, ...edge });
    else if (shape >= 4) tag("path", { d: diamond, ...(shape === 4 ? fill : edge) });
    else tag("circle", { cx, cy, r: (shape === 0 ? 0.6 : shape === 2 ? 0.92 : 0.75) * r, ...(shape === 3 ? edge : fill) });
  }
  if (view.pick !== null && view.pick < end) {
    if (view.pick >= dev) line(view.pick, data.text, 1);
    const [cx, cy] = place(view.pick);
    tag("circle", { cx, cy, r: 11, fill: "none", stroke: data.text, "stroke-width": 2.5 });
  }
  return bortMapFramed(w, h, data.background, parts.join(""));
}

function bortMapFramed(w, h, background, inside) {
  const frame = `<svg xmlns="http://www.w3.org/2000/svg" width="${w}" height="${h}" viewBox="0 0 ${w} ${h}">`;
  return `${frame}<rect width="${w}" height="${h}" fill="${background}"/>${inside}</svg>`;
}
