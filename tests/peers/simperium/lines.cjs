// Reads lines of JSON from standard input, one after the other, and answers
// each with a line of JSON.

const readline = require("node:readline");

async function serve(actions) {
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const request = JSON.parse(line);
    let answer;
    try {
      answer = (await actions[request.do](request)) ?? null;
    } catch (error) {
      answer = { error: error instanceof Error ? error.stack : JSON.stringify(error) };
    }
    process.stdout.write(JSON.stringify(answer) + "\n");
  }
  process.exit(0);
}

module.exports = { serve };
