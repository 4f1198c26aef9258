// Lesson 3. The steps of each search were recorded by Python; only cones are computed here.

/** ln of the lowest error that a trained network permits at a distance; bort/search/bounds.py. */
function coneAt(logError, [depth, hidden], from, to) {
  return logError - depth * Math.abs(Math.log(to[0] / from[0])) - hidden * Math.abs(Math.log(to[1] / from[1]));
}

function start(lesson) {
  const { data, state } = lesson;
  const columns = data.widths.length;
  const place = (index) => [Math.floor(index / columns), index % columns];
  const sizes = (index) => [data.depths[place(index)[0]], data.widths[place(index)[1]]];
  const grid = { data, columns, place };

  slider(lesson, "#epsilon", "epsilon", {
    label: "ε, how close is close enough", first: data.first, values: data.epsilons,
  });
  choice(lesson, "#lambda", "lambda", { label: "λ, how fast errors can change", first: "known", options: [["known", "known"], ["estimated", "estimated"]] });
  state.get("cell", -1);

  const runFor = (epsilon) =>
    data.runs.find((one) => one.given === (state.get("lambda") === "known") && one.epsilon === epsilon);
  const nearest = () =>
    data.epsilons.reduce((best, one) => (Math.abs(one - state.get("epsilon")) < Math.abs(best - state.get("epsilon")) ? one : best));
  const run = () => runFor(nearest());
  const at = () => clamp(Math.round(state.get("step", 0)), 0, run().picks.length);
  const now = () => {
    const found = run();
    const trained = found.picks.slice(0, at());
    return { ...found.steps[at()], trained, epsilon: found.epsilon, order: new Map(trained.map((index, i) => [index, i + 1])) };
  };
  const touched = () => {
    const cell = Math.round(state.get("cell"));
    if (cell >= 0 && cell < data.count) return cell;
    const { next, trained } = now();
    return next ?? trained[trained.length - 1];
  };

  const players = ["#player", "#player-beside"].map((selector) =>
    player(lesson, selector, "step", {
      count: () => run().picks.length + 1, unit: "Training", label: "Trainings", say: (step) => tellStep(run(), step),
    }),
  );

  function tellStep(found, step) {
    const { next, why, certifies, certified } = found.steps[step];
    if (next === null) return `Every network is covered. ${found.picks.length} of ${data.count} were trained.`;
    const name = data.cells[next].id;
    const reasons = {
      design: `λ is unknown, so ${name} comes next: it lies at an end of the space and shows how fast errors change.`,
      test: `All are covered, but λ has not been tested enough. ${name} comes next, far from all others.`,
      certify: `${name} comes next: of the uncovered ones it should cover most, about ${certifies}.`,
      front: `Too much is still uncovered for the trainings that are left. ${name} comes next: it should improve the front most.`,
    };
    return reasons[why] + (certified === null ? "" : ` So far, ε = ${certified.toFixed(2)} is certified.`);
  }

  const map = figure(lesson, "#map", (picture, width) => {
    const { covered, order, next } = now();
    drawGrid(picture, width, grid, {
      kind: (index) => (order.has(index) ? "trained" : covered[index] >= 0 ? "covered" : "open"),
      text: (index) => order.get(index) ?? "",
      next, touched: touched(), by: covered[touched()],
      pick: (index) => {
        state.set("row", sizes(index)[0]);
        state.set("cell", index);
      },
    });
  });

  slider(lesson, "#row", "row", { label: "Depth of this row", first: 4, values: data.depths });
  toggle(lesson, "#truth", "truth", { label: "Show the true errors" });
  const cones = figure(lesson, "#cones", (picture, width) =>
    drawCones(picture, width, { data, columns, sizes, now: now(), depth: state.get("row"), isTrue: state.get("truth") === 1, touched: touched() }),
  );
  const prices = figure(lesson, "#prices", (picture, width) =>
    drawPrices(picture, width, { data, here: nearest(), runFor, choose: (epsilon) => state.set("epsilon", epsilon) }),
  );

  function tellCell() {
    const index = touched();
    const { covered, lower, order, epsilon, trained } = now();
    const { id, size: parameters, operations, error } = data.cells[index];
    const by = covered[index];
    const isTouched = Math.round(state.get("cell")) === index;
    show(lesson, { id, which: isTouched ? "the square that you touched" : "the square that the search looks at" });
    const told = lesson.root.querySelector("#told");
    const condition = lesson.root.querySelector("#condition");
    const number = (value) => el("span", { class: "now number" }, value);
    if (order.has(index)) {
      told.replaceChildren(el("b", {}, id), ` is number ${order.get(index)} in training. Its error is ${percent(error, 1)}; nobody has to guess.`);
      condition.replaceChildren("It is trained, so its error is known: ", number(percent(error, 1)), ". Touch a square that is not trained to see the condition.");
      return;
    }
    const low = lower?.[index];
    const label = el("b", {}, id);
    if (!lower) {
      told.replaceChildren(label, ` has ${thousands(parameters)} parameters. Nothing bounds its error yet.`);
      condition.replaceChildren(trained.length ? "λ is still unknown." : "Nothing is trained yet. Press play above.");
      return;
    }
    const witness = by >= 0 ? by : closest(index);
    const other = data.cells[witness];
    const times = (a, b) => (a / b).toFixed(2);
    told.replaceChildren(label, by >= 0
      ? ` is covered by ${other.id}, which has ${times(other.size, parameters)} times its parameters, ${times(other.operations, operations)} times its multiply-adds, and at most ${times(other.error, low)} times its error.`
      : ` is open: no trained network is close enough in all three.`);
    const allowed = low * (1 + epsilon);
    const digits = [1, 2, 3, 4].find((count) => percent(other.error, count) !== percent(allowed, count)) ?? 4;
    const fits = other.size <= (1 + epsilon) * parameters && other.operations <= (1 + epsilon) * operations;
    condition.replaceChildren(
      symbol(lesson, "e", "error_rate"), `(${other.id}) `, "≤ (1 + ", symbol(lesson, "ε", "epsilon"), ") · lowest ", symbol(lesson, "e", "error_rate"), `(${id})`,
      el("br"), number(percent(other.error, digits)), other.error <= allowed ? " ≤ " : " > ", number((1 + epsilon).toFixed(2)), " · ", number(percent(low, digits)),
      " = ", number(percent(allowed, digits)), verdict(other.error <= allowed, fits, by >= 0),
    );
  }

  /** What follows; the search compares logarithms, and an exact tie may be lost to rounding. */
  function verdict(isAccurate, fits, isCovered) {
    if (isCovered) return ", so it is covered.";
    if (!isAccurate) return ", so it is not covered by that one.";
    return fits ? ", but its size or speed is exactly at the limit, and rounding decides against it." : ", but that one is too large or slow.";
  }

  /** Of the trained ones that are small enough, the most accurate; else the smallest. */
  function closest(index) {
    const { trained, epsilon } = now();
    const cell = data.cells[index];
    const fits = trained.filter((one) => data.cells[one].size <= (1 + epsilon) * cell.size && data.cells[one].operations <= (1 + epsilon) * cell.operations);
    const key = fits.length ? "error" : "size";
    return (fits.length ? fits : trained).reduce((best, one) => (data.cells[one][key] < data.cells[best][key] ? one : best));
  }

  function paint() {
    const { trained, covered, certified } = now();
    show(lesson, {
      trained: trained.length, covered: covered.filter((by) => by >= 0).length,
      certified: certified === null ? "none" : certified.toFixed(2),
    });
    map();
    cones();
    prices();
    tellCell();
  }
  state.watch((name) => {
    if (name === "epsilon" || name === "lambda") players.forEach((one) => one.refresh());
    if (name === null || ["epsilon", "lambda", "step", "cell", "row", "truth"].includes(name)) paint();
  });
  paint();
  breakIt(lesson, grid);
}

