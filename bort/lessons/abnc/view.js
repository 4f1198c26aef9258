// Lesson 4. All costs are looked up in data.costs and data.walk, which Python computed.
const PARTS = [
  ["first", "is-cover", "A, first"],
  ["middle", "is-front", "B, middle"],
  ["last", "is-best", "C, last"],
];
const SIZES = [
  { name: "vocabulary", label: "Vocabulary, V", list: "vocabularies" },
  { name: "depth", label: "Layers, D", list: "depths" },
  { name: "hidden", label: "Width (hidden size), H", list: "widths" },
  { name: "intermediate", label: "Inner size of a layer, I", list: "inner" },
];
const COUNTS = { parameters: "parameter_count", operations: "operation_count" };

const short = (value) =>
  value >= 1e9 ? `${(value / 1e9).toFixed(1)} G` : value >= 1e6 ? `${(value / 1e6).toFixed(1)} M` : value >= 1e3 ? `${(value / 1e3).toFixed(1)} k` : String(value);

function start(lesson) {
  const { data, state } = lesson;
  const { sizes: begin, vocabulary } = data.large;
  const first = { ...begin, vocabulary };
  for (const { name, label, list } of SIZES) {
    slider(lesson, "#sizes", name, { label, first: first[name], values: data[list], format: thousands });
  }
  const choose = (network) => {
    for (const name of ["depth", "hidden", "intermediate"]) state.set(name, network.sizes[name]);
    state.set("vocabulary", network.vocabulary);
  };
  for (const name of ["BERT-large", "Bort", "a small BERT"]) {
    button(lesson, "#presets", "presets", { label: name, act: () => choose(data.networks.find((one) => one.name === name)) });
  }
  const places = () =>
    Object.fromEntries(SIZES.map(({ name, list }) => {
      const wanted = state.get(name);
      return [name, data[list].reduce((best, one, i) => (Math.abs(one - wanted) < Math.abs(data[list][best] - wanted) ? i : best), 0)];
    }));
  const costs = (kind) => {
    const at = places();
    return {
      first: data.costs.first[kind][at.vocabulary][at.hidden],
      middle: data.costs.middle[kind][at.depth][at.hidden][at.intermediate],
      last: data.costs.last[kind][at.hidden],
    };
  };
  const pictures = Object.keys(COUNTS).map((kind) =>
    figure(lesson, `#${kind}`, (picture, width) => drawParts(picture, width, costs(kind))),
  );
  const holds = ({ first: a, middle: b, last: c }) => b > a && b > c;

  function tell() {
    pictures.forEach((draw) => draw());
    const [parameters, operations] = Object.keys(COUNTS).map(costs);
    const verdict = lesson.root.querySelector("#verdict");
    const all = holds(parameters) && holds(operations);
    const share = (part) => percent(parameters[part] / (parameters.first + parameters.middle + parameters.last), 1);
    verdict.replaceChildren(
      el("b", { class: all ? "ink-best" : "ink-cover" }, all ? "The property holds." : "The property does not hold."),
      holds(parameters)
        ? ` The middle has ${(parameters.middle / Math.max(parameters.first, 1)).toFixed(1)} times the parameters of the first part.`
        : ` The first part has ${(parameters.first / parameters.middle).toFixed(1)} times the parameters of the middle.`,
      ` Of all parameters ${share("first")} are in the first part, ${share("middle")} in the middle, ${share("last")} in the last.`,
      holds(operations) ? " In operations the middle leads." : " In operations the middle does not lead.",
    );
    const now = (value) => el("span", { class: "now number" }, thousands(value));
    lesson.root.querySelector("#formula").replaceChildren(
      ...PARTS.flatMap(([part, , label]) => [
        `${label[0]} = `, symbol(lesson, data.formulas[part].paper, data.formulas[part].code), " = ", now(parameters[part]), el("br"),
      ]),
    );
  }
  state.watch((name) => (name === null || SIZES.some((one) => one.name === name)) && tell());
  tell();

  const step = () => clamp(Math.round(state.get("step", 0)), 0, data.walk.length - 1);
  const walk = figure(lesson, "#walk", (picture, width) => drawWalk(picture, width, data.walk, step(), (to) => state.set("step", to)));
  player(lesson, "#player", "step", {
    count: () => data.walk.length, label: "Step of the walk", pace: 700,
    say: (at) => {
      const { sizes, parameters } = data.walk[at];
      return `${sizes.depth} layers, inner size ${thousands(sizes.intermediate)}: the middle has ${percent(parameters.share)} of all parameters. ${
        parameters.holds ? "The property holds." : "The first part is larger: the property does not hold in parameters."}`;
    },
  });
  state.watch((name) => (name === null || name === "step") && walk());
  figure(lesson, "#shares", (picture, width) => drawShares(picture, width, data.networks));
}

