// Lesson 1. All counts are looked up in data.counts, which Python computed.
const LAYERS = [
  { name: "inputs", label: "Inputs", symbol: "b" },
  { name: "width", label: "Middle layer", symbol: "a" },
  { name: "outputs", label: "Outputs", symbol: "d" },
];

function start(lesson) {
  const { data, state } = lesson;
  LAYERS.forEach((layer, i) => state.get(layer.name, data.large.shape[i]));
  const shape = () => LAYERS.map((layer) => clamp(Math.round(state.get(layer.name)), 1, data.widest));
  const counted = (sizes) => data.counts[sizes.join("-")];
  const onWalk = () => data.path.findIndex((one) => one.join("-") === shape().join("-"));
  const choose = (sizes) => LAYERS.forEach((layer, i) => state.set(layer.name, sizes[i]));

  LAYERS.forEach((layer, i) =>
    slider(lesson, "#sizes", layer.name, {
      label: layer.label, first: data.large.shape[i], min: 1, max: data.widest,
    }),
  );
  button(lesson, "#presets", "presets", { label: `The large one, ${data.large.key}`, act: () => choose(data.large.shape) });
  button(lesson, "#presets", "presets", { label: `The small one, ${data.small.key}`, act: () => choose(data.small.shape) });

  const network = figure(lesson, "#network", (picture, width) => {
    const places = drawNetwork(picture, width, shape(), { tallest: data.widest });
    LAYERS.forEach((layer, i) => handle(picture, width, places[i], layer, i));
  });

  function handle(picture, width, nodes, layer, i) {
    const now = shape()[i];
    const y = picture.viewBox.baseVal.height - 30;
    const grip = svg("g", {
      class: "handle", tabindex: 0, role: "slider", "aria-label": layer.label, "aria-orientation": "vertical",
      "aria-valuemin": 1, "aria-valuemax": data.widest, "aria-valuenow": now,
      transform: `translate(${nodes[0][0]} ${y})`,
    },
      svg("rect", { x: -34, y: -16, width: 68, height: 32, rx: 16, class: "grip" }),
      words(0, 5, `${layer.symbol} = ${now}`, { "text-anchor": "middle" }),
      svg("path", { d: "M-4 -21 0 -26 4 -21M-4 21 0 26 4 21", class: "line is-front" }),
    );
    let from = null;
    grip.addEventListener("pointerdown", () => (from = null), true);
    draggable(grip, picture, ([, at]) => {
      from ??= { at, size: now };
      state.set(layer.name, clamp(from.size + Math.round((from.at - at) / 22), 1, data.widest));
    });
    grip.addEventListener("keydown", (event) => {
      const by = { ArrowUp: 1, ArrowRight: 1, ArrowDown: -1, ArrowLeft: -1 }[event.key];
      if (!by) return;
      event.preventDefault();
      state.set(layer.name, clamp(shape()[i] + by, 1, data.widest));
      picture.querySelectorAll(".handle")[i].focus({ preventScroll: true });
    });
    picture.append(grip);
  }

  const blocks = figure(lesson, "#blocks", (picture, width) => drawBlocks(picture, width, shape()));
  const space = figure(lesson, "#space", (picture, width) =>
    drawSpace(picture, width, { data, here: shape(), choose }),
  );

  const steps = player(lesson, "#walk", "walk", {
    count: () => data.path.length, label: "Step of the walk", isAway: () => onWalk() < 0,
  });
  state.watch((name) => {
    if (name === "walk") choose(data.path[state.get("walk", 0)]);
    if (name === null || LAYERS.some((layer) => layer.name === name)) tell();
  });

  function tell() {
    const sizes = shape();
    const { built, size, first_weights, first_biases, last_weights, last_biases } = counted(sizes);
    network();
    blocks();
    space();
    if (onWalk() >= 0) state.set("walk", onWalk());
    steps.refresh();
    show(lesson, { built, size });
    const now = (value) => el("span", { class: "now number" }, String(value));
    const [b, a, d] = sizes;
    lesson.root.querySelector("#count").replaceChildren(
      symbol(lesson, "p", "parameter_count"), " = N (a b + a + c d + d) = ",
      now(data.factor), " (", now(`${a}·${b}`), " + ", now(a), " + ", now(`${a}·${d}`), " + ", now(d), ") = ",
      now(data.factor), " (", now(first_weights), " + ", now(first_biases), " + ", now(last_weights), " + ",
      now(last_biases), ") = ", now(`${data.factor} · ${built}`), " = ", el("b", { class: "now" }, String(size)),
    );
    const change = built - data.large.built;
    lesson.root.querySelector("#walked").replaceChildren(
      el("b", {}, sizes.join("-")), ` has ${built} parameters`,
      change ? `, ${Math.abs(change)} ${change < 0 ? "fewer" : "more"} than ${data.large.key}.` : ", all of them.",
    );
  }
  tell();
  pruning(lesson);
  return steps;
}

