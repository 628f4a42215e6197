/** Loads each file named on the command line in llama.cpp, weights and all, and says of each how it went. */
import { getLlama } from 'node-llama-cpp';

const llama = await getLlama({ gpu: false, build: 'never', logLevel: 'disabled', maxThreads: 1 });
for (const modelPath of process.argv.slice(2)) {
  process.stdout.write(`${JSON.stringify(await outcome(modelPath))}\n`);
}

async function outcome(modelPath) {
  try {
    const model = await llama.loadModel({ modelPath, vocabOnly: false });
    await model.dispose();
    return { modelPath, loaded: true };
  } catch (error) {
    return { modelPath, loaded: false, reason: String(error) };
  }
}