function breakIt(lesson, grid) {
  const { data, state } = lesson;
  const { needles } = data;
  const order = new Map(needles.picks.map((index, i) => [index, i + 1]));
  const needle = () => Math.round(state.get("needle", -1));
  slider(lesson, "#drawn", "drawn", { label: "Networks that an audit draws", first: 0, min: 0, max: needles.population });
  choice(lesson, "#seed", "seed", { label: "Draw of the audit", first: 1, options: needles.orders.map((_, i) => [i + 1, String(i + 1)]) });
  const drawn = () => needles.orders[state.get("seed") - 1].slice(0, state.get("drawn"));
  const isHidden = () => needle() >= 0 && needle() < data.count;
  const place = () => (isHidden() ? needles.places[needle()] : null);

  const haystack = figure(lesson, "#haystack", (picture, width) => {
    const found = new Set(isHidden() && place().seen ? [] : drawn());
    drawGrid(picture, width, grid, {
      kind: (index) =>
        order.has(index) ? "trained" : !found.has(index) ? "covered" : isHidden() && place().uncovered.includes(index) ? "failed" : "drawn",
      text: (index) => (index === needle() ? "✦" : order.has(index) ? order.get(index) : found.has(index) ? "✓" : ""),
      next: null, touched: isHidden() ? needle() : -1, by: -1,
      pick: (index) => state.set("needle", index === needle() ? -1 : index), // again: away with it
    });
  });

  function paint() {
    haystack();
    const broken = lesson.root.querySelector("#broken");
    const audited = lesson.root.querySelector("#audited");
    const found = drawn();
    if (!isHidden()) broken.textContent = "No needle yet: the certificate is right. Touch a square to hide one.";
    else if (place().seen) {
      const more = place().evaluations - needles.picks.length;
      broken.textContent = `The search trains ${data.cells[needle()].id}, so it sees the needle. ${
        more ? `Its estimate of λ rises, and it trains ${place().evaluations} networks instead of ${needles.picks.length}.` : `It still trains ${needles.picks.length} networks.`} Its certificate is right.`;
    } else {
      broken.replaceChildren(el("b", {}, "The certificate is wrong."), ` The search never trains ${data.cells[needle()].id}, and no trained network comes within ${percent(needles.epsilon)} of it.`);
    }
    const isSeen = isHidden() && place().seen;
    lesson.root.querySelector("#drawn").hidden = lesson.root.querySelector("#seed").hidden = isSeen;
    if (isSeen) return void audited.replaceChildren();
    const failed = isHidden() ? found.filter((index) => place().uncovered.includes(index)).length : 0;
    const atMost = needles.at_most[failed][found.length - failed];
    const isWhole = found.length === needles.population;
    const says = isWhole
      ? `All are trained now, so this is certain: ${failed} of ${needles.population} ${failed === 1 ? "is" : "are"} uncovered.`
      : `At most ${atMost} of ${needles.population} are uncovered, with ${percent(data.needle.confidence)} confidence.`;
    if (!found.length) audited.textContent = "Now audit the certificate: draw untrained networks at random.";
    else if (failed) audited.replaceChildren(el("b", {}, "The audit drew the needle."), ` The claim is withdrawn. ${says}`);
    else audited.textContent = `${found.length} drawn, none failed. ${says}`;
  }
  state.watch((name) => (name === null || ["needle", "drawn", "seed"].includes(name)) && paint());
  paint();
}

