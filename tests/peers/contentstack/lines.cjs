// Reads lines of JSON from standard input, one after the other, and answers
// each with a line of JSON.

const fs = require("node:fs");
const readline = require("node:readline");

function peakKib() {
  const status = fs.readFileSync("/proc/self/status", "utf8");
  return Number(/VmHWM:\s+(\d+)/.exec(status)[1]);
}

// `page(tokens)` is one page, of `{}` for the beginning, `{pagination_token}`
// or `{sync_token}`.
async function* pages(page, tokens) {
  for (;;) {
    const answer = await page(tokens);
    yield answer;
    if (answer.pagination_token === undefined) return;
    tokens = { pagination_token: answer.pagination_token };
  }
}

function client(page) {
  let token;
  async function everything(tokens) {
    const items = [];
    for await (const answer of pages(page, tokens)) {
      items.push(...answer.items);
      token = answer.sync_token;
    }
    return { items, token };
  }
  return {
    init: () => everything({}),
    delta: () => everything({ sync_token: token }),
    count: async () => {
      let items = 0;
      const begun = process.hrtime.bigint();
      for await (const answer of pages(page, {})) items += answer.items.length;
      const seconds = Number(process.hrtime.bigint() - begun) / 1e9;
      return { seconds, items, peak_kib: peakKib() };
    },
  };
}

async function serve(actions) {
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const request = JSON.parse(line);
    let answer;
    try {
      answer = await actions[request.do](request);
    } catch (error) {
      answer = { error: error instanceof Error ? error.stack : JSON.stringify(error) };
    }
    process.stdout.write(JSON.stringify(answer) + "\n");
  }
  process.exit(0);
}

module.exports = { client, serve };
