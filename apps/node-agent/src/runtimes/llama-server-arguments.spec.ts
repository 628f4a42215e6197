import { llamaServerArguments } from './llama-server-arguments.ts';

const spec = {
  weightsPath: '/cache/model.gguf',
  servedName: 'gemma',
  contextTokens: 2048,
  slots: 4,
  threads: 2,
  embedding: false,
};
const options = { port: 4711, gpuLayers: 0, cacheRamMiB: 0 };

function valueOf(args: readonly string[], name: string): string | undefined {
  return args.includes(name) ? args[args.indexOf(name) + 1] : undefined;
}

describe('llamaServerArguments', () => {
  it('gives every slot the promised context', () => {
    const args = llamaServerArguments(spec, options);
    expect(valueOf(args, '--ctx-size')).toBe('8192');
    expect(valueOf(args, '--parallel')).toBe('4');
  });

  it('listens on loopback, keeps the key off the command line and sizes everything explicitly', () => {
    const args = llamaServerArguments(spec, { ...options, gpuLayers: 99 });
    expect(valueOf(args, '--host')).toBe('127.0.0.1');
    expect(valueOf(args, '--port')).toBe('4711');
    expect(args).not.toContain('--api-key');
    expect(valueOf(args, '--n-gpu-layers')).toBe('99');
    expect(valueOf(args, '--threads')).toBe('2');
  });

  it('reuses no state between prompts where organizations share the replica', () => {
    const args = llamaServerArguments(spec, options);
    expect(valueOf(args, '--cache-ram')).toBe('0');
    expect(args).toContain('--no-cache-prompt');
    expect(args).not.toContain('--slot-save-path');
  });

  it('keeps a prompt cache where one organization has the replica to itself', () => {
    const args = llamaServerArguments(spec, { ...options, cacheRamMiB: 512 });
    expect(valueOf(args, '--cache-ram')).toBe('512');
    expect(args).not.toContain('--no-cache-prompt');
  });

  it('embeds only when asked to', () => {
    expect(llamaServerArguments(spec, options)).not.toContain('--embedding');
    expect(llamaServerArguments({ ...spec, embedding: true }, options)).toContain('--embedding');
  });
});