/** The grid of all networks; width grows to the right, depth upwards. */
function drawGrid(picture, width, { data, columns, place }, { kind, text, next, touched, by, pick }) {
  const left = 46;
  const cell = (width - left - 4) / columns;
  const high = clamp(cell * 0.8, 30, 54);
  const rows = data.depths.length;
  size(picture, width, rows * high + 50);
  const corner = (index) => {
    const [row, column] = place(index);
    return [left + column * cell, (rows - 1 - row) * high + 4];
  };
  const middle = (index) => corner(index).map((at, i) => at + (i ? high : cell) / 2);
  const box = (index, name, inset) => {
    const [x, y] = corner(index);
    return svg("rect", { class: name, x: x + inset, y: y + inset, width: cell - 2 * inset, height: high - 2 * inset, rx: 5 });
  };
  for (let index = 0; index < data.count; index += 1) {
    const [x, y] = middle(index);
    picture.append(svg("g", {
      class: `cell ${kind(index)}`, tabindex: 0, role: "button", "data-cell": index, "aria-label": `${data.cells[index].id}, ${kind(index)}`,
      onclick: () => pick(index),
      onkeydown: (event) => {
        const by = { ArrowRight: 1, ArrowLeft: -1, ArrowUp: columns, ArrowDown: -columns }[event.key];
        if (by === undefined && !["Enter", " "].includes(event.key)) return;
        event.preventDefault();
        const to = clamp(index + (by ?? 0), 0, data.count - 1);
        pick(to);
        picture.querySelector(`[data-cell="${to}"]`).focus({ preventScroll: true });
      },
    }, box(index, "face", 2), words(x, y + 5, text(index), { "text-anchor": "middle" })));
  }
  if (next !== null) picture.append(box(next, "ring next", 3));
  if (touched >= 0) picture.append(box(touched, "ring touched", 1));
  if (by >= 0 && by !== touched) {
    const [x1, y1] = middle(touched);
    const [x2, y2] = middle(by);
    const short = Math.min(0.45, 13 / Math.hypot(x2 - x1, y2 - y1)); // leaves the witness's number free
    picture.append(
      svg("path", { class: "by", d: `M${x1} ${y1}L${x2 - short * (x2 - x1)} ${y2 - short * (y2 - y1)}` }),
      svg("circle", { class: "is-text", cx: x1, cy: y1, r: 4 }),
    );
  }
  data.widths.forEach((value, i) => picture.append(words(left + (i + 0.5) * cell, rows * high + 22, value, { "text-anchor": "middle", class: "muted small" })));
  data.depths.forEach((value, i) => picture.append(words(left - 10, (rows - 0.5 - i) * high + 8, value, { "text-anchor": "end", class: "muted small" })));
  picture.append(words(left + (columns * cell) / 2, rows * high + 44, "width of the layers", { "text-anchor": "middle", class: "muted small" }));
  picture.append(svg("text", { transform: `translate(13 ${(rows * high) / 2}) rotate(-90)`, "text-anchor": "middle", class: "muted small" }, "depth"));
}

