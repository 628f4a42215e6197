/** What the client asked for and must get, while the engine is asked for more. */
export interface ClientWish {
  /** What the client put into `model`; answers say the same. */
  readonly model: unknown;
  readonly isStream: boolean;
  readonly wantsUsage: boolean;
  readonly wantsRunningUsage: boolean;
}

export interface RewrittenRequest {
  readonly body: Record<string, unknown>;
  readonly wish: ClientWish;
}

/** The engine is called by its own name and always asked for running usage: delivered tokens are counted by it. */
export function rewriteRequest(body: Readonly<Record<string, unknown>>, servedName: string): RewrittenRequest {
  const options = isObject(body['stream_options']) ? body['stream_options'] : {};
  const isStream = body['stream'] === true;
  const wish = {
    model: body['model'],
    isStream,
    wantsUsage: isStream && options['include_usage'] === true,
    wantsRunningUsage: isStream && options['continuous_usage_stats'] === true,
  };
  if (!isStream) return { body: { ...body, model: servedName }, wish };
  const forced = { ...options, include_usage: true, continuous_usage_stats: true };
  return { body: { ...body, model: servedName, stream_options: forced }, wish };
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
