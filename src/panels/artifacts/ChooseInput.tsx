import { PathExt } from '@jupyterlab/coreutils';
import { Contents } from '@jupyterlab/services';
import { CSSProperties, useEffect, useRef, useState } from 'react';
import { IPickerItem, Picker } from '../../components/Picker';
import { IArgument } from '../../document/arguments';
import { IPanelServices } from '../frame/services';

interface IChooseInputProps {
  services: IPanelServices;
  argument: IArgument;
  /** Where the files are looked for first. */
  folder: string;
  /** Names of datasets and artifacts, with the word for what they are. */
  names: readonly (readonly [string, string])[];
  onName: (name: string) => void;
}

const UP = '..';
/** The height of the list, and of the head of its field, in pixels. */
const HEIGHT = 270;
const HEAD = 28;

/** Chooses a file of the server, a dataset or an artifact for an input. */
export function ChooseInput(props: IChooseInputProps): JSX.Element {
  const { services, argument, onName } = props;
  const { trans } = services;
  const [folder, setFolder] = useState<string>();
  const button = useRef<HTMLButtonElement>(null);
  const label = trans.__('Choose a file or data for “%1”', argument.name);
  const done = (item: IPickerItem | undefined) => {
    const [kind, value] = split(item?.id ?? '');
    if (kind === 'folder') {
      return setFolder(value);
    }
    setFolder(undefined);
    button.current?.focus();
    if (item) {
      onName(value);
    }
  };
  return (
    <>
      <button
        ref={button}
        type="button"
        className="nby-Button"
        aria-label={label}
        aria-expanded={folder !== undefined}
        onClick={() => setFolder(folder === undefined ? props.folder : undefined)}
      >
        {trans.__('Choose…')}
      </button>
      {folder !== undefined && (
        <List key={folder} {...props} folder={folder} style={place(button.current)} onDone={done} />
      )}
    </>
  );
}

/** Return the place of the list in a dialog: over its other fields, and over its border. */
function place(button: HTMLElement | null): CSSProperties | undefined {
  const field = button?.closest('.jp-Dialog .nby-Field');
  if (!field) {
    return undefined;
  }
  const { top, left, width } = field.getBoundingClientRect();
  const highest = Math.max(0, window.innerHeight - HEIGHT);
  return { position: 'fixed', top: Math.min(top + HEAD, highest), left, width };
}

/** Split the id of an item, such as `file:data/a.csv`. */
function split(id: string): [string, string] {
  const at = id.indexOf(':');
  return [id.slice(0, at), id.slice(at + 1)];
}

interface IListProps extends IChooseInputProps {
  style?: CSSProperties;
  onDone: (item: IPickerItem | undefined) => void;
}

function List({ services, argument, folder, names, style, onDone }: IListProps): JSX.Element {
  const { app, trans } = services;
  const [files, setFiles] = useState<readonly Contents.IModel[]>([]);
  useEffect(() => {
    let isCurrent = true;
    app.serviceManager.contents.get(folder).then(
      ({ content }) => isCurrent && setFiles(content as Contents.IModel[]),
      () => undefined // datasets and artifacts can be chosen all the same
    );
    return () => void (isCurrent = false);
  }, [app, folder]);
  return (
    <Picker
      title={trans.__('Files in “%1”, datasets and artifacts', folder || '/')}
      style={style}
      items={itemsOf(files, folder, names, argument.format, {
        file: trans.__('file'),
        folder: trans.__('folder')
      })}
      nothing={trans.__('No file or data with this name')}
      onDone={onDone}
    />
  );
}

/** Return what can be chosen: first files of the wanted format, then data, then the rest. */
export function itemsOf(
  files: readonly Contents.IModel[],
  folder: string,
  names: readonly (readonly [string, string])[],
  format: string | undefined,
  details: { file: string; folder: string }
): IPickerItem[] {
  const item = (kind: 'file' | 'folder') => (entry: { name: string; path: string }) => ({
    id: `${kind}:${entry.path}`,
    label: entry.name,
    detail: details[kind]
  });
  const isFolder = ({ type }: Contents.IModel) => type === 'directory';
  const fits = ({ name }: Contents.IModel) => PathExt.extname(name) === `.${format}`;
  const shown = [...files]
    .filter(({ name }) => !name.startsWith('.'))
    .sort((left, right) => left.name.localeCompare(right.name));
  const plain = shown.filter(file => !isFolder(file));
  const above = folder ? [{ name: UP, path: PathExt.dirname(folder) }] : [];
  return [
    ...plain.filter(fits).map(item('file')),
    ...names.map(([name, word]) => ({ id: `data:${name}`, label: name, detail: word })),
    ...plain.filter(file => !fits(file)).map(item('file')),
    ...[...above, ...shown.filter(isFolder)].map(item('folder'))
  ];
}
