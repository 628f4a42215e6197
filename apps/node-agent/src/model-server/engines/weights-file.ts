import { open } from 'node:fs/promises';
import { DomainError } from '@ostro/kernel';
import { readGgufHeader } from '@ostro/model-formats';

/**
 * Checks the header before llama.cpp's own reader sees it: that one trusts the counts in a damaged file and never
 * comes back.
 * @throws DomainError NOT_FOUND (MODEL_MISSING), DATA_LOSS (MODEL_BROKEN)
 */
export async function checkWeights(path: string): Promise<void> {
  const file = await open(path, 'r').catch((error: unknown) => {
    const message = `the model file ${path} cannot be opened; pull the weights again`;
    throw new DomainError('NOT_FOUND', 'MODEL_MISSING', message, { cause: error });
  });
  try {
    const { size } = await file.stat();
    const read = async (offset: number, length: number): Promise<Uint8Array> => {
      const { buffer, bytesRead } = await file.read({ buffer: Buffer.alloc(length), position: offset });
      return buffer.subarray(0, bytesRead);
    };
    await readGgufHeader({ size, read });
  } catch (error) {
    throw brokenWeights(path, error);
  } finally {
    await file.close();
  }
}

export function brokenWeights(path: string, cause: unknown): DomainError {
  const problem = cause instanceof Error ? cause.message : String(cause);
  const message = `the model file ${path} cannot be loaded: ${problem}; verify the file against its manifest`;
  return new DomainError('DATA_LOSS', 'MODEL_BROKEN', message, { cause });
}
