// For teachers: a link to the lesson as it stands, with fewer controls, and its pictures as SVG.
const DRAWN = [
  "fill", "fill-opacity", "stroke", "stroke-width", "stroke-opacity", "stroke-dasharray", "opacity", "font-family",
  "font-size", "font-weight", "text-anchor", "paint-order", "visibility", "display",
];

/** Add the panel, unless a teacher's link hides it. */
function forTeachers(lesson) {
  const { state, root } = lesson;
  if (state.hides("teach")) return;
  const hidden = new Set((state.get("hide", "") || "").split(",").filter(Boolean));
  let symbols = state.get("symbols", "paper");
  const link = el("input", { type: "text", readonly: true, class: "link", "aria-label": "The link" });
  const write = () => {
    const query = new URLSearchParams(state.text());
    query.set("hide", [...hidden, "teach"].join(","));
    if (symbols === "code") query.set("symbols", "code");
    else query.delete("symbols");
    link.value = `${window.location.href.split(/[?#]/)[0]}?${query.toString().replaceAll("%2C", ",")}`;
  };
  const box = (label, isOn, change) => {
    const input = el("input", { type: "checkbox", checked: isOn });
    input.addEventListener("change", () => {
      change(input.checked);
      write();
    });
    return el("label", { class: "toggle" }, input, el("span", {}, label));
  };
  const copied = el("span", { role: "status", class: "muted" });
  const copy = el("button", {
    type: "button", class: "plain",
    onclick: () => {
      link.select();
      const byHand = () => (copied.textContent = "Selected. Copy it with Ctrl+C, or ⌘C on a Mac.");
      if (navigator.clipboard) navigator.clipboard.writeText(link.value).then(() => (copied.textContent = "Copied."), byHand);
      else byHand();
    },
  }, "Copy the link");
  root.append(
    el("details", { class: "teach" },
      el("summary", {}, "For teachers: share this lesson as it stands"),
      el("p", {}, "The link opens the lesson with the settings that you see now. Hide what should not distract, or would give an answer away."),
      el("div", { class: "controls", role: "group", "aria-label": "Hide" },
        ...[...lesson.controls].map(([name, labels]) => box(`Hide ${[...new Set(labels)].join(", ")} (${name})`, hidden.has(name), (isOn) => (isOn ? hidden.add(name) : hidden.delete(name)))),
        box("Names of the code instead of the papers' symbols", symbols === "code", (isOn) => (symbols = isOn ? "code" : "paper")),
      ),
      ...(window.location.protocol === "file:" ? [el("p", {}, "This page is a file on your computer, so the link works only there. For your class, put the file on a web server first and copy the link from there.")] : []),
      el("p", {}, link),
      el("p", {}, copy, " ", el("button", { type: "button", class: "plain", onclick: () => state.reset() }, "Set everything back"), " ", copied),
      el("p", {}, "Pictures, as they are now:"),
      el("div", { class: "controls" },
        ...[...root.querySelectorAll(".picture")].map((place) =>
          el("button", { type: "button", class: "plain", title: place.dataset.alt, onclick: () => savePicture(place) }, nameOf(place)),
        ),
      ),
    ),
  );
  state.watch(write);
  write();
}

/** A picture's name; those of the glossary have no id. */
const nameOf = (place) => place.id || place.dataset.picture;

/** Save a picture as an SVG file that looks the same without this page. */
function savePicture(place) {
  const url = URL.createObjectURL(new Blob([pictureText(place)], { type: "image/svg+xml" }));
  const link = el("a", { href: url, download: `${nameOf(place)}.svg` });
  link.click();
  window.setTimeout(() => URL.revokeObjectURL(url), 10000);
}

/** The text of the SVG file; a canvas becomes an image in it. */
function pictureText(place) {
  const drawn = place.querySelector("svg");
  const canvas = place.querySelector("canvas");
  const box = (drawn ?? canvas).getBoundingClientRect();
  const copy = drawn ? drawn.cloneNode(true) : svg("svg", { viewBox: `0 0 ${box.width} ${box.height}` });
  if (drawn) {
    const [from, to] = [drawn, copy].map((one) => [one, ...one.querySelectorAll("*")]);
    from.forEach((one, i) => {
      const style = getComputedStyle(one);
      to[i].setAttribute("style", DRAWN.map((name) => `${name}:${style.getPropertyValue(name)}`).join(";"));
      to[i].removeAttribute("class");
    });
  } else {
    copy.append(svg("image", { href: canvas.toDataURL(), width: box.width, height: box.height }));
  }
  copy.setAttribute("width", Math.round(box.width));
  copy.setAttribute("height", Math.round(box.height));
  copy.setAttribute("xmlns", SVG);
  return new XMLSerializer().serializeToString(copy);
}
