import type { Answer } from './first-question.ts';
import type { ChargeView } from './management.ts';
import type { LocalOstro } from './run-local.ts';

/**
 * What a person needs after the first answer. The key is shown on purpose: it belongs to this machine and is kept in
 * credentials.json.
 */
export function afterFirstAnswer(ostro: LocalOstro, answer: Answer, charge: ChargeView, dataDir: string): string {
  const { amount, currency } = charge.amount;
  const model = ostro.deployment.name;
  return `
  ${answer.promptTokens} prompt + ${answer.completionTokens} completion tokens · billed ${amount} ${currency} · request ${answer.requestId}
  invoice line: ${model}, ${answer.promptTokens + answer.completionTokens} tokens, ${amount} ${currency}

  Call it yourself:

    curl ${ostro.gatewayUrl}/v1/chat/completions \\
      -H "authorization: Bearer ${ostro.apiKey}" -H "content-type: application/json" \\
      -d '{"model": "${model}", "messages": [{"role": "user", "content": "Hello!"}], "max_tokens": 64}'

    import OpenAI from 'openai';   // npm install openai; here it is installed
    const client = new OpenAI({ baseURL: '${ostro.gatewayUrl}/v1', apiKey: '${ostro.apiKey}' });
    const messages = [{ role: 'user', content: 'Hello!' }];
    const answer = await client.chat.completions.create({ model: '${model}', messages, max_tokens: 64 });
    console.log(answer.choices[0].message.content);

  OpenAI-compatible API  ${ostro.gatewayUrl}/v1
  management API         ${ostro.apiUrl}/v1   (docs: ${ostro.apiUrl}/docs)
  metrics                http://${ostro.metricsAddress}/metrics
  logs and data          ${dataDir}
  command line           npx ostro status · npx ostro chat ${model} · npx ostro usage

  Ctrl-C stops everything.`;
}

/** One JSON object: what `npm run demo -- --json` prints. */
export function demoResult(ostro: LocalOstro, answer: Answer, charge: ChargeView, phases: readonly object[]): object {
  return {
    answer: answer.text,
    promptTokens: answer.promptTokens,
    completionTokens: answer.completionTokens,
    cost: charge.amount.amount,
    currency: charge.amount.currency,
    requestId: answer.requestId,
    traceId: answer.traceId,
    model: ostro.deployment.name,
    modelDigest: ostro.deployment.revision.model_digest,
    node: ostro.replica.node_id,
    phases,
  };
}
