import { TranslationBundle } from '@jupyterlab/translation';
import { useState } from 'react';
import { LinkButton } from './Button';
import { Reason, reasonText } from '../reasons';
import { Refusal } from './text/messages';

/** A file that the code opens; `path` is relative to the folder of the code. */
export interface IOpenedFile {
  path: string;
  role: 'value' | 'input' | 'output';
  /** The name of the port that would declare it. */
  name: string;
  format?: string;
}

/** Undeclared files that a node opened in its last run. */
export interface IUndeclared {
  /** The code file below the server's root. */
  code: string;
  files?: readonly IOpenedFile[];
  /** Why they cannot be declared. */
  problem?: Reason | null;
}

/** Paths to declare, names of arguments to remove, or classes of outputs by name. */
export interface IDeclareFiles {
  inputs?: string[];
  outputs?: string[];
  remove?: string[];
  classes?: Record<string, '' | 'data' | 'model' | 'metrics' | 'report'>;
}

export interface IDeclared {
  /** The description file that was written. */
  description: string;
  added: readonly { name: string; role?: string; default?: unknown; reach?: unknown }[];
}

interface IOpenedFilesProps {
  undeclared: IUndeclared | undefined | null;
  readOnly?: boolean;
  trans: TranslationBundle;
  declare: (change: IDeclareFiles) => Promise<IDeclared>;
}

/**
 * Undeclared files of a node with a button to declare all of them. Afterwards it shows the change
 * with a button to undo it.
 */
export function OpenedFiles(props: IOpenedFilesProps): JSX.Element | null {
  const { undeclared, readOnly, trans, declare } = props;
  const [done, setDone] = useState<IDeclared>();
  const [problem, setProblem] = useState('');
  const [busy, setBusy] = useState(false);
  const files = undeclared?.files ?? [];
  const change = async (asked: IDeclareFiles) => {
    setBusy(true);
    setProblem('');
    try {
      const answer = await declare(asked);
      setDone(asked.remove ? undefined : answer);
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
    } finally {
      setBusy(false);
    }
  };
  if (!files.length && !done && !problem) {
    return null;
  }
  return (
    <div className="nby-OpenedFiles">
      {files.length > 0 && (
        <p>
          <Sentence files={files} trans={trans} />{' '}
          {undeclared?.problem
            ? trans.__('Not declared: %1.', reasonText(undeclared.problem, trans))
            : !readOnly && (
                <LinkButton
                  disabled={busy}
                  title={trans.__('Add these files to the description file of the code')}
                  onClick={() => void change(asDeclared(files))}
                >
                  {trans.__('Declare as Inputs and Outputs')}
                </LinkButton>
              )}
        </p>
      )}
      {done && (
        <p role="status">
          {trans.__(
            'Declared %1 in %2.',
            done.added.map(({ name, default: path }) => `${name} (${String(path)})`).join(', '),
            done.description
          )}{' '}
          {done.added.some(({ role }) => role === 'output') &&
            trans.__(
              'Run again to get the outputs as results. If one of them is a model, you can then deploy it.'
            )}{' '}
          <LinkButton
            disabled={busy}
            onClick={() => void change({ remove: done.added.map(({ name }) => name) })}
          >
            {trans.__('Undo')}
          </LinkButton>
        </p>
      )}
      <Refusal>{problem}</Refusal>
    </div>
  );
}

export function asDeclared(files: readonly IOpenedFile[]): IDeclareFiles {
  const of = (role: string) => files.filter(file => file.role === role).map(({ path }) => path);
  return { inputs: of('input'), outputs: of('output') };
}

function Sentence(props: { files: readonly IOpenedFile[]; trans: TranslationBundle }) {
  const { files, trans } = props;
  const parts = (
    [
      ['input', trans.__('reads')],
      ['output', trans.__('writes')]
    ] as const
  ).map(([role, verb]) => ({ verb, own: files.filter(file => file.role === role) }));
  return (
    <>
      {trans.__('The code also')}{' '}
      {parts
        .filter(({ own }) => own.length)
        .map(({ verb, own }, at) => (
          <span key={verb}>
            {at > 0 && ', '}
            {verb}{' '}
            {own.map(({ path }, index) => (
              <span key={path}>
                {index > 0 && ', '}
                <code>{path}</code>
              </span>
            ))}
          </span>
        ))}
      .
    </>
  );
}
