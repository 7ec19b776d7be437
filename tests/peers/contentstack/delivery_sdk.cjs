// Contentstack's client for TypeScript.

const { default: contentstack } = require("@contentstack/delivery-sdk");
const { client, serve } = require("./lines.cjs");

const stack = contentstack.stack({
  apiKey: process.env.STACK_API_KEY,
  deliveryToken: process.env.STACK_TOKEN,
  environment: process.env.STACK_ENVIRONMENT,
  host: process.env.STACK_HOST,
  port: Number(process.env.STACK_PORT),
});

serve(
  client(({ pagination_token, sync_token }) => {
    if (pagination_token) return stack.sync({ paginationToken: pagination_token });
    if (sync_token) return stack.sync({ syncToken: sync_token });
    return stack.sync();
  }),
);
