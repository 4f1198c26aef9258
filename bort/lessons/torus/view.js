// Lesson 6. All rounds were recorded by bort's Agora; here they are only unpacked and drawn.
const LEARNERS = { "random-guesser": "Random guesser with memory", knn: "Nearest neighbours", "random-features": "Random waves" };
const LABELERS = { oracle: "Always right", "noisy-oracle": "Wrong one time in ten", knn: "Nearest neighbours", "random-features": "Random waves" };
const TURN = 2 * Math.PI;

const bytesOf = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
const bitsOf = (text, count) => {
  const bytes = bytesOf(text);
  return Array.from({ length: count }, (_, i) => (bytes[i >> 3] >> (7 - (i & 7))) & 1);
};
/** Longitude and latitude of points; each byte is a 256th of a turn. */
const anglesOf = (text) => {
  const bytes = bytesOf(text);
  return Array.from({ length: bytes.length / 2 }, (_, i) => [0, 1].map((k) => ((bytes[2 * i + k] + 0.5) / 256) * TURN));
};
/** The true class: bands that wind around both holes. */
const trueClass = (longitude, latitude) => (Math.sin(longitude + latitude) > 0 ? 1 : 0);

function unpacked(frame, data) {
  frame.view ??= {
    wrong: bitsOf(frame.wrong, data.counts.dev),
    surface: bitsOf(frame.surface, data.grid[0] * data.grid[1]),
    points: anglesOf(frame.places),
    labels: bitsOf(frame.labels, frame.added),
    diagrams: frame.diagrams.map((text) => {
      const bytes = bytesOf(text);
      const edge = (byte) => (byte === data.never ? Infinity : (byte / (data.never - 1)) * data.longest);
      return Array.from({ length: bytes.length / 2 }, (_, i) => [edge(bytes[2 * i]), edge(bytes[2 * i + 1])]);
    }),
  };
  return frame.view;
}

