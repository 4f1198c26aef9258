// Lesson 5. ln W is computed here from the logarithms of the factors, which Python computed;
// tests/browser compares the result with Python's on a grid of weights.
const COSTS = ["size", "latency", "error"];
const HEIGHT = Math.sqrt(3) / 2;

/** ln W of every row. A factor to the power of 0 is 1, even where the factor is 0. */
const logW = (rows, weights) =>
  rows.map(({ terms }) =>
    terms.reduce((sum, term, k) => (weights[k] ? sum + weights[k] * (term ?? -Infinity) : sum), 0),
  );

/** The first of the largest. */
const largest = (values) => values.reduce((best, value, i) => (value > values[best] ? i : best), 0);

function start(lesson) {
  const { data, state } = lesson;
  const third = Math.floor(data.steps / 3);
  const hueOf = new Map(data.regions.map((region, i) => [region.row, `hue${i}`]));
  const shares = () => {
    const first = clamp(Math.round(state.get("size", third)), 0, data.steps);
    const second = clamp(Math.round(state.get("latency", third)), 0, data.steps - first);
    return [first, second, data.steps - first - second];
  };
  
  const weights = () => {
    const found = shares();
        return found.map((share) => (isMiddle(found) ? 1 : (3 * share) / data.steps));
  };
  const choose = ([first, second]) => {
    state.set("size", first);
    state.set("latency", second);
  };

    let touched = -1; // a dot, by its row
  const triangle = figure(lesson, "#triangle", (picture, width) =>
    drawTriangle(picture, width, { data, shares: shares(), winner: winner(), hueOf, choose }),
  );
  const front = figure(lesson, "#front", (picture, width) =>
    drawFront(picture, width, { data, winner: winner(), hueOf, touched, touch }),
  );
  const factors = figure(lesson, "#factors", (picture, width) =>
    drawFactors(picture, width, ranked().slice(0, 5), weights(), data),
  );
  button(lesson, "#presets", "presets", { label: "Equal weights", act: () => choose([third, third]) });
  const corners = { size: [data.steps, 0], latency: [0, data.steps], error: [0, 0] };
  for (const cost of COSTS) {
    button(lesson, "#presets", "presets", { label: `Only ${cost}`, act: () => choose(corners[cost]) });
  }
  const all = () => logW(data.rows, weights());
  const winner = () => largest(all());
  const ranked = () => {
    const found = all();
    return data.rows
      .map((row, i) => ({ ...row, row: i, log: found[i] }))
      .sort((a, b) => b.log - a.log);
  };

    function touch(i) {
    touched = i;

    const region = data.regions.find((one) => one.row === i);
    const { id, front: isOnFront } = data.rows[i];
    const note = region
      ? `${id} wins in ${percent(region.share, 1)} of the triangle. The point is now in the middle of its region.`
      : isOnFront
        ? `${id} is on the front, but no weights choose it.`
        : `${id} is not on the front: another network is at least as good in all three costs.`;
    lesson.root.querySelector("#touched").textContent = note;
    front();
    if (region) choose(region.centre.slice(0, 2).map((share) => Math.round(share * data.steps)));
  }

  // The walk keeps size and latency equal; the middle, where one begins, is on it.
  const onWalk = ([size, latency] = shares()) => (size === latency ? data.walk.findIndex(({ rest }) => rest === size) : -1);
  const walk = player(lesson, "#walk", "walk", {
    count: () => data.walk.length,
    first: onWalk([third, third]),
    isAway: () => onWalk() < 0,
    label: "Step from size and latency to error",
    pace: 260,
  });

  function tell() {
    if (onWalk() >= 0) state.set("walk", onWalk());
    walk.refresh();
    triangle();
    front();
    factors();
    const best = ranked();
    const first = best[0];
    show(lesson, { winner: first.id, "winner-costs": costsOf(first), "winner-place": placeOf(shares(), first) });
    lesson.root.querySelector("#formula").replaceChildren(...formula(lesson, first, weights(), data.most));
    lesson.root.querySelector("#ranking").replaceChildren(
      ...best.slice(0, 5).map((row, i) =>
        el("tr", { class: i ? null : "first" },
          el("td", { class: "number" }, String(i + 1)), el("td", { class: "whole" }, row.id),
          el("td", { class: "number" }, Math.exp(row.log).toFixed(3)),
          el("td", { class: "number" }, percent(Math.exp(row.log - first.log), 1)),
        ),
      ),
    );
  }
  state.watch((name) => {
    if (name === "walk") {
      const { rest } = data.walk[clamp(state.get("walk"), 0, data.walk.length - 1)];
      choose([rest, rest]);
    }
    if (name === null || name === "size" || name === "latency") tell();
  });
  tell();
}

