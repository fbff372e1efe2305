// What a page keeps in this browser, as { where: [[key, text], ...] }: read within the page, which is not changed by it.
() => {
  const MOST = 300, LONG = 100_000;
  const text = value => {
    const seen = new Set();
    const plain = (_, each) => {
      if (typeof each === "bigint") return String(each);
      if (each === null || typeof each !== "object") return each;
      if (seen.has(each)) return undefined;
      seen.add(each);
      if (each instanceof Map) return [...each];
      if (each instanceof Set) return [...each];
      if (each instanceof ArrayBuffer) return new TextDecoder("latin1").decode(each);
      if (ArrayBuffer.isView(each)) return new TextDecoder("latin1").decode(new Uint8Array(each.buffer, each.byteOffset, each.byteLength));
      return each;
    };
    try { return (typeof value === "string" ? value : JSON.stringify(value, plain) ?? "").slice(0, LONG); } catch { return ""; }
  };
  const all = store => { try { return Object.entries({ ...store() }); } catch { return []; } };
  const done = request => new Promise((good, bad) => {
    request.onsuccess = () => good(request.result);
    request.onerror = request.onblocked = () => bad(request.error);
  });
  const databases = async () => {
    const found = [];
    for (const { name } of (await indexedDB.databases?.()) ?? []) {
      const database = await done(indexedDB.open(name));
      try {
        for (const store of database.objectStoreNames) {
          const open = database.transaction(store, "readonly").objectStore(store);
          const [keys, values] = await Promise.all([done(open.getAllKeys(null, MOST)), done(open.getAll(null, MOST))]);
          values.forEach((value, at) => found.push([`${name}/${store}/${text(keys[at])}`.slice(0, 500), text(value)]));
          if (keys.length) found.push([`${name}/${store}`, keys.map(text).join("\n")]); // A key may be the credential.
        }
      } finally { database.close(); }
    }
    return found;
  };
  const cached = async () => {
    const found = [];
    for (const name of await caches.keys()) {
      const cache = await caches.open(name);
      for (const request of (await cache.keys()).slice(0, MOST)) {
        const answer = await cache.match(request);
        const kind = answer?.headers.get("content-type") ?? "";
        const said = /json|text\/(plain|html)|urlencoded/.test(kind) ? (await answer.text()).slice(0, LONG) : "";
        found.push([`${name}${new URL(request.url).pathname}`, `${request.url} ${request.headers.get("authorization") ?? ""} ${said}`]);
      }
    }
    return found;
  };
  const files = async (folder, path = "", found = []) => {
    for await (const [name, handle] of folder.entries()) {
      if (found.length >= MOST) break;
      if (handle.kind === "directory") await files(handle, `${path}${name}/`, found);
      else found.push([`${path}${name}`, await (await handle.getFile()).slice(0, LONG).text()]);
    }
    return found;
  };
  const states = () => (window.navigation?.entries() ?? []).map(entry => ["navigation state", text(entry.getState())]);
  const box = {
    done: false,
    localStorage: all(() => localStorage),
    sessionStorage: all(() => sessionStorage),
    window: [["name", text(window.name)], ["history.state", text(history.state)], ...states()].filter(([, value]) => value && value !== "null"),
    indexedDB: [],
    cache: [],
    files: [],
  };
  Promise.allSettled([
    databases().then(found => { box.indexedDB = found; }),
    cached().then(found => { box.cache = found; }),
    navigator.storage.getDirectory().then(files).then(found => { box.files = found; }), // The origin's private file system.
  ]).then(() => { box.done = true; });
  return box;
}