function start(lesson) {
  const { data, state } = lesson;
  const train = { points: anglesOf(data.train.places), labels: bitsOf(data.train.labels, data.counts.train) };
  const dev = anglesOf(data.dev.places);
  const anywhere = anglesOf(data.random.places);
  const anyLabels = Object.fromEntries(Object.entries(data.random.labels).map(([name, text]) => [name, bitsOf(text, anywhere.length)]));

  const options = (names, list) => list.map((name) => [name, names[name]]);
  choice(lesson, "#parts", "learner", { label: "Learner", first: data.start.learner, options: options(LEARNERS, data.learners) });
  choice(lesson, "#parts", "labeler", { label: "Labeler", first: data.start.labeler, options: options(LABELERS, data.labelers) });
  choice(lesson, "#parts", "radius", {
    label: "How far from an error Agora samples", first: String(data.start.radius),
    options: data.radii.map((radius) => [String(radius), `up to ${radius}`]),
  });
  choice(lesson, "#surface", "surface", {
    label: "Colour of the surface", first: "decides",
    options: [["decides", "what the learner says"], ["truth", "the truth"], ["wrong", "where it is wrong"]],
  });

  const run = () => data.runs[[state.get("learner"), state.get("labeler"), state.get("radius")].join(" ")] ?? data.runs[[data.start.learner, data.start.labeler, data.start.radius].join(" ")];
  const round = () => clamp(Math.round(state.get("round", 0)), 0, run().agora.length - 1);
  const frame = () => run().agora[round()];
  /** Everything in the picture: points that trained the learner, new ones, and dev errors. */
  const marks = (arm, withNew = false) => {
    const frames = run()[arm];
    const now = frames[round()];
    const { wrong } = unpacked(now, data);
    const earlier = arm === "agora"
      ? frames.slice(0, round()).flatMap((one) => unpacked(one, data).points.map((at, i) => ({ at, label: one.view.labels[i], kind: "added" })))
      : anywhere.slice(0, now.size - data.counts.train).map((at, i) => ({ at, label: anyLabels[state.get("labeler")][i], kind: "added" }));
    const fresh = withNew ? now.view.points.map((at, i) => ({ at, label: now.view.labels[i], kind: "new" })) : [];
    return [
      ...train.points.map((at, i) => ({ at, label: train.labels[i], kind: "train" })), ...earlier, ...fresh,
      ...dev.flatMap((at, i) => (wrong[i] ? [{ at, kind: "error" }] : [])),
    ];
  };
  /** The colour's number of each cell of the surface: a class, or 2 where the learner is wrong. */
  const cells = (one) => {
    const { surface } = unpacked(one, data);
    const [around, along] = data.grid;
    const shown = state.get("surface");
    return surface.map((said, i) => {
      if (shown === "decides") return said;
      const longitude = ((Math.floor(i / along) + 0.5) / around - 0.5) * TURN;
      const latitude = (((i % along) + 0.5) / along - 0.5) * TURN;
      const truth = trueClass(longitude, latitude);
      return shown === "truth" || said === truth ? truth : 2;
    });
  };

  const players = ["#rounds", "#rounds-beside"].map((selector) =>
    player(lesson, selector, "round", { count: () => run().agora.length, pace: 1300, unit: "Round" }),
  );
  const torus = board(lesson, "#torus", (width) => Math.min(width * 0.8, 470), (paint, width, height) =>
    drawTorus(paint, width, height, { data, cells: cells(frame()), marks: marks("agora", true), yaw: state.get("yaw", 20), pitch: state.get("pitch", 48), ink: inkOf(lesson) }),
  );
  turnable(lesson, torus.canvas);
  const maps = ["agora", "random"].map((arm) =>
    board(lesson, `#map-${arm}`, (width) => width / 2 + 4, (paint, width, height) =>
      drawMap(paint, width, height, { data, cells: cells(run()[arm][round()]), marks: marks(arm), ink: inkOf(lesson) }),
    ),
  );
  const errors = figure(lesson, "#errors", (picture, width) => drawErrors(picture, width, run(), round()));
  const diagram = figure(lesson, "#diagram", (picture, width) => drawDiagram(picture, width, frame(), data));
  const gap = figure(lesson, "#gap", (picture, width) => drawGap(picture, width, run().gaps, round()));

  function tell(isTurned) {
    torus.soon();
    if (isTurned) return;
    players.forEach((one) => one.refresh());
    for (const draw of [errors, diagram, gap, ...maps.map((map) => map.again)]) draw();
    const now = frame();
    const beside = run().random[round()];
    show(lesson, {
      size: thousands(now.size), dev: percent(now.dev[0], 1), audit: percent(now.audit[0], 1), betti: now.betti.join(", "),
      "random-audit": percent(beside.audit[0], 1), "random-betti": beside.betti.join(", "), added: thousands(now.size - data.counts.train),
      told: told(run(), round(), data), shape: shapeOf(now.betti, data),
      command: `bort agora run --task torus --learner ${state.get("learner")} --labeler ${state.get("labeler")} --radius ${state.get("radius")} --rounds ${data.rounds}`,
    });
  }
  state.watch((name) => tell(name === "yaw" || name === "pitch"));
  const theme = new MutationObserver(() => tell(false)); // a canvas does not follow the style
  theme.observe(lesson.root, { attributes: true, attributeFilter: ["data-theme"] });
  lesson.whenLeft(() => theme.disconnect());
  tell(false);
}

function told(run, round, data) {
  const now = run.agora[round];
  const errors = Math.round(now.dev[0] * data.counts.dev);
  const trained = `The learner has ${thousands(now.size)} points and gets ${errors} of ${thousands(data.counts.dev)} dev points wrong.`;
  if (!now.added) return `${trained} The rounds end here.`;
  const wrong = now.added - now.right;
  return `${trained} Agora adds ${thousands(now.added)} new points near these errors. The labeler gives ${wrong ? thousands(wrong) : "none"} of them a wrong class.`;
}

function shapeOf([parts, loops, voids], data) {
  const [, all, inside] = data.whole;
  if (parts > 1) return "The points fall apart into pieces.";
  if (loops < all) return "A bent tube: the way around the hole is cut.";
  if (loops > all) return "There are more loops than a torus has: something is still open.";
  return voids < inside ? "Both loops are closed, but the surface still has a hole." : "The shape of a whole torus.";
}