const costsOf = (row) =>
  `${(row.size / 1e6).toFixed(1)} M parameters, ${row.latency.toFixed(1)} ms, ${percent(row.error, 1)} errors`;

// The middle is off the grid of whole percents: there each share stands for exactly a third.
const isMiddle = ([size, latency, error]) => size === latency && (error === size || error === size + 1);

const placeOf = (shares, row) =>
  `With ${isMiddle(shares) ? "equal weights" : COSTS.map((cost, k) => `${shares[k]}% on ${cost}`).join(", ")}, ${row.id} wins.`;

/** W of one network, with its numbers. */
function formula(lesson, row, weights, most) {
  const now = (value) => el("span", { class: "now number" }, value);
  const power = (k) => el("sup", {}, now(weights[k].toFixed(2)));
  const p = symbol(lesson, "p", "parameter_count");
  const i = symbol(lesson, "i", "latency_ms");
  const e = symbol(lesson, "e", "error_rate");
  const copy = (node) => node.cloneNode(true);
  const w = Math.exp(logW([row], weights)[0]);
  const m = (value) => (value / 1e6).toFixed(2);
  return [
    symbol(lesson, "W", "w"), " = (1 − ", p, "/", copy(p), "(T))", power(0), " · (1 − ", i, "/", copy(i), "(T))", power(1),
    " / ", e, power(2), el("br"),
    " = (1 − ", now(m(row.size)), "/", now(m(most.size)), ")", power(0),
    " · (1 − ", now(row.latency.toFixed(2)), "/", now(most.latency.toFixed(2)), ")", power(1),
    " / ", now(row.error.toFixed(4)), power(2), " = ", el("b", { class: "now number" }, w.toFixed(3)),
  ];
}

function drawTriangle(picture, width, { data, shares, winner, hueOf, choose }) {
  const side = Math.min(width - 20, 560);
  const left = (width - side) / 2;
  const top = 34;
  const bottom = top + side * HEIGHT;
  size(picture, width, bottom + 56);
  const at = ([, second, third]) => [left + side * (second + third / 2), bottom - side * HEIGHT * third];
  const path = (corners) => corners.map((corner) => at(corner).map((x) => x.toFixed(1)).join(" ")).join("L");
  const corners = [[1, 0, 0], [0, 1, 0], [0, 0, 1]];
  const ordered = [...data.regions].sort((a, b) => (a.row === winner) - (b.row === winner));
  for (const region of ordered) {
    const wins = region.row === winner ? " wins" : "";
    picture.append(svg("path", { d: `M${path(region.vertices)}Z`, class: `region ${hueOf.get(region.row)}${wins}` }));
  }
  picture.append(svg("path", { d: `M${path(corners)}Z`, class: "edge-of-triangle" }));
  const [px, py] = at(shares.map((share) => share / data.steps));
  for (const region of data.regions) {
    const [x, y] = at(region.centre);
    if (Math.abs(x - px) < 50 && Math.abs(y - py) < 16) continue; // the point would hide it
    if (widthAt(region.vertices.map(at), y) < 8 * region.id.length) continue;
    picture.append(words(x, y + 4, region.id, { "text-anchor": "middle", class: "region-name" }));
  }
  const muted = { class: "muted" };
  picture.append(
    words(left, bottom + 24, "only size", muted),
    words(left + side, bottom + 24, "only latency", { ...muted, "text-anchor": "end" }),
    words(left + side / 2, top - 14, "only error", { ...muted, "text-anchor": "middle" }),
  );
  const says = COSTS.map((cost, k) => `${cost} ${shares[k]}%`).join(", ");
  const place = svg("g", {
    class: "place", tabindex: 0, role: "slider", "aria-label": "Weights", "aria-valuetext": says,
    "aria-valuenow": shares[2], "aria-valuemin": 0, "aria-valuemax": data.steps, transform: `translate(${px} ${py})`,
  }, svg("circle", { r: 24, class: "reach" }), svg("circle", { r: 9, class: "ring" }));
  const move = ([toX, toY]) => {
    const third = clamp((bottom - toY) / (side * HEIGHT), 0, 1);
    const second = clamp((toX - left) / side - third / 2, 0, 1 - third);
    const whole = [1 - second - third, second].map((share) => Math.round(share * data.steps));
    choose([whole[0], Math.min(whole[1], data.steps - whole[0])]);
  };
  const [first, second, third] = shares;
  place.addEventListener("keydown", (event) => {
    const [a, b] = { ArrowRight: [-1, 1], ArrowLeft: [1, -1], ArrowUp: [first > 0 ? -1 : 0, first > 0 ? 0 : -1], ArrowDown: [third > 0 ? 1 : 0, 0] }[event.key] ?? [];
    if (a === undefined) return;
    event.preventDefault();
    if (first + a < 0 || second + b < 0) return;
    choose([first + a, second + b]);
    picture.querySelector(".place").focus({ preventScroll: true });
  });
  picture.append(place);
  draggable(place, picture, move);
  picture.onclick = (event) => move(pointIn(picture, event)); // a finger elsewhere still scrolls
  picture.append(words(left + side / 2, bottom + 46, `the point: ${isMiddle(shares) ? "equal weights" : says}`, { "text-anchor": "middle" }));
}

