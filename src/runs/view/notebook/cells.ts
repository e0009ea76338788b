/** The executed notebook of a task, reloaded as its cells finish. */
import { useEffect, useState } from 'react';
import { Cells } from '../../../api/types';
import { RunModel } from '../../model/runModel';
import { IRunServices } from '../../model/services';
import { useActivity, useDetail } from '../context/hooks';

export interface IExecutedCell {
  id?: string;
  cell_type: string;
  source: string | string[];
  outputs?: unknown[];
  execution_count?: number | null;
  metadata?: Record<string, unknown>;
}

export interface IExecuted {
  cells?: readonly IExecutedCell[];
  language: string;
  done: number;
  total: number;
  current?: number | null;
  problem?: string;
  loading: boolean;
}

const NOTHING: IExecuted = { done: 0, total: 0, language: '', loading: true };

export function useExecuted(
  services: IRunServices,
  model: RunModel,
  node: string | undefined,
  attempt = 0
): IExecuted {
  useDetail(model);
  const activity = useActivity(model);
  const task = node === undefined ? undefined : model.task(node);
  const sign = node && activity.get(node);
  // when any of this changes, there may be more cells
  const mark =
    task && `${task.state} ${sign ? `${sign.attempt} ${sign.done} ${sign.current}` : ''}`;
  const [executed, setExecuted] = useState<IExecuted>(NOTHING);
  useEffect(() => setExecuted(NOTHING), [node, attempt]);
  useEffect(() => {
    if (node === undefined || mark === undefined) {
      return;
    }
    const control = new AbortController();
    services.yard.client
      .call('runs.cells', {
        path: { run: model.id, node },
        query: { attempt },
        signal: control.signal
      })
      .then(answer => setExecuted(read(answer)))
      .catch((error: Error) => {
        if (!control.signal.aborted) {
          setExecuted({ ...NOTHING, loading: false, problem: error.message });
        }
      });
    return () => control.abort();
  }, [services, model, node, attempt, mark]);
  return executed;
}

export function read({ notebook, done, total, current }: Cells): IExecuted {
  const content = notebook as {
    cells?: IExecutedCell[];
    metadata?: { language_info?: { name?: string }; kernelspec?: { language?: string } };
  } | null;
  const meta = content?.metadata;
  return {
    cells: content?.cells,
    language: meta?.language_info?.name ?? meta?.kernelspec?.language ?? 'python',
    done,
    total,
    current,
    loading: false
  };
}

export function sourceOf(cell: IExecutedCell): string {
  return Array.isArray(cell.source) ? cell.source.join('') : cell.source;
}

export function hasError(cell: IExecutedCell): boolean {
  return !!cell.outputs?.some(
    output => (output as { output_type?: string }).output_type === 'error'
  );
}

/** Return a cell's number in the original notebook; undefined for injected parameters. */
export function numberOf(cells: readonly IExecutedCell[], index: number): number | undefined {
  const injected = cells.findIndex(cell =>
    (cell.metadata?.tags as string[] | undefined)?.includes?.('injected-parameters')
  );
  return index === injected ? undefined : index + (injected < 0 || index < injected ? 1 : 0);
}