/** A canvas that fits its place; `paint` has the few shapes that are drawn on it. */
function board(lesson, selector, heightOf, draw) {
  const place = lesson.root.querySelector(selector);
  const canvas = el("canvas", { role: "img", "aria-label": place.dataset.alt ?? "", tabindex: 0 });
  const context = canvas.getContext("2d");
  place.append(canvas);
  let width = 0;
  const again = () => {
    if (width < 40) return;
    const height = Math.round(heightOf(width));
    const ratio = window.devicePixelRatio || 1;
    if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
      canvas.width = Math.round(width * ratio);
      canvas.height = Math.round(height * ratio);
      canvas.style.width = `${width}px`;
      canvas.style.height = `${height}px`;
    }
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, width, height);
    draw(context, width, height);
    canvas.dataset.drawn = String(Number(canvas.dataset.drawn ?? 0) + 1);
  };
  const observer = new ResizeObserver(([entry]) => {
    const found = Math.floor(entry.contentRect.width);
    if (found === width) return;
    width = found;
    again();
  });
  observer.observe(place);
  lesson.whenLeft(() => observer.disconnect());
  let waiting = 0;
  /** Draw once before the browser paints, however often a drag asks. */
  const soon = () => {
    waiting ||= window.requestAnimationFrame(() => {
      waiting = 0;
      again();
    });
  };
  return { canvas, again, soon };
}

/** Turn the torus by mouse, finger or arrow keys. */
function turnable(lesson, canvas) {
  const { state } = lesson;
  const turn = (yaw, pitch) => {
    state.set("yaw", Math.round(yaw + 3600) % 360);
    state.set("pitch", Math.round(clamp(pitch, 0, 90)));
  };
  canvas.style.touchAction = "pan-y"; // a finger that goes up or down scrolls the page
  canvas.style.cursor = "grab";
  canvas.addEventListener("pointerdown", (event) => {
    const from = { x: event.clientX, y: event.clientY, yaw: state.get("yaw"), pitch: state.get("pitch") };
    const follow = (moved) =>
      turn(from.yaw + (moved.clientX - from.x) / 2, from.pitch + (event.pointerType === "touch" ? 0 : (moved.clientY - from.y) / 3));
    const end = () => {
      for (const name of ["pointerup", "pointercancel"]) window.removeEventListener(name, end);
      window.removeEventListener("pointermove", follow);
    };
    window.addEventListener("pointermove", follow);
    for (const name of ["pointerup", "pointercancel"]) window.addEventListener(name, end);
  });
  canvas.addEventListener("keydown", (event) => {
    const by = { ArrowLeft: [-6, 0], ArrowRight: [6, 0], ArrowUp: [0, -6], ArrowDown: [0, 6] }[event.key];
    if (!by) return;
    event.preventDefault();
    turn(state.get("yaw") + by[0], state.get("pitch") + by[1]);
  });
}

/** The theme's colours as numbers, for shading. */
function inkOf(lesson) {
  const style = getComputedStyle(lesson.root);
  const read = (name) => [1, 3, 5].map((i) => parseInt(style.getPropertyValue(`--${name}`).trim().slice(i, i + 2), 16));
  const [background, text, front, best, cover] = ["background", "text", "front", "best", "cover"].map(read);
  const mix = (a, b, share) => a.map((x, i) => Math.round(x + (b[i] - x) * share));
  const css = (colour, opacity = 1) => `rgba(${colour.join(",")},${opacity})`;
  return {
    mix, css, background, text,
    cells: [mix(background, front, 0.36), mix(background, best, 0.36), mix(background, cover, 0.75)],
    labels: [mix(front, text, 0.15), mix(best, text, 0.15)], error: cover,
  };
}

