import { TranslationBundle } from '@jupyterlab/translation';
import { Fragment, lazy, Suspense, useState } from 'react';
import { RunDetail, Task } from '../../api/types';
import { Button } from '../../components/Button';
import { plainText } from '../../components/format/plainText';
import { problemIcon } from '../../icons/startup';
import { failingLines, failingSourceArgs } from '../model/failingLine';
import { taskTitle } from '../model/names';
import { useServices } from './context/hooks';
import { LaterAssignment } from './notebook/LaterAssignment';
import { UndeclaredFiles } from './parameters/UndeclaredFiles';
import { firstLine, reasonText } from '../../reasons';

const AddMissing = lazy(() => import('../../environments/AddMissing'));

interface IFailureBannerProps {
  detail: RunDetail;
  /** Whether a node is a map: its elements have logs. */
  isMap: (node: string) => boolean;
  onCell: (node: string, cell: number) => void;
  onLog: (node: string) => void;
}

const LINES = 5;
/** At most this many failed tasks are named. */
const NAMED = 8;

/** The failed tasks, the reason of one of them in one line, and its cell or its last log lines. */
export function FailureBanner(props: IFailureBannerProps): JSX.Element | null {
  const { detail, isMap, onCell, onLog } = props;
  const { yard, trans, commands } = useServices();
  const [chosen, setChosen] = useState<string>();
  const failed = detail.tasks.filter(candidate => candidate.state === 'failed');
  const task = failed.find(({ node }) => node === chosen) ?? failed[0];
  if (!task) {
    return null;
  }
  const { failure } = task;
  const cell = failure?.cell;
  const executed = failure?.executed_cell;
  const traceback = plainText(failure?.traceback ?? '');
  const lines = traceback.trimEnd().split('\n').slice(-LINES).join('\n');
  const cellLines = failingLines(failure?.traceback ?? '');
  const [, unknown] = /name '([\p{L}\p{N}_]+)' is not defined/u.exec(sentence(task, trans)) ?? [];
  const [, prompt] = /In ?\[(\d+)\]/.exec(traceback) ?? [];
  return (
    <section className="nby-Failure" role="alert">
      {failed.length > 1 && (
        <div className="nby-Failure-line">
          <span>{trans.__('%1 tasks failed:', failed.length)}</span>
          {failed.slice(0, NAMED).map(failedTask => (
            <Button
              key={failedTask.node}
              aria-pressed={failedTask === task}
              onClick={() => setChosen(failedTask.node)}
            >
              {taskTitle(failedTask, detail.tasks)}
            </Button>
          ))}
          {failed.length > NAMED && (
            <span>{trans.__('and %1 more, under Tasks', failed.length - NAMED)}</span>
          )}
        </div>
      )}
      <div className="nby-Failure-line">
        <problemIcon.react tag="span" className="nby-Icon" />
        <span className="nby-Failure-cause">
          <strong>{taskTitle(task, detail.tasks)}</strong> {sentence(task, trans)}
          {typeof cell === 'number' && (
            <>
              {' · '}
              {prompt
                ? trans.__('cell %1 (In [%2])', cell + 1, prompt)
                : trans.__('cell %1', cell + 1)}
            </>
          )}
        </span>
        {typeof executed === 'number' && (
          <>
            <Button onClick={() => onCell(task.node, executed)}>
              {trans.__('Show Failing Cell')}
            </Button>
            <Button
              onClick={() =>
                void commands.execute('nbyard:open-executed', {
                  run: detail.run.id,
                  node: task.node,
                  label: task.label ?? ''
                })
              }
            >
              {trans.__('Open Executed Notebook')}
            </Button>
          </>
        )}
        <Button onClick={() => onLog(task.node)}>
          {isMap(task.node) ? trans.__('Show Elements') : trans.__('Show Log')}
        </Button>
        {task.executable_id && !isMap(task.node) && (
          <Button
            disabled={!failure} // its place comes a moment after the state
            onClick={() =>
              void commands.execute('nbyard:edit-executable-source', failingSourceArgs(task))
            }
          >
            {trans.__('Edit Source')}
          </Button>
        )}
      </div>
      {task.missing && (
        <Suspense fallback={null}>
          <AddMissing
            key={task.id}
            yard={yard}
            commands={commands}
            trans={trans}
            run={detail.run.id}
            missing={task.missing}
          />
        </Suspense>
      )}
      {/no such file/i.test(sentence(task, trans)) && (
        <UndeclaredFiles key={task.id} run={detail.run.id} node={task.node} state={task.state} />
      )}
      {unknown && typeof executed === 'number' && (
        <LaterAssignment key={task.id} run={detail.run.id} node={task.node} name={unknown} />
      )}
      {cellLines.length > 0 ? (
        <div
          className="nby-Failure-cell"
          tabIndex={0}
          role="group"
          aria-label={trans.__('Failing code')}
        >
          {cellLines.map(({ number, code, failed: isOwn }, place) => (
            <Fragment key={place}>
              <span className={isOwn ? 'nby-Failure-own' : undefined}>{number}</span>
              <code className={isOwn ? 'nby-Failure-own' : undefined}>{code}</code>
            </Fragment>
          ))}
        </div>
      ) : (
        lines && (
          <pre tabIndex={0}>
            <code>{lines}</code>
          </pre>
        )
      )}
    </section>
  );
}

function sentence(task: Task, trans: TranslationBundle): string {
  return firstLine(reasonText(task.failure?.reason ?? task.reason, trans));
}