/** How wide a convex polygon is at a height. */
function widthAt(corners, y) {
  const found = corners.flatMap(([x1, y1], i) => {
    const [x2, y2] = corners[(i + 1) % corners.length];
    return y1 > y !== y2 > y ? [x1 + ((y - y1) / (y2 - y1)) * (x2 - x1)] : [];
  });
  return Math.max(...found) - Math.min(...found);
}

function drawFront(picture, width, { data, winner, hueOf, touched, touch }) {
  const high = 250;
  size(picture, width, high);
  const latencies = data.rows.map((row) => row.latency);
  const errors = data.rows.map((row) => row.error);
  const x = scale([0, Math.max(...latencies)], [46, width - 14]);
  const y = scale([Math.min(...errors), Math.max(...errors)], [high - 44, 14]);
  for (const tick of [0, 3, 6, 9, 12]) {
    picture.append(svg("line", { x1: x(tick), x2: x(tick), y1: 6, y2: high - 36, class: "axis" }));
    picture.append(words(x(tick), high - 20, tick, { "text-anchor": "middle", class: "small muted" }));
  }
  for (const tick of [0.16, 0.18, 0.2]) {
    picture.append(svg("line", { x1: 46, x2: width - 6, y1: y(tick), y2: y(tick), class: "axis" }));
    picture.append(words(40, y(tick) + 4, percent(tick), { "text-anchor": "end", class: "small muted" }));
  }
  picture.append(words(width - 8, high - 4, "latency, ms", { "text-anchor": "end", class: "small muted" }));
  const order = data.rows.map((_, i) => i);
  const rank = (i) => (i === touched ? 3 : i === winner ? 2 : data.rows[i].front ? 1 : 0);
  order.sort((a, b) => rank(a) - rank(b) || data.rows[b].size - data.rows[a].size);
  for (const i of order) {
    const row = data.rows[i];
    const kind = ["dot", row.front && `front ${hueOf.get(i) ?? ""}`, i === winner && "wins", i === touched && "touched"].filter(Boolean);
    const reached = row.front ? { tabindex: 0, role: "button", "aria-label": row.id, onkeydown: (event) => isPress(event) && touch(i) } : {};
    const dot = svg("circle", {
      ...reached,
      cx: x(row.latency), cy: y(row.error), r: 2 + 6.5 * Math.sqrt(row.size / data.most.size),
      class: kind.join(" "), "data-id": row.id, onclick: () => touch(i),
    }, svg("title", {}, `${row.id}: ${costsOf(row)}`));
    picture.append(dot);
  }
}

/** ln W of the best networks as a sum: two losses to the left of nothing, one gain to the right. */
function drawFactors(picture, width, best, weights, data) {
  const parts = best.map((row) => row.terms.map((term, k) => (weights[k] ? weights[k] * (term ?? 0) : 0)));
  const low = Math.min(...parts.map(([a, b]) => a + b), -0.01);
  const high = Math.max(...parts.map((part) => part[2]), 0.01);
  const x = scale([low, high], [8, width - 8]);
  const step = 34;
  size(picture, width, best.length * step + 40);
  best.forEach((row, i) => {
    const y = i * step + 4;
    const bar = (from, to, kind, title) =>
      picture.append(svg("rect", { x: Math.min(x(from), x(to)), y: y + 15, width: Math.abs(x(to) - x(from)), height: 11, class: kind },
        svg("title", {}, title)));
    const [first, second, third] = parts[i];
    picture.append(words(x(0) + 4, y + 11, row.id, { class: "small" }));
    bar(0, second, "is-cover", `latency: ${second.toFixed(3)}`);
    bar(second, second + first, "is-dominated", `size: ${first.toFixed(3)}`);
    bar(0, third, "is-front", `error: ${third.toFixed(3)}`);
  });
  picture.append(svg("line", { x1: x(0), x2: x(0), y1: 2, y2: best.length * step + 4, class: "line is-muted" }));
  const legend = [["size", "is-dominated"], ["latency", "is-cover"], ["error", "is-front"]];
  legend.forEach(([name, kind], k) => {
    const at = 8 + k * Math.min(96, width / 3.2);
    picture.append(svg("rect", { x: at, y: best.length * step + 18, width: 11, height: 11, class: kind }));
    picture.append(words(at + 16, best.length * step + 28, name, { class: "small muted" }));
  });
}
