// What Simperium's own client for Node.js costs: `sync.cjs TASK URL TOKEN COUNT`.
//
// Tasks: `first` (a first sync of COUNT notes), `push` (COUNT new notes, until
// all are acknowledged), `idle` (an empty bucket).

const fs = require("node:fs");
const createClient = require("simperium").default;

const [task, url, token, number] = process.argv.slice(2);
const count = Number(number);

function say(begun) {
  const seconds = Number(process.hrtime.bigint() - begun) / 1e9;
  const peak = /VmHWM:\s*(\d+)/.exec(fs.readFileSync("/proc/self/status", "utf8"))[1];
  const there = Object.keys(bucket.store.objects).length;
  if (there !== count) throw new Error(`${there} notes instead of ${count}`);
  console.log(JSON.stringify({ seconds, cpu_seconds: 0, peak_kib: Number(peak), bytes: 0 }));
  process.exit(0);
}

function push() {
  const text = "lorem ipsum dolor sit amet ".repeat(10);
  const begun = process.hrtime.bigint();
  let acknowledged = 0;
  bucket.channel.on("acknowledge", () => {
    acknowledged += 1;
    if (acknowledged === count) say(begun);
  });
  for (let n = 0; n < count; n += 1) {
    bucket.update(`new${n}`, { content: `${n} ${text}`, tags: [], number: n });
  }
}

const begun = process.hrtime.bigint();
const client = createClient("bench", token, { url });
const bucket = client.bucket("note");
bucket.once("index", () => (task === "push" ? push() : say(begun)));
