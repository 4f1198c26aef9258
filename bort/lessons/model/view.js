// Lesson 7. Curves and points were recorded; only the loss of one text is computed here, and
// tests/browser compares it with the function that trains.
const SIZES = [["depth", "Layers"], ["heads", "Heads"], ["hidden", "Hidden size"], ["intermediate", "Intermediate size"]];
const FIRST = { depth: 2, heads: 12, hidden: 192, intermediate: 768 };

/** -(q ln p + (1-q) ln(1-p)): the loss of a text with two classes. */
const crossEntropy = (q, p) => -((q ? q * Math.log(p) : 0) + (q < 1 ? (1 - q) * Math.log(1 - p) : 0));

function start(lesson) {
  const { data, state } = lesson;
  const donor = data.inheritance;
  for (const [name, label] of SIZES) {
    slider(lesson, "#sizes", name, { label, first: FIRST[name], values: donor.sizes[name] });
  }
  const listed = (name) => donor.sizes[name].reduce((best, one) => (Math.abs(one - state.get(name)) < Math.abs(best - state.get(name)) ? one : best));
  const sizes = () => Object.fromEntries(SIZES.map(([name]) => [name, listed(name)]));
  const neurons = () => {
    const { depth, intermediate } = sizes();
    const kept = donor.layers[depth].map((layer) => donor.neurons[layer][Math.round(intermediate / donor.every)]);
    return kept.reduce((sum, one) => sum + one, 0) / kept.length;
  };
  const networks = figure(lesson, "#networks", (picture, width) => drawNetworks(picture, width, sizes(), donor));
  const stream = figure(lesson, "#stream", (picture, width) =>
    drawKept(picture, width, donor.stream.map((y, x) => [x, y]), sizes().hidden, "axes kept"));
  const importance = figure(lesson, "#neurons", (picture, width) => {
    const { depth, intermediate } = sizes();
    const taken = donor.layers[depth];
    const mean = donor.neurons[0].map((_, i) => [i * donor.every, taken.reduce((sum, layer) => sum + donor.neurons[layer][i], 0) / taken.length]);
    drawKept(picture, width, mean, intermediate, "neurons kept");
  });

  choice(lesson, "#student", "student", { label: "Student", first: data.start, options: data.students.map((name) => [name, name]) });
  player(lesson, "#training", "trained", { count: () => data.steps / data.every + 1, each: data.every, label: "Training steps", pace: 500 });
  const curves = figure(lesson, "#curves", (picture, width) => drawCurves(picture, width, data, student(), trained()));
  const student = () => (data.students.includes(state.get("student")) ? state.get("student") : data.start);
  const trained = () => clamp(Math.round(state.get("trained", 0)), 0, data.steps / data.every);
  figure(lesson, "#answers", (picture, width) => drawAnswers(picture, width, data));

  slider(lesson, "#soft", "teacher", { label: "The teacher's probability of “positive”", first: 80, min: 50, max: 100, format: (q) => `${q}%` });
  slider(lesson, "#soft", "says", { label: "The student's probability of “positive”", first: 90, min: 1, max: 99, format: (p) => `${p}%` });
  const loss = figure(lesson, "#loss", (picture, width) => drawLoss(picture, width, state.get("teacher") / 100, state.get("says") / 100));

  const finished = () => data.finished[clamp(Math.round(state.get("finished")), 0, data.finished.length - 1)];
  const evaluations = () => finished().stages.flatMap((stage) => stage.points);
  const reached = () => clamp(Math.round(state.get("finishing", 0)), 0, evaluations().length + 1);
  choice(lesson, "#finished", "finished", {
    label: "Model", first: Math.max(0, data.finished.findIndex((one) => one.task === data.task)),
    options: data.finished.map((one, i) => [i, `${one.task}: ${one.id}`]),
  });
  const finishing = player(lesson, "#play-finishing", "finishing", { count: () => evaluations().length + 2, unit: "Evaluation", pace: 180 });
  const finish = figure(lesson, "#finishing", (picture, width) => drawFinishing(picture, width, finished(), reached()));

  choice(lesson, "#which", "which", { label: "Compare", first: "error", options: [["error", "errors"], ["latency", "latencies"], ["finished", "finished models"]] });
  slider(lesson, "#top", "best", { label: "Networks that looked best", first: 1, min: 1, max: data.count });
  const pairs = figure(lesson, "#pairs", (picture, width) => drawPairs(picture, width, data, state.get("which"), state.get("best")));

  function tell() {
    for (const draw of [networks, stream, importance, curves, loss, finish, pairs]) draw();
    const now = sizes();
    const at = trained();
    const [random, inherited] = ["scratch", "inherit"].map((first) => data.errors[`${student()} ${first}`][at]);
    const [q, p] = [state.get("teacher") / 100, state.get("says") / 100];
    const top = data.tops[clamp(state.get("best"), 1, data.count) - 1];
    const one = finished();
    const seen = evaluations().slice(0, reached());
    const isJudged = reached() > evaluations().length;
    finishing.refresh();
    show(lesson, {
      promised: percent(one.promised, 1), judged: isJudged ? percent(one.audit, 1) : "?",
      ended: isJudged ? percent(one.dev, 1) : seen.length ? percent(seen.at(-1)[1], 1) : "?",
      "stream-kept": percent(donor.stream[now.hidden], 1), "neurons-kept": percent(neurons(), 1),
      "layers-taken": donor.layers[now.depth].map((layer) => layer + 1).join(", "),
      "heads-merged": headsOf(now.heads, donor), step: at * data.every,
      "random-error": percent(random, 1), "inherited-error": percent(inherited, 1),
      "top-predicted": percent(top.predicted, 1), "top-realised": percent(top.realised, 1),
    });
    const value = (number, digits) => el("span", { class: "now number" }, number.toFixed(digits));
    lesson.root.querySelector("#loss-formula").replaceChildren(
      "loss = −(q ln p + (1 − q) ln(1 − p)) = −(", value(q, 2), " · ln ", value(p, 2), " + ", value(1 - q, 2), " · ln ", value(1 - p, 2), ") = ",
      el("b", { class: "now number" }, crossEntropy(q, p).toFixed(3)), el("br"),
      "with the true label: −ln p = −ln ", value(p, 2), " = ", el("b", { class: "now number" }, crossEntropy(1, p).toFixed(3)),
    );
    lesson.root.querySelector("#worth").hidden = at * data.every < data.steps; // the page asks to guess first
    lesson.root.querySelector("#tops").hidden = state.get("which") !== "error";
  }
  state.watch(tell);
  tell();
}

