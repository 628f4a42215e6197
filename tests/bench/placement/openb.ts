import { createReadStream } from 'node:fs';
import {
  type FgdCurve,
  fgdCurves,
  type OpenbNode,
  openbNodes,
  type OpenbTask,
  openbTasks,
  readTrace,
  type TraceFormat,
} from '@ostro/traces';
import { dataFile } from '../bench-data.ts';

/** The nodes of the trace, in the order of the file. */
export interface Cluster {
  readonly nodes: readonly OpenbNode[];
  /** Of all GPUs together: 1000 each. */
  readonly gpuMilli: number;
}

/** @throws TraceRowError naming line and column of a row that makes no sense; Error for nodes without any GPU. */
export async function readCluster(file: string): Promise<Cluster> {
  const nodes = await rowsOf(openbNodes, file);
  const gpuMilli = nodes.reduce((sum, { gpus }) => sum + 1000 * gpus, 0);
  if (gpuMilli === 0) throw new Error(`${file} has no GPUs: nothing can be allocated; give a list of GPU nodes`);
  return { nodes, gpuMilli };
}

/** @throws TraceRowError as above; Error for a list that asks for no GPU, which would never fill a cluster. */
export async function readTasks(file: string): Promise<readonly OpenbTask[]> {
  const tasks = await rowsOf(openbTasks, file);
  if (!tasks.some(({ gpus }) => gpus > 0)) throw new Error(`no task of ${file} asks for a GPU; give a list that does`);
  return tasks;
}

export async function readPublished(file: string): Promise<readonly FgdCurve[]> {
  return rowsOf(fgdCurves, file);
}

async function rowsOf<Row>(format: TraceFormat<Row>, file: string): Promise<readonly Row[]> {
  const rows: Row[] = [];
  for await (const row of readTrace(format, createReadStream(dataFile(file)))) rows.push(row);
  return rows;
}
