// What is looked at stands in the address, so that it can be sent to a colleague.
const FIELDS = ["q", "verdict", "router", "policy", "group", "credential", "function", "method"];
const link = (place, values = {}) => {
  const query = new URLSearchParams(Object.entries(values).filter(([, value]) => value));
  return `#/${place}${query.size ? "?" + query : ""}`;
};
const cellLink = (route, label) => link("cell", { route, credential: label });
const filtered = values => link("cells", values);
const causeLink = id => link("cause/" + encodeURIComponent(id));
const readAddress = () => {
  const [place, query] = location.hash.replace(/^#\/?/, "").split("?");
  return { place: decodeURIComponent(place ?? ""), values: Object.fromEntries(new URLSearchParams(query ?? "")) };
};
const writeAddress = hash => history.replaceState(null, "", hash || location.pathname + location.search);
