// Lesson 2. Fronts, who beats whom, intervals and pairs were computed by Python.
const AXES = {
  latency: { key: "latency_ms", label: "latency in milliseconds", write: (value) => `${value.toFixed(1)} ms` },
  size: { key: "parameters", label: "million parameters", write: (value) => `${(value / 1e6).toFixed(1)} M` },
};

function start(lesson) {
  guess(lesson);
  front(lesson);
  noise(lesson);
  figure(lesson, "#landmarks", (picture, width) => drawLandmarks(picture, width, lesson.data.landmarks));
}

function guess(lesson) {
  const { data, state } = lesson;
  choice(lesson, "#pair", "pair", { label: "Pair", first: 1, options: data.pairs.map((_, i) => [i + 1, String(i + 1)]) });
  const said = new Map(); // the guesses of this visit; an address should not tell the answer
  const pair = () => data.pairs[clamp(state.get("pair"), 1, data.pairs.length) - 1];
  const networks = () => pair().shown.map((index) => data.networks[index]);
  const options = ["The upper one", "The lower one", "They take the same time"];
  slider(lesson, "#times", "times", { label: "How many times as fast is the faster one?", first: 2, values: [1.2, 1.5, 2, 3, 4, 6, 8], format: (times) => `${times} times` });
  const isSame = () => pair().times < 1.05;
  const buttons = options.map((label, i) =>
    button(lesson, "#answers", "answers", { label, act: () => { said.set(state.get("pair"), { which: i, times: state.get("times") }); tell(); } }),
  );
  const draw = figure(lesson, "#guess", (picture, width) =>
    drawPair(picture, width, networks(), said.has(state.get("pair"))),
  );
  function tell() {
    draw();
    const told = lesson.root.querySelector("#told");
    const { which: mine, times: factor } = said.get(state.get("pair")) ?? {};
    buttons.forEach((one, i) => one.setAttribute("aria-pressed", String(i === mine)));
    if (mine === undefined) return void told.replaceChildren("What do you think? Set by how much, then say which one. Your answer uncovers the times.");
    const right = isSame() ? 2 : pair().shown.indexOf(pair().faster);
    const [a, b] = networks().map((one) => one.parameters);
    const larger = Math.max(a, b) / Math.min(a, b);
        const isLarger = data.networks[pair().faster].parameters === Math.max(a, b);
    const sizeOf = (times) => (times < 1.05 ? "at about the same size" : isLarger ? `although it has ${times.toFixed(1)} times the parameters` : `with ${times.toFixed(1)} times fewer parameters`);
    told.replaceChildren(
      el("b", { class: mine === right ? "ink-best" : "ink-cover" }, mine === right ? "Right: " : "A surprise: "),
      isSame() ? `both take the same time, though one has ${larger.toFixed(1)} times the parameters. `
        : `${data.networks[pair().faster].id} is ${pair().times.toFixed(1)} times as fast, ${sizeOf(larger)}. `,
      mine === 2 ? "" : `You said ${factor} times.`,
    );
  }
  state.watch((name) => (name === null || name === "pair") && tell());
  tell();
}

function front(lesson) {
  const { data, state } = lesson;
  choice(lesson, "#axis", "axis", { label: "To the right", first: "latency", options: [["latency", "latency"], ["size", "size"]] });
  state.get("point", data.first);
  const step = () => clamp(Math.round(state.get("step", data.count)), 0, data.count);
  const point = () => clamp(Math.round(state.get("point")), 0, data.count - 1);
  const scatter = figure(lesson, "#scatter", (picture, width) =>
    drawScatter(picture, width, { data, axis: AXES[state.get("axis")] ?? AXES.latency, step: step(), point: point(), pick: (index) => state.set("point", index) }),
  );
  player(lesson, "#player", "step", { count: () => data.count + 1, first: data.count, pace: 220, unit: "Network", label: "Networks" });
  function tell() {
    scatter();
    const now = step();
    show(lesson, { arrived: now, front: data.fronts[now].length });
    const chosen = point();
    const { id, parameters, latency_ms: latency, error } = data.networks[chosen];
    const touched = lesson.root.querySelector("#touched");
    const beats = lesson.root.querySelector("#beats");
    if (chosen >= now) {
      touched.textContent = "Touch a point.";
      return void beats.replaceChildren("Touch a point above.");
    }
    const below = data.beats[chosen].filter((index) => index < now);
    const above = data.beats.findIndex((list, index) => index < now && list.includes(chosen));
    touched.replaceChildren(
      el("b", {}, id), `: ${AXES.size.write(parameters)} parameters, ${AXES.latency.write(latency)}, ${percent(error, 1)} wrong. It beats ${below.length}. `,
      above < 0 ? "Nobody beats it, so it is on the front." : `${data.networks[above].id} beats it.`,
    );
    const [winner, loser] = above >= 0 ? [above, chosen] : [chosen, below[0]];
    if (loser === undefined) return void beats.replaceChildren(`${id} beats nobody, and nobody beats it.`);
    const [a, b] = [data.networks[winner], data.networks[loser]];
    const row = (paper, code, left, right) => [
      symbol(lesson, paper, code), `(${a.id}) ≤ `, symbol(lesson, paper, code), `(${b.id}): `,
      el("span", { class: "now number" }, `${left} ≤ ${right}`), el("br"),
    ];
    beats.replaceChildren(
      ...row("p", "parameter_count", thousands(a.parameters), thousands(b.parameters)),
      ...row("i", "latency_ms", `${a.latency_ms.toFixed(2)} ms`, `${b.latency_ms.toFixed(2)} ms`),
      ...row("e", "error_rate", percent(a.error, 2), percent(b.error, 2)),
      `so ${a.id} beats ${b.id}`,
    );
  }
  state.watch((name) => (name === null || ["axis", "step", "point"].includes(name)) && tell());
  tell();
}

