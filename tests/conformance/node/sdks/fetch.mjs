// A node server for handlers of Fetch API requests.
import http from "node:http";

export const createRequestListener = (handle) => http.createServer(async (incoming, outgoing) => {
  const headers = new Headers();
  for (let n = 0; n < incoming.rawHeaders.length; n += 2) headers.append(incoming.rawHeaders[n], incoming.rawHeaders[n + 1]);
  let request, answer;
  try {
    request = new Request(`http://${incoming.headers.host}${incoming.url}`, { method: incoming.method, headers });
  } catch {
    outgoing.writeHead(400).end();
    return;
  }
  try {
    answer = await handle(request);
  } catch (problem) {
    answer = new Response(String(problem), { status: 500 });
  }
  outgoing.writeHead(answer.status, Object.fromEntries(answer.headers));
  outgoing.end(Buffer.from(await answer.arrayBuffer()));
});
