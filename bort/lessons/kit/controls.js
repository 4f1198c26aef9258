// Controls that keep a setting. Each has a name, by which a teacher's link can hide it.

/** Put a control into the lesson, unless it is hidden; a name may have several, each with its label. */
function put(lesson, selector, name, label, node) {
  node.dataset.control = name;
  lesson.controls.set(name, [...(lesson.controls.get(name) ?? []), label]);
  if (!lesson.state.hides(name)) lesson.root.querySelector(selector).append(node);
  return node;
}

/**
 * A slider over `values` (a list; then the setting is one of them) or from `min` to `max`.
 * `format(value)` writes the value beside the label.
 */
function slider(lesson, selector, name, { label, first, values, min, max, step = 1, format = String }) {
  const { state } = lesson;
  const list = values ?? null;
  const nearest = (value) =>
    list.reduce((best, one, i) => (Math.abs(one - value) < Math.abs(list[best] - value) ? i : best), 0);
  const whole = (value) => (Number.isInteger(step) ? Math.round(value) : value);
  state.fit(name, (value) => (list ? list[nearest(value)] : clamp(whole(value), min, max)));
  const input = el("input", {
    type: "range",
    min: list ? 0 : min,
    max: list ? list.length - 1 : max,
    step: list ? 1 : step,
    "aria-label": typeof label === "string" ? label : name,
  });
  const output = el("output");
  const paint = () => {
    const value = state.get(name, first);
    input.value = list ? nearest(value) : value;
    const text = format(list ? list[nearest(value)] : value);
    output.textContent = text;
    input.setAttribute("aria-valuetext", text);
    const share = (input.value - input.min) / (input.max - input.min);
    input.style.setProperty("--share", `${100 * share}%`);
  };
  input.addEventListener("input", () =>
    state.set(name, list ? list[Number(input.value)] : Number(input.value)),
  );
  state.watch((changed) => (changed === name || changed === null) && paint());
  paint();
  return put(lesson, selector, name, label, el("label", { class: "slider" }, el("span", {}, label), output, input));
}

/** Buttons of which one is chosen; `options` is a list of [value, text]. */
function choice(lesson, selector, name, { label, first, options }) {
  const { state } = lesson;
  state.limit(name, first, options.map(([value]) => value));
  const buttons = options.map(([value, text]) =>
    el("button", { type: "button", value, onclick: () => state.set(name, value) }, text),
  );
  const paint = () =>
    buttons.forEach((button, i) =>
      button.setAttribute("aria-pressed", String(options[i][0] === state.get(name))),
    );
  state.watch((changed) => (changed === name || changed === null) && paint());
  paint();
  const group = el("div", { class: "choice", role: "group", "aria-label": label }, ...buttons);
  return put(lesson, selector, name, label, el("div", { class: "control" }, el("span", {}, label), group));
}

/** A switch; the setting is 1 or 0. */
function toggle(lesson, selector, name, { label, first = 0 }) {
  const { state } = lesson;
  const input = el("input", { type: "checkbox" });
  const paint = () => (input.checked = state.get(name, first) === 1);
  input.addEventListener("change", () => state.set(name, input.checked ? 1 : 0));
  state.watch((changed) => (changed === name || changed === null) && paint());
  paint();
  return put(lesson, selector, name, label, el("label", { class: "toggle" }, input, el("span", {}, label)));
}

/** A plain button. */
function button(lesson, selector, name, { label, act }) {
  return put(lesson, selector, name, label, el("button", { type: "button", class: "plain", onclick: act }, label));
}
