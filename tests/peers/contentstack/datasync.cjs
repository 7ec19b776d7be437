// Contentstack's mirror, with its stores of files below the present folder.
// `{"do": "start", "items": n}` begins it and waits until it has processed so
// many items, `{"do": "poke", "items": n}` lets it ask for changes.

const fs = require("node:fs");
const manager = require("@contentstack/datasync-manager");
const assetStore = require("@contentstack/datasync-asset-store-filesystem");
const contentStore = require("@contentstack/datasync-content-store-filesystem");
const { serve } = require("./lines.cjs");

// It tells that an item begins; that one is done is only in its log, which
// would go to standard output otherwise.
const silent = () => {};
const seen = { publish: 0, unpublish: 0, delete: 0, error: 0 };
const failures = [];
let changed = silent;
function count(kind) {
  seen[kind] += 1;
  changed();
}
function log(text) {
  const done = /^(PUBLISH|UNPUBLISH|DELETE): .* was completed successfully!$/.exec(text);
  if (done) count(done[1].toLowerCase());
}
function error(what) {
  failures.push(what instanceof Error ? what.stack : JSON.stringify(what));
}
manager.setLogger({ error, warn: silent, info: silent, log, debug: silent });
manager.notifications.on("error", () => count("error"));

// The stores do not make it themselves.
const baseDir = "./_contents";
fs.mkdirSync(baseDir, { recursive: true });

let poke;
manager.setListener({
  getConfig: () => ({}),
  setConfig: () => {},
  register: (callback) => {
    poke = callback;
    return Promise.resolve();
  },
  start: () => Promise.resolve(),
});
manager.setAssetStore(assetStore);
manager.setContentStore(contentStore);
manager.setConfig({
  contentstack: {
    apiKey: process.env.STACK_API_KEY,
    deliveryToken: process.env.STACK_TOKEN,
    environment: process.env.STACK_ENVIRONMENT,
    host: process.env.STACK_HOST,
    port: Number(process.env.STACK_PORT),
  },
  assetStore: { baseDir },
  contentStore: { baseDir },
  listener: {},
  locales: [],
  // It asks a name server on the internet whether there is one; not today.
  syncManager: { cooloff: 1, inet: { dns: "127.0.0.1", retryTimeout: 0x7fffffff } },
});

function processed(items) {
  const before = Object.values(seen).reduce((sum, count) => sum + count, 0);
  return new Promise((resolve) => {
    changed = () => {
      const now = Object.values(seen).reduce((sum, count) => sum + count, 0);
      if (now - before >= items) resolve({ ...seen, failures });
    };
    changed();
  });
}

serve({
  start: async ({ items }) => {
    const done = processed(items);
    await manager.start();
    return done;
  },
  poke: async ({ items }) => {
    const done = processed(items);
    poke();
    return done;
  },
});