function drawTorus(paint, width, height, { data, cells, marks, yaw, pitch, ink }) {
  const [around, along] = data.grid;
  const size = Math.min(width, height) / (2 * (data.major + data.minor) + 0.3);
  const [sa, ca, sp, cp] = [Math.sin((yaw * Math.PI) / 180), Math.cos((yaw * Math.PI) / 180), Math.sin((pitch * Math.PI) / 180), Math.cos((pitch * Math.PI) / 180)];
  /** Turn a vector; x to the right, y up, depth towards the reader. */
  const turned = (x, y, z) => {
    const [a, b] = [x * ca - y * sa, x * sa + y * ca];
    return [a, b * sp + z * cp, z * sp - b * cp];
  };
  const at = (longitude, latitude, lift = 0) => {
    const far = data.major + (data.minor + lift) * Math.cos(latitude);
    return turned(far * Math.cos(longitude), far * Math.sin(longitude), (data.minor + lift) * Math.sin(latitude));
  };
  const normal = (longitude, latitude) =>
    turned(Math.cos(latitude) * Math.cos(longitude), Math.cos(latitude) * Math.sin(longitude), Math.sin(latitude));
  const screen = ([x, y]) => [width / 2 + x * size, height / 2 - y * size];
  const corners = Array.from({ length: around + 1 }, (_, i) =>
    Array.from({ length: along + 1 }, (_, j) => at((i / around - 0.5) * TURN, (j / along - 0.5) * TURN)),
  );
  const shapes = [];
  for (let i = 0; i < around; i += 1) {
    for (let j = 0; j < along; j += 1) {
      const facing = normal(((i + 0.5) / around - 0.5) * TURN, ((j + 0.5) / along - 0.5) * TURN);
      if (facing[2] < -0.15) continue;
      const four = [corners[i][j], corners[i + 1][j], corners[i + 1][j + 1], corners[i][j + 1]];
      const light = clamp(0.35 * facing[0] + 0.5 * facing[1] + 0.6 * facing[2], 0, 1);
      shapes.push({ depth: (four[0][2] + four[2][2]) / 2, four, cell: cells[i * along + j], light });
    }
  }
  for (const mark of marks) {
    if (normal(...mark.at)[2] < 0.02) continue;
    shapes.push({ depth: at(...mark.at)[2] + 0.14, mark });
  }
  shapes.sort((a, b) => a.depth - b.depth);
  for (const shape of shapes) {
    if (shape.mark) {
      drawMark(paint, screen(at(...shape.mark.at, 0.02)), shape.mark, ink);
      continue;
    }
    paint.fillStyle = paint.strokeStyle = ink.css(ink.mix(ink.mix(ink.cells[shape.cell], ink.text, 0.22), ink.cells[shape.cell], shape.light));
    paint.lineWidth = 0.8;
    paint.beginPath();
    shape.four.forEach((corner, k) => paint[k ? "lineTo" : "moveTo"](...screen(corner)));
    paint.closePath();
    paint.fill();
    paint.stroke();
  }
}

function drawMark(paint, [x, y], { kind, label }, ink) {
  paint.beginPath();
  if (kind === "error") {
    const r = 3.6;
    paint.moveTo(x - r, y - r);
    paint.lineTo(x + r, y + r);
    paint.moveTo(x + r, y - r);
    paint.lineTo(x - r, y + r);
    paint.strokeStyle = ink.css(ink.error);
    paint.lineWidth = 2.2;
    paint.stroke();
    return;
  }
  paint.arc(x, y, kind === "new" ? 2.7 : kind === "added" ? 2.1 : 1.6, 0, TURN);
  paint.fillStyle = ink.css(ink.labels[label], kind === "train" ? 0.6 : 0.95);
  paint.fill();
  if (kind === "new") {
    paint.strokeStyle = ink.css(ink.text);
    paint.lineWidth = 0.9;
    paint.stroke();
  }
}

/** The surface unrolled: around the hole from left to right, around the tube from bottom to top. */
function drawMap(paint, width, height, { data, cells, marks, ink }) {
  const [around, along] = data.grid;
  const [w, h] = [width / around, height / along];
  cells.forEach((cell, i) => {
    paint.fillStyle = ink.css(ink.cells[cell]);
    paint.fillRect(Math.floor(i / along) * w, height - ((i % along) + 1) * h, w + 0.5, h + 0.5);
  });
  const place = ([longitude, latitude]) =>
    [(((longitude / TURN + 0.5) % 1) + 1) % 1 * width, height - ((((latitude / TURN + 0.5) % 1) + 1) % 1) * height];
  for (const mark of marks) drawMark(paint, place(mark.at), mark, ink);
}

function axes(picture, { x, y, left, bottom, xs, ys, format, labels }) {
  for (const tick of ys) {
    picture.append(svg("line", { x1: left, x2: x(xs.at(-1)), y1: y(tick), y2: y(tick), class: "axis" }));
    picture.append(words(left - 6, y(tick) + 4, format(tick), { "text-anchor": "end", class: "small muted" }));
  }
  for (const tick of xs) picture.append(words(x(tick), bottom + 18, tick, { "text-anchor": "middle", class: "small muted" }));
  picture.append(words(x(xs.at(-1)), bottom + 36, labels[0], { "text-anchor": "end", class: "small muted" }));
  picture.append(words(0, 12, labels[1], { class: "small muted" }));
}

function line(picture, x, y, values, kind) {
  picture.append(svg("path", { d: `M${values.map((value, i) => `${x(i)} ${y(value)}`).join("L")}`, class: `line ${kind}` }));
}