const headsOf = (heads, donor) => {
  const group = donor.head_groups[heads][0].length;
  return group === 1 ? "each takes one head" : `each stands for ${group} heads`;
};

/** The source network on the left, the student on the right, and which layer becomes which. */
function drawNetworks(picture, width, sizes, donor) {
  const high = 44;
  const top = 34;
  const height = top + donor.depth * high + 30;
  size(picture, width, height);
  const widest = width * 0.36;
  const taken = donor.layers[sizes.depth];
  const stack = (middle, count, hidden, heads, classOf) =>
    Array.from({ length: count }, (_, i) => {
      const wide = (widest * hidden) / donor.hidden;
      const y = top + ((donor.depth - count) * high) / 2 + i * high;
      picture.append(svg("rect", { x: middle - wide / 2, y: y + 4, width: wide, height: high - 12, rx: 5, class: `layer ${classOf(i)}` }));
      for (let head = 1; head < heads; head += 1) {
        const x = middle - wide / 2 + (wide * head) / heads;
        picture.append(svg("line", { x1: x, x2: x, y1: y + 4, y2: y + high - 8, class: "head" }));
      }
      return { y: y + high / 2 - 2, wide };
    });
  const left = stack(widest / 2 + 4, donor.depth, donor.hidden, donor.heads, (i) => (taken.includes(i) ? "taken" : "left"));
  const right = stack(width - widest / 2 - 4, sizes.depth, sizes.hidden, sizes.heads, () => "taken");
  taken.forEach((layer, i) => {
    const [a, b] = [left[layer], right[i]];
    const [x1, x2] = [4 + widest, width - widest / 2 - 4 - b.wide / 2];
    picture.append(svg("path", { d: `M${x1} ${a.y}C${(x1 + x2) / 2} ${a.y} ${(x1 + x2) / 2} ${b.y} ${x2} ${b.y}`, class: "takes" }));
  });
  picture.append(words(widest / 2 + 4, 18, "source network", { "text-anchor": "middle", class: "muted" }));
  picture.append(words(width - widest / 2 - 4, 18, `student ${SIZES.map(([name]) => sizes[name]).join("-")}`, { "text-anchor": "middle" }));
  picture.append(words(widest / 2 + 4, height - 8, `${donor.depth}-${donor.heads}-${donor.hidden}-${donor.intermediate}`, { "text-anchor": "middle", class: "muted" }));
}

