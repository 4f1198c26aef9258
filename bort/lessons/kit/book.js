// Opens the lesson in the address, in the reader's theme.
const dark = window.matchMedia("(prefers-color-scheme: dark)");
const part = (slug, name) => document.getElementById(`${slug}-${name}`);

function open(slug) {
  const place = document.getElementById("place");
  const values = JSON.parse(part(slug, "values").textContent);
  const entries = [...place.querySelectorAll("li a")].map((link) => [link.href.split("lesson=")[1], link.textContent]);
  const here = entries.findIndex(([name]) => name === slug);
  document.getElementById("lesson-style").textContent = part(slug, "css").textContent.replaceAll("<\\/", "</");
  const title = document.createElement("h1");
  title.textContent = document.title = entries[here][1];
  place.replaceChildren(title, part(slug, "html").content.cloneNode(true));
  const link = ([name, text], mark) => {
    const made = document.createElement("a");
    made.href = `?lesson=${name}`;
    made.textContent = mark(text);
    return made;
  };
  const [before, after] = [entries[here - 1], entries[here + 1]];
  const near = [before && link(before, (text) => `← ${text}`), after && link(after, (text) => `${text} →`)].filter(Boolean);
  document.getElementById("neighbours").append(...near);
  const foot = document.createElement("footer");
  foot.append(...near.map((one) => one.cloneNode(true)));
  place.after(foot);
  const start = () => begin[slug](place, { ...values, theme: dark.matches ? "dark" : "light" });
  start();
  dark.addEventListener("change", start);
}

const asked = new URLSearchParams(window.location.search).get("lesson");
if (asked && begin[asked]) open(asked);