/** One row of the grid: error upwards, width to the right, both on logarithmic scales. */
function drawCones(picture, width, { data, columns, sizes, now, depth, isTrue, touched }) {
  const height = 330;
  size(picture, width, height);
  const { trained, lower, lipschitz, covered, order, epsilon } = now;
  const row = data.depths.indexOf(depth) * columns;
  const inside = Array.from({ length: columns }, (_, i) => row + i);
  const x = scale([data.widths[0] / 1.15, data.widths[columns - 1] * 1.15], [54, width - 10], { log: true });
  const y = scale([0.09, 0.62], [height - 44, 10], { log: true });
  for (const error of [0.1, 0.15, 0.2, 0.3, 0.4, 0.6]) {
    picture.append(svg("line", { class: "rule", x1: 54, x2: width - 10, y1: y(error), y2: y(error) }));
    picture.append(words(46, y(error) + 4, percent(error), { "text-anchor": "end", class: "muted small" }));
  }
  data.widths.forEach((value) => picture.append(words(x(value), height - 24, value, { "text-anchor": "middle", class: "muted small" })));
  picture.append(words((54 + width) / 2, height - 4, `width, at depth ${depth}`, { "text-anchor": "middle", class: "muted small" }));
  if (lower) {
    const points = [...new Set([...Array.from({ length: 97 }, (_, i) => x.back(54 + ((width - 64) * i) / 96)), ...data.widths])].sort((a, b) => a - b);
    const cone = (index, hidden) => Math.exp(coneAt(Math.log(data.cells[index].error), lipschitz, sizes(index), [depth, hidden]));
    const line = (of) => points.map((hidden, i) => `${i ? "L" : "M"}${x(hidden).toFixed(1)} ${clamp(y(of(hidden)), 0, height - 44).toFixed(1)}`).join("");
    const envelope = line((hidden) => Math.max(...trained.map((index) => cone(index, hidden))));
    picture.append(svg("path", { class: "forbidden", d: `${envelope}L${width - 10} ${height - 44}L54 ${height - 44}Z` }));
    for (const index of trained) picture.append(svg("path", { class: sizes(index)[0] === depth ? "cone" : "cone far", d: line((hidden) => cone(index, hidden)) }));
  } else {
    const why = trained.length ? "Cones need λ, which is still unknown." : "Press play above: each training adds a cone.";
    picture.append(words((54 + width) / 2, height / 2, why, { "text-anchor": "middle", class: "muted" }));
  }
  if (isTrue) {
    picture.append(svg("path", { class: "truth", d: inside.map((index, i) => `${i ? "L" : "M"}${x(data.widths[i])} ${y(data.cells[index].error)}`).join("") }));
  }
  inside.forEach((index, i) => {
    const at = x(data.widths[i]);
    if (order.has(index)) {
      picture.append(svg("circle", { class: "dot", cx: at, cy: y(data.cells[index].error), r: 8 }));
      picture.append(words(at + 11, y(data.cells[index].error) - 6, order.get(index), { class: "small" }));
      return;
    }
    if (!lower) return;
    const top = y(lower[index] * (1 + epsilon));
    const kind = `bar${covered[index] >= 0 ? " covered" : ""}${index === touched ? " touched" : ""}`;
    picture.append(svg("rect", { class: kind, x: at - 6, y: top, width: 12, height: Math.max(2, y(lower[index]) - top), rx: 3 }));
    if (covered[index] >= 0) picture.append(svg("circle", { class: "dot witness", cx: at, cy: y(data.cells[covered[index]].error), r: 5 }));
  });
}

