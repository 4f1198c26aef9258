// The glossary. One small picture for each term, from numbers that the lessons use too.
const HEIGHT = 150;
const ball = (x, y, r, kind) => svg("circle", { class: `ball ${kind}`, cx: x, cy: y, r });
const path = (points, kind) => svg("path", { class: kind, d: points.map(([x, y], i) => `${i ? "L" : "M"}${x} ${y}`).join("") });
const range = (values) => [Math.min(...values), Math.max(...values)];

const PICTURES = {
  subarchitecture(picture, width, { operations }) {
    const tallest = Math.max(...operations[0].shape);
    operations.forEach(({ key, shape, built }, i) => {
      const left = (i * width) / 2;
      const columns = shape.map((count, k) =>
        Array.from({ length: count }, (_, n) => [left + 14 + (k * (width / 2 - 44)) / 2, 28 + (96 * n) / tallest]));
      for (const k of [1, 2]) for (const to of columns[k]) for (const from of columns[k - 1]) picture.append(path([from, to], "thin"));
      picture.append(
        ...columns.flat().map(([x, y]) => ball(x, y, 7, "blue")), words(left + 6, 12, key, { class: "small" }),
        words(left + 6, HEIGHT - 8, `${built} parameters`, { class: "small" }),
      );
    });
  },
  front(picture, width, { front: { networks, rows } }) {
    const x = scale(range(networks.map(([latency]) => latency)), [12, width - 12], { log: true });
    const y = scale(range(networks.map(([, error]) => error)), [HEIGHT - 26, 12]);
    const best = new Set(rows);
    networks.forEach(([a, e], i) => picture.append(ball(x(a), y(e), best.has(i) ? 6 : 4, best.has(i) ? "blue" : "grey")));
    picture.append(words(width / 2, HEIGHT - 4, "latency →, error ↑", { class: "muted small", "text-anchor": "middle" }));
  },
  epsilon(picture, width, { epsilon: { factor } }) {
    ["size", "latency", "error"].forEach((name, i) => {
      const y = 14 + i * 44;
      const one = (width - 90) / 1.4;
      picture.append(
        words(60, y + 20, name, { "text-anchor": "end", class: "muted small" }),
        svg("rect", { class: "is-front", x: 70, y: y + 4, width: one, height: 22, rx: 4 }),
        svg("line", { class: "limit", x1: 70 + one * factor, x2: 70 + one * factor, y1: y - 2, y2: y + 32 }),
      );
    });
    picture.append(words(70 + ((width - 90) / 1.4) * factor, HEIGHT - 2, `× ${factor}`, { "text-anchor": "middle", class: "small" }));
  },
  cover(picture, width, { cover: { columns, trained, covered } }) {
    const wide = width / columns;
    const rows = covered.length / columns;
    const high = HEIGHT / rows;
    covered.forEach((by, index) =>
      picture.append(svg("rect", {
        class: `tile ${trained.includes(index) ? "blue" : by >= 0 ? "green" : ""}`,
        x: (index % columns) * wide + 2, y: (rows - 1 - Math.floor(index / columns)) * high + 2, width: wide - 4, height: high - 4, rx: 4,
      })));
  },
  lambda(picture, width, { cone: { widths, trained, lower, errors } }) {
    const x = scale(range(widths), [16, width - 16], { log: true });
    const y = scale([0.9 * Math.min(...lower), 1.1 * Math.max(...errors)], [HEIGHT - 24, 8], { log: true });
    const line = lower.map((low, i) => [x(widths[i]), y(low)]);
    picture.append(
      path([...line, [width - 16, HEIGHT - 24], [16, HEIGHT - 24]], "shadow"), path(line, "thick"),
      ...errors.map((error, i) => ball(x(widths[i]), y(error), i === trained ? 7 : 5, i === trained ? "blue" : "hollow")),
      words(width / 2, HEIGHT - 4, "width →, error ↑", { class: "muted small", "text-anchor": "middle" }),
    );
  },
  tau(picture, width, { seeds }) {
    const x = scale(range(seeds.flat()), [16, width - 16]);
    seeds.forEach((row, i) => {
      const y = 10 + (i * (HEIGHT - 34)) / (seeds.length - 1);
      picture.append(path([[x(Math.min(...row)), y], [x(Math.max(...row)), y]], "thin"), ...row.map((error) => ball(x(error), y, 4, "orange")));
    });
    picture.append(words(width / 2, HEIGHT - 4, "error →", { class: "muted small", "text-anchor": "middle" }));
  },
  w(picture, width, { w }) {
    const bars = [["size saved", w.size_saved, "is-front"], ["latency saved", w.latency_saved, "is-front"], ["error", w.error, "is-cover"]];
    bars.forEach(([name, value, kind], i) => {
      const y = 10 + i * 36;
      const left = 96;
      picture.append(
        words(left - 8, y + 17, name, { "text-anchor": "end", class: "muted small" }),
        svg("rect", { class: "tile", x: left, y, width: width - left - 44, height: 24, rx: 4 }),
        svg("rect", { class: kind, x: left, y, width: (width - left - 44) * value, height: 24, rx: 4 }),
        words(width - 38, y + 17, value.toFixed(2), { class: "small" }),
      );
    });
    picture.append(words(width / 2, HEIGHT - 8, `W = ${w.size_saved.toFixed(2)} · ${w.latency_saved.toFixed(2)} / ${w.error.toFixed(3)} = ${w.w.toFixed(2)}`, { "text-anchor": "middle" }));
  },
  abnc(picture, width, { abnc }) {
    abnc.forEach(({ name, parameters }, i) => {
      const all = parameters.first + parameters.middle + parameters.last;
      const y = 30 + i * 64;
      let x = 0;
      picture.append(words(0, y - 8, name, { class: "small" }));
      for (const [part, kind] of [["first", "is-cover"], ["middle", "is-front"], ["last", "is-best"]]) {
        const wide = (parameters[part] / all) * width;
        picture.append(svg("rect", { class: kind, x, y, width: wide, height: 26 }));
        x += wide;
      }
    });
  },
  audit(picture, width, { audit: { population, drawn } }) {
    const columns = 25;
    const step = Math.min(width / columns, HEIGHT / (population / columns));
    // Evenly spread here; an audit draws at random.
    const isDrawn = (i) => Math.floor(((i + 1) * drawn) / population) > Math.floor((i * drawn) / population);
    for (let i = 0; i < population; i += 1) {
      const at = (i * 7) % population;
      picture.append(ball((at % columns + 0.5) * step, (Math.floor(at / columns) + 0.5) * step, step * 0.3, isDrawn(i) ? "blue" : "grey"));
    }
  },
  betti(picture, width, { shapes }) {
    const wide = width / shapes.length;
    shapes.forEach(({ points, betti, name }, i) => {
      const reach = Math.min(wide / 2, 56) - 4;
      const [x, y] = [(i + 0.5) * wide, 58];
      for (const [a, b] of points) picture.append(ball(x + a * reach, y - b * reach, 1.4, "blue"));
      picture.append(
        words(x, HEIGHT - 22, betti.join(", "), { "text-anchor": "middle", "font-weight": 650 }),
        words(x, HEIGHT - 5, name, { "text-anchor": "middle", class: "muted small" }),
      );
    });
  },
  latency(picture, width, { latency: { models } }) {
    const x = scale([0, Math.max(...models.map((one) => one.high_ms))], [0, width - 74]);
    models.forEach(({ name, median_ms: median, low_ms: low, high_ms: high }, i) => {
      const y = 18 + i * 46;
      picture.append(
        words(0, y - 5, name, { class: "small" }),
        svg("rect", { class: "is-front", x: 0, y, width: x(median), height: 18, rx: 4 }),
        path([[x(low), y + 9], [x(high), y + 9]], "interval"),
        words(x(high) + 8, y + 14, `${median.toFixed(0)} ms`, { class: "small" }),
      );
    });
  },
  operations(picture, width, { operations }) {
    const wide = width / operations.length;
    operations.forEach(({ key, shape: [b, a, d], first, last, all }, i) => {
      const cell = Math.min(17, (wide - 40) / (a + b));
      const block = (x, columns, rows, kind, count) => {
        for (let k = 0; k < columns * rows; k += 1) {
          picture.append(svg("rect", { class: kind, x: x + (k % columns) * cell + 1, y: 24 + Math.floor(k / columns) * cell + 1, width: cell - 2, height: cell - 2, rx: 2 }));
        }
        picture.append(words(x + (columns * cell) / 2, 24 + rows * cell + 16, count, { "text-anchor": "middle", class: "muted small" }));
      };
      const left = i * wide + 4;
      picture.append(words(left, 14, key, { class: "small" }));
      block(left, b, a, "is-front", first);
      block(left + b * cell + 16, a, d, "is-cover", last);
      picture.append(words(left, HEIGHT - 8, `${all} multiply-adds`, { class: "small" }));
    });
  },
  seed(picture, width, { pair: { a, b } }) {
    const x = scale(range([...a.seeds, ...b.seeds]), [16, width - 16]);
    [a, b].forEach(({ id, error, seeds }, i) => {
      const y = 34 + i * 58;
      picture.append(
        words(0, y - 16, id, { class: "small" }), path([[x(Math.min(...seeds)), y], [x(Math.max(...seeds)), y]], "thin"),
        ...seeds.map((one) => ball(x(one), y, 4, "orange")), ball(x(error), y, 6.5, "blue"),
      );
    });
    picture.append(words(width / 2, HEIGHT - 4, "error →", { class: "muted small", "text-anchor": "middle" }));
  },
  dev(picture, width, { splits }) {
    const all = splits.train + splits.dev + splits.audit;
    let x = 0;
    for (const [name, count, kind, error] of [
      ["train", splits.train, "is-front", null], ["dev", splits.dev, "is-cover", splits.dev_error], ["audit", splits.audit, "is-best", splits.audit_error],
    ]) {
      const wide = (count / all) * width;
      picture.append(
        words(x + 2, 26, name, { class: "small" }), svg("rect", { class: kind, x: x + 1, y: 36, width: wide - 2, height: 40, rx: 4 }),
        words(x + 2, 96, thousands(count), { class: "muted small" }),
        words(x + 2, 122, error === null ? "wrong:" : percent(error, 1), { class: error === null ? "muted small" : "small" }),
      );
      x += wide;
    }
  },
  certificate(picture, width, { certificate: { certified, trained } }) {
    const known = certified.map((epsilon, step) => [step, epsilon]).filter(([, epsilon]) => epsilon !== null);
    const x = scale([0, trained], [26, width - 12]);
    const y = scale([0, Math.max(...known.map(([, epsilon]) => epsilon))], [HEIGHT - 26, 14]);
    picture.append(
      path([[26, y(0)], [width - 12, y(0)]], "thin"),
      path(known.flatMap(([step, epsilon], i) => [...(i ? [[x(step), y(known[i - 1][1])]] : []), [x(step), y(epsilon)]]), "thick"),
      ...known.map(([step, epsilon]) => ball(x(step), y(epsilon), 4, "blue")),
      words(width - 12, y(known.at(-1)[1]) - 10, `ε = ${known.at(-1)[1].toFixed(2)}`, { class: "small", "text-anchor": "end" }),
      words(width / 2, HEIGHT - 4, "trainings →, certified ε ↑", { class: "muted small", "text-anchor": "middle" }),
    );
  },
  needle(picture, width, { needle: { widths, lowers, errors, trained, at } }) {
    const x = scale(range(widths), [16, width - 16], { log: true });
    const y = scale([0.9 * Math.min(...lowers, ...errors), 1.1 * Math.max(...errors)], [HEIGHT - 24, 8], { log: true });
    const line = lowers.map((low, i) => [x(widths[i]), y(low)]);
    const kind = (i) => (i === at ? "orange" : trained.includes(i) ? "blue" : "hollow");
    picture.append(
      path([...line, [width - 16, HEIGHT - 24], [16, HEIGHT - 24]], "shadow"),
      ...errors.map((error, i) => ball(x(widths[i]), y(error), kind(i) === "hollow" ? 5 : 7, kind(i))),
      words(width / 2, HEIGHT - 4, "width →, error ↑", { class: "muted small", "text-anchor": "middle" }),
    );
  },
  fptas(picture, width, { prices: { bars } }) {
    const step = width / bars.length;
    const y = scale([0, Math.max(...bars.map(([, count]) => count))], [HEIGHT - 36, 18]);
    bars.forEach(([epsilon, count], i) => {
      const middle = (i + 0.5) * step;
      picture.append(
        svg("rect", { class: "is-front", x: i * step + 4, y: y(count), width: step - 8, height: y(0) - y(count), rx: 3 }),
        words(middle, y(count) - 4, count, { "text-anchor": "middle", class: "small" }),
        words(middle, HEIGHT - 22, String(epsilon), { "text-anchor": "middle", class: "muted small" }),
      );
    });
    picture.append(words(width / 2, HEIGHT - 4, "ε →, trainings ↑", { class: "muted small", "text-anchor": "middle" }));
  },
  distillation(picture, width, { taught }) {
    const bars = [["true labels", taught.labels, "is-dominated"], ["teacher", taught.teacher, "is-cover"], ["and inherited", taught.inherited, "is-front"]];
    const most = Math.max(...bars.map(([, error]) => error));
    bars.forEach(([name, error, kind], i) => {
      const y = 10 + i * 38;
      const wide = ((width - 150) * error) / most;
      picture.append(
        words(92, y + 17, name, { "text-anchor": "end", class: "muted small" }),
        svg("rect", { class: kind, x: 100, y, width: wide, height: 24, rx: 4 }),
        words(106 + wide, y + 17, percent(error, 1), { class: "small" }),
      );
    });
    picture.append(words(width / 2, HEIGHT - 4, "dev error →", { class: "muted small", "text-anchor": "middle" }));
  },
  agora(picture, width, { rounds: { sizes, errors } }) {
    const step = width / sizes.length;
    const high = scale([0, Math.max(...sizes)], [HEIGHT - 26, 40]);
    const y = scale([0, Math.max(...errors)], [HEIGHT - 26, 14]);
    const line = errors.map((error, i) => [(i + 0.5) * step, y(error)]);
    sizes.forEach((count, i) => picture.append(svg("rect", { class: "shadow", x: i * step + 4, y: high(count), width: step - 8, height: high(0) - high(count), rx: 3 })));
    picture.append(
      path(line, "thick"), ...line.map(([a, b]) => ball(a, b, 4, "blue")),
      words(line[0][0] + 10, line[0][1] + 5, percent(errors[0], 1), { class: "small" }),
      words(line.at(-1)[0], line.at(-1)[1] - 10, percent(errors.at(-1), 1), { class: "small", "text-anchor": "middle" }),
      words(width / 2, HEIGHT - 4, "round →, error ↑", { class: "muted small", "text-anchor": "middle" }),
    );
  },
};

function start(lesson) {
  const { root, data, state } = lesson;
  for (const place of root.querySelectorAll("[data-picture]")) {
    const name = place.dataset.picture;
    figure(lesson, `[data-picture="${name}"]`, (picture, width) => {
      size(picture, width, HEIGHT);
      PICTURES[name](picture, width, data);
    });
  }
  const go = (term, isSmooth) => {
    const entry = root.querySelector(`#${CSS.escape(term)}`);
    root.querySelectorAll(".entry").forEach((one) => one.classList.toggle("here", one === entry));
    entry?.scrollIntoView({ behavior: isSmooth ? "smooth" : "auto", block: "start" });
    entry?.focus({ preventScroll: true });
  };
  for (const link of root.querySelectorAll("[data-jump]")) {
    link.addEventListener("click", (event) => {
      event.preventDefault();
      state.set("term", link.dataset.jump);
      go(link.dataset.jump, true);
    });
  }
  const back = root.querySelector("#back");
  back.hidden = !(document.referrer.startsWith(window.location.origin) && window.history.length > 1);
  back.addEventListener("click", () => window.history.back());
  const wanted = state.get("term", "");
  if (wanted) window.setTimeout(() => go(wanted, false), 120); // after the pictures have their height
}