function noise(lesson) {
  const { data, state } = lesson;
  slider(lesson, "#dev", "dev", { label: "Dev examples", first: data.dev, values: data.dev_sizes, format: thousands });
  const best = data.close.a;
  const rivals = [data.close.b, ...data.fronts[data.count].filter((index) => index !== best && index !== data.close.b)]
    .sort((a, b) => data.networks[a].error - data.networks[b].error);
  slider(lesson, "#against", "against", { label: "Compare with", first: 0, min: 0, max: rivals.length - 1, format: (at) => data.networks[rivals[at]].id });
  const pair = () => [best, rivals[clamp(Math.round(state.get("against")), 0, rivals.length - 1)]];
  const row = () => data.dev_sizes.indexOf(data.dev_sizes.reduce((near, one) => (Math.abs(one - state.get("dev")) < Math.abs(near - state.get("dev")) ? one : near)));
  const draw = figure(lesson, "#noise", (picture, width) => drawNoise(picture, width, data, pair(), row()));
  function tell() {
    draw();
    const [a, b] = pair().map((index) => [data.networks[index], data.intervals[row()][index]]);
    const gap = Math.abs(a[0].error - b[0].error);
    const overlap = Math.min(a[1][1], b[1][1]) > Math.max(a[1][0], b[1][0]);
    lesson.root.querySelector("#real").replaceChildren(
      `${a[0].id} and ${b[0].id} differ by ${(100 * gap).toFixed(2)} percentage points. With ${thousands(data.dev_sizes[row()])} examples their bars `,
      el("b", { class: overlap ? "ink-cover" : "ink-best" }, overlap ? "overlap: do not trust the order." : data.dev_sizes[row()] > data.dev ? "would not overlap, if the same shares were wrong." : "do not overlap: chance in the examples hardly explains the difference."),
    );
  }
  state.watch((name) => (name === null || ["dev", "against"].includes(name)) && tell());
  tell();
}

/** Two networks by their layers; with times, also how long they take. */
function drawPair(picture, width, networks, withTimes) {
  const high = 104;
  size(picture, width, 2 * high);
  const widest = Math.max(...networks.map((one) => one.intermediate));
  const slowest = Math.max(...networks.map((one) => one.latency_ms));
  networks.forEach((one, i) => {
    const y = i * high;
    picture.append(
      words(0, y + 20, one.id, { class: "name" }),
      words(0, y + 39, `${one.depth} layer${one.depth > 1 ? "s" : ""}`, { class: "muted small" }),
      words(0, y + 56, `${AXES.size.write(one.parameters)} param.`, { class: "muted small" }),
    );
    const left = 92;
    const most = Math.max(...networks.map(({ depth }) => depth));
    const step = Math.min(40, (width - left) / most);
    for (let layer = 0; layer < one.depth; layer += 1) {
      const tall = 14 + 46 * Math.sqrt(one.intermediate / widest);
      picture.append(svg("rect", { class: "layer", x: left + layer * step, y: y + 36 - tall / 2, width: step - 8, height: tall, rx: 4 }));
    }
    if (!withTimes) return;
    const wide = (one.latency_ms / slowest) * (width - left - 70);
    picture.append(
      svg("rect", { class: one.latency_ms === slowest ? "time slow" : "time", x: left, y: y + 74, width: wide, height: 14, rx: 4 }),
      words(left + wide + 8, y + 86, AXES.latency.write(one.latency_ms), { class: "name" }),
    );
  });
}

