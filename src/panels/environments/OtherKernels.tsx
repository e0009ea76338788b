import { notebookIcon } from '@jupyterlab/ui-components';
import { TranslationBundle } from '@jupyterlab/translation';
import { useReducer } from 'react';
import { Kernel } from '../../api/types';
import { Button, CommandButton } from '../../components/Button';
import { stateText } from '../../components/StateMark';
import { RowList } from '../../components/RowList';
import { useAnswer } from '../../api/useAnswer';
import { environmentIcon } from '../../icons/items';
import { IPanelServices } from '../frame/services';
import { SideRow } from '../frame/SideRow';
import { reportFailure } from '../frame/reportFailure';
import { reasonText } from '../../reasons';

const nameOf = ({ name }: Kernel) => name;

/** "python · conda environment sea". */
export function originOf({ language, origin, place }: Kernel, trans: TranslationBundle): string {
  const last = place.split('/').pop() ?? '';
  const originTexts = {
    conda: trans.__('conda environment %1', last),
    venv: trans.__('virtual environment %1', last),
    system: trans.__('of this machine')
  };
  return [language, originTexts[origin]].filter(Boolean).join(' · ');
}

/** Kernels outside of environments: users install and remove them elsewhere. */
export function OtherKernels({ services }: { services: IPanelServices }): JSX.Element | null {
  const { yard, trans } = services;
  const [turn, look] = useReducer((round: number) => round + 1, 0);
  const { answer, problem } = useAnswer(yard.client, 'kernels.list', {}, { turn });
  const kernels = answer?.items ?? [];
  const make = ({ name: kernelName }: Kernel) =>
    reportFailure(services, trans.__('The notebook was not created.'), () =>
      services.commands.execute('notebook:create-new', { kernelName })
    );
  return (
    <details className="nby-OtherKernels" onToggle={look}>
      <summary>{trans.__('Other kernels (%1)', kernels.length)}</summary>
      {problem && <p className="nby-Note">{problem}</p>}
      <RowList
        label={trans.__('Other kernels')}
        noun="kernel"
        items={kernels}
        idOf={nameOf}
        nameOf={nameOf}
        render={kernel => <Row kernel={kernel} trans={trans} />}
        actions={kernel =>
          kernel.is_there && (
            <>
              {kernel.language === 'python' && (
                <CommandButton
                  commands={services.commands}
                  id="nbyard:capture-kernel"
                  args={{ id: kernel.name }}
                  tabIndex={-1}
                  bare
                />
              )}
              <Button
                className="nby-mod-bare"
                tabIndex={-1}
                aria-label={trans.__('New Notebook with %1', kernel.title)}
                title={trans.__('New Notebook with %1', kernel.title)}
                onClick={() => void make(kernel)}
              >
                <notebookIcon.react tag="span" className="nby-Icon" />
              </Button>
            </>
          )
        }
        onOpen={kernel => kernel.is_there && void make(kernel)}
      />
    </details>
  );
}

function Row({ kernel, trans }: { kernel: Kernel; trans: TranslationBundle }): JSX.Element {
  const { name, title, is_there, interpreter, place } = kernel;
  const reason = reasonText(kernel.reason, trans);
  const detail = reason || originOf(kernel, trans);
  return (
    <SideRow
      icon={environmentIcon}
      accent={is_there ? undefined : 'gone'}
      name={title}
      detail={is_there ? detail : [stateText('gone', trans), detail].join(' · ')}
      title={[name, place, interpreter, reason].filter(Boolean).join('\n')}
    />
  );
}