function frameOf(picture, width, { high, xs, ys, format, labels, left = 46, formatX = String }) {
  size(picture, width, high);
  const x = scale([xs[0], xs.at(-1)], [left, width - 16]);
  const y = scale([ys[0], ys.at(-1)], [high - 42, 24]);
  for (const tick of ys) {
    picture.append(svg("line", { x1: left, x2: width - 8, y1: y(tick), y2: y(tick), class: "axis" }));
    picture.append(words(left - 6, y(tick) + 4, format(tick), { "text-anchor": "end", class: "small muted" }));
  }
  for (const tick of xs) picture.append(words(x(tick), high - 24, formatX(tick), { "text-anchor": "middle", class: "small muted" }));
  picture.append(words(width - 8, high - 6, labels[0], { "text-anchor": "end", class: "small muted" }));
  if (labels[1]) picture.append(words(0, 12, labels[1], { class: "small muted" }));
  return [x, y];
}

const pathOf = (points) => `M${points.map(([a, b]) => `${a.toFixed(1)} ${b.toFixed(1)}`).join("L")}`;

/** A curve of what the first so many keep, with the chosen number marked. */
function drawKept(picture, width, points, chosen, label) {
  const most = points.at(-1)[0];
  const [x, y] = frameOf(picture, width, { high: 190, xs: [0, most / 2, most], ys: [0, 0.5, 1], format: (tick) => percent(tick), labels: [label] });
  picture.append(svg("path", { d: pathOf(points.map(([a, b]) => [x(a), y(b)])), class: "line is-front" }));
  const [, kept] = points.reduce((best, one) => (Math.abs(one[0] - chosen) < Math.abs(best[0] - chosen) ? one : best));
  picture.append(svg("path", { d: `M${x(chosen)} ${y(0)}V${y(kept)}H${x(0)}`, class: "line is-cover dashed" }));
  picture.append(svg("circle", { cx: x(chosen), cy: y(kept), r: 6, class: "is-cover" }));
}

function drawCurves(picture, width, data, student, at) {
  const [x, y] = frameOf(picture, width, { high: 280, xs: [0, data.steps / 2, data.steps], ys: [0.1, 0.2, 0.3, 0.4, 0.5, 0.6], format: (tick) => percent(tick), labels: ["training steps", "dev error"] });
  const majority = y(data.majority_error);
  picture.append(svg("line", { x1: x(0), x2: x(data.steps), y1: majority, y2: majority, class: "line is-muted thin dashed" }));
  for (const [first, kind] of [["scratch", "is-dominated"], ["inherit", "is-front"]]) {
    const points = data.errors[`${student} ${first}`].slice(0, at + 1).map((error, i) => [x(i * data.every), y(error)]);
    picture.append(svg("path", { d: pathOf(points), class: `line ${kind}` }));
    picture.append(svg("circle", { cx: points.at(-1)[0], cy: points.at(-1)[1], r: 5.5, class: kind }));
  }
}

/** Dev errors while a model is finished, up to an evaluation; after the last one, its audit error. */
function drawFinishing(picture, width, { stages, promised, audit, interval }, at) {
  const points = stages.flatMap((stage) => stage.points);
  const steps = stages.map((stage) => stage.steps);
  const total = steps[0] + steps[1];
  const most = Math.max(promised, ...points.map(([, error]) => error));
  const ys = Array.from({ length: Math.ceil(most / 0.05) + 1 }, (_, i) => i * 0.05);
  const [x, y] = frameOf(picture, width, { high: 300, xs: [0, steps[0], total * 1.08], ys, format: (tick) => percent(tick), formatX: (step) => (step > total ? "" : thousands(step)), labels: ["training steps", "error"] });
  picture.append(svg("line", { x1: x(steps[0]), x2: x(steps[0]), y1: y(0), y2: y(ys.at(-1)), class: "axis" }));
  picture.append(words(x(0) + 4, y(0) - 6, "distillation", { class: "small muted" }));
  picture.append(words(x(steps[0]) - 4, y(0) - 6, "fine-tuning →", { class: "small muted", "text-anchor": "end" }));
  picture.append(svg("line", { x1: x(0), x2: x(total * 1.08), y1: y(promised), y2: y(promised), class: "line is-dominated dashed" }));
  const seen = points.slice(0, at).map(([step, error]) => [x(step), y(error)]);
  if (seen.length) {
    picture.append(svg("path", { d: pathOf(seen), class: "line is-front" }));
    picture.append(svg("circle", { cx: seen.at(-1)[0], cy: seen.at(-1)[1], r: 5.5, class: "is-front" }));
  }
  if (at <= points.length) return;
  const end = x(total * 1.05);
  picture.append(svg("line", { x1: end, x2: end, y1: y(interval[0]), y2: y(interval[1]), class: "line is-best" }));
  picture.append(svg("circle", { cx: end, cy: y(audit), r: 6, class: "is-best" }));
}

