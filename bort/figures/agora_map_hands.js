// What a hand does to the map: play, step, colour, turn, zoom, lasso, pick.
function bortMapHands(view, core) {
  const { go, stop, play, paint, project, nearest, idOf, recolour, STILL_PX } = core;
  const { over, make, bar, legend, tip } = view;
  const SIGNS = { right: "•", wrong: "×", mended: "●" };
  const NAMES = { right: "dev, right", wrong: "dev, wrong", mended: "dev, right again" };

  const button = (text, label, onClick) => {
    const made = make("button");
    made.type = "button";
    made.textContent = text;
    if (!/^[A-Z]/.test(text)) made.setAttribute("aria-label", label); // a sign; a word names itself
    made.title = label;
    made.addEventListener("click", onClick);
    bar.append(made);
    return made;
  };
  const step = (by) => {
    stop(view);
    const round = view.round + by;
    if (view.rounds && round >= 0 && round < view.rounds.length) go(view, round, by > 0);
  };
  const back = button("❮", "Step back", () => step(-1));
  const player = button("▶", "Play the rounds", () => (view.isPlaying ? stop(view) : play(view)));
  const forth = button("❯", "Step forward", () => step(1));
  const slider = make("input");
  Object.assign(slider, { type: "range", min: 0, step: 1 });
  slider.setAttribute("aria-label", "Round");
  slider.addEventListener("input", () => { stop(view); go(view, Number(slider.value)); });
  const where = make("span", "bort-map-where");
  bar.append(slider, where);
  const select = make("select");
  select.setAttribute("aria-label", "Colour by");
  select.addEventListener("change", () => {
    view.way = select.value;
    view.hidden.clear();
    recolour(view);
    paint(view);
  });
  bar.append(select);
  const toggle = (text, label, name) => {
    const made = button(text, label, () => {
      view[name] = !view[name];
      recolour(view);
      paint(view);
    });
    return () => made.setAttribute("aria-pressed", view[name]);
  };
  const toggles = [
    toggle("Lines", "Lines from the new points to the errors they were sampled near", "lines"),
    toggle("Trail", "Keep the points of earlier rounds", "trail"),
  ];
  const lasso = button("Lasso", "Drag around points to select them; shift and drag does the same", () => {
    view.mode = view.mode === "lasso" ? "move" : "lasso";
    view.refresh();
  });
  const zoomed = (factor) => { zoom(factor, [over.clientWidth / 2, over.clientHeight / 2]); };
  button("+", "Zoom in", () => zoomed(1.4));
  button("−", "Zoom out", () => zoomed(1 / 1.4));
  button("⤢", "Show everything", () => { bortMap.fit(view, true); paint(view); });
  button("PNG", "Save as a picture", () => save("png"));
  button("SVG", "Save as a drawing", () => save("svg"));

  view.refresh = () => {
    const { data, rounds, round } = view;
    if (!data || !rounds) return;
    slider.max = rounds.length - 1;
    slider.value = round;
    where.textContent = `round ${round} of ${rounds.length - 1}`;
    back.disabled = round <= 0;
    forth.disabled = round >= rounds.length - 1;
    player.textContent = view.isPlaying ? "❚❚" : "▶";
    player.setAttribute("aria-label", view.isPlaying ? "Pause" : "Play the rounds");
    lasso.setAttribute("aria-pressed", view.mode === "lasso");
    toggles.forEach((set) => set());
    over.style.cursor = view.mode === "lasso" ? "crosshair" : "grab";
    over.style.touchAction = view.mode === "lasso" ? "none" : "pan-y";
    if (select.childElementCount !== data.colourings.length) {
      select.replaceChildren(...data.colourings.map((way) => {
        const option = make("option");
        Object.assign(option, { value: way.name, textContent: `Colour: ${way.title}` });
        return option;
      }));
    }
    select.value = view.way;
    explain();
  };

  function explain() {
    const { data, counts } = view;
    const way = data.colourings.find((one) => one.name === view.way);
    const entries = way.entries.map((entry, code) => [code, "●", entry.text, entry.colour, counts.entries[code]]);
    const states = Object.keys(SIGNS).map((key) => [key, SIGNS[key], NAMES[key], data[key], counts[key]]);
    const items = [...states, ...entries].filter(([key, , , , count]) => count || view.hidden.has(key));
    const isOff = view.rounds.some((chunk) => chunk.shapes.some((shape) => shape & 2));
    const held = legend.contains(document.activeElement) ? document.activeElement.dataset.key : null;
    legend.replaceChildren(...items.map(([key, sign, text, colour, count]) => {
      const made = make("button");
      made.type = "button";
      made.setAttribute("aria-pressed", !view.hidden.has(key));
      made.title = text;
      made.dataset.key = key;
      const mark = make("b"), name = make("span");
      Object.assign(mark, { textContent: sign });
      mark.style.color = colour;
      name.textContent = `${text} (${count.toLocaleString("en")})`;
      made.append(mark, name);
      made.addEventListener("click", () => {
        view.hidden.has(key) ? view.hidden.delete(key) : view.hidden.add(key);
        recolour(view);
        paint(view);
      });
      return made;
    }));
    const shapes = make("span");
    const density = bortMapRastered(view)[1] ? "  ▒ very many points, as density" : "";
    shapes.textContent = `● accepted  ○ refused${isOff ? "  ◆ ◇ far from every dev item" : ""}${density}`;
    legend.append(shapes);
    if (held) legend.querySelector(`[data-key="${held}"]`)?.focus({ preventScroll: true });
  }

  // ---- the pointer ----------------------------------------------------------------------------

  const spot = (event) => {
    const box = over.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  };
  let press = null;

  over.addEventListener("pointerdown", (event) => {
    if (!view.place || event.button > 0) return;
    press = { from: spot(event), last: spot(event), isLasso: view.mode === "lasso" || event.shiftKey };
    if (press.isLasso) view.lasso = [press.from];
    over.setPointerCapture(event.pointerId);
  });
  over.addEventListener("pointermove", (event) => {
    if (!view.place) return;
    const at = spot(event);
    if (!press) return hover(nearest(view, at), at);
    const [dx, dy] = [at[0] - press.last[0], at[1] - press.last[1]];
    press.last = at;
    if (press.isLasso) view.lasso.push(at);
    else if (view.is3d && !event.altKey) {
      view.turn = bortMap.turned(bortMap.turned(view.turn, dx / 160, 1), dy / 160, 0);
    } else view.shift = [view.shift[0] + dx, view.shift[1] + dy];
    hover(-1);
    paint(view, press.isLasso);
  });
  const released = (event) => {
    if (!press) return;
    const { from, last, isLasso } = press;
    press = null;
    const isStill = Math.hypot(from[0] - last[0], from[1] - last[1]) <= STILL_PX;
    if (event.type === "pointerup" && isStill) clicked(nearest(view, from));
    else if (isLasso && event.type === "pointerup") choose(view.lasso);
    view.lasso = null;
    paint(view);
  };
  over.addEventListener("pointerup", released);
  over.addEventListener("pointercancel", released);
  over.addEventListener("pointerleave", () => hover(-1));
  over.addEventListener("wheel", (event) => {
    if (!event.ctrlKey && !event.metaKey) return; // the page scrolls; a pinch zooms the map
    event.preventDefault();
    zoom(Math.exp(-event.deltaY / 200), spot(event));
  }, { passive: false });
  over.addEventListener("keydown", (event) => {
    const act = {
      ArrowLeft: () => step(-1), ArrowRight: () => step(1), "+": () => zoomed(1.4), "-": () => zoomed(1 / 1.4),
      " ": () => player.click(), Escape: () => choose(null),
    }[event.key];
    if (!act || !view.rounds) return;
    act();
    event.preventDefault();
  });

  function zoom(factor, [x, y]) {
    const [w, h] = [over.clientWidth / 2, over.clientHeight / 2];
    view.shift = [x - w - factor * (x - w - view.shift[0]), y - h - factor * (y - h - view.shift[1])];
    view.zoom *= factor;
    paint(view);
  }

  function clicked(i) {
    if (i >= 0) {
      view.pick = i;
      view.onPick?.(idOf(view, i));
    } else if (view.chosen) choose(null);
    paint(view);
  }

  function choose(path) {
    view.chosen = null;
    if (path && path.length > 2) {
      if (!view.isProjected) project(view);
      const found = [];
      for (let i = view.dev; i < view.starts[view.round + 1]; i++) {
        const at = [view.screen[2 * i], view.screen[2 * i + 1]];
        if (view.colour[4 * i + 3] && isInside(at, path)) found.push(i);
      }
      if (found.length) view.chosen = new Set(found);
    }
    view.isChoosing = view.chosen !== null;
    recolour(view);
    paint(view);
    view.onChoose?.(view.chosen ? [...view.chosen].map((i) => i - view.dev) : []);
  }

  function isInside([x, y], path) {
    let inside = false;
    for (let i = 0, j = path.length - 1; i < path.length; j = i++) {
      const [ax, ay] = path[i], [bx, by] = path[j];
      if (ay > y !== by > y && x < ((bx - ax) * (y - ay)) / (by - ay) + ax) inside = !inside;
    }
    return inside;
  }

  function hover(i, at) {
    if (view.hover !== i) {
      view.hover = i;
      paint(view, true);
    }
    tip.hidden = i < 0;
    if (i < 0) return;
    tip.textContent = described(i);
    tip.style.left = `${Math.min(at[0] + 14, over.clientWidth - 40)}px`;
    tip.style.top = `${at[1] + 14}px`;
    tip.classList.toggle("is-left", at[0] > over.clientWidth * 0.6);
  }

  function described(i) {
    const isDev = i < view.dev, k = isDev ? -1 : bortMap.roundOf(view, i);
    const chunk = isDev ? view.devChunk : view.rounds[k], j = isDev ? i : i - view.starts[k];
    const words = view.data.colourings
      .filter((way) => ["verdict", "label", view.way].includes(way.name) && chunk.codes[way.name])
      .map((way) => way.entries[chunk.codes[way.name][j]]?.text);
    const name = isDev ? `dev ${i}${view.wrong[view.round].has(i) ? ", wrong" : ""}` : idOf(view, i);
    const said = [name, ...new Set(words.filter(Boolean))].join(", ");
    if (chunk.texts) return `${said}\n${chunk.texts[j]}`;
    return view.onPick ? `${said}\nClick to read it.` : said;
  }

  function save(format) {
    const picture = make("canvas"), pen = picture.getContext("2d");
    const keep = (blob) => {
      const link = make("a");
      link.href = URL.createObjectURL(blob);
      link.download = `map-round-${view.round}.${format}`;
      link.click();
    };
    view.painted = () => {
      view.painted = null;
      Object.assign(picture, { width: over.width, height: over.height });
      pen.fillStyle = view.data.background;
      pen.fillRect(0, 0, picture.width, picture.height);
      pen.drawImage(view.under, 0, 0, picture.width, picture.height);
      pen.drawImage(view.canvas, 0, 0);
      pen.drawImage(over, 0, 0);
      if (format === "png") return picture.toBlob(keep);
      const { clientWidth: w, clientHeight: h } = over;
      const whole = () => bortMapFramed(w, h, view.data.background,
        `<image width="${w}" height="${h}" href="${picture.toDataURL()}"/>`);
      keep(new Blob([bortMapSvg(view, core) ?? whole()], { type: "image/svg+xml" }));
    };
    paint(view);
  }
}
