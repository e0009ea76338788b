import { TranslationBundle } from '@jupyterlab/translation';
import { useMemo, useState } from 'react';
import { addressOf } from '../../../api/addresses';
import { LeftOut, OtherFile, Task } from '../../../api/types';
import { Boundary } from '../../../components/Boundary';
import { showBytes } from '../../../components/format/bytes';
import { CommandButton } from '../../../components/Button';
import { RowList } from '../../../components/RowList';
import { useAnswer } from '../../../api/useAnswer';
import { taskTitle } from '../../model/names';
import { SAVE_FILES } from '../../saving/saveFiles';
import { useServices } from '../context/hooks';
import { UndeclaredFiles } from '../parameters/UndeclaredFiles';
import { DownloadIcon } from './DownloadIcon';
import { Preview, previewOfFile } from './Preview';

interface IOtherFilesProps {
  run: string;
  /** The tasks that wrote such files. */
  tasks: readonly Task[];
  all: readonly Task[];
}

/** Files that tasks wrote without declaring them as outputs. */
export function OtherFiles({ run, tasks, all }: IOtherFilesProps): JSX.Element | null {
  const { trans } = useServices();
  return tasks.length ? (
    <section className="nby-OtherFiles" aria-label={trans.__('Other files')}>
      <h3 title={trans.__('Files that the code wrote without declaring them as outputs')}>
        {trans.__('Other files')}
      </h3>
      {tasks.map(task => (
        <OfStep
          key={task.id}
          run={run}
          task={task}
          title={taskTitle(task, all)}
          isOpen={tasks.length === 1}
        />
      ))}
    </section>
  ) : null;
}

interface IOfStepProps {
  run: string;
  task: Task;
  title: string;
  isOpen: boolean;
}

const pathOf = ({ path }: OtherFile): string => path;

function OfStep({ run, task, title, isOpen }: IOfStepProps): JSX.Element {
  const { trans, yard, commands } = useServices();
  const [open, setOpen] = useState(isOpen);
  const [chosen, setChosen] = useState<string>();
  const step = useMemo(() => ({ run, node: task.node }), [run, task.node]);
  const { count = 0, size_bytes = 0, left_out = [], more = 0, digest } = task.other_files ?? {};
  const question = open ? { path: step } : undefined;
  const { answer, problem } = useAnswer(yard.client, 'runs.files', question, { turn: digest });
  const list = problem ? undefined : answer;
  const shown = list?.files.find(({ path }) => path === chosen);
  const show = ({ path }: OtherFile) => setChosen(path);
  return (
    <details open={open} onToggle={event => setOpen(event.currentTarget.open)}>
      <summary>
        <strong>{title}</strong>{' '}
        <span className="nby-Dim">
          {trans._n('%1 file', '%1 files', count)} · {showBytes(size_bytes)}
        </span>
      </summary>
      {count > 0 && (
        <div className="nby-Bar">
          <CommandButton commands={commands} id={SAVE_FILES} args={step} />
          <a
            className="nby-Button"
            download
            href={addressOf(yard.client, 'runs.file', { path: step })}
          >
            {trans.__('Download All')}
          </a>
        </div>
      )}
      {open && <UndeclaredFiles run={run} node={task.node} state={task.state} />}
      {open && !list && <p className="nby-Note">{problem ?? trans.__('Loading…')}</p>}
      {list && (
        <div className="nby-OtherFiles-parts">
          <RowList
            label={trans.__('Other files of %1', title)}
            noun="other-file"
            items={list.files}
            idOf={pathOf}
            nameOf={pathOf}
            selected={chosen}
            onSelect={show}
            onOpen={show}
            render={file => (
              <>
                <span className="nby-Row-name">{file.path}</span>
                <span className="nby-Dim">{showBytes(file.size_bytes)}</span>
              </>
            )}
            actions={file => (
              <DownloadIcon
                filename={file.path.split('/').pop()!}
                href={addressOf(yard.client, 'runs.file', {
                  path: step,
                  query: { path: file.path }
                })}
                trans={trans}
              />
            )}
          />
          {shown && (
            <Boundary key={shown.path} trans={trans}>
              <Preview shown={previewOfFile(yard, step, shown)} />
            </Boundary>
          )}
        </div>
      )}
      <NotKept left={left_out} more={more} />
    </details>
  );
}

function NotKept({ left, more }: { left: readonly LeftOut[]; more: number }): JSX.Element | null {
  const { trans } = useServices();
  if (!left.length && !more) {
    return null;
  }
  return (
    <ul className="nby-OtherFiles-left" aria-label={trans.__('Files that were not stored')}>
      {left.map(file => (
        <li key={file.path}>
          {file.path}
          {file.size_bytes ? ` (${showBytes(file.size_bytes)})` : ''} {whyNot(trans, file)}
        </li>
      ))}
      {more > 0 && (
        <li>{trans._n('%1 more file was not stored', '%1 more files were not stored', more)}</li>
      )}
    </ul>
  );
}

function whyNot(trans: TranslationBundle, { why }: LeftOut): string {
  const reasonTexts: Record<LeftOut['why'], string> = {
    'too-large': trans.__('was not stored: the task wrote more bytes than the limit'),
    'too-many': trans.__('was not stored: the task wrote more files than the limit'),
    'no-room': trans.__('was not stored: the disk of the store was full'),
    ignored: trans.__('was not stored: an ignore rule excludes it'),
    link: trans.__('was not stored: it is a link or not a regular file'),
    name: trans.__('was not stored: its name is invalid on other systems'),
    secret: trans.__('was not stored: it contains a credential of the run'),
    unreadable: trans.__('was not stored: it could not be read'),
    above: trans.__(
      'was not stored: write it below the folder of the code, or declare it as an output'
    )
  };
  return reasonTexts[why];
}
