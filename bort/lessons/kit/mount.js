// Begins a lesson in a place of the page; a second call only changes the theme.
function mountLesson(parent, values, start) {
  const root = parent.querySelector(".lesson");
  root.dataset.theme = values.theme;
  const call = (root.call = {});
  if (!root.leave) {
    const endings = [];
    const state = settings();
    const lesson = { root, state, data: values.numbers, links: values.links, controls: new Map(), whenLeft: (end) => endings.push(end) };
    root.leave = () => {
      for (const end of endings) end();
      state.leave();
      delete root.leave;
    };
    nameSymbols(lesson);
    linkTerms(lesson, values.links, values.terms ?? {});
    askQuestions(lesson);
    start(lesson);
    forTeachers(lesson);
    root.dataset.ready = "true";
  }
  return () => root.call === call && root.leave?.(); // one that is overtaken leaves the lesson alone
}
