// Steps through frames: back, play or pause, forward, to the start. The step is a setting.
const ICONS = {
  start: "M5 4v12M16 4 8 10l8 6z",
  back: "M14 4 6 10l8 6z",
  play: "M6 3.500v13L17 10z",
  pause: "M6 4h3v12H6zM12 4h3v12h-3z",
  forward: "M6 4l8 6-8 6z",
};

const icon = (name) =>
  svg("svg", { viewBox: "0 0 20 20", width: 20, height: 20, "aria-hidden": "true" },
    svg("path", { d: ICONS[name], fill: "currentColor", stroke: "currentColor", "stroke-width": 1.5, "stroke-linejoin": "round" }));

/**
 * A player of `count()` frames: `name` is the setting that holds the frame, 0 to count() - 1.
 * `unit` names what is counted beside the track, as in "Round 2 of 5", and `each` is how many of them
 * a frame is; `isAway()` says that the picture shows none of the frames. `say(step)` writes what happens beside the buttons. Returns
 * `{refresh, pause}`; call `refresh` when the number of frames, or `isAway()`, has changed.
 */
function player(lesson, selector, name, { count, first = 0, pace = 900, say = null, unit = "Step", each = 1, label = unit, isAway = () => false }) {
  const { state } = lesson;
  // Two players of one setting move together, so they have one clock.
  const clock = ((lesson.clocks ??= {})[name] ??= { timer: 0, paints: [] });
  const paintAll = () => clock.paints.forEach((one) => one());
  const step = () => clamp(Math.round(state.get(name, first)), 0, count() - 1);
  const go = (to) => state.set(name, clamp(to, 0, count() - 1));
  const pause = () => {
    window.clearInterval(clock.timer);
    clock.timer = 0;
    paintAll();
  };
  const play = () => {
    if (clock.timer) return pause();
    if (step() === count() - 1) go(0);
    clock.timer = window.setInterval(() => {
      go(step() + 1);
      if (step() === count() - 1) pause();
    }, pace);
    paintAll();
  };
  const move = (to) => {
    pause();
    go(to);
  };
  const press = (title, shape, act) =>
    el("button", { type: "button", title, "aria-label": title, onclick: act }, icon(shape));
  const buttons = {
    start: press("Back to the start", "start", () => move(0)),
    back: press("One step back", "back", () => move(step() - 1)),
    play: press("Play", "play", play),
    forward: press("One step forward", "forward", () => move(step() + 1)),
  };
  const track = el("input", { type: "range", min: 0, step: 1, "aria-label": label });
  track.addEventListener("input", () => move(Number(track.value)));
  const output = el("output", { "aria-live": "off" });
  const said = el("p", { class: "said", "aria-live": "polite" });

  function paint() {
    const now = step();
    track.max = count() - 1;
    track.value = now;
    track.style.setProperty("--share", `${(100 * now) / Math.max(1, count() - 1)}%`);
    output.textContent = isAway() ? "off the walk" : `${unit} ${now * each} of ${(count() - 1) * each}`;
    track.setAttribute("aria-valuetext", `${label} ${now * each} of ${(count() - 1) * each}`);
    buttons.start.disabled = buttons.back.disabled = now === 0;
    buttons.forward.disabled = now === count() - 1;
    const title = clock.timer ? "Pause" : "Play";
    buttons.play.replaceChildren(icon(clock.timer ? "pause" : "play"));
    buttons.play.title = title;
    buttons.play.setAttribute("aria-label", title);
    said.setAttribute("aria-live", clock.timer ? "off" : "polite"); // nobody can hear each frame
    if (say) said.replaceChildren(say(now));
  }

  const bar = el("div", { class: "player", role: "group", "aria-label": label },
    ...Object.values(buttons), track, output);
  bar.addEventListener("keydown", (event) => {
    const to = { ArrowLeft: step() - 1, ArrowRight: step() + 1, Home: 0, End: count() - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    move(to);
  });
  state.watch((changed) => (changed === name || changed === null) && paint());
  lesson.whenLeft(() => window.clearInterval(clock.timer));
  clock.paints.push(paint);
  paint();
  put(lesson, selector, name, `${label} (play)`, bar);
  if (say) bar.after(said);
  return { refresh: paint, pause };
}