function drawAnswers(picture, width, data) {
  const rows = data.answers;
  const step = 62;
  const left = 104;
  size(picture, width, rows.length * step + 34);
  const most = Math.max(...rows.flatMap((row) => [row.labels, row.teacher, row.inherited]));
  const x = scale([0, most], [left, width - 58]);
  rows.forEach((row, i) => {
    picture.append(words(0, i * step + 30, row.student, {}));
    [["labels", "is-dominated"], ["teacher", "is-cover"], ["inherited", "is-front"]].forEach(([name, kind], k) => {
      const y = i * step + 4 + k * 17;
      picture.append(svg("rect", { x: left, y, width: x(row[name]) - left, height: 13, class: kind }));
      picture.append(words(x(row[name]) + 6, y + 11, percent(row[name], 1), { class: "small" }));
    });
  });
}

function drawLoss(picture, width, q, p) {
  const [x, y] = frameOf(picture, width, { high: 240, xs: [0, 0.5, 1], ys: [0, 1, 2, 3], format: String, labels: ["the student's p", "loss"], left: 30 });
  const range = Array.from({ length: 96 }, (_, i) => 0.025 + (0.97 * i) / 95);
  for (const [answer, kind] of [[1, "is-dominated"], [q, "is-front"]]) {
    const points = range.map((at) => [x(at), y(Math.min(3, crossEntropy(answer, at)))]);
    picture.append(svg("path", { d: pathOf(points), class: `line ${kind}` }));
    picture.append(svg("circle", { cx: x(p), cy: y(Math.min(3, crossEntropy(answer, p))), r: 5.5, class: kind }));
  }
}

const COMPARED = {
  error: { of: (data) => data.seeds, ticks: [0.15, 0.17, 0.19, 0.21, 0.23, 0.25], labels: ["error with one seed", "error with two other seeds"] },
  finished: {
    of: (data) => data.finished.map((one) => ({ ...one, predicted: one.promised, realised: one.audit })),
    ticks: [0.05, 0.1, 0.15, 0.2, 0.25], labels: ["dev error in the search", "audit error when finished"],
  },
  latency: { of: (data) => data.latencies.pairs, ticks: [0, 4, 8, 12], labels: ["predicted, ms", "measured"], format: (tick) => `${tick} ms` },
};

/** Predicted against realised; of the errors, those that looked best are marked. */
function drawPairs(picture, width, data, which, best) {
  const { of, ticks, labels, format = (tick) => percent(tick) } = COMPARED[which] ?? COMPARED.error;
  const list = of(data);
  const [x, y] = frameOf(picture, width, { high: Math.min(360, width), xs: ticks, ys: ticks, format, formatX: format, labels });
  picture.append(svg("path", { d: `M${x(ticks[0])} ${y(ticks[0])}L${x(ticks.at(-1))} ${y(ticks.at(-1))}`, class: "line is-muted thin" }));
  const limit = [...list].sort((a, b) => a.predicted - b.predicted)[Math.min(best, list.length) - 1].predicted;
  for (const one of list) {
    const isPicked = which === "error" && one.predicted <= limit;
    if (one.interval) picture.append(svg("line", { x1: x(one.predicted), x2: x(one.predicted), y1: y(one.interval[0]), y2: y(one.interval[1]), class: "line is-front thin" }));
    picture.append(svg("circle", { cx: x(one.predicted), cy: y(one.realised), r: isPicked ? 5.5 : 4, class: isPicked ? "pair picked" : "pair" }, svg("title", {}, one.id)));
  }
}