function pruning(lesson) {
  const { data, state } = lesson;
  const { pruning: cut } = data;
  const shrunk = () => data.path[clamp(Math.round(state.get("shrunk", 0)), 0, data.steps)];
  const removed = () => clamp(Math.round(state.get("pruned", 0)), 0, cut.edges);
  slider(lesson, "#pruned-slider", "pruned", { label: "Weights removed", first: 0, min: 0, max: cut.edges });
  slider(lesson, "#shrunk-slider", "shrunk", { label: "Neurons removed", first: 0, min: 0, max: data.steps });
  const tallest = Math.max(...data.large.shape);
  const left = figure(lesson, "#pruned", (picture, width) =>
    drawNetwork(picture, width, data.large.shape, {
      tallest, isKept: (layer, to, from) => cut.ranks[layer][to][from] >= removed(),
    }),
  );
  const right = figure(lesson, "#shrunk", (picture, width) =>
    drawNetwork(picture, width, shrunk(), { tallest, full: data.large.shape }),
  );
  const tell = () => {
    const small = data.counts[shrunk().join("-")];
    const kept = cut.kept[removed()];
    left();
    right();
    show(lesson, {
      "pruned-parameters": kept, "pruned-operations": cut.operations,
      "shrunk-parameters": small.built, "shrunk-operations": small.operations,
    });
    const saved = cut.operations - small.operations;
    lesson.root.querySelector("#compared").textContent =
      kept === small.built && saved
        ? `Both have ${kept} parameters. The subarchitecture needs ${small.operations} multiply-adds, ${saved} fewer than the pruned network.`
        : `Pruned: ${kept} parameters in matrices of full size. Subarchitecture: ${small.built} parameters in ${shrunk().join("-")}.`;
  };
  state.watch((name) => (name === null || name === "pruned" || name === "shrunk") && tell());
  tell();
}

/** Draw a network; returns the places of its neurons. `full` is a larger shape, of which traces stay. */
function drawNetwork(picture, width, sizes, { tallest, isKept = () => true, full = sizes }) {
  const gap = 42;
  const height = 36 + gap * tallest + (tallest === 4 ? 0 : 44);
  const middle = 14 + (gap * tallest) / 2;
  size(picture, width, height);
  const columns = [0.14, 0.5, 0.86].map((share) => share * width);
  const places = full.map((count, i) =>
    Array.from({ length: count }, (_, k) => [columns[i], middle + gap * (k - (count - 1) / 2)]),
  );
  const isThere = (layer, i) => i < sizes[layer];
  for (const layer of [0, 1]) {
    places[layer + 1].forEach(([x2, y2], i) => places[layer].forEach(([x1, y1], j) => {
      const isCut = !isThere(layer + 1, i) || !isThere(layer, j) || !isKept(layer, i, j);
      picture.append(svg("line", { x1, y1, x2, y2, class: isCut ? "edge cut" : "edge" }));
    }));
  }
  places.forEach((nodes, layer) =>
    nodes.forEach(([x, y], i) =>
      picture.append(svg("circle", { cx: x, cy: y, r: 11, class: !isThere(layer, i) ? "ghost" : layer ? "node" : "node input" })),
    ),
  );
  return places;
}

/** Weights and biases as blocks of squares, with their numbers. */
function drawBlocks(picture, width, [b, a, d]) {
  const cell = clamp(Math.floor((width - 150) / (b + 1 + a + 1)), 10, 26);
  const rows = Math.max(a, d);
  const top = 26;
  size(picture, width, top + rows * cell + 46);
  const block = (x, wide, high, kind, name, count) => {
    for (let row = 0; row < high; row += 1) {
      for (let column = 0; column < wide; column += 1) {
        picture.append(svg("rect", {
          x: x + column * cell + 1, y: top + row * cell + 1, width: cell - 2, height: cell - 2, rx: 3, class: kind,
        }));
      }
    }
    const middle = x + (wide * cell) / 2;
    picture.append(words(middle, 16, name, { "text-anchor": "middle" }));
    picture.append(words(middle, top + rows * cell + 20, count, { "text-anchor": "middle", class: "muted" }));
  };
  const space = clamp(width / 16, 18, 46);
  let x = Math.max(8, (width - (b + a + 2) * cell - 3 * space) / 2);
  block(x, b, a, "is-front", "a b", `${a}·${b} = ${a * b}`);
  block((x += b * cell + space), 1, a, "is-front faint", "a", String(a));
  block((x += cell + space), a, d, "is-cover", "c d", `${a}·${d} = ${a * d}`);
  block((x += a * cell + space), 1, d, "is-cover faint", "d", String(d));
}

/** The grid of all networks inside the large one; the darker, the more parameters. */
function drawSpace(picture, width, { data, here, choose }) {
  const [inputs, widest, most] = data.large.shape;
  const left = 62;
  const cell = Math.min(92, (width - left - 8) / widest);
  const high = Math.min(cell, 64);
  size(picture, width, most * high + 52);
  for (let a = 1; a <= widest; a += 1) {
    for (let d = 1; d <= most; d += 1) {
      const { built } = data.counts[`${inputs}-${a}-${d}`];
      const isHere = here[0] === inputs && here[1] === a && here[2] === d;
      const x = left + (a - 1) * cell;
      const y = (most - d) * high + 4;
      const square = svg("g", {
        class: isHere ? "spot here" : "spot", tabindex: 0, role: "button",
        "aria-label": `${inputs}-${a}-${d}, ${built} parameters`,
        onclick: () => choose([inputs, a, d]),
        onkeydown: (event) => isPress(event) && choose([inputs, a, d]),
      },
        svg("rect", { x: x + 2, y: y + 2, width: cell - 4, height: high - 4, rx: 6, "fill-opacity": 0.1 + (0.5 * built) / data.large.built }),
        words(x + cell / 2, y + high / 2 + 5, built, { "text-anchor": "middle" }),
      );
      picture.append(square);
    }
    picture.append(words(left + (a - 0.5) * cell, most * high + 24, a, { "text-anchor": "middle", class: "muted" }));
  }
  for (let d = 1; d <= most; d += 1) {
    picture.append(words(left - 12, (most - d + 0.5) * high + 9, d, { "text-anchor": "end", class: "muted" }));
  }
  picture.append(words(left + (widest * cell) / 2, most * high + 46, "middle layer, a", { "text-anchor": "middle", class: "muted" }));
  picture.append(svg("text", { transform: `translate(18 ${(most * high) / 2}) rotate(-90)`, "text-anchor": "middle", class: "muted" }, "outputs, d"));
}
