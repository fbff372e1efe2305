// The evidence of one cell: what was asked, what was seen, and how to ask again.
const quote = text => `'${String(text).replaceAll("'", `'\\''`)}'`;
const carrierOf = (label, request) => {
  const way = label.split("@")[1] ?? "";
  return /^(bearer|subprotocol|message|(header|cookie|query):)/.test(way) ? way : request.carriers?.[0] ?? "bearer";
};
/** A command for curl that sends the cell's request, with a token of `clerk-harness issuer`; empty where that cannot be said so. */
const curl = (cell, request, token) => {
  const group = groupOf(cell.label);
  if (!request.method || cell.route.route.startsWith("WS ") || ["bypass", "cors", "state", "objects", "named"].includes(group)) return "";
  const bare = cell.label === "missing";
  if (!bare && (token?.placed !== "token" || token.headers || token.query || token.cookies || token.before)) return "";
  const [kind, name] = carrierOf(cell.label, request).split(":"), mint = `$(clerk-harness token ${cell.label} --issuer "$CLERK_HARNESS_URL")`;
  const field = bare ? "" : kind === "bearer" ? `-H "Authorization: Bearer ${mint}"` : kind === "header" ? `-H "${name}: ${mint}"` : kind === "cookie" ? `-b "${name}=${mint}"` : kind === "query" ? `--url-query "${name}=${mint}"` : null;
  if (field === null) return "";
  const body = request.body ? ["-H 'Content-Type: application/json'", "--data-raw " + quote(request.body)] : [];
  return ["curl -i -X " + request.method, field, ...body, quote("http://127.0.0.1:8000" + request.path + (request.query ? "?" + request.query : ""))].filter(Boolean).join(" \\\n  ");
};
const requestPart = (cell, request, token) => {
  if (!request.method) return [];
  const carrier = carrierOf(cell.label, request), [kind, name] = carrier.split(":");
  const added = [...(token?.headers ?? [])];
  if (token?.placed === "token") added.push({ bearer: "authorization", header: name, cookie: "cookie", subprotocol: "sec-websocket-protocol" }[kind] ?? "");
  const headers = [...new Set([...request.headers, ...added.filter(Boolean)])], command = curl(cell, request, token);
  return [el("h3", {}, "Request"), el("pre", {}, `${request.method} ${request.path}${request.query ? "?" + request.query : ""}`), el("dl", {},
    entry("Headers", el("code", {}, headers.join(", "))),
    entry("Credential in", cell.label === "missing" ? "nothing is presented" : token?.cookies ? `cookie ${token.cookies.join(", ")}` : token?.placed === "token" ? carrier : token?.headers?.join(", ") ?? token?.query?.map(q => "?" + q).join(", ") ?? ""),
    entry("Forms", token?.forms ? `${token.forms}, of which the gravest counts` : ""), entry("Sent before", token?.before ? plural(token.before, "request") : ""),
    entry("Fields", token?.fields?.join(", ") ?? ""), entry("Body", request.body ? el("pre", {}, request.body) : "")),
    token?.header ? [el("p", { class: "small soft" }, "Header of the token"), el("pre", {}, JSON.stringify(token.header, null, 1))] : null,
    token?.claims ? [el("p", { class: "small soft" }, "What the token says (minted anew for this page; ids and times as what they are)"), el("pre", {}, JSON.stringify(token.claims, null, 1))] : null,
    token?.length ? el("p", { class: "small soft" }, `The token is no JSON: ${plural(token.length, "character")}.`) : null,
    command ? [el("p", { class: "small soft" }, "By hand, against a backend that was started under `clerk-harness issuer`"), el("pre", { class: "curl" }, command)] : null];
};
const cellBody = (cell, L) => {
  const about = named(cell.label), route = cell.route, token = L.tokens[cell.label] ?? L.tokens[cell.label.split("@")[0]];
  const mine = D.causes.filter(cause => cause.routes.includes(route.route) && cause.credentials.includes(cell.label));
  // Where the probe stopped the request, status and text are its own, and no answer of the app.
  const answered = !cell.seen.includes("stopped at the door");
  return [
    el("p", {}, badge(cell.verdict), ` ${D.meaning[cell.verdict] ?? "as declared"}`, cell.detail ? `: ${cell.detail}` : ""),
    el("dl", {}, entry("Expected", cell.expected), entry("Seen", cell.seen), entry("Status", !answered ? "none: the probe stopped the request where the handler begins" : cell.status === null || cell.status === "" ? "" : String(cell.status)),
      entry("Evidence", cell.evidence), entry("Let in by", cell.mechanism), entry("Functions that ran", cell.functions ? el("code", {}, cell.functions) : ""),
      entry("Beside it got in", cell.twin), entry("Cause", mine.map(cause => el("div", {}, el("a", { href: causeLink(cause.id) }, cause.title)))), entry("Way out", cell.hint),
      entry("Route", `${route.router}, policy ${route.policy}`), entry("Handler", route.endpoint ? [el("code", {}, route.endpoint), source(route.source) ? ` ${source(route.source)}` : ""] : ""),
      entry("Credential", about?.why ?? ""), entry("An attacker needs", cell.needs ? `${D.attackers[cell.needs] ?? cell.needs}${about?.because ? ` (${about.because})` : ""}` : ""),
      entry("Weakness", about ? `${about.cwe}; ${about.source}` : ""), entry("Took", cell.ms ? `${cell.ms} ms` : "")),
    cell.excerpt && answered ? [el("h3", {}, "Answer"), el("pre", {}, cell.excerpt)] : null,
    requestPart(cell, L.requests[route.route] ?? {}, token),
    el("h3", {}, "Repeat this cell"), el("pre", {}, cell.repeat),
    el("p", { class: "small" }, el("a", { href: cellLink(route.route, cell.label) }, "Link to this cell"))];
};
const openCell = async ({ route: key, credential: label }) => {
  const L = await late(), route = BY_KEY.get(key), found = route ? L.cells[key][0].findIndex(n => L.texts[n] === label) : -1;
  const head = el("header", {}, el("b", { id: "evidence-title" }, `${label} on ${key}`), el("button", { type: "button", "aria-label": "Close", onclick: () => dialog.close() }, "×"));
  const body = found < 0 ? [el("p", {}, "This report has no such cell: it was not tried, or the link is of another run.")] : cellBody(cellAt(L, route, found), L);
  dialog.replaceChildren(head, el("div", { class: "body" }, body));
  if (!dialog.open) dialog.showModal();
  dialog.scrollTop = 0;
};
dialog.addEventListener("click", event => { if (event.target === dialog) dialog.close(); });
dialog.addEventListener("close", () => { if (readAddress().place === "cell") { const want = wanted(); writeAddress(FIELDS.some(name => want[name]) ? filtered(want) : "#cells"); } });
