// Contentstack's client for JavaScript.

const Contentstack = require("contentstack");
const { client, serve } = require("./lines.cjs");

const stack = Contentstack.Stack({
  api_key: process.env.STACK_API_KEY,
  delivery_token: process.env.STACK_TOKEN,
  environment: process.env.STACK_ENVIRONMENT,
});
stack.setHost(process.env.STACK_HOST);
stack.setPort(Number(process.env.STACK_PORT));

serve(client((tokens) => stack.sync(Object.keys(tokens).length ? tokens : { init: true })));
