// The glossary. One small picture for each term, from numbers that the lessons use too.
const HEIGHT = 150;
const ball = (x, y, r, kind) => svg("circle", { class: `ball ${kind}`, cx: x, cy: y, r });
const path = (points, kind) => svg("path", { class: kind, d: points.map(([x, y], i) => `${i ? "L" : "M"}${x} ${y}`).join("") });
const range = (values) => [Math.min(...values), Math.max(...values)];

const PICTURES = {
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
