// How long npm's jsondiff takes: `jsondiff.cjs FILE`, with the cases of the
// benchmark as JSON. Prints the seconds of one diff, one apply and one transform
// by the names of the cases; null for what it cannot do.

const fs = require("node:fs");
const path = require("node:path");
const root = path.dirname(require.resolve("simperium/package.json"));
const jsondiff = require(path.join(root, "lib/simperium/jsondiff")).default;

const cases = JSON.parse(fs.readFileSync(process.argv[2]));

// The quickest of several rounds of `repeat` calls each.
function time(repeat, act) {
  try {
    // It has no answer where different keys change, and that is no work.
    if (act() === undefined) return null;
    let best = Infinity;
    for (let round = 0; round < 5; round++) {
      const begun = process.hrtime.bigint();
      for (let n = 0; n < repeat; n++) act();
      best = Math.min(best, Number(process.hrtime.bigint() - begun) / 1e9 / repeat);
    }
    return best;
  } catch {
    return null;
  }
}

const result = {};
for (const { name, base, local, remote, repeat } of cases) {
  const ours = jsondiff.object_diff(base, local);
  const theirs = jsondiff.object_diff(base, remote);
  result[name] = {
    diff: time(repeat, () => jsondiff.object_diff(base, local)),
    apply: time(repeat, () => jsondiff.apply_object_diff(base, ours)),
    transform: time(repeat, () => jsondiff.transform_object_diff(ours, theirs, base)),
  };
}
process.stdout.write(JSON.stringify(result) + "\n");