/** One bar for each part, on a scale from 0 to the largest. */
function drawParts(picture, width, costs) {
  const high = 34;
  const left = 76;
  size(picture, width, 3 * high + 4);
  const most = Math.max(...Object.values(costs));
  PARTS.forEach(([part, kind, label], i) => {
    const wide = Math.max(costs[part] ? 2 : 0, (costs[part] / most) * (width - left - 78));
    const y = i * high + 4;
    picture.append(
      words(left - 10, y + 18, label, { "text-anchor": "end", class: "small" }),
      svg("rect", { class: kind, x: left, y, width: wide, height: high - 10, rx: 4 }),
      words(left + wide + 8, y + 18, short(costs[part]), { class: costs[part] === most ? "mark" : "muted" }),
    );
  });
}

/** The three parts stacked, one column for each step; those to come are pale. */
function drawWalk(picture, width, walk, now, choose) {
  const height = 316;
  const left = 52;
  size(picture, width, height);
  const total = ({ parameters }) => parameters.first + parameters.middle + parameters.last;
  const y = scale([0, total(walk[0])], [height - 54, 26]);
  picture.append(words(0, 12, "parameters", { class: "muted small" }));
  const wide = (width - left - 4) / walk.length;
  for (const tick of [0, 1e8, 2e8, 3e8]) {
    picture.append(svg("line", { class: "is-grid", x1: left, x2: width, y1: y(tick), y2: y(tick) }), words(left - 8, y(tick) + 4, tick ? short(tick).replace(".0", "") : 0, { "text-anchor": "end", class: "muted small" }));
  }
  walk.forEach((one, i) => {
    const column = svg("g", { class: i > now ? "past" : "", onclick: () => choose(i), style: "cursor:pointer" });
    const x = left + i * wide + wide * 0.14;
    let below = 0;
    for (const [part, kind] of PARTS) {
      const cost = one.parameters[part];
      column.append(svg("rect", { class: kind, x, y: y(below + cost), width: wide * 0.72, height: y(below) - y(below + cost) }));
      below += cost;
    }
    if (i === now) column.append(svg("rect", { class: "outline", x: x - 2, y: y(below) - 2, width: wide * 0.72 + 4, height: y(0) - y(below) + 4, rx: 3 }));
    column.append(
      words(x + wide * 0.36, height - 36, one.sizes.depth, { "text-anchor": "middle", class: "muted small" }),
      words(x + wide * 0.36, height - 19, wide < 40 ? `${Math.round((10 * one.sizes.intermediate) / 1024) / 10}k` : one.sizes.intermediate, { "text-anchor": "middle", class: "muted small" }),
      words(x + wide * 0.36, height - 2, one.parameters.holds ? "✓" : "✗", { "text-anchor": "middle", class: "mark" }),
    );
    picture.append(column);
  });
  picture.append(
    words(left - 8, height - 36, "D", { "text-anchor": "end", class: "muted small" }),
    words(left - 8, height - 19, "I", { "text-anchor": "end", class: "muted small" }),
    words(left - 8, height - 2, "ABnC", { "text-anchor": "end", class: "muted small" }),
  );
}

/** Shares of the parts, one row for each network. */
function drawShares(picture, width, networks) {
  const high = 36;
  const left = 104;
  size(picture, width, networks.length * high + 26);
  networks.forEach(({ name, parameters, holds }, i) => {
    const all = parameters.first + parameters.middle + parameters.last;
    const y = i * high + 4;
    let x = left;
    picture.append(words(left - 10, y + 18, name, { "text-anchor": "end" }));
    for (const [part, kind] of PARTS) {
      const wide = (parameters[part] / all) * (width - left - 40);
      picture.append(svg("rect", { class: kind, x, y, width: wide, height: high - 10 }));
      x += wide;
    }
    picture.append(words(width - 18, y + 18, holds ? "✓" : "✗", { "text-anchor": "middle", class: "mark" }));
  });
  PARTS.forEach(([, kind, label], i) => {
    const x = width < 500 ? (i * width) / 3 : left + i * 110;
    const y = networks.length * high + 8;
    picture.append(svg("rect", { class: kind, x, y, width: 12, height: 12, rx: 2 }), words(x + 18, y + 11, label, { class: "small muted" }));
  });
}