/** Trainings for each ε as bars, and the packing bound as a line. */
function drawPrices(picture, width, { data, here, runFor, choose }) {
  const height = 250;
  size(picture, width, height);
  const left = 44;
  const step = (width - left - 6) / data.epsilons.length;
  const y = scale([0, data.count], [height - 46, 14]);
  for (const tick of [0, data.count / 4, data.count / 2, (3 * data.count) / 4, data.count]) {
    picture.append(svg("line", { class: "rule", x1: left, x2: width - 6, y1: y(tick), y2: y(tick) }));
    picture.append(words(left - 8, y(tick) + 4, tick, { "text-anchor": "end", class: "muted small" }));
  }
  const bound = [];
  data.epsilons.forEach((epsilon, i) => {
    const found = runFor(epsilon);
    const count = found.picks.length;
    const x = left + i * step;
    bound.push([x, y(found.steps[count].bound)], [x + step, y(found.steps[count].bound)]);
    picture.append(svg("g", {
      class: epsilon === here ? "price here" : "price", tabindex: 0, role: "button", "aria-label": `ε = ${epsilon}: ${count} trainings`,
      onclick: () => choose(epsilon), onkeydown: (event) => isPress(event) && choose(epsilon),
    },
      svg("rect", { x, y: 0, width: step, height: height - 20, fill: "transparent" }),
      svg("rect", { class: "fill", x: x + step * 0.18, y: y(count), width: step * 0.64, height: y(0) - y(count), rx: 4 }),
      words(x + step / 2, y(count) - 5, count, { "text-anchor": "middle", class: "small" }),
    ));
    picture.append(words(x + step / 2, height - 26, epsilon, { "text-anchor": "middle", class: "muted small" }));
  });
  picture.append(svg("path", { class: "bound", d: bound.map(([x, at], i) => `${i ? "L" : "M"}${x} ${at}`).join("") }));
  picture.append(words((left + width) / 2, height - 5, "ε", { "text-anchor": "middle", class: "muted" }));
}
