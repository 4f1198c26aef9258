// Words that react: questions that are checked, terms with a link, symbols in two languages.

/**
 * Check each question where it stands. After a wrong choice it says why that one is wrong, in the
 * paragraph `data-for` that choice; after the right one it gives the whole explanation.
 */
function askQuestions(lesson) {
  lesson.root.querySelectorAll(".question").forEach((question, number) => {
    const { answer } = question.dataset;
    const why = question.querySelector(".why");
    const buttons = [...question.querySelectorAll("button")];
    const verdict = el("p", { class: "verdict", role: "status" });
    why.hidden = true;
    why.before(verdict);
    question.prepend(el("p", { class: "kicker" }, `Question ${number + 1}`));
    for (const button of buttons) {
      button.type = "button";
      button.addEventListener("click", () => {
        const isRight = button.value === answer;
        for (const other of buttons) other.removeAttribute("data-is");
        button.dataset.is = isRight ? "right" : "wrong";
        question.dataset.is = button.dataset.is;
        verdict.textContent = isRight ? "Right." : "Not this one.";
        for (const part of why.children) part.hidden = (part.dataset.for ?? answer) !== button.value;
        why.hidden = false;
      });
    }
  });
}

/** Write current numbers into all elements with these names: show(lesson, {size: 72}). */
function show(lesson, values) {
  for (const [name, value] of Object.entries(values)) {
    for (const place of lesson.root.querySelectorAll(`[data-value="${name}"]`)) {
      place.textContent = value;
    }
  }
}

const isInCode = (lesson) => lesson.state.get("symbols", "paper") === "code";

/** A symbol in a formula that a script writes. */
const symbol = (lesson, paper, code) =>
  isInCode(lesson) ? el("var", { class: "is-code" }, code) : el("var", {}, paper);

/** Show the paper's symbols in the text, or the code's names. */
function nameSymbols(lesson) {
  if (!isInCode(lesson)) return;
  for (const symbol of lesson.root.querySelectorAll("[data-code]")) {
    symbol.textContent = symbol.dataset.code;
    symbol.classList.add("is-code");
  }
}

/** A term explains itself where it stands, and offers its picture; other lessons get their address. */
function linkTerms(lesson, links, terms) {
  for (const link of lesson.root.querySelectorAll("a[data-lesson]")) {
    link.href = links.lesson + link.dataset.lesson;
  }
  const close = () => lesson.root.querySelectorAll(".meaning").forEach((one) => one.remove());
  for (const link of lesson.root.querySelectorAll("a[data-term]")) {
    const { term } = link.dataset;
    link.href = links.term + term;
    if (!terms[term]) continue;
    link.title = terms[term];
    link.addEventListener("click", (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      const isOpen = link.nextElementSibling?.classList.contains("meaning");
      close();
      if (isOpen) return;
      link.after(el("span", { class: "meaning", role: "note" }, `${terms[term]} `,
        el("a", { href: links.term + term }, "See its picture")));
    });
  }
  lesson.root.addEventListener("keydown", (event) => event.key === "Escape" && close());
}