function drawScatter(picture, width, { data, axis, step, point, pick }) {
  const height = 360;
  size(picture, width, height);
  const values = data.networks.map((one) => one[axis.key]);
  const errors = data.networks.map((one) => one.error);
  const x = scale([Math.min(...values) / 1.12, Math.max(...values) * 1.12], [52, width - 10], { log: true });
  const y = scale([Math.min(...errors) - 0.006, Math.max(...errors) + 0.006], [height - 46, 10]);
  for (const tick of [0.16, 0.18, 0.2, 0.22]) {
    picture.append(svg("line", { class: "rule", x1: 52, x2: width - 10, y1: y(tick), y2: y(tick) }), words(44, y(tick) + 4, percent(tick), { "text-anchor": "end", class: "muted small" }));
  }
  for (const tick of axis.key === "parameters" ? [3e6, 5e6, 1e7, 2e7] : [1, 2, 4, 8]) {
    picture.append(words(x(tick), height - 26, axis.key === "parameters" ? tick / 1e6 : tick, { "text-anchor": "middle", class: "muted small" }));
  }
  picture.append(words((52 + width) / 2, height - 6, `${axis.label} (left is better)`, { "text-anchor": "middle", class: "muted small" }));
  picture.append(svg("text", { transform: `translate(12 ${(height - 36) / 2}) rotate(-90)`, "text-anchor": "middle", class: "muted small" }, "error (down is better)"));
  const isThere = point < step;
  if (isThere) {
    const [px, py] = [x(values[point]), y(errors[point])];
    picture.append(svg("rect", { class: "shade", x: px, y: 10, width: width - 10 - px, height: py - 10 }));
  }
  const front = new Set(data.fronts[step]);
  const beaten = new Set(isThere ? data.beats[point] : []);
  const order = Array.from({ length: step }, (_, i) => i).sort((a, b) => front.has(a) - front.has(b) || (a === point) - (b === point));
  for (const index of order) {
    const kind = index === point ? " touched" : "";
    picture.append(svg("circle", {
      class: `point${front.has(index) ? " front" : beaten.has(index) ? " beaten" : ""}${kind}`, cx: x(values[index]), cy: y(errors[index]), r: front.has(index) ? 8 : 6,
      tabindex: 0, role: "button", "aria-label": data.networks[index].id, "data-point": index, onclick: () => pick(index),
      onkeydown: (event) => isPress(event) && pick(index),
    }));
  }
}

function drawNoise(picture, width, data, pair, row) {
  const high = 84;
  size(picture, width, 2 * high + 40);
  const x = scale([0.06, 0.32], [8, width - 12]);
  for (const tick of [0.1, 0.15, 0.2, 0.25, 0.3]) {
    picture.append(svg("line", { class: "rule", x1: x(tick), x2: x(tick), y1: 6, y2: 2 * high + 6 }), words(x(tick), 2 * high + 24, percent(tick), { "text-anchor": "middle", class: "muted small" }));
  }
  pair.forEach((index, i) => {
    const y = i * high + 50;
    const [low, top] = data.intervals[row][index].map((end) => clamp(x(end), 0, width));
    picture.append(words(8, y - 24, data.networks[index].id, { class: "name" }));
    picture.append(svg("path", { class: "whisker", d: `M${low} ${y}H${top}M${low} ${y - 8}v16M${top} ${y - 8}v16` }));
    for (const seed of data.networks[index].seeds) picture.append(svg("circle", { class: "seed", cx: x(seed), cy: y + 15, r: 4.5 }));
    picture.append(svg("circle", { class: "is-front", cx: x(data.networks[index].error), cy: y, r: 7 }));
  });
}

/** Size and latency of the well-known models, each on a scale from 0. */
function drawLandmarks(picture, width, { models }) {
  const high = 74;
  const left = 92;
  size(picture, width, models.length * high);
  const most = ["parameters", "median_ms"].map((key) => Math.max(...models.map((one) => one[key])));
  models.forEach((one, i) => {
    const y = i * high;
    picture.append(words(0, y + 30, one.name, { class: "name" }));
    const isNarrow = width < 500;
    const bars = [
      [one.parameters / most[0], "is-front", `${AXES.size.write(one.parameters)} ${isNarrow ? "param." : "parameters"} (published: ${AXES.size.write(one.published_parameters)})`],
      [one.median_ms / most[1], "is-cover", `${one.median_ms.toFixed(0)} ms (${one.low_ms.toFixed(0)} to ${one.high_ms.toFixed(0)})`],
    ];
    bars.forEach(([share, kind, text], row) => {
      const wide = share * (width - left);
      const top = y + row * 32;
      picture.append(svg("rect", { class: kind, x: left, y: top + 4, width: Math.max(2, wide), height: 8, rx: 3 }), words(left, top + 27, text, { class: "muted small" }));
    });
  });
}
