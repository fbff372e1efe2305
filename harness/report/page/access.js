// Who may go where, by router; and the criteria with what proves them.
const STATES = {
  against: { short: "gets in, must not", long: "may not enter, and got in" },
  "kept-out": { short: "kept out", long: "may enter, and was kept out" },
  unknown: { short: "not known", long: "not tried there, or nothing is proven" },
  in: { short: "may", long: "may enter, and got in" },
  out: { short: "may not", long: "may not enter, and was refused beside one who got in" },
  either: { short: "either", long: "either is right" },
};
const accessRow = (name, lines, columns, attributes = {}) => el("tr", attributes, name, columns.map(who => {
  const counts = bag();
  for (const line of lines) if (line.who[who]) add(counts, line.who[who], 1);
  const kinds = Object.keys(STATES).filter(state => counts[state]);
  return el("td", {}, kinds.length ? kinds.map(state => el("div", {}, el("span", { class: "badge v-" + state, title: STATES[state].long }, `${SIGNS[state]} ${lines.length > 1 ? number(counts[state]) : ""}`.trim(), el("span", { class: "unseen" }, " " + STATES[state].short)))) : el("span", { class: "soft" }, "–"));
}));
const drawAccess = () => {
  const all = G.access ?? [], columns = [...new Set(all.flatMap(line => Object.keys(line.who)))], body = el("tbody");
  for (const router of [...new Set(all.map(line => line.router))]) {
    const lines = all.filter(line => line.router === router);
    let rows = null;
    const open = () => {
      const show = name.getAttribute("aria-expanded") === "false";
      if (show && rows === null) { rows = lines.map(line => accessRow(el("th", { scope: "row", class: "route" }, el("a", { href: filtered({ q: line.route, group: "genuine" }) }, line.route)), [line], columns)); top.after(...rows); }
      for (const row of rows) row.hidden = !show;
      name.setAttribute("aria-expanded", String(show));
    };
    const name = el("button", { class: "plain", type: "button", "aria-expanded": "false", onclick: open }, `${router || "(none)"} `, el("span", { class: "soft small" }, number(lines.length)));
    const top = accessRow(el("th", { scope: "row" }, name), lines, columns);
    body.append(top);
  }
  section("access", "Who may go where",
    el("p", { class: "small" }, Object.entries(STATES).map(([state, words]) => [badge(state, words.long), " "])),
    all.length ? wide("Who may go where, by router", el("table", { class: "access matrix" }, el("thead", {}, el("tr", {}, el("th", { scope: "col" }, "router"), columns.map(who => el("th", { scope: "col" }, who)))), body)) : el("p", {}, "The matrix was not tried in this run."));
};
const drawCriteria = () => section("criteria", "Migration criteria",
  el("table", { class: "cards-on-narrow" }, el("thead", {}, el("tr", {}, ["number", "criterion", "state", "why", "proven by"].map(h => el("th", { scope: "col" }, h)))),
    el("tbody", {}, D.criteria.map(c => el("tr", {}, el("td", {}, String(c.number)), el("th", { scope: "row" }, c.text), el("td", {}, badge(c.state === "not examined" ? "none" : c.state, c.state)), el("td", {}, c.reason), headed("proven by", el("span", { class: "why small" }, c.checks.join(", "))))))));
