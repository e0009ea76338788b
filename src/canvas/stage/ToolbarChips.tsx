import { ISignal } from '@lumino/signaling';
import { useSignal } from '../../components/hooks/useSignal';
import { problemIcon } from '../../icons/startup';
import { CanvasController } from '../model/controller';
import { useCanvas } from '../model/hooks';

/** At the right of the toolbar: the number of problems, and where the nodes run. */
export function ToolbarChips(): JSX.Element {
  const canvas = useCanvas();
  const { checker, commands, doc, trans } = canvas;
  const problems = useSignal(checker.changed, () => checker.problems.length);
  const environments = useNames(checker.changed, () => environmentsOf(canvas));
  const runtimes = useNames(doc.changed, () => runtimesOf(canvas));
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
          : trans.__('env: %1', environments[0] ?? trans.__('default'))}
      </button>
      <button
        type="button"
        className="nby-Chip"
        title={trans.__('Runtimes of the nodes. Click to choose another one for a run.')}
        onClick={() => void commands.execute('nbyard:run-with-parameters')}
      >
        {runtimes.length > 1
          ? trans._n('%1 runtime', '%1 runtimes', runtimes.length)
          : (runtimes[0] ?? trans.__('default runtime'))}
      </button>
    </>
  );
}

/** Return names, and others after a signal. */
function useNames(changed: ISignal<unknown, unknown>, read: () => string[]): string[] {
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

/** Return the runtimes of the nodes that set one. */
function runtimesOf({ doc }: CanvasController): string[] {
  const names = [...doc.nodes.values()].map(node => String(node.get('runtime') ?? ''));
  return [...new Set(names)].filter(Boolean);
}
