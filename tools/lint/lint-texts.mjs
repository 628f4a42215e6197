/**
 * Lints texts as if they were files of the workspace: reads `[{ file, text }]` from stdin and prints, for each, the
 * rules that fired. The spec of our rules runs this in a process of its own, as ESLint would run.
 */
import { ESLint } from 'eslint';
import { text as readAll } from 'node:stream/consumers';
import { root } from './workspace.mjs';

const eslint = new ESLint({ cwd: root });
const answers = [];
for (const { file, text } of JSON.parse(await readAll(process.stdin))) {
  const [result] = await eslint.lintText(text, { filePath: file });
  answers.push(result.messages.map(({ ruleId, message }) => ({ rule: ruleId, message })));
}
process.stdout.write(JSON.stringify(answers));
