// npm's jsondiff, told line by line what to compare, apply and rebase. Every
// request has many cases, and every one is answered with `{"ok"}` or
// `{"failed"}`.

const path = require("node:path");
const { serve } = require("./lines.cjs");
const root = path.dirname(require.resolve("simperium/package.json"));
const jsondiff = require(path.join(root, "lib/simperium/jsondiff")).default;
const { JSONDiff } = require(path.join(root, "lib/simperium/jsondiff/jsondiff"));

// It gives up after a second by the clock, and then finds other differences on a
// machine that is busy.
JSONDiff.dmp.Diff_Timeout = 3600;

// Its own rebase stops at the first key that both sides change, and has no
// answer where there is none. This is the same, asked for one key at a time.
function transform(local, remote, base) {
  const result = {};
  for (const key of Object.keys(local)) {
    if (!(key in remote)) {
      result[key] = local[key];
    } else if (local[key].o === "O" && remote[key].o === "O") {
      const inner = transform(local[key].v, remote[key].v, base[key]);
      if (Object.keys(inner).length > 0) result[key] = { o: "O", v: inner };
    } else {
      const one = { [key]: local[key] };
      Object.assign(result, jsondiff.transform_object_diff(one, { [key]: remote[key] }, base));
    }
  }
  return result;
}

const actions = {
  diff: ({ old, new: edited }) => jsondiff.object_diff(old, edited),
  apply: ({ base, diff }) => jsondiff.apply_object_diff(base, diff),
  transform: ({ base, local, remote }) => transform(local, remote, base),
};

function attempt(act) {
  try {
    return { ok: act() };
  } catch (error) {
    return { failed: String(error) };
  }
}

serve({
  all: ({ cases }) =>
    cases.map((one) => {
      const act = actions[one.act];
      return attempt(() => act(one));
    }),
});
