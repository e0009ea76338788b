import { FileDialog } from '@jupyterlab/filebrowser';
import { ReactNode, useId, useState } from 'react';
import { IPanelServices } from '../../frame/services';
import { pairLines, parsePairs, words } from '../../../forms/lines';
import { IDraft } from './images';

interface IChoicesProps {
  draft: IDraft;
  services: IPanelServices;
}

/** What the image contains besides the packages. */
export function Choices({ draft, services }: IChoicesProps): JSX.Element {
  const { browser, trans } = services;
  const { problems, change } = draft;
  const recipe = draft.recipe!;
  const number = (text: string) => (/^\d+$/.test(text) ? Number(text) : 0);
  const choose = async () => {
    const { manager } = browser!.tracker.currentWidget!.model;
    const title = trans.__('Folder of project files');
    const { value } = await FileDialog.getExistingDirectory({ manager, title });
    if (value?.length) {
      change({ project: manager.services.contents.localPath(value[0].path) || '.' });
    }
  };
  const fields = [
    ['base', trans.__('Base image'), recipe.base, (base: string) => change({ base })],
    ['cuda', trans.__('CUDA version'), recipe.cuda, (cuda: string) => change({ cuda })],
    ['uid', trans.__('User id'), `${recipe.uid}`, (uid: string) => change({ uid: number(uid) })],
    ['gid', trans.__('Group id'), `${recipe.gid}`, (gid: string) => change({ gid: number(gid) })]
  ] as const;
  return (
    <div className="nby-Image-choices">
      {fields.map(([name, label, value, set]) => (
        <Field key={name} label={label} value={value} problem={problems[name]} onChange={set} />
      ))}
      <TextField
        label={trans.__('System packages')}
        first={recipe.system_packages?.join(' ') ?? ''}
        problem={problems.system_packages}
        onChange={text => change({ system_packages: words(text) })}
      />
      <TextField
        label={trans.__('Packages for building only')}
        first={recipe.build_packages?.join(' ') ?? ''}
        problem={problems.build_packages}
        onChange={text => change({ build_packages: words(text) })}
      />
      <Field
        label={trans.__('Project folder')}
        value={recipe.project ?? ''}
        problem={problems.project}
        placeholder={trans.__('The files of this folder are copied to /project')}
        onChange={project => change({ project })}
      >
        {browser?.tracker.currentWidget && (
          <button type="button" className="nby-Button" onClick={() => void choose()}>
            {trans.__('Choose…')}
          </button>
        )}
      </Field>
      <TextField
        isLong
        label={trans.__('Environment variables')}
        placeholder={trans.__('NAME=VALUE')}
        first={pairLines(recipe.variables)}
        problem={problems.variables}
        onChange={text => change({ variables: parsePairs(text) })}
      />
      <TextField
        isLong
        label={trans.__('Labels')}
        placeholder={trans.__('NAME=VALUE')}
        first={pairLines(recipe.labels)}
        problem={problems.labels}
        onChange={text => change({ labels: parsePairs(text) })}
      />
    </div>
  );
}

interface ITextFieldProps {
  label: string;
  first: string;
  problem?: string;
  /** Several lines. */
  isLong?: boolean;
  placeholder?: string;
  onChange: (text: string) => void;
}

/** Keeps the text as typed, whatever is read from it. */
function TextField({ first, onChange, ...rest }: ITextFieldProps): JSX.Element {
  const [text, setText] = useState(first);
  return (
    <Field
      {...rest}
      value={text}
      onChange={next => {
        setText(next);
        onChange(next);
      }}
    />
  );
}

interface IFieldProps {
  label: string;
  value: string;
  problem?: string;
  isLong?: boolean;
  placeholder?: string;
  onChange: (value: string) => void;
  /** Shown below the field. */
  children?: ReactNode;
}

function Field(props: IFieldProps): JSX.Element {
  const { label, value, problem, isLong, placeholder, onChange, children } = props;
  const id = useId();
  const Input = isLong ? 'textarea' : 'input';
  return (
    <div className="nby-Field">
      <label htmlFor={id}>{label}</label>
      <Input
        id={id}
        className="jp-mod-styled"
        {...(isLong ? { rows: Math.max(2, value.split('\n').length) } : { type: 'text' })}
        placeholder={placeholder}
        spellCheck={false}
        value={value}
        aria-invalid={!!problem}
        aria-describedby={problem ? `${id}-problem` : undefined}
        onChange={event => onChange(event.target.value)}
      />
      {problem && (
        <div id={`${id}-problem`} className="nby-Field-error" role="alert">
          {problem}
        </div>
      )}
      {children}
    </div>
  );
}
