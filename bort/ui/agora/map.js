// The map on the page: what the reader does goes to Python, chunks come from their own components.
export default function (component) {
  const { parentElement, data, setTriggerValue } = component;
  const view = (parentElement.bortMap ??= bortMap.create(parentElement.querySelector(".bort-map-holder")));
  const call = (view.call = {});
  view.onPick = (id) => setTriggerValue("pick", id);
  view.onChoose = (points) => setTriggerValue("chosen", points);
  view.onRound = (round) => setTriggerValue("round", round);
  bortMap.update(view, data);
  return () => {
    if (view.call !== call) return; // overtaken by another one, which uses the view
    bortMap.remove(view);
    delete parentElement.bortMap;
  };
}
