// Words that react: questions that are checked, terms with a link, symbols in two languages.

/** Check each question where it stands, and explain it after an answer. */
function askQuestions(lesson) {
  lesson.root.querySelectorAll(".question").forEach((question, number) => {
    const why = question.querySelector(".why");
    const buttons = [...question.querySelectorAll("button")];
    const verdict = el("p", { class: "verdict", role: "status" });
    why.hidden = true;
    why.before(verdict);
    question.prepend(el("p", { class: "kicker" }, `Question ${number + 1}`));
    for (const button of buttons) {
      button.type = "button";
      button.addEventListener("click", () => {
        const isRight = button.value === question.dataset.answer;
        for (const other of buttons) other.removeAttribute("data-is");
        button.dataset.is = isRight ? "right" : "wrong";
        question.dataset.is = button.dataset.is;
        verdict.textContent = isRight ? "Right." : "Not this one. Try again, or read why.";
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

/** Give terms and other lessons their addresses. */
function linkTerms(lesson, links) {
  for (const link of lesson.root.querySelectorAll("a[data-term]")) {
    link.href = links.term + link.dataset.term;
    link.title ||= "What is this?";
  }
  for (const link of lesson.root.querySelectorAll("a[data-lesson]")) {
    link.href = links.lesson + link.dataset.lesson;
  }
}
