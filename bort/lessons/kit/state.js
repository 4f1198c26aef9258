// The learner's settings. They live in the address, so that a reload or a link shows the same.
const KEPT = ["lesson", "term", "hide", "symbols"]; // what a reset does not touch

function settings() {
  const values = new URLSearchParams(window.location.search);
  const defaults = {};
  const allowed = {};
  const fits = {};
  const watchers = [];
  const page = window.location.pathname;
  // The browser's Back may have led to another page that is not shown yet; its address is its own.
  const isHere = () =>
    window.location.pathname === page &&
    new URLSearchParams(window.location.search).get("lesson") === values.get("lesson");
  let waiting = 0;

  const write = () => {
    waiting = 0;
    if (!isHere()) return;
    const query = values.toString();
    try {
      const path = window.location.pathname + (query ? `?${query}` : "");
      window.history.replaceState(window.history.state, "", path + window.location.hash);
    } catch {
      // A file that was opened from a disk may not change its address; settings then last until
      // it is closed.
    }
  };
  const tell = (name) => watchers.forEach((watch) => watch(name));

  return {
    /** A setting; `fallback` gives its type, and its value where the address has none. */
    get(name, fallback) {
      if (fallback !== undefined) defaults[name] = fallback;
      const text = values.get(name);
      if (text === null) return defaults[name];
      const found = typeof defaults[name] === "number" ? (text === "" ? NaN : Number(text)) : text;
      const isKnown = allowed[name]?.includes(found) ?? (typeof found === "string" || Number.isFinite(found));
      return isKnown ? (fits[name]?.(found) ?? found) : defaults[name];
    },
    /** A setting whose values `make` turns into ones that its control can have. */
    fit(name, make) {
      fits[name] = make;
    },
    /** A setting that has only these values; an address with another one gives `fallback`. */
    limit(name, fallback, values) {
      defaults[name] = fallback;
      allowed[name] = values;
    },
    /** Change a setting, and tell everybody who watches. */
    set(name, value) {
      if (value === this.get(name)) return;
      if (value === defaults[name]) values.delete(name);
      else values.set(name, String(value));
      window.clearTimeout(waiting);
      waiting = window.setTimeout(write, 150); // browsers limit how often an address may change
      tell(name);
    },
    /** Go back to the first settings of these names; of all, without names. */
    reset(...names) {
      const all = [...values.keys()].filter((name) => !KEPT.includes(name));
      for (const name of names.length ? names : all) values.delete(name);
      write();
      tell(null);
    },
    /** Call `watch(name)` after each change; the name is null after a reset. */
    watch(watch) {
      watchers.push(watch);
    },
    /** All settings as the query of an address. */
    text: () => values.toString(),
    /** Whether a teacher's link hides this control. */
    hides(name) {
      return (values.get("hide") ?? "").split(",").includes(name);
    },
    leave() {
      if (waiting) write();
      window.clearTimeout(waiting);
      watchers.length = 0;
    },
  };
}
