// The map on the page: what the reader does goes to Python, chunks come from their own components.
export default function (component) {
  const { parentElement, data, setTriggerValue } = component;
  const view = (parentElement.bortMap ??= bortMap.create(parentElement.querySelector(".bort-map-holder")));
  view.onPick = (id) => setTriggerValue("pick", id);
  view.onChoose = (points) => setTriggerValue("chosen", points);
  view.onRound = (round) => setTriggerValue("round", round);
  bortMap.update(view, data);
  return () => {
    bortMap.remove(view);
    delete parentElement.bortMap;
  };
}
