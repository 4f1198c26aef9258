"""Lessons that teach the algorithms on the algorithms: numbers and words in, HTML out.

A lesson is one folder of this package:

    numbers.py   a function `numbers() -> dict` of JSON values, all computed by the project's own
                 functions on instances small enough to answer at once
    text.html    the words, with `{{numbers.by.path:format}}` wherever a number stands
    view.js      a function `start(lesson)` that draws and moves; frames come from the numbers

one entry in `catalogue.py`, and a picture for its card in `kit/cards/`. `piece.py` puts the three
together with the `kit/` that all lessons share: sliders, a player, questions, terms. Frames that
take longer than a moment are recorded in a file: see `recorded.py`. A piece needs nothing else:
`bort/ui/learn` shows it in the dashboard, and it can be written into a file that opens without
Python. Nothing in it asks the server, so a drag or a step never waits.

After a change, `bort learn export --force docs/lessons.html` writes the file that needs no Python
again.

What to know before writing one:

* **Numbers.** `text.html` may contain no digits outside `{{...}}`, `<cite>` and formulas: a test
  fails on a typed number. A format is Python's: `{{parameters:,}}`, `{{share:.0%}}`. Prefer frames
  computed in `numbers.py` to a formula in JavaScript; where JavaScript must compute, a test in
  `tests/browser` compares it with the Python function on a grid.
* **Formulas.** `<div class="formula">` is filled by the script, with letters and with the current
  numbers. `tests/browser/test_lesson_formulas.py` reads it from the page, evaluates it, and
  compares it with the function that the search uses: add yours there.
* **Words.** `<aside class="paper">` holds what the papers state, with a `<cite>`;
  `<aside class="ours">` what is ours. `<a data-term="epsilon">ε</a>` opens the glossary's entry.
  `<var data-code="parameter_count">p</var>` shows the paper's symbol, or the code's name; a script
  writes it as `symbol(lesson, "p", "parameter_count")`.
* **Order.** A picture that can be touched, then motion, then the formula with the current numbers
  in it, then two or three questions.
* **Questions.** `<div class="question" data-answer="{{right}}">` with a `<p>`, one
  `<button value="...">` for each choice, and `<div class="why">`. Three choices or more. A wrong
  one is a misconception that readers have. In `why`, `<p data-for="VALUE">` says why that choice
  is wrong without telling the answer, and appears after it; the other paragraphs appear after the
  right one.
* **Players.** `player(lesson, "#place", "step", {count, unit})` steps through frames. `unit` names
  what its counter counts; `isAway` says that the picture shows none of the frames.
* **State.** `lesson.state` keeps settings in the address: `state.get("epsilon", 0.25)`,
  `state.set("epsilon", 0.1)`, `state.watch(draw)`. `?hide=epsilon,player` removes controls by
  name, `?symbols=code` chooses the code's names.
* **Drawing.** `figure(lesson, "#map", draw)` calls `draw(picture, width)` at first, and again when
  the width changes. Colours are CSS classes that follow the theme: see `kit/lesson.css`.
"""
