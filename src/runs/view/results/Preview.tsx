import { useEffect, useState } from 'react';
import { addressOf } from '../../../api/addresses';
import { Artifact, OtherFile, TablePage } from '../../../api/types';
import { IYard } from '../../../api/yard';
import { dataKind } from '../../../components/format/dataKinds';
import { ITablePart, PartedTable } from '../../../components/table/TablePart';
import { IExecuted, read } from '../notebook/cells';
import { useServices } from '../context/hooks';
import { ModelCard } from './ModelCard';
import { NotebookCells } from '../notebook/NotebookCells';

const IMAGES: Record<string, string> = {
  png: 'image/png',
  jpg: 'image/jpeg',
  jpeg: 'image/jpeg',
  gif: 'image/gif',
  webp: 'image/webp',
  svg: 'image/svg+xml'
};
const TEXTS = new Set('txt md json yaml yml log py xml toml r sql text markdown'.split(' '));
const MOST = 2 << 20;

/** Stored bytes with their name, and the sources of the bytes and of table rows. */
export interface IPreviewed {
  name: string;
  filename: string;
  format: string;
  size_bytes: number;
  url: string;
  /** The output of a run that may be a model. */
  model?: { run: string; node: string; output: string };
  load: (offset: number, limit: number, part: ITablePart) => Promise<TablePage>;
}

export function previewOf({ client }: IYard, artifact: Artifact): IPreviewed {
  const path = { artifact: artifact.id };
  return {
    ...artifact,
    model:
      artifact.output_class === 'model'
        ? { run: artifact.run_id, node: artifact.node, output: artifact.name }
        : undefined,
    url: addressOf(client, 'artifacts.content', { path }),
    load: (offset, limit, part) =>
      client.call('artifacts.preview', { path, query: { offset, limit, ...part } })
  };
}

/** Return the preview of a file that is not a declared output. */
export function previewOfFile(
  { client }: IYard,
  step: { run: string; node: string },
  file: OtherFile
): IPreviewed {
  const filename = file.path.split('/').pop()!;
  const query = { path: file.path };
  return {
    name: file.path,
    filename,
    format: suffixOf(filename),
    size_bytes: file.size_bytes,
    url: addressOf(client, 'runs.file', { path: step, query }),
    load: (offset, limit, part) =>
      client.call('runs.preview', { path: step, query: { ...query, offset, limit, ...part } })
  };
}

export const suffixOf = (filename: string): string =>
  filename.split('.').pop()?.toLowerCase() ?? '';

/** Stored bytes as a table, an image or text. */
export function Preview({ shown }: { shown: IPreviewed }): JSX.Element {
  const { trans } = useServices();
  const kinds = [shown.format, suffixOf(shown.filename)];
  const [load] = useState(() => shown.load); // other bytes have their own preview
  if (shown.model) {
    return <ModelCard model={shown.model} size={shown.size_bytes} />;
  }
  if (kinds.some(kind => dataKind(kind) === 'table')) {
    return <PartedTable label={shown.name} load={load} trans={trans} />;
  }
  const image = kinds.find(kind => kind in IMAGES);
  if (image) {
    return <Picture shown={shown} type={IMAGES[image]} />;
  }
  if (kinds.includes('ipynb')) {
    return <Executed shown={shown} />;
  }
  if (kinds.includes('html') && shown.size_bytes <= MOST) {
    return <WebPage shown={shown} />;
  }
  if (kinds.some(kind => TEXTS.has(kind)) && shown.size_bytes <= MOST) {
    return <Text shown={shown} />;
  }
  return <p className="nby-Note">{trans.__('This format has no preview: download the file.')}</p>;
}

function useContent({ url }: IPreviewed): { blob?: Blob; problem?: string } {
  const { yard } = useServices();
  const [content, setContent] = useState<{ blob?: Blob; problem?: string }>({});
  useEffect(() => {
    const control = new AbortController();
    yard.client
      .request(url, { method: 'GET', signal: control.signal })
      .then(response => response.blob())
      .then(blob => setContent({ blob }))
      .catch((error: Error) => !control.signal.aborted && setContent({ problem: error.message }));
    return () => control.abort();
  }, [yard, url]);
  return content;
}

/** An image from its bytes. */
export function Picture({ shown, type }: { shown: IPreviewed; type: string }): JSX.Element {
  const { trans } = useServices();
  const { blob, problem } = useContent(shown);
  const [url, setUrl] = useState<string>();
  useEffect(() => {
    if (!blob) {
      return;
    }
    const made = URL.createObjectURL(new Blob([blob], { type }));
    setUrl(made);
    return () => URL.revokeObjectURL(made);
  }, [blob, type]);
  return url ? (
    <img className="nby-Preview-image" src={url} alt={trans.__('Image %1', shown.name)} />
  ) : (
    <p className="nby-Note">{problem ?? trans.__('Loading…')}</p>
  );
}

function Executed({ shown }: { shown: IPreviewed }): JSX.Element {
  const services = useServices();
  const { blob, problem } = useContent(shown);
  const [executed, setExecuted] = useState<IExecuted>();
  useEffect(() => {
    void blob?.text().then(text => {
      const notebook = JSON.parse(text) as { cells: [] };
      const total = notebook.cells.length;
      setExecuted(read({ notebook, done: total, total, current: null }));
    });
  }, [blob]);
  return executed ? (
    <NotebookCells services={services} executed={executed} live={false} follow={false} />
  ) : (
    <p className="nby-Note">{problem ?? services.trans.__('Loading…')}</p>
  );
}

/** Pages run no scripts and load nothing. */
const LOCKED = `<meta http-equiv="Content-Security-Policy"
  content="default-src 'none'; img-src data:; font-src data:; style-src 'unsafe-inline'">
<style>html { font: 13px sans-serif;`;
/** Pages with colours or styles of their own assume a white background. */
const STYLED = /<style|style=|bgcolor|<font/i;

/** Return a page with the colours of a dark theme if it has none. */
function locked(page: string): string {
  const isDark = document.body.dataset.jpThemeLight === 'false' && !STYLED.test(page);
  const colours = isDark ? 'color-scheme: dark' : 'background: #fff; color: #000';
  return `${LOCKED} ${colours} }</style>${page}`;
}

function WebPage({ shown }: { shown: IPreviewed }): JSX.Element {
  const { trans } = useServices();
  const { text, problem } = useText(shown);
  return text === undefined ? (
    <p className="nby-Note">{problem ?? trans.__('Loading…')}</p>
  ) : (
    <iframe
      className="nby-Preview-page"
      sandbox=""
      title={trans.__('Page %1, without its scripts', shown.name)}
      srcDoc={locked(text)}
    />
  );
}

function useText(shown: IPreviewed): { text?: string; problem?: string } {
  const { blob, problem } = useContent(shown);
  const [text, setText] = useState<string>();
  useEffect(() => void blob?.text().then(setText), [blob]);
  return { text, problem };
}

function Text({ shown }: { shown: IPreviewed }): JSX.Element {
  const { trans } = useServices();
  const { text, problem } = useText(shown);
  return text === undefined ? (
    <p className="nby-Note">{problem ?? trans.__('Loading…')}</p>
  ) : (
    <pre className="nby-Preview-text" tabIndex={0}>
      {shown.format === 'json' ? indented(text) : text}
    </pre>
  );
}

function indented(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}
