import { type ClientWish, isObject } from './client-wish.ts';
import { type EngineUsage, finishReasonOf, usageOf } from './engine-usage.ts';

export interface WholeAnswer {
  readonly body: Buffer;
  readonly usage: EngineUsage | undefined;
  readonly finishReason: string | undefined;
}

/** An answer that came at once, with the client's name for the model. Bytes that are no JSON object stay as they are. */
export function readWholeAnswer(body: Buffer, wish: ClientWish): WholeAnswer {
  let answer: unknown;
  try {
    answer = JSON.parse(body.toString('utf8'));
  } catch {
    answer = undefined;
  }
  if (!isObject(answer)) return { body, usage: undefined, finishReason: undefined };
  const isNamed = !('model' in answer) || answer['model'] === wish.model;
  const shown = isNamed ? body : Buffer.from(JSON.stringify({ ...answer, model: wish.model }));
  return { body: shown, usage: usageOf(answer), finishReason: finishReasonOf(answer) };
}
