import { ISignal } from '@lumino/signaling';
import { useMemo } from 'react';
import { useSignal } from '../../components/hooks/useSignal';
import { useNames } from '../../forms/runtimes';
import { problemIcon } from '../../icons/startup';
import { CanvasController } from '../model/controller';
import { useCanvas } from '../model/hooks';

/** At the right of the toolbar: the number of problems, and the environments and runtimes of the nodes. */
export function ToolbarChips(): JSX.Element {
  const canvas = useCanvas();
  const { checker, commands, doc, services, trans } = canvas;
  const problems = useSignal(checker.changed, () => checker.problems.length);
  const environments = useList(checker.changed, () => environmentsOf(canvas));
  const [usual = ''] = useNames(
    useMemo(() => services.backend?.runtimes().then(({ names }) => names), [services]),
    ''
  );
  const runtimes = useList(doc.changed, () => runtimesOf(canvas, usual));
  return (
    <>
      {problems > 0 && (
        <button
          type="button"
          className="nby-Chip nby-mod-problems"
          title={trans.__('Go to Next Problem')}
          onClick={() => void commands.execute('nbyard:next-problem')}
        >
          <problemIcon.react tag="span" className="nby-Icon" />
          {trans._n('%1 problem', '%1 problems', problems)}
        </button>
      )}
      {environments.length > 0 && (
        <button
          type="button"
          className="nby-Chip"
          title={trans.__('Environments of the nodes. Click to choose one for the workflow.')}
          onClick={() => {
            canvas.clearSelection();
            canvas.showInspector(true);
          }}
        >
          {environments.length > 1
            ? trans._n('%1 environment', '%1 environments', environments.length)
            : trans.__('env: %1', environments[0])}
        </button>
      )}
      {runtimes.length > 0 && (
        <button
          type="button"
          className="nby-Chip"
          title={trans.__('Runtimes of the nodes. Click to choose another one for a run.')}
          onClick={() => void commands.execute('nbyard:run-with-parameters')}
        >
          {runtimes.length > 1
            ? trans._n('%1 runtime', '%1 runtimes', runtimes.length)
            : runtimes[0]}
        </button>
      )}
    </>
  );
}

/** Return names, and others after a signal. */
function useList(changed: ISignal<unknown, unknown>, read: () => string[]): string[] {
  const text = useSignal(changed, () => JSON.stringify(read()));
  return JSON.parse(text) as string[];
}

/** Return the environments that a run would use, each with its version. */
function environmentsOf({ checker, doc }: CanvasController): string[] {
  const names = [...doc.nodes.keys()].map(id => {
    const used = checker.reading(id)?.used_environment;
    return used ? `${used.name} ${used.number}` : '';
  });
  return [...new Set(names)].filter(Boolean);
}

/** Return the runtimes of the executables; those that set none have the usual one of the server. */
function runtimesOf({ doc }: CanvasController, usual: string): string[] {
  const names = [...doc.nodes.values()]
    .filter(node => node.get('type') === 'executable')
    .map(node => String(node.get('runtime') ?? usual));
  return [...new Set(names)].filter(Boolean);
}
