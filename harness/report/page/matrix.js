// The matrix: routers by groups of credentials; a router opens its routes, a field lists its cells below.
const tallyOf = (routes, group) => {
  const counts = bag();
  for (const route of routes) for (const [g, kind, n] of route.tally) if (g === group) add(counts, kind, n);
  return counts;
};
// What was really tried: how many kinds of credential the route with the fewest met, and the one with the most.
const tried = () => {
  const [least, most] = S.credentials_of_a_route;
  return most ? ` Each route was tried with ${least === most ? "" : `${number(least)} to `}${plural(most, "kind")} of credentials.` : "";
};
const tallyButton = (routes, group, router) => {
  const counts = tallyOf(routes, group), kinds = Object.keys(counts), total = kinds.reduce((sum, kind) => sum + counts[kind], 0);
  if (!total) return el("td", {}, el("span", { class: "soft", "aria-label": "not tried" }, "–"));
  const kind = worst(kinds), title = D.groups[group], own = routes.length === 1 && !router;
  const words = kind === "pass" ? `✓ ${number(total)}` : `${SIGNS[kind] ?? "✗"} ${number(total - (counts.pass ?? 0))}/${number(total)}`;
  const where = own ? { q: routes[0].route, router: routes[0].router } : { router };
  return el("td", {}, el("button", { class: "tally v-" + kind, type: "button", title: ORDER.filter(k => counts[k]).map(k => `${number(counts[k])} ${k}`).join(", "),
    onclick: () => look({ ...where, group: title, verdict: kind === "pass" ? "" : kind }) }, words, el("span", { class: "unseen" }, ` ${kind}, ${own ? routes[0].route : router}, ${title}`)));
};
const drawMatrix = () => {
  const columns = D.groups.map((_, i) => i).filter(i => ROUTES.some(route => route.tally.some(([g]) => g === i))), body = el("tbody");
  for (const { router } of D.routers) {
    const routes = ROUTES.filter(route => route.router === router);
    let rows = null;
    const open = () => {
      const show = name.getAttribute("aria-expanded") === "false";
      if (show && rows === null) {
        rows = routes.map(route => el("tr", {}, el("th", { scope: "row", class: "route" }, route.route, route.hidden ? el("span", { class: "soft" }, " hidden") : null, source(route.source) ? el("div", { class: "soft small" }, source(route.source)) : null),
          el("td", {}, route.policy), columns.map(group => tallyButton([route], group, ""))));
        top.after(...rows);
      }
      for (const row of rows) row.hidden = !show;
      name.setAttribute("aria-expanded", String(show));
    };
    const name = el("button", { class: "plain", type: "button", "aria-expanded": "false", onclick: open }, `${router || "(none)"} `, el("span", { class: "soft small" }, number(routes.length)));
    const top = el("tr", {}, el("th", { scope: "row" }, name), el("td", { class: "small" }, few([...new Set(routes.map(r => r.policy))], 2)), columns.map(group => tallyButton(routes, group, router)));
    body.append(top);
  }
  const node = section("cells", "Matrix",
    el("p", { class: "soft" }, "Routers by groups of credentials: “✓ 15” means that all 15 were as declared, “✗ 2/15” that two were not. A router opens its routes; a field lists its cells below.", tried()),
    D.routers.length ? wide("The matrix", el("table", { class: "matrix" }, el("thead", {}, el("tr", {}, el("th", { scope: "col" }, "router"), el("th", { scope: "col" }, "policy"), columns.map(i => el("th", { scope: "col" }, D.groups[i])))), body)) : el("p", {}, "The matrix was not tried in this run."));
  drawFilters(node);
};
