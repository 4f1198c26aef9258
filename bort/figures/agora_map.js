// The map of an Agora run: dev items that never move, and each round's points as the rounds play.
// `bortMap.create(holder)` makes one, `update(view, data)` draws it; chunks come by `keep(chunk)`.
const bortMap = (() => {
  const GROW_MS = 700, STAY_MS = 1500; // new points leave their parents, and are looked at
  const LINES_AT_MOST = 4000;
  const NEAR_PX = 10, STILL_PX = 4;
  const DOT = 0, CROSS = 1, DISC = 2, RING = 3; // and 2 more for a point off the map: diamonds
  const NONE = 255;
  const send = bortMapSend;

  const kept = (window.bortMapChunks ??= new Map());

  function keep(chunk) {
    if (!kept.has(chunk.id)) kept.set(chunk.id, chunk);
    window.dispatchEvent(new CustomEvent("bort-map-chunk"));
  }

  function decoded(id) {
    const chunk = kept.get(id);
    if (chunk.isDecoded) return chunk;
    const bytes = (text) => Uint8Array.from(atob(text ?? ""), (c) => c.charCodeAt(0));
    const codes = Object.fromEntries(Object.entries(chunk.codes).map(([k, v]) => [k, bytes(v)]));
    const found = {
      ...chunk, codes, isDecoded: true, places: new Float32Array(bytes(chunk.places).buffer),
      parents: new Int32Array(bytes(chunk.parents).buffer),
      wrong: new Int32Array(bytes(chunk.wrong).buffer), shapes: bytes(chunk.shapes),
    };
    kept.set(id, found);
    return found;
  }

  // ---- the view -----------------------------------------------------------------------------

  function create(holder) {
    const make = (tag, name) => {
      const made = document.createElement(tag);
      if (name) made.className = name;
      return made;
    };
    holder.classList.add("bort-map");
    const stage = make("div", "bort-map-stage");
    const view = {
      holder, stage, under: make("canvas"), canvas: make("canvas"), over: make("canvas"), tip: make("div", "bort-map-tip"),
      bar: make("div", "bort-map-bar"), legend: make("div", "bort-map-legend"),
      said: make("output", "bort-map-said"),
      round: null, grow: 1, way: "verdict", lines: true, trail: true, mode: "move",
      hidden: new Set(), chosen: null, pick: null, marked: new Set(), hover: -1,
      turn: [1, 0, 0, 0, 1, 0, 0, 0, 1], zoom: 1, shift: [0, 0], ids: "", make,
    };
    view.over.tabIndex = 0;
    view.over.setAttribute("role", "application");
    view.tip.hidden = true;
    stage.append(view.under, view.canvas, view.over, view.tip);
    holder.append(view.bar, stage, view.legend, view.said);
    // The shader smooths each mark; smoothing all again takes two thirds of a frame of 100,000.
    view.gl = view.canvas.getContext("webgl", { antialias: false, premultipliedAlpha: true });
    if (view.gl) view.program = bortMapProgram(view.gl);
    view.observer = new ResizeObserver(() => { fit(view); paint(view); });
    view.observer.observe(stage);
    view.onChunk = () => view.data && update(view, view.data);
    window.addEventListener("bort-map-chunk", view.onChunk);
    view.onAsked = (event) => {
      if (event.detail.name === view.data?.name) { stop(view); go(view, event.detail.round); }
    };
    window.addEventListener("bort-round-asked", view.onAsked);
    bortMapHands(view, {
      go, stop, play, paint, project, nearest, idOf, parentOf, recolour, NEAR_PX, STILL_PX,
    });
    return view;
  }

  function remove(view) {
    view.onRound = null; // nobody listens any more
    clearTimeout(view.telling);
    stop(view);
    view.observer.disconnect();
    window.removeEventListener("bort-map-chunk", view.onChunk);
    window.removeEventListener("bort-round-asked", view.onAsked);
    view.gl?.getExtension("WEBGL_lose_context")?.loseContext();
    view.holder.replaceChildren(); // the page may mount another map in the same holder
    delete view.holder.dataset.drawn;
  }

  // `data` is what `map_view` makes, with pick, marked, name and height.
  function update(view, data) {
    view.data = data;
    view.stage.style.height = data.height;
    view.over.setAttribute("aria-label", data.alt);
    if (!view.gl) { view.said.textContent = "This browser has no WebGL, which the map needs."; return; }
    if (!data.chunks.every((id) => kept.has(id))) return; // they are on their way
    const ids = data.chunks.join();
    const wasLast = view.round === null || view.round >= view.rounds.length - 1;
    const isOther = data.map !== view.map;
    const isNew = ids !== view.ids && !isOther;
    if (isOther) view.isFitted = false;
    if (ids !== view.ids) gather(view, data.chunks.map(decoded));
    Object.assign(view, { ids, map: data.map });
    view.pick = indexOf(view, data.pick);
    view.marked = new Set(data.marked.map((k) => k + view.dev));
    if (data.chosen !== null) {
      view.isChoosing = false;
      view.chosen ??= new Set(data.chosen.map((k) => k + view.dev));
    } else if (!view.isChoosing) view.chosen = null;
    const last = view.rounds.length - 1;
    const asked = view.round === null ? data.round ?? last : wasLast && isNew ? last : view.round;
    go(view, Math.max(0, Math.min(last, asked)), isNew && wasLast);
    view.holder.dataset.drawn = "true";
  }

  function gather(view, chunks) {
    const [dev, ...rounds] = chunks;
    const d = dev.dimensions, count = (chunk) => chunk.places.length / d;
    const n = chunks.reduce((sum, chunk) => sum + count(chunk), 0);
    const place = new Float32Array(3 * n), origin = new Float32Array(3 * n);
    let at = 0;
    view.starts = [];
    for (const chunk of chunks) {
      if (chunk !== dev) view.starts.push(at);
      for (let k = 0; k < count(chunk); k++, at++) {
        for (let j = 0; j < d; j++) place[3 * at + j] = chunk.places[d * k + j];
        const from = chunk === dev ? at : chunk.parents[k];
        for (let j = 0; j < 3; j++) origin[3 * at + j] = place[3 * from + j];
      }
    }
    view.starts.push(at);
    Object.assign(view, {
      place, n, dev: count(dev), rounds, devChunk: dev, is3d: d === 3,
      wrong: rounds.map((chunk) => new Set(chunk.wrong)),
      screen: new Float32Array(2 * n), colour: new Uint8Array(4 * n), kind: new Uint8Array(n),
    });
    send(view, "place", place);
    send(view, "origin", origin);
    fit(view);
  }

  // Shows everything, once; later the reader's own view stays.
  function fit(view, again = false) {
    const { stage, place, n } = view;
    if (!place || !stage.clientWidth || (view.isFitted && !again)) return;
    const low = [1e30, 1e30, 1e30], high = [-1e30, -1e30, -1e30];
    for (let i = 0; i < 3 * n; i++) {
      low[i % 3] = Math.min(low[i % 3], place[i]);
      high[i % 3] = Math.max(high[i % 3], place[i]);
    }
    view.centre = low.map((v, j) => (v + high[j]) / 2);
    const [a, b, c] = low.map((v, j) => Math.max(1e-6, high[j] - v));
    view.reach = view.is3d ? Math.hypot(a, b, c) / 2 : 1e12;
    const [wide, tall] = view.is3d ? [1.5 * view.reach, 1.25 * view.reach] : [a, b];
    view.zoom = 0.92 * Math.min(stage.clientWidth / wide, stage.clientHeight / tall);
    view.shift = [0, 0];
    view.turn = view.is3d ? turned(turned([1, 0, 0, 0, 1, 0, 0, 0, 1], 0.5, 2), -0.85, 0)
                          : [1, 0, 0, 0, 1, 0, 0, 0, 1];
    view.isFitted = true;
  }

  // Turns about an axis of the screen; the matrix is by columns, as WebGL has it.
  function turned(m, angle, axis) {
    const [i, j] = [[1, 2], [0, 2], [0, 1]][axis], c = Math.cos(angle), s = Math.sin(angle);
    const found = m.slice();
    for (let k = 0; k < 3; k++) {
      const p = m[3 * k + i], q = m[3 * k + j];
      found[3 * k + i] = c * p - s * q;
      found[3 * k + j] = s * p + c * q;
    }
    return found;
  }

  // ---- rounds ---------------------------------------------------------------------------------

  function go(view, round, isGrowing = false) {
    const isMoved = view.round !== round;
    view.round = round;
    recolour(view);
    view.said.textContent = view.data.rounds[round] ?? "";
    if (isMoved) {
      window.dispatchEvent(new CustomEvent("bort-round", { detail: { name: view.data.name, round } }));
      clearTimeout(view.telling);
      view.telling = setTimeout(() => !view.isPlaying && view.onRound?.(round), 400);
    }
    const isStill = matchMedia("(prefers-reduced-motion: reduce)").matches;
    view.grownAt = isGrowing && !isStill ? performance.now() : 0;
    paint(view);
  }

  function play(view) {
    view.isPlaying = true;
    const last = view.rounds.length - 1;
    const step = (round) => {
      go(view, round, true);
      view.playing = setTimeout(() => (round < last ? step(round + 1) : stop(view)), GROW_MS + STAY_MS);
    };
    step(view.round >= last ? 0 : view.round + 1);
    view.refresh();
  }

  function stop(view) {
    if (!view.isPlaying) return;
    view.isPlaying = false;
    clearTimeout(view.playing);
    view.onRound?.(view.round);
    view.refresh();
  }

  const rgb = (text) => [1, 3, 5].map((k) => parseInt(text.slice(k, k + 2), 16));

  function recolour(view) {
    const { data, dev, starts, round, colour, kind, chosen, hidden } = view;
    const way = data.colourings.find((one) => one.name === view.way);
    const entries = way.entries.map((entry) => rgb(entry.colour)), muted = rgb(data.muted);
    const [right, wrong, mended] = [data.right, data.wrong, data.mended].map(rgb);
    const now = view.wrong[round] ?? new Set(), before = view.wrong[round - 1] ?? new Set();
    const counts = { right: 0, wrong: 0, mended: 0, entries: way.entries.map(() => 0) };
    const put = (i, own, alpha, shape) => {
      for (let j = 0; j < 3; j++) colour[4 * i + j] = own[j];
      colour[4 * i + 3] = alpha;
      kind[i] = shape;
    };
    for (let i = 0; i < dev; i++) {
      const state = now.has(i) ? "wrong" : before.has(i) ? "mended" : "right";
      counts[state]++;
      const code = way.has_dev ? view.devChunk.codes[way.name][i] : NONE;
      const own = entries[code] ?? { right, wrong, mended }[state];
      const isHidden = hidden.has(state) || (code !== NONE && hidden.has(code));
      const shape = state === "wrong" ? CROSS : state === "mended" ? DISC : DOT;
      put(i, own, isHidden ? 0 : chosen ? 40 : 255, shape);
    }
    view.rounds.forEach((chunk, k) => {
      const codes = chunk.codes[way.name];
      for (let j = 0, i = starts[k]; i < starts[k + 1]; i++, j++) {
        const isAccepted = chunk.shapes[j] & 1, isOff = chunk.shapes[j] & 2;
        const shape = (isAccepted ? DISC : RING) + (isOff ? 2 : 0);
        const isThere = k === round || (k < round && view.trail);
        if (isThere && codes[j] !== NONE) counts.entries[codes[j]]++;
        const shown = k === round ? 255 : isAccepted ? 150 : 60;
        const alpha = !isThere || hidden.has(codes[j]) ? 0 : chosen && !chosen.has(i) ? 25 : shown;
        put(i, entries[codes[j]] ?? muted, alpha, shape);
      }
    });
    Object.assign(view, { counts, isRastered: false });
    send(view, "colour", colour);
    send(view, "kind", kind);
    view.refresh();
  }

  // ---- painting -------------------------------------------------------------------------------

  function project(view) {
    const { turn: t, place, n, zoom, shift, centre, stage, screen } = view;
    const w = stage.clientWidth / 2 + shift[0], h = stage.clientHeight / 2 + shift[1];
    for (let i = 0; i < n; i++) {
      const x = place[3 * i] - centre[0], y = place[3 * i + 1] - centre[1], z = place[3 * i + 2] - centre[2];
      screen[2 * i] = w + zoom * (t[0] * x + t[3] * y + t[6] * z);
      screen[2 * i + 1] = h - zoom * (t[1] * x + t[4] * y + t[7] * z);
    }
    Object.assign(view, { isProjected: true, isRastered: false });
  }

  // `isOver`: only what lies over the points has changed, such as the ring of the pointer.
  function paint(view, isOver = false) {
    if (!isOver) Object.assign(view, { isProjected: false, isDirty: true });
    if (!view.isWaiting && view.place) {
      view.isWaiting = true;
      requestAnimationFrame(() => { view.isWaiting = false; frame(view); });
    }
  }

  function frame(view) {
    const { gl, stage, canvas } = view;
    const w = stage.clientWidth, h = stage.clientHeight, ratio = window.devicePixelRatio || 1;
    if (!w || gl.isContextLost()) return;
    if (!view.isFitted) fit(view);
    for (const one of [canvas, view.over]) {
      if (one.width !== Math.round(w * ratio) || one.height !== Math.round(h * ratio)) {
        one.width = Math.round(w * ratio);
        one.height = Math.round(h * ratio);
        view.isDirty = true;
      }
    }
    const past = view.grownAt ? (performance.now() - view.grownAt) / GROW_MS : 1;
    const share = Math.min(1, past), grow = 1 - (1 - share) ** 3;
    if (!view.isProjected) project(view);
    if (!view.isRastered) bortMapRaster(view, w, h);
    view.isRastered = true;
    if (view.isDirty) points(view, w, h, ratio, grow);
    view.isDirty = share < 1; // the new points still move; all others stay
    overlay(view, grow, ratio);
    view.painted?.(view);
    if (share < 1) paint(view, true);
  }

  function points(view, w, h, ratio, grow) {
    const { gl, program, canvas, starts, round } = view;
    const uniform = (name, how, ...values) => gl[how](gl.getUniformLocation(program, name), ...values);
    gl.viewport(0, 0, canvas.width, canvas.height);
    gl.clearColor(0, 0, 0, 0);
    gl.clear(gl.COLOR_BUFFER_BIT | gl.DEPTH_BUFFER_BIT);
    // What is faded beside a selection must not hide it.
    view.is3d && !view.chosen ? gl.enable(gl.DEPTH_TEST) : gl.disable(gl.DEPTH_TEST);
    uniform("turn", "uniformMatrix3fv", false, view.turn);
    uniform("centre", "uniform3fv", view.centre);
    uniform("scale", "uniform2f", (2 * view.zoom) / w, (2 * view.zoom) / h);
    uniform("shift", "uniform2f", (2 * view.shift[0]) / w, (-2 * view.shift[1]) / h);
    uniform("reach", "uniform1f", view.reach);
    const size = ratio * (view.n > 50_000 ? 4 : view.n > 8_000 ? 6 : 8);
    uniform("size", "uniform1f", size);
    uniform("grow", "uniform1f", 1);
    const [first, end] = bortMapRastered(view), begin = Math.max(end, starts[round]);
    gl.drawArrays(gl.POINTS, 0, first);
    gl.drawArrays(gl.POINTS, end, begin - end);
    uniform("grow", "uniform1f", grow);
    uniform("size", "uniform1f", size * 1.25);
    gl.drawArrays(gl.POINTS, begin, starts[round + 1] - begin);
  }

  function overlay(view, grow, ratio) {
    const { over, starts, round, data, dev, colour } = view;
    const pen = over.getContext("2d");
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.clearRect(0, 0, over.width, over.height);
    const s = view.screen;
    const line = (i) => {
      const parent = parentOf(view, i), t = i >= starts[round] && i < starts[round + 1] ? grow : 1;
      const x = s[2 * parent], y = s[2 * parent + 1];
      pen.beginPath();
      pen.moveTo(x, y);
      pen.lineTo(x + t * (s[2 * i] - x), y + t * (s[2 * i + 1] - y));
      pen.stroke();
    };
    const [begin, end] = [starts[round], starts[round + 1]];
    if (view.lines && end - begin <= LINES_AT_MOST) {
      pen.lineWidth = 1;
      for (let i = begin; i < end; i++) {
        const [r, g, b, a] = colour.subarray(4 * i, 4 * i + 4);
        if (!a) continue;
        pen.strokeStyle = `rgba(${r},${g},${b},${0.35 * (a / 255)})`;
        line(i);
      }
    }
    const ring = (i, radius, stroke, width) => {
      pen.strokeStyle = stroke;
      pen.lineWidth = width;
      pen.beginPath();
      pen.arc(s[2 * i], s[2 * i + 1], radius, 0, 7);
      pen.stroke();
    };
    for (const i of view.marked) if (colour[4 * i + 3]) ring(i, 7, data.text, 1.5);
    if (view.hover >= 0) ring(view.hover, 9, data.muted, 1.5);
    const pick = view.pick;
    if (pick !== null && pick < view.n) {
      pen.strokeStyle = data.text;
      pen.lineWidth = 1.5;
      if (pick >= dev) { line(pick); ring(parentOf(view, pick), 8, data.text, 1.5); }
      ring(pick, 11, data.text, 2.5);
    }
    if (view.lasso) {
      pen.strokeStyle = data.text;
      pen.setLineDash([5, 4]);
      pen.beginPath();
      view.lasso.forEach(([x, y]) => pen.lineTo(x, y));
      pen.closePath();
      pen.stroke();
      pen.setLineDash([]);
    }
  }

  const roundOf = (view, i) => view.starts.findIndex((_, k) => i < view.starts[k + 1]);
  const parentOf = (view, i) => {
    const k = roundOf(view, i);
    return view.rounds[k].parents[i - view.starts[k]];
  };
  const idOf = (view, i) => {
    if (i < view.dev) return `dev:${i}`;
    const k = roundOf(view, i);
    return `${view.rounds[k].number}:${i - view.starts[k]}`;
  };
  function indexOf(view, id) {
    const [first, second] = (id ?? "").split(":");
    if (second === undefined) return null;
    if (first === "dev") return Number(second);
    const k = view.rounds.findIndex((chunk) => chunk.number === Number(first));
    return k < 0 ? null : view.starts[k] + Number(second);
  }

  function nearest(view, [x, y], within = NEAR_PX) {
    if (!view.isProjected) project(view);
    let best = -1, least = within * within;
    for (let i = view.starts[view.round + 1] - 1; i >= 0; i--) {
      if (view.colour[4 * i + 3] < 30) continue;
      const dx = view.screen[2 * i] - x, dy = view.screen[2 * i + 1] - y, far = dx * dx + dy * dy;
      if (far < least) [best, least] = [i, far];
    }
    return best;
  }

  return { create, update, remove, keep, fit, turned, DOT, NONE, roundOf };
})();
