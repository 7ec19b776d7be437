// A device with Simperium's own client for Node.js:
//
//   {"do": "open", "url", "app", "token", "bucket"}   until the index is read
//   {"do": "put", "key", "data"}     edits at once, sends when it can
//   {"do": "remove", "key"}
//   {"do": "wait", "objects"}        until it has exactly these
//   {"do": "queued"}                 how many objects have unsent edits
//   {"do": "settled"}                until nothing is unsent or unanswered; which
//                                    is never, once another has deleted something:
//                                    the client deletes it too, is told that there
//                                    is no such thing, and waits for ever
//   {"do": "offline"}, {"do": "online"}
//   {"do": "objects"}

const assert = require("node:assert");
const createClient = require("simperium").default;
const { serve } = require("./lines.cjs");

let client, bucket;
const objects = () => ({ ...bucket.store.objects });

// Waiting for longer than this is for nothing.
const LIMIT = 60_000;

// A promise of what comes, or what there was when it did not come.
function within(come) {
  return new Promise((resolve, reject) => {
    const limit = setTimeout(() => {
      const state = { objects: objects(), unsent: unsent(), indexing: bucket.isIndexing };
      reject(new Error(JSON.stringify(state)));
    }, LIMIT);
    come(() => {
      clearTimeout(limit);
      resolve();
    });
  });
}

// Looks again whenever something has happened.
function until(reached) {
  const sources = [
    [bucket, ["update", "remove", "index"]],
    [bucket.channel, ["acknowledge"]],
    [client, ["message"]],
  ];
  const each = (act) => sources.forEach(([source, names]) => names.forEach((name) => act(source, name)));
  return within((resolve) => {
    // What the client does upon an event may come after it.
    const look = () =>
      setImmediate(() => {
        if (!reached()) return;
        each((source, name) => source.removeListener(name, look));
        resolve();
      });
    each((source, name) => source.on(name, look));
    look();
  });
}

const same = (a, b) => {
  try {
    assert.deepStrictEqual(a, b);
    return true;
  } catch {
    return false;
  }
};

function unsent() {
  const { sent, queues } = bucket.channel.localQueue;
  const keys = Object.keys(queues).filter((key) => queues[key].length > 0);
  return new Set([...keys, ...Object.keys(sent)]).size;
}

serve({
  open: ({ url, app, token, bucket: name }) => {
    client = createClient(app, token, { url });
    bucket = client.bucket(name);
    return within((resolve) => bucket.once("index", resolve));
  },
  put: async ({ key, data }) => void (await bucket.update(key, data)),
  remove: async ({ key }) => void (await bucket.remove(key)),
  wait: ({ objects: wanted }) => until(() => same(objects(), wanted)),
  queued: () => unsent(),
  settled: () => until(() => unsent() === 0),
  offline: () =>
    within((resolve) => {
      client.once("disconnect", resolve);
      client.end();
    }),
  online: () =>
    within((resolve) => {
      client.once("connect", resolve);
      client.connect();
    }),
  objects,
});
