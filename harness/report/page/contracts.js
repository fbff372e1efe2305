// The other contracts, in pictures where there is something to see; policies; and of what the run was made.
const story = check => [
  check.events?.length ? [el("p", {}, "The shortest way to break it:"), el("ol", { class: "story" }, check.events.map(event => el("li", {}, event)))] : null,
  check.picture ? el("p", {}, el("a", { href: check.picture }, "What a person saw")) : null,
  check.before?.length || check.after?.length ? el("div", { class: "rows" }, [["Rows before", check.before], ["Rows after", check.after]].map(([title, rows]) =>
    el("div", {}, el("b", {}, title), rows.length ? rows.map(row => el("pre", {}, row)) : el("p", { class: "soft" }, "none")))) : null];
const costs = figures => {
  const spent = (cost, kind) => (Array.isArray(cost?.[kind]) ? cost[kind].length : 0);
  const most = Math.max(1, ...figures.flatMap(f => [f.warm, f.cold, f.refused].flatMap(cost => ["statements", "clerk_calls"].map(kind => spent(cost, kind)))));
  const line = (words, n, cls) => el("div", { class: "line" }, el("i", { class: cls, style: `width:${(n / most) * 55}%`, "aria-hidden": "true" }), `${n} ${words}`);
  const bar = f => el("details", {}, el("summary", { class: "bar" }, el("span", {}, f.route), el("span", {}, ["warm", "cold", "refused"].filter(when => f[when]).map(when => [
    line(`statements, ${when}`, spent(f[when], "statements"), ""), spent(f[when], "clerk_calls") ? line(`Clerk calls, ${when}`, spent(f[when], "clerk_calls"), "second") : null]))),
  ["warm", "cold", "refused"].map(when => (f[when] ? el("pre", {}, [`${when}:`, ...(f[when].statements ?? []), ...(f[when].clerk_calls ?? [])].join("\n")) : null)));
  return figures.map(bar);
};
// Each migration at both sizes: its time, and for how long its strongest lock was held.
const rehearsals = figures => {
  const most = Math.max(1e-9, ...figures.flatMap(f => [...f.seconds, ...(f.lock_seconds ?? [])]));
  const line = (seconds, words, cls) => el("div", { class: "line" }, el("i", { class: cls, style: `width:${(seconds / most) * 45}%`, "aria-hidden": "true" }), `${seconds.toFixed(2)} s ${words}`);
  const grows = (what, exponent, many) => (typeof many === "number" ? el("p", { class: "small" }, `${what}${typeof exponent === "number" ? ` grows like rows^${exponent.toFixed(1)}, and` : ""} is about ${many.toFixed(2)} s with ten million rows.`) : null);
  return figures.map(f => el("details", {}, el("summary", { class: "bar" }, el("span", {}, f.migration), el("span", {}, f.rows.map((rows, at) => [
    line(f.seconds[at], `in all, ${number(rows)} rows`, ""), f.lock_seconds ? line(f.lock_seconds[at], `${f.lock} on ${f.table}`, "second") : null]))),
  grows("The time", f.growth, f.seconds_at_10_million), f.lock_seconds ? grows("The lock", f.lock_growth, f.lock_seconds_at_10_million) : null));
};
const drawn = figures => (figures.some(f => f.stages || f.identifier) ? mappings(figures) : figures[0].route && ("warm" in figures[0] || "cold" in figures[0]) ? costs(figures) : figures[0].migration && Array.isArray(figures[0].seconds) ? [rehearsals(figures.filter(f => f.migration)), figures.some(f => f.lookup) ? figureTable(figures.filter(f => f.lookup)) : null] : figureTable(figures));
const figureTable = figures => {
  const names = [...new Set(figures.flatMap(f => Object.keys(f)))];
  const told = value => (value && typeof value === "object" ? JSON.stringify(value, null, 1) : String(value ?? "–"));
  return el("table", { class: "cards-on-narrow small" }, el("thead", {}, el("tr", {}, names.map(n => el("th", { scope: "col" }, n)))), el("tbody", {}, figures.map(f => el("tr", {}, names.map(n => headed(n, el("span", { style: "white-space:pre-wrap" }, told(f[n]))))))));
};
const drawContracts = () => {
  if (!D.contracts.length) return;
  const node = section("contracts", "Contracts");
  for (const contract of [...new Set(D.contracts.map(c => c.contract))]) {
    const own = D.contracts.filter(c => c.contract === contract), states = bag();
    for (const check of own) add(states, check.status, 1);
    const box = el("details", { class: "card", open: own.some(c => c.status !== "proven") }, el("summary", {}, contract, " ", Object.entries(states).map(([state, n]) => [badge(state === "not examined" ? "none" : state, `${n} ${state}`), " "])),
      el("table", { class: "cards-on-narrow" }, el("thead", {}, el("tr", {}, ["check", "state", "what is proven", "why"].map(h => el("th", { scope: "col" }, h)))), el("tbody", {}, own.map(c => el("tr", {}, el("th", { scope: "row" }, c.name),
        el("td", {}, badge(c.status === "not examined" ? "none" : c.status, c.status)), el("td", {}, c.description), el("td", { class: "why" }, c.detail || (c.count ? `${plural(c.count, "time")}` : "")))))),
      own.filter(c => c.events?.length || c.before?.length || c.picture).map(c => [el("h3", {}, c.name), story(c)]));
    const slot = el("div");
    box.append(slot);
    node.append(box);
    late().then(L => {
      const shown = new Set();
      own.forEach(check => {
        const place = L.measured[D.contracts.indexOf(check)], figures = L.figures[place] ?? [];
        if (!figures.length || shown.has(place)) return;
        shown.add(place);
        slot.append(lazily(el("details", {}, el("summary", {}, `${check.name}: what was measured (${figures.length})`)), () => drawn(figures)));
      });
    });
  }
};
const drawPolicies = () => {
  const refused = refuse => (refuse ? Object.entries(refuse).map(([who, statuses]) => `${who === "default" ? "" : who + " "}${[statuses].flat().join(" or ")}`).join("; ") : "");
  section("policies", "Policies", el("p", { class: "soft" }, "Everything that a policy does not accept must be rejected, unless standards allow either answer and the policy says nothing."),
    el("table", { class: "cards-on-narrow" }, el("thead", {}, el("tr", {}, ["policy", "accepts", "further", "routes"].map(h => el("th", { scope: "col" }, h)))), el("tbody", {}, Object.entries(D.policies).map(([name, p]) => el("tr", {}, el("th", { scope: "row" }, name),
      headed("accepts", el("code", {}, p.accept?.join(", ") || "nobody")),
      el("td", {}, el("dl", {}, entry("by", p.mechanism?.join(" or ")), entry("rejects", p.reject?.join(", ")), entry("either", p.tolerate?.join(", ")), entry("refuses with", refused(p.refuse)), entry("until", p.until), entry("decides in the", p.guard), entry("tokens in", p.carriers?.join(", ")))),
      el("td", {}, el("a", { href: filtered({ policy: name }) }, plural(ROUTES.filter(route => route.policy === name).length, "route"))))))));
};
const PROVENANCE = { commit: "Commit", commit_state: "Working tree", target: "Versions of the target", python: "Python of the target", postgres: "Postgres", suites: "Suites", seed: "Seed", depth: "Depth", variables: "Variables given" };
const drawProvenance = () => {
  const p = D.provenance ?? {};
  section("provenance", "Provenance", el("dl", {}, entry("Command", el("code", {}, D.command)), entry("Target", [D.target.kind, D.target.app].filter(Boolean).join(" ")), Object.entries(PROVENANCE).map(([name, words]) => entry(words, p[name] ?? "")),
    entry("Harness", D.harness), entry("Evidence", D.evidence === "probe" ? `a probe in the target (${D.target.probe ?? ""}) saw whether each handler was entered and which functions ran` : D.evidence === "http" ? "status and headers, from outside" : "none"),
    entry("Isolation", D.target.isolation ?? ""), entry("Lanes", D.target.agents ?? ""), entry("Begun", D.generated), entry("Took", `${D.seconds.toFixed(1)} s`), entry("Credentials tried", number(S.credentials))),
  el("p", {}, "Repeat this run:"), el("pre", {}, D.command));
};