function drawErrors(picture, width, run, round) {
  const high = 230;
  size(picture, width, high);
  const frames = run.agora;
  const most = Math.max(...frames.flatMap((one) => [one.dev[2], one.audit[2]]), ...run.random.map((one) => one.audit[0]));
  const xs = frames.map((_, i) => i);
  const x = scale([0, Math.max(1, frames.length - 1)], [44, width - 12]);
  const y = scale([0, most], [high - 44, 24]);
  const step = most > 0.1 ? 0.05 : most > 0.04 ? 0.02 : 0.01;
  const ys = Array.from({ length: Math.floor(most / step) + 1 }, (_, i) => i * step);
  axes(picture, { x, y, left: 44, bottom: high - 44, xs, ys, format: (tick) => percent(tick), labels: ["round", "error"] });
  line(picture, x, y, run.random.map((one) => one.audit[0]), "is-dominated thin");
  for (const [split, kind] of [["dev", "is-cover dashed"], ["audit", "is-front"]]) {
    line(picture, x, y, frames.map((one) => one[split][0]), kind);
    frames.forEach((one, i) => {
      const [middle, low, top] = one[split];
      picture.append(svg("line", { x1: x(i), x2: x(i), y1: y(low), y2: y(top), class: `line ${kind.split(" ")[0]}` }));
      picture.append(svg("circle", { cx: x(i), cy: y(middle), r: i === round ? 6 : 3.5, class: kind.split(" ")[0] }));
    });
  }
}

/** Births and deaths of components, loops and voids; what counts is drawn large. */
function drawDiagram(picture, width, frame, data) {
  const { diagrams } = unpacked(frame, data);
  const high = Math.min(300, width);
  size(picture, width, high);
  const most = 2.2;
  const x = scale([0, most], [34, width - 12]);
  const y = scale([0, most], [high - 40, 20]);
  axes(picture, { x, y, left: 34, bottom: high - 40, xs: [0, 1, 2], ys: [0, 1, 2], format: String, labels: ["appears at", "disappears at"] });
  const [from, gone] = [frame.spacing, frame.gap * frame.spacing];
  picture.append(svg("path", { d: `M${x(0)} ${y(0)}L${x(most)} ${y(most)}`, class: "line is-muted thin" }));
  picture.append(svg("path", { d: `M${x(0)} ${y(from + gone)}L${x(from)} ${y(from + gone)}L${x(most - gone)} ${y(most)}`, class: "line is-cover dashed" }));
  diagrams.forEach((features, dimension) => {
    for (const [birth, death] of features) {
      const counts = death - Math.max(birth, from) > gone;
      picture.append(svg("circle", {
        cx: x(Math.min(birth, most)), cy: y(Math.min(death, most)), r: counts ? 6 : 2.4,
        class: `${["is-dominated", "is-front", "is-best"][dimension]}${counts ? " counts" : " fades"}`,
      }));
    }
  });
}

/** Audit minus dev, mean over several runs, with two standard errors. */
function drawGap(picture, width, gaps, round) {
  const high = 220;
  size(picture, width, high);
  const reach = gaps.flatMap((one) => one.mean.flatMap((mean, k) => [mean - 2 * one.error[k], mean + 2 * one.error[k]]));
  const [low, most] = [Math.min(-0.005, ...reach), Math.max(0.02, ...reach)];
  const x = scale([0, Math.max(1, gaps.length - 1)], [52, width - 20]);
  const y = scale([low, most], [high - 44, 24]);
  const ys = [-0.02, -0.01, 0, 0.01, 0.02, 0.03].filter((tick) => tick >= low && tick <= most);
  axes(picture, { x, y, left: 52, bottom: high - 44, xs: gaps.map((_, i) => i), ys, format: (tick) => (100 * tick).toFixed(0), labels: ["round", "audit minus dev, percentage points"] });
  ["is-front", "is-dominated"].forEach((kind, k) => {
    const shift = k ? 5 : -5;
    picture.append(svg("path", { d: `M${gaps.map((one, i) => `${x(i) + shift} ${y(one.mean[k])}`).join("L")}`, class: `line ${kind}` }));
    gaps.forEach((one, i) => {
      const [middle, half] = [one.mean[k], 2 * one.error[k]];
      picture.append(svg("line", { x1: x(i) + shift, x2: x(i) + shift, y1: y(middle - half), y2: y(middle + half), class: `line ${kind}` }));
      picture.append(svg("circle", { cx: x(i) + shift, cy: y(middle), r: i === round ? 6 : 4, class: kind }));
    });
  });
}
